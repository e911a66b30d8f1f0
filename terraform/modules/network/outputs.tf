output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.main.id
}

output "subnets" {
  description = "Subnets' ids by tier and zone."
  value = {
    for tier, zones in var.subnets : tier => { for zone in keys(zones) : zone => aws_subnet.tier["${tier}-${zone}"].id }
  }
}

output "public_subnets" {
  description = "The same for the tiers that face the internet. Whatever uses it waits for the way there, without which AWS refuses a public load balancer."
  value = {
    for tier in local.public_tiers : tier => { for zone in keys(var.subnets[tier]) : zone => aws_subnet.tier["${tier}-${zone}"].id }
  }

  depends_on = [aws_route.public]
}

output "nat_addresses" {
  description = "Public addresses that secure and compute go out with, by zone of the NAT gateway."
  value       = { for zone, address in aws_eip.nat : zone => address.public_ip }
}

output "ways_out" {
  description = "Zone of the NAT gateway that each private zone goes out by. Empty without NAT."
  value       = local.private_ways_out
}
