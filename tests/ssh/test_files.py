"""Files and folders there and back over SFTP, through a real bastion, with what OpenSSH's server makes of them."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.ssh import copying, files
from kubeplat_tui.services.ssh.model import LinkState, SshError
from kubeplat_tui.services.ssh.transfer_model import TransferProgress, TransferStoppedError
from tests.ssh.driving import States
from tests.ssh.farm import BY_WIRE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ssh.driving import Place
    from tests.ssh.farm import Farm

DATA = os.urandom(3 << 20)


@pytest.fixture
def home(farm: Farm) -> Iterator[Path]:
    """The home of the machine's user, as this computer sees it; emptied of what the test put there."""
    found = farm.servers["secure-1"].home
    before = set(found.iterdir())
    yield found
    for path in set(found.iterdir()) - before:
        farm.servers["secure-1"].run("rm", "-rf", path)


def test_a_file_there_and_back(
    place: Place, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PACE", 0.0)  # a quick computer copies it within one
    source, back = tmp_path / "data", tmp_path / "back"
    source.write_bytes(DATA)
    source.chmod(0o640)
    connection = place.connect()
    seen: list[TransferProgress] = []
    put = files.put(connection, source, "data", say=seen.append)
    assert (home / "data").read_bytes() == DATA
    assert (home / "data").stat().st_mode & 0o777 == 0o640
    assert (put.files, put.bytes) == (1, len(DATA))
    assert [(each.done, each.bytes_done) for each in seen][-1] == (len(DATA), len(DATA))
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert len({each.done for each in seen}) > 2
    got = files.get(connection, "~/data", back, say=seen.append)
    assert back.read_bytes() == DATA
    assert back.stat().st_mode & 0o777 == 0o640
    assert (got.files, got.bytes) == (1, len(DATA))
    assert {path.name for path in home.iterdir() if "kubeplat" in path.name} == set()


def test_what_exists_is_kept_unless_said(place: Place, home: Path, tmp_path: Path) -> None:
    source = tmp_path / "data"
    source.write_text("new")
    (home / "data").write_text("old")
    connection = place.connect()
    with pytest.raises(InputError, match="exists"):
        files.put(connection, source, "data")
    assert (home / "data").read_text() == "old"
    files.put(connection, source, "data", overwrite=True)
    assert (home / "data").read_text() == "new"


def test_a_folder_there_and_back(place: Place, home: Path, tmp_path: Path) -> None:
    source = tmp_path / "folder"
    contents = {f"{number % 5}/file {number} ü": bytes([number]) * number * 37 for number in range(60)}
    for name, data in contents.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    (source / "empty").mkdir()
    connection = place.connect()
    files.put(connection, source, "copy")
    assert _tree(home / "copy") == contents
    files.get(connection, "copy", tmp_path / "back")
    assert _tree(tmp_path / "back") == contents
    assert (tmp_path / "back" / "empty").is_dir()


def test_what_is_stopped_leaves_no_half_file(place: Place, home: Path, tmp_path: Path) -> None:
    """On a wire of 1 MB/s, so that it is under way when it is stopped."""
    source = tmp_path / "data"
    source.write_bytes(DATA)
    place.by_wire(BY_WIRE)
    connection = place.connect()
    stop = threading.Event()

    def say(progress: TransferProgress) -> None:
        if progress.done:
            stop.set()

    with place.farm.wire.being(rate=1e6), pytest.raises(TransferStoppedError):
        files.put(connection, source, "data", say=say, stop=stop)
    assert not (home / "data").exists()
    assert connection.status.state is LinkState.UP
    assert files.put(connection, source, "data").bytes == len(DATA)


def test_a_connection_lost_on_the_way_says_so(place: Place, home: Path, tmp_path: Path) -> None:
    """The old file stays."""
    source = tmp_path / "data"
    source.write_bytes(DATA)
    (home / "data").write_text("old")
    place.by_wire(BY_WIRE)
    connection = place.connect()
    states = States(connection)

    def say(progress: TransferProgress) -> None:
        if progress.done:
            place.farm.bastion.stop_serving()

    try:
        with place.farm.wire.being(rate=1e6), pytest.raises(SshError, match="ended while data was copied"):
            files.put(connection, source, "data", overwrite=True, say=say)
        states.wait(LinkState.LOST)
        assert (home / "data").read_text() == "old"
    finally:
        place.farm.bastion.restart()


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
