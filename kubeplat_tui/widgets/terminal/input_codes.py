"""What keys, the mouse, a paste and the focus send to a machine, as xterm does.

Sources: xterm's ctlseqs (PC-style function keys, mouse tracking, bracketed paste) and the terminfo entry
xterm-256color. Pure functions of the modes, for every core.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from kubeplat_tui.widgets.terminal.core import KeyInput, MouseAction, MouseInput, MouseTracking

ESCAPE = b"\x1b"

# Keys of xterm's PC-style keyboard: the final letter of CSI … LETTER; these turn to SS3 in application cursor mode.
_CURSOR_KEYS = {"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
# F1 to F4 are SS3 P to S, and CSI 1 ; modifier P to S with a modifier.
_FIRST_FUNCTION_KEYS = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
_NUMBERED_KEYS = {
    "insert": 2, "delete": 3, "pageup": 5, "pagedown": 6,
    "f5": 15, "f6": 17, "f7": 18, "f8": 19, "f9": 20, "f10": 21, "f11": 23, "f12": 24,
    "f13": 25, "f14": 26, "f15": 28, "f16": 29, "f17": 31, "f18": 32, "f19": 33, "f20": 34,
}  # fmt: skip
_PLAIN_KEYS = {
    "enter": b"\r",
    "return": b"\r",
    "tab": b"\t",
    "escape": b"\x1b",
    "backspace": b"\x7f",
    "space": b" ",
}
# The keypad in application mode (DECKPAM): SS3 and a letter.
_KEYPAD = {
    "kp_0": ("0", "p"), "kp_1": ("1", "q"), "kp_2": ("2", "r"), "kp_3": ("3", "s"), "kp_4": ("4", "t"),
    "kp_5": ("5", "u"), "kp_6": ("6", "v"), "kp_7": ("7", "w"), "kp_8": ("8", "x"), "kp_9": ("9", "y"),
    "kp_decimal": (".", "n"), "kp_add": ("+", "k"), "kp_subtract": ("-", "m"), "kp_multiply": ("*", "j"),
    "kp_divide": ("/", "o"), "kp_equal": ("=", "X"), "kp_separator": (",", "l"), "kp_enter": ("\r", "M"),
}  # fmt: skip
# Names of ASCII punctuation, where an event carries a name and no character.
_PUNCTUATION = {
    "at": "@", "left_square_bracket": "[", "backslash": "\\", "right_square_bracket": "]",
    "circumflex_accent": "^", "underscore": "_", "question_mark": "?", "slash": "/", "minus": "-", "plus": "+",
    "full_stop": ".", "comma": ",", "colon": ":", "semicolon": ";", "equals_sign": "=", "asterisk": "*",
    "grave_accent": "`", "apostrophe": "'", "quotation_mark": '"', "tilde": "~", "exclamation_mark": "!",
    "number_sign": "#", "dollar_sign": "$", "percent_sign": "%", "ampersand": "&", "left_parenthesis": "(",
    "right_parenthesis": ")", "less_than_sign": "<", "greater_than_sign": ">", "vertical_line": "|",
    "left_curly_bracket": "{", "right_curly_bracket": "}",
}  # fmt: skip
# X's translation of ctrl with digits and punctuation (XLookupString).
_CONTROL_ALIASES = {
    "2": 0,
    "3": 0x1B,
    "4": 0x1C,
    "5": 0x1D,
    "6": 0x1E,
    "7": 0x1F,
    "8": 0x7F,
    "/": 0x1F,
    "?": 0x7F,
    " ": 0,
}

_PASTE_BREAKERS = re.compile(r"\x1b\[20[01]~")
# Everything but tab, line feed and carriage return: a terminal's user cannot have meant the others.
_PASTE_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def encode_key(key: KeyInput, *, application_cursor: bool, application_keypad: bool = False) -> bytes:
    """The bytes of a key; b"" for one that a terminal has no bytes for (a modifier alone, media keys)."""
    name = key.name
    if name in _CURSOR_KEYS:
        return _cursor_key(_CURSOR_KEYS[name], _modifier(key), application_cursor)
    if name in _FIRST_FUNCTION_KEYS:
        return _cursor_key(_FIRST_FUNCTION_KEYS[name], _modifier(key), True)
    if name in _NUMBERED_KEYS:
        return _numbered_key(_NUMBERED_KEYS[name], _modifier(key))
    if name in _KEYPAD:
        return _keypad_key(key, application_keypad)
    if name in _PLAIN_KEYS and not (name == "space" and key.ctrl):
        return _plain_key(name, key)
    return _character(key)


def _modifier(key: KeyInput) -> int:
    """xterm's modifier parameter: 1 and shift 1, alt 2, ctrl 4."""
    return 1 + key.shift + 2 * key.alt + 4 * key.ctrl


def _cursor_key(letter: str, modifier: int, single_shift: bool) -> bytes:
    if modifier != 1:
        return f"\x1b[1;{modifier}{letter}".encode()
    return (b"\x1bO" if single_shift else b"\x1b[") + letter.encode()


def _numbered_key(number: int, modifier: int) -> bytes:
    return f"\x1b[{number}~".encode() if modifier == 1 else f"\x1b[{number};{modifier}~".encode()


def _keypad_key(key: KeyInput, application: bool) -> bytes:
    plain, letter = _KEYPAD[key.name]
    if not application:
        return _alt(plain.encode(), key.alt)
    modifier = _modifier(key)
    return b"\x1bO" + letter.encode() if modifier == 1 else f"\x1bO{modifier}{letter}".encode()


def _plain_key(name: str, key: KeyInput) -> bytes:
    if name == "tab" and key.shift:
        return _alt(b"\x1b[Z", key.alt)
    if name == "backspace" and key.ctrl:
        return _alt(b"\x08", key.alt)
    return _alt(_PLAIN_KEYS[name], key.alt)


def _alt(data: bytes, alt: bool) -> bytes:
    return ESCAPE + data if alt else data


def _character(key: KeyInput) -> bytes:
    character = key.character or _PUNCTUATION.get(key.name, key.name if len(key.name) == 1 else "")
    if key.name == "space":
        character = " "
    if not character:
        return b""
    if key.ctrl and len(character) == 1:
        control = _control(character)
        if control is None:
            return b""
        return _alt(bytes([control]), key.alt)
    if key.shift and not key.character and len(character) == 1:
        character = character.upper()
    return _alt(character.encode("utf-8", "ignore"), key.alt)


def _control(character: str) -> int | None:
    """What ctrl makes of a character; None where a keyboard has no such control."""
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return code
    if character in _CONTROL_ALIASES:
        return _CONTROL_ALIASES[character]
    if 0x40 <= code <= 0x7E:
        return code & 0x1F
    return code if code < 0x80 else None


class MouseCoding(Enum):
    """How mouse reports are written: xterm's first form, UTF-8 (1005), SGR (1006), urxvt (1015)."""

    LEGACY = 0
    UTF8 = 1
    SGR = 2
    URXVT = 3


@dataclass(frozen=True, slots=True)
class MouseModes:
    """What of the mouse is reported and how. `clicks_only`: X10's mode 9, presses without modifiers."""

    tracking: MouseTracking
    coding: MouseCoding = MouseCoding.LEGACY
    clicks_only: bool = False


# Wheel buttons 4 to 7 are coded from 64 on, the others from 0; a move without a button is coded as button 3.
_BUTTON_CODES = {0: 3, 1: 0, 2: 1, 3: 2, 4: 64, 5: 65, 6: 66, 7: 67, 8: 128, 9: 129, 10: 130, 11: 131}
_LEGACY_LIMIT = 223
_UTF8_LIMIT = 2015


def encode_mouse(mouse: MouseInput, modes: MouseModes) -> bytes:
    """The report of a mouse event; b"" where the machine did not ask for it."""
    code = _BUTTON_CODES.get(mouse.button)
    if code is None or not _wanted(mouse, modes) or mouse.x < 0 or mouse.y < 0:
        return b""
    if mouse.action is MouseAction.MOVE:
        code += 32
    if not modes.clicks_only:
        code += 4 * mouse.shift + 8 * mouse.alt + 16 * mouse.ctrl
    column, row = mouse.x + 1, mouse.y + 1
    if modes.coding is MouseCoding.SGR:
        final = "m" if mouse.action is MouseAction.RELEASE else "M"
        return f"\x1b[<{code};{column};{row}{final}".encode()
    if mouse.action is MouseAction.RELEASE:
        code |= 3  # the older forms cannot say which button was released
    return _older_report(code, column, row, modes.coding)


def _older_report(code: int, column: int, row: int, coding: MouseCoding) -> bytes:
    if coding is MouseCoding.URXVT:
        return f"\x1b[{code + 32};{column};{row}M".encode()
    if coding is MouseCoding.UTF8:
        if max(column, row) > _UTF8_LIMIT:
            return b""
        return f"\x1b[M{chr(32 + code)}{chr(32 + column)}{chr(32 + row)}".encode()
    if max(column, row) > _LEGACY_LIMIT or code + 32 > 255:
        return b""
    return b"\x1b[M" + bytes((32 + code, 32 + column, 32 + row))


def _wanted(mouse: MouseInput, modes: MouseModes) -> bool:
    if modes.tracking is MouseTracking.NONE:
        return False
    if mouse.action is MouseAction.PRESS:
        return True
    if mouse.action is MouseAction.RELEASE:
        return not modes.clicks_only and mouse.button not in (4, 5, 6, 7)
    if modes.tracking is MouseTracking.MOVES:
        return True
    return modes.tracking is MouseTracking.DRAGS and mouse.button != 0


def encode_paste(text: str, *, bracketed: bool) -> bytes:
    """Pasted text: line ends as carriage returns, no control characters but tab, brackets where asked for.

    The brackets' own sequences are taken out of the text first, until none is left: a paste cannot end itself.
    """
    while _PASTE_BREAKERS.search(text):
        text = _PASTE_BREAKERS.sub("", text)
    text = _PASTE_CONTROLS.sub("", text.replace("\r\n", "\n")).replace("\n", "\r")
    data = text.encode("utf-8", "replace")
    return b"\x1b[200~" + data + b"\x1b[201~" if bracketed else data


def encode_focus(focused: bool) -> bytes:
    """CSI I and CSI O (mode 1004)."""
    return b"\x1b[I" if focused else b"\x1b[O"
