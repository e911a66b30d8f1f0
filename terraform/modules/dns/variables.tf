variable "environment" {
  description = "Name of the environment."
  type        = string
}

variable "vpc_id" {
  description = "VPC that the private zone is seen from."
  type        = string
}

variable "public_zone_name" {
  description = "Name of the public zone."
  type        = string
}

variable "public_zone_create" {
  description = "Make the public zone instead of finding it."
  type        = bool
}

variable "private_zone_name" {
  description = "Name of the private zone."
  type        = string
}

variable "kubeapi_dns" {
  description = "First label of the API's public name."
  type        = string
}

variable "kubeapi_internal_dns" {
  description = "First label of the API's private name."
  type        = string
}

variable "public_elb" {
  description = "Public load balancer of the API: dns_name and zone_id, at most one, by any key."
  type        = map(object({ dns_name = string, zone_id = string }))
}

variable "internal_elb" {
  description = "Internal load balancer of the API."
  type        = object({ dns_name = string, zone_id = string })
}

variable "etcd_addresses" {
  description = "Fixed addresses of the etcd members by NodeID."
  type        = map(string)
}
