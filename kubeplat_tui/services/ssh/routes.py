"""The ways to a machine. Each opens a wire that an SSH connection to the machine then runs over."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
from typing import TYPE_CHECKING, Protocol

from kubeplat_tui.services.ssh.model import SSH_PORT, SshError, UnreachableError
from kubeplat_tui.services.ssh.stopping import unless_stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko

    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.ssh.link import Link
    from kubeplat_tui.services.ssh.stopping import Stopping
    from kubeplat_tui.services.ssh.transport import Wire

DIAL_SECONDS = 8.0
HOP_SECONDS = 10.0

TCP_RTO_MAX_MS = 44
"""Linux 6.15 (linux/tcp.h); Python has no name for it yet."""
LONGEST_RETRY_MS = 2000
"""Linux doubles the wait for what was not acknowledged: after 13 seconds without a network nothing would be tried for
another 13, and a connection be given up that has its network back.
"""
PING_SECONDS = 2.0

# RFC 4254, 5.1.
PROHIBITED, CONNECT_FAILED, UNKNOWN_KIND, SHORTAGE = 1, 2, 3, 4


class Route(Protocol):
    """A way to one machine.

    A route by AWS Systems Manager would be one more class: it needs the plugin's data channel (a web socket opened by
    SSM StartSession with the document AWS-StartSSHSession) as its wire, and the instance id in place of an address.
    """

    @property
    def words(self) -> str:
        """How it goes, to be shown: `straight to 54.1.2.3`, `through play-bastion (i-0abc)`."""
        ...

    @property
    def carrier(self) -> Link | None:
        """The connection that carries it; None where it is this computer's network."""
        ...

    def open(self, stop: Stopping) -> Wire:
        """A wire to the machine's SSH port. Raises `UnreachableError`, `ConnectStoppedError`."""
        ...


class Direct:
    """Straight from this computer: bastions, and machines with a public address where there is no bastion."""

    carrier = None

    def __init__(
        self, cloud: Cloud, address: str, explain: Callable[[OSError], UnreachableError], port: int = SSH_PORT
    ) -> None:
        """`explain` makes the sentence of what the system said."""
        self.words = f"straight to {address}"
        self._cloud = cloud
        self._place = (address, port)
        self._explain = explain

    def open(self, stop: Stopping) -> Wire:
        """A TCP connection, without the kernel's waiting for more to send (Nagle)."""
        try:
            connection = unless_stopped(
                lambda: self._cloud.dial(*self._place, DIAL_SECONDS), stop, lambda late: late.close()
            )
        except OSError as error:
            failure = error
            raise unless_stopped(lambda: self._explain(failure), stop) from error
        with contextlib.suppress(OSError):  # not every kind of socket has these
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if sys.platform == "linux":
                connection.setsockopt(socket.IPPROTO_TCP, TCP_RTO_MAX_MS, LONGEST_RETRY_MS)
        return connection


class ThroughBastion:
    """A channel of the connection to a bastion, which connects to the private address itself."""

    def __init__(self, link: Link, name: str, address: str, port: int = SSH_PORT) -> None:
        """`link` leads to the bastion; `name` is the machine's."""
        self.words = f"through {link.name}"
        self.carrier = link
        self._name = name
        self._place = (address, port)

    def open(self, stop: Stopping) -> Wire:
        """A channel to the machine."""
        return unless_stopped(
            lambda: tunnel(self.carrier, *self._place, HOP_SECONDS, self._name),
            stop,
            lambda late: late.close(),
        )


class BastionGoneError(UnreachableError):
    """The bastion's connection ended, or does not answer: another one may do."""


def check_carrier(route: Route) -> None:
    """Raise `BastionGoneError` where what carries `route` ended or does not answer."""
    if route.carrier is not None and not (route.carrier.usable and answers(route.carrier)):
        raise _gone(route.carrier)


def _gone(link: Link) -> BastionGoneError:
    if not link.transport.is_active():
        link.ended.wait(1.0)  # it is about to say why
    return BastionGoneError(
        f"The connection to {link.name} is gone.", why=link.status.why or "It does not answer any more."
    )


def tunnel(link: Link, host: str, port: int, seconds: float, name: str = "") -> paramiko.Channel:
    """A channel from the far end of `link` to `host`:`port`; what goes wrong comes as a sentence, with `name` in it.

    Raises `UnreachableError`; `BastionGoneError` where it is the link that fails.
    """
    from paramiko.ssh_exception import SSHException

    from kubeplat_tui.services.ssh.transport import ChannelRefusedError, NoAnswerError

    via, target = link.name, f"{name} at {host}" if name else f"{host}:{port}"
    try:
        return link.transport.tunnel(host, port, seconds)
    except ChannelRefusedError as error:
        raise _refused(error.code, error.text, target, via) from error
    except NoAnswerError as error:
        if not answers(link):
            raise _gone(link) from error
        raise UnreachableError(
            f"{target} does not answer {via} within {seconds:g} seconds.",
            why="The machine is starting, hangs, or a security group or network ACL keeps the packets away.",
            todo="Look at the machine's state and its console output, then try again.",
        ) from error
    except (SSHException, EOFError, OSError) as error:
        raise _gone(link) from error


def answers(link: Link) -> bool:
    """Whether the far end answers within moments."""
    try:
        link.ping(PING_SECONDS)
    except SshError:
        return False
    return True


def _refused(code: int, text: str, target: str, via: str) -> UnreachableError:
    said = f"It says: {text.rstrip('.')}." if text else ""
    if code == PROHIBITED:
        return UnreachableError(
            f"{via} does not pass connections on to {target}.",
            why=said,
            todo="Its sshd must allow it: AllowTcpForwarding yes, and no PermitOpen or permitopen= against it.",
        )
    if code == CONNECT_FAILED:
        return UnreachableError(
            f"{target} cannot be reached from {via}.",
            why=said,
            todo="The machine may just be starting, or be gone; nothing may listen there; or a security group "
            "keeps the connection away.",
        )
    return UnreachableError(f"{via} did not open a connection to {target}.", why=said, todo="Try again.")


def words_of(error: OSError) -> str:
    """What the system said of a connection that was not made, without its numbers."""
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return f"Nothing answered within {DIAL_SECONDS:g} seconds."
    return f"{(error.strerror or str(error)).rstrip('.')}."
