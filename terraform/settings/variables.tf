# Settings that kubeplat itself reads from an environment's file. No Terraform root uses them and this folder is never
# applied: it declares them so that they have a type, a description and validations like every other setting.

variable "sandbox" {
  description = "Put this environment in the sandbox: AWS is simulated on this computer and nothing is paid for. Leave it false for a real account."
  type        = bool
  default     = false
  nullable    = false
}

variable "aws_profile" {
  description = "Profile of the AWS credentials files to use when the shell holds no credentials. Empty: the profile named like the environment."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.aws_profile == trimspace(var.aws_profile)
    error_message = "The profile's name begins or ends with a space: remove it."
  }
}

variable "ssh_user" {
  description = "User to log in with on the machines. Empty: what the image has, which is ec2-user on Amazon Linux, core on Flatcar and Fedora CoreOS, ubuntu on Ubuntu."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.ssh_user == "" || can(regex("^[a-z_][a-z0-9_-]{0,31}$", var.ssh_user))
    error_message = "ssh_user is a Linux user's name: lower-case letters, digits, hyphens and underscores, at most 32; or empty."
  }
}

variable "terraform_bucket_name" {
  description = "S3 bucket that keeps Terraform's state. It is made on the first run when it does not exist."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.terraform_bucket_name))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits and hyphens, and begins and ends with a letter or digit: change terraform_bucket_name."
  }
}
