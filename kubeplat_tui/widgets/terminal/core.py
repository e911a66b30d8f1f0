"""What an emulator core is to the widget. No core knows Textual, and the widget knows no core.

Bytes of the machine go in with `feed`; what changed is pulled by the widget on its own clock. A core belongs to one
thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

Colour = int | tuple[int, int, int] | None
"""A palette index from 0 to 255, red, green and blue, or the terminal's own colour."""


class Underline(StrEnum):
    """Kinds of underlining (SGR 4:n)."""

    NONE = "none"
    SINGLE = "single"
    DOUBLE = "double"
    CURLY = "curly"
    DOTTED = "dotted"
    DASHED = "dashed"


@dataclass(frozen=True, slots=True)
class CellStyle:
    """How a run of cells looks (SGR)."""

    foreground: Colour = None
    background: Colour = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: Underline = Underline.NONE
    blink: bool = False
    reverse: bool = False
    concealed: bool = False
    strike: bool = False
    overline: bool = False
    link: str = ""


PLAIN = CellStyle()


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring cells of one style. `cells` is their number; wide characters take two, combining marks none."""

    text: str
    style: CellStyle
    cells: int


@dataclass(frozen=True, slots=True)
class Line:
    """One row, from its first column on; what is missing at its end is blank. `wrapped`: it goes on in the next row."""

    runs: tuple[Run, ...]
    wrapped: bool = False

    @property
    def text(self) -> str:
        """The characters without their looks."""
        return "".join(run.text for run in self.runs)


class CursorShape(StrEnum):
    """DECSCUSR."""

    BLOCK = "block"
    UNDERLINE = "underline"
    BAR = "bar"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Column and row from 0."""

    x: int
    y: int
    visible: bool
    shape: CursorShape
    blinking: bool


class MouseTracking(Enum):
    """What of the mouse the machine wants to know (modes 9, 1000, 1002, 1003)."""

    NONE = 0
    CLICKS = 1
    DRAGS = 2
    MOVES = 3


@dataclass(frozen=True, slots=True)
class Modes:
    """The modes that the widget must know. `synchronized`: a frame is being drawn, show the one before (mode 2026)."""

    alternate_screen: bool = False
    mouse: MouseTracking = MouseTracking.NONE
    bracketed_paste: bool = False
    focus_events: bool = False
    synchronized: bool = False
    reverse_screen: bool = False
    application_cursor: bool = False


@dataclass(frozen=True, slots=True)
class TitleSet:
    """The machine named its window (OSC 0, 2)."""

    title: str


@dataclass(frozen=True, slots=True)
class BellRang:
    """BEL."""


@dataclass(frozen=True, slots=True)
class ClipboardWanted:
    """The machine wants to write the clipboard (OSC 52). Only a person may allow that; reading it is never answered."""

    text: str


Notice = TitleSet | BellRang | ClipboardWanted


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since it was last asked for: rows of the screen, and how many lines the history grew by.

    `history_cleared` comes before the growth. With `everything` all rows changed (another screen, another size).
    """

    rows: Sequence[int]
    added: int = 0
    history_cleared: bool = False
    everything: bool = False


class MouseAction(StrEnum):
    """What the mouse did."""

    PRESS = "press"
    RELEASE = "release"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class MouseInput:
    """Column and row from 0. `button` as xterm numbers them: 1 left, 2 middle, 3 right, 4 wheel up, 5 wheel down; 0
    for a move without one.
    """

    action: MouseAction
    x: int
    y: int
    button: int = 0
    shift: bool = False
    alt: bool = False
    ctrl: bool = False


@dataclass(frozen=True, slots=True)
class KeyInput:
    """A key in Textual's name without its modifiers (`a`, `up`, `f5`, `enter`), and its character if it types one."""

    name: str
    character: str = ""
    shift: bool = False
    alt: bool = False
    ctrl: bool = False


class TerminalCore(Protocol):
    """An xterm-256color with truecolor. Nothing that is fed raises or grows without bound."""

    @property
    def columns(self) -> int: ...

    @property
    def rows(self) -> int: ...

    @property
    def cursor(self) -> Cursor: ...

    @property
    def modes(self) -> Modes: ...

    @property
    def history_length(self) -> int:
        """Lines that scrolled off the top, at most the limit the core was made with."""
        ...

    def feed(self, data: bytes) -> None:
        """Take bytes of the machine, cut anywhere."""
        ...

    def resize(self, columns: int, rows: int) -> None: ...

    def line(self, y: int) -> Line:
        """Row `y` of the screen, from 0."""
        ...

    def history_line(self, index: int) -> Line:
        """A line of the history; 0 is the oldest."""
        ...

    def take_changes(self) -> Changes:
        """What changed since the last call."""
        ...

    def take_notices(self) -> tuple[Notice, ...]:
        """What the machine wants of the person, since the last call."""
        ...

    def take_replies(self) -> bytes:
        """What the terminal answers the machine (reports, DA, DSR), since the last call."""
        ...

    def key(self, key: KeyInput) -> bytes:
        """What the key sends in the present modes; b"" for a key that sends nothing."""
        ...

    def mouse(self, mouse: MouseInput) -> bytes:
        """What the mouse sends in the present modes; b"" where the machine does not want to know."""
        ...

    def paste(self, text: str) -> bytes:
        """The text as pasted, in brackets where the machine asked for them; never with a way out of them."""
        ...

    def focus(self, focused: bool) -> bytes:
        """What gaining or losing the focus sends; b"" where the machine did not ask."""
        ...
