"""The SSH service beside OpenSSH's own client, to one machine through one bastion: both real servers in network
namespaces (tests/ssh/farm.py), in turns, with the same keys and known hosts.

Connecting: from nothing to the end of `true` on the machine. Ours is the service in a program that runs, as the
application is; the peer is `ssh -J` as a process. Once more with 50 ms of delay each way to the bastion. A second
machine, with the connection to the bastion there: the peer shares its own by ControlMaster.

Throughput, over connections that stand (the peer's by ControlMaster): what a command writes, read by the service,
beside `ssh` to a pipe; a file by SFTP both ways, beside `sftp -b`.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.result import compared
from kubeplat_tui.services.ssh import files
from tests.ssh.debian import program
from tests.ssh.driving import Place
from tests.ssh.farm import ADDRESSES, BY_WIRE, INSTANCES, Farm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.result import Result
    from kubeplat_tui.services.ssh.connection import Connection

CONNECTS, FAR_CONNECTS, TRANSFERS = 10, 3, 5
ONE_WAY_SECONDS = 0.05
SIZE = 64 << 20
PIECE = 1 << 15
BENCHMARK = "ssh"

OPENSSH = """\
Host *
  User root
  IdentityFile {farm.key}
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  GlobalKnownHostsFile /dev/null
  LogLevel ERROR
Host bastion
  HostName {bastion}
  HostKeyAlias {aliases[bastion-1]}
  {sharing}
Host machine
  HostName {machine}
  HostKeyAlias {aliases[secure-1]}
  ProxyJump bastion
  {standing}
"""
SHARING = "ControlMaster auto\n  ControlPath {folder}/control-%n\n  ControlPersist yes"


class Pair:
    """Ours and the peer, ready to be timed."""

    def __init__(self, farm: Farm, folder: Path) -> None:
        self.farm = farm
        self.folder = folder
        self.place = Place.on(farm, folder)
        hosts = (f"{alias} {farm.servers[name].host_key}\n" for name, alias in INSTANCES.items())
        (folder / "known_hosts").write_text("".join(hosts))
        self.place.connect()  # knows the hosts from now on
        self.place.close()
        self.place.made.clear()

    def config(self, name: str, bastion: str, *shared: str) -> Path:
        """A configuration of OpenSSH's client. The connections to `shared` are kept and shared."""
        path = self.folder / name
        text = OPENSSH.format(
            farm=self.farm,
            folder=self.folder,
            bastion=bastion,
            machine=ADDRESSES["secure-1"][1],
            aliases=INSTANCES,
            sharing=SHARING.format(folder=self.folder) if "bastion" in shared else "",
            standing=SHARING.format(folder=self.folder) if "machine" in shared else "",
        )
        path.write_text(text)
        return path

    @contextlib.contextmanager
    def shared(self, host: str) -> Iterator[Path]:
        """A configuration whose connection to `host` stands while the block runs."""
        config = self.config(f"shared-{host}", ADDRESSES["bastion-1"][0], host)
        self.farm.client.run(program("ssh"), "-F", config, "-fN", host)
        try:
            yield config
        finally:
            self.farm.client.tried(program("ssh"), "-F", config, "-O", "exit", host)

    def peer(self, *words: str | Path) -> None:
        """Run a command of OpenSSH's in the client's namespace."""
        self.farm.client.run(program(str(words[0])), *words[1:])


def measure() -> list[Result]:
    """All of it; half a minute."""
    with tempfile.TemporaryDirectory(prefix="kubeplat-benchmark-") as place:
        folder = Path(place)
        farm = Farm(folder / "farm")
        try:
            pair = Pair(farm, folder)
            return [
                *_connects(pair),
                *_far_connects(pair),
                *_second_machine(pair),
                *_output(pair),
                *_files(pair),
            ]
        finally:
            farm.close()


def _connects(pair: Pair) -> list[Result]:
    config = pair.config("near", ADDRESSES["bastion-1"][0])
    ours, peer = _in_turns(
        CONNECTS, lambda: _connect(pair), lambda: pair.peer("ssh", "-F", config, "machine", "true")
    )
    return [compared(BENCHMARK, "connect and run true", ours, peer, unit="s", peer_name="ssh -J")]


def _far_connects(pair: Pair) -> list[Result]:
    config = pair.config("far", BY_WIRE)
    pair.place.by_wire(BY_WIRE)
    with pair.farm.wire.being(delay=ONE_WAY_SECONDS):
        ours, peer = _in_turns(
            FAR_CONNECTS, lambda: _connect(pair), lambda: pair.peer("ssh", "-F", config, "machine", "true")
        )
    pair.place.instances = pair.farm.instances()
    return [compared(BENCHMARK, "the same, 100 ms away", ours, peer, unit="s", peer_name="ssh -J")]


def _second_machine(pair: Pair) -> list[Result]:
    def again() -> None:
        with contextlib.closing(pair.place.connect()) as connection:
            connection.command("true").wait()

    with pair.shared("bastion") as config, _connected(pair, "compute-1"):
        ours, peer = _in_turns(CONNECTS, again, lambda: pair.peer("ssh", "-F", config, "machine", "true"))
    name = "ssh -J, ControlMaster on the bastion"
    return [compared(BENCHMARK, "a second machine, run true", ours, peer, unit="s", peer_name=name)]


def _output(pair: Pair) -> list[Result]:
    command = f"head -c {SIZE} /dev/zero"
    with pair.shared("machine") as config, _connected(pair) as connection:

        def read() -> None:
            shell = connection.command(command)
            arrived = 0
            while data := shell.read(PIECE):
                arrived += len(data)
            shell.close()
            _check(arrived)

        def peer() -> None:
            done = subprocess.run(
                pair.farm.client.command(program("ssh"), "-F", config, "machine", command),
                env=pair.farm.client.environ(),
                capture_output=True,
                check=True,
            )
            _check(len(done.stdout))

        ours, theirs = _in_turns(TRANSFERS, read, peer)
    return [_rate("output of a command", ours, theirs, "ssh to a pipe")]


def _files(pair: Pair) -> list[Result]:
    here, there = pair.folder / "file", pair.farm.servers["secure-1"].home / "file"
    results = []
    with pair.shared("machine") as config, _connected(pair) as connection:
        for verb in ("put", "get"):
            source, target = (here, there) if verb == "put" else (there, here)
            with source.open("wb") as file:
                file.truncate(SIZE)

            def ours_once(verb: str = verb, target: Path = target) -> None:
                target.unlink(missing_ok=True)
                if verb == "put":
                    files.put(connection, here, "file")
                else:
                    files.get(connection, "file", here)
                _check(target.stat().st_size)

            def peer_once(verb: str = verb, target: Path = target) -> None:
                target.unlink(missing_ok=True)
                arguments = (
                    f"{verb} {here if verb == 'put' else 'file'} {'file' if verb == 'put' else here}\n"
                )
                pair.farm.client.run(
                    program("sftp"), "-F", config, "-q", "-b", "-", "machine", text=arguments
                )
                _check(target.stat().st_size)

            ours, theirs = _in_turns(TRANSFERS, ours_once, peer_once)
            results.append(_rate(f"sftp {verb}", ours, theirs, "sftp"))
            source.unlink(missing_ok=True)
            target.unlink(missing_ok=True)
    return results


def _connect(pair: Pair) -> None:
    connections = pair.place.front_end()
    connections.connect(pair.place.instance("secure-1"), pair.place.person).command("true").wait()
    connections.close()
    pair.place.made.remove(connections)


@contextlib.contextmanager
def _connected(pair: Pair, name: str = "secure-1") -> Iterator[Connection]:
    try:
        yield pair.place.connect(name)
    finally:
        pair.place.close()
        pair.place.made.clear()


def _in_turns(
    count: int, ours: Callable[[], None], peer: Callable[[], None]
) -> tuple[list[float], list[float]]:
    """Seconds of each, after one that is not measured."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(count + 1):
        for samples, once in zip(seconds, (ours, peer), strict=True):
            begun = time.monotonic()
            once()
            if number:
                samples.append(time.monotonic() - begun)
    return seconds


def _rate(what: str, ours: list[float], peer: list[float], peer_name: str) -> Result:
    """MB a second: more is better."""
    rates = [[SIZE / 1e6 / each for each in samples] for samples in (ours, peer)]
    return compared(BENCHMARK, f"{what}, {SIZE >> 20} MiB", *rates, unit="MB/s", peer_name=peer_name)


def _check(arrived: int) -> None:
    if arrived != SIZE:
        raise RuntimeError(f"{arrived} of {SIZE} bytes arrived")
