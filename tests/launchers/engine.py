"""A container engine that only records how it was called, on PATH under the name of docker or podman."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = "kubeplat:1.2.3"

PROGRAM = """#!{python} -IS
import json, os, signal, stat, sys, time
from pathlib import Path

name, home = {name!r}, Path({home!r})
told = json.loads((home / "behaviour.json").read_text())
words = sys.argv[1:]


def record(**facts):
    with (home / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps({{"engine": name, "arguments": words, **facts}}) + "\\n")


def shared_folder():
    mounts = [words[at + 1] for at, word in enumerate(words) if word == "--mount"]
    fields = [dict(field.partition("=")[::2] for field in mount.split(",")) for mount in mounts]
    return next(Path(each["source"]) for each in fields if each["target"] == "/run/kubeplat/launcher")


def run():
    folder = shared_folder()
    secrets = folder / "secrets"
    record(
        environ=dict(os.environ),
        secrets=[os.fsdecode(entry) for entry in secrets.read_bytes().split(b"\\0") if entry],
        modes=[stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(secrets.stat().st_mode)],
        folder=str(folder),
        terminal=sys.stdin.isatty(),
        read="" if sys.stdin.isatty() or "--interactive" not in words else sys.stdin.read(),
    )
    secrets.unlink()
    if "left" in told:
        (folder / "left").write_text(f"{{told['left']}}\\n")
        signal.pause()
    if told.get("wait"):
        # The container's first process: it ends when `kill` says so, with what kubeplat makes of the signal.
        (home / "pid").write_text(str(os.getpid()))
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, lambda heard, _: sys.exit(128 + heard))
        print("ready", flush=True)
        signal.pause()
    print("ran")
    sys.exit(told.get("status", 0))


match words:
    case ["--version"]:
        print(f"{{told.get('is', name)}} version 1")
    case ["version", *_]:
        sys.exit(0 if told["answers"] else 1)
    case ["image", "inspect", image]:
        sys.exit(0 if told["answers"] and image in told["images"] else 1)
    case ["info", *_]:
        print(told.get("info", ""))
    case ["kill", "--signal", number, _]:
        record()
        os.kill(int((home / "pid").read_text()), signal.Signals["SIG" + number])
    case ["run", *_]:
        run()
    case _:
        record()
"""


@dataclass(frozen=True, slots=True)
class Engine:
    """One fake engine. `home` is where it is told what to do, and tells what was done."""

    name: str
    home: Path

    def behaves(self, **behaviour: Any) -> None:
        """Say how it behaves from now on; by default it answers and has the image."""
        default = {"answers": True, "images": [IMAGE]}
        (self.home / "behaviour.json").write_text(json.dumps(default | behaviour))

    def calls(self) -> list[dict[str, Any]]:
        """What was asked of it, but for questions about itself."""
        path = self.home / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def path(self, *others: Engine) -> str:
        """A PATH on which this engine and the others come first, and no real one answers."""
        return os.pathsep.join([*(str(each.home) for each in (self, *others)), os.environ["PATH"]])


def make_engine(folder: Path, name: str, **behaviour: Any) -> Engine:
    """An engine called `name`."""
    home = folder / f"engine {name}"
    home.mkdir()
    program = home / name
    # A path with a space is no interpreter of a script (execve(2)); the test's Python has none.
    program.write_text(PROGRAM.format(python=sys.executable, name=name, home=str(home)))
    program.chmod(0o755)
    engine = Engine(name, home)
    engine.behaves(**behaviour)
    return engine
