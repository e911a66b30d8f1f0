"""`rehearse`: plays the rehearsal and prints each step with its time."""

import contextlib
import queue
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Annotated

import typer
from rich.text import Text

from kubeplat_tui.commands import text
from kubeplat_tui.commands.rehearsal import Played, Rehearsal
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.errors import ExitCode

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "rehearse")(rehearse)


def rehearse(
    session: Session,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the rehearsal's folder with its logs.")] = False,
) -> ExitCode:
    """Play an environment's whole life, in a sandbox.

    It builds a throw-away environment in a sandbox of its own, looks at everything, takes it down, and leaves
    nothing behind. The exit code is 0 only if every step held; the folder is kept where one did not.
    """
    began = time.monotonic()
    rehearsal = Rehearsal(session.intents.workplace)
    steps: list[Played] = []
    left = ""
    try:
        for played in _in_thread(session, rehearsal):
            steps.append(played)
            if not session.options.json:
                _print_step(session, played)
    finally:
        interrupted = rehearsal.stop.requested
        held = bool(steps) and all(played.held for played in steps) and not interrupted
        kept = keep or not (held or interrupted)
        left = rehearsal.close(keep=kept)
    seconds = time.monotonic() - began
    held = held and not left
    if session.options.json:
        session.print_json(
            {
                "held": held,
                "interrupted": interrupted,
                "seconds": round(seconds, 1),
                "steps": steps,
                "folder": rehearsal.folder if kept else None,
                "left": left,
            }
        )
        return ExitCode.DONE if held else ExitCode.FAILED
    total = sum(played.held for played in steps)
    ending = "every step held" if held else "interrupted" if interrupted else "it did not hold"
    session.out.print(
        Text(f"{total} of {len(rehearsal.steps())} steps in {text.duration(seconds)}: {ending}")
    )
    if left:
        session.out.print(f"Left over: {left}", soft_wrap=True)
    if kept:
        session.out.print(
            f"The log is {rehearsal.log}; the folder is kept: {rehearsal.folder}", soft_wrap=True
        )
    return ExitCode.DONE if held else ExitCode.FAILED


def _print_step(session: Session, played: Played) -> None:
    mark, style = ("✔", "green") if played.held else ("✖", "red")
    took = text.duration(played.seconds)
    detail = f"  {played.detail}" if played.detail else ""
    line = Text.assemble(
        (mark, style), f" {took:>10}  {played.title}", (detail, "dim" if played.held else "red")
    )
    session.out.print(line, soft_wrap=True)


def _in_thread(session: Session, rehearsal: Rehearsal) -> Iterator[Played]:
    """The steps as they end; they run in a thread, so that ctrl+c is heard here and stops them cleanly."""
    news: queue.SimpleQueue[Played | BaseException | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            for played in rehearsal.play():
                news.put(played)
            news.put(None)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits for it
            news.put(error)

    worker = threading.Thread(target=work, name="rehearsal")
    with _stop_on_signal(session, rehearsal):
        worker.start()
        try:
            while (told := news.get()) is not None:
                if isinstance(told, BaseException):
                    raise told
                yield told
        except BaseException:
            rehearsal.stop.request()
            raise
        finally:
            worker.join()


@contextlib.contextmanager
def _stop_on_signal(session: Session, rehearsal: Rehearsal) -> Iterator[None]:
    def heard(_: int, __: FrameType | None) -> None:
        if rehearsal.stop.request():
            session.note(
                "Stopping cleanly; the sandbox and the folder are taken away. This can take a minute."
            )

    before = {number: signal.signal(number, heard) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
