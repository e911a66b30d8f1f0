locals {
  # One entry for each tier and zone, named by both: taking a zone away moves no other subnet.
  subnets = merge([
    for tier, zones in var.subnets : {
      for zone, cidr in zones : "${tier}-${zone}" => { tier = tier, zone = zone, cidr = cidr }
    }
  ]...)

  # Kubernetes looks for these when it makes load balancers of its own.
  subnet_roles = {
    elb     = { "kubernetes.io/role/elb" = "1" }
    compute = { "kubernetes.io/role/internal-elb" = "1" }
  }
}

resource "aws_subnet" "tier" {
  for_each = local.subnets

  vpc_id            = aws_vpc.main.id
  availability_zone = each.value.zone
  cidr_block        = each.value.cidr

  # No tier hands out public addresses by itself: the bastions ask for theirs.
  map_public_ip_on_launch = false

  tags = merge(lookup(local.subnet_roles, each.value.tier, {}), {
    Name = "${var.environment}-${each.key}"
    Tier = each.value.tier
  })
}
