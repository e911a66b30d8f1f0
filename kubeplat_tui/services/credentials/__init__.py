"""Whose AWS credentials are used: where they come from, until when they last, and how they are renewed."""
