"""The preview of a secret on the screen: masked, revealed for a while, copied without being seen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from textual import events

from kubeplat_tui.screens.secrets import preview_lines
from kubeplat_tui.screens.secrets.preview_lines import wrapped
from kubeplat_tui.screens.secrets.preview_pane import PreviewPane
from kubeplat_tui.services import tokens
from kubeplat_tui.services.secrets.model import Side
from kubeplat_tui.services.secrets.preview_model import Line, Piece, Role
from kubeplat_tui.widgets.dialog import Dialog
from tests.screens.secret_app import SecretApp, notices, settled, words_in_memory
from tests.screens.waiting import screen_text, until
from tests.unit.secret_files import certificate, kubeconfig, private_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from textual.pilot import Pilot

SIZES = [(80, 24), (160, 45)]
TOKEN = "q7Xq.hunter2-correct-horse"
KUBECONFIG = "locked/admin.kubeconfig"
ENCRYPTION = """\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
# The first provider writes.
resources:
  - resources: [secrets]
    providers:
      - secretbox:
          keys:
            - name: key-2026-11
              secret: cTdYcS5odW50ZXIyLWNvcnJlY3QtaG9yc2U=
      - identity: {}
"""


async def shown(pilot: Pilot[Any], pane: PreviewPane, key: str, data: bytes) -> None:
    pane.show(key, Side.HERE, data)
    await until(pilot, lambda: pane._preview is not None, f"the preview of {key}")


async def revealed(pilot: Pilot[Any], pane: PreviewPane) -> None:
    pane.reveal()
    await until(pilot, lambda: pane.revealed, "the secrets")
    assert TOKEN in "".join(screen_text(pilot).split())
    assert "▲ SECRETS ARE SHOWN" in screen_text(pilot)


@pytest.fixture
def pane() -> PreviewPane:
    return PreviewPane()


async def test_what_is_secret_is_seen_only_while_it_is_revealed(pane: PreviewPane) -> None:
    app = SecretApp(pane)
    async with app.run_test(size=(100, 60)) as pilot:
        await shown(pilot, pane, KUBECONFIG, kubeconfig(token=TOKEN))
        text = screen_text(pilot)
        assert "kubeconfig · admin.kubeconfig · here · masked" in text
        assert "● play-jest  admin at play-jest" in text
        assert TOKEN not in text
        await revealed(pilot, pane)
        assert "hidden again in 30 s" in screen_text(pilot)
        pane.reveal()
        await pilot.pause()
        assert TOKEN not in screen_text(pilot)
        assert "SECRETS" not in screen_text(pilot)


async def another_row(pilot: Pilot[Any], pane: PreviewPane) -> None:
    pane.show("secure/apiserver.crt", Side.HERE, certificate("apiserver"))
    await until(pilot, lambda: pane._preview is not None, "the certificate")


async def a_notice(pilot: Pilot[Any], pane: PreviewPane) -> None:
    pane.show_notice("A folder.")


async def nothing(pilot: Pilot[Any], pane: PreviewPane) -> None:
    pane.clear()


async def another_screen(pilot: Pilot[Any], pane: PreviewPane) -> None:
    await pilot.app.push_screen(Dialog[None]())


async def another_window(pilot: Pilot[Any], pane: PreviewPane) -> None:
    pilot.app.post_message(events.AppBlur())


async def suspended(pilot: Pilot[Any], pane: PreviewPane) -> None:
    pilot.app._suspend_signal()


async def taken_away(pilot: Pilot[Any], pane: PreviewPane) -> None:
    pane.display = False


async def time_passed(pilot: Pilot[Any], pane: PreviewPane) -> None:
    pane._lines._until = 0.0


@pytest.mark.parametrize(
    "happens",
    [another_row, a_notice, nothing, another_screen, another_window, suspended, taken_away, time_passed],
    ids=lambda each: each.__name__,
)
async def test_what_was_revealed_is_hidden_and_forgotten(
    pane: PreviewPane, happens: Callable[[Pilot[Any], PreviewPane], Any]
) -> None:
    mark = "".join(("q7Xz.never", "-seen-otherwise"))
    data = kubeconfig(token=mark)
    app = SecretApp(pane)
    async with app.run_test(size=(100, 60)) as pilot:
        await shown(pilot, pane, KUBECONFIG, data)
        pane.reveal()
        await until(pilot, lambda: pane.revealed, "the secrets")
        assert mark in screen_text(pilot)
        assert [text for text in words_in_memory(mark) if text is not mark]
        await happens(pilot, pane)
        await until(pilot, lambda: not pane.revealed, "the masks")
        await settled(pilot)
        assert mark not in screen_text(pilot)
        kept = [text for text in words_in_memory(mark) if text is not mark]
        assert kept == []


async def test_the_time_is_counted_down_to_the_end(
    pane: PreviewPane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_lines, "HIDE_AFTER", 0.6)
    app = SecretApp(pane)
    async with app.run_test(size=(100, 60)) as pilot:
        await shown(pilot, pane, KUBECONFIG, kubeconfig(token=TOKEN))
        pane.reveal()
        await until(pilot, lambda: pane.revealed, "the secrets")
        assert "hidden again in 1 s" in screen_text(pilot)
        await until(pilot, lambda: not pane.revealed, "the end of the time")


async def test_revealing_goes_to_the_first_secret(pane: PreviewPane) -> None:
    app = SecretApp(pane)
    async with app.run_test(size=(80, 14)) as pilot:
        await shown(
            pilot, pane, "addons/a.yaml", b"# note\n" * 50 + f"password: {TOKEN}\n".encode() + b"# z\n" * 50
        )
        pane.reveal()
        await until(pilot, lambda: TOKEN in screen_text(pilot), "the secret")
        pane.reveal()
        await until(pilot, lambda: "password: ••••••••" in screen_text(pilot), "the mask in its place")


async def test_nothing_is_revealed_where_nobody_looks(pane: PreviewPane) -> None:
    app = SecretApp(pane)
    async with app.run_test(size=(100, 60)) as pilot:
        await shown(pilot, pane, KUBECONFIG, kubeconfig(token=TOKEN))
        app.post_message(events.AppBlur())
        await until(pilot, lambda: not app.app_focus, "another window")
        pane.reveal()
        await settled(pilot)
        assert not pane.revealed


async def test_where_nothing_is_masked_reveal_says_so(pane: PreviewPane) -> None:
    app = SecretApp(pane)
    async with app.run_test() as pilot:
        await shown(pilot, pane, "secure/apiserver.crt", certificate("apiserver"))
        assert not pane.hides
        pane.reveal()
        await until(pilot, lambda: notices(app), "a word")
        assert notices(app) == ["Nothing is masked in it."]


async def test_a_value_is_copied_and_never_shown(pane: PreviewPane) -> None:
    app = SecretApp(pane)
    async with app.run_test(size=(100, 40)) as pilot:
        await shown(pilot, pane, KUBECONFIG, kubeconfig(token=TOKEN))
        pane.copy_value()
        await until(pilot, lambda: "Copy, without showing it" in screen_text(pilot), "the choice")
        for name in ("client key of admin", "token of admin", "server of play-jest", "the whole file"):
            assert name in screen_text(pilot)
        assert TOKEN not in screen_text(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.copied, "the copy")
        assert app.copied == [TOKEN]
        await until(pilot, lambda: notices(app), "a word")
        assert notices(app) == [f"Copied the token of admin: {len(TOKEN)} characters. It was not shown."]
        assert TOKEN not in screen_text(pilot)


async def test_a_single_value_is_copied_at_once_and_esc_copies_nothing(pane: PreviewPane) -> None:
    app = SecretApp(pane)
    async with app.run_test() as pilot:
        await shown(pilot, pane, "secure/x.bin", b"\0\1")
        pane.copy_value()
        await until(pilot, lambda: notices(app), "the copy")
        assert notices(app) == ["Copied the SHA-256 of the file: 64 characters. It was not shown."]
        await shown(pilot, pane, "secure/a.key", private_key())
        pane.copy_value()
        await until(pilot, lambda: "Copy, without" in screen_text(pilot), "the choice")
        await pilot.press("escape")
        assert len(app.copied) == 1


async def test_long_lines_are_wrapped_and_can_be_scrolled(pane: PreviewPane) -> None:
    app = SecretApp(pane)
    async with app.run_test(size=(60, 20)) as pilot:
        await shown(
            pilot, pane, "common/a.txt", ("word " * 40 + "the-end\n").encode() + b"row\n" * 100 + b"last\n"
        )
        assert "the-end" in screen_text(pilot)
        assert "last" not in screen_text(pilot)
        pane._lines.focus()
        await pilot.press("G")
        await until(pilot, lambda: "last" in screen_text(pilot), "the last row")


async def test_the_same_file_again_stays_where_it_was(pane: PreviewPane) -> None:
    app = SecretApp(pane)
    async with app.run_test(size=(60, 20)) as pilot:
        data = "".join(f"row {number}\n" for number in range(100)).encode()
        await shown(pilot, pane, "common/a.txt", data)
        pane._lines.jump(50)
        await shown(pilot, pane, "common/a.txt", data + b"more\n")
        await until(pilot, lambda: "row 55" in screen_text(pilot), "the rows that were seen")
        await shown(pilot, pane, "common/b.txt", data)
        await until(pilot, lambda: "row 0" in screen_text(pilot), "the first row")


async def test_the_last_file_asked_for_is_the_one_that_is_shown(pane: PreviewPane) -> None:
    app = SecretApp(pane)
    async with app.run_test(size=(80, 24)) as pilot:
        for number in range(20):
            pane.show(f"common/{number}.txt", Side.HERE, f"file {number}".encode())
        await settled(pilot)
        assert "19.txt" in screen_text(pilot)
        assert "file 19" in screen_text(pilot)


def test_a_row_wraps_below_its_value_and_loses_nothing() -> None:
    line = Line((Piece("  SHA-256  ", Role.NAME), Piece("AB:" * 30)))
    rows = ["".join(text for text, _ in row) for row in wrapped(line, 40)]
    assert all(len(row) <= 40 for row in rows)
    assert all(row.startswith(" " * 11) for row in rows[1:])
    assert "".join(row[11:] for row in rows) == "AB:" * 30
    wide = Line((Piece("  "), Piece("日本語" * 20, Role.SECRET)))
    again = "".join(text for row in wrapped(wide, 21) for text, _ in row)
    assert re.sub(" ", "", again) == "日本語" * 20


FILES = {
    "certificate": (
        "secure/apiserver.crt",
        certificate(
            "kube-apiserver", days=41, dns=["kubernetes", "kube.play.test"], addresses=["10.200.0.1"]
        ),
    ),
    "kubeconfig": (KUBECONFIG, kubeconfig(token=TOKEN)),
    "encryption": ("secure/encryption-config.yaml", ENCRYPTION.encode()),
    "key": ("locked/kubernetes-ca.key", private_key()),
    "tokens": (
        tokens.KEY,
        b'8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4,ann,1001,"admins,builders",\n'
        b"3fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278,ci,,viewers,2026-11-06T00:00:00Z\n"
        b"0fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278,old,,,2026-10-06T00:00:00Z\n",
    ),
}


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("name", [*FILES, "revealed", "copy"])
def test_picture(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    pane = PreviewPane()
    app = SecretApp(pane)

    async def begin(pilot: Pilot[Any]) -> None:
        await shown(pilot, pane, *FILES.get(name, FILES["kubeconfig"]))
        if name == "revealed":
            await shown(pilot, pane, *FILES["encryption"])
            pane.reveal()
            await until(pilot, lambda: pane.revealed, "the secrets")
        if name == "copy":
            pane.copy_value()
            await until(pilot, lambda: "Copy, without" in screen_text(pilot), "the choice")

    assert snap_compare(app, terminal_size=size, run_before=begin)
