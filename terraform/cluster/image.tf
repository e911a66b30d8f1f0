data "aws_ssm_parameter" "image" {
  for_each = toset(var.machine_image == "" ? ["newest"] : [])

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

# Looked up even when it is pinned: an image of somebody else's is refused, and the root device has its name from here.
data "aws_ami" "image" {
  owners = [var.machine_image_owner]

  filter {
    name   = "image-id"
    values = [var.machine_image == "" ? data.aws_ssm_parameter.image["newest"].insecure_value : var.machine_image]
  }
}

locals {
  image = {
    id          = data.aws_ami.image.id
    root_device = data.aws_ami.image.root_device_name
  }
}
