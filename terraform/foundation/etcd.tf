# One volume for each etcd member. A master attaches the volume with its NodeID; the volume outlives the master.

locals {
  # A zone may be written as its letter or as its whole name.
  etcd = {
    for id, node in var.secure_nodes : id => {
      zone = length(node.zone) == 1 ? "${var.aws_region}${node.zone}" : node.zone
    }
  }
}

resource "aws_ebs_volume" "etcd" {
  for_each = local.etcd

  availability_zone = each.value.zone
  type              = var.secure_data_volume_type
  size              = var.secure_data_volume
  iops              = var.secure_data_volume_iops
  throughput        = var.secure_data_volume_type == "gp3" ? var.secure_data_volume_throughput : null
  encrypted         = var.secure_data_volume_encrypted
  kms_key_id        = data.aws_kms_key.master.arn
  final_snapshot    = var.etcd_final_snapshot

  tags = {
    Name   = "${var.environment}-etcd-${each.key}"
    Role   = "etcd"
    NodeID = each.key
  }

  lifecycle {
    prevent_destroy = true
  }
}
