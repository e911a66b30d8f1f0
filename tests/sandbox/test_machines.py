"""The sandbox's machines, over the wire: who comes in and how, what runs there, and that nothing stays behind."""

from __future__ import annotations

import errno
import hashlib
import os
import select
import socket
import stat
import subprocess
import sys
import threading
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko
import pytest

from kubeplat_tui.sandbox.door import LocalSandbox, status, stop
from kubeplat_tui.sandbox.machines.processes import at_home
from kubeplat_tui.sandbox.places import Places
from kubeplat_tui.services.inventory import Inventory
from kubeplat_tui.services.ssh.connections import Connections
from kubeplat_tui.services.ssh.model import ConsoleAnswer, Size
from tests.sandbox.machine_clients import ENOUGH, Network, Typist, new_key, said, wait_ended
from tests.unit.sites import make_site
from tests.unit.ssh_machines import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMPT = "[ec2-user@play-secure ~]$ "
REFUSED = 2
"""SSH_OPEN_CONNECT_FAILED (RFC 4254, 5.1)."""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = Network(tmp_path_factory.mktemp("state"))
    yield network
    network.close()


@pytest.fixture(scope="module")
def bastion(network: Network) -> str:
    return network.launch("bastion")


@pytest.fixture(scope="module")
def secure(network: Network) -> str:
    return network.launch("secure")


@pytest.fixture(scope="module")
def outside(network: Network, bastion: str) -> paramiko.Transport:
    """A client on the bastion."""
    return network.enter(bastion)


@pytest.fixture(scope="module")
def inside(network: Network, outside: paramiko.Transport, secure: str) -> paramiko.Transport:
    """A client on the private machine."""
    return network.enter_behind(outside, secure)


def fingerprint(key: paramiko.PKey) -> str:
    return "SHA256:" + b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")


TELLS_ITS_SIZE = (
    "import os, signal as s; w = {s.SIGWINCH}; s.pthread_sigmask(s.SIG_BLOCK, w); "
    "print('re' + 'ady', flush=True); s.sigwait(w); print(os.get_terminal_size())"
)


# Where the machines are


def test_only_a_bastion_has_an_address_outside(network: Network, bastion: str, secure: str) -> None:
    host, port = network.lease.address(network.public(bastion), 22)
    assert (host, network.lease.address(network.public(bastion), 22)) == ("127.0.0.1", (host, port))
    assert network.lease.address(network.described(bastion)["PublicDnsName"], 22) == (host, port)
    for inner in (network.private(secure), network.private(bastion), "10.80.99.99", "127.0.0.1"):
        with pytest.raises(OSError, match="no route") as error:
            network.lease.address(inner, 22)
        assert error.value.errno == errno.EHOSTUNREACH
    for nothing in ((network.public(bastion), 443), ("8.8.8.8", 22), ("kubernetes.example", 6443)):
        with pytest.raises(ConnectionRefusedError):
            network.lease.address(*nothing)
    with pytest.raises(OSError, match="no host"):
        network.lease.address("two words", 22)


def test_a_public_machine_that_is_no_bastion_is_not_reached(network: Network) -> None:
    web = network.launch("web", public=True)
    with pytest.raises(ConnectionRefusedError):
        network.dial(web)


def test_a_stopped_bastion_is_gone_and_comes_back_elsewhere(network: Network) -> None:
    bastion = network.launch("bastion")
    before, key = network.public(bastion), network.start(network.dial(bastion)).get_remote_server_key()
    network.ec2.stop_instances(InstanceIds=[bastion])
    with pytest.raises(ConnectionRefusedError):
        network.lease.address(before, 22)
    network.ec2.start_instances(InstanceIds=[bastion])
    assert network.public(bastion) != before
    assert network.start(network.dial(bastion)).get_remote_server_key() == key


# Who comes in


def test_only_the_instances_own_key_opens_it(network: Network, bastion: str) -> None:
    transport = network.start(network.dial(bastion))
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("ec2-user", new_key())
    for user, refused in (("root", True), ("core", False), ("ubuntu", False), ("admin", False)):
        transport = network.start(network.dial(bastion))
        if refused:
            with pytest.raises(paramiko.AuthenticationException):
                transport.auth_publickey(user, network.key)
        else:
            transport.auth_publickey(user, network.key)
            assert said(transport, "echo $USER").output == f"{user}\n"


def test_passwords_are_not_even_asked_for(network: Network, bastion: str) -> None:
    transport = network.start(network.dial(bastion))
    with pytest.raises(paramiko.BadAuthenticationType) as error:
        transport.auth_none("ec2-user")
    assert error.value.allowed_types == ["publickey"]
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_password("ec2-user", "secret", fallback=False)


def test_who_tries_key_after_key_is_turned_away(network: Network, bastion: str) -> None:
    transport = network.start(network.dial(bastion))
    with pytest.raises((paramiko.SSHException, EOFError)):  # noqa: PT012 - the number of tries is not the point
        for _ in range(20):
            with pytest.raises(paramiko.AuthenticationException):
                transport.auth_publickey("ec2-user", new_key())
    assert not transport.is_authenticated()


def test_a_machine_keeps_the_key_it_was_launched_with(network: Network) -> None:
    old = new_key()
    line = f"ssh-ed25519 {old.get_base64()} passing"
    network.ec2.import_key_pair(KeyName="passing", PublicKeyMaterial=line.encode())
    bastion = network.launch("bastion", key="passing")
    network.ec2.delete_key_pair(KeyName="passing")
    network.start(network.dial(bastion)).auth_publickey("ec2-user", old)
    nobodys = network.launch("bastion", key="")
    with pytest.raises(paramiko.AuthenticationException):
        network.start(network.dial(nobodys)).auth_publickey("ec2-user", network.key)


def test_the_host_key_is_on_the_console_and_stays(
    network: Network, bastion: str, outside: paramiko.Transport, inside: paramiko.Transport, secure: str
) -> None:
    keys = []
    for instance, transport in ((bastion, outside), (secure, inside)):
        key = transport.get_remote_server_key()
        keys.append(key)
        console = network.console(instance)
        assert f" 256 {fingerprint(key)} root@ip-10-80-10-" in console
        assert console.index("-----BEGIN SSH HOST KEY FINGERPRINTS-----") < console.index(fingerprint(key))
        assert f"\nssh-ed25519 {key.get_base64()} root@" in console
    assert keys[0] != keys[1]
    assert network.start(network.dial(bastion)).get_remote_server_key() == keys[0]
    assert network.launch("bastion") not in network.console(network.launch("bastion"))


def test_a_port_scan_and_garbage_hurt_nobody(network: Network, bastion: str) -> None:
    for garbage in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 200_000, b"SSH-2.0-x\r\n" + os.urandom(200_000)):
        with network.dial(bastion) as scanner:
            scanner.settimeout(ENOUGH)
            try:
                scanner.sendall(garbage)
                scanner.shutdown(socket.SHUT_WR)
                while scanner.recv(4096):
                    pass
            except OSError:  # the machine may have hung up already
                pass
    crowd = [network.dial(bastion) for _ in range(80)]
    for each in crowd:
        each.close()
    assert said(network.enter(bastion), "echo well").output == "well\n"
    found = status(network.state)
    assert found is not None
    assert "paramiko" not in found.log.read_text()


# Hops


def test_a_private_machine_is_reached_through_the_bastion_only(
    network: Network, outside: paramiko.Transport, inside: paramiko.Transport, secure: str
) -> None:
    assert said(inside, "echo $HOSTNAME").output == "play-secure\n"
    name = network.described(secure)["PrivateDnsName"]
    network.hop(outside, name).close()
    compute = network.launch("compute")
    with pytest.raises(paramiko.ChannelException) as error:
        network.hop(inside, network.private(compute))
    assert error.value.code == REFUSED
    network.hop(outside, network.private(compute)).close()
    network.ec2.stop_instances(InstanceIds=[compute])
    for host, port in ((network.private(compute), 22), ("10.80.99.99", 22), (network.private(secure), 6443)):
        with pytest.raises(paramiko.ChannelException) as error:
            network.hop(outside, host, port)
        assert error.value.code == REFUSED


def test_the_same_address_in_another_network_is_another_machine(network: Network) -> None:
    subnet = network.new_subnet()
    bastion = network.launch("bastion", subnet=subnet)
    other = network.launch("compute", subnet=subnet)
    first = network.launch("compute")
    assert network.private(bastion).startswith("10.80.10.")
    there = network.enter_behind(network.enter(bastion), other)
    assert said(there, "pwd").output == f"{network.folders / other}\n"
    with pytest.raises(paramiko.ChannelException):
        network.hop(there, network.private(first))


def test_a_forward_carries_bytes_both_ways_to_their_end(
    network: Network, inside: paramiko.Transport, secure: str
) -> None:
    sent = os.urandom(300_000)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost", network.private(secure)):
            channel = network.hop(inside, host, port)
            channel.settimeout(ENOUGH)
            there, _ = server.accept()
            there.settimeout(ENOUGH)
            with there, there.makefile("rb") as arriving:
                channel.sendall(sent)
                channel.shutdown_write()
                assert arriving.read() == sent
                there.sendall(sent)
                there.shutdown(socket.SHUT_WR)
                assert channel.makefile("rb").read() == sent
            channel.close()
    with pytest.raises(paramiko.ChannelException) as error:
        network.hop(inside, "127.0.0.1", port)
    assert error.value.code == REFUSED
    assert network.hop(inside, "localhost", 22).recv(7) == b"SSH-2.0"


# Shells and commands


def test_a_login_shell_on_a_terminal(inside: paramiko.Transport, secure: str) -> None:
    typist = Typist(inside, width=91, height=27)
    greeting = typist.read_to(PROMPT)
    assert secure in greeting
    assert "simulated" in greeting
    typist.type("tty; stty size; echo $TERM; shopt -q login_shell && echo lo''gin\n")
    assert "/dev/" in typist.read_to("27 91\r\n")
    typist.read_to("xterm-256color\r\nlogin\r\n")
    typist.type(f'{sys.executable} -c "{TELLS_ITS_SIZE}"\n')
    typist.read_to("ready\r\n")
    typist.channel.resize_pty(133, 44)
    typist.read_to("columns=133, lines=44")
    typist.type("mkdir in; cd in\n")
    typist.read_to("[ec2-user@play-secure in]$ ")
    typist.type("exit 9\n")
    typist.rest()
    assert typist.channel.recv_exit_status() == 9


def test_job_control(inside: paramiko.Transport) -> None:
    typist = Typist(inside)
    typist.read_to(PROMPT)
    typist.type(
        """sh -c 'trap "echo conti""nued" CONT; echo star""ted; while :; do sleep 1000 & wait; done'\n"""
    )
    typist.read_to("started")
    typist.type("\x1a")
    typist.read_to("Stopped")
    typist.read_to(PROMPT)
    typist.type("fg\n")
    typist.read_to("continued")
    typist.type("\x03")
    typist.read_to(PROMPT)
    typist.type("echo =$?=\n")
    typist.read_to("=130=")
    typist.type("""sh -c 'echo star""ted; exec cat'\n""")
    typist.read_to("started")
    typist.type("a word\n\x04")
    typist.read_to("a word\r\na word\r\n")
    typist.read_to(PROMPT)
    typist.type("\x04")
    typist.rest()
    assert typist.channel.recv_exit_status() == 0


def test_a_command_has_its_streams_its_input_and_its_code(inside: paramiko.Transport) -> None:
    answer = said(inside, "cat; echo bad >&2; tty; exit 7", b"given\n")
    assert (answer.output, answer.error, answer.code) == ("given\nnot a tty\n", "bad\n", 7)
    assert said(inside, "exec 0<&- 1>&- 2>&-; exit 3", b"x" * 300_000).code == 3
    big = b"0123456789abcdef" * 40_000
    assert said(inside, "cat", big).output.encode() == big
    typist = Typist(inside, "tty; stty size; exit 4", width=70, height=20)
    assert "/dev/" in typist.read_to("20 70\r\n")
    assert "simulated" not in typist.rest()
    assert typist.channel.recv_exit_status() == 4


def test_quick_commands_are_never_taken_for_refused(inside: paramiko.Transport) -> None:
    codes: list[int] = []

    def run() -> None:
        codes.extend(said(inside, "exit 5").code for _ in range(20))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(ENOUGH)
    assert codes == [5] * 80


def test_the_signal_that_killed_it_is_told(
    inside: paramiko.Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals: list[str] = []
    original = paramiko.Channel._handle_request  # type: ignore[attr-defined]

    def listening(channel: paramiko.Channel, message: paramiko.Message) -> None:
        start = message.get_text()
        if start == "exit-signal":
            message.get_boolean()
            signals.append(message.get_text())
        message.rewind()
        message.get_byte()
        message.get_int()
        original(channel, message)

    table = paramiko.Transport._channel_handler_table  # type: ignore[attr-defined]
    monkeypatch.setitem(table, 98, listening)
    assert said(inside, "kill -TERM $$").code == -1
    assert signals == ["TERM"]


def test_the_environment_is_a_machines_own(inside: paramiko.Transport, network: Network, secure: str) -> None:
    channel = inside.open_session(timeout=ENOUGH)
    for name, value in (("LC_TIME", "de_DE.UTF-8"), ("LD_PRELOAD", "/evil"), ("COLORTERM", "truecolor")):
        channel.set_environment_variable(name, value)
    channel.exec_command("env")
    lines = channel.makefile("r").read().decode().splitlines()
    found = dict(line.partition("=")[::2] for line in lines)
    folder = str(network.folders / secure)
    assert found["HOME"] == found["PWD"] == folder
    assert (found["USER"], found["HOSTNAME"], found["LC_TIME"]) == ("ec2-user", "play-secure", "de_DE.UTF-8")
    assert found["COLORTERM"] == "truecolor"
    assert not [name for name in found if name.startswith(("AWS", "MOTO", "PYTHON", "KUBEPLAT", "LD_PRE"))]
    assert network.lease.endpoint not in "".join(lines)


def test_a_shell_holds_nothing_of_the_sandbox_open(inside: paramiko.Transport) -> None:
    opened = said(inside, "ls -l /proc/self/fd").output
    assert "socket" not in opened
    assert opened.count("pipe:") == 3


def test_eight_sessions_at_once(inside: paramiko.Transport) -> None:
    typists = [Typist(inside) for _ in range(8)]
    for number, typist in enumerate(typists):
        typist.read_to(PROMPT)
        typist.type(f"echo =$(({number} + 100))=\n")
    for number, typist in enumerate(typists):
        typist.read_to(f"={number + 100}=")
        typist.type("exit\n")
    for typist in typists:
        typist.rest()
        assert typist.channel.recv_exit_status() == 0


def test_who_does_not_read_stops_the_program(
    network: Network, inside: paramiko.Transport, secure: str
) -> None:
    channel = inside.open_session(window_size=65_536, timeout=ENOUGH)
    channel.settimeout(ENOUGH)
    channel.exec_command("head -c 5000000 /dev/zero; touch done")
    mark = network.folders / secure / "done"
    for _ in range(10):
        said(inside, "true")
        assert not mark.exists()
    assert len(channel.makefile("rb").read()) == 5_000_000
    assert channel.recv_exit_status() == 0
    assert mark.exists()


def test_an_interrupt_in_a_flood_acts_at_once(inside: paramiko.Transport) -> None:
    typist = Typist(inside)
    typist.read_to(PROMPT)
    typist.type("yes $(seq 20 | tr -d '\\n')\n")
    typist.read_to("1234567891011121314151617181920\r\n" * 20)
    typist.type("\x03")
    typist.read_to("^C")
    typist.read_to(PROMPT)
    typist.type("echo =$(( 6 * 7 ))=\n")
    typist.read_to("=42=")
    typist.channel.close()


def test_a_keepalive_is_answered(inside: paramiko.Transport) -> None:
    # Refused as sshd refuses it: that is an answer.
    assert inside.global_request("keepalive@openssh.com", wait=True) is None
    assert inside.is_active()
    with pytest.raises(paramiko.SSHException):
        inside.request_port_forward("", 0)


# Files and agents


def test_files_go_there_and_back(
    inside: paramiko.Transport, network: Network, secure: str, tmp_path: Path
) -> None:
    sent = os.urandom(3_000_000)
    (tmp_path / "sent").write_bytes(sent)
    with paramiko.SFTPClient.from_transport(inside) as files:  # type: ignore[union-attr]
        files.get_channel().settimeout(ENOUGH)  # type: ignore[union-attr]
        home = files.normalize(".")
        assert home == os.path.realpath(network.folders / secure)
        assert files.put(str(tmp_path / "sent"), "there").st_size == len(sent)
        files.get("there", str(tmp_path / "back"))
        assert (tmp_path / "back").read_bytes() == sent
        assert (Path(home) / "there").read_bytes() == sent
        files.chmod("there", 0o640)
        files.truncate("there", 10)
        files.utime("there", (1, 2_000_000))
        found = files.stat("there")
        assert (stat.S_IMODE(found.st_mode or 0), found.st_mtime, found.st_size) == (0o640, 2_000_000, 10)
        files.mkdir("folder")
        files.rename("there", "folder/moved")
        files.symlink("folder/moved", "link")
        assert files.readlink("link") == "folder/moved"
        assert stat.S_ISLNK(files.lstat("link").st_mode or 0)
        assert {"folder", "link"} <= set(files.listdir("."))
        with files.open("other", "w") as file:
            file.write("new")
        with pytest.raises(OSError, match="Failure"):
            files.rename("other", "folder/moved")
        files.posix_rename("other", "folder/moved")
        with files.open("folder/moved", "a") as file:
            file.write("er")
        with files.open("folder/moved") as file:
            assert file.read() == b"newer"
            assert file.stat().st_size == 5
        for name in ("link", "folder/moved"):
            files.remove(name)
        files.rmdir("folder")
        with pytest.raises(FileNotFoundError):
            files.stat("folder")
        with pytest.raises(FileNotFoundError):
            files.open("nothing")
    assert said(inside, "ls").output.split() == sorted(
        {"done", "in"} & {path.name for path in Path(home).iterdir()}
    )


def test_an_agent_is_forwarded_for_its_session_only(inside: paramiko.Transport) -> None:
    asked: list[bytes] = []

    def agent(channel: paramiko.Channel) -> None:
        def answer() -> None:
            asked.append(channel.recv(100))
            channel.sendall(b"\0\0\0\5\x0c\0\0\0\0")  # no identities
            channel.close()

        threading.Thread(target=answer, daemon=True).start()

    channel = inside.open_session(timeout=ENOUGH)
    channel.settimeout(ENOUGH)
    channel.request_forward_agent(agent)
    ask = (
        "import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(os.environ['SSH_AUTH_SOCK'])\n"
        "s.sendall(b'\\0\\0\\0\\1\\x0b'); print(s.recv(100).hex(), os.environ['SSH_AUTH_SOCK'])"
    )
    channel.exec_command(f'{sys.executable} -c "{ask}"')
    identities, place = channel.makefile("r").read().decode().split()
    assert channel.recv_exit_status() == 0
    assert (identities, asked) == ("000000050c00000000", [b"\0\0\0\1\x0b"])
    assert stat.S_IMODE(Path(place).parent.stat().st_mode) == 0o700
    said(inside, "true")
    assert not Path(place).exists()
    assert said(inside, "echo ${SSH_AUTH_SOCK-none}").output == "none\n"


# As the application comes


def test_the_applications_own_connection_finds_its_way_and_notices_the_end(
    network: Network, bastion: str, tmp_path: Path
) -> None:
    site = replace(make_site(tmp_path), cloud=network.cloud, environ={})
    place = site.folders.secrets / "locked"
    place.mkdir(parents=True, mode=0o700)
    (place / "id_ed25519").write_bytes(network.private_key)
    compute = network.launch("compute")
    tags = [{"Key": "Env", "Value": site.environment.name}]
    network.ec2.create_tags(Resources=[bastion, compute], Tags=tags)
    inventory = Inventory(network.cloud, site.environment.name)
    connections = Connections(site, inventory.instances)
    network.stack.callback(connections.close)
    person = Person()
    connection = connections.connect(connections.find("compute"), person)
    assert [question.console for question in person.asked] == [ConsoleAnswer.MATCHES] * 2
    killed = connection.command("kill -TERM $$").wait(ENOUGH)
    assert killed is not None
    assert killed.signal == "TERM"
    assert connection.ping(ENOUGH) < ENOUGH
    shell = connection.shell(Size(80, 24))
    network.ec2.terminate_instances(InstanceIds=[compute])
    end = shell.wait(ENOUGH)
    assert end is not None
    assert end.lost


# How it ends


class Daemon:
    """A process on a machine that outlives its session, as tmux's server does."""

    def __init__(self, transport: paramiko.Transport, folder: Path) -> None:
        assert said(transport, "mkfifo -m 600 life").code == 0
        # Whoever has the other end of its pipe is told when it ends.
        self.life = os.open(folder / "life", os.O_RDONLY | os.O_NONBLOCK)
        program = "echo $$ >&3; exec sleep 1000"
        assert (
            said(transport, f"setsid nohup sh -c '{program}' 3>life </dev/null >/dev/null 2>&1 &").code == 0
        )
        self.process = int(self._read())

    def _read(self) -> bytes:
        readable, _, _ = select.select([self.life], [], [], ENOUGH)
        assert readable, "it still lives"
        return os.read(self.life, 100)

    def wait_ended(self) -> None:
        assert self._read() == b""
        os.close(self.life)


def test_a_session_that_is_closed_takes_its_program_along(
    inside: paramiko.Transport, network: Network, secure: str
) -> None:
    daemon = Daemon(inside, network.folders / secure)
    typist = Typist(inside, "exec 3>life; trap '' HUP; echo ready; exec sleep 1000")
    typist.read_to("ready")
    os.kill(daemon.process, 9)
    typist.channel.close()
    daemon.wait_ended()


def test_a_terminated_machine_ends_with_everything_in_it(
    network: Network, outside: paramiko.Transport
) -> None:
    compute = network.launch("compute")
    transport = network.enter_behind(outside, compute)
    typist = Typist(transport)
    typist.read_to("[ec2-user@play-compute ~]$ ")
    folder = network.folders / compute
    left = Daemon(transport, folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
    assert left.process in set(at_home(folder))
    key = transport.get_remote_server_key()
    network.ec2.terminate_instances(InstanceIds=[compute])
    typist.rest()
    left.wait_ended()
    assert not folder.exists()
    assert key.get_base64() not in network.console(network.launch("compute"))


def test_a_rebooted_machine_keeps_its_files_and_its_key(
    network: Network, outside: paramiko.Transport
) -> None:
    compute = network.launch("compute")
    transport = network.enter_behind(outside, compute)
    said(transport, "echo kept > file")
    left, key = Daemon(transport, network.folders / compute), transport.get_remote_server_key()
    channel = transport.open_session(timeout=ENOUGH)
    channel.settimeout(ENOUGH)
    channel.exec_command("sleep 1000")
    network.ec2.reboot_instances(InstanceIds=[compute])
    assert channel.recv(1) == b""
    left.wait_ended()
    again = network.enter_behind(outside, compute)
    assert again.get_remote_server_key() == key
    assert said(again, "cat file").output == "kept\n"


def test_a_bastion_that_is_terminated_closes_its_port(network: Network) -> None:
    bastion = network.launch("bastion")
    address = network.lease.address(network.public(bastion), 22)
    channel = network.hop(network.enter(bastion), "localhost")
    channel.settimeout(ENOUGH)
    assert channel.recv(3) == b"SSH"
    network.ec2.terminate_instances(InstanceIds=[bastion])
    while channel.recv(4096):
        pass
    with pytest.raises(ConnectionError):
        socket.create_connection(address, ENOUGH).recv(1)


def test_the_sandboxs_end_leaves_nothing(tmp_path: Path) -> None:
    network = Network(tmp_path / "state")
    bastion = network.launch("bastion")
    transport = network.enter(bastion)
    Typist(transport).read_to("~]$ ")
    left = Daemon(transport, network.folders / bastion)
    network.close()
    with pytest.raises(ConnectionRefusedError, match="has ended"):
        network.lease.address("8.8.8.8", 22)
    left.wait_ended()
    assert not list(at_home(network.folders))
    assert {path.name for path in (tmp_path / "state" / "sandbox").iterdir()} == {
        "aws.log",
        "child.lock",
        "start.lock",
    }


def test_what_a_killed_sandbox_left_is_cleaned_at_the_next_start(tmp_path: Path) -> None:
    network = Network(tmp_path / "state")
    bastion = network.launch("bastion")
    left = Daemon(network.enter(bastion), network.folders / bastion)
    found = status(network.state)
    assert found is not None
    os.kill(found.pid, 9)
    network.cloud.close()
    wait_ended(network.state)
    assert left.process in set(at_home(network.folders))
    lease = LocalSandbox(network.state).open()
    try:
        left.wait_ended()
        assert not network.folders.exists()
        assert not Places.of(network.state).sockets.exists()
    finally:
        lease.close()
        stop(network.state)
        network.close()


def test_nothing_of_ssh_is_loaded_before_somebody_connects() -> None:
    code = (
        "import sys; from pathlib import Path; from kubeplat_tui.sandbox.machines.network import Network\n"
        "assert 'paramiko' not in sys.modules, 'slow'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
