# The root: what it hands on and what it answers.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment          = "example"
  aws_region           = "eu-west-2"
  aws_account          = "123456789012"
  kms_master_id        = "alias/example"
  secrets_bucket_name  = "example-secrets"
  public_zone_name     = "platform.example.org"
  private_zone_name    = "example.internal"
  kubeapi_dns          = "kube-example"
  kubeapi_internal_dns = "kube"
  ssh_access_list      = ["203.0.113.0/24"]
  kubeapi_access_list  = ["203.0.113.0/24"]
}

run "refuses_a_key_that_is_not_made_yet" {
  command = plan

  variables {
    kms_master_id = ""
  }

  expect_failures = [data.aws_kms_key.master]
}

run "defaults" {
  command = plan

  assert {
    condition     = output.kubeapi_public == "kube-example.platform.example.org" && output.kubeapi_internal == "kube.example.internal"
    error_message = "The API's names are made of the labels and the zones."
  }

  assert {
    condition     = output.compute_asg == { default = "example-compute-default" } && output.secure_asgs == { "0" = "example-secure-0", "1" = "example-secure-1", "2" = "example-secure-2" } && output.bastion_asg == "example-bastion"
    error_message = "The auto-scaling groups have their names."
  }

  assert {
    condition     = output.enabled_calico == false && output.public_name_services == tolist(["ns-1.example.net", "ns-2.example.net"])
    error_message = "The original's outputs are there."
  }

  assert {
    condition     = output.service_api_address == "10.200.0.1" && output.service_dns_address == "10.200.0.10" && output.pod_network == "10.10.0.0/16"
    error_message = "The services' fixed addresses follow their network."
  }

  assert {
    condition     = output.secrets_bucket == "example-secrets" && output.audit_bucket == ""
    error_message = "The bucket is the foundation's; there is no audit log unless it is asked for."
  }
}

run "everything_else" {
  command = plan

  variables {
    enable_audit         = true
    enable_calico        = true
    kubeapi_external_elb = false
    nat_mode             = "none"
    bastion_count        = 0
    machine_image        = "ami-0fedcba9876543210"
    compute_pools = {
      small = { flavor = "t3.large" }
      large = { flavor = "m6i.4xlarge", min = 0, spot = true, zones = ["b"] }
    }
    secure_subnets = { eu-west-2a = "10.80.10.0/24" }
    secure_nodes   = { "0" = { zone = "a", address = "10.80.10.100" } }
  }

  assert {
    condition     = output.compute_asg == { large = "example-compute-large", small = "example-compute-small" } && output.secure_asgs == { "0" = "example-secure-0" }
    error_message = "Pools take the place of the one pool; one master is enough to ask for."
  }

  assert {
    condition     = output.kubeapi_public == "" && output.kubeapi_public_elb == "" && output.enabled_calico && output.nat_addresses == {}
    error_message = "What is not made is answered empty."
  }
}

run "the_world_when_it_is_asked_for" {
  command = plan

  variables {
    allow_world         = true
    ssh_access_list     = ["0.0.0.0/0"]
    kubeapi_access_list = ["0.0.0.0/0"]
  }
}
