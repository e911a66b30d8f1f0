"""The words of a forward: what is asked for, how it stands, and what it needs of a connection."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import paramiko

    from kubeplat_tui.services.ssh.model import LinkStatus

LOOPBACK = "127.0.0.1"
"""The only address that a forward listens on."""


class ForwardKind(StrEnum):
    """What a forward leads to: one target, or whatever each client asks for by SOCKS."""

    LOCAL = "local"
    DYNAMIC = "dynamic"


class ForwardState(StrEnum):
    """How a forward stands, by its last probe or connection."""

    STARTING = "starting"
    OPEN = "open"
    FAILING = "failing"
    """The last probe or connection failed, or the machine is silent. It still listens, and recovers by itself."""
    LOST = "lost"
    """The connection is gone, and with it the listening port. A restart brings it back on the same one."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ForwardSpec:
    """What is asked for. `bind_port` 0 takes a free one; `via` is an instance id, "" for a bastion.

    `host` and `port` are the target of a LOCAL forward as the machine at the other end knows it.
    """

    kind: ForwardKind
    bind_port: int = 0
    host: str = ""
    port: int = 0
    via: str = ""
    label: str = ""

    @property
    def target(self) -> str:
        """`host:port`, with brackets around an IPv6 address; `SOCKS` where the clients choose."""
        return "SOCKS" if self.kind is ForwardKind.DYNAMIC else place(self.host, self.port)


@dataclass(frozen=True, slots=True)
class ForwardStatus:
    """How a forward stands. Bytes since its start: `received` from the target, `sent` to it.

    `open_now` and `total` count clients' connections; `probed` is when the last probe ended (UTC, None before the
    first); `error` is the last error as a sentence, "" where there was none; `since` is when `state` began (UTC).
    """

    id: int
    spec: ForwardSpec
    bound_port: int
    state: ForwardState
    received: int
    sent: int
    open_now: int
    total: int
    probed: datetime | None
    error: str
    since: datetime


class Carrier(Protocol):
    """What a forward needs of a connection; `connection.Connection` is one. Any thread."""

    @property
    def status(self) -> LinkStatus:
        """How it stands."""
        ...

    def when_changed(self, callback: Callable[[LinkStatus], None]) -> Callable[[], None]:
        """Call `callback` from another thread when the status changes; returns how to stop it."""
        ...

    def open(self, host: str, port: int, seconds: float) -> paramiko.Channel:
        """A channel to `host`:`port` from that machine (RFC 4254, 7.2). Raises `SshError`."""
        ...

    def ping(self, seconds: float) -> float:
        """The round trip in seconds. Raises `SshError`."""
        ...


def place(host: str, port: int) -> str:
    """`host:port` as people write it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
