"""Two namespaces share a state folder: a process is named with its container, and equal numbers are two processes."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services import whereabouts
from kubeplat_tui.services.events import Verb
from kubeplat_tui.services.runs import BusyError, PipelineLock
from kubeplat_tui.services.secrets.work_lock import WorkLock
from kubeplat_tui.services.workplace import EnvironmentFolders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def held(path: Path, holder: dict[str, object]) -> Iterator[None]:
    """The lock file `path`, as another process holds it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump(holder, file)
        file.flush()
        yield


def test_a_process_is_named_with_its_container() -> None:
    assert whereabouts.process_words(7, "") == "7"
    assert whereabouts.process_words(7, "kubeplat-jest-1") == "7 in the container kubeplat-jest-1"
    assert whereabouts.container({"KUBEPLAT_CONTAINER_NAME": "kubeplat-jest-1"}) == "kubeplat-jest-1"
    assert whereabouts.container({}) == ""


@pytest.mark.parametrize(
    ("container", "who"),
    [
        ("", "This program itself"),
        ("kubeplat-jest-1", r"Process \d+ in the container kubeplat-jest-1"),
    ],
)
def test_the_same_number_in_a_container_is_not_this_program(tmp_path: Path, container: str, who: str) -> None:
    path = tmp_path / "play-jest" / "secrets.lock"
    path.parent.mkdir()
    with (
        held(path, {"pid": os.getpid(), "container": container, "doing": "an upload"}),
        pytest.raises(BusyError, match=who),
        WorkLock(path).hold("a fetch", patience=0),
    ):
        pass


def test_a_lock_file_says_who_has_it_and_in_which_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(whereabouts.CONTAINER, "kubeplat-jest-1")
    folders = EnvironmentFolders(tmp_path / "play-jest")
    with PipelineLock(folders, Verb.RUN):
        monkeypatch.delenv(whereabouts.CONTAINER)
        with pytest.raises(BusyError, match=f"Process {os.getpid()} in the container kubeplat-jest-1 holds"):
            PipelineLock(folders, Verb.PLAN).__enter__()
