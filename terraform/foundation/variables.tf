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

variable "secrets_noncurrent_days" {
  description = "Days for which an earlier version of a secret is kept after it was replaced or deleted."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.secrets_noncurrent_days >= 1 && var.secrets_noncurrent_days <= 3650 && floor(var.secrets_noncurrent_days) == var.secrets_noncurrent_days
    error_message = "secrets_noncurrent_days is a whole number of days from 1 to 3650."
  }
}

variable "secure_data_volume" {
  description = "Size of each etcd volume in GiB."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.secure_data_volume >= 10 && var.secure_data_volume <= 1024 && floor(var.secure_data_volume) == var.secure_data_volume
    error_message = "An etcd volume has 10 to 1024 GiB, a whole number: etcd keeps at most 8 GiB of data, and room for a snapshot."
  }
}

variable "secure_data_volume_type" {
  description = "Type of the etcd volumes: gp3, or io2 for steadier latency at a higher price."
  type        = string
  default     = "gp3"
  nullable    = false

  validation {
    condition     = contains(["gp3", "io2"], var.secure_data_volume_type)
    error_message = "An etcd volume is gp3 or io2: other types have no promised number of writes, which etcd needs."
  }
}

variable "secure_data_volume_iops" {
  description = "Operations in a second promised by each etcd volume."
  type        = number
  default     = 3000
  nullable    = false

  validation {
    condition     = var.secure_data_volume_iops >= 3000 && var.secure_data_volume_iops <= 16000 && floor(var.secure_data_volume_iops) == var.secure_data_volume_iops
    error_message = "secure_data_volume_iops is a whole number from 3000 to 16000."
  }
}

variable "secure_data_volume_throughput" {
  description = "Throughput of each etcd volume in MiB a second. Used by gp3 only."
  type        = number
  default     = 125
  nullable    = false

  validation {
    condition     = var.secure_data_volume_throughput >= 125 && var.secure_data_volume_throughput <= 1000 && floor(var.secure_data_volume_throughput) == var.secure_data_volume_throughput
    error_message = "secure_data_volume_throughput is a whole number from 125 to 1000."
  }

  validation {
    condition     = var.secure_data_volume_throughput * 4 <= var.secure_data_volume_iops
    error_message = "A gp3 volume gives a quarter of a MiB a second for each operation: raise secure_data_volume_iops or lower secure_data_volume_throughput."
  }
}

variable "secure_data_volume_encrypted" {
  description = "Encrypt the etcd volumes. They hold every secret of the cluster, so this is always true."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = var.secure_data_volume_encrypted
    error_message = "The etcd volumes hold every secret of the cluster and are always encrypted: remove secure_data_volume_encrypted or set it to true."
  }
}

variable "etcd_final_snapshot" {
  description = "Take a last snapshot of each etcd volume when it is deleted. Snapshots cost money until they are deleted by hand."
  type        = bool
  default     = true
  nullable    = false
}

# People

variable "ssh_public_key" {
  description = "Public half of the environment's ssh key. The run makes the pair and passes this: leave it out of the file."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition = var.ssh_public_key == "" || can(regex(
      "^(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/]+=*( [^\\n]*)?\\n?$", var.ssh_public_key
    ))
    error_message = "ssh_public_key is one line of an OpenSSH public key file that begins with ssh-ed25519 or ssh-rsa: EC2 takes no other kind."
  }
}
