"""How many coloured lines a second the log takes, and how long it blocks the keys; beside Textual's Log and RichLog.

Lines arrive in batches, as a pipeline gives them; the clock stops when the last one is on the screen.
"""

from __future__ import annotations

import asyncio
import gc
import time
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Log, RichLog

from benchmarks.result import Result
from benchmarks.ui_block import Heart
from kubeplat_tui.widgets.log_view import LogView
from kubeplat_tui.widgets.pattern import Pattern
from tests.screens.widget_app import WidgetApp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.widget import Widget

    from kubeplat_tui.widgets.log_lines import LogLines

SIZE = (120, 40)
BATCH = 500
MANY = 1_000_000
SOME = 100_000
FEW = 5_000
PATIENCE = 120.0


def line(number: int) -> str:
    """A line as Terraform writes it, with colours."""
    return (
        f"12:00:{number % 60:02}   cluster    \x1b[1mmodule.network.aws_subnet.private[{number}]\x1b[0m: "
        f"\x1b[32mCreation complete\x1b[0m after {number % 90}s [id=subnet-{number:017x}]"
    )


def measure() -> list[Result]:
    """Ours, then Textual's two, then the filter over a million lines."""
    ours, ours_block, filtered, filter_block = asyncio.run(_ours())
    log, log_block = asyncio.run(_peer(_log, SOME))
    rich, rich_block = asyncio.run(_peer(_rich_log, FEW))
    return [
        _rate("Textual's Log, which shows no colours", ours, log),
        _rate("Textual's RichLog", ours, rich),
        _block("Textual's Log, which shows no colours", ours_block, log_block),
        _block("Textual's RichLog", ours_block, rich_block),
        Result("log view", "a million lines filtered", filtered, "s", goal="keys answered meanwhile"),
        Result("log view", "longest block while filtering", filter_block * 1000, "ms", goal="at most 50 ms"),
    ]


def _rate(peer_name: str, ours: float, peer: float) -> Result:
    return Result(
        "log view", "coloured lines a second", ours, "lines/s", peer, peer_name, "more than the peer"
    )


def _block(peer_name: str, ours: float, peer: float) -> Result:
    return Result(
        "log view",
        "longest block while lines arrive",
        ours * 1000,
        "ms",
        peer * 1000,
        peer_name,
        "at most 50 ms",
    )


async def _feed(lines: Sequence[str], write: Callable[[Sequence[str]], object]) -> None:
    for start in range(0, len(lines), BATCH):
        write(lines[start : start + BATCH])
        await asyncio.sleep(0)


async def _when(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError("the log stands still")
        await asyncio.sleep(0.001)


async def _ours() -> tuple[float, float, float, float]:
    """Lines a second, the longest block; seconds to filter them all, the longest block of that."""
    view = LogView(prefix=True)
    lines = [line(number) for number in range(MANY)]
    async with WidgetApp(view).run_test(size=SIZE) as pilot:
        await pilot.pause()
        gc.freeze()  # as the application does when a build begins
        heart = Heart()
        began = time.perf_counter()
        await _feed(lines, view.append)
        await _when(lambda: _at_the_end(view.lines))
        rate = MANY / (time.perf_counter() - began)
        arriving = heart.take()
        began = time.perf_counter()
        view.lines.find(Pattern.parse("private.7[0-9]*77. .*complete"))
        await _when(lambda: _searched(view.lines))
        filtered = time.perf_counter() - began
        filtering = heart.take()
        heart.stop()
    return rate, arriving, filtered, filtering


def _at_the_end(lines: LogLines) -> bool:
    return lines.virtual_size.height == MANY and lines.scroll_offset.y == lines.max_scroll_y


def _searched(lines: LogLines) -> bool:
    return lines.search is not None and not lines.search.behind


async def _peer(
    make: Callable[[], tuple[Widget, Callable[[Sequence[str]], object]]], count: int
) -> tuple[float, float]:
    """Lines a second, and the longest block."""
    widget, write = make()
    lines = [line(number) for number in range(count)]
    async with WidgetApp(widget).run_test(size=SIZE) as pilot:
        await pilot.pause()
        gc.freeze()
        heart = Heart()
        began = time.perf_counter()
        await _feed(lines, write)
        await pilot.pause()
        rate = count / (time.perf_counter() - began)
        await asyncio.sleep(0.1)
        block = heart.take()
        heart.stop()
    return rate, block


def _log() -> tuple[Widget, Callable[[Sequence[str]], object]]:
    widget = Log()
    return widget, widget.write_lines


def _rich_log() -> tuple[Widget, Callable[[Sequence[str]], object]]:
    widget = RichLog()

    def write(lines: Sequence[str]) -> None:
        for one in lines:
            widget.write(Text.from_ansi(one))

    return widget, write
