# The masters. Each has an auto-scaling group of its own, of one, in its zone: the group's NodeID says which volume and
# which interface are its own, so that nothing is picked and nothing can be picked twice.

resource "aws_network_interface" "etcd" {
  for_each = var.nodes

  description     = "Fixed address of etcd member ${each.key} of ${var.environment}"
  subnet_id       = var.subnets[each.value.zone]
  private_ips     = [each.value.address]
  security_groups = [var.security_group]

  # A master answers for pods and services behind it.
  source_dest_check = false

  tags = {
    Name   = "${var.environment}-etcd-${each.key}"
    Role   = "etcd"
    NodeID = each.key
  }
}

resource "aws_launch_template" "secure" {
  name_prefix            = "${var.environment}-secure-"
  description            = "Masters of ${var.environment}"
  update_default_version = true

  image_id               = var.image.id
  instance_type          = var.flavor
  key_name               = var.key_name
  vpc_security_group_ids = [var.security_group]

  user_data = base64encode(templatefile("${path.module}/../templates/boot.sh.tftpl", merge(var.boot, {
    environment = var.environment
    role        = "secure"
    labels      = {}
    taints      = []
  })))

  iam_instance_profile {
    name = var.instance_profile
  }

  # A hop limit of one keeps the machine's credentials from its pods. Tags in the metadata tell a master its NodeID
  # before it may ask anything else; their names may have no slash, so kubernetes.io/... tags have no place on machines.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }

  # Encrypted with the account's key for volumes: ours would need a grant to auto-scaling in every account, and what
  # has to outlive a master is on its etcd volume, under our key.
  block_device_mappings {
    device_name = var.image.root_device

    ebs {
      volume_type           = "gp3"
      volume_size           = var.root_volume
      encrypted             = true
      delete_on_termination = true
    }
  }

  monitoring {
    enabled = true
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume", "network-interface"])
    content {
      resource_type = tag_specifications.key
      tags          = local.tags
    }
  }

  tags = {
    Name = "${var.environment}-secure"
    Role = "secure"
  }

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  tags = {
    Name              = "${var.environment}-secure"
    Env               = var.environment
    Role              = "secure"
    KubernetesCluster = var.environment
  }
}

resource "aws_autoscaling_group" "secure" {
  for_each = var.nodes

  name                = "${var.environment}-secure-${each.key}"
  min_size            = 1
  max_size            = 1
  vpc_zone_identifier = [var.subnets[each.value.zone]]
  target_group_arns   = var.target_groups

  # Not ELB: a sick API server shall be looked at, not have its machine and its etcd member taken away.
  health_check_type         = "EC2"
  health_check_grace_period = 300
  default_cooldown          = 30

  # Waiting here would leave a group outside the state when the machine fails to come up.
  wait_for_capacity_timeout = "0"

  launch_template {
    id      = aws_launch_template.secure.id
    version = aws_launch_template.secure.latest_version
  }

  # The volume and the address can be on one machine only: the old one goes before the new one comes. There is no
  # instance refresh: a new template reaches the masters one after the other, when they are rolled.
  instance_maintenance_policy {
    min_healthy_percentage = 0
    max_healthy_percentage = 100
  }

  dynamic "tag" {
    for_each = merge(local.tags, { NodeID = each.key })
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  # The machines hold the interfaces: they have to be gone before those can be deleted.
  depends_on = [aws_network_interface.etcd]
}

# Time to hand over leadership and to let go of volume and interface.
resource "aws_autoscaling_lifecycle_hook" "terminating" {
  for_each = var.nodes

  name                   = "terminating"
  autoscaling_group_name = aws_autoscaling_group.secure[each.key].name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = 300
  default_result         = "CONTINUE"
}
