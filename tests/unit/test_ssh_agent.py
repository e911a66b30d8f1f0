"""Keys into a real ssh-agent, and what becomes of it where there is none or an odd one."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.ssh import agent
from kubeplat_tui.services.ssh_passphrase import fingerprint, protect

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_agent = pytest.mark.skipif(shutil.which("ssh-agent") is None, reason="ssh-agent is not installed")
KEY = keys.generate_ssh()
HOUR = 3600


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for a socket's."""
    with tempfile.TemporaryDirectory(prefix="kp-") as folder:
        yield Path(folder)


@pytest.fixture
def running(short: Path) -> Iterator[dict[str, str]]:
    """The environment variables of an agent of the test's own."""
    place = short / "agent"
    with subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(place)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it says where it listens
        yield {"SSH_AUTH_SOCK": str(place), "PATH": os.environ["PATH"]}
        process.send_signal(signal.SIGTERM)


def listed(environ: dict[str, str]) -> str:
    """What ssh-add sees."""
    return subprocess.run(["ssh-add", "-l"], env=environ, capture_output=True, text=True, check=False).stdout


@needs_agent
def test_an_added_key_is_there_and_has_a_lifetime(running: dict[str, str]) -> None:
    assert agent.keys(running) == ()
    agent.add_key(running, KEY, "kubeplat demo", HOUR)
    shown = fingerprint(keys.ssh_public("key", KEY))
    assert listed(running).split()[1:4] == [shown, "kubeplat", "demo"]
    (found,) = agent.keys(running)
    assert (found.key.kind, found.key.fingerprint, found.comment) == ("ssh-ed25519", shown, "kubeplat demo")
    agent.add_key(running, KEY, "kubeplat again", 1)  # the same key: a new lifetime, not a second one
    assert len(agent.keys(running)) == 1


@needs_agent
def test_the_agent_signs_with_it(running: dict[str, str], short: Path) -> None:
    agent.add_key(running, KEY, "kubeplat demo", HOUR)
    public, message = short / "key.pub", short / "message"
    public.write_text(keys.ssh_public("key", KEY))
    message.write_text("hello")
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-f", public, "-n", "test", message], env=running, check=True
    )
    assert (short / "message.sig").exists()


@needs_agent
def test_it_is_forgotten_when_its_time_is_over(running: dict[str, str]) -> None:
    agent.add_key(running, KEY, "kubeplat demo", 1)
    while agent.keys(running):  # an agent tells nobody: it can only be asked
        pass
    assert "no identities" in listed(running)


@needs_agent
def test_a_locked_agent_takes_no_key(running: dict[str, str], short: Path) -> None:
    ask = short / "ask"
    ask.write_text("#!/bin/sh\necho secret\n")
    ask.chmod(0o700)
    locking = running | {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
    subprocess.run(["ssh-add", "-x"], env=locking, check=True, capture_output=True)
    with pytest.raises(agent.AgentError, match="did not take the key"):
        agent.add_key(running, KEY, "kubeplat demo", HOUR)


def test_no_agent_at_all(tmp_path: Path) -> None:
    with pytest.raises(agent.NoAgentError, match="SSH_AUTH_SOCK is not set"):
        agent.keys({})
    with pytest.raises(agent.NoAgentError, match="No ssh-agent answers"):
        agent.add_key({"SSH_AUTH_SOCK": str(tmp_path / "gone")}, KEY, "", HOUR)


@pytest.mark.parametrize("seconds", [0, -1, 2**32])
def test_a_time_that_cannot_be(seconds: int) -> None:
    with pytest.raises(InputError, match="cannot be kept"):
        agent.add_key({}, KEY, "", seconds)


def test_a_key_under_its_passphrase_or_none_at_all() -> None:
    for key in (protect(KEY, "a passphrase"), b"nothing"):
        with pytest.raises(InputError, match="cannot be read"):
            agent.add_key({}, key, "", HOUR)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0\0\0\0",
        b"\0\0\0\1",
        b"\xff\xff\xff\xff",
        b"\0\0\0\1\x07",
        b"\0\0\0\5\x0c\0\0\0\1",
        b"\0\0\0\2\x0c\0",
    ],
)
def test_what_an_odd_agent_says_is_an_error(short: Path, answer: bytes) -> None:
    place = short / "agent"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place))
        server.listen()

        def serve() -> None:
            client, _ = server.accept()
            with client:
                client.recv(100)
                client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(agent.AgentError):
            agent.keys({"SSH_AUTH_SOCK": str(place)})
        thread.join()
