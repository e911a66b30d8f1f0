# The key that people log in with. Only its public half comes here; the private half is in the secrets bucket, locked/.

resource "aws_key_pair" "environment" {
  key_name   = var.environment
  public_key = trimspace(var.ssh_public_key)

  tags = {
    Name = var.environment
  }

  lifecycle {
    precondition {
      condition     = var.ssh_public_key != ""
      error_message = "ssh_public_key is empty: a run makes the environment's ssh key and passes its public half."
    }
  }
}
