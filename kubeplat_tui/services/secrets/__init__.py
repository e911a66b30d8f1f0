"""The environment's secrets: the bucket that keeps them, the working copy on this computer, and what differs."""
