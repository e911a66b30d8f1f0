resource "aws_vpc" "main" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = {
    Name = var.environment
  }
}

# Whatever is started without a security group gets this one, which lets nothing in or out. The lists are written out,
# so that a rule added by hand is seen.
resource "aws_default_security_group" "empty" {
  vpc_id  = aws_vpc.main.id
  ingress = []
  egress  = []

  tags = {
    Name = "${var.environment}-default-empty"
  }
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id

  tags = {
    Name = var.environment
  }
}

# S3 without a NAT gateway: it costs nothing, and the secrets do not leave Amazon's network.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.main.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids = concat(
    [aws_route_table.public.id],
    [for table in aws_route_table.private : table.id],
  )

  tags = {
    Name = "${var.environment}-s3"
  }
}
