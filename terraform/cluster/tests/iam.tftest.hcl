# The roles. What the policies say is in documents that only the real provider renders, so their statements are read.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment = "example"
  region      = "eu-west-2"
  account     = "123456789012"
  bucket_arn  = "arn:aws:s3:::example-secrets"
  kms_key_arn = "arn:aws:kms:eu-west-2:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "roles" {
  command = plan

  module {
    source = "../modules/iam"
  }

  assert {
    condition     = toset(keys(aws_iam_role.layer)) == toset(["secure", "compute", "bastion"]) && keys(aws_iam_instance_profile.layer) == keys(aws_iam_role.layer)
    error_message = "Each layer has a role and an instance profile."
  }

  assert {
    condition     = toset(keys(aws_iam_role_policy.layer)) == toset(["secure-secrets", "secure-etcd", "secure-cloud", "secure-balancer", "compute-secrets", "compute-images"])
    error_message = "The policies are these and no more; a bastion has none of its own."
  }

  assert {
    condition = alltrue([
      for layer, exclusive in aws_iam_role_policies_exclusive.layer :
      join(" ", sort(exclusive.policy_names)) == join(" ", sort([for key, policy in aws_iam_role_policy.layer : policy.name if startswith(key, "${layer}-")]))
    ])
    error_message = "A policy that is added by hand is taken away."
  }

  assert {
    condition     = [for attachment in aws_iam_role_policy_attachment.bastion : attachment.policy_arn] == ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"] && length(aws_iam_role_policy_attachments_exclusive.layer["secure"].policy_arns) == 0
    error_message = "A bastion has the session manager's policy; the others have no managed one."
  }
}

run "secrets" {
  command = plan

  module {
    source = "../modules/iam"
  }

  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.secrets : anytrue([
        for statement in document.statement :
        statement.effect == "Deny" && statement.actions == toset(["s3:*"]) && statement.resources == toset(["arn:aws:s3:::example-secrets/locked/*"])
      ])
    ])
    error_message = "No machine reads what is locked."
  }

  assert {
    condition = alltrue(flatten([
      for statement in data.aws_iam_policy_document.secrets["compute"].statement : [
        for resource in statement.resources : !strcontains(resource, "/secure/") && !strcontains(resource, "/etcd/")
      ]
    ]))
    error_message = "A worker has no way to the masters' secrets and backups."
  }

  assert {
    condition = alltrue(flatten([
      for document in [
        data.aws_iam_policy_document.secrets["secure"], data.aws_iam_policy_document.secrets["compute"],
        data.aws_iam_policy_document.secure_etcd, data.aws_iam_policy_document.secure_cloud, data.aws_iam_policy_document.secure_balancer,
        data.aws_iam_policy_document.compute_images,
        ] : [
        for statement in document.statement : statement.effect == "Deny" || !anytrue([
          for action in statement.actions : startswith(action, "iam:") || action == "*" || (endswith(action, ":*"))
        ])
      ]
    ]))
    error_message = "No role has a whole service, nor anything of IAM."
  }

  assert {
    condition = alltrue(flatten([
      for document in [data.aws_iam_policy_document.secure_etcd, data.aws_iam_policy_document.secure_cloud, data.aws_iam_policy_document.secure_balancer, data.aws_iam_policy_document.compute_images] : [
        for statement in document.statement : statement.effect == "Deny" || !contains(statement.resources, "*") || alltrue([
          for action in statement.actions : can(regex(":(Describe|Get)", action))
        ])
      ]
    ]))
    error_message = "What is allowed on everything only looks."
  }
}
