# The foundation holds what carries data: the secrets bucket, the etcd volumes and the key pair. It has a state of its
# own, so that rebuilding the cluster cannot touch it.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region      = var.aws_region
  max_retries = var.max_retries

  # Credentials of another account are refused before anything is read or changed.
  allowed_account_ids = [var.aws_account]

  default_tags {
    tags = {
      Env               = var.environment
      KubernetesCluster = var.environment
    }
  }
}
