"""The quick core does the same as the other, where it is installed (Python 3.13, the extra `fast-terminal`)."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from kubeplat_tui.widgets.terminal.choose import fast_is_there, make_core
from kubeplat_tui.widgets.terminal.core import (
    BellRang,
    ClipboardWanted,
    CursorShape,
    KeyInput,
    MouseAction,
    MouseInput,
    MouseTracking,
    TitleSet,
)
from kubeplat_tui.widgets.terminal.evp_core import EvpCore
from tests.terminal_core import corpus
from tests.terminal_core.corpus import SIZES
from tests.terminal_core.screens import differences, rows_of, tmux_rows
from tests.terminal_core.test_hostile import ECHOES, MARKER
from tests.terminal_core.test_hostile import SIZES as SIZE_CHANGES

needs_evp = pytest.mark.skipif(
    find_spec("evp") is None,
    reason="evp is not installed here: it needs Python 3.13 and the extra fast-terminal",
)

# libghostty erases the last column when a wrap waits there (EL), as xterm does and tmux does not.
ERASES_MORE = {"top"}
# It keeps nothing of what a reset or a clearing takes from the screen (RIS, ED 2), as xterm and unlike tmux.
KEEPS_LESS = {"shell", "unicode"}


def core_of(data: str, columns: int = 20, rows: int = 5) -> EvpCore:
    core = EvpCore(columns, rows)
    core.feed(data.encode())
    return core


def test_the_core_is_bittty_unless_a_person_allows_the_other() -> None:
    assert type(make_core(80, 24, False)).__name__ == "BitttyCore"
    assert type(make_core(80, 24, True)).__name__ == ("EvpCore" if fast_is_there() else "BitttyCore")


def test_without_the_package_the_core_is_bittty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubeplat_tui.widgets.terminal.choose.find_spec", lambda _name: None)
    assert type(make_core(80, 24, True)).__name__ == "BitttyCore"


def test_a_package_that_does_not_load_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubeplat_tui.widgets.terminal.choose.find_spec", lambda _name: object())
    monkeypatch.setitem(sys.modules, "evp", None)
    assert type(make_core(80, 24, True)).__name__ == "BitttyCore"


@needs_evp
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", corpus.names())
def test_a_program_looks_as_in_tmux(name: str, size: tuple[int, int]) -> None:
    core = EvpCore(*size)
    stream = corpus.load(name, *size)
    for piece, capture in zip(stream.pieces(), corpus.load_captures(name, *size), strict=True):
        core.feed(piece)
        alternate = capture.flags["alternate_on"] == "1"
        assert core.modes.alternate_screen == alternate
        with_history = not alternate and name not in KEEPS_LESS
        theirs = tmux_rows(capture, core.columns)
        if not with_history:
            theirs = theirs[-core.rows :]
        found = differences(rows_of(core, history=with_history), theirs, core.rows)
        if name in ERASES_MORE:
            found = [difference for difference in found if difference.column < core.columns - 1]
        assert not found, f"{len(found)} cells, first {found[:3]}"
        assert core.cursor.visible == (capture.flags["cursor_flag"] == "1")
        if core.cursor.visible:
            assert (core.cursor.x, core.cursor.y) == (
                min(capture.cursor[0], core.columns - 1),
                capture.cursor[1],
            )


@needs_evp
@pytest.mark.parametrize("name", ECHOES)
def test_nothing_of_the_machine_comes_back(name: str) -> None:
    core = core_of(ECHOES[name])
    replies = core.take_replies()
    assert MARKER.encode() not in replies
    assert replies in {b"", b"\x1b[?62;22c"}, "at most: what it is"


@needs_evp
@pytest.mark.parametrize("data", SIZE_CHANGES)
def test_the_size_is_the_widgets(data: str) -> None:
    core = core_of("text" + data)
    assert core._terminal.size() == (20, 5)


@needs_evp
def test_the_protocol() -> None:
    core = core_of(
        "\x1b[31mred\x1b[0m 日本 e\u0301x\r\n\x1b]2;a title\x07\x07\x1b]52;c;aGk=\x07\x1b[6n\x1b[3 q"
    )
    assert core.take_notices() == (TitleSet("a title"), BellRang(), ClipboardWanted("hi"))
    assert core.take_replies() == b"\x1b[2;1R"
    assert [(run.text, run.cells, run.style.foreground) for run in core.line(0).runs] == [
        ("red", 3, 1),
        (" 日本 e\u0301x", 8, None),
    ]
    assert core.cursor.shape is CursorShape.UNDERLINE
    assert core.take_changes().everything
    core.feed(b"x")
    assert list(core.take_changes().rows) == [1]
    core.feed(b"\x1b[?1h\x1b[?2004h\x1b[?1004h\x1b[?1002;1006h")
    assert core.key(KeyInput("up")) == b"\x1bOA"
    assert core.paste("a\nb") == b"\x1b[200~a\rb\x1b[201~"
    assert core.focus(True) == b"\x1b[I"
    assert core.modes.mouse is MouseTracking.DRAGS
    assert core.mouse(MouseInput(MouseAction.MOVE, 1, 1, 1)) == b"\x1b[<32;2;2M"


@needs_evp
def test_the_history() -> None:
    core = core_of("".join(f"line {index}\r\n" for index in range(3000)))
    assert core.take_changes().added == core.history_length == 2996
    assert [core.history_line(index).text for index in (0, 2995)] == ["line 0", "line 2995"]
    core.feed(b"\x1b[3Jmore\r\nlines\r\n")
    changes = core.take_changes()
    assert (changes.history_cleared, changes.added) == (True, 2)


@needs_evp
def test_more_styles_than_are_kept() -> None:
    core = core_of("")
    for red in range(90):
        core.feed("".join(f"\x1b[38;2;{red};{green};7mx" for green in range(256)).encode() + b"\r\n")
    assert len(core._styles) < 20_500
    core.feed(b"\x1b[38;2;1;2;3mlast")
    assert core.line(4).runs[-1].style.foreground == (1, 2, 3)
    core.feed(b"\r\n" * 5)
    assert core.history_line(core.history_length - 1).runs[-1].style.foreground == (1, 2, 3)


@needs_evp
def test_another_size_neither_loses_nor_doubles_lines() -> None:
    core = core_of("".join(f"line {index}\r\n" for index in range(3000)))
    for columns, rows in ((10, 3), (30, 12), (4, 2), (20, 5)):
        core.resize(columns, rows)
        core.feed(b"\r")
    texts = [core.history_line(index).text for index in range(core.history_length)]
    texts += [core.line(y).text for y in range(core.rows)]
    shown = "".join(texts).replace(" ", "")
    assert shown == "".join(f"line{index}" for index in range(3000))


@needs_evp
def test_hostile_bytes_leave_the_process_alive() -> None:
    """In a process of its own, as its fault would be to end the process."""
    command = [sys.executable, "-m", "tests.terminal_core.hostile", "evp", "3", "5"]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], check=False, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
