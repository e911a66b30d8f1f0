# Who called what in AWS, and who read or wrote which secret.

data "aws_partition" "current" {}

locals {
  name      = "${var.environment}-audit"
  trail_arn = "arn:${data.aws_partition.current.partition}:cloudtrail:${var.region}:${var.account}:trail/${local.name}"
}

resource "aws_s3_bucket" "audit" {
  #checkov:skip=CKV_AWS_18: it is the log; a log of the log would need another bucket
  #checkov:skip=CKV_AWS_144: what it records is of one region, and an organisation's own trail is where copies are kept
  #checkov:skip=CKV_AWS_145: CloudTrail would have to be admitted to our key, which would then open the records with the secrets; S3's own key keeps them apart
  #checkov:skip=CKV2_AWS_62: nothing listens for new records
  bucket = "${local.name}-${var.account}-${var.region}"

  # The trail belongs to the environment: who cleans the environment up has typed its name.
  force_destroy = true

  tags = {
    Name = local.name
    Role = "audit"
  }
}

resource "aws_s3_bucket_ownership_controls" "audit" {
  bucket = aws_s3_bucket.audit.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "audit" {
  bucket = aws_s3_bucket.audit.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "audit" {
  bucket = aws_s3_bucket.audit.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "audit" {
  bucket = aws_s3_bucket.audit.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "audit" {
  bucket = aws_s3_bucket_versioning.audit.bucket

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "audit" {
  statement {
    sid       = "DenyWithoutTLS"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.audit.arn, "${aws_s3_bucket.audit.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "TrailLooks"
    actions   = ["s3:GetBucketAcl"]
    resources = [aws_s3_bucket.audit.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }

  statement {
    sid       = "TrailWrites"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.audit.arn}/AWSLogs/${var.account}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
}

resource "aws_s3_bucket_policy" "audit" {
  bucket = aws_s3_bucket.audit.id
  policy = data.aws_iam_policy_document.audit.json

  depends_on = [aws_s3_bucket_public_access_block.audit]
}

resource "aws_cloudtrail" "audit" {
  #checkov:skip=CKV_AWS_35: as for the bucket: records are not encrypted with the key that opens the secrets
  #checkov:skip=CKV_AWS_252: nobody is told of every file that is delivered
  #checkov:skip=CKV2_AWS_10: the records are read from the bucket; CloudWatch would cost a second copy
  name                          = local.name
  s3_bucket_name                = aws_s3_bucket.audit.id
  enable_log_file_validation    = true
  include_global_service_events = true
  is_multi_region_trail         = true

  event_selector {
    include_management_events = true
    read_write_type           = "All"

    data_resource {
      type   = "AWS::S3::Object"
      values = ["${var.bucket_arn}/"]
    }
  }

  tags = {
    Name = local.name
    Role = "audit"
  }

  # CloudTrail tries the bucket before it makes the trail.
  depends_on = [aws_s3_bucket_policy.audit]
}
