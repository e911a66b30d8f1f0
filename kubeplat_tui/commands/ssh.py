"""`ssh`: a shell on a machine, or one command and its exit code."""

import io
import os
import signal
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from kubeplat_tui.commands import machines
from kubeplat_tui.commands.carrier import Carrier, LeftError, Streams
from kubeplat_tui.commands.completion import complete_machines
from kubeplat_tui.commands.raw_terminal import RawTerminal, size_of
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.signals import BY_SIGNAL, EndedBySignal, Signals
from kubeplat_tui.commands.ssh_questions import AtShell, HostKeyOption
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.errors import ExitCode, InputError, KubeplatError
from kubeplat_tui.services.ssh.model import SshError

if TYPE_CHECKING:
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.connection import Connection
    from kubeplat_tui.services.ssh.shell import ShellEnd

TERM = "xterm-256color"
SHELL = 'exec "${SHELL:-/bin/sh}" -l'
"""What reads commands from stdin where there is no terminal."""


class FailedSshError(KubeplatError):
    """`ssh` did not get as far as an exit code of the machine's."""

    exit_code = ExitCode.NO_CONNECTION


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "ssh")(ssh)


def ssh(
    session: Session,
    *,
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="MACHINE",
            help="A layer (bastion, secure or master, compute), a short name (secure-b), an id or an address. Without "
            "it: choose.",
            autocompletion=complete_machines,
        ),
    ] = None,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- COMMAND", help="What to run there; without it: a shell."),
    ] = None,
    terminal: Annotated[
        bool, typer.Option("--tty", "-t", help="Give the command a terminal, for programs with a screen.")
    ] = False,
    agent: Annotated[
        bool, typer.Option("--agent", "-A", help="Let the machine use your ssh-agent while this lasts.")
    ] = False,
    host_key: HostKeyOption = None,
) -> int | None:
    """Open a shell on a machine, or run a command there.

    The way leads through a bastion. A machine that was never connected to shows its host key first; a changed
    key is refused. stdin, stdout and stderr of a command are its own, byte for byte, and so is its exit code:
    128 and the signal's number where a signal ended it, 255 where kubeplat itself failed. In a shell, ~. at the
    beginning of a line closes the connection, and ~? tells more. With --json: the machines and their host keys.
    """
    if session.options.json:
        if target is not None:
            raise InputError("--json lists the machines.", todo="Leave it out, or the machine.")
        machines.print_document(session, session.open())
        return None
    with Signals() as signals:
        try:
            wish = _Wish(" ".join(command or ()), terminal, agent)
            return _run(session, signals, target, wish, AtShell(session, host_key or []))
        except EndedBySignal as ended:
            return ended.exit_code
        except LeftError as left:
            session.note(left.what)
            return ExitCode.NO_CONNECTION
        except KubeplatError as error:
            raise FailedSshError(error.what, why=error.why, todo=error.todo) from error


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to run; a shell where `command` is ""."""

    command: str
    terminal: bool
    agent: bool


def _run(session: Session, signals: Signals, target: str | None, wish: _Wish, questions: AtShell) -> int:
    site = _open(session)
    machine = machines.chosen(session, site, target)
    try:
        connection = session.intents.ssh(site).connect(machine, questions, say=questions.say)
    finally:
        questions.clear()
    try:
        return _on(connection, session, signals, wish)
    finally:
        connection.close()


def _open(session: Session) -> "Site":
    """The site. That it is a sandbox is said to people only: where stderr is kept, it is the command's alone."""
    environment = session.environment()
    if session.err.is_terminal:
        session.announce(environment)
    return session.intents.open(environment.name)


def _on(connection: "Connection", session: Session, signals: Signals, wish: _Wish) -> int:
    streams = Streams(_descriptor(sys.stdin), _descriptor(sys.stdout), _descriptor(sys.stderr))
    sys.stdout.flush()
    sys.stderr.flush()
    screen = streams.stdout if os.isatty(streams.stdout) else streams.stdin
    typed = os.isatty(streams.stdin) and (wish.terminal or not wish.command)
    with RawTerminal(streams.stdin, screen) if typed else nullcontext() as raw:
        size = size_of(screen) if typed or wish.terminal else None
        term = os.environ.get("TERM") or TERM
        if raw is not None and not wish.command:
            shell = connection.shell(size_of(screen), term=term, agent=wish.agent)
        else:
            shell = connection.command(wish.command or SHELL, size=size, term=term, agent=wish.agent)
        end = Carrier(shell, streams, signals, raw).run()
    if raw is not None and not end.lost:
        session.note(f"The connection to {connection.instance.name} is closed.")
    return _code(end, connection.instance)


def _code(end: "ShellEnd", machine: "Instance") -> int:
    """What the shell is told. Raises `SshError` where the machine had no say in it."""
    if end.lost:
        raise SshError(f"The connection to {machine.name} ({machine.id}) was lost.", why=end.why)
    if end.exit_code is not None:
        return end.exit_code
    number = getattr(signal, f"SIG{end.signal}", None)
    if isinstance(number, signal.Signals):
        return BY_SIGNAL + number
    raise SshError(
        f"The command on {machine.name} ended, and the machine did not say how.", why=end.why or end.signal
    )


def _descriptor(stream: TextIO) -> int:
    try:
        return stream.fileno()
    except io.UnsupportedOperation as error:
        raise InputError("ssh carries bytes, and one of its streams is not a file.") from error
