output "asgs" {
  description = "Auto-scaling groups' names by pool."
  value       = { for name, group in aws_autoscaling_group.pool : name => group.name }
}
