"""A real etcd cluster of three runs on the bundle as it is, and refuses whoever has no certificate of its authority."""

from __future__ import annotations

import dataclasses
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.pki import bundle
from kubeplat_tui.services.pki.names import Member
from tests.pki import etcd
from tests.pki.bundles import write_to

if TYPE_CHECKING:
    from collections.abc import Iterator

ELSEWHERE = "127.0.0.3"
"""An address of this computer that no member has."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[etcd.Running]:
    """The cluster. A fourth member, which does not run, has a certificate for another address."""
    folder = tmp_path_factory.mktemp("bundle")
    members = (*etcd.NAMES.members, Member("3", "etcd3.demo.invalid", ELSEWHERE))
    names = dataclasses.replace(etcd.NAMES, members=members)
    write_to(folder, bundle.make_missing(names, {}, datetime.now(UTC)).writes)
    with etcd.cluster(folder, tmp_path_factory.mktemp("etcd")) as running:
        yield running


@pytest.mark.parametrize("client", ["etcd-healthcheck-client", "apiserver-etcd-client"])
def test_every_member_is_healthy(running: etcd.Running, client: str) -> None:
    done = running.etcdctl(client, "endpoint", "health")
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).count("is healthy") == 3


def test_the_api_server_writes_and_reads(running: etcd.Running) -> None:
    assert running.etcdctl("apiserver-etcd-client", "put", "/registry/a", "written").returncode == 0
    assert "written" in running.etcdctl("apiserver-etcd-client", "get", "/registry/a").stdout


def test_all_three_are_members(running: etcd.Running) -> None:
    listed = running.etcdctl("etcd-healthcheck-client", "member", "list").stdout.splitlines()
    assert len(listed) == 3
    assert all(", started, " in line for line in listed)


@pytest.mark.parametrize("path", ["/health", "/version"])
def test_a_client_of_etcds_authority_is_let_in(running: etcd.Running, path: str) -> None:
    client = running.folder / "secure/etcd-healthcheck-client"
    assert [running.get(port, path, client) for port in running.clients] == [200, 200, 200]


def test_a_client_without_a_certificate_is_refused(running: etcd.Running) -> None:
    for port in (*running.clients, *running.peers):
        with pytest.raises(OSError, match=r"(?i)certificate|reset|closed"):
            running.get(port, "/health", None)


@pytest.mark.parametrize("name", ["apiserver-kubelet-client", "kube-auth-client", "front-proxy-client"])
def test_a_client_of_another_authority_is_refused(running: etcd.Running, name: str) -> None:
    for port in (*running.clients, *running.peers):
        with pytest.raises(OSError, match=r"(?i)certificate|reset|closed"):
            running.get(port, "/health", running.folder / "secure" / name)


def test_a_peer_is_let_in_from_the_address_in_its_certificate_alone(running: etcd.Running) -> None:
    """What a master with two interfaces meets: etcd looks at the address that a peer calls from."""
    with socket.socket() as probe:
        try:
            probe.bind((ELSEWHERE, 0))
        except OSError:
            pytest.skip(f"this computer has no address {ELSEWHERE}")
    peer, port = running.folder / "secure/etcd-3-peer", running.peers[0]
    assert running.get(port, "/version", peer, source=ELSEWHERE) == 200
    with pytest.raises(OSError, match=r"(?i)reset|closed"):
        running.get(port, "/version", peer, source="127.0.0.1")
