"""`ssh NAME` in the shell: OpenSSH, told where the environment's machine is and which host key it has.

A machine that is new is connected to by kubeplat first, which asks for its host key as everywhere.
"""

from __future__ import annotations

import getopt
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from kubeplat_tui.services.errors import ExitCode, InputError, KubeplatError
from kubeplat_tui.shell import settings
from kubeplat_tui.shell.agent import own_agent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeplat_tui.commands.session import Session
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site

OPTIONS = "1246ab:c:e:fgi:kl:m:no:p:qstvxAB:CD:E:F:GI:J:KL:MNO:P:Q:R:S:TVw:W:XYy"
"""Those of OpenSSH 9.9 (ssh.c)."""
CONFIG = "ssh_config"
KUBEPLATS = {"-t": "--tty", "-A": "--agent"}
"""What kubeplat's own ssh can do as well."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A command line of ssh: its options, whom it names, and what follows."""

    options: tuple[str, ...]
    flags: frozenset[str]
    user: str
    host: str
    rest: tuple[str, ...]


def main(arguments: Sequence[str]) -> int | list[str]:
    """Become OpenSSH; or the exit code where that was not to be, or the arguments for kubeplat's own `ssh` instead."""
    from kubeplat_tui.commands.session import Options, Session
    from kubeplat_tui.commands.signals import EndedBySignal, Signals
    from kubeplat_tui.intents import Intents

    settings.leave(os.environ)
    ssh = shutil.which("ssh")
    try:
        line = _parsed(arguments)
        if ssh is None:
            return _by_kubeplat(line)
        with Signals(), Session(Options(), Intents) as session:
            command = _prepared(session, line)
    except EndedBySignal as ended:
        return ended.exit_code
    except KubeplatError as error:
        sys.stderr.write(f"error: {error}\n")
        return ExitCode.NO_CONNECTION
    return _become(ssh, command)


def _become(program: str, command: Sequence[str]) -> NoReturn:
    sys.stdout.flush()
    os.execv(program, list(command))  # noqa: S606 - OpenSSH itself, with what was typed


def _parsed(arguments: Sequence[str]) -> _Line:
    try:
        options, rest = getopt.getopt(list(arguments), OPTIONS)
    except getopt.GetoptError as error:
        raise InputError(f"ssh: {error.msg}.") from error
    if not rest:
        raise InputError("ssh: no host was named.")
    user, _, host = rest[0].removeprefix("ssh://").rpartition("@")
    if rest[0].startswith("ssh://"):
        host = host.partition("/")[0].partition(":")[0]
    before = len(arguments) - len(rest)
    return _Line(
        tuple(arguments[:before]), frozenset(name for name, _ in options), user, host, tuple(rest[1:])
    )


def _by_kubeplat(line: _Line) -> list[str]:
    unknown = sorted(line.flags - set(KUBEPLATS))
    if unknown:
        raise InputError(
            f"ssh {' '.join(unknown)} is OpenSSH's, which is not installed here.",
            todo="Install it, or see what kubeplat ssh can do: kubeplat ssh --help",
        )
    return [
        "ssh",
        *(KUBEPLATS[flag] for flag in sorted(line.flags)),
        line.host,
        *(("--", *line.rest) if line.rest else ()),
    ]


def _prepared(session: Session, line: _Line) -> list[str]:
    """The command line with which OpenSSH finds the machine. A strange address is OpenSSH's alone."""
    environment = session.environment()
    site = session.intents.open(environment.name)
    machines = session.intents.instances(site)
    try:
        machine = session.intents.ssh(site).find(line.host, machines)
    except InputError:
        if line.host.replace(".", "").isdigit():
            return ["ssh", *line.options, *_whom(line, line.host), *line.rest]
        raise
    _make_known(session, site, machine, machines)
    config = _written(site, machines)
    return [
        "ssh",
        "-F",
        str(config),
        *_agent(session, machine, line),
        *line.options,
        *_whom(line, machine.id),
        *line.rest,
    ]


def _whom(line: _Line, host: str) -> tuple[str, ...]:
    return (f"{line.user}@{host}" if line.user else host,)


def _make_known(session: Session, site: Site, machine: Instance, machines: Sequence[Instance]) -> None:
    """Connect once where a host key on the way is not known yet: OpenSSH would refuse it."""
    from kubeplat_tui.commands.machines import known_hosts
    from kubeplat_tui.commands.ssh_questions import AtShell
    from kubeplat_tui.services.ssh.bastions import candidates

    known = known_hosts(site)
    ways_in = candidates(machines)
    if machine.id in known and (machine in ways_in or any(each.id in known for each in ways_in[:1])):
        return
    questions = AtShell(session)
    try:
        session.intents.ssh(site).connect(machine, questions, say=questions.say).close()
    finally:
        questions.clear()


def _written(site: Site, machines: Sequence[Instance]) -> Path:
    """The configuration, in the shell's own folder: OpenSSH hands its path on to ProxyJump's shell as it is."""
    from kubeplat_tui.services.ssh.config_text import openssh_config
    from kubeplat_tui.services.workplace import write_private

    folder = Path(os.environ.get(settings.RUN) or site.folders.ssh)
    write_private(folder / CONFIG, openssh_config(site, machines).encode())
    return folder / CONFIG


def _agent(session: Session, machine: Instance, line: _Line) -> tuple[str, ...]:
    """Lend a bastion the agent of this shell, as people know it; their own only where they say so."""
    from kubeplat_tui.services.inventory import Layer

    socket = os.environ.get("SSH_AUTH_SOCK", "")
    if machine.layer is not Layer.BASTION or not socket or line.flags & {"-A", "-a"}:
        return ()
    if Path(socket) == own_agent(Path(os.environ.get(settings.RUN, "/nowhere"))):
        return ("-A",)
    if not line.rest and session.can_ask:
        session.note("Your ssh-agent stays here; ssh -A lends it to the bastion.")
    return ()
