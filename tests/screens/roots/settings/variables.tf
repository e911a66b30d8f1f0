# Kubeplat

variable "sandbox" {
  description = "Put this environment in the sandbox: AWS is simulated on this computer and costs nothing."
  type        = bool
  default     = false
}

variable "terraform_bucket_name" {
  description = "S3 bucket that keeps Terraform's state. It is made on the first run."
  type        = string
}
