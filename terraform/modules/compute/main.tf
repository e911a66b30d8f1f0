# The workers: a launch template and an auto-scaling group for each pool.

locals {
  tags = {
    for name in keys(var.pools) : name => {
      Name              = "${var.environment}-compute"
      Env               = var.environment
      Role              = "compute"
      Pool              = name
      KubernetesCluster = var.environment
    }
  }

  labels = { for name, pool in var.pools : name => merge({ "kubeplat/pool" = name }, pool.labels) }

  # On the group alone, never on machines: the cluster autoscaler finds its groups by these, and learns what a node of
  # an empty pool would look like.
  autoscaler_tags = {
    for name, pool in var.pools : name => merge(
      { "k8s.io/cluster-autoscaler/enabled" = "true", "k8s.io/cluster-autoscaler/${var.environment}" = "owned" },
      { for label, value in local.labels[name] : "k8s.io/cluster-autoscaler/node-template/label/${label}" => value },
      {
        for taint in pool.taints :
        "k8s.io/cluster-autoscaler/node-template/taint/${split("=", split(":", taint)[0])[0]}" =>
        "${try(split("=", split(":", taint)[0])[1], "")}:${split(":", taint)[1]}"
      },
    )
  }
}

resource "aws_launch_template" "pool" {
  for_each = var.pools

  name_prefix            = "${var.environment}-compute-${each.key}-"
  description            = "Workers of ${var.environment} in pool ${each.key}"
  update_default_version = true

  image_id               = var.image.id
  instance_type          = each.value.flavor
  key_name               = var.key_name
  vpc_security_group_ids = [var.security_group]

  user_data = base64encode(templatefile("${path.module}/../templates/boot.sh.tftpl", merge(var.boot, {
    environment = var.environment
    role        = "compute"
    labels      = local.labels[each.key]
    taints      = each.value.taints
  })))

  iam_instance_profile {
    name = var.instance_profile
  }

  # A hop limit of one keeps the machine's credentials from its pods. Names of tags in the metadata may have no slash.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }

  block_device_mappings {
    device_name = var.image.root_device

    ebs {
      volume_type           = "gp3"
      volume_size           = each.value.root_volume
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
      tags          = local.tags[each.key]
    }
  }

  tags = {
    Name = "${var.environment}-compute-${each.key}"
    Role = "compute"
    Pool = each.key
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_autoscaling_group" "pool" {
  for_each = var.pools

  name     = "${var.environment}-compute-${each.key}"
  min_size = each.value.min
  max_size = each.value.max
  vpc_zone_identifier = [
    for zone, subnet in var.subnets : subnet if length(each.value.zones) == 0 || contains(each.value.zones, zone)
  ]

  health_check_type         = "EC2"
  health_check_grace_period = 300
  default_cooldown          = 30
  capacity_rebalance        = each.value.spot

  # Waiting here would leave a group outside the state when a machine fails to come up.
  wait_for_capacity_timeout = "0"

  mixed_instances_policy {
    instances_distribution {
      on_demand_allocation_strategy            = "prioritized"
      on_demand_base_capacity                  = 0
      on_demand_percentage_above_base_capacity = each.value.spot ? 0 : 100
      spot_allocation_strategy                 = "price-capacity-optimized"
    }

    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.pool[each.key].id
        version            = aws_launch_template.pool[each.key].latest_version
      }

      dynamic "override" {
        for_each = concat([each.value.flavor], each.value.fallbacks)
        content {
          instance_type = override.value
        }
      }
    }
  }

  # A new template reaches the workers by itself, a few at a time, and goes back when they do not come up.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 90
      instance_warmup        = 300
      auto_rollback          = true
    }
  }

  dynamic "tag" {
    for_each = local.tags[each.key]
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  dynamic "tag" {
    for_each = local.autoscaler_tags[each.key]
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = false
    }
  }

  lifecycle {
    # How many there are between min and max is the autoscaler's and the operator's.
    ignore_changes = [desired_capacity]
  }
}

# Time to drain.
resource "aws_autoscaling_lifecycle_hook" "terminating" {
  for_each = var.pools

  name                   = "terminating"
  autoscaling_group_name = aws_autoscaling_group.pool[each.key].name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = 300
  default_result         = "CONTINUE"
}
