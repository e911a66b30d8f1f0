"""Make constraints.txt and its siblings: every package at one version, for every Python served.

    python3 scripts/pins.py python3.11 python3.12 python3.13      (or: make pins)

Each Python resolves what pyproject.toml asks for; a later one keeps what an earlier one chose, so name the
oldest first. Nothing is installed. Packages that only macOS would need are not seen when this runs on
Linux: today there are none. `INTEL_MAC` holds what needs another version there.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from venv_maker import requirements

CHECKOUT = Path(__file__).resolve().parents[1]
EXTRAS = ("sandbox", "dev")
CHECKOV = ["checkov>=3.2"]
AWSCLI = ["awscli>=1.46"]
TEXTUAL_TTY = ["textual-tty==0.4.0"]
INTEL_MAC = {"cryptography": "48.0.1"}
"""The last versions with wheels for Intel Macs, where the newest have none."""

HEADER = "# Every package at one version. Made by `make pins`; do not edit.\n"


def resolve(python: str, wanted: list[str], known: dict[str, str]) -> dict[str, str]:
    """The versions that `python`'s pip chooses for `wanted`, with the versions in `known` kept."""
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in known.items()))
        report = Path(folder) / "report.json"
        command = [python, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--report", str(report), "--constraint", str(constraints), *wanted]
        if shutil.which(python) is None or subprocess.run(command, check=False).returncode:
            sys.exit(
                f"{python} could not choose the versions. Name Pythons that run here: make pins PYTHONS=..."
            )
        packages = [package["metadata"] for package in json.loads(report.read_text("utf-8"))["install"]]
    return {re.sub(r"[-_.]+", "-", package["name"]).lower(): package["version"] for package in packages}


def line(name: str, version: str) -> str:
    """The lines of one package in a constraints file."""
    older = INTEL_MAC.get(name)
    if older is None:
        return f"{name}=={version}\n"
    intel_mac = 'sys_platform == "darwin" and platform_machine == "x86_64"'
    others = 'sys_platform != "darwin" or platform_machine != "x86_64"'
    return f"{name}=={version}; {others}\n{name}=={older}; {intel_mac}\n"


def pin(path: Path, wanted: list[str], pythons: list[str]) -> None:
    """Write the pins of `wanted` for all `pythons` to `path`."""
    versions: dict[str, str] = {}
    for python in pythons:
        versions |= resolve(python, wanted, versions)
    path.write_text(HEADER + "".join(line(name, versions[name]) for name in sorted(versions)))
    print(f"{path.name}: {len(versions)} packages")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(
            "Usage: python3 scripts/pins.py PYTHON...   (the oldest first, such as python3.11 python3.12)"
        )
    pin(CHECKOUT / "constraints.txt", requirements(CHECKOUT, EXTRAS), sys.argv[1:])
    pin(CHECKOUT / "constraints-checkov.txt", CHECKOV, sys.argv[1:])
    pin(CHECKOUT / "constraints-awscli.txt", AWSCLI, sys.argv[1:])
    pin(CHECKOUT / "constraints-textual-tty.txt", TEXTUAL_TTY, sys.argv[1:])
