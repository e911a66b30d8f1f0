"""The folder of a machine: the home of everybody who logs in there, and what their shell finds in it."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.workplace import private_folder, write_private

if TYPE_CHECKING:
    from kubeplat_tui.sandbox.machines.instances import Instance

USERS = ("ec2-user", "core", "ubuntu", "admin")
"""Who can log in: the first users of the images that kubeplat knows."""

ACCEPTED = ("LANG", "COLORTERM", "NO_COLOR")
"""Variables that a client may send, and all of LC_* (Debian's sshd_config, AcceptEnv)."""

TEMPORARY = ("TMPDIR", "PATH", "LD_LIBRARY_PATH")

PROFILE = """\
# This machine is simulated: a shell of your own computer in a folder of its own.
PATH=~/.local/bin:$PATH
[ -r ~/.bashrc ] && . ~/.bashrc
"""

WAY_IN = "SANDBOX_SSH_PORT"
"""On a bastion: the port of this computer that leads to it."""

COMMANDS = ".local/bin"

NEIGHBOURS = """\
#!/bin/sh
# ssh from this simulated bastion to its neighbours. Their network is simulated, too: the way leads through the
# bastion's own sshd, with the agent that was forwarded. Nothing of your own ~/.ssh is read or written.
PATH=${PATH#"${0%/*}":}
if [ -z "$SANDBOX_SSH_PORT" ]; then
    exec ssh "$@"
fi
umask 077
own="-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
mkdir -p ~/.ssh
cat >~/.ssh/config <<CONFIG
Host 10.* 172.* 192.168.* *.internal
  ProxyCommand ssh -F none $own -W [%h]:%p -p $SANDBOX_SSH_PORT -l $USER 127.0.0.1
Host *
  User $USER
  UserKnownHostsFile "$HOME/.ssh/known_hosts"
CONFIG
exec ssh -F ~/.ssh/config "$@"
"""

PROMPT = """\
# A short directory only where the shell can make one.
if [ -n "$BASH_VERSION" ]; then
    PS1="[$USER@$HOSTNAME \\W]$ "
else
    PS1="[$USER@$HOSTNAME]$ "
fi
"""


def shell() -> str:
    """The shell of a login: bash where this computer has it."""
    return shutil.which("bash") or "/bin/sh"


def make(folder: Path) -> None:
    """Make a machine's folder with its profile, readable by its owner only. Raises `KubeplatError`."""
    if folder.is_dir():
        return
    private_folder(folder)
    for name, text in ((".bashrc", PROMPT), (".profile", PROFILE)):
        write_private(folder / name, text.encode())
    write_private(folder / COMMANDS / "ssh", NEIGHBOURS.encode())
    (folder / COMMANDS / "ssh").chmod(0o700)


def remove(folder: Path) -> None:
    """Remove `folder`, also where somebody took away their own permission to do so."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.is_dir():
        for inside, _, _ in os.walk(folder):
            with contextlib.suppress(OSError):
                Path(inside).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)


def environ(
    instance: Instance, user: str, folder: Path, sockets: Path, more: dict[str, str]
) -> dict[str, str]:
    """The environment of a process on the machine: as sshd makes it, and what the client sent (`more`)."""
    kept = {name: os.environ[name] for name in TEMPORARY if name in os.environ}
    return {
        **kept,
        "LANG": "C.UTF-8",
        **more,
        "PATH": f"{folder / COMMANDS}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "HOME": str(folder),
        "SHELL": shell(),
        "USER": user,
        "LOGNAME": user,
        "HOSTNAME": instance.name,
        # Each machine has a tmux of its own, and none the computer's.
        "TMUX_TMPDIR": str(sockets),
        # A plain sh reads this where it is interactive.
        "ENV": str(folder / ".bashrc"),
    }


def motto(instance: Instance) -> str:
    """What a person reads who logs in."""
    return (
        f"{instance.name} ({instance.id}, {instance.address}) is simulated by the sandbox of kubeplat:\n"
        "a shell of your own computer, in a folder that goes away with the machine.\n"
    )
