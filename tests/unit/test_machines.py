"""The parts of the sandbox's machines, without a network."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import signal
import socket
import stat
import struct
import subprocess
import termios
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.sandbox.control import (
    GoneError,
    asked_for,
    found,
    not_found,
    parse_address,
    question,
)
from kubeplat_tui.sandbox.machines import home, processes, terminal
from kubeplat_tui.sandbox.machines.doors import Door
from kubeplat_tui.sandbox.machines.forwarding import Joint
from kubeplat_tui.sandbox.machines.host_key import HostKey, console
from kubeplat_tui.sandbox.machines.instances import Instance
from kubeplat_tui.sandbox.machines.program import PIECE, Program
from kubeplat_tui.sandbox.machines.streams import LOGIN_BYTES, FromOutside
from kubeplat_tui.sandbox.machines.terminal import Terminal, Window
from kubeplat_tui.sandbox.places import SOCKET_PATH_LIMIT, Places
from kubeplat_tui.services.ssh import console as service
from kubeplat_tui.services.ssh import model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENOUGH = 30.0

INSTANCE = Instance("i-01", "play-secure", "secure", "vpc-1", ("10.0.0.4",), (), b"")

HOSTS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=253)


# What goes over the control socket


@given(HOSTS, st.integers(0, 65_535))
def test_a_question_for_an_address_is_understood(host: str, port: int) -> None:
    verb, *words = question(host, port).decode().rstrip("\n").split(" ")
    assert (verb, asked_for(words)) == ("address", (host, port))


@pytest.mark.parametrize("host", ["", "two words", "a\nstop", "ü", "\0"])
def test_what_no_host_is_called_is_not_even_asked(host: str) -> None:
    with pytest.raises(OSError, match="is no host"):
        question(host, 22)


@pytest.mark.parametrize("words", [[], ["host"], ["host", "x"], ["host", "1", "2"]])
def test_half_a_question_is_none(words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"invalid|unpack"):
        asked_for(words)


@given(HOSTS, st.integers(0, 65_535))
def test_an_address_arrives(host: str, port: int) -> None:
    assert parse_address(found((host, port))) == (host, port)


def test_a_refusal_arrives_as_the_same_error() -> None:
    with pytest.raises(ConnectionRefusedError, match="nobody there"):
        parse_address(not_found(ConnectionRefusedError(111, "nobody there")))
    with pytest.raises(OSError, match="odd"):
        parse_address(not_found(OSError("odd")))


@given(st.binary(max_size=40))
def test_a_stranger_s_answer_is_none(line: bytes) -> None:
    with pytest.raises(GoneError):
        parse_address(line)


def test_sockets_go_elsewhere_where_the_path_is_too_long(tmp_path: Path) -> None:
    near = Places(Path("/home/somebody/.local/state/kubeplat/sandbox"))
    assert near.sockets.parent == near.control.parent == near.folder
    far = Places(tmp_path / ("x" * 80))
    longest = far.sockets / "i-0123456789abcdef0" / f"tmux-{os.getuid()}" / "default"
    assert len(os.fsencode(longest)) <= SOCKET_PATH_LIMIT
    assert far.sockets.parent == far.elsewhere != far.folder


# Host keys


def test_the_console_shows_the_key_as_the_service_reads_it() -> None:
    key, other = HostKey(), HostKey()
    blob = base64.b64decode(key.public.split()[1])
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    assert key.fingerprint == f"SHA256:{digest}"
    text = console(key, "ip-10-0-0-4", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert "<14>Jan  2 03:04:05 cloud-init: -----BEGIN SSH HOST KEY FINGERPRINTS-----\r\n" in text
    assert service.judge(text, model.HostKey("ssh-ed25519", blob)) == (model.ConsoleAnswer.MATCHES, "")
    others = model.HostKey("ssh-ed25519", base64.b64decode(other.public.split()[1]))
    assert service.judge(text, others)[0] is model.ConsoleAnswer.DIFFERS


# Terminals


@given(st.binary(max_size=200))
def test_no_modes_hurt(modes: bytes) -> None:
    for number, value in terminal.decoded(modes):
        assert 0 < number < 160
        assert 0 <= value < 2**32
    ours, theirs = os.openpty()
    try:
        with contextlib.suppress(termios.error):
            terminal.set_modes(theirs, modes)
    finally:
        os.close(ours)
        os.close(theirs)


def test_modes_and_size_are_as_the_client_wants_them() -> None:
    pairs = [(3, 8), (4, 255), (53, 0), (72, 1), (128, 38_400)]
    modes = b"".join(struct.pack(">BI", *pair) for pair in pairs) + b"\0" + struct.pack(">BI", 53, 1)
    ours, theirs = Terminal("xterm", Window(91, 70_000), modes).open()
    try:
        settings = termios.tcgetattr(theirs)
        assert not settings[3] & termios.ECHO
        assert settings[1] & termios.ONLCR
        assert settings[0] & terminal.IUTF8
        assert settings[6][termios.VERASE] == b"\x08"
        assert settings[6][termios.VKILL] == bytes([os.fpathconf(theirs, "PC_VDISABLE")])
        assert os.get_terminal_size(theirs) == (91, 65_535)
    finally:
        os.close(ours)
        os.close(theirs)


# Programs


class Client:
    """The client's end of a session: what it types, what it was sent."""

    def __init__(self, typed: bytes = b"", *, stays: bool = True) -> None:
        self.closed = False
        self.sent, self.errors = b"", b""
        self._typed = typed
        self._stays = stays
        self._closed = threading.Event()
        self.codes: list[int] = []
        self.heard, self.over = threading.Event(), threading.Event()

    def recv(self, size: int) -> bytes:
        if not self._typed and self._stays:
            self._closed.wait(ENOUGH)
        piece, self._typed = self._typed[:size], self._typed[size:]
        return piece

    def sendall(self, data: bytes) -> None:
        self._check(data)
        self.sent += data
        self.heard.set()

    def sendall_stderr(self, data: bytes) -> None:
        self._check(data)
        self.errors += data

    def _check(self, data: bytes) -> None:
        assert len(data) <= PIECE
        if self.closed:
            raise ConnectionResetError

    def wait_closed(self) -> None:
        self._closed.wait(ENOUGH)

    def close(self) -> None:
        self.closed = True
        self._closed.set()

    def ended(self, code: int) -> None:
        self.codes.append(code)
        self.close()
        self.over.set()


def descriptors() -> set[str]:
    return {each.name for each in Path("/dev/fd").iterdir()}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts a program whose client is given; afterwards no descriptor and no thread is left."""
    before = descriptors()

    def start(client: Client, command: str, on: Terminal | None = None, greeting: str = "") -> Program:
        program = Program(client, client.ended)  # type: ignore[arg-type]
        program.start(["/bin/sh", "-c", command], tmp_path, {"PATH": os.defpath}, on)
        program.carry(greeting)
        return program

    yield start
    for thread in threading.enumerate():
        if thread.name == "machine-program":
            thread.join(ENOUGH)
    assert descriptors() <= before


def test_a_program_on_pipes(run: Callable[..., Program]) -> None:
    client = Client(b"typed", stays=False)
    run(client, "cat; echo bad >&2; exit 3")
    assert client.over.wait(ENOUGH)
    assert (client.sent, client.errors, client.codes) == (b"typed", b"bad\n", [3])


def test_a_program_on_a_terminal(run: Callable[..., Program]) -> None:
    client = Client(b"typed\n")
    run(
        client,
        "read it; stty size; echo $TERM $it; kill -KILL $$",
        Terminal("vt100", Window(80, 24)),
        "hello\r\n",
    )
    assert client.over.wait(ENOUGH)
    assert client.sent == b"hello\r\ntyped\r\n24 80\r\nvt100 typed\r\n"
    assert client.codes == [-signal.SIGKILL]


def test_what_holds_the_terminal_in_the_background_does_not_hold_the_session(
    run: Callable[..., Program],
) -> None:
    client = Client()
    run(client, "(trap '' HUP; exec sleep 1000) & echo $!; exit 4", Terminal("vt100", Window(80, 24)))
    assert client.over.wait(ENOUGH)
    assert client.codes == [4]
    os.kill(int(client.sent), signal.SIGKILL)


def test_a_client_that_goes_takes_a_stubborn_program_along(
    run: Callable[..., Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubeplat_tui.sandbox.machines.program.PATIENCE", 0.1)
    client = Client()
    program = run(client, "trap '' HUP; echo ready; while :; do sleep 1000; done")
    assert client.heard.wait(ENOUGH)
    program.resize(Window(1, 1))
    client.close()
    assert client.over.wait(ENOUGH)
    assert client.codes == [-signal.SIGKILL]


def test_a_program_that_cannot_be_started_leaves_nothing(tmp_path: Path) -> None:
    before = descriptors()
    for on in (None, Terminal("vt100", Window(80, 24))):
        program = Program(Client(), lambda _: None)  # type: ignore[arg-type]
        with pytest.raises(FileNotFoundError):
            program.start(["/bin/sh"], tmp_path / "nowhere", {}, on)
    assert descriptors() == before


# Processes and folders


def test_processes_are_found_by_their_home(tmp_path: Path) -> None:
    machine, other = tmp_path / "machines" / "i-01", tmp_path / "machines" / "i-012"
    command = ["sh", "-c", "echo; exec sleep 1000"]
    with contextlib.ExitStack() as stack:
        started = []
        for folder in (machine, other):
            process = stack.enter_context(
                subprocess.Popen(
                    command, env={"PATH": os.defpath, "HOME": str(folder)}, stdout=subprocess.PIPE
                )
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            process.stdout.readline()
            started.append(process)
        assert list(processes.at_home(machine)) == [started[0].pid]
        processes.end_all(machine)
        assert started[0].wait(ENOUGH) == -signal.SIGKILL
        assert list(processes.at_home(tmp_path / "machines")) == [started[1].pid]
        processes.end_all(tmp_path)
        assert started[1].wait(ENOUGH) == -signal.SIGKILL


def test_a_machines_folder_is_its_owners_and_goes_whatever_was_done_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "machines" / "i-01"
    home.make(folder)
    (folder / ".bashrc").write_text("mine")
    home.make(folder)
    assert (folder / ".bashrc").read_text() == "mine"
    for path in (folder.parent, folder, *folder.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    locked = folder / "locked"
    locked.mkdir()
    (locked / "file").touch()
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    locked.chmod(0)
    home.remove(folder)
    assert not folder.exists()
    assert outside.is_dir()


def test_the_environment_has_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", "/ours")
    found = home.environ(INSTANCE, "core", tmp_path, tmp_path / "s", {"LC_ALL": "C", "HOME": "/root"})
    assert (found["HOME"], found["USER"], found["LC_ALL"]) == (str(tmp_path), "core", "C")
    assert (found["HOSTNAME"], found["TMUX_TMPDIR"]) == ("play-secure", str(tmp_path / "s"))
    assert not {"AWS_SECRET_ACCESS_KEY", "PYTHONPATH"} & found.keys()
    assert "i-01" in home.motto(INSTANCE)


@pytest.mark.parametrize(
    ("shell", "prompt"), [("bash", "[core@play-secure ~]$ "), ("sh", "[core@play-secure]$ ")]
)
def test_the_prompt_names_the_machine(tmp_path: Path, shell: str, prompt: str) -> None:
    folder = tmp_path / "i-01"
    home.make(folder)
    environ = home.environ(INSTANCE, "core", folder, tmp_path, {})
    answer = subprocess.run(
        [shell, "-i"], env=environ, cwd=folder, input="exit\n", capture_output=True, text=True, check=True
    )
    assert answer.stderr.startswith(prompt) or f"\n{prompt}" in answer.stderr


# Sockets


def test_a_stranger_is_heard_only_so_long() -> None:
    near, far = socket.socketpair()
    with near:
        stream = FromOutside(far)
        stream.settimeout(ENOUGH)
        near.sendall(b"x" * (LOGIN_BYTES + 10))
        heard = 0
        while piece := stream.recv(1000):
            heard += len(piece)
        assert LOGIN_BYTES <= heard < LOGIN_BYTES + 1000
        stream.trusted = lambda: True
        near.sendall(b"now")
        assert stream.recv(1000)
        stream.close()
        stream.close()


def test_sending_waits_for_no_reader_and_nothing_is_lost_at_the_end() -> None:
    # Paramiko sends in the thread that reads: two ends that wait for each other would wait for ever.
    ours, theirs = socket.socketpair()
    stream = FromOutside(ours)
    pieces = [bytes([number]) * 100_000 for number in range(60)]
    for piece in pieces:
        assert stream.send(piece) == len(piece)
    stream.close()
    with pytest.raises(OSError, match=r".*"):
        stream.send(b"late")
    with theirs, theirs.makefile("rb") as file:
        assert file.read() == b"".join(pieces)


def test_a_door_opens_and_closes() -> None:
    arrived: list[socket.socket] = []
    there = threading.Event()

    def accepted(connection: socket.socket) -> None:
        arrived.append(connection)
        there.set()

    door = Door(accepted)
    with socket.create_connection(door.address):
        assert there.wait(ENOUGH)
        arrived[0].close()
    door.close()
    door.close()
    for thread in threading.enumerate():
        if thread.name == "machine-door":
            thread.join(ENOUGH)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(door.address)


def test_a_broken_side_ends_a_forward() -> None:
    near, far = socket.socketpair()
    client = Client()
    client.end = client.close  # type: ignore[attr-defined]
    Joint(client, far).start()  # type: ignore[arg-type]
    with near:
        near.sendall(b"before")
    assert client._closed.wait(ENOUGH)
    for thread in threading.enumerate():
        if thread.name == "machine-forward":
            thread.join(ENOUGH)
    assert client.sent == b"before"
    assert far.fileno() == -1


def test_paramiko_still_is_what_the_machines_count_on() -> None:
    assert paramiko.common.MSG_CHANNEL_REQUEST in paramiko.Transport._channel_handler_table  # type: ignore[attr-defined]
    assert paramiko.Transport._active_check_timeout  # type: ignore[attr-defined]
    assert callable(paramiko.Transport._send_user_message)  # type: ignore[attr-defined]
    assert callable(paramiko.Channel._handle_request)  # type: ignore[attr-defined]
