"""Make constraints.txt and constraints-checkov.txt: every package at one version, for every Python served.

    python3 scripts/pins.py python3.11 python3.12 python3.13      (or: make pins)

Each Python resolves what pyproject.toml asks for; a later one keeps what an earlier one chose, so name the
oldest first. Nothing is installed. Packages that only macOS would need are not seen when this runs on
Linux: today there are none.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from venv_maker import requirements

CHECKOUT = Path(__file__).resolve().parents[1]
EXTRAS = ("sandbox", "dev")
CHECKOV = ["checkov>=3.2"]
HEADER = "# Every package at one version. Made by `make pins`; do not edit.\n"


def resolve(python: str, wanted: list[str], known: dict[str, str]) -> dict[str, str]:
    """The versions that `python`'s pip chooses for `wanted`, with the versions in `known` kept."""
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in known.items()))
        report = Path(folder) / "report.json"
        command = [python, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--report", str(report), "--constraint", str(constraints), *wanted]
        subprocess.run(command, check=True)
        packages = [package["metadata"] for package in json.loads(report.read_text("utf-8"))["install"]]
    return {re.sub(r"[-_.]+", "-", package["name"]).lower(): package["version"] for package in packages}


def pin(path: Path, wanted: list[str], pythons: list[str]) -> None:
    """Write the pins of `wanted` for all `pythons` to `path`."""
    versions: dict[str, str] = {}
    for python in pythons:
        versions |= resolve(python, wanted, versions)
    path.write_text(HEADER + "".join(f"{name}=={versions[name]}\n" for name in sorted(versions)))
    print(f"{path.name}: {len(versions)} packages")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(
            "Usage: python3 scripts/pins.py PYTHON...   (the oldest first, such as python3.11 python3.12)"
        )
    pin(CHECKOUT / "constraints.txt", requirements(CHECKOUT, EXTRAS), sys.argv[1:])
    pin(CHECKOUT / "constraints-checkov.txt", CHECKOV, sys.argv[1:2])
