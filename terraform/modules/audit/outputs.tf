output "bucket" {
  description = "Name of the bucket that keeps the records."
  value       = aws_s3_bucket.audit.id
}
