variable "environment" {
  description = "Name of the environment."
  type        = string
}

variable "region" {
  description = "Region of the VPC."
  type        = string
}

variable "account" {
  description = "Number of the AWS account."
  type        = string
}

variable "cidr" {
  description = "IPv4 network of the VPC."
  type        = string
}

variable "subnets" {
  description = "IPv4 networks by tier (nat, elb, mgmt, secure, compute) and by zone."
  type        = map(map(string))
}

variable "nat_mode" {
  description = "per_az, single or none."
  type        = string
}

variable "ssh_access_list" {
  description = "Networks that may open ssh to the mgmt tier."
  type        = list(string)
}

variable "log_retention_days" {
  description = "Days for which the flow log is kept."
  type        = number
}
