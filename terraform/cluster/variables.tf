# Environment

variable "environment" {
  description = "Name of the environment, the same as its file's name. Everything that is made carries it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,19}$", var.environment))
    error_message = "An environment's name has 1 to 20 lower-case letters, digits and hyphens, and begins with a letter: load balancers' names leave no room for more."
  }

  validation {
    condition     = !can(regex("^(internal|sg)(-|$)", var.environment))
    error_message = "AWS keeps names that begin with internal- and sg- for itself, and the environment's name begins that of load balancers and security groups: choose another."
  }
}

variable "aws_region" {
  description = "AWS region that the environment is built in, for example eu-west-2."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "This is not the name of an AWS region: write it as in eu-west-2, without a zone's letter."
  }
}

variable "aws_account" {
  description = "Number of the AWS account. Nothing is changed when the credentials belong to another account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.aws_account))
    error_message = "An AWS account's number has 12 digits: write it in quotes, so that a zero at its beginning is kept."
  }
}

variable "max_retries" {
  description = "How often a request to AWS is tried again before it counts as failed."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_retries >= 1 && var.max_retries <= 50 && floor(var.max_retries) == var.max_retries
    error_message = "max_retries is a whole number from 1 to 50."
  }
}

# Secrets

variable "kms_master_id" {
  description = "KMS key that encrypts the secrets and the etcd volumes: its id, ARN or alias. The first run makes the key and fills this in."
  type        = string
  nullable    = false

  validation {
    condition = var.kms_master_id == "" || can(regex(
      "^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key/|alias/))?(mrk-)?[A-Za-z0-9/_-]+$", var.kms_master_id
    ))
    error_message = "kms_master_id is a KMS key's id, its ARN or alias/NAME: correct it, or set it to \"\" and let the first run make the key."
  }
}

variable "secrets_bucket_name" {
  description = "S3 bucket that keeps the environment's certificates, keys and manifests. Its name is unique in the whole world."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.secrets_bucket_name))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits and hyphens, and begins and ends with a letter or digit: change secrets_bucket_name."
  }
}

# Who may reach it

variable "ssh_access_list" {
  description = "Networks that may open ssh to the bastions, as CIDRs. Empty: nobody."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.ssh_access_list : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "ssh_access_list holds something that is not an IPv4 network: write its first address and its length, as in 203.0.113.0/24, or 203.0.113.7/32 for one address."
  }

  validation {
    condition     = var.allow_world || alltrue([for cidr in var.ssh_access_list : try(tonumber(split("/", cidr)[1]) >= 8, true)])
    error_message = "ssh_access_list lets the whole internet in: name your own networks, /8 or smaller, or say allow_world = true if that is what you want."
  }

  validation {
    condition     = length(distinct(var.ssh_access_list)) == length(var.ssh_access_list) && length(var.ssh_access_list) <= 15
    error_message = "ssh_access_list names a network twice, or more than 15 networks, which is all that a network ACL has room for: shorten it."
  }
}

variable "kubeapi_access_list" {
  description = "Networks that may reach the public Kubernetes API, as CIDRs. Empty: nobody."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.kubeapi_access_list : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "kubeapi_access_list holds something that is not an IPv4 network: write its first address and its length, as in 203.0.113.0/24, or 203.0.113.7/32 for one address."
  }

  validation {
    condition     = var.allow_world || alltrue([for cidr in var.kubeapi_access_list : try(tonumber(split("/", cidr)[1]) >= 8, true)])
    error_message = "kubeapi_access_list lets the whole internet in: name your own networks, /8 or smaller, or say allow_world = true if that is what you want."
  }

  validation {
    condition     = length(distinct(var.kubeapi_access_list)) == length(var.kubeapi_access_list) && length(var.kubeapi_access_list) <= 15
    error_message = "kubeapi_access_list names a network twice, or more than 15 networks, which is all that a network ACL has room for: shorten it."
  }
}

variable "allow_world" {
  description = "Let the access lists hold 0.0.0.0/0. Say true only when the whole internet shall reach ssh and the API."
  type        = bool
  default     = false
  nullable    = false
}

# Names

variable "public_zone_name" {
  description = "Public DNS zone that the API's name is made in, for example example.com."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.public_zone_name) <= 200 && can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.public_zone_name))
    error_message = "This is not the name of a DNS zone: write it in lower case without a dot at its end, as in example.com."
  }
}

variable "public_zone_create" {
  description = "Make the public zone. Leave it false when the zone exists already, which is usual."
  type        = bool
  default     = false
  nullable    = false
}

variable "private_zone_name" {
  description = "Private DNS zone of the VPC, where the machines find etcd and the API."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.private_zone_name) <= 200 && can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.private_zone_name))
    error_message = "This is not the name of a DNS zone: write it in lower case without a dot at its end, as in platform.internal."
  }
}

variable "kubeapi_dns" {
  description = "First label of the API's public name, usually kube-ENVIRONMENT."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.kubeapi_dns))
    error_message = "kubeapi_dns is one label of a DNS name: up to 63 lower-case letters, digits and hyphens, without a dot."
  }
}

variable "kubeapi_internal_dns" {
  description = "First label of the API's name in the private zone, usually kube."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.kubeapi_internal_dns))
    error_message = "kubeapi_internal_dns is one label of a DNS name: up to 63 lower-case letters, digits and hyphens, without a dot."
  }

  validation {
    condition     = !can(regex("^etcd[0-9]*$", var.kubeapi_internal_dns))
    error_message = "Names that begin with etcd belong to the etcd members: choose another label for kubeapi_internal_dns."
  }
}

variable "kubeapi_external_elb" {
  description = "Make a public load balancer for the API. Without it the API is reached from inside the VPC only."
  type        = bool
  default     = true
  nullable    = false
}

# Network

variable "vpc_cidr" {
  description = "IPv4 network of the VPC. Every subnet lies in it."
  type        = string
  default     = "10.80.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(cidrhost(var.vpc_cidr, 0) == split("/", var.vpc_cidr)[0], false)
    error_message = "vpc_cidr is not an IPv4 network: write its first address and its length, as in 10.80.0.0/16."
  }

  validation {
    condition     = try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 28, true)
    error_message = "AWS makes VPCs from /16 to /28: change the length of vpc_cidr."
  }
}

variable "nat_subnets" {
  description = "Subnets of the NAT gateways by zone: the zone's letter, or its whole name, and an IPv4 network."
  type        = map(string)
  default = {
    a = "10.80.0.0/24"
    b = "10.80.1.0/24"
    c = "10.80.2.0/24"
  }
  nullable = false

  validation {
    condition = (
      length(var.nat_subnets) > 0
      && alltrue([for zone in keys(var.nat_subnets) : can(regex("^(${var.aws_region})?[a-z]$", zone))])
      && length(distinct([for zone in keys(var.nat_subnets) : try(regex("[a-z]$", zone), zone)])) == length(var.nat_subnets)
    )
    error_message = "nat_subnets needs each zone once, by its letter as in \"a\" or its name as in \"${var.aws_region}a\": a zone is missing, doubled or does not belong to ${var.aws_region}."
  }

  validation {
    condition = alltrue([
      for cidr in values(var.nat_subnets) : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0] && tonumber(split("/", cidr)[1]) >= 16 && tonumber(split("/", cidr)[1]) <= 28, false)
    ])
    error_message = "A subnet of nat_subnets is not an IPv4 network from /16 to /28: write its first address and its length, as in 10.80.0.0/24."
  }

  validation {
    condition = alltrue([
      for cidr in values(var.nat_subnets) : try(
        tonumber(split("/", cidr)[1]) >= tonumber(split("/", var.vpc_cidr)[1])
        && cidrhost(format("%s/%s", split("/", cidr)[0], split("/", var.vpc_cidr)[1]), 0) == cidrhost(var.vpc_cidr, 0), true
      )
    ])
    error_message = "A subnet of nat_subnets does not lie in the VPC's network ${var.vpc_cidr}: change the subnet or vpc_cidr."
  }

  # Two networks overlap when they are the same at the shorter of their lengths. Each tier is held against itself and
  # the tiers above, because validations may not refer to each other in a circle.
  validation {
    condition = alltrue([
      for cidr in values(var.nat_subnets) : try(length([
        for other in concat(values(var.nat_subnets)) : other
        if cidrhost(format("%s/%d", split("/", cidr)[0], min(tonumber(split("/", cidr)[1]), tonumber(split("/", other)[1]))), 0)
        == cidrhost(format("%s/%d", split("/", other)[0], min(tonumber(split("/", cidr)[1]), tonumber(split("/", other)[1]))), 0)
      ]) == 1, true)
    ])
    error_message = "A subnet of nat_subnets overlaps another subnet: give each its own network."
  }
}

variable "elb_subnets" {
  description = "Subnets of the load balancers by zone: the zone's letter, or its whole name, and an IPv4 network."
  type        = map(string)
  default = {
    a = "10.80.100.0/24"
    b = "10.80.101.0/24"
    c = "10.80.102.0/24"
  }
  nullable = false

  validation {
    condition = (
      length(var.elb_subnets) > 0
      && alltrue([for zone in keys(var.elb_subnets) : can(regex("^(${var.aws_region})?[a-z]$", zone))])
      && length(distinct([for zone in keys(var.elb_subnets) : try(regex("[a-z]$", zone), zone)])) == length(var.elb_subnets)
    )
    error_message = "elb_subnets needs each zone once, by its letter as in \"a\" or its name as in \"${var.aws_region}a\": a zone is missing, doubled or does not belong to ${var.aws_region}."
  }

  validation {
    condition = alltrue([
      for cidr in values(var.elb_subnets) : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0] && tonumber(split("/", cidr)[1]) >= 16 && tonumber(split("/", cidr)[1]) <= 28, false)
    ])
    error_message = "A subnet of elb_subnets is not an IPv4 network from /16 to /28: write its first address and its length, as in 10.80.100.0/24."
  }

  validation {
    condition = alltrue([
      for cidr in values(var.elb_subnets) : try(
        tonumber(split("/", cidr)[1]) >= tonumber(split("/", var.vpc_cidr)[1])
        && cidrhost(format("%s/%s", split("/", cidr)[0], split("/", var.vpc_cidr)[1]), 0) == cidrhost(var.vpc_cidr, 0), true
      )
    ])
    error_message = "A subnet of elb_subnets does not lie in the VPC's network ${var.vpc_cidr}: change the subnet or vpc_cidr."
  }

  # Two networks overlap when they are the same at the shorter of their lengths. Each tier is held against itself and
  # the tiers above, because validations may not refer to each other in a circle.
  validation {
    condition = alltrue([
      for cidr in values(var.elb_subnets) : try(length([
        for other in concat(values(var.nat_subnets), values(var.elb_subnets)) : other
        if cidrhost(format("%s/%d", split("/", cidr)[0], min(tonumber(split("/", cidr)[1]), tonumber(split("/", other)[1]))), 0)
        == cidrhost(format("%s/%d", split("/", other)[0], min(tonumber(split("/", cidr)[1]), tonumber(split("/", other)[1]))), 0)
      ]) == 1, true)
    ])
    error_message = "A subnet of elb_subnets overlaps another subnet: give each its own network."
  }
}

variable "mgmt_subnets" {
  description = "Subnets of the bastions by zone: the zone's letter, or its whole name, and an IPv4 network."
  type        = map(string)
  default = {
    a = "10.80.110.0/24"
    b = "10.80.111.0/24"
    c = "10.80.112.0/24"
  }
  nullable = false

  validation {
    condition = (
      length(var.mgmt_subnets) > 0
      && alltrue([for zone in keys(var.mgmt_subnets) : can(regex("^(${var.aws_region})?[a-z]$", zone))])
      && length(distinct([for zone in keys(var.mgmt_subnets) : try(regex("[a-z]$", zone), zone)])) == length(var.mgmt_subnets)
    )
    error_message = "mgmt_subnets needs each zone once, by its letter as in \"a\" or its name as in \"${var.aws_region}a\": a zone is missing, doubled or does not belong to ${var.aws_region}."
  }

  validation {
    condition = alltrue([
      for cidr in values(var.mgmt_subnets) : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0] && tonumber(split("/", cidr)[1]) >= 16 && tonumber(split("/", cidr)[1]) <= 28, false)
    ])
    error_message = "A subnet of mgmt_subnets is not an IPv4 network from /16 to /28: write its first address and its length, as in 10.80.110.0/24."
  }

  validation {
    condition = alltrue([
      for cidr in values(var.mgmt_subnets) : try(
        tonumber(split("/", cidr)[1]) >= tonumber(split("/", var.vpc_cidr)[1])
        && cidrhost(format("%s/%s", split("/", cidr)[0], split("/", var.vpc_cidr)[1]), 0) == cidrhost(var.vpc_cidr, 0), true
      )
    ])
    error_message = "A subnet of mgmt_subnets does not lie in the VPC's network ${var.vpc_cidr}: change the subnet or vpc_cidr."
  }

  # Two networks overlap when they are the same at the shorter of their lengths. Each tier is held against itself and
  # the tiers above, because validations may not refer to each other in a circle.
  validation {
    condition = alltrue([
      for cidr in values(var.mgmt_subnets) : try(length([
        for other in concat(values(var.nat_subnets), values(var.elb_subnets), values(var.mgmt_subnets)) : other
        if cidrhost(format("%s/%d", split("/", cidr)[0], min(tonumber(split("/", cidr)[1]), tonumber(split("/", other)[1]))), 0)
        == cidrhost(format("%s/%d", split("/", other)[0], min(tonumber(split("/", cidr)[1]), tonumber(split("/", other)[1]))), 0)
      ]) == 1, true)
    ])
    error_message = "A subnet of mgmt_subnets overlaps another subnet: give each its own network."
  }
}

variable "secure_subnets" {
  description = "Subnets of the masters by zone: the zone's letter, or its whole name, and an IPv4 network."
  type        = map(string)
  default = {
    a = "10.80.10.0/24"
    b = "10.80.11.0/24"
    c = "10.80.12.0/24"
  }
  nullable = false

  validation {
    condition = (
      length(var.secure_subnets) > 0
      && alltrue([for zone in keys(var.secure_subnets) : can(regex("^(${var.aws_region})?[a-z]$", zone))])
      && length(distinct([for zone in keys(var.secure_subnets) : try(regex("[a-z]$", zone), zone)])) == length(var.secure_subnets)
    )
    error_message = "secure_subnets needs each zone once, by its letter as in \"a\" or its name as in \"${var.aws_region}a\": a zone is missing, doubled or does not belong to ${var.aws_region}."
  }

  validation {
    condition = alltrue([
      for cidr in values(var.secure_subnets) : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0] && tonumber(split("/", cidr)[1]) >= 16 && tonumber(split("/", cidr)[1]) <= 28, false)
    ])
    error_message = "A subnet of secure_subnets is not an IPv4 network from /16 to /28: write its first address and its length, as in 10.80.10.0/24."
  }

  validation {
    condition = alltrue([
      for cidr in values(var.secure_subnets) : try(
        tonumber(split("/", cidr)[1]) >= tonumber(split("/", var.vpc_cidr)[1])
        && cidrhost(format("%s/%s", split("/", cidr)[0], split("/", var.vpc_cidr)[1]), 0) == cidrhost(var.vpc_cidr, 0), true
      )
    ])
    error_message = "A subnet of secure_subnets does not lie in the VPC's network ${var.vpc_cidr}: change the subnet or vpc_cidr."
  }

  # Two networks overlap when they are the same at the shorter of their lengths. Each tier is held against itself and
  # the tiers above, because validations may not refer to each other in a circle.
  validation {
    condition = alltrue([
      for cidr in values(var.secure_subnets) : try(length([
        for other in concat(values(var.nat_subnets), values(var.elb_subnets), values(var.mgmt_subnets), values(var.secure_subnets)) : other
        if cidrhost(format("%s/%d", split("/", cidr)[0], min(tonumber(split("/", cidr)[1]), tonumber(split("/", other)[1]))), 0)
        == cidrhost(format("%s/%d", split("/", other)[0], min(tonumber(split("/", cidr)[1]), tonumber(split("/", other)[1]))), 0)
      ]) == 1, true)
    ])
    error_message = "A subnet of secure_subnets overlaps another subnet: give each its own network."
  }

  validation {
    condition = alltrue([
      for node in values(var.secure_nodes) : anytrue([
        for zone, cidr in var.secure_subnets : try(
          regex("[a-z]$", zone) == regex("[a-z]$", node.zone)
          && cidrhost(format("%s/%s", node.address, split("/", cidr)[1]), 0) == cidrhost(cidr, 0), false
        )
      ])
    ])
    error_message = "An address of secure_nodes does not lie in its zone's subnet of secure_subnets: change the address, its zone or the subnet."
  }

  validation {
    condition = alltrue([
      for pair in setproduct([for node in values(var.secure_nodes) : node.address], values(var.secure_subnets)) : try(!contains([
        cidrhost(pair[1], 0), cidrhost(pair[1], 1), cidrhost(pair[1], 2), cidrhost(pair[1], 3), cidrhost(pair[1], -1)
      ], pair[0]), true)
    ])
    error_message = "An address of secure_nodes is one that AWS keeps for itself, the first four and the last of a subnet: choose another."
  }

  validation {
    condition = alltrue([
      for zone in keys(var.secure_subnets) : anytrue([for other in keys(var.elb_subnets) : try(regex("[a-z]$", zone) == regex("[a-z]$", other), true)])
    ])
    error_message = "A zone of secure_subnets has no subnet in elb_subnets: the public load balancer would not reach the master there."
  }
}

variable "compute_subnets" {
  description = "Subnets of the workers by zone: the zone's letter, or its whole name, and an IPv4 network."
  type        = map(string)
  default = {
    a = "10.80.20.0/24"
    b = "10.80.21.0/24"
    c = "10.80.22.0/24"
  }
  nullable = false

  validation {
    condition = (
      length(var.compute_subnets) > 0
      && alltrue([for zone in keys(var.compute_subnets) : can(regex("^(${var.aws_region})?[a-z]$", zone))])
      && length(distinct([for zone in keys(var.compute_subnets) : try(regex("[a-z]$", zone), zone)])) == length(var.compute_subnets)
    )
    error_message = "compute_subnets needs each zone once, by its letter as in \"a\" or its name as in \"${var.aws_region}a\": a zone is missing, doubled or does not belong to ${var.aws_region}."
  }

  validation {
    condition = alltrue([
      for cidr in values(var.compute_subnets) : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0] && tonumber(split("/", cidr)[1]) >= 16 && tonumber(split("/", cidr)[1]) <= 28, false)
    ])
    error_message = "A subnet of compute_subnets is not an IPv4 network from /16 to /28: write its first address and its length, as in 10.80.20.0/24."
  }

  validation {
    condition = alltrue([
      for cidr in values(var.compute_subnets) : try(
        tonumber(split("/", cidr)[1]) >= tonumber(split("/", var.vpc_cidr)[1])
        && cidrhost(format("%s/%s", split("/", cidr)[0], split("/", var.vpc_cidr)[1]), 0) == cidrhost(var.vpc_cidr, 0), true
      )
    ])
    error_message = "A subnet of compute_subnets does not lie in the VPC's network ${var.vpc_cidr}: change the subnet or vpc_cidr."
  }

  # Two networks overlap when they are the same at the shorter of their lengths. Each tier is held against itself and
  # the tiers above, because validations may not refer to each other in a circle.
  validation {
    condition = alltrue([
      for cidr in values(var.compute_subnets) : try(length([
        for other in concat(values(var.nat_subnets), values(var.elb_subnets), values(var.mgmt_subnets), values(var.secure_subnets), values(var.compute_subnets)) : other
        if cidrhost(format("%s/%d", split("/", cidr)[0], min(tonumber(split("/", cidr)[1]), tonumber(split("/", other)[1]))), 0)
        == cidrhost(format("%s/%d", split("/", other)[0], min(tonumber(split("/", cidr)[1]), tonumber(split("/", other)[1]))), 0)
      ]) == 1, true)
    ])
    error_message = "A subnet of compute_subnets overlaps another subnet: give each its own network."
  }
}

variable "nat_mode" {
  description = "How secure and compute get out: per_az has a NAT gateway in each zone, single has one for all and is cheaper, none has no way out."
  type        = string
  default     = "per_az"
  nullable    = false

  validation {
    condition     = contains(["per_az", "single", "none"], var.nat_mode)
    error_message = "nat_mode is per_az, single or none."
  }

  validation {
    condition = var.nat_mode != "per_az" || alltrue([
      for zone in concat(keys(var.secure_subnets), keys(var.compute_subnets)) : anytrue([for nat in keys(var.nat_subnets) : try(regex("[a-z]$", zone) == regex("[a-z]$", nat), true)])
    ])
    error_message = "nat_mode per_az needs a subnet in nat_subnets for every zone of secure_subnets and compute_subnets: add it, or use single."
  }
}

# Kubernetes

variable "kubernetes_version" {
  description = "Version of Kubernetes."
  type        = string
  default     = "1.36.3"
  nullable    = false

  validation {
    condition     = can(regex("^1\\.(35|36|37)\\.[0-9]+$", var.kubernetes_version))
    error_message = "kubernetes_version is a whole version of 1.35, 1.36 or 1.37, without a v, as in 1.36.3."
  }
}

variable "kubernetes_image" {
  description = "Place that the control plane's images are pulled from, as in mirror.example.com/kubernetes. Empty: the project's own registry."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.kubernetes_image == "" || can(regex("^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$", var.kubernetes_image))
    error_message = "kubernetes_image is a registry's host and path without a tag and without a slash at its end, or empty."
  }
}

variable "pod_network" {
  description = "IPv4 network of the pods."
  type        = string
  default     = "10.10.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.pod_network)) && try(cidrhost(var.pod_network, 0) == split("/", var.pod_network)[0] && tonumber(split("/", var.pod_network)[1]) >= 8 && tonumber(split("/", var.pod_network)[1]) <= 22, false)
    error_message = "pod_network is not an IPv4 network from /8 to /22, which has a /24 for each node: write it as in 10.10.0.0/16."
  }

  validation {
    condition = try(
      cidrhost(format("%s/%d", split("/", var.pod_network)[0], min(tonumber(split("/", var.pod_network)[1]), tonumber(split("/", var.vpc_cidr)[1]))), 0)
      != cidrhost(format("%s/%d", split("/", var.vpc_cidr)[0], min(tonumber(split("/", var.pod_network)[1]), tonumber(split("/", var.vpc_cidr)[1]))), 0), true
    )
    error_message = "The pods' network overlaps the VPC's: change pod_network or vpc_cidr."
  }
}

variable "service_network" {
  description = "IPv4 network of the services. Its first address is the API's and its tenth the cluster's DNS."
  type        = string
  default     = "10.200.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.service_network)) && try(cidrhost(var.service_network, 0) == split("/", var.service_network)[0] && tonumber(split("/", var.service_network)[1]) >= 12 && tonumber(split("/", var.service_network)[1]) <= 24, false)
    error_message = "service_network is not an IPv4 network from /12 to /24: write it as in 10.200.0.0/16."
  }

  validation {
    condition = try(
      cidrhost(format("%s/%d", split("/", var.service_network)[0], min(tonumber(split("/", var.service_network)[1]), tonumber(split("/", var.vpc_cidr)[1]))), 0)
      != cidrhost(format("%s/%d", split("/", var.vpc_cidr)[0], min(tonumber(split("/", var.service_network)[1]), tonumber(split("/", var.vpc_cidr)[1]))), 0), true
    )
    error_message = "The services' network overlaps the VPC's: change service_network or vpc_cidr."
  }

  validation {
    condition = try(
      cidrhost(format("%s/%d", split("/", var.service_network)[0], min(tonumber(split("/", var.service_network)[1]), tonumber(split("/", var.pod_network)[1]))), 0)
      != cidrhost(format("%s/%d", split("/", var.pod_network)[0], min(tonumber(split("/", var.service_network)[1]), tonumber(split("/", var.pod_network)[1]))), 0), true
    )
    error_message = "The services' network overlaps the pods': change service_network or pod_network."
  }
}

variable "enable_calico" {
  description = "Use Calico for the pods' network, with network policies, instead of Flannel."
  type        = bool
  default     = false
  nullable    = false
}

# Masters

variable "secure_nodes" {
  description = "The masters by NodeID: the zone of each (a letter, or the zone's whole name) and the fixed address of its etcd member. One, three or five of them."
  type = map(object({
    zone    = string
    address = string
  }))
  default = {
    "0" = { zone = "a", address = "10.80.10.100" }
    "1" = { zone = "b", address = "10.80.11.100" }
    "2" = { zone = "c", address = "10.80.12.100" }
  }
  nullable = false

  validation {
    condition     = contains([1, 3, 5], length(var.secure_nodes))
    error_message = "etcd needs one, three or five members, so that a majority is always clear: change the number of secure_nodes."
  }

  validation {
    condition     = alltrue([for id in keys(var.secure_nodes) : can(regex("^[0-9]{1,2}$", id))])
    error_message = "A NodeID is a number of one or two digits in quotes, as in \"0\": correct the keys of secure_nodes."
  }

  validation {
    condition     = alltrue([for node in values(var.secure_nodes) : can(regex("^(${var.aws_region})?[a-z]$", node.zone))])
    error_message = "A zone of secure_nodes does not belong to ${var.aws_region}: write its letter, as in \"a\", or its name, as in \"${var.aws_region}a\"."
  }

  validation {
    condition     = alltrue([for node in values(var.secure_nodes) : can(cidrnetmask("${node.address}/32"))])
    error_message = "An address of secure_nodes is not an IPv4 address: write it as in 10.80.10.100."
  }

  validation {
    condition     = length(distinct([for node in values(var.secure_nodes) : node.address])) == length(var.secure_nodes)
    error_message = "Two secure_nodes have the same address: give each its own."
  }
}

variable "secure_flavor" {
  description = "Instance type of the masters."
  type        = string
  default     = "m6i.large"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.secure_flavor))
    error_message = "This is not an EC2 instance type: write it as in m6i.large."
  }
}

variable "secure_root_volume" {
  description = "Size of a master's root volume in GiB."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.secure_root_volume >= 20 && var.secure_root_volume <= 1024 && floor(var.secure_root_volume) == var.secure_root_volume
    error_message = "A master's root volume has 20 to 1024 GiB, a whole number."
  }
}

# Workers

variable "compute_flavor" {
  description = "Instance type of the workers."
  type        = string
  default     = "m6i.large"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.compute_flavor))
    error_message = "This is not an EC2 instance type: write it as in m6i.large."
  }
}

variable "compute_asg_min" {
  description = "Fewest workers that are kept running."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.compute_asg_min >= 0 && floor(var.compute_asg_min) == var.compute_asg_min
    error_message = "compute_asg_min is a whole number, zero or more."
  }
}

variable "compute_asg_max" {
  description = "Most workers that may run."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.compute_asg_max >= 1 && var.compute_asg_max <= 1000 && floor(var.compute_asg_max) == var.compute_asg_max
    error_message = "compute_asg_max is a whole number from 1 to 1000."
  }

  validation {
    condition     = var.compute_asg_max >= var.compute_asg_min
    error_message = "compute_asg_max is less than compute_asg_min: raise it, or lower compute_asg_min."
  }
}

variable "compute_root_volume" {
  description = "Size of a worker's root volume in GiB. Images and containers live on it."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.compute_root_volume >= 20 && var.compute_root_volume <= 16384 && floor(var.compute_root_volume) == var.compute_root_volume
    error_message = "A worker's root volume has 20 to 16384 GiB, a whole number."
  }
}

variable "compute_labels" {
  description = "Labels that the workers' nodes get in Kubernetes."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for name in keys(var.compute_labels) : can(regex("^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$", name))
    ])
    error_message = "The name of a label in compute_labels has up to 63 letters, digits, dots, hyphens and underscores, and may begin with a DNS name and a slash."
  }

  validation {
    condition = alltrue([
      for value in values(var.compute_labels) : can(regex("^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$", value))
    ])
    error_message = "The value of a label in compute_labels has up to 63 letters, digits, dots, hyphens and underscores."
  }

  validation {
    condition = alltrue([
      for name in keys(var.compute_labels) : !can(regex("(^|\\.)(kubernetes|k8s)\\.io/", name)) || can(regex("(^|\\.)(node|kubelet)\\.kubernetes\\.io/", name))
    ])
    error_message = "A kubelet may not give itself labels of kubernetes.io or k8s.io, but for node.kubernetes.io and kubelet.kubernetes.io: rename the label in compute_labels."
  }
}

variable "compute_pools" {
  description = "Several kinds of workers, by name: each pool is an auto-scaling group of its own. When this is empty there is one pool, made from the compute_ settings above."
  type = map(object({
    flavor      = string
    fallbacks   = optional(list(string), [])
    min         = optional(number, 1)
    max         = optional(number, 10)
    root_volume = optional(number, 60)
    labels      = optional(map(string), {})
    taints      = optional(list(string), [])
    spot        = optional(bool, false)
    zones       = optional(list(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.compute_pools) : can(regex("^[a-z][a-z0-9-]{0,19}$", name))])
    error_message = "A pool's name has 1 to 20 lower-case letters, digits and hyphens, and begins with a letter: rename it in compute_pools."
  }

  validation {
    condition = alltrue(flatten([
      for pool in values(var.compute_pools) : [for flavor in concat([pool.flavor], pool.fallbacks) : can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", flavor))]
    ]))
    error_message = "A flavor in compute_pools is not an EC2 instance type: write it as in m6i.large."
  }

  validation {
    condition = alltrue([
      for pool in values(var.compute_pools) : pool.min >= 0 && pool.max >= 1 && pool.min <= pool.max && floor(pool.min) == pool.min && floor(pool.max) == pool.max
    ])
    error_message = "A pool of compute_pools has a min that is less than zero or more than its max, or a max of zero: use whole numbers with 0 <= min <= max."
  }

  validation {
    condition     = alltrue([for pool in values(var.compute_pools) : pool.root_volume >= 20 && pool.root_volume <= 16384 && floor(pool.root_volume) == pool.root_volume])
    error_message = "A root volume in compute_pools has 20 to 16384 GiB, a whole number."
  }

  validation {
    condition = alltrue(flatten([
      for pool in values(var.compute_pools) : [for name in keys(pool.labels) : can(regex("^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$", name))]
    ]))
    error_message = "The name of a label in compute_pools has up to 63 letters, digits, dots, hyphens and underscores, and may begin with a DNS name and a slash."
  }

  validation {
    condition = alltrue(flatten([
      for pool in values(var.compute_pools) : [for value in values(pool.labels) : can(regex("^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$", value))]
    ]))
    error_message = "The value of a label in compute_pools has up to 63 letters, digits, dots, hyphens and underscores."
  }

  validation {
    condition = alltrue(flatten([
      for pool in values(var.compute_pools) : [
        for name in keys(pool.labels) : !can(regex("(^|\\.)(kubernetes|k8s)\\.io/", name)) || can(regex("(^|\\.)(node|kubelet)\\.kubernetes\\.io/", name))
      ]
    ]))
    error_message = "A kubelet may not give itself labels of kubernetes.io or k8s.io, but for node.kubernetes.io and kubelet.kubernetes.io: rename the label in compute_pools."
  }

  validation {
    condition = alltrue(flatten([
      for pool in values(var.compute_pools) : [for taint in pool.taints : can(regex("^[A-Za-z0-9./_-]+(=[A-Za-z0-9._-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$", taint))]
    ]))
    error_message = "A taint in compute_pools is written name=value:Effect, where Effect is NoSchedule, PreferNoSchedule or NoExecute."
  }

  validation {
    condition = alltrue(flatten([
      for pool in values(var.compute_pools) : [
        for zone in pool.zones : anytrue([for known in keys(var.compute_subnets) : try(regex("[a-z]$", known) == regex("[a-z]$", zone), false)])
        && can(regex("^(${var.aws_region})?[a-z]$", zone))
      ]
    ]))
    error_message = "A pool of compute_pools names a zone that has no subnet in compute_subnets: add the subnet or remove the zone."
  }
}

# Bastions

variable "bastion_flavor" {
  description = "Instance type of the bastions."
  type        = string
  default     = "t3.micro"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.bastion_flavor))
    error_message = "This is not an EC2 instance type: write it as in t3.micro."
  }
}

variable "bastion_count" {
  description = "Number of bastions. They are the only way in for ssh; zero closes it."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.bastion_count >= 0 && var.bastion_count <= 10 && floor(var.bastion_count) == var.bastion_count
    error_message = "bastion_count is a whole number from 0 to 10."
  }
}

# Machines' start

variable "machine_image" {
  description = "Id of the machines' image. Empty: the newest Amazon Linux 2023, which changes when Amazon publishes one, so pin the id in earnest."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.machine_image == "" || can(regex("^ami-[0-9a-f]{8,17}$", var.machine_image))
    error_message = "machine_image is an image's id, as in ami-0123456789abcdef0, or empty."
  }
}

variable "machine_image_owner" {
  description = "Account, or AWS's own alias such as amazon, that must own the machines' image."
  type        = string
  default     = "amazon"
  nullable    = false

  validation {
    condition     = can(regex("^([0-9]{12}|amazon|aws-marketplace|self)$", var.machine_image_owner))
    error_message = "machine_image_owner is an account's number of 12 digits, or amazon, aws-marketplace or self."
  }
}

variable "boot_bundle_sha256" {
  description = "SHA-256 of the bundle that a machine fetches from the secrets bucket and runs at its first start. Empty: the machines start and do nothing."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.boot_bundle_sha256 == "" || can(regex("^[0-9a-f]{64}$", var.boot_bundle_sha256))
    error_message = "boot_bundle_sha256 has 64 hexadecimal digits in lower case, or is empty."
  }
}

# Records

variable "log_retention_days" {
  description = "Days for which the network's flow log and the audit log are kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days: choose one of these."
  }
}

variable "enable_audit" {
  description = "Record every AWS call in the account and every read of a secret in a bucket of its own. CloudTrail costs money for each object read."
  type        = bool
  default     = false
  nullable    = false
}
