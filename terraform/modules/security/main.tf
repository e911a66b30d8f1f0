# The security groups. Every rule is in rules.tf, one resource each.

locals {
  groups = {
    elb-public   = "Public load balancer of the Kubernetes API"
    elb-internal = "Internal load balancer of the Kubernetes API"
    mgmt         = "Bastions"
    secure       = "Masters and etcd"
    compute      = "Workers"
  }

  # The cloud controller manager adds rules for its load balancers to the one group of a node that carries this tag,
  # and gives up when there are two: so exactly one group has it.
  group_tags = {
    compute = { "kubernetes.io/cluster/${var.environment}" = "owned" }
  }
}

resource "aws_security_group" "layer" {
  #checkov:skip=CKV2_AWS_5: every group is used, by the load balancers, interfaces and launch templates of other modules
  for_each = local.groups

  # A change of description makes a new group: it has to exist before the old one can go, hence the prefix.
  name_prefix = "${var.environment}-${each.key}-"
  description = each.value
  vpc_id      = var.vpc_id

  tags = merge(lookup(local.group_tags, each.key, {}), {
    Name = "${var.environment}-${each.key}"
    Role = each.key
  })

  lifecycle {
    create_before_destroy = true
  }
}
