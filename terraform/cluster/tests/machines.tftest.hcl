# The machines: templates, groups, names and tags of the three layers.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment      = "example"
  image            = { id = "ami-0123456789abcdef0", root_device = "/dev/xvda" }
  key_name         = "example"
  instance_profile = "example-profile"
  security_group   = "sg-0123456789abcdef0"
  subnets          = { eu-west-2a = "subnet-0123456789abcdef0", eu-west-2b = "subnet-0123456789abcdef1", eu-west-2c = "subnet-0123456789abcdef2" }
  boot = {
    region             = "eu-west-2"
    bucket             = "example-secrets"
    sha256             = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    kubernetes_version = "1.36.3"
    kubernetes_image   = ""
  }
}

run "secure" {
  command = plan

  module {
    source = "../modules/secure"
  }

  variables {
    flavor        = "m6i.large"
    root_volume   = 30
    target_groups = ["arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/example-kubeapi/0123456789abcdef"]
    nodes = {
      "0" = { zone = "eu-west-2a", address = "10.80.10.100" }
      "1" = { zone = "eu-west-2b", address = "10.80.11.100" }
      "2" = { zone = "eu-west-2c", address = "10.80.12.100" }
    }
  }

  assert {
    condition = alltrue([
      for id, interface in aws_network_interface.etcd :
      interface.source_dest_check == false && interface.private_ips == toset([var.nodes[id].address])
      && interface.tags.NodeID == id && interface.tags.Role == "etcd" && interface.subnet_id == var.subnets[var.nodes[id].zone]
    ]) && length(aws_network_interface.etcd) == 3
    error_message = "Each member has an interface with its fixed address, its NodeID and no check of source and destination."
  }

  assert {
    condition     = aws_launch_template.secure.metadata_options[0].http_tokens == "required" && aws_launch_template.secure.metadata_options[0].http_put_response_hop_limit == 1 && aws_launch_template.secure.metadata_options[0].instance_metadata_tags == "enabled"
    error_message = "Metadata needs a token, goes one hop and holds the tags."
  }

  assert {
    condition     = aws_launch_template.secure.block_device_mappings[0].ebs[0].encrypted == "true" && aws_launch_template.secure.block_device_mappings[0].ebs[0].volume_type == "gp3"
    error_message = "The root volume is encrypted."
  }

  assert {
    condition     = length(aws_launch_template.secure.network_interfaces) == 0 && aws_launch_template.secure.vpc_security_group_ids == toset(["sg-0123456789abcdef0"])
    error_message = "A master has no public address, and its group."
  }

  assert {
    condition = alltrue([
      for id, group in aws_autoscaling_group.secure :
      group.name == "example-secure-${id}" && group.min_size == 1 && group.max_size == 1 && group.wait_for_capacity_timeout == "0"
      && group.vpc_zone_identifier == toset([var.subnets[var.nodes[id].zone]]) && length(group.instance_refresh) == 0
      && group.instance_maintenance_policy[0].min_healthy_percentage == 0 && group.instance_maintenance_policy[0].max_healthy_percentage == 100
    ])
    error_message = "Each member has a group of one in its zone that ends the old machine before it starts the new."
  }

  assert {
    condition = alltrue([
      for id, group in aws_autoscaling_group.secure :
      { for tag in group.tag : tag.key => tag.value if tag.propagate_at_launch }
      == { Name = "example-secure", Env = "example", Role = "secure", KubernetesCluster = "example", NodeID = id }
    ])
    error_message = "A master's tags are its name, environment, role, cluster and NodeID."
  }

  assert {
    condition     = toset([for spec in aws_launch_template.secure.tag_specifications : spec.resource_type]) == toset(["instance", "volume", "network-interface"])
    error_message = "Machines, their volumes and their interfaces are tagged."
  }

  assert {
    condition     = alltrue([for hook in aws_autoscaling_lifecycle_hook.terminating : hook.heartbeat_timeout == 300 && hook.lifecycle_transition == "autoscaling:EC2_INSTANCE_TERMINATING"])
    error_message = "A master has five minutes to go."
  }

  assert {
    condition     = length(base64decode(aws_launch_template.secure.user_data)) <= 2048
    error_message = "The start script has at most two kilobytes."
  }

  assert {
    condition = (
      strcontains(base64decode(aws_launch_template.secure.user_data), "sum='0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'")
      && strcontains(base64decode(aws_launch_template.secure.user_data), "s3://example-secrets/boot/$sum/bundle.tar.gz")
      && strcontains(base64decode(aws_launch_template.secure.user_data), "sha256sum --check")
    )
    error_message = "The start script fetches the bundle by its checksum and checks it."
  }
}

run "compute" {
  command = plan

  module {
    source = "../modules/compute"
  }

  variables {
    pools = {
      default = { flavor = "m6i.large", fallbacks = [], min = 3, max = 10, root_volume = 60, labels = {}, taints = [], spot = false, zones = [] }
      batch   = { flavor = "c6i.xlarge", fallbacks = ["c5.xlarge"], min = 0, max = 20, root_volume = 100, labels = { purpose = "batch" }, taints = ["purpose=batch:NoSchedule"], spot = true, zones = ["eu-west-2b"] }
    }
  }

  assert {
    condition     = output.asgs == { batch = "example-compute-batch", default = "example-compute-default" }
    error_message = "Each pool is a group of its own."
  }

  assert {
    condition     = aws_autoscaling_group.pool["batch"].vpc_zone_identifier == toset(["subnet-0123456789abcdef1"]) && length(aws_autoscaling_group.pool["default"].vpc_zone_identifier) == 3
    error_message = "A pool lies in its zones, or in all."
  }

  assert {
    condition = (
      aws_autoscaling_group.pool["batch"].mixed_instances_policy[0].instances_distribution[0].on_demand_percentage_above_base_capacity == 0
      && aws_autoscaling_group.pool["batch"].capacity_rebalance == true
      && aws_autoscaling_group.pool["default"].mixed_instances_policy[0].instances_distribution[0].on_demand_percentage_above_base_capacity == 100
      && [for override in aws_autoscaling_group.pool["batch"].mixed_instances_policy[0].launch_template[0].override : override.instance_type] == ["c6i.xlarge", "c5.xlarge"]
    )
    error_message = "A spot pool is all spot and falls back to its other types; another is none."
  }

  assert {
    condition     = alltrue([for group in aws_autoscaling_group.pool : group.instance_refresh[0].preferences[0].auto_rollback])
    error_message = "A new template goes round by itself, and back when it fails."
  }

  assert {
    condition = alltrue([
      for group in aws_autoscaling_group.pool : alltrue([for tag in group.tag : !strcontains(tag.key, "/") || !tag.propagate_at_launch])
    ])
    error_message = "No tag with a slash reaches a machine: metadata would refuse it and no machine would start."
  }

  assert {
    condition = alltrue([
      for template in aws_launch_template.pool :
      template.metadata_options[0].http_tokens == "required" && template.metadata_options[0].http_put_response_hop_limit == 1
      && template.block_device_mappings[0].ebs[0].encrypted == "true" && length(base64decode(template.user_data)) <= 2048
    ])
    error_message = "Metadata needs a token and goes one hop, root volumes are encrypted, start scripts are small."
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.pool["batch"].user_data), "KUBEPLAT_LABELS='kubeplat/pool=batch,purpose=batch'") && strcontains(base64decode(aws_launch_template.pool["batch"].user_data), "KUBEPLAT_TAINTS='purpose=batch:NoSchedule'")
    error_message = "A pool's machines know their labels and taints."
  }
}

run "bastion" {
  command = plan

  module {
    source = "../modules/bastion"
  }

  variables {
    flavor = "t3.micro"
    size   = 2
  }

  assert {
    condition     = aws_autoscaling_group.bastion.name == "example-bastion" && aws_autoscaling_group.bastion.min_size == 2 && aws_autoscaling_group.bastion.max_size == 2
    error_message = "There are as many bastions as were asked for."
  }

  assert {
    condition     = aws_launch_template.bastion.network_interfaces[0].associate_public_ip_address == "true" && aws_launch_template.bastion.network_interfaces[0].security_groups == toset(["sg-0123456789abcdef0"])
    error_message = "A bastion has a public address, and its group."
  }

  assert {
    condition     = aws_launch_template.bastion.metadata_options[0].http_tokens == "required" && aws_launch_template.bastion.block_device_mappings[0].ebs[0].encrypted == "true"
    error_message = "Metadata needs a token, the root volume is encrypted."
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.bastion.user_data), "sum=''")
    error_message = "A bastion fetches nothing."
  }
}
