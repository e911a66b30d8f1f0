"""The terminal of one machine: bytes in, keys out, a screen between.

    view = TerminalView(make_core(80, 24), prefix="ctrl+right_square_bracket")

A reader's thread gives it what the machine sends by `view.put(data)`, which waits while too much is unread; messages
(`TerminalView.Typed`, `.Resized` …) tell the screen what is for the machine. While `view.live` every key but the
prefix is the machine's.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from kubeplat_tui.settings.model import PREFIX
from kubeplat_tui.widgets.terminal import messages
from kubeplat_tui.widgets.terminal.core import BellRang, ClipboardWanted, KeyInput, TitleSet
from kubeplat_tui.widgets.terminal.feeding import END_OF_FRAME, Feeder
from kubeplat_tui.widgets.terminal.keys import ExactKeys, key_input
from kubeplat_tui.widgets.terminal.mouse import MouseHand
from kubeplat_tui.widgets.terminal.pane import FRAME, Mode
from kubeplat_tui.widgets.terminal.reading import TerminalReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.timer import Timer

    from kubeplat_tui.widgets.terminal.core import TerminalCore

SLICE = 0.008
"""Seconds that the core may be fed in one go: so long a key waits at most."""
PAUSE = 0.001
"""Seconds between two goes: keys and everything else of the application are served then."""
FLOOD_FRAME = 1 / 15
"""Seconds between two repaints while more comes than is taken: nobody reads that, and not drawing it is quicker."""
TYPING = 1.0
"""Seconds after a key in which a flood is drawn as often as anything else: the person waits for an answer."""
VIEWS_OWN_KEYS = {"shift+pageup": 1, "shift+pagedown": -1}


class TerminalView(MouseHand, TerminalReader):
    """Everything together. All methods but `put` belong to the application's thread."""

    Typed: TypeAlias = messages.Typed
    Resized: TypeAlias = messages.Resized
    Titled: TypeAlias = messages.Titled
    Rang: TypeAlias = messages.Rang
    ClipboardAsked: TypeAlias = messages.ClipboardAsked
    PrefixPressed: TypeAlias = messages.PrefixPressed
    Pasted: TypeAlias = messages.Pasted
    Copied: TypeAlias = messages.Copied
    Scrolled: TypeAlias = messages.Scrolled
    Searched: TypeAlias = messages.Searched
    ModeChanged: TypeAlias = messages.ModeChanged

    def __init__(
        self,
        core: TerminalCore | Callable[[int, int], TerminalCore],
        *,
        prefix: str = PREFIX,
        id: str | None = None,  # noqa: A002 - Textual's word
        classes: str | None = None,
    ) -> None:
        super().__init__(core(80, 24) if callable(core) else core, id=id, classes=classes)
        self.prefix = prefix
        self.live = True
        """Whether there is a machine that listens. Set it by `set_live`."""
        self._left = False
        self._feeder = Feeder(self._wake)
        self._told_size: tuple[int, int] | None = None
        self._resizing = False
        self._pump_timer: Timer | None = None
        self._typed_at = 0.0

    # --- what the machine sends -------------------------------------------------------------------

    def put(self, data: bytes, seconds: float | None = None) -> bool:
        """Give bytes of the machine, from a reader's thread: waits while 64 KiB are unread, or for `seconds`.

        False when the view is gone (or the time is over): nothing more is taken.
        """
        return self._feeder.put(data, seconds=seconds)

    def feed(self, data: bytes) -> None:
        """Give bytes of the machine in the application's thread. It takes all; stop while not `hungry`."""
        self._feeder.put(data, wait=False)

    @property
    def hungry(self) -> bool:
        """Whether more bytes should come."""
        return self._feeder.hungry

    @property
    def waiting(self) -> int:
        """Bytes that the core has not been fed yet."""
        return self._feeder.waiting

    def _wake(self) -> None:
        """From any thread: there are bytes."""
        self.call_later(self._pump_soon)

    def _pump_soon(self) -> None:
        if self._pump_timer is None:
            self._pump()

    def _pump(self) -> None:
        """Feed the core for a while; the rest after a pause."""
        self._pump_timer = None
        began = now = perf_counter()
        fed = False
        while now - began < SLICE and (data := self._feeder.take()):
            fed = True
            self.core.feed(data)
            after = perf_counter()
            self._feeder.took(len(data), after - now)
            now = after
            if data.endswith(END_OF_FRAME) and now - self._painted >= FRAME:
                break
        flood = self._feeder.waiting > 0 and now - self._typed_at > TYPING
        self.frame = FLOOD_FRAME if flood else FRAME
        if fed:
            self._fed()
        if self._feeder.waiting:
            self._pump_timer = self.set_timer(PAUSE, self._pump)

    def _fed(self) -> None:
        replies = self.core.take_replies()
        if replies:
            self.post_message(self.Typed(self, replies))
        for notice in self.core.take_notices():
            match notice:
                case TitleSet(title):
                    self.post_message(self.Titled(self, title))
                case BellRang():
                    self.post_message(self.Rang(self))
                case ClipboardWanted(text):
                    self.post_message(self.ClipboardAsked(self, text))
        self._said.clear()  # it stays in the text
        self.core_changed()

    def clear_history(self) -> None:
        """Forget the lines above the screen (xterm's CSI 3 J)."""
        self.core.feed(b"\x1b[3J")
        self.core_changed()

    # --- what the person does ---------------------------------------------------------------------

    @property
    def takes_every_key(self) -> bool:
        """Whether every key but the prefix goes to the machine now: not after the prefix, nor in the copy mode."""
        return self.live and not self._left and self.mode is Mode.NONE

    def set_live(self, live: bool) -> None:
        """Whether keys go to the machine; True takes them back after the prefix."""
        if live != self.live or (live and self._left):
            self.live, self._left = live, False
            self._keys_changed()

    def keep_keys(self) -> None:
        """Leave the keys to the application, as after the prefix."""
        self._left = True
        self._keys_changed()

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Textual leaves these to the view, also where the application binds them with priority (ctrl+q)."""
        del character
        if self.takes_every_key:
            return key != self.prefix
        # A key of the copy mode that does nothing must not close a tab either.
        function_key = key[:1] == "f" and key[1:].isdigit()
        return self.mode is not Mode.NONE and not (key.startswith("ctrl+") or function_key)

    async def _on_key(self, event: events.Key) -> None:
        if self.takes_every_key:
            event.stop()
            event.prevent_default()
            self._machines_key(event)
        elif self.mode is Mode.SEARCH:
            event.stop()
            event.prevent_default()
            self.search_key(event)

    def _machines_key(self, event: events.Key) -> None:
        if event.key == self.prefix:
            self.keep_keys()
            self.post_message(self.PrefixPressed(self))
        elif event.key in VIEWS_OWN_KEYS and not self.core.modes.alternate_screen:
            self.scroll_rows(VIEWS_OWN_KEYS[event.key] * max(1, self.size.height - 1))
        else:
            self._type(key_input(event.key, event.character))

    def _type(self, key: KeyInput | None) -> None:
        self._typed_at = perf_counter()
        data = self.core.key(key) if key is not None else b""
        if key is not None and data:
            self.post_message(self.Typed(self, data, key=key))
            self.select(None)
            self.scroll_rows(-self.back)

    def type_again(self, event: messages.Typed) -> bytes:
        """What was typed or pasted in another view, as this machine's modes want it; b"" for anything else."""
        if event.key is not None:
            return self.core.key(event.key)
        return self.core.paste(event.pasted) if event.pasted else b""

    def send_literal_prefix(self) -> None:
        """Send the prefix's own key to the machine."""
        self._type(key_input(self.prefix, None))

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if self.mode is Mode.SEARCH:
            self.search_paste(event.text)
        elif self.takes_every_key:
            lines = len(event.text.splitlines())
            if lines > 1 and not self.core.modes.bracketed_paste:
                self.post_message(self.Pasted(self, event.text, lines))
            else:
                self.paste(event.text)

    def paste(self, text: str) -> None:
        """Paste, in brackets where the machine knows them."""
        data = self.core.paste(text)
        if data:
            self.post_message(self.Typed(self, data, pasted=text))
            self.scroll_rows(-self.back)

    def on_focus(self) -> None:
        """The keys come here."""
        self._keys_changed()
        self._tell_focus(True)

    def on_blur(self) -> None:
        """The keys go elsewhere; who comes back comes to type."""
        self._left = False
        self._keys_changed()
        self._tell_focus(False)

    def _tell_focus(self, focused: bool) -> None:
        data = self.core.focus(focused)
        if data:
            self.post_message(self.Typed(self, data))

    def _keys_changed(self) -> None:
        if self.has_focus and self.takes_every_key:
            ExactKeys.give(self)
        else:
            ExactKeys.take(self)
        self.refresh_bindings()
        self.post_message(self.ModeChanged(self, self.mode))

    def _turn(self, mode: Mode) -> None:
        super()._turn(mode)
        self._keys_changed()

    def scrolled(self) -> None:
        """Tell the screen."""
        self.post_message(self.Scrolled(self, self.back, self.above))

    # --- size, beginning and end. Textual calls these handlers of every class itself. ------------

    def on_resize(self) -> None:
        """Another size: taken over with the next frame, so that drawing a window wider asks the machine seldom."""
        if self._told_size is None:
            self._resize()
        elif not self._resizing:
            self._resizing = True
            self.set_timer(FRAME, self._resize)

    def _resize(self) -> None:
        self._resizing = False
        columns, rows = self.size
        if not columns or not rows or (columns, rows) == self._told_size:
            return
        self._told_size = (columns, rows)
        if (columns, rows) != (self.core.columns, self.core.rows):
            self.core.resize(columns, rows)
            self.select(None)
        self.post_message(self.Resized(self, columns, rows))
        self.core_changed()
        self.look_again()

    def on_mount(self) -> None:
        """Show what was given before."""
        if self._feeder.waiting:
            self._wake()

    def on_unmount(self) -> None:
        """Let go of whoever waits to give bytes."""
        self._feeder.close()
        ExactKeys.take(self)
