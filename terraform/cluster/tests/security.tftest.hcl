# The matrix of security groups, rule by rule: who may reach whom, and nobody else.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment         = "example"
  vpc_id              = "vpc-0123456789abcdef0"
  ssh_access_list     = ["203.0.113.0/24"]
  kubeapi_access_list = ["203.0.113.0/24", "198.51.100.17/32"]
  elb_subnets         = { eu-west-2a = "10.80.100.0/24", eu-west-2b = "10.80.101.0/24" }
  enable_calico       = false
}

run "flannel" {
  command = plan

  module {
    source = "../modules/security"
  }

  # The whole matrix as "to from protocol ports": a rule more or less fails.
  assert {
    condition = toset(output.matrix) == toset([
      "elb-public 203.0.113.0/24 tcp 443-443",
      "elb-public 198.51.100.17/32 tcp 443-443",
      "elb-internal mgmt tcp 6443-6443",
      "elb-internal secure tcp 6443-6443",
      "elb-internal compute tcp 6443-6443",
      "mgmt 203.0.113.0/24 tcp 22-22",
      "secure elb-public tcp 6443-6443",
      "secure elb-internal tcp 6443-6443",
      "secure elb-public icmp 3-4",
      "secure elb-internal icmp 3-4",
      "secure mgmt tcp 22-22",
      "secure secure tcp 2379-2380",
      "secure secure tcp 6443-6443",
      "secure secure tcp 10250-10250",
      "secure secure udp 8472-8472",
      "secure compute tcp 6443-6443",
      "secure compute udp 8472-8472",
      "compute 10.80.100.0/24 tcp 30000-32767",
      "compute 10.80.101.0/24 tcp 30000-32767",
      "compute mgmt tcp 22-22",
      "compute secure tcp 10250-10250",
      "compute secure udp 8472-8472",
      "compute compute tcp 10250-10250",
      "compute compute udp 8472-8472",
    ])
    error_message = "The matrix is another: ${jsonencode(output.matrix)}"
  }

  # The resources are what the matrix says.
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.between) + length(aws_vpc_security_group_ingress_rule.arriving) == length(output.matrix)
    error_message = "Each entry of the matrix is one ingress rule."
  }

  assert {
    condition = alltrue([
      for name, rule in aws_vpc_security_group_ingress_rule.between :
      rule.ip_protocol == aws_vpc_security_group_egress_rule.between[name].ip_protocol
      && rule.from_port == aws_vpc_security_group_egress_rule.between[name].from_port
      && rule.to_port == aws_vpc_security_group_egress_rule.between[name].to_port
    ]) && keys(aws_vpc_security_group_ingress_rule.between) == keys(aws_vpc_security_group_egress_rule.between)
    error_message = "What one layer may receive another may send, with the same ports."
  }

  assert {
    condition = [
      for name, rule in aws_vpc_security_group_ingress_rule.between : name if rule.from_port <= 2380 && rule.to_port >= 2379
    ] == ["etcd-secure-from-secure"]
    error_message = "Only the masters reach etcd."
  }

  assert {
    condition = alltrue([
      for rule in concat(
        values(aws_vpc_security_group_ingress_rule.between), values(aws_vpc_security_group_ingress_rule.arriving),
      ) : alltrue([for port in [2381, 10257, 10259] : rule.from_port > port || rule.to_port < port])
    ])
    error_message = "What the control plane serves on loopback stays there."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.arriving : rule.cidr_ipv4 != "0.0.0.0/0"])
    error_message = "Nothing is open to the world."
  }

  assert {
    condition     = toset(keys(aws_vpc_security_group_egress_rule.leaving)) == toset(["https-from-mgmt", "https-from-secure", "any-from-compute"])
    error_message = "Bastions and masters leave by https alone, workers freely, load balancers not at all."
  }

  assert {
    condition = alltrue(flatten([
      [for rule in aws_vpc_security_group_ingress_rule.between : can(regex("^[A-Za-z0-9 ._:/()#,@+=&;{}!$*-]{1,255}$", rule.description)) && rule.tags.Name != ""],
      [for rule in aws_vpc_security_group_ingress_rule.arriving : can(regex("^[A-Za-z0-9 ._:/()#,@+=&;{}!$*-]{1,255}$", rule.description)) && rule.tags.Name != ""],
      [for rule in aws_vpc_security_group_egress_rule.leaving : can(regex("^[A-Za-z0-9 ._:/()#,@+=&;{}!$*-]{1,255}$", rule.description)) && rule.tags.Name != ""],
    ]))
    error_message = "Each rule says what it is for, in characters that AWS takes."
  }

  assert {
    condition = [
      for layer, group in aws_security_group.layer : layer if contains(keys(group.tags), "kubernetes.io/cluster/example")
    ] == ["compute"]
    error_message = "Exactly one group has the cluster's tag: the workers'."
  }
}

run "calico" {
  command = plan

  module {
    source = "../modules/security"
  }

  variables {
    enable_calico = true
  }

  assert {
    condition = toset([for entry in output.matrix : entry if length(regexall(" (8472|4789|5473)-", entry)) > 0]) == toset(flatten([
      for pair in setproduct(["secure", "compute"], ["secure", "compute"]) : [
        "${pair[0]} ${pair[1]} udp 4789-4789", "${pair[0]} ${pair[1]} tcp 5473-5473",
      ]
    ]))
    error_message = "Calico has VXLAN and Typha among masters and workers, and Flannel's port is closed."
  }
}

run "nobody_is_let_in" {
  command = plan

  module {
    source = "../modules/security"
  }

  variables {
    ssh_access_list     = []
    kubeapi_access_list = []
  }

  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.arriving)) == toset(["nodeports-compute-from-elb-eu-west-2a", "nodeports-compute-from-elb-eu-west-2b"])
    error_message = "Empty access lists open nothing."
  }
}
