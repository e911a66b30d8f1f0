"""A real Terraform as the judge of how HCL is read. No provider is needed and nothing is downloaded."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

requires_terraform = pytest.mark.skipif(
    shutil.which("terraform") is None, reason="terraform is not on PATH, so there is nothing to compare with"
)


def terraform(folder: Path, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run terraform in `folder`."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    environ.update(CHECKPOINT_DISABLE="1", HOME=str(folder), TF_DATA_DIR=str(folder / ".terraform"))
    return subprocess.run(
        ["terraform", *arguments],
        cwd=folder,
        env=environ,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def console(folder: Path, expression: str, *arguments: str) -> Any:
    """The value of an expression, None where terraform fails at it."""
    asked = f"base64encode(jsonencode({expression}))\n"
    answer = terraform(folder, "console", *arguments, text=asked)
    if answer.returncode != 0:
        return None
    # Warnings come first, on standard output too.
    return json.loads(base64.b64decode(answer.stdout.splitlines()[-1].strip('"')))
