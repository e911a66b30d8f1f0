# What the mocked provider answers where a made-up word would not do.

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_iam_policy_document" {
  defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
}

mock_data "aws_kms_key" {
  defaults = {
    id  = "11111111-2222-3333-4444-555555555555"
    arn = "arn:aws:kms:eu-west-2:123456789012:key/11111111-2222-3333-4444-555555555555"
  }
}

mock_data "aws_s3_bucket" {
  defaults = {
    id  = "example-secrets"
    arn = "arn:aws:s3:::example-secrets"
  }
}

mock_data "aws_ssm_parameter" {
  defaults = { insecure_value = "ami-0123456789abcdef0" }
}

mock_data "aws_ami" {
  defaults = {
    id               = "ami-0123456789abcdef0"
    root_device_name = "/dev/xvda"
  }
}

mock_data "aws_route53_zone" {
  defaults = {
    zone_id      = "Z0123456789ABCDEFGHIJ"
    name_servers = ["ns-1.example.net", "ns-2.example.net"]
  }
}
