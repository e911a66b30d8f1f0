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

variable "aws_role_arn" {
  description = "ARN of a role that is assumed on top of the credentials, as role_arn of a profile is. Empty: none but the profile's own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.aws_role_arn == "" || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", var.aws_role_arn))
    error_message = "A role's ARN looks like arn:aws:iam::123456789012:role/engineer: correct aws_role_arn, or leave it empty."
  }
}

variable "aws_mfa_serial" {
  description = "ARN (or serial number) of the MFA device whose code opens the session, as mfa_serial of a profile is. Empty: the profile's, if it names one."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.aws_mfa_serial == "" || can(regex("^(arn:aws[a-z-]*:iam::[0-9]{12}:mfa/[A-Za-z0-9+=,.@_/-]+|[A-Za-z0-9]{9,64})$", var.aws_mfa_serial))
    error_message = "An MFA device is named by its ARN, like arn:aws:iam::123456789012:mfa/jest, or by the serial number of a hardware device: correct aws_mfa_serial, or leave it empty."
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
