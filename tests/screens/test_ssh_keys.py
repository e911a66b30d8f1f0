"""Every key that the SSH screen advertises does something; its terminals get all the others."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from textual.screen import ModalScreen

from kubeplat_tui.actions import BY_ID, Group
from kubeplat_tui.services.ssh.forward_model import ForwardKind, ForwardSpec, ForwardState
from kubeplat_tui.widgets.footer import KeyFooter, live_actions
from tests.screens.driving import notices, picture
from tests.screens.fake_ssh import forward
from tests.screens.ssh_app import PREFIX, World
from tests.screens.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from textual.pilot import Pilot

    from kubeplat_tui.screens.ssh.looks import Phase

    Arrive = Callable[[Pilot[Any], World], Coroutine[Any, Any, None]]

HISTORY = "".join(f"line {number}\r\n" for number in range(200))


async def picker(pilot: Pilot[Any], world: World) -> None:
    """The cursor stands in the middle of the machines."""
    await world.open(pilot)
    await pilot.press("j", "l")


async def forwards(pilot: Pilot[Any], world: World) -> None:
    """Three forwards; the one under the cursor is lost."""
    world.forwards.rows = [
        forward(number, ForwardSpec(ForwardKind.LOCAL, 2000 + number, "localhost", 80))
        for number in (1, 2, 3)
    ]
    world.forwards.becomes(2, state=ForwardState.LOST)
    await world.open(pilot)
    await pilot.press("f")
    await until(pilot, lambda: world.screen.forwards.table.has_focus, "the table")
    await pilot.press("j", "l")


async def no_forwards(pilot: Pilot[Any], world: World) -> None:
    """The empty tab."""
    await world.open(pilot)
    await pilot.press("f")
    await until(pilot, lambda: world.screen.forwards.has_focus, "the pane")


async def keys(pilot: Pilot[Any], world: World) -> None:
    """Two sessions; kubeplat has the keys; the text is scrolled to its middle."""
    await world.open(pilot)
    await world.shell(pilot)
    shell = await world.another(pilot, "j")
    shell.says(HISTORY)
    pane = world.screen.sessions.pane
    assert pane is not None
    await until(pilot, lambda: "line 199" in pane.terminal.text(history=False), "the text")
    await pilot.press(PREFIX, "pageup", "pageup")


async def ended(pilot: Pilot[Any], world: World) -> None:
    """A session that is over."""
    await world.open(pilot)
    shell = await world.shell(pilot)
    shell.ends(1)
    await until(pilot, lambda: not world.session.open and not world.typing, "the end")


async def connecting(pilot: Pilot[Any], world: World) -> None:
    """A session that waits for its machine."""
    world.connections.script.gate = threading.Event()
    await world.open(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: bool(world.sessions), "the tab")


PLACES = [picker, forwards, no_forwards, keys, ended, connecting]


ONLY = {
    "ended": {"ssh.reconnect", "ssh.close", "ssh.copy", "screen.back"},
    "connecting": {"ssh.close", "screen.back"},
}
"""What is tried of places that differ from another one by these keys alone."""


@dataclass(frozen=True)
class Traces:
    """What a key may leave behind."""

    picture: str
    screens: tuple[int, ...]
    focus: int
    clipboard: str
    notices: tuple[str, ...]
    calls: tuple[int, int]
    typed: bytes


def traces(world: World) -> Traces:
    """As they are now."""
    app = world.app
    ended = app._exit
    return Traces(
        "" if ended else picture(app),
        tuple(id(screen) for screen in app.screen_stack),
        id(app.focused),
        app.clipboard,
        tuple(notices(app)),
        (len(world.intents.behaviour.calls), len(world.forwards.calls)),
        b"".join(shell.typed for shell in world.shells),
    )


async def changed(pilot: Pilot[Any], world: World, before: Traces) -> bool:
    """Whether something is otherwise soon."""
    for _ in range(200):
        if traces(world) != before:
            return True
        await pilot.pause(0.01)
    return False


async def went_back(pilot: Pilot[Any], world: World, tab: str, phase: Phase | None) -> bool:
    """Bring the application back to where the keys are tried; False where that cannot be undone."""
    app, screen = world.app, world.screen
    if app._exit or not screen.is_mounted or tab not in screen.sessions.tabs.all:
        return False
    while app.screen is not screen:
        if not isinstance(app.screen, ModalScreen):
            return False
        await pilot.press("escape")
    if screen.sessions.tabs.beside:
        screen.sessions.split()
    screen.sessions.go(tab)
    await pilot.pause()
    session = screen.sessions.session
    return (session.phase if session is not None else None) is phase


@pytest.mark.parametrize("arrive", PLACES, ids=lambda place: place.__name__)
async def test_every_live_key_does_something(tmp_path: Path, arrive: Arrive) -> None:
    """A key that cannot be undone costs an application of its own."""
    tried: set[str] = set()
    dead: list[str] = []
    for number in range(20):
        world = World(tmp_path / str(number))
        async with world.app.run_test(size=(120, 40)) as pilot:
            await arrive(pilot, world)
            tab, session = world.screen.tab, world.screen.sessions.session
            phase = session.phase if session is not None else None
            hints = live_actions(world.app.screen)
            shown = {hint.id for footer in world.app.screen.query(KeyFooter) for hint in footer.hints}
            assert shown <= {hint.id for hint in hints}
            only = ONLY.get(arrive.__name__)
            wanted = [
                hint for hint in hints if (hint.id in only if only else BY_ID[hint.id].group is Group.HERE)
            ]
            here = [key for hint in wanted for key in hint.keys]
            for key in [key for key in here if key not in tried]:
                tried.add(key)
                before = traces(world)
                await pilot.press(key)
                if not await changed(pilot, world, before):
                    dead.append(key)
                if not await went_back(pilot, world, tab, phase):
                    break
            else:
                break
    assert not dead, f"keys that do nothing on {arrive.__name__}: {', '.join(dead)}"
    assert tried
