"""Terraform: its binary and providers, the working roots, plans, streams and remote state."""
