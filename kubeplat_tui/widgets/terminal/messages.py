"""What a terminal view tells the screen around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.message import Message

if TYPE_CHECKING:
    from kubeplat_tui.widgets.terminal.core import KeyInput
    from kubeplat_tui.widgets.terminal.pane import Mode, TerminalPane
    from kubeplat_tui.widgets.terminal.view import TerminalView


class OfTerminal(Message):
    """A message of a view; `on_terminal_view_typed` and so on handle them, `@on(…, "#id")` selects one."""

    def __init__(self, view: TerminalPane) -> None:
        super().__init__()
        self.view = cast("TerminalView", view)  # its bases tell nothing by themselves

    @property
    def control(self) -> TerminalView:
        """The view it comes from."""
        return self.view


class Typed(OfTerminal, namespace="terminal_view"):
    """Bytes for the machine, in order. `by_person`: typed or pasted; mouse, focus and the terminal's own answers are
    for this one machine only. What was typed can be typed in another view too: `view.type_again(event)`.
    """

    def __init__(
        self, view: TerminalPane, data: bytes, *, key: KeyInput | None = None, pasted: str = ""
    ) -> None:
        super().__init__(view)
        self.data = data
        self.key = key
        self.pasted = pasted

    @property
    def by_person(self) -> bool:
        """Whether a person typed or pasted it."""
        return self.key is not None or bool(self.pasted)


class Resized(OfTerminal, namespace="terminal_view"):
    """The terminal has another size, in cells. It comes once at the beginning, when the size is known."""

    def __init__(self, view: TerminalPane, columns: int, rows: int) -> None:
        super().__init__(view)
        self.columns = columns
        self.rows = rows


class Titled(OfTerminal, namespace="terminal_view"):
    """The machine named its window. The text is the machine's: show it as such."""

    def __init__(self, view: TerminalPane, title: str) -> None:
        super().__init__(view)
        self.title = title


class Rang(OfTerminal, namespace="terminal_view"):
    """The machine rang the bell."""


class ClipboardAsked(OfTerminal, namespace="terminal_view"):
    """The machine wants to write the clipboard: only a person may allow it. Nothing was written."""

    def __init__(self, view: TerminalPane, text: str) -> None:
        super().__init__(view)
        self.text = text


class PrefixPressed(OfTerminal, namespace="terminal_view"):
    """The prefix was pressed: keys go to the application until the view is focused anew, or `set_live(True)`."""


class Pasted(OfTerminal, namespace="terminal_view"):
    """Several lines were pasted and the machine would take each as typed. Nothing was sent: ask, then `paste(text)`."""

    def __init__(self, view: TerminalPane, text: str, lines: int) -> None:
        super().__init__(view)
        self.text = text
        self.lines = lines


class Copied(OfTerminal, namespace="terminal_view"):
    """A selection was copied (OSC 52)."""

    def __init__(self, view: TerminalPane, text: str) -> None:
        super().__init__(view)
        self.text = text


class Scrolled(OfTerminal, namespace="terminal_view"):
    """Another part is seen: `back` rows above the end, of `above` that there are; 0 follows the machine."""

    def __init__(self, view: TerminalPane, back: int, above: int) -> None:
        super().__init__(view)
        self.back = back
        self.above = above


class Searched(OfTerminal, namespace="terminal_view"):
    """How a search stands: `here` is the number of the match gone to (from 1 at the top; 0 for none yet)."""

    def __init__(self, view: TerminalPane, pattern: str, found: int, here: int, *, done: bool) -> None:
        super().__init__(view)
        self.pattern = pattern
        self.found = found
        self.here = here
        self.done = done


class ModeChanged(OfTerminal, namespace="terminal_view"):
    """Whose the keys are may have changed: look at `view.takes_every_key` and `view.mode`."""

    def __init__(self, view: TerminalPane, mode: Mode) -> None:
        super().__init__(view)
        self.mode = mode
