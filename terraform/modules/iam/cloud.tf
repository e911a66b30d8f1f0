# What the cloud controller manager and the EBS driver do for Kubernetes. They run on the masters. Both mark what they
# make with the cluster's name and may change only what carries it.

data "aws_iam_policy_document" "secure_cloud" {
  statement {
    sid = "Look"
    actions = [
      "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances", "autoscaling:DescribeTags",
      "ec2:DescribeInstanceTopology", "ec2:DescribeInstanceTypes", "ec2:DescribeInternetGateways", "ec2:DescribeRegions",
      "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSnapshots", "ec2:DescribeSubnets",
      "ec2:DescribeVolumesModifications", "ec2:DescribeVolumeStatus", "ec2:DescribeVpcs",
    ]
    # EC2 and auto-scaling know no narrower resource for these.
    resources = ["*"]
  }

  # Volumes of persistent volume claims, from the driver's own tag on: etcd's volumes do not have it.
  statement {
    sid       = "MakeVolumes"
    actions   = ["ec2:CreateVolume", "ec2:CreateSnapshot"]
    resources = ["${local.ec2_arn}:volume/*", "arn:${data.aws_partition.current.partition}:ec2:${var.region}::snapshot/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/KubernetesCluster"
      values   = [var.environment]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/ebs.csi.aws.com/cluster"
      values   = ["true"]
    }
  }

  statement {
    sid       = "ReadVolumesAndSnapshots"
    actions   = ["ec2:CreateSnapshot", "ec2:CreateVolume"]
    resources = ["${local.ec2_arn}:volume/*", "arn:${data.aws_partition.current.partition}:ec2:${var.region}::snapshot/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/KubernetesCluster"
      values   = [var.environment]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/ebs.csi.aws.com/cluster"
      values   = ["true"]
    }
  }

  statement {
    sid       = "ChangeOwnVolumes"
    actions   = ["ec2:AttachVolume", "ec2:DetachVolume", "ec2:ModifyVolume", "ec2:DeleteVolume", "ec2:DeleteSnapshot"]
    resources = ["${local.ec2_arn}:volume/*", "arn:${data.aws_partition.current.partition}:ec2:${var.region}::snapshot/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/KubernetesCluster"
      values   = [var.environment]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/ebs.csi.aws.com/cluster"
      values   = ["true"]
    }
  }

  statement {
    sid       = "AttachToOwnMachines"
    actions   = ["ec2:AttachVolume", "ec2:DetachVolume"]
    resources = ["${local.ec2_arn}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/KubernetesCluster"
      values   = [var.environment]
    }
  }

  # Security groups of load balancers, and the nodes' rules for them.
  statement {
    sid       = "MakeGroups"
    actions   = ["ec2:CreateSecurityGroup"]
    resources = ["${local.ec2_arn}:security-group/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/KubernetesCluster"
      values   = [var.environment]
    }
  }

  statement {
    sid       = "MakeGroupsInOwnVPC"
    actions   = ["ec2:CreateSecurityGroup"]
    resources = ["${local.ec2_arn}:vpc/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/KubernetesCluster"
      values   = [var.environment]
    }
  }

  statement {
    sid       = "ChangeOwnGroups"
    actions   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", "ec2:DeleteSecurityGroup"]
    resources = ["${local.ec2_arn}:security-group/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/KubernetesCluster"
      values   = [var.environment]
    }
  }

  # Tags only while something is being made, and with the cluster's name among them.
  statement {
    sid     = "TagWhatIsMade"
    actions = ["ec2:CreateTags"]
    resources = [
      "${local.ec2_arn}:security-group/*", "${local.ec2_arn}:volume/*",
      "arn:${data.aws_partition.current.partition}:ec2:${var.region}::snapshot/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["CreateSecurityGroup", "CreateSnapshot", "CreateVolume"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/KubernetesCluster"
      values   = [var.environment]
    }
  }
}

# Load balancers of services.
data "aws_iam_policy_document" "secure_balancer" {
  statement {
    sid       = "Look"
    actions   = ["elasticloadbalancing:Describe*"]
    resources = ["*"]
  }

  statement {
    sid = "Make"
    actions = [
      "elasticloadbalancing:AddTags", "elasticloadbalancing:CreateListener", "elasticloadbalancing:CreateLoadBalancer",
      "elasticloadbalancing:CreateTargetGroup",
    ]
    resources = ["arn:${data.aws_partition.current.partition}:elasticloadbalancing:${var.region}:${var.account}:*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/KubernetesCluster"
      values   = [var.environment]
    }
  }

  statement {
    sid = "ChangeOwn"
    actions = [
      "elasticloadbalancing:AddTags", "elasticloadbalancing:ApplySecurityGroupsToLoadBalancer",
      "elasticloadbalancing:AttachLoadBalancerToSubnets", "elasticloadbalancing:ConfigureHealthCheck",
      "elasticloadbalancing:CreateListener", "elasticloadbalancing:CreateLoadBalancerListeners",
      "elasticloadbalancing:CreateLoadBalancerPolicy", "elasticloadbalancing:DeleteListener",
      "elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:DeleteLoadBalancerListeners",
      "elasticloadbalancing:DeleteTargetGroup", "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
      "elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:DetachLoadBalancerFromSubnets",
      "elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyLoadBalancerAttributes",
      "elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes",
      "elasticloadbalancing:RegisterInstancesWithLoadBalancer", "elasticloadbalancing:RegisterTargets",
      "elasticloadbalancing:SetLoadBalancerPoliciesForBackendServer", "elasticloadbalancing:SetLoadBalancerPoliciesOfListener",
      "elasticloadbalancing:SetSecurityGroups",
    ]
    resources = ["arn:${data.aws_partition.current.partition}:elasticloadbalancing:${var.region}:${var.account}:*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/KubernetesCluster"
      values   = [var.environment]
    }
  }

  # The API's own load balancers carry the cluster's name too. Kubernetes has no business with them.
  statement {
    sid    = "NeverTheAPIs"
    effect = "Deny"
    actions = [
      "elasticloadbalancing:AddTags", "elasticloadbalancing:Create*", "elasticloadbalancing:Delete*",
      "elasticloadbalancing:Deregister*", "elasticloadbalancing:Modify*", "elasticloadbalancing:SetSecurityGroups",
    ]
    resources = ["*"]

    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/Role"
      values   = ["kubeapi-*"]
    }
  }
}

# Images from the account's own registry.
data "aws_iam_policy_document" "compute_images" {
  statement {
    sid       = "LogIn"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid = "Pull"
    actions = [
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories",
      "ecr:GetDownloadUrlForLayer", "ecr:ListImages",
    ]
    resources = ["arn:${data.aws_partition.current.partition}:ecr:${var.region}:${var.account}:repository/*"]
  }
}
