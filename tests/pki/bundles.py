"""A whole bundle to test with, made once a process."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubeplat_tui.services.pki import bundle
from kubeplat_tui.services.pki.names import ClusterNames, Member

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

NAMES = ClusterNames(
    environment="demo",
    public_api="kube-demo.example.com",
    internal_api="kube.demo.internal",
    service_address="10.200.0.1",
    members=(
        Member("0", "etcd0.demo.internal", "10.80.10.100"),
        Member("1", "etcd1.demo.internal", "10.80.11.100"),
        Member("2", "etcd2.demo.internal", "10.80.12.100"),
    ),
)


@functools.cache
def _made() -> dict[str, bytes]:
    return bundle.make_missing(NAMES, {}, NOW).writes


def made() -> dict[str, bytes]:
    """The bundle of `NAMES`, made at `NOW`; the caller's own to change."""
    return dict(_made())


@functools.cache
def _stranger() -> dict[str, bytes]:
    return bundle.make_missing(NAMES, {}, NOW).writes


def stranger() -> dict[str, bytes]:
    """Another bundle of the same names: every file of it is foreign to `made`."""
    return dict(_stranger())


def write_to(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Put the files below `folder`, readable by their owner only, and return it."""
    for key, data in files.items():
        path = folder / key
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(data)
    return folder
