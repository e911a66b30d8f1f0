# Every validation refuses what it is there for, one by one. The settings stand alone here (the folder has a link to the
# root's variables.tf), so that no provider has to be started for each.

variables {
  environment         = "example"
  aws_region          = "eu-west-2"
  aws_account         = "123456789012"
  kms_master_id       = "alias/example"
  secrets_bucket_name = "example-secrets"
  ssh_public_key      = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAhmBZMwJIBHsWvO2oEF3fX5fm4omCGFqEVPdGg18I1 somebody"
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

run "refuses_no_days_for_old_secrets" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secrets_noncurrent_days = 0
  }

  expect_failures = [var.secrets_noncurrent_days]
}

run "refuses_a_tiny_etcd_volume" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_data_volume = 1
  }

  expect_failures = [var.secure_data_volume]
}

run "refuses_a_magnetic_etcd_volume" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_data_volume_type = "standard"
  }

  expect_failures = [var.secure_data_volume_type]
}

run "refuses_too_few_operations" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_data_volume_iops = 100
  }

  expect_failures = [var.secure_data_volume_iops]
}

run "refuses_too_little_throughput" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_data_volume_throughput = 10
  }

  expect_failures = [var.secure_data_volume_throughput]
}

run "refuses_throughput_beyond_the_operations" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_data_volume_throughput = 1000
  }

  expect_failures = [var.secure_data_volume_throughput]
}

run "refuses_etcd_in_the_clear" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    secure_data_volume_encrypted = false
  }

  expect_failures = [var.secure_data_volume_encrypted]
}

run "refuses_a_private_key" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    ssh_public_key = "-----BEGIN OPENSSH PRIVATE KEY-----"
  }

  expect_failures = [var.ssh_public_key]
}

run "refuses_a_key_that_ec2_does_not_take" {
  command = plan

  module {
    source = "./tests/settings"
  }

  variables {
    ssh_public_key = "ecdsa-sha2-nistp256 AAAA somebody"
  }

  expect_failures = [var.ssh_public_key]
}
