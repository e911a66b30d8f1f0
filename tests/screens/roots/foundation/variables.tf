# Environment

variable "environment" {
  description = "Name of the environment, the same as its file's name. Everything that is made carries it."
  type        = string
}

variable "aws_region" {
  description = "AWS region that the environment is built in, for example eu-west-2."
  type        = string
}

variable "aws_account" {
  description = "Number of the AWS account. Nothing is changed when the credentials belong to another account."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.aws_account))
    error_message = "An AWS account's number has 12 digits: write it in quotes."
  }
}
