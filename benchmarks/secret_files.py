"""The made-up secrets that the benchmarks move: mixed sizes, mostly 1 to 8 kB, the same every time."""

from __future__ import annotations

import random

KEY = "arn:aws:kms:eu-west-2:123456789012:key/11111111-2222-3333-4444-555555555555"
"""The KMS key that they are encrypted with, where that is made up too."""

FOLDERS = ("common", "secure", "compute", "locked", "addons/calico", "manifests/secure")


def secret_files(count: int) -> dict[str, bytes]:
    """So many files by their key. One in a hundred has 60 or 200 kB, as a bundle of manifests may."""
    chance = random.Random(1)  # noqa: S311 - nothing is secret about them
    files = {}
    for number in range(count):
        size = chance.choice((60_000, 200_000)) if number % 100 == 99 else chance.randint(1_000, 8_000)
        files[f"{FOLDERS[number % len(FOLDERS)]}/file-{number:05}.crt"] = chance.randbytes(size)
    return files
