"""The log: a million lines, followed, searched, filtered with context, wrapped, saved."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from kubeplat_tui.screens.save_log import SaveLogDialog, write_lines
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.events import Level
from kubeplat_tui.widgets.log_store import LineStore, Search, Wrapping
from kubeplat_tui.widgets.log_view import LogView
from kubeplat_tui.widgets.pattern import Pattern
from kubeplat_tui.widgets.safe_text import wrap
from tests.screens.waiting import screen_text, until
from tests.screens.widget_app import WidgetApp

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from textual.pilot import Pilot

    from kubeplat_tui.widgets.log_lines import LogLines

# --- lines and search, without a screen ----------------------------------------------------------


def pattern(text: str) -> Pattern:
    """A pattern that is one."""
    made = Pattern.parse(text)
    assert made is not None
    return made


def test_the_oldest_lines_are_dropped_and_counted() -> None:
    store = LineStore(limit=100)
    for number in range(250):
        store.append([f"line {number}"])
    assert len(store) <= 100
    assert store.end == 250
    assert store.raw(249) == "line 249"
    assert store.raw(store.dropped) == f"line {store.dropped}"


def test_a_string_with_line_breaks_is_several_lines_of_its_level() -> None:
    store = LineStore()
    store.append(["one\ntwo", "three"], Level.ERROR)
    assert [store.raw(number) for number in range(3)] == ["one", "two", "three"]
    assert {store.level(number) for number in range(3)} == {Level.ERROR}


def test_a_line_written_over_shows_what_it_said_last() -> None:
    store = LineStore()
    store.append(["10 %\r50 %\r100 %\r", "next"])
    assert [store.raw(0), store.raw(1)] == ["100 %", "next"]


def test_a_huge_line_is_shown_as_far_as_it_can_be_read() -> None:
    store = LineStore()
    store.append(["x" * 1_000_000])
    assert store.shown(0).endswith("… (990,000 more characters)")
    assert len(store.raw(0)) == 1_000_000


@settings(deadline=None)
@given(
    batches=st.lists(
        st.lists(st.sampled_from(["alpha", "beta", "gamma", "b\x1b[1meta"]), max_size=40), max_size=8
    ),
    context=st.integers(0, 3),
    text=st.sampled_from(["beta", "!beta", "a$", "nothing"]),
    limit=st.integers(5, 60),
)
def test_filtering_by_portions_finds_what_a_plain_loop_finds(
    batches: list[list[str]], context: int, text: str, limit: int
) -> None:
    store = LineStore(limit)
    search = Search(store, pattern(text), context)
    for batch in batches:
        store.append(batch)
        search.forget_dropped()
        while search.behind:
            search.advance(0.001)
    kept = range(store.dropped, store.end)
    body, inverted = text.removeprefix("!"), text.startswith("!")
    hits = [n for n in kept if bool(re.search(body, store.raw(n).replace("\x1b[1m", ""))) is not inverted]
    assert list(search.hits) == hits
    around = {near for hit in hits for near in range(hit - context, hit + context + 1) if near in kept}
    if not store.dropped:
        assert list(search.rows) == sorted(around)
    else:  # a dropped hit may still show the lines after it
        assert around <= set(search.rows) <= set(kept)
        assert list(search.rows) == sorted(search.rows)


@given(
    st.lists(st.text(st.characters(categories=("L", "N", "Zs")), max_size=60)),
    st.integers(4, 30),
    st.integers(0, 3),
)
def test_every_row_of_wrapped_lines_is_found(lines: list[str], width: int, hang: int) -> None:
    wrapping = Wrapping(width, hang)
    wrapping.add([len(wrap(line, width, hang)) for line in lines])
    expected = [
        (place, piece) for place, line in enumerate(lines) for piece in range(len(wrap(line, width, hang)))
    ]
    assert wrapping.rows == len(expected)
    assert [wrapping.find(row) for row in range(wrapping.rows)] == expected
    if lines:
        gone = wrapping.drop(1)
        assert gone == len(wrap(lines[0], width, hang))
        assert wrapping.rows == len(expected) - gone


@pytest.mark.parametrize("wrong", ["(", "a{2", "[z", "!(", "*", "a**"])
def test_a_bad_pattern_is_a_sentence(wrong: str) -> None:
    if wrong == "a{2":
        assert Pattern.parse(wrong) is not None  # Python takes it literally
        return
    with pytest.raises(InputError) as caught:
        Pattern.parse(wrong)
    assert str(caught.value).startswith("This is no regular expression:")


def test_capitals_make_a_pattern_care() -> None:
    assert pattern("error").matches("An Error")
    assert not pattern("Error").matches("an error")
    assert pattern("!error").matches("all is well")
    assert Pattern.parse("") is None
    assert Pattern.parse("!") is None


# --- on the screen ---------------------------------------------------------------------------------


class LogApp(WidgetApp):
    """A log that can be saved."""

    def on_log_lines_save_wanted(self, event: LogLines.SaveWanted) -> None:
        """As the Build screen does."""
        self.push_screen(SaveLogDialog(event.lines, "play-jest"))


def numbered(count: int, first: int = 0) -> list[str]:
    """Lines with a time and a number."""
    return [f"12:00:{number % 60:02}   cluster    line {number}" for number in range(first, first + count)]


async def filled(pilot: Pilot[Any], view: LogView, count: int = 500) -> None:
    """A log with lines, painted and in focus."""
    view.append(numbered(count))
    view.lines.focus()
    await until(pilot, lambda: f"line {count - 1}" in screen_text(pilot), "the last line")


async def test_it_follows_pauses_and_resumes() -> None:
    view = LogView(prefix=True)
    async with WidgetApp(view).run_test(size=(80, 20)) as pilot:
        await filled(pilot, view)
        assert view.title_text() == "Log (500) · following"
        await pilot.press("k", "up", "pageup", "ctrl+u")
        assert "paused" in view.title_text()
        seen = screen_text(pilot).splitlines()[1:]
        view.append(numbered(34, 500))
        await until(pilot, lambda: "34 new" in view.title_text(), "the new lines")
        assert screen_text(pilot).splitlines()[1:] == seen
        await pilot.press("G")
        await until(pilot, lambda: "line 533" in screen_text(pilot), "the end")
        assert view.title_text() == "Log (534) · following"
        await pilot.press("g", "j", "ctrl+d", "pagedown", "home")
        assert "line 0" in screen_text(pilot)
        await pilot.press("end")
        assert view.lines.following


async def test_the_mouse_pauses_it_too() -> None:
    view = LogView()
    async with WidgetApp(view).run_test(size=(80, 20)) as pilot:
        await filled(pilot, view)
        view.lines._on_mouse_scroll_up(_wheel(view))
        await until(pilot, lambda: not view.lines.following, "the pause")


def _wheel(view: LogView) -> Any:
    from textual.events import MouseScrollUp

    return MouseScrollUp(view.lines, 5, 5, 0, -1, 0, False, False, False)


async def test_what_is_read_stays_in_place_when_old_lines_are_dropped() -> None:
    view = LogView(limit=1000)
    async with WidgetApp(view).run_test(size=(80, 20)) as pilot:
        await filled(pilot, view, 1000)
        await pilot.press("pageup")
        seen = screen_text(pilot).splitlines()[1:]
        view.append(numbered(200, 1000))
        await until(pilot, lambda: "dropped" in view.title_text(), "the drop")
        assert screen_text(pilot).splitlines()[1:] == seen


async def test_hits_are_gone_to_forwards_and_backwards() -> None:
    view = LogView()
    async with WidgetApp(view).run_test(size=(80, 20)) as pilot:
        await filled(pilot, view)
        assert view.lines.set_filter(r"line \d*99$") == ""
        await until(pilot, lambda: view.title_text().startswith("Log (5/500)"), "the filter")
        await pilot.press("f")
        assert view.title_text().startswith("Log (500) · 5 lines match")
        await pilot.press("G", "g", "n")
        assert view.lines.current == 99
        assert "line 99" in screen_text(pilot)
        await pilot.press("n", "n", "n")
        assert view.lines.current == 399
        await pilot.press("N")
        assert view.lines.current == 299
        await pilot.press("n", "n", "n")
        assert view.lines.current == 99  # round the end


async def test_the_filter_keeps_lines_around_a_hit() -> None:
    view = LogView()
    async with WidgetApp(view).run_test(size=(80, 20)) as pilot:
        await filled(pilot, view)
        view.lines.set_filter("line 250$")
        await until(pilot, lambda: "line 251" not in screen_text(pilot), "the filter")
        await pilot.press("c")
        await until(pilot, lambda: "±2 lines" in view.title_text(), "the context")
        shown = [line.rsplit(" ", 1)[-1] for line in screen_text(pilot).splitlines()[1:] if line]
        assert shown == ["248", "249", "250", "251", "252"]
        view.append(["line 250"])
        await until(pilot, lambda: view.title_text().startswith("Log (2/501)"), "the new hit")
        await pilot.press("c", "c", "c")
        assert view.lines.context == 0
        view.lines.set_filter("")
        await until(pilot, lambda: "line 499" in screen_text(pilot), "everything again")


async def test_a_bad_filter_is_said_and_changes_nothing() -> None:
    view = LogView()
    async with WidgetApp(view).run_test(size=(80, 20)) as pilot:
        await filled(pilot, view)
        view.lines.set_filter("line 25")
        assert "no regular expression" in view.lines.set_filter("(")
        assert view.lines.filter == "line 25"


async def test_levels_can_be_told_without_colour_and_text_controls_nothing() -> None:
    view = LogView()
    async with WidgetApp(view).run_test(size=(60, 20)) as pilot:
        view.append(["a \x1b[31mred\x1b[0m \x1b]0;evil\x07word \x9b2J 漢字 \x08 end"])
        view.append(["12:00:00 ✖ it broke"], Level.ERROR)
        await until(pilot, lambda: "broke" in screen_text(pilot), "the lines")
        for y in range(view.lines.size.height):
            strip = view.lines.render_line(y)
            assert strip.text.isprintable()
            assert strip.cell_length == cell_len(strip.text) == view.lines.room
        assert "a red word �2J 漢字 � end" in screen_text(pilot)


async def test_long_lines_are_wrapped_and_nothing_is_lost() -> None:
    view = LogView(hang=4)
    async with WidgetApp(view).run_test(size=(60, 20)) as pilot:
        view.append(["漢" * 50, "y" * 130, "short"])
        view.lines.focus()
        await until(pilot, lambda: "short" in screen_text(pilot), "the lines")
        await pilot.press("w")
        await until(pilot, lambda: view.lines.count() == 6, "the wrapped rows")
        assert screen_text(pilot).count("漢") == 50
        assert screen_text(pilot).count("y") == 130
        await pilot.resize_terminal(40, 20)
        await until(pilot, lambda: view.lines.count() > 6, "more rows in a narrower view")
        assert screen_text(pilot).count("y") == 130
        await pilot.press("w")
        assert view.lines.count() == 3


async def test_what_the_filter_shows_is_saved_to_a_new_private_file(tmp_path: Path) -> None:
    view = LogView()
    async with LogApp(view).run_test(size=(80, 24)) as pilot:
        await filled(pilot, view)
        view.lines.set_filter("line 4[12]$")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveLogDialog), "the dialog")
        field = pilot.app.screen.query_one("Input")
        field.value = str(tmp_path / "here.log")  # type: ignore[attr-defined] # an Input, found by its name
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, SaveLogDialog), "the file")
        saved = tmp_path / "here.log"
        assert saved.read_text() == "12:00:41   cluster    line 41\n12:00:42   cluster    line 42\n"
        assert stat.S_IMODE(saved.stat().st_mode) == 0o600
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveLogDialog), "the dialog again")
        pilot.app.screen.query_one("Input").value = str(saved)  # type: ignore[attr-defined] # see above
        await pilot.press("enter")
        await until(pilot, lambda: "exists already" in screen_text(pilot), "the refusal")
        await pilot.press("escape")


def test_saving_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        write_lines(tmp_path / "none" / "log.txt", ["a"])
    assert write_lines(tmp_path / "log.txt", ["\x1b[31ma\x1b[0m\x07", "b"]) == 2
    assert (tmp_path / "log.txt").read_text() == "a�\nb\n"


async def test_the_mouse_selects_lines() -> None:
    view = LogView()
    async with WidgetApp(view).run_test(size=(80, 20)) as pilot:
        view.append(["first line", "second line", "third line"])
        await until(pilot, lambda: "third" in screen_text(pilot), "the lines")
        await pilot.mouse_down(view.lines, offset=(1, 0))
        await pilot.hover(view.lines, offset=(6, 1))
        await pilot.mouse_up(view.lines, offset=(6, 1))
        assert pilot.app.screen.get_selected_text() == "first line\nsecond"


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
def test_picture(snap_compare: Any, size: tuple[int, int]) -> None:
    view = LogView(prefix=True, hang=22)

    async def prepare(pilot: Pilot[Any]) -> None:
        await filled(pilot, view, 300)
        view.append(["12:05:00 ▲ cluster    a warning with a number: line 77"], Level.WARNING)
        view.append(["12:05:01 ✖ cluster    an error: line 78"], Level.ERROR)
        view.append(["12:05:01 · cluster    what only a curious person reads"], Level.DEBUG)
        view.lines.set_filter("line [27]7")
        await pilot.press("c")
        await until(pilot, lambda: "error" in screen_text(pilot), "the lines")
        await pilot.press("n")

    assert snap_compare(WidgetApp(view), terminal_size=size, run_before=prepare)
