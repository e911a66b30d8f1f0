output "kubeapi_public" {
  description = "The API's public name. Empty without a public load balancer."
  value       = module.dns.kubeapi_public == null ? "" : module.dns.kubeapi_public
}

output "kubeapi_public_elb" {
  description = "DNS name of the API's public load balancer. Empty when there is none."
  value       = try(module.api.public["public"].dns_name, "")
}

output "kubeapi_internal" {
  description = "The API's name inside the VPC."
  value       = module.dns.kubeapi_internal
}

output "kubeapi_internal_elb" {
  description = "DNS name of the API's internal load balancer."
  value       = module.api.internal.dns_name
}

output "public_name_services" {
  description = "Name servers of the public zone, which its parent zone has to name."
  value       = module.dns.name_servers
}

output "enabled_calico" {
  description = "Whether the pods' network is Calico's; otherwise it is Flannel's."
  value       = var.enable_calico
}

output "secure_asgs" {
  description = "The masters' auto-scaling groups by NodeID."
  value       = module.secure.asgs
}

output "compute_asg" {
  description = "The workers' auto-scaling groups by pool."
  value       = module.compute.asgs
}

output "bastion_asg" {
  description = "The bastions' auto-scaling group."
  value       = module.bastion.asg
}

output "etcd_addresses" {
  description = "Fixed addresses of the etcd members by NodeID."
  value       = module.secure.etcd_addresses
}

output "etcd_names" {
  description = "Names of the etcd members by NodeID."
  value       = module.dns.etcd
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = module.network.vpc_id
}

output "nat_addresses" {
  description = "Public addresses that the machines go out with, by zone: what others put on their access lists."
  value       = module.network.nat_addresses
}

output "secrets_bucket" {
  description = "Name of the bucket that keeps the environment's secrets."
  value       = data.aws_s3_bucket.secrets.id
}

output "kubernetes_version" {
  description = "Version of Kubernetes."
  value       = var.kubernetes_version
}

output "pod_network" {
  description = "Network of the pods."
  value       = var.pod_network
}

output "service_network" {
  description = "Network of the services."
  value       = var.service_network
}

output "service_api_address" {
  description = "Address of the API among the services."
  value       = cidrhost(var.service_network, 1)
}

output "service_dns_address" {
  description = "Address of the cluster's DNS among the services."
  value       = cidrhost(var.service_network, 10)
}

output "machine_image" {
  description = "Image that the machines are started from: pin it as machine_image."
  value       = local.image.id
}

output "audit_bucket" {
  description = "Bucket that keeps the audit log. Empty when enable_audit is false."
  value       = try(module.audit["on"].bucket, "")
}
