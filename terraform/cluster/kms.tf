data "aws_kms_key" "master" {
  key_id = var.kms_master_id

  lifecycle {
    precondition {
      condition     = var.kms_master_id != ""
      error_message = "kms_master_id is empty: the key is not made yet. A run makes it and writes it into the environment's file."
    }
  }
}
