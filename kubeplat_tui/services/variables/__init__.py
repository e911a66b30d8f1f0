"""The variables that the Terraform roots declare: their types, validations and files."""
