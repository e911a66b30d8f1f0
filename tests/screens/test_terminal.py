"""The terminal on the screen: what the machine draws is seen, cell by cell, and nothing else is ever sent."""

from __future__ import annotations

import random
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore
from kubeplat_tui.widgets.terminal.view import TerminalView
from tests.screens.terminal_app import TerminalApp, fed, numbered
from tests.screens.waiting import screen_text, until

if TYPE_CHECKING:
    from rich.style import Style
    from textual.geometry import Region
    from textual.pilot import Pilot

SIZE = (80, 24)


def rows(pilot: Pilot[Any]) -> list[str]:
    """What is read on the screen, row by row."""
    return screen_text(pilot).splitlines()


def look(view: TerminalView, x: int, y: int) -> Style:
    """How the cell looks."""
    for segment in view.render_line(y):
        x -= cell_len(segment.text)
        if x < 0:
            assert segment.style is not None
            return segment.style
    raise IndexError(x)


def safe(text: str) -> bool:
    """Whether a terminal would draw every character and obey none."""
    return not any(unicodedata.category(each) in {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"} for each in text)


async def test_text_colours_and_the_cursor_are_drawn() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(
            pilot, app.view, b"\x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3mtrue\x1b[0m \x1b[48;5;196mcube", "cube"
        )
        assert rows(pilot)[0] == "red true cube"
        palette = app.view._painter.looks.palette
        assert look(app.view, 0, 0).bold
        assert look(app.view, 0, 0).color.triplet == palette.sixteen[1]  # type: ignore[union-attr] # it has one
        assert look(app.view, 4, 0).color.triplet == (1, 2, 3)  # type: ignore[union-attr] # it has one
        assert look(app.view, 9, 0).bgcolor.triplet == (255, 0, 0)  # type: ignore[union-attr] # it has one
        cursor = app.view.style("cursor").bgcolor
        assert look(app.view, 13, 0).bgcolor == cursor
        app.screen.set_focus(None)
        await until(pilot, lambda: look(app.view, 13, 0).bgcolor != cursor, "a cursor without the focus")
        await fed(pilot, app.view, b"\x1b[?25l")
        assert look(app.view, 13, 0) == look(app.view, 20, 0)


async def test_the_shapes_of_the_cursor_can_be_told_apart() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        seen = set()
        for code in (2, 4, 6):
            await fed(pilot, app.view, b"\x1b[%d q" % code)
            seen.add((app.view.render_line(0).text[0], str(look(app.view, 0, 0))))
        assert len(seen) == 3


async def test_only_rows_that_changed_are_repainted() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, b"".join(b"row %d\r\n" % row for row in range(20)), "row 19")
        painted: list[tuple[Region, ...]] = []
        refresh = app.view.refresh

        def noted(*regions: Region, **how: Any) -> TerminalView:
            painted.append(regions)
            return refresh(*regions, **how)

        app.view.refresh = noted  # type: ignore[method-assign] # to see what is asked for
        await fed(pilot, app.view, b"\x1b[5;1HXX", "XX")
        assert [[region.y for region in regions] for regions in painted] == [
            [4, 20]
        ]  # the cursor left row 20
        painted.clear()
        await fed(pilot, app.view, b"\x1b[5;1HXX")
        assert not painted, "the same again is nothing new"


async def test_wide_and_combining_characters_keep_their_columns() -> None:
    app = TerminalApp()
    text = "漢字|e\u0301|👩\u200d💻|❤\ufe0f|🇩🇪|\u05d0|end"
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, text.encode(), "end")
        strip = app.view.render_line(0)
        assert strip.cell_length == 80
        assert "漢字|e\u0301|👩" in strip.text
        assert not set("\u200d\ufe0f") & set(strip.text)
        core = app.view.core
        where = core.cursor.x
        assert cell_len(strip.text[: strip.text.index("end") + 3]) == where
        assert app.view.text().startswith("漢字|e\u0301|👩\u200d💻|❤\ufe0f|🇩🇪")


@pytest.mark.parametrize(
    "hostile",
    [
        "\u202eevil\u202c", "\u2066x\u2069", "a\u200bb", "\u200f\u200e", "\ufeffx", "\u00adx", "e" + "\u0301" * 500,
        "\u0600", "\U000e0041", "\x9b31mx", "\x90q\x9c", "\u2028\u2029", "\x85x", "\ufff9a\ufffb",
    ],
)  # fmt: skip
async def test_nothing_that_turns_or_hides_text_reaches_the_users_terminal(hostile: str) -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, f"<{hostile}> end".encode("utf-8", "surrogatepass"), "end")
        for y in range(24):
            strip = app.view.render_line(y)
            assert safe(strip.text)
            assert strip.cell_length == 80
            assert len(strip.text) < 100


async def test_random_bytes_leave_a_screen_of_printable_cells() -> None:
    app = TerminalApp()
    chance = random.Random(7)  # noqa: S311 - no secret
    pieces = [
        b"\x1b[",
        b"\x1b]",
        b"\x1bP",
        b"\x9b",
        b"\x1b[?",
        b"38;2;",
        b"\x1b(0",
        b"\x1b[r",
        "漢".encode(),
        b"\x1b#8",
    ]
    async with app.run_test(size=SIZE) as pilot:
        for _ in range(30):
            data = b"".join(
                chance.choice(pieces) if chance.random() < 0.2 else chance.randbytes(12) for _ in range(120)
            )
            await fed(pilot, app.view, data)
            for y in range(24):
                strip = app.view.render_line(y)
                assert safe(strip.text), strip.text
                assert cell_len(strip.text) == 80
        await fed(pilot, app.view, b"\x18\x1bc\x1b%Galive", "alive")


async def test_what_scrolled_away_is_scrolled_back_to_and_following_pauses() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, numbered(200), "line 199")
        await pilot.press("shift+pageup")
        await until(pilot, lambda: "line 155" in screen_text(pilot), "a page back")
        seen = [row.split("▐")[0].split("↑")[0].rstrip() for row in rows(pilot)]
        assert "↑ 23 of 177" in rows(pilot)[0]
        await fed(pilot, app.view, numbered(50, 200))
        await until(pilot, lambda: "↑ 73 of 227" in rows(pilot)[0], "the place")
        assert [row.split("▐")[0].split("↑")[0].rstrip() for row in rows(pilot)] == seen
        assert app.of(TerminalView.Scrolled)
        await pilot.press("shift+pageup")
        await pilot.press("a")
        await until(pilot, lambda: "line 249" in screen_text(pilot), "typing goes back to the end")
        assert app.typed == b"a"
        await pilot.press("shift+pageup", "shift+pagedown")
        assert app.view.back == 0


async def test_the_wheel_scrolls_history_and_full_screen_programs() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, numbered(100), "line 99")
        await pilot._post_mouse_events([_wheel_up()], app.view, offset=(5, 5))
        await until(pilot, lambda: app.view.back == 3, "three rows back")
        app.view.scroll_rows(-3)
        await fed(pilot, app.view, b"\x1b[?1049h")
        await pilot._post_mouse_events([_wheel_up()], app.view, offset=(5, 5))
        await until(pilot, lambda: app.typed == b"\x1b[A" * 3, "arrows")
        await fed(pilot, app.view, b"\x1b[?1000h\x1b[?1006h")
        await pilot._post_mouse_events([_wheel_up()], app.view, offset=(5, 5))
        await until(pilot, lambda: app.typed.endswith(b"\x1b[<64;6;6M"), "the wheel itself")


def _wheel_up() -> Any:
    from textual.events import MouseScrollUp

    return MouseScrollUp


async def test_history_is_bounded_and_can_be_forgotten() -> None:
    app = TerminalApp(TerminalView(BitttyCore(80, 24, history=50)))
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, numbered(500), "line 499")
        assert len(app.view.text().splitlines()) == 73
        app.view.clear_history()
        assert app.view.text().splitlines()[0] == "line 477"
        assert app.view.above == 0


async def test_a_frame_in_the_making_is_held_but_not_for_ever() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, b"before", "before")
        app.view.feed(b"\x1b[?2026h\x1b[2J\x1b[Hhalf")
        await until(pilot, lambda: not app.view.waiting and app.view._held_since is not None, "the hold")
        assert rows(pilot)[0] == "before"
        await fed(pilot, app.view, b" whole\x1b[?2026l", "half whole")
        app.view.feed(b"\x1b[?2026h\x1b[2J\x1b[Hforgotten end")
        await until(pilot, lambda: "forgotten end" in screen_text(pilot), "the limit of the hold")


async def test_the_size_is_told_once_and_after_every_change() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.of(TerminalView.Resized), "the size")
        (first,) = app.of(TerminalView.Resized)
        assert (first.columns, first.rows) == SIZE
        await fed(pilot, app.view, numbered(30), "line 29")
        for size in ((100, 30), (120, 40), (60, 20)):
            await pilot.resize_terminal(*size)
        await until(pilot, lambda: (app.view.core.columns, app.view.core.rows) == (60, 20), "the new size")
        last = app.of(TerminalView.Resized)[-1]
        assert (last.columns, last.rows) == (60, 20)
        await until(pilot, lambda: "line 29" in screen_text(pilot), "the text at the new size")


async def test_title_bell_clipboard_and_answers_are_told() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, b"\x1b]2;vim\x07\x07\x1b]52;c;aGVsbG8=\x07\x1b[6n")
        await until(pilot, lambda: app.typed, "the answer")
        assert [event.title for event in app.of(TerminalView.Titled)] == ["vim"]
        assert len(app.of(TerminalView.Rang)) == 1
        assert [event.text for event in app.of(TerminalView.ClipboardAsked)] == ["hello"]
        assert app.typed == b"\x1b[1;1R"
        assert not app.of(TerminalView.Typed)[0].by_person
        assert app.copied == []
        assert app.of(TerminalView.Rang)[0].control is app.view


async def test_a_line_of_the_applications_own_covers_nothing() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, b"$ make\r\nworking", "working")
        app.view.say("the connection is lost \x1b[31m")
        await until(pilot, lambda: "lost" in screen_text(pilot), "what was said")
        assert rows(pilot)[:3] == ["$ make", "working", "▌ the connection is lost"]
        await fed(pilot, app.view, b" again\r\n" + numbered(30), "line 29")
        assert "lost" not in screen_text(pilot)
        app.view.say("lost again")
        await until(pilot, lambda: rows(pilot)[-1] == "▌ lost again", "what was said, at the end")
        assert "line 29" in screen_text(pilot)
        text = app.view.text().splitlines()
        assert text[:4] == ["$ make", "working again", "the connection is lost", "line 0"]
        assert text[-1] == "lost again"


async def test_a_hidden_view_goes_on_and_is_up_to_date_when_it_is_shown() -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        app.view.display = False
        await until(pilot, lambda: app.view._hidden, "nobody sees it")
        app.view.feed(b"meanwhile\x1b[6n")
        await until(pilot, lambda: app.typed, "the answer")
        app.view.display = True
        await until(pilot, lambda: "meanwhile" in screen_text(pilot), "what came meanwhile")


async def test_another_theme_and_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, b"\x1b[32mgreen\x1b[37m white", "white")
        dark = look(app.view, 0, 0)
        app.theme = "kubeplat-light"
        await until(pilot, lambda: look(app.view, 0, 0) != dark, "the light theme")
        white = look(app.view, 6, 0)
        assert white.color is not None
        assert white.color.triplet != app.view._painter.looks.palette.sixteen[7], "it could not be read"
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
            assert rows(pilot)[0] == "green white"
    monkeypatch.setenv("NO_COLOR", "1")
    app = TerminalApp()
    async with app.run_test(size=SIZE) as pilot:
        await fed(pilot, app.view, b"\x1b[32mgreen\x1b[0m \x1b[7mturned", "turned")
        for strip in app.screen._compositor.render_strips():
            for segment in strip:
                for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                    assert colour is None or colour.triplet is None or len(set(colour.triplet)) == 1


PICTURE = (
    b"\x1b[1mBold\x1b[0m \x1b[2mdim\x1b[0m \x1b[3mitalic\x1b[0m \x1b[4msingle\x1b[0m \x1b[21mdouble\x1b[0m "
    b"\x1b[4:3mcurly\x1b[0m \x1b[9mstrike\x1b[0m \x1b[53mover\x1b[0m \x1b[7mreverse\x1b[0m \x1b[8mconcealed\x1b[0m\r\n"
    + b"".join(b"\x1b[%dm %2d \x1b[%dm %2d \x1b[0m" % (30 + n, n, 90 + n, n + 8) for n in range(8))
    + b"\r\n"
    + b"".join(b"\x1b[%dm %2d \x1b[%dm %2d \x1b[0m" % (40 + n, n, 100 + n, n + 8) for n in range(8))
    + b"\r\n"
    + b"".join(b"\x1b[48;5;%dm " % n for n in range(16, 88))
    + b"\x1b[0m\r\n"
    + b"".join(b"\x1b[48;2;%d;80;%dm " % (3 * n, 255 - 3 * n) for n in range(72))
    + b"\x1b[0m\r\n"
    + "漢字 한글 e\u0301 ☸ ─│┌┐ 👍\r\n".encode()
)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
@pytest.mark.parametrize("theme", ["kubeplat-dark", "kubeplat-light"])
def test_picture(snap_compare: Any, size: tuple[int, int], theme: str) -> None:
    app = TerminalApp()

    async def prepare(pilot: Pilot[Any]) -> None:
        app.theme = theme
        await fed(pilot, app.view, PICTURE + numbered(60) + PICTURE + b"$ grep line", "$ grep line")
        app.view.say("the connection is lost")
        app.view.search("line 5")
        app.view.scroll_rows(4)
        await until(pilot, lambda: app.view.found is not None and not app.view.found.behind, "the search")

    assert snap_compare(app, terminal_size=size, run_before=prepare)
