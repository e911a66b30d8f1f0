"""Files to machines and from them: what is asked first, what is copied now, and how it ended."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from textual.containers import Vertical

from kubeplat_tui.delivered import Delivered
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.widgets.cells import byte_size, duration
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.screens.ssh.screen import SshScreen
    from kubeplat_tui.screens.ssh.session import Session
    from kubeplat_tui.screens.ssh.transfer_line import TransferLine
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.ssh.connection import Connection
    from kubeplat_tui.services.ssh.transfer_model import Transferred


BRIEF = 10
"""Seconds up to which tenths are of interest."""


class Way(StrEnum):
    """Which way files go."""

    PUT = "upload"
    GET = "download"


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be copied: a path here and one on the machine ("~" and relative ones are the user's home there)."""

    way: Way
    machine: Instance
    name: str
    local: str
    remote: str
    overwrite: bool = False

    @property
    def words(self) -> str:
        """`upload app.tgz to secure-a`."""
        if self.way is Way.PUT:
            return f"upload {Path(self.local).name or self.local} to {self.name}"
        return f"download {self.remote.rstrip('/').rpartition('/')[2] or self.remote} from {self.name}"


class Lines(Vertical):
    """A line for each transfer."""

    DEFAULT_CSS = """
    Lines { height: auto; max-height: 4; display: none; }
    Lines.-busy { display: block; }
    """


class Copying:
    """Belongs to the screen. Several transfers may run at once; each has its own line and its own thread."""

    def __init__(self, screen: SshScreen) -> None:
        self.lines = Lines()
        self._screen = screen
        self._stops: dict[TransferLine, threading.Event] = {}

    @property
    def busy(self) -> bool:
        """Whether something is copied."""
        return bool(self._stops)

    def stop_all(self) -> None:
        """Ask what is copied to stop."""
        for line, stop in self._stops.items():
            stop.set()
            line.stopping()

    def ask(self, way: Way, machine: Instance, name: str, session: Session | None) -> None:
        """Ask what and where to."""
        self._ask(Wish(way, machine, name, "~/" if way is Way.PUT else "./", "~/"), session, "")

    def _ask(self, wish: Wish, session: Session | None, problem: str) -> None:
        from kubeplat_tui.screens.ssh.copy_dialog import CopyDialog

        def wished(answer: Wish | None) -> None:
            if answer is not None:
                self._start(answer, session)

        self._screen.app.push_screen(CopyDialog(wish, problem), wished)

    def _start(self, wish: Wish, session: Session | None) -> None:
        from kubeplat_tui.screens.ssh.transfer_line import TransferLine

        screen = self._screen
        line, stop = TransferLine(wish.words, screen.kubeplat.now), threading.Event()
        questions = screen.asker.questions(line)
        site, intents = screen.site, screen.kubeplat.intents
        shared = session.connection if session is not None else None

        def work() -> None:
            try:
                if shared is not None:
                    done = self._copy(shared, wish, line, stop)
                else:
                    connection = intents.ssh(site).connect(wish.machine, questions, say=line.say, stop=stop)
                    try:
                        done = self._copy(connection, wish, line, stop)
                    finally:
                        connection.close()
            except KubeplatError as error:
                self._deliver(line, lambda error=error: self._failed(wish, session, error))  # type: ignore[misc]  # bound at once
            except Exception as error:  # noqa: BLE001 - whatever a library raises must end as a sentence, not a crash
                problem = screen.kubeplat.unexpected(wish.words, error)
                self._deliver(line, lambda: self._failed(wish, session, problem))
            else:
                self._deliver(line, lambda: self._copied(wish, done))

        self._stops[line] = stop
        self.lines.mount(line)
        self.lines.add_class("-busy")
        screen.refresh_bindings()
        screen.run_worker(work, thread=True, group="copying", exit_on_error=False)
        screen.sessions.give_keys_back()

    @staticmethod
    def _copy(connection: Connection, wish: Wish, line: TransferLine, stop: threading.Event) -> Transferred:
        from kubeplat_tui.services.ssh import files

        local = Path(wish.local).expanduser().absolute()
        if wish.way is Way.PUT:
            return files.put(
                connection, local, wish.remote, overwrite=wish.overwrite, say=line.tell, stop=stop
            )
        return files.get(connection, wish.remote, local, overwrite=wish.overwrite, say=line.tell, stop=stop)

    def _deliver(self, line: TransferLine, what: Callable[[], None]) -> None:
        def over() -> None:
            self._screen.asker.drop(line)
            self._stops.pop(line, None)
            line.remove()
            self.lines.set_class(self.busy, "-busy")
            self._screen.refresh_bindings()
            what()

        self._screen.post_message(Delivered(over))

    def _failed(self, wish: Wish, session: Session | None, error: KubeplatError) -> None:
        """What was typed wrong is asked again, with why."""
        screen = self._screen
        if isinstance(error, InputError) and screen.is_active:
            self._ask(replace(wish, overwrite=False), session, str(error))
        else:
            screen.app.notify(
                str(error), title=wish.words.capitalize(), severity="error", markup=False, timeout=12
            )

    def _copied(self, wish: Wish, done: Transferred) -> None:
        count = "1 file" if done.files == 1 else f"{done.files:,} files"
        where = f"{wish.name}:{done.target}" if wish.way is Way.PUT else done.target
        took = f"{done.seconds:.1f} s" if done.seconds < BRIEF else duration(done.seconds)
        sentence = f"{count}, {byte_size(done.bytes)} in {took}: {one_line(where)}"
        if done.skipped:
            first = done.skipped[0]
            sentence += (
                f"\n{len(done.skipped)} left out, the first: {one_line(first.name)} ({one_line(first.why)})"
            )
        self._screen.app.notify(
            sentence,
            title=f"{wish.way.capitalize()}ed",
            severity="warning" if done.skipped else "information",
            markup=False,
        )
