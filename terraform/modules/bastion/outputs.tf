output "asg" {
  description = "Name of the bastions' auto-scaling group."
  value       = aws_autoscaling_group.bastion.name
}
