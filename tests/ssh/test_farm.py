"""The farm itself: hosts that only the bastion reaches, and nothing left when its maker is gone."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ssh.debian import program, root_of
from tests.ssh.farm import ADDRESSES, BY_WIRE
from tests.terminal.driver import until

if TYPE_CHECKING:
    from tests.ssh.farm import Farm

CHECKOUT = Path(__file__).parents[2]

MAKER = """\
import pathlib, signal, sys
from tests.ssh.farm import Farm, is_server
farm = Farm(pathlib.Path(sys.argv[1]))
machines = [farm.switch, farm.client, *farm.servers.values()]
print(*[machine.pid for machine in machines], *[pid for each in machines for pid in each.processes(is_server)])
sys.stdout.flush()
signal.pause()
"""


def test_only_the_bastions_are_reached_from_the_client(farm: Farm) -> None:
    for name in ("bastion-1", "bastion-2"):
        with farm.client.dial(ADDRESSES[name][0], 22, 5) as connection:
            assert connection.recv(4) == b"SSH-"
    for name in ("secure-1", "compute-1"):
        with pytest.raises(OSError, match="unreachable"):
            farm.client.dial(ADDRESSES[name][1], 22, 5)
        with farm.bastion.dial(ADDRESSES[name][1], 22, 5) as connection:
            assert connection.recv(4) == b"SSH-"


def test_a_cut_wire_carries_nothing_and_a_mended_one_what_was_sent(farm: Farm) -> None:
    with farm.client.dial(BY_WIRE, 22, 5) as connection:
        connection.recv(100)
        connection.settimeout(0.5)
        with farm.wire.being(cut=True):
            connection.send(b"SSH-2.0-test\r\n")
            with pytest.raises(TimeoutError):
                connection.recv(100)
        connection.settimeout(10)
        assert connection.recv(100)  # the server's key exchange, once the client's words are sent again


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_the_maker_is_killed(farm: Farm, tmp_path: Path, number: signal.Signals) -> None:
    """Beside the running farm, which has the same addresses and is not disturbed."""
    with subprocess.Popen(
        [sys.executable, "-c", MAKER, tmp_path / "other"], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as maker:
        assert maker.stdout is not None
        pids = [int(word) for word in maker.stdout.readline().split()]
        assert len(pids) == 6 + 4
        maker.send_signal(number)
        maker.wait()
    assert until(lambda: not [pid for pid in pids if _lives(pid)], within=10)
    assert farm.bastion.run("hostname") == "bastion-1\n"


def test_programs_that_are_missing_are_fetched(farm: Farm, tmp_path: Path) -> None:
    """With a PATH that lacks them, as on a computer without the packages; they run with their own libraries."""
    sshd = program("sshd", path=str(tmp_path), cache=tmp_path / "cache")
    assert root_of(sshd) == tmp_path / "cache" / "openssh-server"
    said = subprocess.run([sshd, "-V"], capture_output=True, text=True, check=False)
    assert "OpenSSH_" in said.stderr, said


def _lives(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
