"""A Terraform that plays a part: a small program that says and does what the test wrote down for it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """#!{python}
import json, os, pathlib, signal, sys, time

home = pathlib.Path({home!r})
root = pathlib.Path.cwd().name
words = sys.argv[1:]
command = " ".join(word for word in words if not word.startswith("-")).split(" ")[0]
with (home / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps({{
        "root": root, "argv": words, "pid": os.getpid(), "session": os.getsid(0),
        "stdin": os.path.realpath("/proc/self/fd/0"),
        "environ": {{k: v for k, v in os.environ.items() if k.startswith(("TF_", "AWS_", "CHECKPOINT"))}},
    }}) + "\\n")
if command == "version":
    print(json.dumps({{"terraform_version": "1.11.4"}}))
    sys.exit(0)
part = json.loads((home / "parts.json").read_text()).get(f"{{root}} {{command}}", {{}})
for word in words:
    if word.startswith("-out="):
        pathlib.Path(word[5:]).write_text("the plan")

def stop():
    with (home / "signals").open("a") as file:
        file.write("INT\\n")
    for line in part.get("on_stop", []):
        print(json.dumps(line), flush=True)
    (home / "stopped").write_text("")
    sys.exit(1)

# A handler could interrupt a print, which Python forbids: the signal is waited for instead.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
for name, text in part.get("files", {{}}).items():
    pathlib.Path(name).write_text(text)
for line in part.get("lines", []):
    print(line if isinstance(line, str) else json.dumps(line), flush=True)
for line in part.get("errors", []):
    print(line, file=sys.stderr, flush=True)
if part.get("wait"):
    while signal.sigwait([signal.SIGINT]) and part.get("ignore_stop"):
        pass
    stop()
sys.exit(part.get("code", 0))
"""


@dataclass
class FakeTerraform:
    """The program, the parts it plays (`"cluster plan"` → what to do), and what it was asked."""

    home: Path
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def install(cls, folder: Path) -> FakeTerraform:
        """Write the program into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        fake = cls(folder)
        fake.program.write_text(PROGRAM.format(python=sys.executable, home=str(folder)))
        fake.program.chmod(0o755)
        fake.play()
        return fake

    @property
    def program(self) -> Path:
        """The executable."""
        return self.home / "terraform"

    def play(self, **parts: dict[str, Any]) -> None:
        """Give it parts by `root_command`; others stay."""
        self.parts.update({name.replace("_", " "): part for name, part in parts.items()})
        (self.home / "parts.json").write_text(json.dumps(self.parts))

    def calls(self) -> list[dict[str, Any]]:
        """What it was asked, in order."""
        path = self.home / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def commands(self) -> list[str]:
        """`cluster plan`, `cluster show` … in order, without asking for the version."""
        found = []
        for call in self.calls():
            command = next(word for word in call["argv"] if not word.startswith("-"))
            if command != "version":
                found.append(f"{call['root']} {command}")
        return found

    def signals(self) -> int:
        """How often it was told to stop."""
        path = self.home / "signals"
        return len(path.read_text().splitlines()) if path.exists() else 0


def change(address: str, action: str, **sides: Any) -> dict[str, Any]:
    """A resource of a plan as `show -json` gives it."""
    type_, _, name = address.rpartition(".")[0].rpartition(".")[2], "", address.rpartition(".")[2]
    actions = {"replace": ["delete", "create"]}.get(action, [action])
    module = address.rsplit(".", 2)[0] if address.startswith("module.") else ""
    found: dict[str, Any] = {
        "address": address,
        "mode": "managed",
        "type": type_,
        "name": name,
        "change": {
            "actions": actions,
            "before": sides.pop("before", None),
            "after": sides.pop("after", {}),
            "after_unknown": sides.pop("after_unknown", {}),
            "before_sensitive": sides.pop("before_sensitive", {}),
            "after_sensitive": sides.pop("after_sensitive", {}),
            **sides,
        },
    }
    if module:
        found["module_address"] = module
    return found


def shown(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The part of `show`: a plan with these changes."""
    return {"lines": [{"format_version": "1.2", "resource_changes": list(changes), **more}]}


def hook(kind: str, address: str, action: str = "create", **more: Any) -> dict[str, Any]:
    """A line of apply."""
    return {
        "@level": "info",
        "@message": f"{address}: {kind}",
        "type": kind,
        "hook": {"resource": {"addr": address}, "action": action, **more},
    }


def counted(add: int = 0, changed: int = 0, remove: int = 0, operation: str = "apply") -> dict[str, Any]:
    """The line that sums an operation up."""
    return {
        "@level": "info",
        "@message": "done",
        "type": "change_summary",
        "changes": {"add": add, "change": changed, "remove": remove, "operation": operation},
    }


def complaint(summary: str, detail: str = "", address: str = "") -> dict[str, Any]:
    """An error as Terraform tells it."""
    return {
        "@level": "error",
        "@message": f"Error: {summary}",
        "type": "diagnostic",
        "diagnostic": {"severity": "error", "summary": summary, "detail": detail, "address": address},
    }
