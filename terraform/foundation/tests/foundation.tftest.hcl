# The foundation: what it makes and how it is protected.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment         = "example"
  aws_region          = "eu-west-2"
  aws_account         = "123456789012"
  kms_master_id       = "alias/example"
  secrets_bucket_name = "example-secrets"
  ssh_public_key      = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAhmBZMwJIBHsWvO2oEF3fX5fm4omCGFqEVPdGg18I1 somebody"
}

run "refuses_a_key_that_is_not_made_yet" {
  command = plan

  variables {
    kms_master_id = ""
  }

  expect_failures = [data.aws_kms_key.master]
}

run "refuses_an_ssh_key_that_is_not_made_yet" {
  command = plan

  variables {
    ssh_public_key = ""
  }

  expect_failures = [aws_key_pair.environment]
}

run "defaults" {
  command = plan

  assert {
    condition = alltrue([
      for id, volume in aws_ebs_volume.etcd :
      volume.type == "gp3" && volume.size == 20 && volume.iops == 3000 && volume.throughput == 125 && volume.encrypted && volume.final_snapshot
      && volume.kms_key_id == "arn:aws:kms:eu-west-2:123456789012:key/11111111-2222-3333-4444-555555555555"
      && volume.tags == tomap({ Name = "example-etcd-${id}", Role = "etcd", NodeID = id })
    ]) && length(aws_ebs_volume.etcd) == 3
    error_message = "Each member has an encrypted gp3 volume with its NodeID, and a snapshot when it goes."
  }

  assert {
    condition     = aws_ebs_volume.etcd["1"].availability_zone == "eu-west-2b"
    error_message = "A letter is a zone of the region."
  }

  assert {
    condition     = aws_s3_bucket.secrets.bucket == "example-secrets" && aws_s3_bucket_versioning.secrets.versioning_configuration[0].status == "Enabled"
    error_message = "The secrets bucket is versioned."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_server_side_encryption_configuration.secrets.rule :
      rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
      && rule.apply_server_side_encryption_by_default[0].kms_master_key_id == "arn:aws:kms:eu-west-2:123456789012:key/11111111-2222-3333-4444-555555555555"
    ])
    error_message = "Secrets are encrypted under the environment's key, with a bucket key."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.secrets.block_public_acls, aws_s3_bucket_public_access_block.secrets.block_public_policy,
      aws_s3_bucket_public_access_block.secrets.ignore_public_acls, aws_s3_bucket_public_access_block.secrets.restrict_public_buckets,
      aws_s3_bucket_ownership_controls.secrets.rule[0].object_ownership == "BucketOwnerEnforced",
    ])
    error_message = "Nobody else sees or owns anything in the bucket."
  }

  assert {
    condition     = aws_key_pair.environment.key_name == "example" && output.key_name == "example"
    error_message = "The key pair has the environment's name."
  }
}

run "bucket_policy" {
  # The bucket's ARN is known only after it is made.
  override_resource {
    target          = aws_s3_bucket.secrets
    override_during = plan
    values          = { id = "example-secrets", arn = "arn:aws:s3:::example-secrets" }
  }

  command = plan

  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.secrets.statement : statement.effect == "Deny"])
    error_message = "The bucket's policy only denies."
  }

  assert {
    condition = anytrue([
      for statement in data.aws_iam_policy_document.secrets.statement : statement.actions == toset(["s3:*"]) && anytrue([
        for condition in statement.condition : condition.variable == "aws:SecureTransport" && condition.values == tolist(["false"])
      ])
    ])
    error_message = "Nothing goes without TLS."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.secrets.statement : statement.actions != toset(["s3:PutObject"]) || anytrue([
        for condition in statement.condition : condition.test == "Null" && condition.values == tolist(["false"])
      ])
    ])
    error_message = "A put that names no encryption takes the bucket's default and is not denied."
  }
}

run "one_io2_member_in_a_zone_by_its_name" {
  command = plan

  variables {
    secure_nodes            = { "0" = { zone = "eu-west-2c", address = "10.80.12.100" } }
    secure_data_volume_type = "io2"
    etcd_final_snapshot     = false
  }

  assert {
    condition     = aws_ebs_volume.etcd["0"].availability_zone == "eu-west-2c" && aws_ebs_volume.etcd["0"].final_snapshot == false && aws_ebs_volume.etcd["0"].type == "io2"
    error_message = "The settings reach the volume."
  }
}
