# Who may reach it

variable "ssh_access_list" {
  description = "Networks that may open ssh to the bastions, as CIDRs."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.ssh_access_list : can(cidrhost(cidr, 0))])
    error_message = "Every entry must be an IPv4 network such as 198.51.100.7/32."
  }
}

# Network

variable "vpc_cidr" {
  description = "IPv4 network of the VPC. Every subnet lies in it."
  type        = string
  default     = "10.80.0.0/16"

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0))
    error_message = "vpc_cidr must be an IPv4 network such as 10.80.0.0/16."
  }
}

variable "nat_subnets" {
  description = "Subnets of the NAT gateways by zone."
  type        = map(string)
  default = {
    a = "10.80.0.0/24"
    b = "10.80.1.0/24"
    c = "10.80.2.0/24"
  }
}

variable "nat_mode" {
  description = "How machines get out: a NAT gateway in each zone, a single one, or none."
  type        = string
  default     = "per_az"

  validation {
    condition     = contains(["per_az", "single", "none"], var.nat_mode)
    error_message = "nat_mode must be per_az, single or none."
  }
}

# Masters

variable "secure_nodes" {
  description = "The masters by NodeID: zone and fixed address."
  type        = map(object({ zone = string, address = string }))
  default = {
    "0" = { zone = "a", address = "10.80.10.100" }
    "1" = { zone = "b", address = "10.80.11.100" }
    "2" = { zone = "c", address = "10.80.12.100" }
  }
}

variable "secure_flavor" {
  description = "Instance type of the masters."
  type        = string
  default     = "m6i.large"
}

# Workers

variable "compute_asg_min" {
  description = "Fewest workers that are kept running."
  type        = number
  default     = 3

  validation {
    condition     = var.compute_asg_min >= 0 && floor(var.compute_asg_min) == var.compute_asg_min
    error_message = "compute_asg_min must be a whole number, zero or more."
  }
}

variable "compute_asg_max" {
  description = "Most workers that may run."
  type        = number
  default     = 10
}

variable "kubernetes_version" {
  description = "Version of Kubernetes."
  type        = string
  default     = "1.36.3"
}

variable "enable_audit" {
  description = "Record every AWS call in the account."
  type        = bool
  default     = false
}
