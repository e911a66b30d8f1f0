"""Ratios against named peers: `make bench`."""
