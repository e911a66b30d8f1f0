"""Marking by mouse and keyboard, copying, searching: what is copied is what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.events import MouseMove, Paste

from kubeplat_tui.widgets.terminal.pane import Mode
from kubeplat_tui.widgets.terminal.view import TerminalView
from tests.screens.terminal_app import TerminalApp, fed, numbered
from tests.screens.waiting import screen_text, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

SIZE = (40, 12)
TEXT = (
    b"first line   \r\nssh ec2-user@10.0.1.5:/var/log  now\r\n"
    + "漢字 wide\r\n".encode()
    + b"x" * 50
    + b"\r\nend"
)


async def drag(
    pilot: Pilot[Any], view: TerminalView, start: tuple[int, int], end: tuple[int, int], **how: Any
) -> None:
    """Mark from a cell to another one."""
    await pilot.mouse_down(view, offset=start, **how)
    await pilot.hover(view, offset=end)
    await pilot.mouse_up(view, offset=end, **how)


async def test_dragging_marks_and_copies() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, TEXT, "end")
        await drag(pilot, app.view, (6, 0), (11, 1))
        await until(pilot, lambda: app.of(TerminalView.Copied), "the copy")
        assert app.copied == ["line\nssh ec2-user"]
        assert app.view.selected_text == "line\nssh ec2-user"
        await drag(pilot, app.view, (3, 2), (0, 2))
        assert app.copied[-1] == "漢字"
        await drag(pilot, app.view, (30, 3), (9, 4))
        assert app.copied[-1] == "x" * 20
        await drag(pilot, app.view, (0, 3), (5, 5))
        assert app.copied[-1] == "x" * 50 + "\nend"
        await pilot.press("a")
        assert app.view.selected_text == ""


async def test_a_click_marks_nothing_two_a_word_three_a_line() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, TEXT, "end")
        await pilot.click(app.view, offset=(10, 1))
        assert app.copied == []
        await pilot.click(app.view, offset=(8, 1), times=2)
        await until(pilot, lambda: app.copied, "the word")
        assert app.copied[-1] == "ec2-user@10.0.1.5:/var/log"
        await pilot.click(app.view, offset=(20, 4), times=3)
        await until(pilot, lambda: app.copied[-1] == "x" * 50, "the line over both its rows")


async def test_the_machines_mouse_is_ours_with_shift() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, TEXT + b"\x1b[?1002h\x1b[?1006h", "end")
        await drag(pilot, app.view, (0, 0), (4, 0))
        await until(pilot, lambda: app.typed.endswith(b"m"), "the release")
        assert app.typed == b"\x1b[<0;1;1M\x1b[<32;5;1M\x1b[<0;5;1m"
        assert app.copied == []
        assert not any(event.by_person for event in app.of(TerminalView.Typed))
        app.told.clear()
        await drag(pilot, app.view, (0, 0), (4, 0), shift=True)
        await until(pilot, lambda: app.copied == ["first"], "the copy")
        assert app.typed == b""


async def test_moves_are_told_where_the_machine_wants_them() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, b"\x1b[?1003h\x1b[?1006h")
        await pilot.hover(app.view, offset=(3, 4))
        await until(pilot, lambda: app.typed == b"\x1b[<35;4;5M", "the move")
        await pilot.click(app.view, offset=(3, 4), button=3, control=True)
        await until(
            pilot, lambda: app.typed.endswith(b"\x1b[<18;4;5M\x1b[<18;4;5m"), "the right button with ctrl"
        )


async def test_marking_reaches_into_the_history() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, numbered(100), "line 99")
        await pilot.mouse_down(app.view, offset=(3, 5))
        for _ in range(5):
            app.view.post_message(MouseMove(app.view, 0, -1, 0, -1, 1, False, False, False))
        await until(pilot, lambda: app.view.back == 5, "scrolling while marking")
        await fed(pilot, app.view, b"more\r\n")
        await pilot.mouse_up(app.view, offset=(0, 0))
        assert app.copied[-1].startswith("line 84\nline 85")
        assert app.copied[-1].endswith("line 93\nline")


async def walking(pilot: Pilot[Any], app: TerminalApp, data: bytes) -> None:
    """In the copy mode."""
    await fed(pilot, app.view, data)
    await pilot.press("ctrl+right_square_bracket", "c")
    assert app.view.mode is Mode.WALK


COPIES = [
    ("g space e", "first"),
    ("g w v e", "line"),
    ("g j w space w e", "ec2-user@10.0.1.5:/var/log  now"),
    ("g j $ space b", "now"),
    ("g V", "first line"),
    ("g down V down", "ssh ec2-user@10.0.1.5:/var/log  now\n漢字 wide"),
    ("g j j space l l", "漢字"),
    ("G k V", "x" * 50),
    ("g space G $", "first line\nssh ec2-user@10.0.1.5:/var/log  now\n漢字 wide\n" + "x" * 50 + "\nend"),
    ("G 0 space right right left", "en"),
]
"""Keys of the copy mode from its beginning, and what is copied then."""


async def test_the_keys_of_the_copy_mode() -> None:
    app = TerminalApp()
    names = {"$": "dollar_sign"}
    async with app.run_test(size=SIZE) as pilot:
        await walking(pilot, app, TEXT)
        await pilot.press("escape")
        for keys, copied in COPIES:
            await pilot.press("c", *(names.get(key, key) for key in keys.split()), "y")
            assert app.copied[-1:] == [copied], keys
            assert app.view.mode is Mode.NONE
        assert app.typed == b""
        assert app.noted == []


async def test_no_key_of_the_copy_mode_reaches_machine_or_application() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await walking(pilot, app, numbered(100))
        await pilot.press("x", "pageup", "ctrl+u", "ctrl+d", "pagedown", "k", "h")
        assert (app.typed, app.noted) == (b"", [])
        await pilot.press("f5", "ctrl+q")
        assert app.noted == ["f5", "ctrl+q"]
        await pilot.press("g")
        assert "line 0" in screen_text(pilot)
        await pilot.press("G", "escape")
        assert app.view.mode is Mode.NONE
        await pilot.press("x")
        assert app.noted[-1] == "x"


async def test_searching_as_one_types_over_history_and_screen() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await walking(pilot, app, numbered(3000))
        await pilot.press("slash", *"line", "space", *"12")
        await until(pilot, lambda: _done(app), "the search")
        assert app.of(TerminalView.Searched)[-1].found == 111
        assert "line 1299" in screen_text(pilot), "the last match is gone to"
        assert "111 of 111" in screen_text(pilot)
        await pilot.press("enter", "N")
        await until(pilot, lambda: app.of(TerminalView.Searched)[-1].here == 110, "the match before")
        await pilot.press("n", "n")
        await until(pilot, lambda: app.of(TerminalView.Searched)[-1].here == 1, "the first again")
        assert "line 12" in screen_text(pilot)
        await pilot.press("space", "e", "e", "y")
        assert app.copied == ["line 12"]


def _done(app: TerminalApp) -> bool:
    searched = app.of(TerminalView.Searched)
    return bool(searched) and searched[-1].done and searched[-1].here > 0


async def test_a_longer_pattern_is_searched_from_where_the_search_began() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await walking(pilot, app, numbered(30) + b"$ ")
        await pilot.press("slash", *"line", "space", "2")
        await until(pilot, lambda: _done(app), "the search")
        assert app.of(TerminalView.Searched)[-1].here == 11
        await pilot.press("3", "backspace")
        await until(pilot, lambda: app.of(TerminalView.Searched)[-1].here == 11, "the last one again")


async def test_a_pattern_that_is_none_is_taken_literally() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, b"f(x) = a[1\r\nF(X)\r\n")
        for pattern, found in (
            ("f(x", 2),
            ("F(X", 1),
            ("a[1", 1),
            (r"\w+ = \w", 0),
            ("nothing", 0),
            (r"f\(x\)", 2),
        ):
            app.told.clear()
            app.view.search(pattern)
            await until(pilot, lambda: app.of(TerminalView.Searched), "the search")
            assert app.of(TerminalView.Searched)[-1].found == found, pattern
        app.view.search("")
        assert app.view.found is None


async def test_a_match_over_the_end_of_a_row_is_found_and_marked() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, b"a" * 38 + b"needle in hay\r\n" + "漢字 needle".encode(), "hay")
        app.view.search("needle")
        await until(pilot, lambda: app.of(TerminalView.Searched), "the search")
        found = app.view.found
        assert found is not None
        first, second = found.matches
        assert (first.start, first.end) == ((0, 38), (1, 4))
        assert (second.start, second.end) == ((2, 5), (2, 11))


async def test_what_comes_while_searching_is_found_too() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, numbered(10))
        app.view.search("line")
        await until(pilot, lambda: app.of(TerminalView.Searched), "the search")
        await fed(pilot, app.view, numbered(100, 10))
        found = app.view.found
        assert found is not None
        await until(pilot, lambda: not found.behind and len(found.matches) == 110, "every line")
        app.view.clear_history()
        assert len(found.matches) == 11


async def test_patterns_can_be_pasted_corrected_and_given_up() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, numbered(5))
        app.view.start_search()
        await pilot.press("q", "backspace")
        app.view.post_message(Paste("line 3\nmore"))
        await until(pilot, lambda: "/line 3▏  1 of 1" in screen_text(pilot), "the pattern")
        await pilot.press("ctrl+u")
        assert app.view.found is None
        await pilot.press("4", "escape", "escape")
        assert app.view.found is None
        assert app.view.mode is Mode.NONE
        assert app.typed == b""
        await pilot.press("x")
        assert app.typed == b"x"
