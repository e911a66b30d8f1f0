# Every validation refuses what it is there for, one by one. The settings stand alone here (the folder has a link to the
# root's variables.tf), so that no provider has to be started for each.

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

run "refuses_a_name_of_21_characters" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    environment = "abcdefghijklmnopqrstu"
  }

  expect_failures = [var.environment]
}

run "refuses_a_name_in_capitals" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    environment = "Example"
  }

  expect_failures = [var.environment]
}

run "refuses_a_name_that_begins_with_a_digit" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    environment = "1example"
  }

  expect_failures = [var.environment]
}

run "refuses_a_name_that_aws_keeps" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    environment = "internal"
  }

  expect_failures = [var.environment]
}

run "refuses_an_empty_name" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    environment = ""
  }

  expect_failures = [var.environment]
}

run "refuses_a_zone_as_region" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    aws_region = "eu-west-2a"
  }

  expect_failures = [var.aws_region]
}

run "refuses_an_account_of_11_digits" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    aws_account = "12345678901"
  }

  expect_failures = [var.aws_account]
}

run "refuses_no_retries" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    max_retries = 0
  }

  expect_failures = [var.max_retries]
}

run "refuses_a_key_with_spaces" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    kms_master_id = "my key"
  }

  expect_failures = [var.kms_master_id]
}

run "refuses_a_bucket_with_capitals" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secrets_bucket_name = "Example-Secrets"
  }

  expect_failures = [var.secrets_bucket_name]
}

run "refuses_a_bucket_of_two_letters" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secrets_bucket_name = "ab"
  }

  expect_failures = [var.secrets_bucket_name]
}

run "refuses_the_world_on_ssh" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    ssh_access_list = ["0.0.0.0/0"]
  }

  expect_failures = [var.ssh_access_list]
}

run "refuses_the_world_on_the_api" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    kubeapi_access_list = ["0.0.0.0/0"]
  }

  expect_failures = [var.kubeapi_access_list]
}

run "refuses_the_world_in_halves" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    ssh_access_list = ["0.0.0.0/1", "128.0.0.0/1"]
  }

  expect_failures = [var.ssh_access_list]
}

run "refuses_the_ipv6_world" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    kubeapi_access_list = ["::/0"]
  }

  expect_failures = [var.kubeapi_access_list]
}

run "refuses_an_address_without_a_length" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    ssh_access_list = ["203.0.113.7"]
  }

  expect_failures = [var.ssh_access_list]
}

run "refuses_a_network_with_host_bits" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    kubeapi_access_list = ["203.0.113.7/24"]
  }

  expect_failures = [var.kubeapi_access_list]
}

run "refuses_a_network_twice" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    ssh_access_list = ["203.0.113.0/24", "203.0.113.0/24"]
  }

  expect_failures = [var.ssh_access_list]
}

run "refuses_a_public_zone_with_a_dot_at_its_end" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    public_zone_name = "example.org."
  }

  expect_failures = [var.public_zone_name]
}

run "refuses_a_private_zone_of_one_label" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    private_zone_name = "internal"
  }

  expect_failures = [var.private_zone_name]
}

run "refuses_a_public_name_with_a_dot" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    kubeapi_dns = "kube.example"
  }

  expect_failures = [var.kubeapi_dns]
}

run "refuses_a_private_name_with_an_underscore" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    kubeapi_internal_dns = "kube_api"
  }

  expect_failures = [var.kubeapi_internal_dns]
}

run "refuses_a_private_name_of_etcds" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    kubeapi_internal_dns = "etcd0"
  }

  expect_failures = [var.kubeapi_internal_dns]
}

run "refuses_a_vpc_that_is_no_network" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    vpc_cidr = "10.80.0.1/16"
  }

  expect_failures = [var.vpc_cidr]
}

run "refuses_a_vpc_of_a_15" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    vpc_cidr = "10.80.0.0/15"
  }

  expect_failures = [var.vpc_cidr]
}

run "refuses_a_zone_of_another_region" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    mgmt_subnets = { eu-west-1a = "10.80.110.0/24" }
  }

  expect_failures = [var.mgmt_subnets]
}

run "refuses_a_zone_in_both_spellings" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    mgmt_subnets = { a = "10.80.110.0/24", eu-west-2a = "10.80.111.0/24" }
  }

  expect_failures = [var.mgmt_subnets]
}

run "refuses_a_tier_without_subnets" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    mgmt_subnets = {}
  }

  expect_failures = [var.mgmt_subnets]
}

run "refuses_a_subnet_that_is_no_network" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_subnets = { a = "10.80.20.0" }
  }

  expect_failures = [var.compute_subnets]
}

run "refuses_a_nat_subnet_outside_the_vpc" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    nat_subnets = { a = "10.81.0.0/24", b = "10.80.1.0/24", c = "10.80.2.0/24" }
  }

  expect_failures = [var.nat_subnets]
}

run "refuses_an_elb_subnet_outside_the_vpc" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    elb_subnets = { a = "10.81.100.0/24", b = "10.80.101.0/24", c = "10.80.102.0/24" }
  }

  expect_failures = [var.elb_subnets]
}

run "refuses_a_mgmt_subnet_outside_the_vpc" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    mgmt_subnets = { a = "10.81.110.0/24", b = "10.80.111.0/24", c = "10.80.112.0/24" }
  }

  expect_failures = [var.mgmt_subnets]
}

run "refuses_a_secure_subnet_outside_the_vpc" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_subnets = { a = "10.81.10.0/24", b = "10.80.11.0/24", c = "10.80.12.0/24" }
  }

  expect_failures = [var.secure_subnets]
}

run "refuses_a_compute_subnet_outside_the_vpc" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_subnets = { a = "10.81.20.0/24", b = "10.80.21.0/24", c = "10.80.22.0/24" }
  }

  expect_failures = [var.compute_subnets]
}

run "refuses_overlap_within_a_tier" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    nat_subnets = { a = "10.80.0.0/24", b = "10.80.0.128/25", c = "10.80.2.0/24" }
  }

  expect_failures = [var.nat_subnets]
}

run "refuses_overlap_of_elb_and_nat" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    elb_subnets = { a = "10.80.0.0/25", b = "10.80.101.0/24", c = "10.80.102.0/24" }
  }

  expect_failures = [var.elb_subnets]
}

run "refuses_overlap_of_mgmt_and_elb" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    mgmt_subnets = { a = "10.80.100.0/23", b = "10.80.111.0/24", c = "10.80.112.0/24" }
  }

  expect_failures = [var.mgmt_subnets]
}

run "refuses_overlap_of_secure_and_nat" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_subnets = { a = "10.80.0.0/20", b = "10.80.16.0/24", c = "10.80.17.0/24" }
  }

  expect_failures = [var.secure_subnets]
}

run "refuses_overlap_of_compute_and_mgmt" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_subnets = { a = "10.80.110.0/24", b = "10.80.21.0/24", c = "10.80.22.0/24" }
  }

  expect_failures = [var.compute_subnets]
}

run "refuses_a_member_outside_its_subnet" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_nodes = {
      "0" = { zone = "a", address = "10.80.11.101" }
      "1" = { zone = "b", address = "10.80.11.100" }
      "2" = { zone = "c", address = "10.80.12.100" }
    }
  }

  expect_failures = [var.secure_subnets]
}

run "refuses_a_member_on_an_address_of_aws" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_nodes = {
      "0" = { zone = "a", address = "10.80.10.3" }
      "1" = { zone = "b", address = "10.80.11.100" }
      "2" = { zone = "c", address = "10.80.12.100" }
    }
  }

  expect_failures = [var.secure_subnets]
}

run "refuses_a_masters_zone_without_load_balancer" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    elb_subnets = { a = "10.80.100.0/24", b = "10.80.101.0/24" }
  }

  expect_failures = [var.secure_subnets]
}

run "refuses_an_unknown_nat_mode" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    nat_mode = "both"
  }

  expect_failures = [var.nat_mode]
}

run "refuses_nat_per_zone_without_a_subnet" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    nat_subnets = { a = "10.80.0.0/24" }
  }

  expect_failures = [var.nat_mode]
}

run "refuses_a_version_with_a_v" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    kubernetes_version = "v1.36.3"
  }

  expect_failures = [var.kubernetes_version]
}

run "refuses_a_version_that_is_too_old" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    kubernetes_version = "1.34.2"
  }

  expect_failures = [var.kubernetes_version]
}

run "refuses_an_image_place_with_a_tag" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    kubernetes_image = "mirror.example.org/kubernetes@sha256"
  }

  expect_failures = [var.kubernetes_image]
}

run "refuses_pods_in_the_vpc" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    pod_network = "10.80.0.0/17"
  }

  expect_failures = [var.pod_network]
}

run "refuses_too_small_a_pod_network" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    pod_network = "10.10.0.0/24"
  }

  expect_failures = [var.pod_network]
}

run "refuses_services_in_the_vpc" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    service_network = "10.80.128.0/17"
  }

  expect_failures = [var.service_network]
}

run "refuses_services_among_the_pods" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    service_network = "10.10.0.0/20"
  }

  expect_failures = [var.service_network]
}

run "refuses_two_members" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_nodes = {
      "0" = { zone = "a", address = "10.80.10.100" }
      "1" = { zone = "b", address = "10.80.11.100" }
    }
  }

  expect_failures = [var.secure_nodes]
}

run "refuses_a_node_id_that_is_a_word" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_nodes = {
      "zero" = { zone = "a", address = "10.80.10.100" }
      "1"    = { zone = "b", address = "10.80.11.100" }
      "2"    = { zone = "c", address = "10.80.12.100" }
    }
  }

  expect_failures = [var.secure_nodes]
}

run "refuses_a_member_in_another_region" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_nodes = {
      "0" = { zone = "eu-west-1a", address = "10.80.10.100" }
      "1" = { zone = "b", address = "10.80.11.100" }
      "2" = { zone = "c", address = "10.80.12.100" }
    }
  }

  expect_failures = [var.secure_nodes]
}

run "refuses_an_address_that_is_none" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_nodes = {
      "0" = { zone = "a", address = "10.80.10.300" }
      "1" = { zone = "b", address = "10.80.11.100" }
      "2" = { zone = "c", address = "10.80.12.100" }
    }
  }

  expect_failures = [var.secure_nodes]
}

run "refuses_the_same_address_twice" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_nodes = {
      "0" = { zone = "a", address = "10.80.10.100" }
      "1" = { zone = "a", address = "10.80.10.100" }
      "2" = { zone = "c", address = "10.80.12.100" }
    }
  }

  expect_failures = [var.secure_nodes]
}

run "refuses_a_master_of_no_type" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_flavor = "large"
  }

  expect_failures = [var.secure_flavor]
}

run "refuses_a_tiny_root_volume" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_root_volume = 5
  }

  expect_failures = [var.secure_root_volume]
}

run "refuses_a_worker_of_no_type" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_flavor = "m6i large"
  }

  expect_failures = [var.compute_flavor]
}

run "refuses_half_a_worker" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_asg_min = 1.5
  }

  expect_failures = [var.compute_asg_min]
}

run "refuses_fewer_at_most_than_at_least" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_asg_max = 2
  }

  expect_failures = [var.compute_asg_max]
}

run "refuses_a_huge_root_volume" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_root_volume = 20000
  }

  expect_failures = [var.compute_root_volume]
}

run "refuses_a_label_with_a_quote" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_labels = { purpose = "it's" }
  }

  expect_failures = [var.compute_labels]
}

run "refuses_a_label_name_with_a_space" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_labels = { "a b" = "c" }
  }

  expect_failures = [var.compute_labels]
}

run "refuses_a_label_that_kubelets_may_not_have" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_labels = { "node-role.kubernetes.io/worker" = "" }
  }

  expect_failures = [var.compute_labels]
}

run "refuses_a_pool_with_a_label_that_kubelets_may_not_have" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_pools = { batch = { flavor = "m6i.large", labels = { "k8s.io/role" = "batch" } } }
  }

  expect_failures = [var.compute_pools]
}

run "refuses_a_pool_with_a_long_name" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_pools = { abcdefghijklmnopqrstuv = { flavor = "m6i.large" } }
  }

  expect_failures = [var.compute_pools]
}

run "refuses_a_pool_of_no_type" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_pools = { batch = { flavor = "large" } }
  }

  expect_failures = [var.compute_pools]
}

run "refuses_a_fallback_of_no_type" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_pools = { batch = { flavor = "m6i.large", fallbacks = ["large"] } }
  }

  expect_failures = [var.compute_pools]
}

run "refuses_a_pool_with_min_over_max" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_pools = { batch = { flavor = "m6i.large", min = 5, max = 4 } }
  }

  expect_failures = [var.compute_pools]
}

run "refuses_a_pool_with_a_tiny_volume" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_pools = { batch = { flavor = "m6i.large", root_volume = 1 } }
  }

  expect_failures = [var.compute_pools]
}

run "refuses_a_pool_with_a_bad_label" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_pools = { batch = { flavor = "m6i.large", labels = { a = "b c" } } }
  }

  expect_failures = [var.compute_pools]
}

run "refuses_a_pool_with_a_bad_taint" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_pools = { batch = { flavor = "m6i.large", taints = ["a=b:Never"] } }
  }

  expect_failures = [var.compute_pools]
}

run "refuses_a_pool_in_a_zone_without_subnet" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_pools = { batch = { flavor = "m6i.large", zones = ["d"] } }
  }

  expect_failures = [var.compute_pools]
}

run "refuses_a_bastion_of_no_type" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    bastion_flavor = "small"
  }

  expect_failures = [var.bastion_flavor]
}

run "refuses_eleven_bastions" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    bastion_count = 11
  }

  expect_failures = [var.bastion_count]
}

run "refuses_an_image_that_is_none" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    machine_image = "al2023"
  }

  expect_failures = [var.machine_image]
}

run "refuses_an_owner_that_is_none" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    machine_image_owner = "Amazon"
  }

  expect_failures = [var.machine_image_owner]
}

run "refuses_a_short_checksum" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    boot_bundle_sha256 = "abc"
  }

  expect_failures = [var.boot_bundle_sha256]
}

run "refuses_a_retention_that_cloudwatch_has_not" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    log_retention_days = 8
  }

  expect_failures = [var.log_retention_days]
}

# The other side: what looks alike and is fine.

run "allows_the_world_when_it_is_asked_for" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    allow_world         = true
    ssh_access_list     = ["0.0.0.0/0"]
    kubeapi_access_list = ["0.0.0.0/0"]
  }
}

run "allows_nobody" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    ssh_access_list     = []
    kubeapi_access_list = []
  }
}

run "allows_whole_names_of_zones" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_subnets = { eu-west-2a = "10.80.10.0/24" }
    secure_nodes   = { "0" = { zone = "a", address = "10.80.10.100" } }
  }
}

run "allows_labels_of_nodes" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    compute_labels = { "node.kubernetes.io/purpose" = "batch", "example.org/team" = "a", plain = "" }
  }
}
