"""kmsctl: files in S3 buckets, encrypted with KMS keys, from a shell; the command that the users of 2016 remember."""
