"""A fetch or an upload for the shell: a line a file, a bar while it takes long, ctrl+c between two files."""

from __future__ import annotations

import contextlib
import difflib
import signal
import threading
from typing import TYPE_CHECKING, Any

from kubeplat_tui.commands.conduct import STOPPING
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.events import FileChanged, LogLine, Progress, Stop
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Sequence

    from rich.console import Console
    from rich.progress import Progress as Bar

    from kubeplat_tui.commands.session import Session
    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.secrets.model import Comparison, Transfer

    Words = Callable[[FileChanged], str]
    Carrying = Callable[[Stop], Generator[Event, None, Transfer]]

BAR_FROM = 20
"""So many files are worth a bar."""


def carry(session: Session, work: Carrying, words: Words, *, lines: Console | None) -> Transfer:
    """Do `work` to its end. Each file is a line of `words` on `lines` (None: none); all else goes to stderr.

    ctrl+c lets it end between two files. A reader that goes away (`| head`) stops it, too.
    """
    stop = Stop()
    with _signals(session, stop), _Drawing(session, words, lines) as drawing:
        events = work(stop)
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                transfer: Transfer = end.value
                return transfer
            try:
                drawing.draw(event)
            except (BrokenPipeError, SystemExit):  # rich makes a SystemExit of it
                drawing.unread()
                stop.request()


class _Drawing:
    """The lines, and on a terminal a bar below them that goes away."""

    def __init__(self, session: Session, words: Words, lines: Console | None) -> None:
        self._session = session
        self._words = words
        self._lines = lines
        self._bar: Bar | None = None
        self._task: Any = None

    def __enter__(self) -> _Drawing:
        return self

    def __exit__(self, *_: object) -> None:
        self._pause()

    def draw(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, LogLine):
            self._pause()
            self._session.note(one_line(event.text))
        elif isinstance(event, FileChanged) and self._lines is not None:
            self._pause()
            said = self._words(event)
            if said:
                self._lines.print(one_line(said), soft_wrap=True)

    def unread(self) -> None:
        """Nobody reads the lines any more."""
        self._lines = None

    def _progress(self, event: Progress) -> None:
        console = self._session.err
        if event.total < BAR_FROM or not console.is_terminal or console.is_dumb_terminal:
            return
        if self._bar is None:
            from rich import progress

            self._bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.MofNCompleteColumn(),
                progress.DownloadColumn(),
                progress.TransferSpeedColumn(),
                console=console,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(event.doing, total=event.total_size)
        self._bar.update(self._task, completed=event.size)

    def _pause(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def keys_below(comparison: Comparison, names: Sequence[str]) -> list[str] | None:
    """The keys that `names` mean: files, or folders with all below them; None for all of them.

    A path as it is printed (`secrets/common/…`) is taken, too. Raises `InputError` with the nearest name.
    """
    if not names:
        return None
    known = [file.key for file in comparison.files]
    found: dict[str, None] = {}
    for name in names:
        meant = _below(known, name) or _below(known, name.removeprefix("secrets/"))
        if not meant:
            raise InputError(f"There is no secret {name}, here or in the bucket.", todo=_nearest(name, known))
        found.update(dict.fromkeys(meant))
    return list(found)


def resolution(keys: Collection[str], environment: str) -> str:
    """What to do about files that differ on both sides."""
    one = next(iter(sorted(keys)))
    many = len(keys) > 1
    these = f"{len(keys)} files were" if many else f"{one} was"
    rest = " KEY" if many else f" {one}"
    return (
        f"{these} changed here and in the bucket; both stay as they are.\n"
        f"  Compare them:         kubeplat secrets diff{rest} -e {environment}\n"
        f"  Take the bucket's:    kubeplat fetch-secrets{rest} --overwrite -e {environment}\n"
        f"  Keep this computer's: kubeplat upload-secrets{rest} --overwrite -e {environment}"
    )


def _below(known: Sequence[str], name: str) -> list[str]:
    folder = name.rstrip("/") + "/"
    return [key for key in known if key == name or key.startswith(folder)]


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f"Did you mean {near[0]}?" if near else "kubeplat secrets list shows what there is."


@contextlib.contextmanager
def _signals(session: Session, stop: Stop) -> Iterator[None]:
    """Let ctrl+c, a shutdown or a lost connection ask for a stop. Only the main thread hears them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(_: int, __: object) -> None:
        if stop.request():
            session.note("Stopping: what has begun is finished.")

    before = {number: signal.signal(number, heard) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
