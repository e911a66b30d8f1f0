"""Files and folders to a machine and back, by OpenSSH's own SFTP server; and machines that are up to something."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import paramiko
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paramiko.sftp import CMD_DATA, CMD_READ, CMD_WRITE

from kubeplat_tui.services.errors import InputError, KubeplatError, NotFoundError
from kubeplat_tui.services.inventory import Instance, Layer
from kubeplat_tui.services.ssh import copying, local_tree
from kubeplat_tui.services.ssh.files import TransferProgress, TransferStoppedError, get, put
from kubeplat_tui.services.ssh.model import LinkState, LinkStatus, SshError
from kubeplat_tui.services.ssh.transfer_model import Item, Kind, link_stays_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = next(
    (
        path
        for path in map(
            Path,
            ("/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server", "/usr/libexec/openssh/sftp-server"),
        )
        if path.exists()
    ),
    None,
)
pytestmark = pytest.mark.skipif(SERVER is None, reason="OpenSSH's sftp-server is not installed")
LAUNCHED = datetime(2026, 5, 1, tzinfo=UTC)
MASTER = Instance(
    "i-0abc", "demo-secure", "10.80.10.100", "", "running", "a", "m7i.large", LAUNCHED, Layer.SECURE
)
AGO = 1_700_000_000


class Wire(socket.socket):
    """A socket with what paramiko's SFTP asks of a channel. Closed, it wakes whoever reads."""

    closed = False

    def get_name(self) -> str:
        return "wire"

    def close(self) -> None:
        self.closed = True
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)

    def really_close(self) -> None:
        super().close()


class Sftp(paramiko.SFTPClient):
    """A client over a wire."""

    def get_channel(self) -> paramiko.Channel | None:
        return self.sock


@dataclass
class Home:
    """A machine as transfers see it: an SFTP server of its own for every session, in the folder `path`."""

    path: Path
    kind: type[Sftp] = Sftp
    limits: str = ":"
    """What the shell that starts the server does first."""
    instance: Instance = MASTER
    user: str = "ec2-user"
    status: LinkStatus = field(default_factory=lambda: LinkStatus(LinkState.UP, LAUNCHED))
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)

    def sftp(self) -> paramiko.SFTPClient:
        ours, theirs = socket.socketpair()
        wire = Wire(fileno=ours.detach())
        self.wires.append(wire)
        command = f'{self.limits}; exec "$0" -d "$1"'
        with theirs:
            server = subprocess.Popen(
                ["sh", "-c", command, str(SERVER), str(self.path)],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
            )
        self.processes.append(server)
        return self.kind(cast("paramiko.Channel", wire))

    def close(self) -> None:
        for wire in self.wires:
            wire.close()
            wire.really_close()
        for process in self.processes:
            process.wait(10)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    (tmp_path / "home").mkdir()
    made = Home(tmp_path / "home")
    yield made
    made.close()
    assert not list(tmp_path.rglob("*.part*"))


@pytest.fixture
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every piece is reported."""
    monkeypatch.setattr(copying, "PACE", 0.0)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def made(path: Path, data: bytes = b"content", mode: int = 0o640) -> Path:
    """A file with a mode and time of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)
    os.utime(path, (AGO, AGO))
    return path


def look(path: Path) -> tuple[bytes, int, int]:
    """A file's content, mode and time."""
    status = path.lstat()
    return path.read_bytes(), stat.S_IMODE(status.st_mode), int(status.st_mtime)


@pytest.mark.parametrize("size", [0, 1, 32_768, 65_536, 65_537, 3_000_001])
def test_a_file_there_and_back_keeps_its_bytes_mode_and_time(home: Home, here: Path, size: int) -> None:
    data = os.urandom(size)
    source = made(here / "a file", data, 0o750)
    sent = put(home, source, "")
    assert (sent.target, sent.files, sent.bytes) == ("./a file", 1, size)
    assert look(home.path / "a file") == (data, 0o750, AGO)
    received = get(home, "a file", here / "back")
    assert (received.target, received.bytes) == (str(here / "back"), size)
    assert look(here / "back") == (data, 0o750, AGO)


@pytest.mark.parametrize(
    ("remote", "lands"),
    [
        ("", "f"),
        ("~", "f"),
        ("~/", "f"),
        (".", "f"),
        ("new", "new"),
        ("~/new", "new"),
        ("folder", "folder/f"),
        ("folder/", "folder/f"),
        ("folder/new", "folder/new"),
    ],
)
def test_where_a_file_lands(home: Home, here: Path, remote: str, lands: str) -> None:
    (home.path / "folder").mkdir()
    put(home, made(here / "f"), remote)
    assert (home.path / lands).read_bytes() == b"content"
    assert get(home, f"~/{lands}", here / "back").files == 1
    (here / "in").mkdir()
    assert get(home, str(home.path / lands), here / "in").target == str(here / "in" / Path(lands).name)


def test_a_folder_there_and_back(home: Home, here: Path) -> None:
    tree = here / "tree"
    for name in ("a", "deep/er/b", "deep/c"):
        made(tree / name, name.encode())
    (tree / "empty").mkdir()
    (tree / "deep/up").symlink_to("../a")
    (tree / "deep").chmod(0o500)
    seen: list[TransferProgress] = []
    try:
        assert put(home, tree, "", say=seen.append).files == 3
        assert get(home, "tree", here / "back").skipped == ()
        for place in (home.path / "tree", here / "back"):
            assert look(place / "deep/er/b") == (b"deep/er/b", 0o640, AGO)
            assert (place / "empty").is_dir()
            assert (place / "deep/up").readlink() == Path("../a")
            assert stat.S_IMODE((place / "deep").stat().st_mode) == 0o500
    finally:
        for place in (tree, home.path / "tree", here / "back"):
            (place / "deep").chmod(0o700)
    assert {each.name for each in seen} == {"a", "deep/c", "deep/er/b"}
    assert (seen[-1].files_done, seen[-1].files, seen[-1].bytes_done) == (3, 3, seen[-1].bytes)


def test_what_is_there_stays_unless_it_may_be_replaced(home: Home, here: Path) -> None:
    new = made(here / "f", b"new")
    made(home.path / "f", b"old")
    with pytest.raises(InputError, match=r"f on demo-secure exists already"):
        put(home, new, "")
    assert (home.path / "f").read_bytes() == b"old"
    put(home, new, "", overwrite=True)
    assert (home.path / "f").read_bytes() == b"new"
    made(here / "f", b"here")
    with pytest.raises(InputError, match="exists already"):
        get(home, "f", here)
    get(home, "f", here, overwrite=True)
    assert (here / "f").read_bytes() == b"new"


def test_a_folder_and_a_file_do_not_replace_each_other(home: Home, here: Path) -> None:
    made(here / "thing")
    (home.path / "thing" / "thing").mkdir(parents=True)
    with pytest.raises(InputError, match="is a folder"):
        put(home, here / "thing", "", overwrite=True)
    with pytest.raises(InputError, match="is no folder"):
        get(home, "thing", here, overwrite=True)
    assert (here / "thing").read_bytes() == b"content"


def test_nothing_is_there_and_no_folder_for_it(home: Home, here: Path) -> None:
    source = made(here / "f")
    with pytest.raises(NotFoundError, match="There is no none on demo-secure"):
        get(home, "none", here)
    with pytest.raises(NotFoundError, match="none here"):
        put(home, here / "none", "")
    for remote in ("none/f", "none/"):
        with pytest.raises(InputError, match="There is no folder"):
            put(home, source, remote)
    with pytest.raises(InputError, match="There is no folder"):
        get(home, "~", here / "none" / "f")
    with pytest.raises(InputError, match="another user's home"):
        put(home, source, "~root/f")
    assert list(home.path.iterdir()) == []


def test_what_is_no_file_is_left_out_and_said(home: Home, here: Path) -> None:
    tree = here / "tree"
    made(tree / "f")
    os.mkfifo(tree / "pipe")
    (tree / "away").symlink_to("/etc/passwd")
    (tree / "climbs").symlink_to("f/../../..")
    sent = put(home, tree, "")
    assert sorted(each.name for each in sent.skipped) == ["away", "climbs", "pipe"]
    assert [path.name for path in (home.path / "tree").iterdir()] == ["f"]
    received = get(home, str(tree), here / "back")
    assert sorted(each.name for each in received.skipped) == ["away", "climbs", "pipe"]
    assert [path.name for path in (here / "back").iterdir()] == ["f"]
    with pytest.raises(InputError, match="neither a file nor a folder"):
        get(home, str(tree / "pipe"), here / "pipe")


def test_a_link_here_is_never_written_through(home: Home, here: Path) -> None:
    made(home.path / "tree/sub/f", b"theirs")
    outside = here / "outside"
    outside.mkdir()
    (here / "tree").mkdir()
    (here / "tree/sub").symlink_to(outside)
    with pytest.raises(KubeplatError, match="tree/sub here"):
        get(home, "tree", here, overwrite=True)
    assert list(outside.iterdir()) == []
    victim = made(here / "victim", b"mine")
    (here / "f").symlink_to(victim)
    get(home, "tree/sub/f", here, overwrite=True)  # the link is replaced, not what it leads to
    assert (victim.read_bytes(), (here / "f").read_bytes()) == (b"mine", b"theirs")


class Odd(Sftp):
    """A machine that lists what it likes."""

    entries: tuple[tuple[str, int], ...] = ()

    def listdir_attr(self, path: str = ".") -> list[paramiko.SFTPAttributes]:
        if "sub" in path:
            return super().listdir_attr(path)
        found = []
        for name, mode in self.entries:
            entry = paramiko.SFTPAttributes()
            entry.filename, entry.st_mode, entry.st_size = name, mode, 7
            found.append(entry)
        return found

    def readlink(self, path: bytes | str) -> str | None:
        return ".." if str(path).endswith("up") else "sub"


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "..", ".", "", "a/../../evil", "nul\0"])  # noqa: S108
def test_no_name_leads_out_of_the_folder(home: Home, here: Path, name: str) -> None:
    made(home.path / "tree/f")
    home.kind = type("Evil", (Odd,), {"entries": ((name, stat.S_IFREG | 0o644),)})
    with pytest.raises(SshError, match="which no file can be named"):
        get(home, "tree", here / "in")
    assert list(here.iterdir()) == []


def test_a_link_and_a_folder_of_one_name_do_not_lead_out(home: Home, here: Path) -> None:
    made(home.path / "tree/sub/f")
    both = (("sub", stat.S_IFDIR | 0o755), ("up", stat.S_IFLNK | 0o777), ("sub", stat.S_IFLNK | 0o777))
    home.kind = type("Twice", (Odd,), {"entries": both})
    with contextlib.suppress(KubeplatError):
        get(home, "tree", here / "in")
    assert sorted(path.name for path in here.iterdir()) == ["in"]


@given(st.text("ab./", max_size=12), st.text("ab./", max_size=12))
def test_a_link_that_stays_inside_does(relative: str, link: str) -> None:
    place = os.path.normpath("/" + "/".join(["root", relative.strip("/") or "l"]))
    if link_stays_inside(place.removeprefix("/root/"), link) and place.startswith("/root/"):
        assert os.path.normpath(os.path.join(os.path.dirname(place), link)).startswith("/root")  # noqa: PTH118, PTH120


@pytest.mark.usefixtures("told_at_once")
@pytest.mark.parametrize("way", ["put", "get"])
def test_stopped_it_leaves_no_half_file(home: Home, here: Path, way: str) -> None:
    data = os.urandom(2_000_000)
    made(here / "f", data)
    made(home.path / "g", data)
    stop = threading.Event()

    def say(progress: TransferProgress) -> None:
        if progress.done:
            stop.set()

    def copy() -> None:
        if way == "put":
            put(home, here / "f", "", say=say, stop=stop)
        else:
            get(home, "g", here, say=say, stop=stop)

    with pytest.raises(TransferStoppedError, match="was stopped"):
        copy()
    assert {path.name for path in (*home.path.iterdir(), *here.iterdir())} == {"f", "g"}


@pytest.mark.parametrize("way", ["put", "get"])
def test_stopped_while_the_machine_says_nothing(home: Home, here: Path, way: str) -> None:
    made(here / "f", os.urandom(2_000_000))
    made(home.path / "g", os.urandom(2_000_000))
    stop = threading.Event()

    class Stalled(Sftp):
        """Its server stops when the first piece is on the way, and whoever waits for it wants to stop."""

        def _async_request(self, owner: object, command: int, *content: object) -> Any:
            if command in {CMD_READ, CMD_WRITE} and not stop.is_set():
                home.kind = Sftp
                home.processes[0].send_signal(signal.SIGSTOP)
                stop.set()
            return super()._async_request(owner, command, *content)  # type: ignore[misc]

    home.kind = Stalled
    try:
        with pytest.raises(TransferStoppedError):
            put(home, here / "f", "", stop=stop) if way == "put" else get(home, "g", here, stop=stop)
    finally:
        home.processes[0].kill()
    assert {path.name for path in (*home.path.iterdir(), *here.iterdir())} == {"f", "g"}


@pytest.mark.usefixtures("told_at_once")
def test_a_connection_that_ends_leaves_no_half_file_here(home: Home, here: Path) -> None:
    made(home.path / "g", os.urandom(3_000_000))

    def say(progress: TransferProgress) -> None:
        if progress.done:
            home.processes[0].kill()
            home.status = LinkStatus(LinkState.LOST, LAUNCHED, "It is gone.")

    with pytest.raises(SshError, match=r"ended while g was copied\. It is gone\."):
        get(home, "g", here, say=say)
    assert list(here.iterdir()) == []


def test_a_full_disk_here_is_said_and_leaves_nothing(
    home: Home, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(home.path / "g", os.urandom(500_000))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(KubeplatError, match=r"g here could not be copied. No space left on device"):
        get(home, "g", here)
    assert list(here.iterdir()) == []


def test_a_machine_that_takes_no_more_is_said_and_keeps_nothing(home: Home, here: Path) -> None:
    made(here / "f", os.urandom(500_000))
    home.limits = "ulimit -f 100; trap '' XFSZ"
    with pytest.raises(SshError, match=r"f on demo-secure could not be copied.*Failure"):
        put(home, here / "f", "")
    assert list(home.path.iterdir()) == []


def test_a_folder_that_is_not_ours_is_said(home: Home, here: Path) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    home.kind = type("Denied", (Sftp,), {"open": denied})
    with pytest.raises(SshError, match="f on demo-secure is not for ec2-user to touch"):
        put(home, made(here / "f"), "")


@pytest.mark.usefixtures("told_at_once")
def test_a_file_that_shrinks_meanwhile_is_not_kept(home: Home, here: Path) -> None:
    growing = made(here / "f", os.urandom(4_000_000))

    def say(progress: TransferProgress) -> None:
        if progress.done and not progress.files_done:
            os.truncate(growing, 10)

    with pytest.raises(SshError, match="became shorter"):
        put(home, growing, "", say=say)
    assert list(home.path.iterdir()) == []


def test_a_file_without_a_size_is_read_to_its_end(home: Home, here: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("there is no /proc here")
    get(home, "/proc/version", here)
    assert (here / "version").read_text() == Path("/proc/version").read_text()


def test_answers_shorter_than_asked_are_put_together(home: Home, here: Path) -> None:
    data = os.urandom(400_000)
    made(home.path / "g", data)

    class Piecemeal(Sftp):
        """Answers reads with half of what was asked."""

        def _read_packet(self) -> Any:
            kind, packet = super()._read_packet()  # type: ignore[misc]
            if kind == CMD_DATA and len(packet) > 20_000:
                half = (len(packet) - 8) // 2
                return kind, packet[:4] + half.to_bytes(4, "big") + packet[8 : 8 + half]
            return kind, packet

    home.kind = Piecemeal
    get(home, "g", here)
    assert (here / "g").read_bytes() == data


def test_names_that_are_not_utf_8(home: Home, here: Path) -> None:
    strange = os.fsdecode(b"caf\xe9")
    made(here / "tree" / strange)
    made(here / "tree" / "café")
    sent = put(home, here / "tree", "")
    assert [each.why for each in sent.skipped] == ["its name is not UTF-8"]
    assert [path.name for path in (home.path / "tree").iterdir()] == ["café"]
    with pytest.raises(SshError, match="is not UTF-8"):
        get(home, str(here / "tree"), here / "back")


def test_without_hard_links_nothing_is_replaced_either(
    home: Home, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refused)
    made(home.path / "tree/g", b"theirs")
    get(home, "tree", here)
    assert (here / "tree/g").read_bytes() == b"theirs"
    made(here / "tree/g", b"mine")
    with (
        pytest.raises(FileExistsError),
        contextlib.closing(local_tree.Target(here)) as target,
        target.writing(Item("tree/g", Kind.FILE, 0, None, None), overwrite=False),
    ):
        pass
    assert (here / "tree/g").read_bytes() == b"mine"


def test_many_small_files(home: Home, here: Path) -> None:
    for number in range(200):
        made(here / "tree" / f"{number % 7}" / f"{number}", b"%d" % number)
    assert put(home, here / "tree", "").files == 200
    assert get(home, "tree", here / "back").files == 200
    compared = shutil.which("diff")
    if compared:
        subprocess.run([compared, "-r", here / "tree", here / "back"], check=True)


def refusing_posix_rename(*_: object) -> None:
    raise OSError("Operation unsupported")


def test_a_server_that_cannot_rename_over_a_file(home: Home, here: Path) -> None:
    home.kind = type("Plain", (Sftp,), {"posix_rename": refusing_posix_rename})
    made(home.path / "f", b"old")
    put(home, made(here / "f", b"new"), "", overwrite=True)
    assert (home.path / "f").read_bytes() == b"new"
    assert [path.name for path in home.path.iterdir()] == ["f"]
