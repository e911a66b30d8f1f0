"""The launchers of this checkout with its own pins: the packages are fetched and the program starts."""

from __future__ import annotations

import json
import os
from pathlib import Path

import kubeplat_tui
from tests.launchers.checkout import REAL, Checkout


def test_first_start_with_the_real_pins(tmp_path: Path) -> None:
    """HOME stays, for its pip settings; the folders below it are moved."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    moved = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CACHE", "STATE", "CONFIG")}
    native = {"KUBEPLAT_CONTAINER": "0"}  # also where this computer has the image
    environ = {"PIP_CACHE_DIR": str(cache / "pip"), **os.environ, **moved, **native}
    checkout = Checkout(REAL, tmp_path)

    first = checkout.run("play.kube", "version", "--json", env=environ)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["version"] == kubeplat_tui.__version__
    assert "Ready after" in first.stderr

    second = checkout.run("run.kube", "-e", "no-such-environment", "plan", env=environ)
    assert second.returncode == 2
    assert "no-such-environment" in second.stderr
    assert "First start" not in second.stderr
