# Who may reach whom. A rule between two layers is written once and becomes two resources: what the one may send and
# what the other may receive. Nothing here opens 2379 to compute, nor the ports that the control plane serves on
# loopback (2381, 10257, 10259).

locals {
  overlay = var.enable_calico ? {
    vxlan = { protocol = "udp", port = 4789, what = "VXLAN of Calico" }
    typha = { protocol = "tcp", port = 5473, what = "Typha of Calico" }
    } : {
    vxlan = { protocol = "udp", port = 8472, what = "VXLAN of Flannel" }
  }

  # Between layers: name => from, to, protocol, ports, what for. AWS takes no apostrophe in a rule's description.
  between_fixed = {
    kubeapi-elb-internal-from-mgmt    = { from = "mgmt", to = "elb-internal", protocol = "tcp", low = 6443, high = 6443, what = "Kubernetes API from the bastions" }
    kubeapi-elb-internal-from-secure  = { from = "secure", to = "elb-internal", protocol = "tcp", low = 6443, high = 6443, what = "Kubernetes API from the masters" }
    kubeapi-elb-internal-from-compute = { from = "compute", to = "elb-internal", protocol = "tcp", low = 6443, high = 6443, what = "Kubernetes API from the workers" }

    kubeapi-secure-from-elb-public   = { from = "elb-public", to = "secure", protocol = "tcp", low = 6443, high = 6443, what = "Kubernetes API and health checks from the public load balancer" }
    kubeapi-secure-from-elb-internal = { from = "elb-internal", to = "secure", protocol = "tcp", low = 6443, high = 6443, what = "Kubernetes API and health checks from the internal load balancer" }
    mtu-secure-from-elb-public       = { from = "elb-public", to = "secure", protocol = "icmp", low = 3, high = 4, what = "Path MTU discovery through the public load balancer" }
    mtu-secure-from-elb-internal     = { from = "elb-internal", to = "secure", protocol = "icmp", low = 3, high = 4, what = "Path MTU discovery through the internal load balancer" }
    kubeapi-secure-from-secure       = { from = "secure", to = "secure", protocol = "tcp", low = 6443, high = 6443, what = "Kubernetes API between masters" }
    # Connections to the kubernetes service are turned to a master's own address on the worker.
    kubeapi-secure-from-compute = { from = "compute", to = "secure", protocol = "tcp", low = 6443, high = 6443, what = "Kubernetes API by the service address" }

    etcd-secure-from-secure = { from = "secure", to = "secure", protocol = "tcp", low = 2379, high = 2380, what = "Clients and peers of etcd" }

    ssh-secure-from-mgmt  = { from = "mgmt", to = "secure", protocol = "tcp", low = 22, high = 22, what = "ssh through the bastions" }
    ssh-compute-from-mgmt = { from = "mgmt", to = "compute", protocol = "tcp", low = 22, high = 22, what = "ssh through the bastions" }

    kubelet-secure-from-secure   = { from = "secure", to = "secure", protocol = "tcp", low = 10250, high = 10250, what = "Kubelets of the masters" }
    kubelet-compute-from-secure  = { from = "secure", to = "compute", protocol = "tcp", low = 10250, high = 10250, what = "Kubelets of the workers, for logs and exec" }
    kubelet-compute-from-compute = { from = "compute", to = "compute", protocol = "tcp", low = 10250, high = 10250, what = "Kubelets of the workers, for metrics-server" }
  }

  between_overlay = {
    for pair in setproduct(keys(local.overlay), ["secure", "compute"], ["secure", "compute"]) :
    "${pair[0]}-${pair[2]}-from-${pair[1]}" => {
      from     = pair[1], to = pair[2]
      protocol = local.overlay[pair[0]].protocol
      low      = local.overlay[pair[0]].port, high = local.overlay[pair[0]].port
      what     = local.overlay[pair[0]].what
    }
  }

  between = merge(local.between_fixed, local.between_overlay)

  # From networks outside.
  arriving = merge(
    { for cidr in var.kubeapi_access_list : "kubeapi-elb-public-from-${cidr}" => { to = "elb-public", cidr = cidr, low = 443, high = 443, what = "Kubernetes API from kubeapi_access_list" } },
    { for cidr in var.ssh_access_list : "ssh-mgmt-from-${cidr}" => { to = "mgmt", cidr = cidr, low = 22, high = 22, what = "ssh from ssh_access_list" } },
    { for zone, cidr in var.elb_subnets : "nodeports-compute-from-elb-${zone}" => { to = "compute", cidr = cidr, low = 30000, high = 32767, what = "Node ports from load balancers in the elb tier" } },
  )

  # To the world. Names are resolved and clocks set by link-local services that no group has to admit.
  leaving = {
    https-from-mgmt   = { from = "mgmt", protocol = "tcp", low = 443, high = 443, what = "AWS and updates" }
    https-from-secure = { from = "secure", protocol = "tcp", low = 443, high = 443, what = "AWS, images and issuers of tokens" }
    any-from-compute  = { from = "compute", protocol = "-1", low = null, high = null, what = "Whatever the workloads talk to" }
  }
}

resource "aws_vpc_security_group_ingress_rule" "between" {
  for_each = local.between

  security_group_id            = aws_security_group.layer[each.value.to].id
  referenced_security_group_id = aws_security_group.layer[each.value.from].id
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.low
  to_port                      = each.value.high
  description                  = each.value.what

  tags = {
    Name = each.key
  }
}

resource "aws_vpc_security_group_egress_rule" "between" {
  for_each = local.between

  security_group_id            = aws_security_group.layer[each.value.from].id
  referenced_security_group_id = aws_security_group.layer[each.value.to].id
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.low
  to_port                      = each.value.high
  description                  = each.value.what

  tags = {
    Name = each.key
  }
}

resource "aws_vpc_security_group_ingress_rule" "arriving" {
  for_each = local.arriving

  security_group_id = aws_security_group.layer[each.value.to].id
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.low
  to_port           = each.value.high
  description       = each.value.what

  tags = {
    Name = each.key
  }
}

resource "aws_vpc_security_group_egress_rule" "leaving" {
  for_each = local.leaving

  security_group_id = aws_security_group.layer[each.value.from].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = each.value.protocol
  from_port         = each.value.low
  to_port           = each.value.high
  description       = each.value.what

  tags = {
    Name = each.key
  }
}
