"""`forward`: a port of this computer that leads to the environment, until ctrl+c."""

import contextlib
import json
import queue
import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui.commands import machines
from kubeplat_tui.commands.json_output import plain
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.signals import EndedBySignal, Signals
from kubeplat_tui.commands.ssh_questions import AtShell, HostKeyOption
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.errors import ExitCode, InputError
from kubeplat_tui.services.ssh.forward_model import (
    LOOPBACK,
    ForwardKind,
    ForwardSpec,
    ForwardState,
    ForwardStatus,
)
from kubeplat_tui.widgets import cells

if TYPE_CHECKING:
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.forwards import Forwards

FORM = re.compile(
    r"(?:(?P<local>[0-9]{1,5}):)?(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:\[\]]+)):(?P<port>[0-9]{1,5})"
)
TWO_PORTS = re.compile(r"(?P<local>[0-9]{1,5}):(?P<port>[0-9]{1,5})")
KUBECONFIG = "KUBECONFIG"
LOOK_AGAIN = 0.5
"""Seconds."""


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "forward")(forward)


def forward(
    session: Session,
    *,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MACHINE] LOCAL:HOST:PORT",
            help="The machine it leaves from (a bastion where none is named), and where it leads: HOST:PORT as "
            "that machine knows it. LOCAL is a port of this computer; without it, a free one.",
        ),
    ] = None,
    socks: Annotated[
        int | None,
        typer.Option(
            "--socks", metavar="PORT", help="A SOCKS proxy: its clients say where to. 0: a free port."
        ),
    ] = None,
    api: Annotated[
        bool, typer.Option("--api", help="To the Kubernetes API, with a kubeconfig that uses it.")
    ] = False,
    host_key: HostKeyOption = None,
) -> int:
    """Forward ports to the environment.

    The way leads through a bastion. The ports are on 127.0.0.1 only, and open until ctrl+c. Each change of state
    is said, and at the end the bytes. The exit code is 1 where the connection was lost. With --json each change
    is one line.
    """
    target, specs = _asked(words or [], socks)
    if not specs and not api:
        raise InputError(
            "Nothing was said to forward.",
            todo="Say LOCAL:HOST:PORT, --socks PORT or --api. Nothing was done.",
        )
    with Signals() as signals:
        questions = AtShell(session, host_key or [])
        try:
            site = session.open()
            via = machines.chosen(session, site, target).id if target is not None else ""
            machines.existing(session, site)
            watching = _Watching(session, session.intents.forwards(site))
            try:
                for each in specs:
                    watching.start(replace(each, via=via), questions)
                if api:
                    watching.start_api(site, questions)
                return watching.until_the_end(signals)
            except EndedBySignal:
                if not watching.began:
                    raise
                return ExitCode.DONE
            finally:
                watching.close()
        except EndedBySignal as ended:
            return ended.exit_code
        finally:
            questions.clear()


class _Watching:
    """Says what becomes of the forwards, in this thread."""

    def __init__(self, session: Session, forwards: "Forwards") -> None:
        self._session = session
        self._forwards = forwards
        self._news: queue.SimpleQueue[ForwardStatus | None] = queue.SimpleQueue()
        self._said: dict[int, tuple[ForwardState, str]] = {}
        self._leave = forwards.when_changed(self._news.put)

    @property
    def began(self) -> bool:
        """Whether there was a forward at all."""
        return bool(self._said)

    def start(self, spec: ForwardSpec, questions: AtShell) -> None:
        """Start a forward. Raises as `Forwards.start`."""
        questions.say(f"opening a way to {spec.target}")
        status = self._forwards.start(spec, questions)
        questions.clear()
        self._say(status)

    def start_api(self, site: "Site", questions: AtShell) -> None:
        """Start the one to the Kubernetes API, and print how to use it: the one line of the result."""
        from kubeplat_tui.services.ssh.api_forward import kubernetes_api

        questions.say("opening a way to the Kubernetes API")
        status, kubeconfig = kubernetes_api(site, self._forwards, questions)
        questions.clear()
        self._say(status)
        if not self._session.options.json:
            line = f"export {KUBECONFIG}={shlex.quote(str(kubeconfig))}"
            self._session.out.print(line, soft_wrap=True)

    def until_the_end(self, signals: Signals) -> int:
        """Say every change until ctrl+c (0), or until a forward is lost (1)."""
        self._note("Until ctrl+c.")
        with signals.waking(lambda: self._news.put(None)):
            while signals.heard is None:
                # Python hears a signal between two of its steps: one that comes just before a wait is heard after it.
                with contextlib.suppress(queue.Empty):
                    status = self._news.get(timeout=LOOK_AGAIN)
                    if status is None:
                        break
                    self._say(status)
                    if status.state is ForwardState.LOST:
                        return ExitCode.FAILED
        return ExitCode.DONE

    def close(self) -> None:
        """Say what went through, and close them."""
        self._leave()
        last = self._forwards.statuses()
        self._forwards.close()
        for status in last:
            if self._session.options.json:
                self._print(replace(status, state=ForwardState.CLOSED))
            else:
                received, sent = cells.byte_size(status.received), cells.byte_size(status.sent)
                count = f"{status.total} connection{'' if status.total == 1 else 's'}"
                self._note(f"{_name(status)}: {received} received, {sent} sent, {count}")

    def _say(self, status: ForwardStatus) -> None:
        """Once each state: a client that comes and goes changes none."""
        now = (status.state, status.error)
        if self._said.get(status.id) == now or status.state is ForwardState.STARTING:
            return
        self._said[status.id] = now
        if self._session.options.json:
            self._print(status)
        why = f": {status.error}" if status.error and status.state is not ForwardState.OPEN else ""
        self._note(f"{_name(status)} is {status.state}{why}")

    def _print(self, status: ForwardStatus) -> None:
        print(json.dumps(plain(status), ensure_ascii=False), flush=True)

    def _note(self, line: str) -> None:
        if not self._session.options.json:
            self._session.err.print(line, soft_wrap=True)


def _name(status: ForwardStatus) -> str:
    return f"{LOOPBACK}:{status.bound_port} to {status.spec.label or status.spec.target}"


def _asked(words: list[str], socks: int | None) -> tuple[str | None, list[ForwardSpec]]:
    """The machine, where one is named, and the forwards. Raises `InputError`."""
    targets = [word for word in words if ":" not in word]
    if len(targets) > 1:
        raise InputError(
            f"Two machines were named: {targets[0]} and {targets[1]}.",
            todo="A forward leaves from one. Where it leads is LOCAL:HOST:PORT.",
        )
    specs = [spec(word) for word in words if ":" in word]
    if socks is not None:
        specs.append(ForwardSpec(ForwardKind.DYNAMIC, bind_port=socks))
    return (targets[0] if targets else None), specs


def spec(word: str) -> ForwardSpec:
    """`LOCAL:HOST:PORT`, `HOST:PORT`, or `LOCAL:PORT` (of the machine itself). Raises `InputError`."""
    if found := TWO_PORTS.fullmatch(word):
        return ForwardSpec(ForwardKind.LOCAL, int(found["local"]), "localhost", int(found["port"]))
    found = FORM.fullmatch(word)
    if found is None:
        raise InputError(
            f"{word} does not say what to forward.",
            why=f"Forwards listen on {LOOPBACK} only: there is no address before LOCAL."
            if word.count(":") == 3 and "[" not in word
            else "",
            todo="It is LOCAL:HOST:PORT, such as 8080:10.80.10.100:8080; an IPv6 address stands in brackets.",
        )
    return ForwardSpec(
        ForwardKind.LOCAL, int(found["local"] or 0), found["six"] or found["host"], int(found["port"])
    )
