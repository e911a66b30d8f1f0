# A master attaches the volume and the interface with its NodeID, and nothing else of that kind.

data "aws_iam_policy_document" "secure_etcd" {
  statement {
    sid = "Look"
    actions = [
      "ec2:DescribeAvailabilityZones", "ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeTags", "ec2:DescribeVolumes",
    ]
    # EC2 knows no narrower resource for these.
    resources = ["*"]
  }

  statement {
    sid       = "AttachOwnParts"
    actions   = ["ec2:AttachVolume", "ec2:DetachVolume", "ec2:AttachNetworkInterface", "ec2:DetachNetworkInterface"]
    resources = ["${local.ec2_arn}:volume/*", "${local.ec2_arn}:network-interface/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Env"
      values   = [var.environment]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Role"
      values   = ["etcd"]
    }
  }

  statement {
    sid       = "AttachToMasters"
    actions   = ["ec2:AttachVolume", "ec2:DetachVolume", "ec2:AttachNetworkInterface", "ec2:DetachNetworkInterface"]
    resources = ["${local.ec2_arn}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Env"
      values   = [var.environment]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Role"
      values   = ["secure"]
    }
  }

  # A volume is marked once it has a file system: a blank one with the mark is lost data, not a new volume.
  statement {
    sid       = "MarkFormatted"
    actions   = ["ec2:CreateTags"]
    resources = ["${local.ec2_arn}:volume/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Env"
      values   = [var.environment]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Role"
      values   = ["etcd"]
    }

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "aws:TagKeys"
      values   = ["Formatted"]
    }
  }

  # Attaching an encrypted volume hands its key to the machine: EC2 does that with a grant, in the caller's name.
  statement {
    sid       = "KeyForVolumes"
    actions   = ["kms:CreateGrant"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ec2.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }

  statement {
    sid       = "KeyForVolumesData"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ec2.${var.region}.amazonaws.com"]
    }
  }

  # A master that shuts down says when it is ready to go.
  statement {
    sid       = "FinishLifecycle"
    actions   = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
    resources = ["arn:${data.aws_partition.current.partition}:autoscaling:${var.region}:${var.account}:autoScalingGroup:*:autoScalingGroupName/${var.environment}-secure-*"]
  }
}
