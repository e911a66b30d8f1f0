# The secrets bucket. Its objects are uploaded by kubeplat, never by Terraform, so that no secret is in the state.

resource "aws_s3_bucket" "secrets" {
  #checkov:skip=CKV_AWS_18: who read which secret is recorded by the audit module's object events; access logs would need a second bucket that holds less
  #checkov:skip=CKV_AWS_144: what the bucket holds serves machines of one region, and the certificate authorities are kept by people as well
  #checkov:skip=CKV2_AWS_62: the machines ask for changes themselves, with If-None-Match; nothing listens for events
  bucket = var.secrets_bucket_name

  tags = {
    Name = var.secrets_bucket_name
    Role = "secrets"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_ownership_controls" "secrets" {
  bucket = aws_s3_bucket.secrets.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "secrets" {
  bucket = aws_s3_bucket.secrets.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "secrets" {
  bucket = aws_s3_bucket.secrets.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "secrets" {
  bucket = aws_s3_bucket.secrets.id

  rule {
    # One data key for many objects: a node that fetches a hundred files asks KMS once.
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = data.aws_kms_key.master.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "secrets" {
  # A rule on noncurrent versions is refused while the bucket is not versioned.
  bucket = aws_s3_bucket_versioning.secrets.bucket

  rule {
    id     = "abort-unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "expire-noncurrent-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.secrets_noncurrent_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }
}

resource "aws_s3_bucket_policy" "secrets" {
  bucket = aws_s3_bucket.secrets.id
  policy = data.aws_iam_policy_document.secrets.json

  # S3 answers 409 to a policy that arrives while the public access block is being set.
  depends_on = [aws_s3_bucket_public_access_block.secrets]
}

data "aws_iam_policy_document" "secrets" {
  statement {
    sid       = "DenyWithoutTLS"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.secrets.arn, "${aws_s3_bucket.secrets.arn}/*"]

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

  # The next three refuse a put that asks for other encryption than ours. A put that asks for none takes the bucket's
  # default, which is ours. StringNotEquals is also true of a header that is absent: hence the Null conditions.
  statement {
    sid       = "DenyOtherEncryption"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.secrets.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["false"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["aws:kms"]
    }
  }

  statement {
    sid       = "DenyOtherKeys"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.secrets.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = ["false"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = distinct([data.aws_kms_key.master.arn, data.aws_kms_key.master.id, var.kms_master_id])
    }
  }

  statement {
    sid       = "DenyCustomerKeys"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.secrets.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption-customer-algorithm"
      values   = ["false"]
    }
  }
}
