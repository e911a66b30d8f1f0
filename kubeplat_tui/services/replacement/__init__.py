"""Terminating machines and scaling pools, followed until the auto-scaling groups have them replaced."""
