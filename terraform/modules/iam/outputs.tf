output "instance_profiles" {
  description = "Instance profiles' names by layer. Whatever uses one waits for the role's policies."
  value       = { for layer, profile in aws_iam_instance_profile.layer : layer => profile.name }

  depends_on = [aws_iam_role_policy.layer, aws_iam_role_policy_attachment.bastion]
}

output "roles" {
  description = "Roles' ARNs by layer."
  value       = { for layer, role in aws_iam_role.layer : layer => role.arn }
}
