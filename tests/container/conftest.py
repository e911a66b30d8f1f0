"""A real engine with this checkout's image. Where there is none, these tests are skipped: `make` makes it.

They are not what proves the main job: the application's own tests do, natively, and tests/launchers holds what a start
asks of an engine.
"""

from __future__ import annotations

import getpass
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.sandbox.status import stop
from kubeplat_tui.services.environments import playground_name

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[2]
USER = getpass.getuser()
PLAYGROUND = playground_name(USER)
FIND = """
checkout=$1
. "$checkout/scripts/launch.sh"
. "$checkout/scripts/engine.sh"
own_image
find_image "$image" || exit
printf '%s\\n' "$engine" "$image"
"""


@dataclass(frozen=True, slots=True)
class Computer:
    """A user's folders, and the engine that has the image."""

    engine: str
    image: str
    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state" / "kubeplat"

    @property
    def environments(self) -> Path:
        return self.folder / "environments"

    def environ(self) -> dict[str, str]:
        """HOME and USER stay: a rootless engine keeps its images and finds the user's other ids by them."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "KUBEPLAT_", "XDG_")) or name == "XDG_RUNTIME_DIR"
        }
        moved = {f"XDG_{kind.upper()}_HOME": str(self.folder / kind) for kind in ("state", "config", "cache")}
        return kept | moved | {"KUBEPLAT_ENVIRONMENTS": str(self.environments), "USER": USER}

    def begin(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """Start play.kube in the container, without a terminal."""
        return subprocess.Popen(
            [CHECKOUT / "play.kube", "--container", *words],
            env=self.environ() | more,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Start it, and wait for its end."""
        with self.begin(*words, **more) as process:
            out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def ask(self, *words: str) -> str:
        """What the engine answers."""
        done = subprocess.run([self.engine, *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def containers(self) -> list[str]:
        """The names of the containers that run with these folders."""
        names = self.ask("ps", "--format", "{{.Names}}").split()
        return [
            name
            for name in names
            if name.startswith("kubeplat-") and str(self.folder) in self.ask("inspect", name)
        ]


@pytest.fixture(scope="session")
def found() -> tuple[str, str]:
    """The engine and the image's name."""
    done = subprocess.run(
        ["bash", "-c", FIND, "find", str(CHECKOUT)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (
            "no container engine answers" if done.returncode == 2 else "the image is not made: make image"
        )
        pytest.skip(reason)
    engine, image = done.stdout.split()
    tried = subprocess.run(
        [engine, "run", "--rm", "--entrypoint", "true", image], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        pytest.skip(f"{engine} runs nothing here: {tried.stderr.strip()}")
    return engine, image


@pytest.fixture
def computer(found: tuple[str, str], tmp_path: Path) -> Iterator[Computer]:
    """Folders of a new user; a sandbox that a test kept is stopped at the end."""
    made = Computer(*found, tmp_path)
    made.environments.mkdir()
    # An engine's own settings lie beside ours.
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "containers"
    if settings.is_dir():
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "containers").symlink_to(settings)
    for template in (CHECKOUT / "environments").glob("*.tfvars"):
        if template.name in {"play.tfvars", "example.tfvars"}:
            (made.environments / template.name).write_text(template.read_text())
    yield made
    stop(made.state)
