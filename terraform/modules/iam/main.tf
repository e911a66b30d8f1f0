# A role for each layer, with what its machines need and nothing else. Each role's policies are exclusive: one that is
# added by hand is seen in the next plan and taken away. AWS takes 10,240 characters of inline policies for one role; the
# masters' have about 9,000.

data "aws_partition" "current" {}

locals {
  ec2_arn = "arn:${data.aws_partition.current.partition}:ec2:${var.region}:${var.account}"

  # The layers by name, so that for_each does not wait for the documents.
  layers = toset(["secure", "compute", "bastion"])

  inline = {
    secure = {
      secrets  = data.aws_iam_policy_document.secure_secrets.json
      etcd     = data.aws_iam_policy_document.secure_etcd.json
      cloud    = data.aws_iam_policy_document.secure_cloud.json
      balancer = data.aws_iam_policy_document.secure_balancer.json
    }
    compute = {
      secrets = data.aws_iam_policy_document.compute_secrets.json
      images  = data.aws_iam_policy_document.compute_images.json
    }
    bastion = {}
  }

  inline_names = {
    secure  = ["secrets", "etcd", "cloud", "balancer"]
    compute = ["secrets", "images"]
    bastion = []
  }

  managed = {
    secure  = []
    compute = []
    bastion = ["arn:${data.aws_partition.current.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"]
  }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

# Names carry the region, because roles belong to the whole account.
resource "aws_iam_role" "layer" {
  for_each = local.layers

  name               = "${var.environment}-${each.key}-${var.region}"
  description        = "Machines of the ${each.key} layer of ${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.assume.json

  tags = {
    Name = "${var.environment}-${each.key}"
    Role = each.key
  }
}

resource "aws_iam_instance_profile" "layer" {
  for_each = local.layers

  name = "${var.environment}-${each.key}-${var.region}"
  role = aws_iam_role.layer[each.key].name

  tags = {
    Name = "${var.environment}-${each.key}"
    Role = each.key
  }
}

resource "aws_iam_role_policy" "layer" {
  for_each = merge([
    for layer, names in local.inline_names : { for name in names : "${layer}-${name}" => { layer = layer, name = name } }
  ]...)

  name   = each.value.name
  role   = aws_iam_role.layer[each.value.layer].name
  policy = local.inline[each.value.layer][each.value.name]
}

resource "aws_iam_role_policies_exclusive" "layer" {
  for_each = local.layers

  role_name    = aws_iam_role.layer[each.key].name
  policy_names = local.inline_names[each.key]

  depends_on = [aws_iam_role_policy.layer]
}

resource "aws_iam_role_policy_attachment" "bastion" {
  for_each = toset(local.managed.bastion)

  role       = aws_iam_role.layer["bastion"].name
  policy_arn = each.key
}

resource "aws_iam_role_policy_attachments_exclusive" "layer" {
  for_each = local.layers

  role_name   = aws_iam_role.layer[each.key].name
  policy_arns = local.managed[each.key]

  depends_on = [aws_iam_role_policy_attachment.bastion]
}
