"""Editing a secret: on the screen and in one's own editor; checked, asked about, and refused where hands are wrong."""

from __future__ import annotations

import contextlib
import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeplat_tui.screens.secrets.code_area import CodeArea
from kubeplat_tui.screens.secrets.edit_dialog import EditDialog, SaveDialog
from kubeplat_tui.screens.secrets.editor import NO_EDITOR, edit_in_editor
from kubeplat_tui.services import tokens
from kubeplat_tui.services.pki import encryption
from kubeplat_tui.services.secrets import edit_check
from kubeplat_tui.services.secrets.editing import editor
from tests.screens.secret_app import SecretApp, notices, settled
from tests.screens.waiting import screen_text, until
from tests.unit.secret_files import NOW, certificate, kubeconfig, private_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from textual.pilot import Pilot

SIZES = [(80, 24), (160, 45)]
MANIFEST = b"""\
apiVersion: v1
kind: Secret
# Used by the registry.
metadata:
  name: registry
stringData:
  user: jest
  password: "q7Xq-hunter2"
"""
KEY = "addons/registry.yaml"


async def opened(pilot: Pilot[Any], key: str = KEY, data: bytes = MANIFEST) -> EditDialog:
    dialog = EditDialog(key, data)
    app = pilot.app
    assert isinstance(app, SecretApp)
    app.ask(dialog)
    await until(pilot, lambda: dialog.is_current, "the dialog")
    await settled(pilot)
    return dialog


async def on_top(pilot: Pilot[Any], words: str) -> None:
    await until(pilot, lambda: words in " ".join(screen_text(pilot).split()), words)


async def type_text(pilot: Pilot[Any], text: str) -> None:
    area = pilot.app.screen.query_one(CodeArea)
    area.insert(text)
    await pilot.pause()


async def test_what_is_edited_is_shown_as_a_difference_and_given_back() -> None:
    app = SecretApp()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        assert "1  apiVersion: v1" in screen_text(pilot)
        await type_text(pilot, "# new\n")
        assert f"{KEY} · changed" in screen_text(pilot)
        await pilot.press("ctrl+s")
        await on_top(pilot, f"Save this to {KEY}?")
        assert "+ # new" in screen_text(pilot)
        assert isinstance(app.screen, SaveDialog)
        await pilot.press("enter")
        await until(pilot, lambda: app.answer != "none yet", "the answer")
        assert app.answer == b"# new\n" + MANIFEST


async def test_esc_before_saving_goes_on_editing() -> None:
    app = SecretApp()
    async with app.run_test(size=(100, 30)) as pilot:
        dialog = await opened(pilot)
        await type_text(pilot, "# new\n")
        await pilot.press("ctrl+s")
        await on_top(pilot, "Save this to")
        await pilot.press("escape")
        assert dialog.is_current
        assert app.answer == "none yet"
        assert dialog.edited == b"# new\n" + MANIFEST


async def test_secrets_are_masked_in_the_difference() -> None:
    app = SecretApp()
    async with app.run_test(size=(100, 40)) as pilot:
        dialog = await opened(pilot)
        dialog.query_one(CodeArea).load_text(MANIFEST.decode().replace("hunter2", "hunter3"))
        await pilot.press("ctrl+s")
        await on_top(pilot, "Save this to")
        saved = app.screen.query_one("PreviewLines")
        shown = "\n".join(saved.row(row, 90)[0] for row in range(saved.count()))  # type: ignore[attr-defined]  # it is one
        assert "- " in shown
        assert "password: •••••••• #" in shown
        assert "hunter" not in shown


async def test_nothing_changed_is_said_and_leaves_without_a_question() -> None:
    app = SecretApp()
    async with app.run_test() as pilot:
        await opened(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: notices(app), "a word")
        assert notices(app) == ["Nothing is changed."]
        await pilot.press("escape")
        await until(pilot, lambda: app.answer is None, "the end")


@pytest.mark.parametrize(
    ("keys", "answer"),
    [(["escape"], "none yet"), (["down", "enter"], None), (["enter", "enter"], b"# new\n" + MANIFEST)],
    ids=["stay", "discard", "save"],
)
async def test_leaving_asks_about_what_is_not_saved(keys: list[str], answer: object) -> None:
    app = SecretApp()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        await type_text(pilot, "# new\n")
        await pilot.press("escape")
        await on_top(pilot, "has changes that are not saved")
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        await settled(pilot)
        assert app.answer == answer


async def test_what_is_wrong_is_said_and_saved_only_all_the_same() -> None:
    app = SecretApp()
    async with app.run_test(size=(100, 30)) as pilot:
        dialog = await opened(pilot)
        await type_text(pilot, "a: [b\n")
        await pilot.press("ctrl+s")
        await on_top(pilot, "✖ It is not YAML: line 2")
        await pilot.press("enter")  # the harmless choice
        assert dialog.is_current
        assert app.answer == "none yet"
        await pilot.press("ctrl+s")
        await on_top(pilot, "✖ It is not YAML")
        await pilot.press("down", "enter")
        await on_top(pilot, "Save this to")
        await pilot.press("enter")
        await until(pilot, lambda: app.answer == b"a: [b\n" + MANIFEST, "the answer")


async def test_a_private_key_typed_in_is_not_saved_at_all() -> None:
    app = SecretApp()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "secure/apiserver.crt", certificate("apiserver"))
        await type_text(pilot, private_key().decode())
        await pilot.press("ctrl+s")
        await on_top(pilot, "is a private key")
        assert "all the same" not in screen_text(pilot)


REFUSED = [
    ("locked/kubernetes-ca.key", private_key(), "kubeplat certs renew"),
    ("secure/apiserver.key", private_key(), "kubeplat certs renew"),
    ("common/kubernetes-ca.crt", certificate("kubernetes-ca", authority=True), "kubeplat certs rotate-ca"),
    ("common/mine.crt", certificate("mine", authority=True), "holds the certificate of an authority"),
    ("common/client-ca.crt", b"broken", "holds the certificate of an authority"),
    ("locked/rotation.json", b"{}", "kubeplat certs rotate-ca goes on with it"),
    ("secure/x.bin", b"\0\1", "is no text"),
    ("common/big.txt", b"a" * (1024 * 1024 + 1), "larger than 1 MiB"),
    ("common/mixed.txt", b"a\nb\r\nc\n", "$EDITOR (E) keeps them"),
    ("common/rare.txt", "a\u2028b\n".encode(), "$EDITOR (E) keeps them"),
]


@pytest.mark.parametrize(("key", "data", "words"), REFUSED, ids=[key for key, _, _ in REFUSED])
async def test_what_hands_would_break_is_refused_with_a_sentence(key: str, data: bytes, words: str) -> None:
    app = SecretApp()
    async with app.run_test(size=(100, 30)) as pilot:
        dialog = await opened(pilot, key, data)
        assert words in " ".join(screen_text(pilot).replace("│", " ").split())
        assert not dialog.query(CodeArea)
        await pilot.press("ctrl+s")
        await pilot.press("escape")
        await until(pilot, lambda: app.answer is None, "the end")


@pytest.mark.parametrize(
    "data", [b"a\r\nb\r\n", b"no end", "\ufeffé\n".encode(), b"\n\n\n", b"a\x1b[31m\x07b\n"]
)
async def test_what_is_not_touched_stays_byte_for_byte(data: bytes) -> None:
    app = SecretApp()
    async with app.run_test() as pilot:
        dialog = await opened(pilot, "common/a.txt", data)
        assert dialog.edited == data
        assert "\x1b" not in screen_text(pilot)
        area = dialog.query_one(CodeArea)
        area.move_cursor(area.document.end)
        await type_text(pilot, "z")
        assert dialog.edited == data + b"z"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("a.yaml", '# note\n- "key": value # why\n  number: 12\n'),
        ("a.json", '{"key": [true, null, -1.5e3], "a b": "c: d"}'),
        ("a.csv", "# who,is,it\nsha,user,uid\n"),
        ("a.txt", "日本語: x\t" * 300),
    ],
)
async def test_colours_change_no_letter(key: str, text: str) -> None:
    app = SecretApp()
    async with app.run_test(size=(100, 30)) as pilot:
        dialog = await opened(pilot, f"common/{key}", text.encode())
        area = dialog.query_one(CodeArea)
        for number, row in enumerate(text.splitlines()):
            assert area.get_line(number).plain == row
        if not key.endswith("txt"):
            assert area.get_line(0).spans


# --- checks ---------------------------------------------------------------------------------------


def wrong(key: str, after: bytes | str, before: bytes = b"") -> str:
    data = after.encode() if isinstance(after, str) else after
    return "\n".join(edit_check.problems(key, before, data))


def test_files_that_are_right_have_no_problem() -> None:
    data, _ = tokens.add(tokens.EMPTY, "jest", ["a"], now=NOW)
    fine = {
        "secure/tokens.csv": data,
        "secure/apiserver.crt": certificate("apiserver"),
        "locked/admin.kubeconfig": kubeconfig(),
        edit_check.ENCRYPTION: encryption.make(),
        KEY: MANIFEST,
        "addons/a.json": b'{"a": [1]}',
        "manifests/two.yaml": b"a: b\n---\na: b\n",
        "manifests/merge.yaml": b"a: &x {b: c}\nd:\n  <<: *x\n  b: c\n",
        "locked/id_ed25519.pub": b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0NT3gUTuoYoXO2zkJYfVfMVCIyD2zGrTg5x1oQw0bV",
        "common/notes.txt": b"anything",
    }
    assert {key: wrong(key, data, data) for key, data in fine.items()} == dict.fromkeys(fine, "")


@pytest.mark.parametrize(
    ("key", "after", "words"),
    [
        (tokens.KEY, "abc,jest\n", "tokens.csv:1"),
        ("secure/apiserver.crt", "nothing", "no certificate"),
        (
            "secure/apiserver.crt",
            certificate("a").replace(b"MII", b"AAA"),
            "block 1 (CERTIFICATE) cannot be read",
        ),
        ("locked/id_ed25519.pub", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIE0NT3gU x", "no public key"),
        ("addons/a.json", '{"a": }', "It is not JSON: line 1"),
        ("addons/a.json", "[" * 100_000, "nested too deeply"),
        (KEY, "a: b\n\tc: d\n", "It is not YAML: line 2"),
        (KEY, "a: b\nc: 1\na: d\n", "line 3: the key 'a' stands there already"),
        (KEY, "\n", "There is nothing in it."),
        (KEY, b"\xff\xfe", "is no text"),
        (edit_check.ENCRYPTION, "kind: EncryptionConfiguration\n", "encryption-config.yaml"),
    ],
)
def test_what_is_wrong_is_said(key: str, after: str | bytes, words: str) -> None:
    assert words in wrong(key, after, MANIFEST)


def test_an_encryption_key_that_is_gone_is_warned_of() -> None:
    before = encryption.make()
    [name] = [key.name for key in encryption.parse(before)]
    after = before.replace(name.encode(), b"key99")
    assert f"The key {name} is gone" in wrong(edit_check.ENCRYPTION, after, before)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([KEY, tokens.KEY, "a.json", "a.crt", "b.pub", edit_check.ENCRYPTION, "x.kubeconfig"]),
    st.one_of(st.binary(max_size=100), st.text("ab:-[]{}\"'\n\t #&*!|>é", max_size=60).map(str.encode)),
)
def test_every_text_can_be_checked(key: str, data: bytes) -> None:
    edit_check.problems(key, b"", data)
    edit_check.refusal(key, data)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.one_of(
            st.booleans(),
            st.integers(),
            st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=8),
        ),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text("abc", max_size=4), inner, max_size=3)
        ),
        max_leaves=8,
    ).filter(lambda document: document != "")
)
def test_what_programs_write_is_right(document: object) -> None:
    assert wrong("manifests/a.yaml", yaml.safe_dump(document)) == ""
    assert wrong("manifests/a.json", json.dumps(document)) == ""


# --- one's own editor -----------------------------------------------------------------------------


class Desk:
    """A person with an editor of their own: a script that gets the file, and writes down what it saw."""

    def __init__(self, app: SecretApp, pilot: Pilot[Any], folder: Path) -> None:
        self.app = app
        self.pilot = pilot
        self.folder = folder
        self.answers: list[str] = []
        self.asked: list[str] = []
        folder.mkdir(exist_ok=True)

    def script(self, text: str) -> str:
        path = self.folder / "my editor"
        path.write_text(f'#!/bin/sh\nnotes="{self.folder}/notes"\n{text}\n')
        path.chmod(0o700)
        return f"'{path}' --wait"

    def edit(self, text: str, *, key: str = KEY, data: bytes = MANIFEST) -> bytes | None:
        environ = {"EDITOR": self.script(text), "PATH": "/usr/bin:/bin", "XDG_STATE_HOME": str(self.folder)}
        return edit_in_editor(self.app, key, data, environ=environ, ask=self._ask)

    @staticmethod
    def exists(path: str) -> bool:
        return Path(path).exists()

    def _ask(self, question: str) -> str:
        self.asked.append(question)
        return self.answers.pop(0)


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    app = SecretApp()
    suspended: list[str] = []

    @contextlib.contextmanager
    def suspend() -> Iterator[None]:
        suspended.append("yes")
        yield

    monkeypatch.setattr(app, "suspend", suspend)
    async with app.run_test() as pilot:
        yield Desk(app, pilot, tmp_path / "desk")


async def told(desk: Desk) -> list[str]:
    await until(desk.pilot, lambda: notices(desk.app), "a word")
    return notices(desk.app)


async def test_the_editor_gets_a_private_file_and_its_changes_come_back(desk: Desk) -> None:
    edited = desk.edit('stat -c "%a %n" "$2" "$(dirname "$2")" > "$notes"; echo "# more" >> "$2"')
    assert edited == MANIFEST + b"# more\n"
    file, folder = [row.split(" ", 1) for row in (desk.folder / "notes").read_text().splitlines()]
    assert file[0] == "600"
    assert folder[0] == "700"
    assert file[1].endswith("/registry.yaml")
    assert not desk.exists(folder[1])


async def test_an_unchanged_file_is_not_saved_and_that_is_said(desk: Desk) -> None:
    assert desk.edit("true") is None
    assert await told(desk) == [f"{KEY} is as it was."]


async def test_an_editor_that_fails_saves_nothing(desk: Desk) -> None:
    assert desk.edit('echo "# more" >> "$2"; exit 3') is None
    assert "my editor ended with an error (3): nothing was saved." in (await told(desk))[0]


async def test_an_editor_that_is_not_there_is_said(desk: Desk) -> None:
    environ = {"VISUAL": "/nowhere/at/all", "XDG_STATE_HOME": str(desk.folder)}
    assert edit_in_editor(desk.app, KEY, MANIFEST, environ=environ) is None
    assert await told(desk) == [
        "/nowhere/at/all cannot be started: No such file or directory. Nothing was saved."
    ]


async def test_an_editor_that_takes_the_file_away_saves_nothing(desk: Desk) -> None:
    assert desk.edit('rm "$2"') is None
    assert "my editor took the file away: nothing was saved." in (await told(desk))[0]


async def test_no_editor_at_all_is_a_sentence(desk: Desk) -> None:
    assert edit_in_editor(desk.app, KEY, MANIFEST, environ={"PATH": str(desk.folder)}) is None
    assert await told(desk) == [NO_EDITOR]


async def test_what_is_refused_is_refused_here_too(desk: Desk) -> None:
    assert desk.edit("true", key="secure/a.key", data=private_key()) is None
    assert "is a private key" in (await told(desk))[0]
    assert not (desk.folder / "notes").exists()


@pytest.mark.parametrize(
    ("answers", "saved"),
    [(["s"], b"a: [b\n"), (["d"], None), (["x", "e", "s"], b"a: [b\na: [b\n"), (["E", "d"], None)],
)
async def test_what_is_wrong_can_be_edited_again_saved_or_discarded(
    desk: Desk, answers: list[str], saved: bytes | None
) -> None:
    desk.answers = answers
    edited = desk.edit('echo "a: [b" >> "$2"')
    assert edited == (None if saved is None else MANIFEST + saved)
    assert desk.answers == []
    assert "✖ It is not YAML" in desk.asked[0]
    assert "[s] save all the same" in desk.asked[0]


async def test_a_private_key_written_into_it_cannot_be_saved(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(private_key())
    desk.answers = ["s", "d"]
    assert desk.edit(f'cat "{tmp_path}/k" > "$2"') is None
    assert "save all the same" not in desk.asked[0]
    assert "discarded" in (await told(desk))[0]


async def test_a_file_with_mixed_line_ends_comes_back_as_it_was_written(desk: Desk) -> None:
    data = b"a\r\nb\nc"
    assert desk.edit('printf "z" >> "$2"', key="common/a.txt", data=data) == data + b"z"


def test_visual_comes_before_editor_and_vi_last(tmp_path: Path) -> None:
    both = {"VISUAL": "code --wait", "EDITOR": "nano"}
    assert editor(both) == ["code", "--wait"]
    assert editor({"EDITOR": "nano -w"}) == ["nano", "-w"]
    assert editor({"VISUAL": "'never ends", "EDITOR": "ed"}) == ["ed"]
    vi = tmp_path / "vi"
    vi.touch(stat.S_IRWXU)
    assert editor({"VISUAL": " ", "PATH": str(tmp_path)}) == [str(vi)]
    assert editor({"PATH": str(tmp_path / "none")}) == []


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("name", ["yaml", "tokens", "difference", "wrong", "refused", "unsaved"])
def test_picture(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    app = SecretApp()

    async def begin(pilot: Pilot[Any]) -> None:
        if name == "refused":
            await opened(pilot, *REFUSED[0][:2])
            return
        dialog = await opened(pilot, *((tokens.KEY, tokens.EMPTY) if name == "tokens" else (KEY, MANIFEST)))
        dialog.query_one(CodeArea).cursor_blink = False
        if name in {"difference", "wrong", "unsaved"}:
            await type_text(pilot, "a: [b\n" if name == "wrong" else "# new\n")
            await pilot.press("escape" if name == "unsaved" else "ctrl+s")
            words = {"difference": "Save this to", "wrong": "Something is wrong", "unsaved": "not saved"}[
                name
            ]
            await on_top(pilot, words)

    assert snap_compare(app, terminal_size=size, run_before=begin)
