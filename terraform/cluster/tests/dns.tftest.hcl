# Zones and names.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment          = "example"
  vpc_id               = "vpc-0123456789abcdef0"
  public_zone_name     = "platform.example.org"
  public_zone_create   = false
  private_zone_name    = "example.internal"
  kubeapi_dns          = "kube-example"
  kubeapi_internal_dns = "kube"
  public_elb           = { public = { dns_name = "public.elb.example.net", zone_id = "ZELB" } }
  internal_elb         = { dns_name = "internal.elb.example.net", zone_id = "ZELB" }
  etcd_addresses       = { "0" = "10.80.10.100", "1" = "10.80.11.100", "2" = "10.80.12.100" }
}

run "a_zone_that_exists" {
  command = plan

  module {
    source = "../modules/dns"
  }

  assert {
    condition     = length(aws_route53_zone.public) == 0 && aws_route53_record.kubeapi_public["public"].zone_id == "Z0123456789ABCDEFGHIJ"
    error_message = "The public zone is found, not made."
  }

  assert {
    condition     = output.kubeapi_public == "kube-example.platform.example.org" && output.kubeapi_internal == "kube.example.internal"
    error_message = "The API has its names."
  }

  assert {
    condition     = aws_route53_record.kubeapi_public["public"].alias[0].evaluate_target_health && aws_route53_record.kubeapi_internal.alias[0].name == "internal.elb.example.net"
    error_message = "They are aliases of the load balancers."
  }

  assert {
    condition     = output.etcd == { "0" = "etcd0.example.internal", "1" = "etcd1.example.internal", "2" = "etcd2.example.internal" } && aws_route53_record.etcd["1"].records == toset(["10.80.11.100"])
    error_message = "Each etcd member has its name."
  }
}

run "a_zone_of_its_own" {
  command = plan

  module {
    source = "../modules/dns"
  }

  variables {
    public_zone_create = true
  }

  assert {
    condition     = keys(aws_route53_zone.public) == ["platform.example.org"] && length(data.aws_route53_zone.public) == 0
    error_message = "The public zone is made."
  }
}

run "no_public_load_balancer" {
  command = plan

  module {
    source = "../modules/dns"
  }

  variables {
    public_elb = {}
  }

  assert {
    condition     = length(aws_route53_record.kubeapi_public) == 0 && output.kubeapi_public == null
    error_message = "Without a public load balancer there is no public name."
  }
}
