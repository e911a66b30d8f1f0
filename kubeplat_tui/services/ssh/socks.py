"""What a SOCKS client asks for, and how it is answered.

Source: RFC 1928 (SOCKS 5: CONNECT without authentication, to an IPv4 address, an IPv6 address or a name) and
"SOCKS: A protocol for TCP proxy across firewalls" with its extension SOCKS 4A (to a name).
"""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

SECONDS = 10.0
"""A client says what it wants within this time."""

LONGEST = 255
"""Bytes of a name or a user, in both versions."""

_V4, _V5 = 4, 5
_CONNECT = 1
_NO_AUTHENTICATION, _NO_METHOD = 0, 0xFF
_IPV4, _NAME, _IPV6 = 1, 3, 4


class Answer(Enum):
    """A reply: its code in version 5, and in version 4."""

    GRANTED = 0x00, 0x5A
    FAILED = 0x01, 0x5B
    NOT_ALLOWED = 0x02, 0x5B
    UNREACHABLE = 0x04, 0x5B
    REFUSED = 0x05, 0x5B
    BAD_COMMAND = 0x07, 0x5B
    BAD_ADDRESS = 0x08, 0x5B


class SocksError(KubeplatError):
    """A client that speaks no SOCKS, or asks for what is not offered. It has been answered."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a client wants to go, and in which version (4 or 5) it is answered."""

    host: str
    port: int
    version: int

    def answer(self, answer: Answer) -> bytes:
        """The reply's bytes. The address in it says nothing (0.0.0.0:0): ours is another machine's."""
        return _reply(self.version, answer)


def read_request(client: socket.socket, seconds: float = SECONDS) -> Asked:
    """Read what the client asks for, and not a byte more. Blocking.

    Raises `SocksError` where it cannot be had (the client was told), `OSError` where the client goes away or dawdles.
    """
    until = time.monotonic() + seconds

    def take(count: int) -> bytes:
        data = b""
        while len(data) < count:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            client.settimeout(left)
            piece = client.recv(count - len(data))
            if not piece:
                raise ConnectionResetError
            data += piece
        return data

    try:
        version = take(1)[0]
        if version == _V5:
            return _version5(take, client)
        if version == _V4:
            return _version4(take, client)
    finally:
        client.settimeout(None)
    raise SocksError(
        "A client of the SOCKS forward did not speak SOCKS.",
        why=f"It began with the byte {version:#04x}; versions 5 and 4 are spoken here.",
        todo="Name the port to it as a SOCKS proxy, not as an HTTP one.",
    )


def _version5(take: Callable[[int], bytes], client: socket.socket) -> Asked:
    methods = take(take(1)[0])
    if _NO_AUTHENTICATION not in methods:
        client.sendall(bytes((_V5, _NO_METHOD)))
        raise SocksError(
            "A client of the SOCKS forward insists on a user and a password.",
            todo="Take them out of its proxy settings: only this computer reaches the port.",
        )
    client.sendall(bytes((_V5, _NO_AUTHENTICATION)))
    version, command, _, kind = take(4)
    if version != _V5:
        raise _refused(client, Answer.FAILED, _V5, f"its request has version {version}")
    if kind == _IPV4:
        host = str(ipaddress.IPv4Address(take(4)))
    elif kind == _IPV6:
        host = str(ipaddress.IPv6Address(take(16)))
    elif kind == _NAME:
        host = _name(take(take(1)[0]), client, _V5)
    else:
        raise _refused(client, Answer.BAD_ADDRESS, _V5, f"it names a kind of address {kind}")
    port = int.from_bytes(take(2), "big")
    if command != _CONNECT:
        raise _refused(client, Answer.BAD_COMMAND, _V5, f"it asks for command {command}, not to connect")
    return Asked(host, port, _V5)


def _version4(take: Callable[[int], bytes], client: socket.socket) -> Asked:
    command = take(1)[0]
    port = int.from_bytes(take(2), "big")
    address = take(4)
    _ended(take, client)  # the user: whoever reaches the port is the user
    # 4A: an address of 0.0.0.x says that a name follows.
    if address[:3] == bytes(3) and address[3]:
        host = _name(_ended(take, client), client, _V4)
    else:
        host = str(ipaddress.IPv4Address(address))
    if command != _CONNECT:
        raise _refused(client, Answer.BAD_COMMAND, _V4, f"it asks for command {command}, not to connect")
    return Asked(host, port, _V4)


def _ended(take: Callable[[int], bytes], client: socket.socket) -> bytes:
    """The bytes up to the next zero byte."""
    data = b""
    while (letter := take(1)) != b"\0":
        data += letter
        if len(data) > LONGEST:
            raise _refused(client, Answer.FAILED, _V4, "it sends a name without an end")
    return data


def _name(data: bytes, client: socket.socket, version: int) -> str:
    try:
        name = data.decode("ascii")
    except UnicodeDecodeError:
        name = ""
    if not name or not name.isprintable() or " " in name:
        raise _refused(client, Answer.BAD_ADDRESS, version, "it names a host that cannot be one")
    return name


def _refused(client: socket.socket, answer: Answer, version: int, why: str) -> SocksError:
    client.sendall(_reply(version, answer))
    return SocksError(
        "A client of the SOCKS forward asks for what is not offered.", why=f"{why.capitalize()}."
    )


def _reply(version: int, answer: Answer) -> bytes:
    five, four = answer.value
    if version == _V5:
        return bytes((_V5, five, 0, _IPV4)) + bytes(6)
    return bytes((0, four)) + bytes(6)
