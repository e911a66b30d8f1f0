"""Every key is the machine's, but the prefix: what Textual can name, what terminals send, pastes and the focus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.keys import Keys

from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore
from kubeplat_tui.widgets.terminal.keys import SENDS_NOTHING, ExactKeys, key_input
from kubeplat_tui.widgets.terminal.view import TerminalView
from tests.screens.terminal_app import TerminalApp, fed
from tests.screens.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTROLS = {f"ctrl+{chr(96 + code)}": bytes([code]) for code in range(1, 27)}
PLAIN = {
    "enter": b"\r", "tab": b"\t", "escape": b"\x1b", "backspace": b"\x7f", "space": b" ", "shift+tab": b"\x1b[Z",
    "ctrl+at": b"\x00", "ctrl+space": b"\x00", "ctrl+left_square_bracket": b"\x1b", "ctrl+backslash": b"\x1c",
    "ctrl+circumflex_accent": b"\x1e", "ctrl+underscore": b"\x1f", "ctrl+slash": b"\x1f",
    "ctrl+backspace": b"\x08", "ctrl+2": b"\x00", "ctrl+7": b"\x1f", "ctrl+8": b"\x7f",
    "a": b"a", "A": b"A", "full_stop": b".", "exclamation_mark": b"!", "at": b"@", "minus": b"-", "plus": b"+",
    "underscore": b"_", "slash": b"/", "backslash": b"\\", "left_square_bracket": b"[", "dollar_sign": b"$",
    "0": b"0", "tilde": b"~",
}  # fmt: skip
ALT = {
    "alt+a": b"\x1ba", "alt+shift+a": b"\x1bA", "alt+full_stop": b"\x1b.", "alt+backspace": b"\x1b\x7f",
    "alt+enter": b"\x1b\r", "alt+ctrl+a": b"\x1b\x01", "meta+b": b"\x1bb", "alt+1": b"\x1b1", "alt+space": b"\x1b ",
}  # fmt: skip
CURSOR = {"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
NUMBERED = {
    "insert": 2, "delete": 3, "pageup": 5, "pagedown": 6, "f5": 15, "f6": 17, "f7": 18, "f8": 19, "f9": 20,
    "f10": 21, "f11": 23, "f12": 24,
}  # fmt: skip
MODIFIERS = {"shift+": 2, "alt+": 3, "alt+shift+": 4, "ctrl+": 5, "ctrl+shift+": 6, "alt+ctrl+": 7}
FUNCTIONS = {f"f{number}": b"\x1bO" + bytes([79 + number]) for number in range(1, 5)}

EXPECTED: dict[str, bytes] = {**CONTROLS, **PLAIN, **ALT, **FUNCTIONS}
EXPECTED |= {name: f"\x1b[{letter}".encode() for name, letter in CURSOR.items()}
EXPECTED |= {name: f"\x1b[{number}~".encode() for name, number in NUMBERED.items()}
EXPECTED |= {
    f"{modifier}{name}": f"\x1b[1;{code}{letter}".encode()
    for modifier, code in MODIFIERS.items()
    for name, letter in CURSOR.items()
}
EXPECTED |= {
    f"{modifier}{name}": f"\x1b[{number};{code}~".encode()
    for modifier, code in MODIFIERS.items()
    for name, number in NUMBERED.items()
}
del EXPECTED["shift+pageup"], EXPECTED["shift+pagedown"]  # they scroll


@pytest.fixture
def exact() -> Iterator[None]:
    """Keys with alt as they were pressed, as while a view has them."""
    ExactKeys.install()
    ExactKeys.give(test_keys := object())
    yield
    ExactKeys.take(test_keys)


def sent(raw: str) -> bytes:
    """What a machine gets when the user's terminal sends `raw`."""
    core = BitttyCore(80, 24)
    parser = XTermParser()
    told = [event for piece in (raw, "") for event in parser.feed(piece)]
    pressed = [key_input(event.key, event.character) for event in told if isinstance(event, events.Key)]
    return b"".join(core.key(key) for key in pressed if key is not None)


async def test_every_key_goes_to_the_machine_as_xterm_sends_it() -> None:
    app = TerminalApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.view.has_focus, "the focus")
        for key in EXPECTED:
            app.view.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: len(app.of(TerminalView.Typed)) == len(EXPECTED), "what they send")
        got = dict(zip(EXPECTED, [event.data for event in app.of(TerminalView.Typed)], strict=True))
        assert got == EXPECTED
        assert not app.noted


@pytest.mark.parametrize(
    "key", ["ctrl+q", "ctrl+p", "ctrl+c", "tab", "escape", "f1", "f5", "q", "x", "ctrl+z"]
)
async def test_neither_textual_nor_the_application_sees_a_key(key: str) -> None:
    app = TerminalApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.view.has_focus, "the focus")
        await pilot.press(key)
        await until(pilot, lambda: app.typed, "what it sends")
        assert app.typed == EXPECTED.get(key, key.encode())
        assert not app.noted
        assert app.view.has_focus
        assert not app._exit
        assert key not in app.screen.active_bindings


async def test_after_the_prefix_the_application_has_the_keys() -> None:
    app = TerminalApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.view.has_focus, "the focus")
        await pilot.press("ctrl+right_square_bracket", "x", "q", "ctrl+q", "ctrl+p")
        assert app.noted == ["x", "q", "ctrl+q", "ctrl+p"]
        assert app.of(TerminalView.PrefixPressed)
        assert app.typed == b""
        app.view.send_literal_prefix()
        app.view.set_live(True)
        await pilot.press("x")
        await until(pilot, lambda: app.typed == b"\x1dx", "the prefix and the key")


async def test_another_prefix_can_be_chosen() -> None:
    app = TerminalApp(TerminalView(BitttyCore(80, 24), prefix="ctrl+b"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.view.has_focus, "the focus")
        await pilot.press("ctrl+right_square_bracket", "ctrl+b", "x")
        assert app.typed == b"\x1d"
        assert app.noted == ["x"]


async def test_a_dead_session_gets_no_keys() -> None:
    app = TerminalApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.view.has_focus, "the focus")
        app.view.set_live(False)
        await pilot.press("x", "a")
        assert app.typed == b""
        assert app.noted == ["x"]


def test_every_key_that_textual_names_sends_something_or_is_known_to_send_nothing() -> None:
    core = BitttyCore(80, 24)
    silent = set()
    for name in {str(key.value) for key in Keys}:
        found = key_input(name, None)
        if found is None or not core.key(found):
            silent.add(name)
    beyond = {f"{modifier}f{number}" for modifier in ("", "ctrl+") for number in (21, 22, 23, 24)}
    assert silent <= SENDS_NOTHING | beyond


@pytest.mark.usefixtures("exact")
def test_what_a_terminal_sends_for_a_key_the_machine_gets() -> None:
    """Keys of xterm without the kitty keyboard protocol come through as they are."""
    raw = (
        [chr(code) for code in range(0x20)]
        + [chr(code) for code in range(0x20, 0x80)]
        + ["é", "€", "漢", "😀"]
    )
    raw += [f"\x1b{chr(code)}" for code in range(1, 0x80) if chr(code) not in "[O]P^_X\x1b"]
    raw += [f"\x1b[{letter}" for letter in "ABCDHF"] + ["\x1b[Z", "\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS"]
    raw += [f"\x1b[1;{code}{letter}" for code in range(2, 9) for letter in "ABCDHFPQS"]
    raw += [f"\x1b[{number}~" for number in (2, 3, 5, 6, 15, 17, 18, 19, 20, 21, 23, 24)]
    raw += [f"\x1b[{number};{code}~" for code in range(2, 9) for number in (2, 3, 5, 6, 15, 24)]
    wrong = {each: sent(each) for each in raw if sent(each) != each.encode()}
    wrong.pop("\x1b", None)  # alone it waits for what may follow; the driver's timeout ends that
    assert wrong == {}


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize(
    ("kitty", "data"),
    [
        ("\x1b[97;3u", b"\x1ba"), ("\x1b[97;4u", b"\x1bA"), ("\x1b[97;5u", b"\x01"), ("\x1b[97;7u", b"\x1b\x01"),
        ("\x1b[97;2;65u", b"A"), ("\x1b[233;;233u", "é".encode()), ("\x1b[32;5u", b"\x00"), ("\x1b[47;5u", b"\x1f"),
        ("\x1b[93;5u", b"\x1d"), ("\x1b[46;3u", b"\x1b."), ("\x1b[127;3u", b"\x1b\x7f"), ("\x1b[13;2u", b"\r"),
        ("\x1b[9;2u", b"\x1b[Z"), ("\x1b[27u", b"\x1b"), ("\x1b[57399;;48u", b"0"), ("\x1b[57413;;43u", b"+"),
        ("\x1b[57441u", b""), ("\x1b[57358u", b""), ("\x1b[57440u", b""), ("\x1b[97;9u", b""),
    ],
)  # fmt: skip
def test_keys_of_the_kitty_protocol(kitty: str, data: bytes) -> None:
    assert sent(kitty) == data


def test_without_a_terminal_textual_reads_keys_as_ever() -> None:
    ExactKeys.install()
    parser = XTermParser()
    (key,) = [event for event in parser.feed("\x1bf") if isinstance(event, events.Key)]
    assert key.key == "ctrl+right"
    assert "\x1bf" in ANSI_SEQUENCES_KEYS


async def test_a_view_with_the_keys_asks_for_exact_ones() -> None:
    app = TerminalApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: ExactKeys.owner, "exact keys")
        await pilot.press("ctrl+right_square_bracket")
        assert not ExactKeys.owner
        app.view.set_live(True)
        assert ExactKeys.owner
    assert not ExactKeys.owner


async def test_application_cursor_keys_and_typing_again_in_another_view() -> None:
    app = TerminalApp()
    other = TerminalView(BitttyCore(80, 24))
    async with app.run_test(size=(80, 24)) as pilot:
        await fed(pilot, app.view, b"\x1b[?1h")
        await pilot.press("up")
        await until(pilot, lambda: app.typed == b"\x1bOA", "the arrow")
        (event,) = app.of(TerminalView.Typed)
        assert event.by_person
        assert other.type_again(event) == b"\x1b[A"


async def test_a_line_is_pasted_and_several_are_asked_about() -> None:
    app = TerminalApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.view.post_message(events.Paste("ls -l"))
        await until(pilot, lambda: app.typed == b"ls -l", "the paste")
        app.view.post_message(events.Paste("rm -rf x\nls"))
        await until(pilot, lambda: app.of(TerminalView.Pasted), "the question")
        (asked,) = app.of(TerminalView.Pasted)
        assert (asked.text, asked.lines) == ("rm -rf x\nls", 2)
        assert app.take_typed() == b"ls -l"
        app.view.paste(asked.text)
        await until(pilot, lambda: app.typed == b"rm -rf x\rls", "the paste")


async def test_a_bracketed_paste_cannot_leave_its_brackets() -> None:
    app = TerminalApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await fed(pilot, app.view, b"\x1b[?2004h")
        app.view.post_message(events.Paste("a\nb\x1b[20\x1b[201~1~;evil\n"))
        await until(pilot, lambda: app.typed, "the paste")
        assert app.typed.startswith(b"\x1b[200~a\rb")
        assert app.typed.count(b"\x1b") == 2
        assert app.typed.endswith(b"\x1b[201~")


async def test_the_focus_is_told_where_it_was_asked_for() -> None:
    app = TerminalApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await fed(pilot, app.view, b"\x1b[?1004h")
        app.screen.set_focus(None)
        await until(pilot, lambda: app.typed == b"\x1b[O", "the focus is gone")
        app.view.focus()
        await until(pilot, lambda: app.typed == b"\x1b[O\x1b[I", "the focus is back")
        assert not any(event.by_person for event in app.of(TerminalView.Typed))
