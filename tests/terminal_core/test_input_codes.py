"""What keys, the mouse, a paste and the focus send: as terminfo says of an xterm, and as xterm's ctlseqs do."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore
from kubeplat_tui.widgets.terminal.core import KeyInput, MouseAction, MouseInput

PRESS, RELEASE, MOVE = MouseAction.PRESS, MouseAction.RELEASE, MouseAction.MOVE


def core_in(modes: str = "") -> BitttyCore:
    core = BitttyCore(80, 24)
    core.feed(modes.encode())
    return core


# Capabilities of terminfo's xterm-256color (they are those of application cursor and keypad mode, after smkx).
TERMINFO = {
    "kcuu1": KeyInput("up"), "kcud1": KeyInput("down"), "kcuf1": KeyInput("right"), "kcub1": KeyInput("left"),
    "khome": KeyInput("home"), "kend": KeyInput("end"), "kich1": KeyInput("insert"), "kdch1": KeyInput("delete"),
    "kpp": KeyInput("pageup"), "knp": KeyInput("pagedown"), "kcbt": KeyInput("tab", shift=True),
    "kent": KeyInput("kp_enter"),
    **{f"kf{number}": KeyInput(f"f{number}") for number in range(1, 13)},
    **{f"kf{number + 12}": KeyInput(f"f{number}", shift=True) for number in range(1, 13)},
    **{f"kf{number + 24}": KeyInput(f"f{number}", ctrl=True) for number in range(1, 13)},
    **{f"kf{number + 36}": KeyInput(f"f{number}", ctrl=True, shift=True) for number in range(1, 13)},
    **{f"kf{number + 48}": KeyInput(f"f{number}", alt=True) for number in range(1, 13)},
    "kLFT": KeyInput("left", shift=True), "kRIT": KeyInput("right", shift=True), "kHOM": KeyInput("home", shift=True),
    "kEND": KeyInput("end", shift=True), "kDC": KeyInput("delete", shift=True), "kIC": KeyInput("insert", shift=True),
    "kNXT": KeyInput("pagedown", shift=True), "kPRV": KeyInput("pageup", shift=True), "kUP": KeyInput("up", shift=True),
    "kDN": KeyInput("down", shift=True), "kUP5": KeyInput("up", ctrl=True), "kDN3": KeyInput("down", alt=True),
    "kLFT5": KeyInput("left", ctrl=True), "kRIT6": KeyInput("right", ctrl=True, shift=True),
    "kHOM7": KeyInput("home", ctrl=True, alt=True), "kDC5": KeyInput("delete", ctrl=True),
    "kEND4": KeyInput("end", alt=True, shift=True), "kNXT5": KeyInput("pagedown", ctrl=True),
}  # fmt: skip


@pytest.fixture(scope="module")
def terminfo() -> dict[str, bytes]:
    infocmp = shutil.which("infocmp")
    if infocmp is None:
        pytest.skip("there is no infocmp here")
    text = subprocess.run(
        [infocmp, "-1", "-x", "xterm-256color"], check=True, capture_output=True
    ).stdout.decode()
    pairs = (line.strip().rstrip(",").partition("=") for line in text.splitlines() if "=" in line)
    return {name: value.replace("\\E", "\x1b").encode() for name, _, value in pairs}


@pytest.mark.parametrize("capability", TERMINFO)
def test_a_key_is_as_terminfo_says(capability: str, terminfo: dict[str, bytes]) -> None:
    if capability not in terminfo:
        pytest.skip("this terminfo does not say")
    core = core_in("\x1b[?1h\x1b=")
    assert core.key(TERMINFO[capability]) == terminfo[capability]


KEYS = (
    (KeyInput("a", "a"), b"a"),
    (KeyInput("upper_a", "A", shift=True), b"A"),
    (KeyInput("eacute", "é"), "é".encode()),
    (KeyInput("question_mark", "?"), b"?"),
    (KeyInput("space", " "), b" "),
    (KeyInput("enter", "\r"), b"\r"),
    (KeyInput("tab", "\t"), b"\t"),
    (KeyInput("escape", "\x1b"), b"\x1b"),
    (KeyInput("backspace", "\x7f"), b"\x7f"),
    (KeyInput("backspace", ctrl=True), b"\x08"),
    (KeyInput("backspace", alt=True), b"\x1b\x7f"),
    (KeyInput("a", "\x01", ctrl=True), b"\x01"),
    (KeyInput("c", ctrl=True), b"\x03"),
    (KeyInput("z", ctrl=True), b"\x1a"),
    (KeyInput("c", ctrl=True, shift=True), b"\x03"),
    (KeyInput("right_square_bracket", "\x1d", ctrl=True), b"\x1d"),
    (KeyInput("right_square_bracket", ctrl=True), b"\x1d"),
    (KeyInput("backslash", ctrl=True), b"\x1c"),
    (KeyInput("underscore", ctrl=True), b"\x1f"),
    (KeyInput("slash", ctrl=True), b"\x1f"),
    (KeyInput("circumflex_accent", ctrl=True), b"\x1e"),
    (KeyInput("at", ctrl=True), b"\x00"),
    (KeyInput("space", ctrl=True), b"\x00"),
    (KeyInput("2", ctrl=True), b"\x00"),
    (KeyInput("x", "x", alt=True), b"\x1bx"),
    (KeyInput("x", alt=True, ctrl=True), b"\x1b\x18"),
    (KeyInput("x", "X", alt=True, shift=True), b"\x1bX"),
    (KeyInput("enter", alt=True), b"\x1b\r"),
    (KeyInput("up"), b"\x1b[A"),
    (KeyInput("home"), b"\x1b[H"),
    (KeyInput("up", ctrl=True), b"\x1b[1;5A"),
    (KeyInput("f1"), b"\x1bOP"),
    (KeyInput("f1", shift=True, alt=True), b"\x1b[1;4P"),
    (KeyInput("f5", ctrl=True, alt=True, shift=True), b"\x1b[15;8~"),
    (KeyInput("f20"), b"\x1b[34~"),
    (KeyInput("kp_5", "5"), b"5"),
    (KeyInput("shift"), b""),
    (KeyInput("volume_up"), b""),
)


@pytest.mark.parametrize(("key", "sent"), KEYS)
def test_a_key(key: KeyInput, sent: bytes) -> None:
    assert core_in().key(key) == sent


def test_arrows_follow_the_application() -> None:
    core = core_in("\x1b[?1h")
    assert (core.key(KeyInput("up")), core.key(KeyInput("end"))) == (b"\x1bOA", b"\x1bOF")
    assert core.key(KeyInput("up", shift=True)) == b"\x1b[1;2A"
    core.feed(b"\x1b[?1l")
    assert core.key(KeyInput("up")) == b"\x1b[A"


MICE = (
    ("", MouseInput(PRESS, 3, 4, 1), b""),
    ("\x1b[?9h", MouseInput(PRESS, 3, 4, 1, shift=True), b"\x1b[M $%"),
    ("\x1b[?9h", MouseInput(RELEASE, 3, 4, 1), b""),
    ("\x1b[?1000h", MouseInput(PRESS, 3, 4, 1), b"\x1b[M $%"),
    ("\x1b[?1000h", MouseInput(RELEASE, 3, 4, 1), b"\x1b[M#$%"),
    ("\x1b[?1000h", MouseInput(PRESS, 3, 4, 5), b"\x1b[Ma$%"),
    ("\x1b[?1000h", MouseInput(MOVE, 3, 4, 1), b""),
    ("\x1b[?1000h", MouseInput(PRESS, 500, 4, 1), b""),
    ("\x1b[?1000;1006h", MouseInput(PRESS, 499, 4, 1), b"\x1b[<0;500;5M"),
    ("\x1b[?1000;1006h", MouseInput(PRESS, 0, 0, 3, ctrl=True), b"\x1b[<18;1;1M"),
    ("\x1b[?1000;1006h", MouseInput(RELEASE, 0, 0, 2), b"\x1b[<1;1;1m"),
    ("\x1b[?1000;1006h", MouseInput(PRESS, 0, 0, 4, shift=True, alt=True), b"\x1b[<76;1;1M"),
    ("\x1b[?1002;1006h", MouseInput(MOVE, 9, 9, 1), b"\x1b[<32;10;10M"),
    ("\x1b[?1002;1006h", MouseInput(MOVE, 9, 9), b""),
    ("\x1b[?1003;1006h", MouseInput(MOVE, 9, 9), b"\x1b[<35;10;10M"),
    ("\x1b[?1003;1006h\x1b[?1003l", MouseInput(MOVE, 9, 9), b""),
    ("\x1b[?1000;1005h", MouseInput(PRESS, 299, 0, 1), b"\x1b[M " + chr(332).encode() + b"!"),
    ("\x1b[?1000;1015h", MouseInput(PRESS, 299, 0, 1), b"\x1b[32;300;1M"),
)


@pytest.mark.parametrize(("modes", "mouse", "sent"), MICE)
def test_the_mouse(modes: str, mouse: MouseInput, sent: bytes) -> None:
    assert core_in(modes).mouse(mouse) == sent


def test_a_paste() -> None:
    assert core_in().paste("one\ntwo\r\nthree\tfour") == b"one\rtwo\rthree\tfour"
    core = core_in("\x1b[?2004h")
    assert core.modes.bracketed_paste
    assert core.paste("one\ntwo") == b"\x1b[200~one\rtwo\x1b[201~"
    assert core.paste("a\x1b[201~\x03rm\x04\x1b[20\x1b[201~1~b\x9b201~") == b"\x1b[200~armb201~\x1b[201~"


@given(st.text(alphabet="\x1b[201~x\x03\n\x9b\x00"))
def test_a_paste_cannot_end_itself(text: str) -> None:
    sent = core_in("\x1b[?2004h").paste(text)
    assert sent.startswith(b"\x1b[200~")
    assert sent.endswith(b"\x1b[201~")
    inside = sent[6:-6].decode()
    assert not [
        character
        for character in inside
        if (character < " " and character not in "\t\r") or "\x7f" <= character <= "\x9f"
    ]


def test_the_focus() -> None:
    assert core_in().focus(True) == b""
    core = core_in("\x1b[?1004h")
    assert core.modes.focus_events
    assert (core.focus(True), core.focus(False)) == (b"\x1b[I", b"\x1b[O")
