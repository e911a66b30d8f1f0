output "asgs" {
  description = "Auto-scaling groups' names by NodeID."
  value       = { for id, group in aws_autoscaling_group.secure : id => group.name }
}

output "etcd_addresses" {
  description = "Fixed addresses of the etcd members by NodeID."
  value       = { for id, interface in aws_network_interface.etcd : id => one(interface.private_ips) }
}

output "etcd_interfaces" {
  description = "Interfaces' ids by NodeID."
  value       = { for id, interface in aws_network_interface.etcd : id => interface.id }
}

output "launch_template" {
  description = "Id of the masters' launch template."
  value       = aws_launch_template.secure.id
}
