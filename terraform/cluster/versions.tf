# The cluster holds what can be rebuilt at any time: network, load balancers, machines. What carries data is the
# foundation's, and is found here by name.

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
