# What each layer may read and write in the secrets bucket. locked/ is for people: denied outright, so that no later
# statement can open it by mistake.

locals {
  reads = {
    secure  = ["secure/*", "common/*", "boot/*", "manifests/secure/*", "manifests/common/*", "addons/*", "etcd/*", "status/secure/*"]
    compute = ["compute/*", "common/*", "boot/*", "manifests/compute/*", "manifests/common/*"]
  }

  writes = {
    secure  = ["etcd/*", "status/secure/*"]
    compute = ["status/compute/*"]
  }
}

data "aws_iam_policy_document" "secure_secrets" {
  source_policy_documents = [data.aws_iam_policy_document.secrets["secure"].json]

  # The masters change one at a time: they pass round an object that says whose turn it is.
  statement {
    sid       = "GiveUpTheTurn"
    actions   = ["s3:DeleteObject"]
    resources = ["${var.bucket_arn}/status/secure/*"]
  }
}

data "aws_iam_policy_document" "compute_secrets" {
  source_policy_documents = [data.aws_iam_policy_document.secrets["compute"].json]
}

data "aws_iam_policy_document" "secrets" {
  for_each = local.reads

  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = [for prefix in each.value : "${var.bucket_arn}/${prefix}"]
  }

  statement {
    sid       = "List"
    actions   = ["s3:ListBucket"]
    resources = [var.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = each.value
    }
  }

  statement {
    sid       = "Write"
    actions   = ["s3:PutObject"]
    resources = [for prefix in local.writes[each.key] : "${var.bucket_arn}/${prefix}"]
  }

  statement {
    sid       = "NeverTheLocked"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["${var.bucket_arn}/locked/*"]
  }

  # The bucket's key makes the bucket the encryption context of every object, so it cannot be narrowed by prefix: the
  # statements above do that. A write needs a data key.
  statement {
    sid       = "KeyForS3"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }
}
