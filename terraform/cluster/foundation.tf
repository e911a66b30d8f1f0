# What the foundation made, by name: a cluster without its foundation fails here, before anything is changed.

data "aws_s3_bucket" "secrets" {
  bucket = var.secrets_bucket_name
}

data "aws_key_pair" "environment" {
  key_name = var.environment
}
