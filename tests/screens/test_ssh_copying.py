"""Files to machines and from them: what is asked, how far it is, stopping, and what went wrong."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from kubeplat_tui.screens.ssh.copy_dialog import CopyDialog
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.ssh import files
from kubeplat_tui.services.ssh.model import SshError
from kubeplat_tui.services.ssh.transfer_model import (
    Skipped,
    TransferProgress,
    Transferred,
    TransferStoppedError,
)
from tests.screens.driving import notices
from tests.screens.fake_ssh import PATIENCE
from tests.screens.ssh_app import PREFIX, World, sees
from tests.screens.waiting import screen_text, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

MEGABYTE = 1 << 20


class Copier:
    """Stands for `files.put` and `files.get`: tells half, waits at the gate, then ends as told."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.error: Exception | None = None
        self.calls: list[tuple[str, str, str, bool]] = []
        self.connections: list[Any] = []

    def copy(
        self, way: str, connection: Any, source: str, target: str, *, overwrite: bool, say: Any, stop: Any
    ) -> Transferred:
        """One transfer."""
        self.calls.append((way, source, target, overwrite))
        self.connections.append(connection)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        say(TransferProgress("app.tgz", 6 * MEGABYTE, 12 * MEGABYTE, 0, 1, 6 * MEGABYTE, 12 * MEGABYTE))
        for _ in range(PATIENCE * 100):
            if self.gate.wait(0.01):
                break
            if stop.is_set():
                raise TransferStoppedError("The copying was stopped.", why="No half file was left.")
        return Transferred(
            target, 1, 12 * MEGABYTE, 4.2, (Skipped("pipe", "it is no file"),) if way == "get" else ()
        )


@pytest.fixture
def copier(monkeypatch: pytest.MonkeyPatch) -> Copier:
    """In place of the service."""
    made = Copier()
    monkeypatch.setattr(
        files,
        "put",
        lambda connection, local, remote, **rest: made.copy("put", connection, str(local), remote, **rest),
    )
    monkeypatch.setattr(
        files,
        "get",
        lambda connection, remote, local, **rest: made.copy("get", connection, remote, str(local), **rest),
    )
    return made


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Machines and the application."""
    return World(tmp_path)


async def fill(pilot: Pilot[Any], world: World, local: str, remote: str, *, overwrite: bool = False) -> None:
    """Answer the form."""
    await until(pilot, lambda: isinstance(world.app.screen, CopyDialog), "the form")
    dialog = world.app.screen
    dialog.query_one("#local").value = local  # type: ignore[attr-defined]  # an Input has one
    dialog.query_one("#remote").value = remote  # type: ignore[attr-defined]  # an Input has one
    if overwrite:
        await pilot.press("tab", "tab", "space", "shift+tab")
    await pilot.press("enter")


async def test_an_upload_over_the_sessions_connection(world: World, copier: Copier) -> None:
    async with world.app.run_test(size=(120, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        await pilot.press(PREFIX, "u")
        await fill(pilot, world, "/data/app.tgz", "~/")
        await sees(pilot, "upload app.tgz to secure-a ━━━━━━━━━━────────── 6.0 MiB of 12 MiB")
        assert world.typing
        await pilot.press("l")
        await until(pilot, lambda: shell.typed == b"l", "the key meanwhile")
        copier.gate.set()
        await until(pilot, lambda: not world.screen.copying.busy, "the end")
        assert any("1 file, 12 MiB in 4.2 s: secure-a:~/" in notice for notice in notices(world.app))
        assert copier.calls == [("put", "/data/app.tgz", "~/", False)]
        assert copier.connections == world.connections.made
        assert not world.connections.made[0].closed


async def test_a_download_from_the_picker_has_a_connection_of_its_own(world: World, copier: Copier) -> None:
    copier.gate.set()
    async with world.app.run_test(size=(80, 24)) as pilot:
        await world.open(pilot)
        await pilot.press("d")
        await fill(pilot, world, "/tmp/log", "/var/log/messages", overwrite=True)  # noqa: S108 - nothing is written
        await until(pilot, lambda: bool(notices(world.app)), "the end")
        assert "1 left out, the first: pipe (it is no file)" in " ".join(notices(world.app))
        assert copier.calls[0][0] == "get"
        assert copier.calls[0][3] is True
        await until(pilot, lambda: world.connections.made[0].closed, "the connection's end")


async def test_it_is_stopped(world: World, copier: Copier) -> None:
    async with world.app.run_test(size=(80, 24)) as pilot:
        await world.open(pilot)
        assert not world.screen.check_action("stop", ())
        await pilot.press("u")
        await fill(pilot, world, "/data/app.tgz", "~/")
        await sees(pilot, "upload app.tgz")
        await pilot.press("ctrl+c")
        await until(pilot, lambda: not world.screen.copying.busy, "the end")
        assert any("The copying was stopped." in notice for notice in notices(world.app))
        assert copier.calls


async def test_what_is_there_is_not_replaced_and_asked_again(world: World, copier: Copier) -> None:
    copier.error = InputError("~/app.tgz exists already.", todo="Choose another name, or replace it.")
    copier.gate.set()
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        await pilot.press("u")
        await fill(pilot, world, "/data/app.tgz", "~/app.tgz")
        await sees(pilot, "✖ ~/app.tgz exists already.")
        await fill(pilot, world, "/data/app.tgz", "~/app.tgz", overwrite=True)
        await until(pilot, lambda: len(copier.calls) == 2 and not world.screen.copying.busy, "the end")
        assert [call[3] for call in copier.calls] == [False, True]


@pytest.mark.parametrize("error", [SshError("The machine has no SFTP."), RuntimeError("boom")])
async def test_a_failure_is_a_sentence(world: World, copier: Copier, error: Exception) -> None:
    copier.error = error
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        await pilot.press("u")
        await fill(pilot, world, "/data/app.tgz", "~/")
        await until(pilot, lambda: bool(notices(world.app)), "the sentence")
        assert str(error) in " ".join(notices(world.app))


async def test_both_paths_are_needed(world: World, copier: Copier) -> None:
    async with world.app.run_test(size=(80, 24)) as pilot:
        await world.open(pilot)
        await pilot.press("d")
        await fill(pilot, world, "", "~/x")
        await sees(pilot, "Both paths are needed.")
        await pilot.press("escape")
        assert not copier.calls


@pytest.mark.parametrize("size", [(160, 45)])
def test_picture(snap_compare: Any, world: World, copier: Copier, size: tuple[int, int]) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await world.open(pilot)
        await pilot.press("u")
        await fill(pilot, world, "/data/app.tgz", "~/")
        await sees(pilot, "upload app.tgz")
        await until(pilot, lambda: "6.0 MiB of 12 MiB" in screen_text(pilot), "half of it")

    run: Callable[..., bool] = snap_compare
    assert run(world.app, terminal_size=size, run_before=prepare)
    copier.gate.set()
