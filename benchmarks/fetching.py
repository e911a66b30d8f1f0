"""What the service alone does, as a process of its own: list the bucket, read everything, write it to files.

python -m benchmarks.fetching REGION BUCKET KEY FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.secrets.bucket import SecretsBucket
from kubeplat_tui.services.secrets.transfer import download


def main(region: str, name: str, key: str, folder: Path) -> None:
    """Fetch everything, as `aws s3 cp --recursive` does."""
    bucket = SecretsBucket(Cloud(region, None), name, key)
    objects = [stored for page in bucket.list() for stored in page]
    made: set[Path] = set()
    for content in download(bucket, objects):
        path = folder / content.stored.key
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        path.write_bytes(content.data)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
