# The API's load balancers and their health checks.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment    = "example"
  vpc_id         = "vpc-0123456789abcdef0"
  public         = true
  elb_subnets    = { eu-west-2a = "subnet-0e00000000000000a", eu-west-2b = "subnet-0e00000000000000b" }
  secure_subnets = { eu-west-2a = "subnet-0s00000000000000a", eu-west-2b = "subnet-0s00000000000000b" }
  groups         = { elb-public = "sg-0e0000000000000a", elb-internal = "sg-0e0000000000000b" }
}

run "both" {
  command = plan

  module {
    source = "../modules/api"
  }

  assert {
    condition     = aws_lb.kubeapi["public"].name == "example-kubeapi" && aws_lb.kubeapi["internal"].name == "example-kube-internal-elb"
    error_message = "The load balancers have the names that people know."
  }

  assert {
    condition     = alltrue([for lb in aws_lb.kubeapi : lb.load_balancer_type == "network" && lb.enable_cross_zone_load_balancing])
    error_message = "They are network load balancers across zones."
  }

  assert {
    condition     = aws_lb.kubeapi["public"].internal == false && toset(aws_lb.kubeapi["public"].subnets) == toset(values(var.elb_subnets)) && aws_lb.kubeapi["public"].security_groups == toset(["sg-0e0000000000000a"])
    error_message = "The public one stands in elb, behind the access list."
  }

  assert {
    condition     = aws_lb.kubeapi["internal"].internal == true && toset(aws_lb.kubeapi["internal"].subnets) == toset(values(var.secure_subnets)) && aws_lb.kubeapi["internal"].security_groups == toset(["sg-0e0000000000000b"])
    error_message = "The internal one stands in secure."
  }

  assert {
    condition     = aws_lb_listener.kubeapi["public"].port == 443 && aws_lb_listener.kubeapi["internal"].port == 6443
    error_message = "443 from outside, 6443 from inside."
  }

  assert {
    condition = alltrue([
      for group in aws_lb_target_group.kubeapi :
      group.protocol == "TCP" && group.port == 6443 && group.preserve_client_ip == "false" && group.deregistration_delay == "60"
      && group.health_check[0].protocol == "HTTPS" && group.health_check[0].path == "/readyz"
      && group.target_health_state[0].enable_unhealthy_connection_termination == false
    ])
    error_message = "Targets are asked for /readyz by HTTPS, do not see the client's address, and keep connections while they are sick."
  }
}

run "internal_only" {
  command = plan

  module {
    source = "../modules/api"
  }

  variables {
    public = false
  }

  assert {
    condition     = keys(aws_lb.kubeapi) == ["internal"] && keys(aws_lb_listener.kubeapi) == ["internal"] && output.public == {}
    error_message = "Without the public load balancer there is the internal one alone."
  }
}

run "a_long_name" {
  command = plan

  module {
    source = "../modules/api"
  }

  variables {
    environment = "abcdefghijklmnopqrst"
  }

  assert {
    condition = alltrue(concat(
      [for lb in aws_lb.kubeapi : length(lb.name) <= 32], [for group in aws_lb_target_group.kubeapi : length(group.name) <= 32],
    ))
    error_message = "With the longest name of an environment every name fits into 32 characters."
  }
}
