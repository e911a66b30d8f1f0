# The audit log.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment    = "example"
  region         = "eu-west-2"
  account        = "123456789012"
  bucket_arn     = "arn:aws:s3:::example-secrets"
  retention_days = 365
}

run "trail" {
  command = plan

  module {
    source = "../modules/audit"
  }

  assert {
    condition     = aws_cloudtrail.audit.name == "example-audit" && aws_cloudtrail.audit.enable_log_file_validation && aws_cloudtrail.audit.is_multi_region_trail
    error_message = "The trail covers every region, and changed files are noticed."
  }

  assert {
    condition     = aws_cloudtrail.audit.event_selector[0].data_resource[0].values == tolist(["arn:aws:s3:::example-secrets/"])
    error_message = "Every read and write of a secret is recorded."
  }

  assert {
    condition     = aws_s3_bucket.audit.bucket == "example-audit-123456789012-eu-west-2" && aws_s3_bucket_public_access_block.audit.restrict_public_buckets
    error_message = "The records have a private bucket of their own."
  }
}
