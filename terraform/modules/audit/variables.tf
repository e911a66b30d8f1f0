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
  description = "ARN of the secrets bucket, whose reads and writes are recorded one by one."
  type        = string
}

variable "retention_days" {
  description = "Days for which the records are kept."
  type        = number
}
