output "secrets_bucket" {
  description = "Name of the bucket that keeps the environment's secrets."
  value       = aws_s3_bucket.secrets.id
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the secrets and the etcd volumes."
  value       = data.aws_kms_key.master.arn
}

output "etcd_volumes" {
  description = "Id of each etcd member's volume, by NodeID."
  value       = { for id, volume in aws_ebs_volume.etcd : id => volume.id }
}

output "key_name" {
  description = "Name of the key pair that the machines accept."
  value       = aws_key_pair.environment.key_name
}

output "key_fingerprint" {
  description = "Fingerprint of the key pair, as EC2 shows it."
  value       = aws_key_pair.environment.fingerprint
}
