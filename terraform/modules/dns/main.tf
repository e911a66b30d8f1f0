# The public zone, found or made, and the API's name in it.

data "aws_route53_zone" "public" {
  for_each = toset(var.public_zone_create ? [] : [var.public_zone_name])

  name         = each.key
  private_zone = false
}

resource "aws_route53_zone" "public" {
  #checkov:skip=CKV2_AWS_38: DNSSEC needs a record in the parent zone, which is somebody else's; a zone in earnest exists before us
  #checkov:skip=CKV2_AWS_39: query logs go to us-east-1 alone, and the zone holds one name
  for_each = toset(var.public_zone_create ? [var.public_zone_name] : [])

  name    = each.key
  comment = "Public names of ${var.environment}"

  # Records that Kubernetes added go with the zone: nobody else knows of a zone that was made here.
  force_destroy = true

  tags = {
    Name = each.key
  }
}

locals {
  public_zone = one(concat(values(data.aws_route53_zone.public), values(aws_route53_zone.public)))
}

resource "aws_route53_record" "kubeapi_public" {
  #checkov:skip=CKV2_AWS_23: it is an alias of the api module's load balancer, which checkov does not follow through the module's variable
  for_each = var.public_elb

  zone_id = local.public_zone.zone_id
  name    = "${var.kubeapi_dns}.${var.public_zone_name}"
  type    = "A"

  alias {
    name                   = each.value.dns_name
    zone_id                = each.value.zone_id
    evaluate_target_health = true
  }
}

# The private zone: where machines find the API and etcd.

resource "aws_route53_zone" "private" {
  name    = var.private_zone_name
  comment = "Private names of ${var.environment}"

  # Records that Kubernetes added go with the VPC that alone can see them.
  force_destroy = true

  vpc {
    vpc_id = var.vpc_id
  }

  tags = {
    Name = var.private_zone_name
  }
}

resource "aws_route53_record" "kubeapi_internal" {
  zone_id = aws_route53_zone.private.zone_id
  name    = "${var.kubeapi_internal_dns}.${var.private_zone_name}"
  type    = "A"

  alias {
    name                   = var.internal_elb.dns_name
    zone_id                = var.internal_elb.zone_id
    evaluate_target_health = true
  }
}

resource "aws_route53_record" "etcd" {
  #checkov:skip=CKV2_AWS_23: it is the fixed address of an interface in the secure module, which checkov does not follow through the module's variable
  for_each = var.etcd_addresses

  zone_id = aws_route53_zone.private.zone_id
  name    = "etcd${each.key}.${var.private_zone_name}"
  type    = "A"
  ttl     = 60
  records = [each.value]
}
