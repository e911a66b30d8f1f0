"""Every check that looks at the code without running it, all at once: `make check`.

Runs with the project's tools on PATH (scripts/with-tools). Prints a line a check, and the report of each that
found something. Exit status 1 when one did.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SHELL_FOLDERS = ["scripts", "kubeplat_tui/shell", "kubeplat_tui/shell/bin"]
SHELL_SCRIPTS = ["play.kube", "run.kube", ".ci/run", "container/check", "container/fetch"]
CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "layers": ["lint-imports"],
    "shellcheck": ["shellcheck", "--external-sources"],
    "hadolint": ["hadolint", "Dockerfile"],
    "terraform fmt": ["scripts/terraform", "fmt", "-check", "-diff", "-recursive", "terraform"],
    "checkov": ["scripts/checkov", "--directory", "terraform"],
}


def shell_scripts() -> list[str]:
    """The shell scripts: those in the root, and whatever in these folders says so in its first line."""
    places = [path for folder in SHELL_FOLDERS for path in sorted((CHECKOUT / folder).iterdir())]
    helpers = [path for path in places if path.is_file() and not path.is_symlink()]
    first_lines = {path: path.read_bytes().split(b"\n", 1)[0] for path in helpers}
    return SHELL_SCRIPTS + [
        str(path.relative_to(CHECKOUT)) for path in helpers if first_lines[path].endswith((b"bash", b"/sh"))
    ]


def run(command: list[str]) -> tuple[bool, float, str]:
    """Whether `command` passed, its seconds, and what it said."""
    started = time.monotonic()
    arguments = shell_scripts() if command[0] == "shellcheck" else []
    done = subprocess.run(
        [*command, *arguments],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode == 0, time.monotonic() - started, done.stdout


def main() -> int:
    failed = 0
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        for name, (passed, seconds, report) in zip(CHECKS, pool.map(run, CHECKS.values()), strict=True):
            if not passed:
                failed = 1
                print(report.rstrip())
            print(f"{name:<14} {'passed' if passed else 'FAILED'} {seconds:6.1f} s", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
