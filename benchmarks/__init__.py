"""Measurements beside named peers, side by side in one run: `make bench`.

A benchmark is a module with `measure() -> list[Result]` whose name is in `benchmarks.__main__.ORDER`. Nothing here
passes or fails: figures depend on the computer, so tests assert none of them.
"""
