variable "environment" {
  description = "Name of the environment."
  type        = string
}

variable "image" {
  description = "Image of the machines: its id and the name of its root device."
  type        = object({ id = string, root_device = string })
}

variable "key_name" {
  description = "Key pair that the machines accept."
  type        = string
}

variable "instance_profile" {
  description = "Instance profile of the machines."
  type        = string
}

variable "security_group" {
  description = "Security group of the machines."
  type        = string
}

variable "subnets" {
  description = "Subnets of the machines by zone."
  type        = map(string)
}

variable "boot" {
  description = "What the first start is told: region, bucket, sha256, kubernetes_version, kubernetes_image."
  type = object({
    region             = string
    bucket             = string
    sha256             = string
    kubernetes_version = string
    kubernetes_image   = string
  })
}

variable "flavor" {
  description = "Instance type of the bastions."
  type        = string
}

variable "size" {
  description = "Number of bastions."
  type        = number
}
