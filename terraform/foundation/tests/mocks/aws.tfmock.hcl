# What the mocked provider answers where a made-up word would not do.

mock_data "aws_iam_policy_document" {
  defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
}

mock_data "aws_kms_key" {
  defaults = {
    id  = "11111111-2222-3333-4444-555555555555"
    arn = "arn:aws:kms:eu-west-2:123456789012:key/11111111-2222-3333-4444-555555555555"
  }
}
