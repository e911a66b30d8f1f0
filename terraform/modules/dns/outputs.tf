output "kubeapi_public" {
  description = "The API's public name, or nothing without a public load balancer."
  value       = one([for record in aws_route53_record.kubeapi_public : record.name])
}

output "kubeapi_internal" {
  description = "The API's name inside the VPC."
  value       = aws_route53_record.kubeapi_internal.name
}

output "etcd" {
  description = "Names of the etcd members by NodeID."
  value       = { for id, record in aws_route53_record.etcd : id => record.name }
}

output "name_servers" {
  description = "Name servers of the public zone, which its parent zone has to name."
  value       = local.public_zone.name_servers
}
