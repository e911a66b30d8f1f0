"""The farm itself: hosts that only the bastion reaches, and nothing left when its maker is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ssh.debian import MissingProgramError, program, root_of
from tests.ssh.farm import ADDRESSES, BY_WIRE
from tests.terminal.driver import processes_of, until

if TYPE_CHECKING:
    from tests.ssh.farm import Farm

CHECKOUT = Path(__file__).parents[2]

MAKER = """\
import pathlib, signal, sys
from tests.ssh.farm import Farm
farm = Farm(pathlib.Path(sys.argv[1]))
print("made", flush=True)
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
    other = tmp_path / "other"
    with subprocess.Popen(
        [sys.executable, "-c", MAKER, other], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "made\n"
        assert sum(line.startswith("sshd") for line in processes_of(str(other))) == 4
        maker.send_signal(number)
        maker.wait()
    assert until(lambda: not processes_of(str(other)), within=10)
    assert farm.bastion.run("hostname") == "bastion-1\n"


def test_programs_that_are_missing_are_fetched(tmp_path: Path) -> None:
    """With a PATH that lacks them, as on a computer without the packages; they run with their own libraries."""
    try:
        sshd = program("sshd", path=str(tmp_path), cache=tmp_path / "cache")
    except MissingProgramError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{error}")
    assert root_of(sshd) == tmp_path / "cache" / "openssh-server"
    said = subprocess.run([sshd, "-V"], capture_output=True, text=True, check=False)
    assert "OpenSSH_" in said.stderr, said
