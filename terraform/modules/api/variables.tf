variable "environment" {
  description = "Name of the environment."
  type        = string
}

variable "vpc_id" {
  description = "Id of the VPC."
  type        = string
}

variable "public" {
  description = "Make the public load balancer."
  type        = bool
}

variable "elb_subnets" {
  description = "Subnets of the public load balancer by zone."
  type        = map(string)
}

variable "secure_subnets" {
  description = "Subnets of the internal load balancer by zone."
  type        = map(string)
}

variable "groups" {
  description = "Security groups by layer; elb-public and elb-internal are used."
  type        = map(string)
}
