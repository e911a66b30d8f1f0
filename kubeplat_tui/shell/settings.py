"""The environment variables of a shell, and how kubeplat itself forgets those that are for other programs.

AWS's variables are for the AWS CLI, Terraform and the like. kubeplat reads the environment's file and finds its
credentials anew each time: what was true when the shell opened may have expired, or belong to another environment.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING

from kubeplat_tui.shell.names import BIN, START

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from pathlib import Path

    from kubeplat_tui.services.cloud import Cloud

ENVIRONMENT = "KUBEPLAT_ENVIRONMENT"
SHELL = "KUBEPLAT_SHELL"
"""The environment whose shell this is. Set means: we are in one."""
SANDBOX = "KUBEPLAT_SHELL_SANDBOX"
"""`1` where it lives in the sandbox; the prompt says so."""
RUN = "KUBEPLAT_SHELL_RUN"
"""The folder of this one shell, private, gone with it. Its path has no blanks."""
UNDO = "KUBEPLAT_SHELL_UNDO"
"""What the cloud's variables were before, and digests of what they were set to, as JSON."""
FROM_APPLICATION = "KUBEPLAT_FROM_APPLICATION"
"""Set by the application for the shell that it opens: `exit` leads back to it."""
COMMANDS = "KUBEPLAT_SHELL_BIN"
PYTHON = "KUBEPLAT_SHELL_PYTHON"
STARTS = "KUBEPLAT_SHELL_START"


def inside(environ: Mapping[str, str]) -> str:
    """The environment whose shell this process was started in; "" for none."""
    return environ.get(SHELL, "")


def of_shell(
    base: Mapping[str, str],
    environment: str,
    *,
    cloud: Cloud | None,
    sandbox: bool,
    run: Path,
    kubeconfig: Path,
    manual: Path,
) -> dict[str, str]:
    """The variables of a shell of `environment`, on top of `base`. Without a cloud AWS's are left as they are."""
    before = dict(base)
    leave(before)
    before.pop(FROM_APPLICATION, None)
    environ = dict(before) if cloud is None else cloud.environ(before)
    environ[UNDO] = _undo(before, environ)
    environ[PYTHON], environ[STARTS], environ[COMMANDS] = sys.executable, str(START), str(BIN)
    environ[ENVIRONMENT] = environ[SHELL] = environment
    environ[SANDBOX] = "1" if sandbox else ""
    environ[RUN] = str(run)
    environ["KUBECONFIG"] = str(kubeconfig)
    # An empty part stands for the usual places: man(1).
    environ["MANPATH"] = f"{manual}:{environ.get('MANPATH', '')}"
    environ["PATH"] = f"{BIN}{os.pathsep}{environ.get('PATH', os.defpath)}"
    return environ


def leave(environ: MutableMapping[str, str]) -> None:
    """Forget what the shell set for other programs, but not what the person set in it afterwards.

    The folder with the commands leaves PATH: what kubeplat starts is the program itself.
    """
    for name, (before, told) in _read(environ.pop(UNDO, "")).items():
        if _digest(environ.get(name)) != told:
            continue
        if before is None:
            environ.pop(name, None)
        else:
            environ[name] = before
    folder = environ.get(COMMANDS)
    if folder and "PATH" in environ:
        parts = environ["PATH"].split(os.pathsep)
        environ["PATH"] = os.pathsep.join(part for part in parts if part != folder)


def _undo(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return json.dumps({name: [before.get(name), _digest(after.get(name))] for name in changed})


def _read(text: str) -> dict[str, tuple[str | None, str]]:
    """What `_undo` wrote; nothing where it is not that."""
    try:
        return {str(name): (before, str(told)) for name, (before, told) in json.loads(text or "{}").items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _digest(value: str | None) -> str:
    return "" if value is None else hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()[:16]
