# nat, elb and mgmt reach the internet directly; secure and compute, zone by zone, through NAT and never from outside.

locals {
  public_tiers  = ["nat", "elb", "mgmt"]
  private_zones = toset(concat(keys(var.subnets.secure), keys(var.subnets.compute)))

  # The NAT gateway that each private zone goes out by: its own, or the only one.
  private_ways_out = {
    for zone in local.private_zones : zone => var.nat_mode == "single" ? one(local.nat_gateways) : zone
    if var.nat_mode != "none"
  }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id

  tags = {
    Name = "${var.environment}-public"
  }
}

resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route_table" "private" {
  for_each = local.private_zones

  vpc_id = aws_vpc.main.id

  tags = {
    Name = "${var.environment}-private-${each.key}"
  }
}

resource "aws_route" "private" {
  for_each = local.private_ways_out

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.zone[each.value].id
}

resource "aws_route_table_association" "tier" {
  for_each = local.subnets

  subnet_id = aws_subnet.tier[each.key].id
  route_table_id = (
    contains(local.public_tiers, each.value.tier) ? aws_route_table.public.id : aws_route_table.private[each.value.zone].id
  )
}
