# The load balancers of the Kubernetes API. Their security groups can be given when they are made and never later; the
# public one's holds the access list.

locals {
  # AWS takes 32 characters: the original's name when it fits, a shorter one when it does not.
  internal_name = (
    length("${var.environment}-kube-internal-elb") <= 32 ? "${var.environment}-kube-internal-elb" : "${var.environment}-kube-int"
  )

  balancers = merge(
    {
      internal = {
        name     = local.internal_name
        targets  = "${var.environment}-kube-int"
        internal = true
        subnets  = values(var.secure_subnets)
        group    = var.groups["elb-internal"]
        port     = 6443
      }
    },
    var.public ? {
      public = {
        name     = "${var.environment}-kubeapi"
        targets  = "${var.environment}-kubeapi"
        internal = false
        subnets  = values(var.elb_subnets)
        group    = var.groups["elb-public"]
        port     = 443
      }
    } : {}
  )
}

resource "aws_lb" "kubeapi" {
  #checkov:skip=CKV_AWS_91: a network load balancer logs TLS listeners only; the API server's audit log names every caller
  #checkov:skip=CKV_AWS_150: it holds nothing and is made again in a minute; cleanup asks for the environment's name
  for_each = local.balancers

  name               = each.value.name
  load_balancer_type = "network"
  internal           = each.value.internal
  subnets            = each.value.subnets
  security_groups    = [each.value.group]

  # One master a zone: without this, a zone whose master is being replaced would answer nobody.
  enable_cross_zone_load_balancing = true

  tags = {
    Name = each.value.name
    Role = "kubeapi-${each.key}"
  }
}

resource "aws_lb_target_group" "kubeapi" {
  for_each = local.balancers

  name        = each.value.targets
  vpc_id      = var.vpc_id
  target_type = "instance"
  protocol    = "TCP"
  port        = 6443

  # A master that reaches itself through the load balancer would see its own address as the sender and drop the answer.
  preserve_client_ip   = false
  deregistration_delay = 60

  # A master that fails its check keeps the connections it has: watches end by themselves when it shuts down.
  target_health_state {
    enable_unhealthy_connection_termination = false
  }

  health_check {
    protocol            = "HTTPS"
    path                = "/readyz"
    port                = "traffic-port"
    matcher             = "200"
    interval            = 10
    timeout             = 6
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  tags = {
    Name = each.value.name
    Role = "kubeapi-${each.key}"
  }
}

resource "aws_lb_listener" "kubeapi" {
  for_each = local.balancers

  load_balancer_arn = aws_lb.kubeapi[each.key].arn
  port              = each.value.port
  protocol          = "TCP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.kubeapi[each.key].arn
  }

  tags = {
    Name = each.value.name
  }
}
