"""Secrets: the bucket as a tree beside the working copy."""
