# A network ACL for each tier: a coarse second fence behind the security groups, which hold the exact matrix. ACLs know
# no connections, so answers from outside have to be let in by their ports; and NAT does not change the far address.
# The rules are inline, so that a rule added by hand is seen and taken away.

locals {
  answers = [
    { protocol = "tcp", cidr = "0.0.0.0/0", from = 1024, to = 65535 },
    { protocol = "udp", cidr = "0.0.0.0/0", from = 1024, to = 65535 },
    # Fragmentation needed: without it paths with a small MTU hang.
    { protocol = "icmp", cidr = "0.0.0.0/0", icmp_type = 3, icmp_code = 4 },
  ]
  inside = [{ protocol = "-1", cidr = var.cidr }]

  acl_ingress = {
    nat  = concat(local.inside, local.answers)
    elb  = concat(local.inside, local.answers, [for port in [80, 443] : { protocol = "tcp", cidr = "0.0.0.0/0", from = port, to = port }])
    mgmt = concat(local.inside, local.answers, [for cidr in var.ssh_access_list : { protocol = "tcp", cidr = cidr, from = 22, to = 22 }])
    secure = concat(
      # Whatever a security group may say one day, no worker reaches etcd.
      [for cidr in values(var.subnets.compute) : { action = "deny", protocol = "tcp", cidr = cidr, from = 2379, to = 2380 }],
      local.inside, local.answers,
    )
    compute = concat(local.inside, local.answers)
  }
}

resource "aws_network_acl" "tier" {
  #checkov:skip=CKV2_AWS_1: each is attached to its tier's subnets: they come from a for expression, which checkov does not follow
  for_each = local.acl_ingress

  vpc_id     = aws_vpc.main.id
  subnet_ids = [for zone in keys(var.subnets[each.key]) : aws_subnet.tier["${each.key}-${zone}"].id]

  dynamic "ingress" {
    for_each = { for index, rule in each.value : (index + 1) * 10 => rule }
    content {
      rule_no    = ingress.key
      action     = lookup(ingress.value, "action", "allow")
      protocol   = ingress.value.protocol
      cidr_block = ingress.value.cidr
      from_port  = lookup(ingress.value, "from", 0)
      to_port    = lookup(ingress.value, "to", 0)
      icmp_type  = lookup(ingress.value, "icmp_type", 0)
      icmp_code  = lookup(ingress.value, "icmp_code", 0)
    }
  }

  egress {
    rule_no    = 10
    action     = "allow"
    protocol   = "-1"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }

  tags = {
    Name = "${var.environment}-${each.key}"
    Tier = each.key
  }
}
