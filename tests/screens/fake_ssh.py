"""Machines that a test plays: connections with a script, shells that say what they are told to, forwards on paper."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.inventory import Instance, Layer
from kubeplat_tui.services.ssh.forward_model import ForwardState, ForwardStatus
from kubeplat_tui.services.ssh.model import (
    ConnectStoppedError,
    HostKey,
    KnownHost,
    LinkState,
    LinkStatus,
    SshError,
)
from kubeplat_tui.services.ssh.shell import ShellEnd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kubeplat_tui.services.ssh.forward_model import ForwardSpec
    from kubeplat_tui.services.ssh.model import HostKeyQuestion, PassphraseQuestion, Questions, Size

NOW = datetime(2026, 11, 2, 14, 5, 9, tzinfo=UTC)
KEY = HostKey("ssh-ed25519", b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00 " + bytes(range(32)))
OTHER_KEY = HostKey("ssh-ed25519", b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00 " + bytes(32))
BASTION = Instance(
    id="i-0bastion",
    name="play-jest-bastion",
    private_ip="10.80.110.100",
    public_ip="203.0.113.10",
    state="running",
    zone="eu-west-2a",
    type="t3.small",
    launched=NOW,
    layer=Layer.BASTION,
)
PATIENCE = 20
"""Seconds that a fake waits before it gives up: a test that goes astray ends."""


class FakeShell:
    """A shell whose part the test plays: `says` its output, `typed` what came in, `ends` and `is_lost`."""

    def __init__(self, size: Size, *, agent: bool) -> None:
        self.sizes = [size]
        self.agent = agent
        self.closed = False
        self._typed = b""
        self._end: ShellEnd | None = None
        self._output: queue.Queue[bytes] = queue.Queue()

    # --- the machine's side -----------------------------------------------------------------------

    @property
    def typed(self) -> bytes:
        """Everything that came in."""
        return self._typed

    def says(self, data: bytes | str) -> None:
        """Output."""
        self._output.put(data.encode() if isinstance(data, str) else data)

    def ends(self, code: int | None = 0, *, signal: str = "", why: str = "") -> None:
        """The shell exits."""
        self._finish(ShellEnd(code, signal, lost=False, why=why))

    def is_lost(self, why: str) -> None:
        """The connection goes away under it."""
        self._finish(ShellEnd(None, "", lost=True, why=why))

    def _finish(self, end: ShellEnd) -> None:
        if self._end is None:
            self._end = end
            self._output.put(b"")

    # --- what the application calls ---------------------------------------------------------------

    def read(self, limit: int = 32768) -> bytes:
        """The next output."""
        piece = self._output.get()
        if not piece:
            self._output.put(b"")
        return piece[:limit]

    def write(self, data: bytes) -> None:
        """Input."""
        if self._end is not None:
            raise SshError("The session is over: nothing was sent.")
        self._typed += data

    def resize(self, size: Size) -> None:
        """Another size."""
        self.sizes.append(size)

    def wait(self, seconds: float | None = None) -> ShellEnd | None:
        """How it ended."""
        del seconds
        return self._end

    def close(self) -> None:
        """Closed from here."""
        self.closed = True
        self._finish(ShellEnd(None, "", lost=False, why="The session was closed here."))


class FakeConnection:
    """Up until the test says otherwise."""

    def __init__(self, instance: Instance, *, greeting: str) -> None:
        self.instance = instance
        self.user = "ec2-user"
        bastion = instance.layer is Layer.BASTION
        self.route = f"straight to {instance.public_ip}" if bastion else "through play-jest-bastion"
        self.status = LinkStatus(LinkState.UP, NOW)
        self.shells: list[FakeShell] = []
        self.over = threading.Event()
        self._greeting = greeting
        self._callbacks: list[Callable[[LinkStatus], None]] = []

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self.over.is_set()

    def when_changed(self, callback: Callable[[LinkStatus], None]) -> Callable[[], None]:
        """Tell changes."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def becomes(self, state: LinkState, why: str = "") -> None:
        """The link stands otherwise; told from another thread, as the service does."""
        self.status = LinkStatus(state, NOW - timedelta(seconds=8), why)
        for callback in list(self._callbacks):
            thread = threading.Thread(target=callback, args=(self.status,))
            thread.start()
            thread.join()

    def shell(self, size: Size, *, term: str = "xterm-256color", agent: bool = False) -> FakeShell:
        """A shell that greets."""
        del term
        made = FakeShell(size, agent=agent)
        self.shells.append(made)
        made.says(self._greeting)
        return made

    def ping(self, seconds: float) -> float:
        """It answers."""
        del seconds
        return 0.01

    def close(self) -> None:
        """Closed from here."""
        self.over.set()
        for shell in self.shells:
            shell.close()


class FakeHostKeys:
    """Whom we know."""

    def __init__(self) -> None:
        self.hosts: list[KnownHost] = []

    def known(self) -> tuple[KnownHost, ...]:
        """All of them."""
        return tuple(self.hosts)


@dataclass
class Script:
    """What connecting does: steps it says, questions it asks, a gate it waits at, an error in the end."""

    steps: tuple[str, ...] = ("through play-jest-bastion (203.0.113.10)", "logging in as ec2-user")
    gate: threading.Event | None = None
    trust: HostKeyQuestion | None = None
    passphrase: PassphraseQuestion | None = None
    error: Exception | None = None
    greeting: str = "Last login: Mon Nov  2 13:58:01 2026\r\n[ec2-user@secure ~]$ "


class FakeConnections:
    """Follows `script`; remembers what was made and answered."""

    def __init__(self) -> None:
        self.script = Script()
        self.host_keys = FakeHostKeys()
        self.made: list[FakeConnection] = []
        self.answers: list[object] = []
        self.stopped = 0

    @property
    def shells(self) -> list[FakeShell]:
        """Every shell, in the order in which they began."""
        return [shell for connection in self.made for shell in connection.shells]

    def connect(
        self,
        instance: Instance,
        questions: Questions,
        *,
        say: Callable[[str], None] = lambda _: None,
        stop: threading.Event | None = None,
    ) -> FakeConnection:
        """By the script."""
        script = self.script
        for step in script.steps:
            say(step)
        give_up = threading.Event()
        while script.gate is not None and not script.gate.wait(0.01):
            if stop is not None and stop.is_set():
                self.stopped += 1
                raise ConnectStoppedError("It was stopped.")
            assert not give_up.is_set()
        if script.trust is not None:
            self.answers.append(questions.trust(script.trust))
        if script.passphrase is not None:
            self.answers.append(questions.passphrase(script.passphrase))
        if script.error is not None:
            raise script.error
        connection = FakeConnection(instance, greeting=script.greeting)
        self.made.append(connection)
        return connection

    def bastion(self, questions: Questions) -> FakeConnection:
        """One to a bastion."""
        del questions
        connection = FakeConnection(BASTION, greeting="")
        self.made.append(connection)
        return connection


@dataclass
class FakeForwards:
    """A list of statuses that a test may change by `becomes`."""

    rows: list[ForwardStatus] = field(default_factory=list)
    error: Exception | None = None
    callbacks: list[Callable[[ForwardStatus], None]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    closed: bool = False

    def start(self, spec: ForwardSpec, questions: Questions) -> ForwardStatus:
        """Open at once."""
        del questions
        self.calls.append(f"start {spec.target}")
        if self.error is not None:
            raise self.error
        if any(one.bound_port == spec.bind_port for one in self.rows):
            raise InputError(f"Port {spec.bind_port} is taken.", todo="Choose another one.")
        made = forward(len(self.rows) + 1, spec)
        self.rows.append(made)
        self._tell(made)
        return made

    def restart(self, number: int, questions: Questions) -> ForwardStatus:
        """Open again."""
        del questions
        self.calls.append(f"restart {number}")
        if self.error is not None:
            raise self.error
        return self.becomes(number, state=ForwardState.OPEN, error="")

    def stop(self, number: int) -> None:
        """Gone."""
        self.calls.append(f"stop {number}")
        self.rows = [one for one in self.rows if one.id != number]

    def probe(self, number: int) -> ForwardStatus:
        """As it is."""
        self.calls.append(f"probe {number}")
        return next(one for one in self.rows if one.id == number)

    def statuses(self) -> tuple[ForwardStatus, ...]:
        """All of them."""
        return tuple(self.rows)

    def when_changed(self, callback: Callable[[ForwardStatus], None]) -> Callable[[], None]:
        """Tell changes."""
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def becomes(self, number: int, **changes: object) -> ForwardStatus:
        """A forward stands otherwise."""
        changed = next(one for one in self.rows if one.id == number)
        changed = replace(changed, **changes)  # type: ignore[arg-type]  # the test names its fields
        self.rows = [changed if one.id == number else one for one in self.rows]
        self._tell(changed)
        return changed

    def close(self) -> None:
        """All of them."""
        self.closed = True

    def _tell(self, status: ForwardStatus) -> None:
        for callback in list(self.callbacks):
            callback(status)


def forward(number: int, spec: ForwardSpec) -> ForwardStatus:
    """An open forward."""
    return ForwardStatus(
        id=number,
        spec=spec,
        bound_port=spec.bind_port or 40000 + number,
        state=ForwardState.OPEN,
        received=0,
        sent=0,
        open_now=0,
        total=0,
        probed=NOW - timedelta(seconds=4),
        error="",
        since=NOW - timedelta(minutes=3),
    )


def known_host(instance: Instance, key: HostKey = KEY) -> KnownHost:
    """A machine whose key was accepted an hour ago."""
    return KnownHost(instance.id, instance.name, instance.private_ip, key, NOW - timedelta(hours=1))


def kubeconfig(folder: Path) -> Path:
    """Where the forward's kubeconfig lies."""
    return folder / "play-jest" / "ssh" / "kubeconfig"
