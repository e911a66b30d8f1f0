"""The mouse on a terminal: the machine's where it asked for it, else it marks and scrolls; shift makes it ours."""

from __future__ import annotations

from textual import events

from kubeplat_tui.widgets.terminal.core import KeyInput, MouseAction, MouseInput, MouseTracking
from kubeplat_tui.widgets.terminal.document import Place
from kubeplat_tui.widgets.terminal.messages import Typed
from kubeplat_tui.widgets.terminal.pane import Mode
from kubeplat_tui.widgets.terminal.reading import TerminalReader
from kubeplat_tui.widgets.terminal.selection import Grain, Selection

WHEEL_ROWS = 3
TWICE = 0.5
"""Seconds between two presses that belong together."""
WHEEL = {
    events.MouseScrollUp: 4,
    events.MouseScrollDown: 5,
    events.MouseScrollLeft: 6,
    events.MouseScrollRight: 7,
}


class MouseHand(TerminalReader):
    """The handlers of the mouse."""

    live = True
    _pressed: Place | None = None
    """Where marking began."""
    _pressed_at = -TWICE
    _presses = 0
    _marking = False
    _button = 0
    """The button that is held and that the machine was told of."""
    _reported: tuple[int, int] | None = None
    """The cell that the machine was told last."""

    def _machines_mouse(self, event: events.MouseEvent) -> bool:
        wants = self.core.modes.mouse is not MouseTracking.NONE
        return wants and self.live and self.mode is Mode.NONE and not event.shift

    def _report(self, event: events.MouseEvent, action: MouseAction, button: int) -> None:
        """Tell the machine, at the nearest cell of its screen."""
        screen_top = self.document.screen - self.top
        x = max(0, min(event.x, self.core.columns - 1))
        y = max(0, min(event.y - screen_top, self.core.rows - 1))
        data = self.core.mouse(MouseInput(action, x, y, button, event.shift, event.meta, event.ctrl))
        if data:
            self.post_message(Typed(self, data))

    def _place(self, event: events.MouseEvent) -> Place:
        y = max(0, min(event.y, self.size.height - 1))
        return Place(
            max(self.document.first, min(self.top + y, self.document.end - 1)),
            max(0, min(event.x, self.core.columns - 1)),
        )

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A press: of the machine, or where marking begins."""
        event.stop()
        if self._machines_mouse(event):
            self.capture_mouse()
            self._button = event.button
            self._reported = (event.x, event.y)
            self._report(event, MouseAction.PRESS, event.button)
            return
        if event.button != 1:
            return
        place = self._place(event)
        again = place == self._pressed and event.time - self._pressed_at < TWICE
        self._presses = self._presses % len(Grain) + 1 if again else 1
        self._pressed, self._pressed_at = place, event.time
        grain = Grain(self._presses)
        self._marking = True
        self.capture_mouse()
        self.select(None if grain is Grain.CELL else Selection(place, place, grain))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The mouse moves: a report for each cell, or the end of what is marked."""
        event.stop()
        # A button that was pressed on another widget is not the machine's.
        if self._button or (not event.button and not self._marking and self._machines_mouse(event)):
            if self._reported != (event.x, event.y):
                self._reported = (event.x, event.y)
                self._report(event, MouseAction.MOVE, self._button)
            return
        if not self._marking or self._pressed is None:
            return
        if event.y < 0 or event.y >= self.size.height:
            self.scroll_rows(1 if event.y < 0 else -1)
        place = self._place(event)
        if place != self._pressed or self.selection is not None:
            self.select(Selection(self._pressed, place, Grain(self._presses)))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The button is let go: what is marked is copied."""
        event.stop()
        self.release_mouse()
        if self._button:
            held, self._button = self._button, 0
            self._report(event, MouseAction.RELEASE, held)
        elif self._marking:
            self._marking = False
            if self.selection is not None:
                self.copy()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        self._wheel(event, WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        self._wheel(event, -WHEEL_ROWS)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """The wheel."""
        self._wheel(event, 0)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """The wheel."""
        self._wheel(event, 0)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        """Of the machine; as arrows where a full-screen program does not know it; else through the history."""
        event.stop()
        if self._machines_mouse(event):
            self._report(event, MouseAction.PRESS, WHEEL[type(event)])
        elif self.core.modes.alternate_screen and self.live and self.mode is Mode.NONE and not event.shift:
            data = self.core.key(KeyInput("up" if rows > 0 else "down")) * abs(rows)
            if data:
                self.post_message(Typed(self, data))
        else:
            self.scroll_rows(rows)
