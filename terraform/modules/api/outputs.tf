output "public" {
  description = "DNS name and zone of the public load balancer, at most one."
  value       = { for key, lb in aws_lb.kubeapi : key => { dns_name = lb.dns_name, zone_id = lb.zone_id } if key == "public" }
}

output "internal" {
  description = "DNS name and zone of the internal load balancer."
  value       = { dns_name = aws_lb.kubeapi["internal"].dns_name, zone_id = aws_lb.kubeapi["internal"].zone_id }
}

output "target_groups" {
  description = "ARNs of the target groups that the masters join, by load balancer."
  value       = { for key, group in aws_lb_target_group.kubeapi : key => group.arn }
}
