"""A machine that writes more than anyone can read: it is stopped, nothing is lost, and keys go out at once."""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key

from kubeplat_tui.widgets.terminal import feeding
from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore
from kubeplat_tui.widgets.terminal.feeding import END_OF_FRAME, MOST, PIECE, Feeder
from kubeplat_tui.widgets.terminal.pane import FRAME
from kubeplat_tui.widgets.terminal.view import TerminalView
from tests.screens.terminal_app import TerminalApp
from tests.screens.waiting import PATIENCE, screen_text, until

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = (80, 24)
LINE = b"\x1b[32m%09d\x1b[0m the quick brown fox jumps over the lazy dog and back again\r\n"


class Machine:
    """Writes lines from a thread until it is told to stop, as a shell does with ctrl+c."""

    def __init__(self, view: TerminalView) -> None:
        self.view = view
        self.written = 0
        self.longest_queue = 0
        self.stopped = threading.Event()
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="machine")

    def __enter__(self) -> Machine:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stopped.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        for piece in self._pieces():
            if self.stopped.is_set() or not self.view.put(piece):
                break
            self.longest_queue = max(self.longest_queue, self.view.waiting)
            self.written += len(piece)
        self.view.put(b"^C stopped")
        self.ended.set()

    def _pieces(self) -> Iterator[bytes]:
        number = 0
        while True:
            yield b"".join(LINE % (number + each) for each in range(400))
            number += 400


class TalkingApp(TerminalApp):
    """Gives keys to the machine."""

    machine: Machine

    def on_terminal_view_typed(self, event: Any) -> None:
        """ctrl+c ends what it does."""
        if event.data == b"\x03":
            self.at_ctrl_c = self.machine.written
            self.machine.stopped.set()


async def test_a_flood_is_stopped_at_once_and_memory_stays_bounded() -> None:
    app = TalkingApp()
    async with app.run_test(size=SIZE) as pilot:
        with Machine(app.view) as machine:
            app.machine = machine
            await until(pilot, lambda: machine.written > 600_000, "a flood")
            await pilot.press("ctrl+c")
            await until(pilot, machine.ended.is_set, "its end")
            # What was on its way when the key was pressed, and no more.
            assert machine.written - app.at_ctrl_c <= MOST + 2 * PIECE
            await until(pilot, lambda: "^C stopped" in screen_text(pilot), "everything is shown")
        assert PIECE // 4 < machine.longest_queue <= MOST + 400 * len(LINE % 0)
        text = app.view.text().splitlines()
        numbers = [int(line[:9]) for line in text if line[:9].isdigit()]
        assert numbers == list(range(numbers[0], numbers[-1] + 1)), "nothing is lost on the way"
        assert len(numbers) >= 9_900


async def test_frames_are_painted_at_most_sixty_times_a_second() -> None:
    app = TalkingApp()
    painted: list[float] = []
    async with app.run_test(size=SIZE) as pilot:
        make_rows = app.view._make_rows

        def noted(width: int, height: int) -> list[int]:
            painted.append(app.view._painted)
            return make_rows(width, height)

        app.view._make_rows = noted  # type: ignore[method-assign] # to see when it paints
        with Machine(app.view) as machine:
            app.machine = machine
            await until(pilot, lambda: machine.written > 600_000 and len(painted) > 5, "a flood")
            machine.stopped.set()
            await until(pilot, machine.ended.is_set, "its end")
    gaps = [after - before for before, after in pairwise(painted)]
    assert min(gaps) >= FRAME * 0.99


class OvertakingApp(TerminalApp):
    """Notes how much was unread when a key came."""

    unread = -1

    def on_terminal_view_typed(self, event: Any) -> None:
        """A key of the person's."""
        assert event.data == b"a"
        self.unread = self.view.waiting


async def test_keys_overtake_what_is_not_yet_read() -> None:
    app = OvertakingApp()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.view.has_focus, "the focus")
        app.view.feed(b"".join(LINE % number for number in range(20_000)))
        assert not app.view.hungry
        app.post_message(Key("a", "a"))
        await until(pilot, lambda: app.unread >= 0, "the key")
        assert app.unread > MOST
        await until(pilot, lambda: app.view.hungry, "the queue to become shorter")
        await until(pilot, lambda: "000019999" in screen_text(pilot), "the last line")


async def test_a_reader_is_let_go_when_the_view_goes() -> None:
    app = TerminalApp()
    answers: list[bool] = []
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.view.has_focus, "the view")
        app.view._pump = lambda: None  # type: ignore[method-assign] # nobody reads any more

        def read() -> None:
            while app.view.put(b"x" * PIECE):
                answers.append(True)
            answers.append(False)

        thread = threading.Thread(target=read)
        thread.start()
        await until(pilot, lambda: not app.view.hungry, "a full queue")
        await app.view.remove()
        await until(pilot, lambda: not thread.is_alive(), "the reader's end")
    assert answers[-1] is False
    assert app.view.put(b"late") is False


@given(
    st.lists(st.binary(max_size=9000) | st.just(b"a" + END_OF_FRAME + b"b"), max_size=12), st.floats(0, 0.1)
)
def test_bytes_come_out_as_they_went_in(pieces: list[bytes], seconds: float) -> None:
    woken: list[int] = []
    feeder = Feeder(lambda: woken.append(1))
    taken = bytearray()
    for piece in pieces:
        feeder.put(piece, wait=False)
        data = feeder.take()
        feeder.took(len(data), seconds)
        taken += data
    while data := feeder.take():
        assert data.find(END_OF_FRAME) in {-1, len(data) - len(END_OF_FRAME)}
        assert len(data) <= feeding.PIECE + len(END_OF_FRAME)
        taken += data
    assert bytes(taken) == b"".join(pieces)
    assert feeder.waiting == 0
    assert feeder.take() == b""
    assert bool(woken) is any(pieces)


def test_a_full_queue_makes_a_reader_wait_as_long_as_it_says() -> None:
    feeder = Feeder(lambda: None)
    assert feeder.put(b"x" * MOST)
    assert feeder.waiting == MOST
    assert feeder.put(b"y", seconds=0.01) is False
    feeder.take()
    assert feeder.put(b"y", seconds=0.01) is True
    feeder.close()
    assert feeder.put(b"z") is False


def test_bytes_given_before_there_is_a_screen_wait() -> None:
    view = TerminalView(BitttyCore(80, 24))
    view.feed(b"early")
    assert view.waiting == 5
