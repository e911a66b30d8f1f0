# The network: tiers over zones, the ways out, routes, ACLs and the flow log.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment        = "example"
  region             = "eu-west-2"
  account            = "123456789012"
  cidr               = "10.80.0.0/16"
  nat_mode           = "per_az"
  ssh_access_list    = ["203.0.113.0/24"]
  log_retention_days = 30
  subnets = {
    nat     = { eu-west-2a = "10.80.0.0/24", eu-west-2b = "10.80.1.0/24", eu-west-2c = "10.80.2.0/24" }
    elb     = { eu-west-2a = "10.80.100.0/24", eu-west-2b = "10.80.101.0/24", eu-west-2c = "10.80.102.0/24" }
    mgmt    = { eu-west-2a = "10.80.110.0/24", eu-west-2b = "10.80.111.0/24", eu-west-2c = "10.80.112.0/24" }
    secure  = { eu-west-2a = "10.80.10.0/24", eu-west-2b = "10.80.11.0/24", eu-west-2c = "10.80.12.0/24" }
    compute = { eu-west-2a = "10.80.20.0/24", eu-west-2b = "10.80.21.0/24", eu-west-2c = "10.80.22.0/24" }
  }
}

run "a_nat_gateway_in_each_zone" {
  command = plan

  module {
    source = "../modules/network"
  }

  assert {
    condition     = sort(keys(aws_nat_gateway.zone)) == tolist(["eu-west-2a", "eu-west-2b", "eu-west-2c"])
    error_message = "per_az has a NAT gateway in each zone."
  }

  assert {
    condition     = output.ways_out == { eu-west-2a = "eu-west-2a", eu-west-2b = "eu-west-2b", eu-west-2c = "eu-west-2c" }
    error_message = "Each zone goes out by its own NAT gateway."
  }

  assert {
    condition     = length(aws_subnet.tier) == 15 && aws_subnet.tier["secure-eu-west-2b"].cidr_block == "10.80.11.0/24" && aws_subnet.tier["secure-eu-west-2b"].availability_zone == "eu-west-2b"
    error_message = "Five tiers over three zones, each subnet in its zone with its network."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.tier : subnet.map_public_ip_on_launch == false])
    error_message = "No subnet hands out public addresses."
  }

  assert {
    condition = alltrue([
      for key, subnet in aws_subnet.tier : subnet.tags.Name == "example-${key}" && subnet.tags.Tier == split("-", key)[0]
    ])
    error_message = "Each subnet has its name and its tier in its tags."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.tier : !anytrue([for tag in keys(subnet.tags) : startswith(tag, "kubernetes.io/cluster/")])])
    error_message = "No subnet has the cluster's tag."
  }

  assert {
    condition     = aws_route.public.destination_cidr_block == "0.0.0.0/0" && length(aws_route.private) == 3
    error_message = "The public tiers go out by the internet gateway, each private zone by NAT."
  }

  assert {
    condition     = aws_vpc_endpoint.s3.service_name == "com.amazonaws.eu-west-2.s3" && aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway"
    error_message = "S3 is reached by a gateway endpoint."
  }

  assert {
    condition     = length(aws_default_security_group.empty.ingress) == 0 && length(aws_default_security_group.empty.egress) == 0
    error_message = "The default security group is empty."
  }

  assert {
    condition     = aws_flow_log.vpc.traffic_type == "ALL" && aws_cloudwatch_log_group.flow.retention_in_days == 30
    error_message = "All traffic is logged, for as long as was asked."
  }
}

run "one_nat_gateway_for_all" {
  command = plan

  module {
    source = "../modules/network"
  }

  variables {
    nat_mode = "single"
  }

  assert {
    condition     = keys(aws_nat_gateway.zone) == ["eu-west-2a"] && keys(aws_eip.nat) == ["eu-west-2a"]
    error_message = "single has one NAT gateway, in the first zone."
  }

  assert {
    condition     = output.ways_out == { eu-west-2a = "eu-west-2a", eu-west-2b = "eu-west-2a", eu-west-2c = "eu-west-2a" }
    error_message = "Every zone goes out by the one NAT gateway."
  }
}

run "no_way_out" {
  command = plan

  module {
    source = "../modules/network"
  }

  variables {
    nat_mode = "none"
  }

  assert {
    condition     = length(aws_nat_gateway.zone) == 0 && length(aws_eip.nat) == 0 && length(aws_route.private) == 0
    error_message = "none has no NAT gateway, no address and no default route."
  }

  assert {
    condition     = length(aws_route_table.private) == 3
    error_message = "Each private zone keeps its route table, for the S3 endpoint."
  }
}

run "acls" {
  command = plan

  module {
    source = "../modules/network"
  }

  assert {
    condition     = sort(keys(aws_network_acl.tier)) == tolist(["compute", "elb", "mgmt", "nat", "secure"])
    error_message = "Each tier has an ACL."
  }

  assert {
    condition = alltrue([
      for cidr in ["10.80.20.0/24", "10.80.21.0/24", "10.80.22.0/24"] : anytrue([
        for rule in aws_network_acl.tier["secure"].ingress :
        rule.action == "deny" && rule.cidr_block == cidr && rule.from_port == 2379 && rule.to_port == 2380 && rule.protocol == "tcp"
      ])
    ])
    error_message = "The workers' subnets are kept from etcd's ports."
  }

  assert {
    condition = (
      min([for rule in aws_network_acl.tier["secure"].ingress : rule.rule_no if rule.action == "allow"]...)
      > max([for rule in aws_network_acl.tier["secure"].ingress : rule.rule_no if rule.action == "deny"]...)
    )
    error_message = "What is denied is denied before anything is allowed."
  }

  assert {
    condition = [
      for rule in aws_network_acl.tier["mgmt"].ingress : rule.cidr_block if rule.from_port == 22 && rule.to_port == 22
    ] == ["203.0.113.0/24"]
    error_message = "ssh comes into mgmt from the access list alone."
  }

  assert {
    condition = alltrue(flatten([
      for tier, acl in aws_network_acl.tier : [
        for rule in acl.ingress : !(rule.action == "allow" && rule.cidr_block == "0.0.0.0/0" && rule.protocol == "tcp" && rule.from_port <= 22 && rule.to_port >= 22)
      ]
    ]))
    error_message = "No tier takes ssh from everywhere."
  }
}
