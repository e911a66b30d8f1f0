"""How long a frame of a terminal takes when every cell of 200x50 is drawn anew with colours, and when one row is.

From the bytes to what would be written to the user's terminal; each core that is installed. Beside it textual-tty with
its own emulator, in a process of its own.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

CHECKOUT = Path(__file__).parents[1]
COLUMNS, ROWS = 200, 50
FRAMES = 60
RUN = "import asyncio, json; print(json.dumps(asyncio.run(textual_tty())))"


def full(number: int) -> bytes:
    """Every cell other than in the frame before, five looks in a row."""
    rows = []
    for y in range(ROWS):
        cells = "".join(
            f"\x1b[{1 if (x + y) % 2 else 22};38;5;{16 + (x * 7 + y + number) % 216};48;5;{232 + (x + number) % 24}m"
            + chr(97 + (x + y + number) % 26) * 40
            for x in range(5)
        )
        rows.append(f"\x1b[{y + 1};1H{cells}")
    return "".join(rows).encode()


def one(number: int) -> bytes:
    """One row."""
    return f"\x1b[{number % ROWS + 1};1H\x1b[32m{chr(97 + number % 26) * COLUMNS}".encode()


async def timed(app: App[Any], view: Any, take: Callable[[bytes], None]) -> dict[str, float]:
    """Median seconds of a full frame and of a row, once the program runs in."""
    found = {}
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.pause()
        for name, made in (("full", full), ("one", one)):
            samples = []
            for number in range(FRAMES):
                data = made(number)
                await pilot.pause(0.02)
                began = time.perf_counter()
                take(data)
                screen = app.screen
                screen._compositor.update_widgets({view})  # noqa: SLF001 - what Textual does for a frame
                update: Any = screen._compositor.render_update(screen_stack=app._background_screens)  # noqa: SLF001 - same
                if update is not None:
                    update.render_segments(app.console)
                samples.append(time.perf_counter() - began)
            found[name] = statistics.median(samples)
    return found


async def ours(core: str) -> dict[str, float]:
    """Our widget with that core."""
    from kubeplat_tui.widgets.terminal import choose
    from kubeplat_tui.widgets.terminal.view import TerminalView
    from tests.screens.widget_app import WidgetApp

    view = TerminalView(choose.make_core(COLUMNS, ROWS, core != "bittty"))

    def take(data: bytes) -> None:
        view.core.feed(data)
        view.core_changed()
        view._paint()  # noqa: SLF001 - at once, not with the next frame

    return await timed(WidgetApp(view), view, take)


async def textual_tty() -> dict[str, float]:
    """The peer. This function and what it needs run in an environment that has nothing of ours."""
    from textual.app import App
    from textual_tty.monitor import Monitor  # type: ignore[import-not-found,unused-ignore] # in its environment only

    view = Monitor(size=(COLUMNS, ROWS))

    class Peer(App[None]):
        def compose(self) -> Any:
            yield view

    def take(data: bytes) -> None:
        view.feed(data.decode())
        view._tick()  # noqa: SLF001 - at once, not with the next frame

    return await timed(Peer(), view, take)


def measure() -> list[Result]:
    """Every core, beside the peer."""
    peer = _peer()
    cores = ["bittty", *(["evp"] if importlib.util.find_spec("evp") else [])]
    found = {core: asyncio.run(ours(core)) for core in cores}
    words = {"full": f"a frame, all of {COLUMNS}x{ROWS} new", "one": "a frame, one row new"}
    return [
        Result(
            "terminal",
            f"{words[name]} ({core})",
            1000 * found[core][name],
            "ms",
            1000 * peer[name],
            "textual-tty",
            "at most 16 ms",
            FRAMES,
        )
        for core in cores
        for name in words
    ]


def _peer() -> dict[str, float]:
    head = "import statistics, time\nfrom typing import Any\nfrom collections.abc import Callable\n"
    head += f"COLUMNS, ROWS, FRAMES = {COLUMNS}, {ROWS}, {FRAMES}\nApp = Any\n"
    parts = [inspect.getsource(part) for part in (full, one, timed, textual_tty)]
    code = "from __future__ import annotations\n" + head + "\n".join([*parts, RUN])
    done = subprocess.run(
        [CHECKOUT / "scripts" / "textual-tty", "-c", code], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"textual-tty could not be measured: {done.stderr[-1000:]}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer
