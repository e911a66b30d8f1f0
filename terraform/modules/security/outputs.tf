output "groups" {
  description = "Security groups' ids by layer: elb-public, elb-internal, mgmt, secure, compute."
  value       = { for layer, group in aws_security_group.layer : layer => group.id }
}
