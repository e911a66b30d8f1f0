"""Typed services: everything kubeplat does, without a front end."""
