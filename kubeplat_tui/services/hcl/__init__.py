"""HCL, the language of Terraform's files: parsed without loss, edited in place, evaluated."""
