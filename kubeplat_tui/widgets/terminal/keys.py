"""Textual's keys as an emulator core takes them, and the keys that Textual would turn into others."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual._keyboard_protocol import MODIFIER_FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.keys import REPLACED_KEYS, key_to_character

from kubeplat_tui.widgets.terminal.core import KeyInput

if TYPE_CHECKING:
    from collections.abc import Iterable

SENDS_NOTHING = frozenset(MODIFIER_FUNCTIONAL_KEYS) | {
    "caps_lock", "scroll_lock", "num_lock", "print_screen", "pause", "menu", "kp_begin",
    "<ignore>", "<any>", "<scroll-up>", "<scroll-down>",
}  # fmt: skip
"""Keys that no terminal has bytes for, beside those of media players."""
KEYPAD = {
    "decimal": ".", "divide": "/", "multiply": "*", "subtract": "-", "add": "+", "equal": "=", "separator": ",",
}  # fmt: skip
"""Keys of the number pad in the kitty keyboard protocol, by Textual's name."""
NAMES = {"ctrl-at": "ctrl+at", "ctrl+@": "ctrl+at", "return": "enter", "newline": "ctrl+j"}


def key_input(key: str, character: str | None) -> KeyInput | None:
    """The key of an event (`ctrl+a`, `alt+shift+b`, `f5`, `full_stop`); None for one that sends nothing."""
    *modifiers, name = NAMES.get(key, key).split("+")
    if character == "\x08" and name == "backspace":
        modifiers, name, character = ["ctrl"], "h", None  # what terminals send for ctrl+h; backspace is 0x7f
    if name in SENDS_NOTHING or name.startswith("media_") or name.endswith("_volume"):
        return None
    if not {"super", "hyper"}.isdisjoint(modifiers):
        return None
    shift, ctrl = "shift" in modifiers, "ctrl" in modifiers
    alt = not {"alt", "meta"}.isdisjoint(modifiers)
    typed = _typed(name, character)
    if shift and not ctrl and len(name) == 1:
        typed = typed.upper()
    return KeyInput(name, typed, shift, alt, ctrl)


def _typed(name: str, character: str | None) -> str:
    """The character that a key types, without alt and ctrl."""
    if name in KEYPAD:
        return KEYPAD[name]
    if character and character.isprintable() and not character.isspace():
        return character
    if len(name) == 1:
        return name
    found = key_to_character(REPLACED_KEYS.get(name, name))
    return found if found and found.isprintable() and not found.isspace() else ""


class ExactKeys:
    """Keys with alt as they were pressed.

    Without the kitty keyboard protocol a terminal sends ESC before a key for alt. Textual takes some of these for
    other keys (ESC f for ctrl+right, ESC 1 for ¡) and loses alt with punctuation. That serves its fields; a machine
    must get what was pressed. So this works only while a terminal has the keys: the `owner`.
    """

    owner: ClassVar[object | None] = None
    installed: ClassVar[bool] = False
    # Introducers of longer sequences (ECMA-48): CSI, SS3, OSC, DCS, PM, APC, SOS.
    INTRODUCERS: ClassVar[frozenset[str]] = frozenset("[O]P^_X\x1b")

    @classmethod
    def give(cls, owner: object) -> None:
        """`owner` has the keys now."""
        cls.owner = owner

    @classmethod
    def take(cls, owner: object) -> None:
        """`owner` has them no more."""
        if cls.owner is owner:
            cls.owner = None

    @classmethod
    def install(cls) -> None:
        """Stand before Textual's own reading of keys. Call it before the application runs; again does nothing."""
        if cls.installed:
            return
        cls.installed = True
        textual = XTermParser._sequence_to_key_events  # noqa: SLF001 - Textual has no public hook for this

        def exact(self: XTermParser, sequence: str, alt: bool = False) -> Iterable[events.Key]:
            if cls.owner is None:
                return textual(self, sequence, alt)
            if len(sequence) == 2 and sequence[0] == "\x1b" and sequence[1] not in cls.INTRODUCERS:
                sequence, alt = sequence[1], True
            if not alt:
                return textual(self, sequence)
            return [_with_alt(event) for event in textual(self, sequence)]

        XTermParser._sequence_to_key_events = exact  # type: ignore[method-assign]  # noqa: SLF001 - see above


def _with_alt(event: events.Key) -> events.Key:
    key = "ctrl+h" if event.key == "backspace" and event.character == "\x08" else event.key
    if len(key) == 1 and key.isupper():
        key = f"shift+{key.lower()}"
    return events.Key(f"alt+{key}", event.character)
