variable "environment" {
  description = "Name of the environment."
  type        = string
}

variable "region" {
  description = "Region of the environment."
  type        = string
}

variable "account" {
  description = "Number of the AWS account."
  type        = string
}

variable "bucket_arn" {
  description = "ARN of the secrets bucket."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts the secrets and the etcd volumes."
  type        = string
}
