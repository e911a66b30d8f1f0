"""`forward`: what is asked for, what is said meanwhile, and how it ends."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui import cli
from kubeplat_tui.commands.forward import spec
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.ssh import api_forward
from kubeplat_tui.services.ssh.forward_model import ForwardKind
from kubeplat_tui.services.ssh.forward_model import place as shown
from tests.unit.cli_support import plain_environment
from tests.unit.secret_files import kubeconfig
from tests.unit.ssh_verbs import Place
from tests.unit.ssh_verbs_shell import SshShell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["plain_environment"]
pytestmark = pytest.mark.usefixtures("plain_environment")

PORT = re.compile(r"127\.0\.0\.1:([0-9]+) to (\S+).* is open")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    made.know()
    yield made
    made.close()


@pytest.fixture
def shell(place: Place, monkeypatch: pytest.MonkeyPatch) -> SshShell:
    return SshShell(place, monkeypatch)


@pytest.fixture
def echo() -> Iterator[int]:
    """A server on this computer that answers each line in capitals; its port."""

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client, client.makefile("rwb") as lines:
                for line in lines:
                    lines.write(line.upper())
                    lines.flush()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


class Heard(io.StringIO):
    """A stream that calls `heard` with every line that is complete."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        super().__init__()
        self._heard = heard
        self._rest = ""

    def write(self, text: str) -> int:
        super().write(text)
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._heard(line)
        return len(text)


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def forwarding(shell: SshShell, when: Callable[[str], None], *arguments: str) -> Ran:
    """Run `forward` and call `when`, in a thread, with every line it prints."""
    threads: list[threading.Thread] = []

    def heard(line: str) -> None:
        thread = threading.Thread(target=when, args=(line,))
        threads.append(thread)
        thread.start()

    out, err = Heard(heard), Heard(heard)
    intents = shell.place.intents()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO())
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        code = cli.main(["forward", *arguments], make_intents=lambda: intents, open_application=lambda _: 0)
    for thread in threads:
        thread.join(10)
    return Ran(code, out.getvalue(), err.getvalue())


def interrupt() -> None:
    """ctrl+c."""
    os.kill(os.getpid(), signal.SIGINT)


def said(port: int, line: str) -> str:
    """What comes back from a port for one line, to its end."""
    with socket.create_connection(("127.0.0.1", port), 10) as client, client.makefile("rb") as lines:
        client.sendall(f"{line}\n".encode())
        client.shutdown(socket.SHUT_WR)
        return lines.read().decode().strip()


def test_bytes_go_through_until_ctrl_c(shell: SshShell, echo: int) -> None:
    answers: list[str] = []

    def when(line: str) -> None:
        if found := PORT.search(line):
            answers.append(said(int(found[1]), "hello"))
            interrupt()

    ran = forwarding(shell, when, "master", f"0:localhost:{echo}")
    assert (ran.code, ran.out, answers) == (0, "", ["HELLO"])
    assert f" to localhost:{echo} is open" in ran.err
    assert "Until ctrl+c." in ran.err
    assert "6 B received, 6 B sent, 1 connection\n" in ran.err


def test_a_proxy_and_a_forward_at_once_as_json(shell: SshShell, echo: int) -> None:
    ports: dict[str, int] = {}

    def when(line: str) -> None:
        document = json.loads(line)
        if document["state"] == "open":
            ports[document["spec"]["kind"]] = document["bound_port"]
            if len(ports) == 2:
                interrupt()

    ran = forwarding(shell, when, "master", f"localhost:{echo}", "--socks", "0", "--json")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 0
    assert [line["state"] for line in lines] == ["open", "open", "closed", "closed"]
    assert set(ports) == {"local", "dynamic"}
    assert all(line["spec"]["via"] == "i-0100" for line in lines)


def test_a_lost_connection_ends_it_with_1(shell: SshShell, place: Place, echo: int) -> None:
    def when(line: str) -> None:
        if PORT.search(line):
            place.bastion.cut()

    ran = forwarding(shell, when, f"localhost:{echo}")
    assert ran.code == 1
    assert " is lost: " in ran.err


def test_the_api_with_a_kubeconfig_that_goes_with_it(
    shell: SshShell, place: Place, echo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_forward, "PORT", echo)
    monkeypatch.setattr(
        api_forward, "names_of", lambda site: type("Names", (), {"internal_api": "localhost"})
    )
    folder = place.site.folders.secrets / "locked"
    (folder / "admin.kubeconfig").write_bytes(kubeconfig())
    files: list[bytes] = []

    def when(line: str) -> None:
        if line.startswith("export KUBECONFIG="):
            files.append(place.site.folders.ssh.joinpath("kubeconfig").read_bytes())
            interrupt()

    ran = forwarding(shell, when, "--api")
    assert ran.code == 0, ran.err
    path = place.site.folders.ssh / "kubeconfig"
    assert ran.out == f"export KUBECONFIG={path}\n"
    assert b"tls-server-name: localhost" in files[0]
    assert not path.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Nothing was said to forward."),
        (["master"], "Nothing was said to forward."),
        (["master", "i-0120", "1:h:2"], "Two machines were named: master and i-0120."),
        (["1:2:3:4"], "1:2:3:4 does not say what to forward. Forwards listen on 127.0.0.1 only"),
        (["h:70000"], "70000 is no port of the target."),
        (["70000:h:1"], "70000 is no port of this computer."),
        (["nobody", "1:h:2"], "There is no machine nobody."),
    ],
)
def test_bad_usage(shell: SshShell, words: list[str], sentence: str) -> None:
    ran = shell.run("forward", *words)
    assert ran.code == 2
    assert sentence in ran.err


def test_a_port_that_is_taken(shell: SshShell, echo: int) -> None:
    ran = shell.run("forward", f"{echo}:localhost:1")
    assert ran.code == 2
    assert str(echo) in ran.err


def test_an_environment_without_machines(shell: SshShell, place: Place) -> None:
    place.machines.all.clear()
    ran = shell.run("forward", "localhost:1")
    assert ran.code == 2
    assert "demo has no machines." in ran.err


@pytest.mark.parametrize(
    ("word", "local", "host", "port"),
    [
        ("8080:10.80.10.100:80", 8080, "10.80.10.100", 80),
        ("kube.demo:6443", 0, "kube.demo", 6443),
        ("0:h:1", 0, "h", 1),
        ("8080:80", 8080, "localhost", 80),
        ("1:[::1]:2", 1, "::1", 2),
        ("[fd00::1]:2", 0, "fd00::1", 2),
    ],
)
def test_what_leads_where(word: str, local: int, host: str, port: int) -> None:
    found = spec(word)
    assert (found.kind, found.bind_port, found.host, found.port) == (ForwardKind.LOCAL, local, host, port)


HOSTS = st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True) | st.sampled_from(["::1", "fd00::a"])


@given(st.integers(0, 65535), HOSTS, st.integers(1, 65535))
def test_a_forward_is_read_as_it_is_written(local: int, host: str, port: int) -> None:
    found = spec(f"{local}:{shown(host, port)}")
    assert (found.bind_port, found.host, found.port) == (local, host, port)


@given(st.text(st.sampled_from("0123456789:[]a.-"), max_size=12))
def test_every_word_is_read_or_refused(word: str) -> None:
    try:
        found = spec(word)
    except InputError:
        return
    assert found.host
