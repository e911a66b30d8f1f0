"""A session: one shell on one machine, and the thread that connects it and reads from it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kubeplat_tui.screens.ssh.looks import LIVE, OPEN, Phase, Standing
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.ssh.model import LinkState, Size

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.ssh.connection import Connection
    from kubeplat_tui.services.ssh.connections import Connections
    from kubeplat_tui.services.ssh.model import LinkStatus, Questions
    from kubeplat_tui.services.ssh.shell import Shell, ShellEnd

    Deliver = Callable[[Callable[[], None]], None]
    """Runs a callable in the application's thread."""


class Session:
    """Lives as long as its tab; every connecting is an `Attempt`. For the application's thread only.

    `changed` is called after every change of `standing`, `wrote` at the first output since `activity` was taken back.
    `output` gets what the machine sends, in the session's own thread; while it waits nothing more is read, and so the
    machine sends no more.
    """

    def __init__(
        self,
        key: str,
        machine: Instance,
        name: str,
        *,
        agent: bool,
        now: Callable[[], datetime],
        deliver: Deliver,
        unexpected: Callable[[str, Exception], KubeplatError],
    ) -> None:
        self.key = key
        self.machine = machine
        self.name = name
        self.agent = agent
        self.title = ""
        self.route = ""
        self.user = ""
        self.size = Size(80, 24)
        self.bell = False
        self.activity = False
        self.asks = False
        self.standing = Standing(Phase.CONNECTING, now())
        self.changed: Callable[[], None] = lambda: None
        self.wrote: Callable[[], None] = lambda: None
        self.output: Callable[[bytes], object] = lambda _: None
        self._now = now
        self._deliver = deliver
        self._unexpected = unexpected
        self._attempt: Attempt | None = None

    @property
    def phase(self) -> Phase:
        """How it stands."""
        return self.standing.phase

    @property
    def open(self) -> bool:
        """Whether closing it would end something."""
        return self.phase in OPEN

    @property
    def live(self) -> bool:
        """Whether what is typed goes to the machine."""
        return self.phase in LIVE

    @property
    def connection(self) -> Connection | None:
        """Its connection while it is live."""
        return self._attempt.connection if self._attempt is not None and self.live else None

    def start(self, connections: Callable[[], Connections], questions: Questions) -> None:
        """Connect (again). `connections` may block: it is called in the thread."""
        self._drop()
        self._stand(Standing(Phase.CONNECTING, self._now()))
        self._attempt = Attempt(self, connections, questions)
        self._attempt.thread.start()

    def write(self, data: bytes) -> None:
        """Send what was typed. Raises `SshError` where it cannot be taken."""
        if self._attempt is not None and self._attempt.shell is not None and self.live:
            self._attempt.shell.write(data)

    def resize(self, size: Size) -> None:
        """The terminal has another size."""
        self.size = size
        if self._attempt is not None and self._attempt.shell is not None:
            self._attempt.shell.resize(size)

    def cancel(self) -> None:
        """Connect no further."""
        if self.phase is Phase.CONNECTING:
            self._drop()
            self.failed(KubeplatError(f"Connecting to {self.name} was cancelled."))

    def close(self) -> None:
        """End it. What is left of it ends in its thread."""
        self._drop()
        if self.open:
            self._stand(Standing(Phase.ENDED, self._now()))

    def _drop(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.end()

    def _stand(self, standing: Standing) -> None:
        self.standing = standing
        self.changed()

    # --- what an attempt tells; what a former one tells is past -------------------------------------

    def tell(self, attempt: Attempt, what: Callable[[], None]) -> None:
        """Run `what` in the application's thread, where `attempt` is still the present one. Any thread."""

        def arrived() -> None:
            if attempt is self._attempt:
                what()

        self._deliver(arrived)

    def says(self, words: str) -> None:
        """What connecting does now."""
        if self.phase is Phase.CONNECTING:
            self._stand(Standing(Phase.CONNECTING, self.standing.since, words))

    def is_up(self, route: str, user: str, size: Size) -> None:
        """The shell is there."""
        self.route, self.user = route, user
        if size != self.size:
            self.resize(self.size)
        self._stand(Standing(Phase.UP, self._now()))

    def link(self, status: LinkStatus) -> None:
        """The connection stands otherwise."""
        if not self.live:
            return
        if status.state is LinkState.SILENT:
            self._stand(Standing(Phase.SILENT, status.since, status.why))
        elif status.state is LinkState.UP and self.phase is Phase.SILENT:
            self._stand(Standing(Phase.UP, status.since))

    def over(self, end: ShellEnd | None) -> None:
        """The shell ended, or the connection did."""
        self._attempt = None
        if end is not None and end.lost:
            self._stand(Standing(Phase.LOST, self._now(), end.why, end))
        else:
            self._stand(Standing(Phase.ENDED, self._now(), end.why if end else "", end))

    def failed(self, error: KubeplatError) -> None:
        """There is no connection."""
        self._attempt = None
        self._stand(Standing(Phase.FAILED, self._now(), error=error))

    def unexpected(self, error: Exception) -> KubeplatError:
        """A fault as a sentence. Any thread."""
        return self._unexpected(f"connecting to {self.machine.id}", error)


class Attempt:
    """One connection with its shell, from the first dial to the end. `thread` does everything that blocks."""

    def __init__(
        self, session: Session, connections: Callable[[], Connections], questions: Questions
    ) -> None:
        self.connection: Connection | None = None
        self.shell: Shell | None = None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name=f"session {session.key}", daemon=True)
        self._session = session
        self._connections = connections
        self._questions = questions

    def end(self) -> None:
        """Stop connecting, or close what is there. Returns at once."""
        self.stop.set()
        threading.Thread(target=self._close, name=f"{self.thread.name} ends", daemon=True).start()

    def _run(self) -> None:
        session = self._session
        try:
            self._connect()
        except KubeplatError as error:
            problem = error
        except Exception as error:  # noqa: BLE001 - whatever a library raises must end as a sentence, not a crash
            problem = session.unexpected(error)
        else:
            self._read()
            return
        self._close()
        session.tell(self, lambda: session.failed(problem))

    def _connect(self) -> None:
        session, size = self._session, self._session.size
        connection = self._connections().connect(
            session.machine, self._questions, say=self._say, stop=self.stop
        )
        self.connection = connection
        self._say("starting a shell")
        self.shell = connection.shell(size, agent=session.agent)
        connection.when_changed(lambda status: session.tell(self, lambda: session.link(status)))
        session.tell(self, lambda: session.is_up(connection.route, connection.user, size))

    def _say(self, words: str) -> None:
        self._session.tell(self, lambda: self._session.says(words))

    def _read(self) -> None:
        session, shell = self._session, self.shell
        if shell is None:
            return
        while not self.stop.is_set():
            piece = shell.read()
            if not piece:
                break
            session.output(piece)
            if not session.activity:
                session.activity = True
                session.tell(self, session.wrote)
        end = None if self.stop.is_set() else shell.wait()
        session.tell(self, lambda: session.over(end))
        self._close()

    def _close(self) -> None:
        if self.shell is not None:
            self.shell.close()
        if self.connection is not None:
            self.connection.close()
