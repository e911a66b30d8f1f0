output "groups" {
  description = "Security groups' ids by layer: elb-public, elb-internal, mgmt, secure, compute."
  value       = { for layer, group in aws_security_group.layer : layer => group.id }
}

output "matrix" {
  description = "What may be received, each as \"to from protocol low-high\"."
  value = concat(
    [for rule in values(local.between) : "${rule.to} ${rule.from} ${rule.protocol} ${rule.low}-${rule.high}"],
    [for rule in values(local.arriving) : "${rule.to} ${rule.cidr} tcp ${rule.low}-${rule.high}"],
  )
}
