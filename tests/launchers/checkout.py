"""A small checkout: the real launchers and set-up, one package, a program that tells how it was called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REAL = Path(__file__).resolve().parents[2]
PACKAGE = "kubeplat_launcher_trial"

PROGRAM = f"""
import json, os, sys
import {PACKAGE}

if sys.argv[-1] == "wait":
    print("waiting", flush=True)
    sys.stdin.read()
elif sys.argv[-1] == "fail":
    sys.exit(3)
else:
    print(json.dumps({{
        "arguments": sys.argv[1:], "process": os.getpid(), "folder": os.getcwd(), "prefix": sys.prefix,
        "path": sys.path, "package": {PACKAGE}.__file__, "python": os.environ.get("PYTHONPATH"),
        "config_d": os.environ.get("KUBEPLAT_CONFIG_D"),
    }}))
"""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout and the home of the user who starts it."""

    path: Path
    home: Path

    @property
    def environ(self) -> dict[str, str]:
        """An environment with this home, and no settings of whoever runs the tests."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PIP_", "KUBEPLAT_", "XDG_"))
        }
        return kept | {
            "HOME": str(self.home),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "KUBEPLAT_CONTAINER": "0",
        }

    @property
    def cache(self) -> Path:
        return self.home / ".cache" / "kubeplat"

    @property
    def environments(self) -> set[str]:
        """The finished private environments."""
        return {mark.parent.name for mark in self.cache.glob("venv-*/ready")}

    def begin(
        self,
        *command: str | Path,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        terminal: int = subprocess.PIPE,
        start_new_session: bool = False,
    ) -> subprocess.Popen[str]:
        """Start `command`, a script's name first. Its streams are pipes, or all three a `terminal`."""
        return subprocess.Popen(
            [self.path / command[0], *command[1:]],
            env=env or self.environ,
            cwd=cwd or self.home,
            stdin=terminal,
            stdout=terminal,
            stderr=subprocess.PIPE if terminal == subprocess.PIPE else terminal,
            text=True,
            start_new_session=start_new_session,
        )

    def run(
        self, *command: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Start `command` with nothing to read, and wait for its end."""
        with self.begin(*command, env=env, cwd=cwd) as process:
            out, err = process.communicate("", timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def told(
        self, *command: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> dict[str, Any]:
        """What the program told about the call; the call must succeed."""
        done = self.run(*command, env=env, cwd=cwd)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def change_pins(self, comment: str) -> None:
        with (self.path / "constraints.txt").open("a") as file:
            file.write(f"# {comment}\n")


def make_checkout(folder: Path) -> Checkout:
    """A checkout below `folder`, with a space in its path, and an empty home."""
    path = folder / "my checkout"
    home = folder / "home"
    home.mkdir(parents=True)
    shutil.copytree(REAL / "scripts", path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("play.kube", "run.kube", "Makefile"):
        shutil.copy2(REAL / name, path / name)
    wheel = make_wheel(folder)
    (path / "pyproject.toml").write_text(
        f'[project]\ndependencies = [\n    "{PACKAGE} @ {wheel.as_uri()}",\n]\n'
        "[project.optional-dependencies]\nsandbox = []\ndev = []\n[project.scripts]\n"
    )
    (path / "constraints.txt").write_text(f"{PACKAGE}==1.0\n")
    program = path / "kubeplat_tui"
    program.mkdir()
    (program / "__init__.py").touch()
    (program / "__main__.py").write_text(PROGRAM)
    return Checkout(path, home)


def make_wheel(folder: Path) -> Path:
    """A wheel of one empty module (Python packaging guide, "Binary distribution format")."""
    path = folder / f"{PACKAGE}-1.0-py3-none-any.whl"
    about = f"{PACKAGE}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{PACKAGE}.py", "")
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return path
