locals {
  nat_zones = sort(keys(var.subnets.nat))

  # The zones that get a NAT gateway.
  nat_gateways = toset(
    var.nat_mode == "per_az" ? local.nat_zones :
    var.nat_mode == "single" ? slice(local.nat_zones, 0, 1) : []
  )
}

resource "aws_eip" "nat" {
  for_each = local.nat_gateways

  domain = "vpc"

  tags = {
    Name = "${var.environment}-nat-${each.key}"
  }
}

resource "aws_nat_gateway" "zone" {
  for_each = local.nat_gateways

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.tier["nat-${each.key}"].id

  tags = {
    Name = "${var.environment}-${each.key}"
  }

  depends_on = [aws_internet_gateway.main]
}
