# The bastions: the only machines with public addresses, and the only way in for ssh.

locals {
  tags = {
    Name              = "${var.environment}-bastion"
    Env               = var.environment
    Role              = "bastion"
    KubernetesCluster = var.environment
  }
}

resource "aws_launch_template" "bastion" {
  #checkov:skip=CKV_AWS_88: a bastion is what has a public address, so that nothing else needs one
  name_prefix            = "${var.environment}-bastion-"
  description            = "Bastions of ${var.environment}"
  update_default_version = true

  image_id      = var.image.id
  instance_type = var.flavor
  key_name      = var.key_name

  user_data = base64encode(templatefile("${path.module}/../templates/boot.sh.tftpl", merge(var.boot, {
    environment = var.environment
    role        = "bastion"
    # There is nothing to fetch: a bastion's role reads no secret.
    sha256 = ""
    labels = {}
    taints = []
  })))

  iam_instance_profile {
    name = var.instance_profile
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }

  network_interfaces {
    device_index                = 0
    associate_public_ip_address = true
    delete_on_termination       = true
    security_groups             = [var.security_group]
  }

  block_device_mappings {
    device_name = var.image.root_device

    ebs {
      volume_type           = "gp3"
      volume_size           = 10
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
    Name = "${var.environment}-bastion"
    Role = "bastion"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_autoscaling_group" "bastion" {
  name                = "${var.environment}-bastion"
  min_size            = var.size
  max_size            = var.size
  vpc_zone_identifier = values(var.subnets)

  health_check_type         = "EC2"
  health_check_grace_period = 300
  default_cooldown          = 30
  wait_for_capacity_timeout = "0"

  launch_template {
    id      = aws_launch_template.bastion.id
    version = aws_launch_template.bastion.latest_version
  }

  # Nobody's work is lost but an open session's: new templates are taken up at once.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 0
      auto_rollback          = true
    }
  }

  dynamic "tag" {
    for_each = local.tags
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }
}
