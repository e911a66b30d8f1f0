"""Every key that is advertised anywhere does something, and the footer shows no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.actions import ACTIONS, BY_ID, Footer, Group
from kubeplat_tui.widgets.footer import KeyFooter, live_actions
from kubeplat_tui.widgets.line_view import LineView
from kubeplat_tui.widgets.table import ResourceTable
from tests.screens.driving import notices, picture, press, settle
from tests.screens.fakes import PLAYGROUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

    from kubeplat_tui.app import KubeplatApp
    from tests.screens.fakes import FakeIntents

    MakeApp = Callable[..., KubeplatApp]


@dataclass(frozen=True)
class Place:
    """A screen in a state: where the application starts, and the keys that lead there."""

    name: str
    start: str | None = None
    keys: tuple[str, ...] = ()


# The cursor stands in the middle of a table, so that every movement moves something.
MIDDLE = ("j", "l")
CHANGED = ("6", "slash", *"tokens", "vertical_line", *"old")
PLACES = [
    Place("environments", keys=MIDDLE),
    Place("environments filtered", keys=("slash", "a", "enter")),
    Place("environments filtering", keys=("slash", "a")),
    Place("new environment", keys=("N", "X", "down", "down", "down", "x")),
    Place("overview", start="play-jest", keys=MIDDLE),
    Place("overview runs", start="play-jest", keys=("tab", *MIDDLE)),
    Place("variables", start="play-jest", keys=("2", *("j",) * 12)),
    Place("variables changed", start="play-jest", keys=("2", *("j",) * 7, "space")),
    Place("variables text", start="play-jest", keys=("2", "j", "j", "space", "ctrl+t")),
    Place("variable edited", start="play-jest", keys=("2", "j", "enter", "x")),
    Place("difference", start="play-jest", keys=("2", "space", "ctrl+s")),
    Place("help", keys=("question_mark",)),
    Place("go to", keys=("colon",)),
    Place("export", start="play-jest", keys=("e",)),
    Place("secrets", start="play-jest", keys=("6", *("j",) * 12)),
    Place("secrets folder", start="play-jest", keys=("6", "j")),
    Place("secrets changed", start="play-jest", keys=(*CHANGED, "enter", "G", "k", "k")),
    Place("secrets preview", start="play-jest", keys=("6", "j", "j", "j", "enter", "j")),
    Place("broken file", start="lab", keys=("2",)),
]
WIDE = {"environments", "overview", "variables", "secrets folder"}
"""Places that are tried on a wide screen too."""
GO_FROM = {"environments", "overview", "secrets", "variables text"}
"""Places that the keys of the sections are tried from: each leads away, and so costs an application of its own."""


@dataclass(frozen=True)
class Traces:
    """What a key may leave behind."""

    picture: str
    screens: tuple[int, ...]
    focus: object
    clipboard: str
    notices: tuple[str, ...]
    calls: int
    ended: bool


def traces(app: KubeplatApp, intents: FakeIntents) -> Traces:
    ended = app._exit
    return Traces(
        picture="" if ended else picture(app),
        screens=tuple(id(screen) for screen in app.screen_stack),
        focus=None if ended else app.focused,
        clipboard=app.clipboard,
        notices=tuple(notices(app)),
        calls=len(intents.behaviour.calls),
        ended=ended,
    )


async def go(pilot: Pilot[int], place: Place) -> None:
    await settle(pilot)
    await press(pilot, *place.keys)


def _still(app: KubeplatApp) -> None:
    """No cursor blinks: a change must come from the key."""
    for widget in app.screen.query("Input, TextArea"):
        widget.cursor_blink = False  # type: ignore[attr-defined]  # both have it


def _cursor(app: KubeplatApp) -> int:
    """Where the cursor of the focused view of lines stands; 0 in anything else."""
    return app.focused.cursor if isinstance(app.focused, LineView) else 0


def _back_to(app: KubeplatApp, cursor: int) -> None:
    """Put the cursor of the focused view of lines where the place's keys had led to; one without scrolls half."""
    view = app.focused
    if isinstance(view, LineView):
        if view.has_cursor:
            view.cursor = cursor
        else:
            view.jump(view.max_scroll_y // 2)


def _to_the_middle(app: KubeplatApp) -> bool:
    """Put the cursor where every movement moves something; False in a table too small for that."""
    table = app.screen.focused
    if not isinstance(table, ResourceTable):
        return True
    if len(table.shown) < 3:
        return False
    table._put_cursor(len(table.shown) // 2)
    table._column = table._layout[1][0]
    return True


@pytest.mark.parametrize(
    ("place", "size"),
    [(place, (80, 24)) for place in PLACES] + [(place, (160, 45)) for place in PLACES if place.name in WIDE],
    ids=lambda value: value.name if isinstance(value, Place) else str(value[0]),
)
async def test_every_live_key_does_something(
    intents: FakeIntents, make_app: MakeApp, place: Place, size: tuple[int, int]
) -> None:
    """One application for each place; it is brought back to the place before each key."""
    path = intents.workplace.environments / "play-jest.tfvars"
    tried: set[tuple[str, str]] = set()
    dead: list[str] = []
    while True:
        path.write_text(PLAYGROUND)
        intents.secret_store = None
        app = make_app(intents, start=place.start)
        async with app.run_test(size=size) as pilot:
            await go(pilot, place)
            hints = live_actions(app.screen)
            shown = {hint.id for footer in app.screen.query(KeyFooter) for hint in footer.hints}
            assert shown <= {hint.id for hint in hints}
            focus, cursor = app.focused, _cursor(app)
            wanted = [hint for hint in hints if place.name in GO_FROM or BY_ID[hint.id].group is not Group.GO]
            left = [(hint.id, key) for hint in wanted for key in hint.keys if (hint.id, key) not in tried]
            while left and not app._exit:
                action, key = left.pop(0)
                tried.add((action, key))
                _still(app)
                if action.startswith("move.") and not _to_the_middle(app):
                    continue
                _back_to(app, cursor)
                await settle(pilot)
                before, here = traces(app, intents), tuple(id(screen) for screen in app.screen_stack)
                await press(pilot, key)
                if traces(app, intents) == before:
                    dead.append(f"{key} ({action})")
                elsewhere = isinstance(focus, LineView) and app.focused is not focus
                if (
                    elsewhere
                    or tuple(id(screen) for screen in app.screen_stack) != here
                    or key in {"enter", "ctrl+t", "escape", "minus"}
                ):
                    break  # somewhere else: begin anew for the rest
            if not left:
                break
    assert not dead, f"keys that do nothing on {place.name}: {', '.join(dead)}"
    assert tried


@pytest.mark.parametrize("place", [one for one in PLACES if one.keys == MIDDLE], ids=lambda place: place.name)
async def test_the_footer_shows_what_is_most_needed_where_there_is_little_room(
    intents: FakeIntents, make_app: MakeApp, place: Place
) -> None:
    app = make_app(intents, start=place.start)
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, place)
        footer = app.screen.query_one(KeyFooter)
        shown = {hint.id for hint in footer.hints}
        assert {"app.help", "screen.quit", "screen.filter", "app.go_to"} <= shown
        always = {hint.id for hint in live_actions(app.screen) if BY_ID[hint.id].footer is Footer.ALWAYS}
        assert always <= shown


async def test_a_click_in_the_footer_does_what_its_key_does(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        footer = app.screen.query_one(KeyFooter)
        start = next(start for start, _, hint in footer._drawn if hint.id == "app.help")
        await pilot.click(footer, offset=(start + 2, 0))
        await settle(pilot)
        assert type(app.screen).__name__ == "HelpDialog"


def test_ids_are_unique_and_keys_can_be_sent() -> None:
    assert len(BY_ID) == len(ACTIONS)
    for action in ACTIONS:
        assert action.keys
        assert not any(key.startswith(("ctrl+shift", "ctrl+enter")) for key in action.keys), action.id
        assert action.help.endswith("."), action.id
