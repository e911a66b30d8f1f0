# Which address spoke to which, and what was refused.

resource "aws_cloudwatch_log_group" "flow" {
  #checkov:skip=CKV_AWS_158: CloudWatch encrypts it with its own key; ours would have to admit the logs service, and it holds addresses, not contents
  #checkov:skip=CKV_AWS_338: how long addresses are kept is the operator's choice, log_retention_days
  name              = "/kubeplat/${var.environment}/flow"
  retention_in_days = var.log_retention_days

  tags = {
    Name = "${var.environment}-flow"
  }
}

data "aws_iam_policy_document" "flow_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    # The service acts for many accounts: only for this one may it take the role.
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account]
    }
  }
}

data "aws_iam_policy_document" "flow" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    resources = ["${aws_cloudwatch_log_group.flow.arn}:*"]
  }
}

resource "aws_iam_role" "flow" {
  name               = "${var.environment}-flow-log-${var.region}"
  assume_role_policy = data.aws_iam_policy_document.flow_assume.json

  tags = {
    Name = "${var.environment}-flow-log"
  }
}

resource "aws_iam_role_policy" "flow" {
  name   = "write-flow-log"
  role   = aws_iam_role.flow.name
  policy = data.aws_iam_policy_document.flow.json
}

resource "aws_flow_log" "vpc" {
  vpc_id                   = aws_vpc.main.id
  traffic_type             = "ALL"
  max_aggregation_interval = 60
  log_destination_type     = "cloud-watch-logs"
  log_destination          = aws_cloudwatch_log_group.flow.arn
  iam_role_arn             = aws_iam_role.flow.arn

  tags = {
    Name = var.environment
  }
}
