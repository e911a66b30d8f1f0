"""One client's connection carried over a channel, both ways, until both sides have ended.

Two threads a connection, one for each direction: a paramiko channel says when it can be read, but not when it can be
written to again, so one thread for both could wait for the wrong one for ever. What is under way is bounded by the
channel's window and the sockets' buffers: who does not read holds up whoever sends.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko

PIECE = 32_704
"""Bytes sent at a time: what paramiko puts into one packet of 32 KiB."""

AT_ONCE = 1 << 18
"""Bytes taken at a time of what has come. Taking little of much has paramiko move the rest each time."""

PATIENCE_MS = 500
"""A client that does not read is looked at again so often, to see whether the tunnel was given up meanwhile."""

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends a reset, not an end (tcp(7), socket(7))."""


class Tunnel:
    """A client's socket and the channel to its target. It owns both and closes them."""

    def __init__(
        self, client: socket.socket, channel: paramiko.Channel, carried: Callable[[int, int], None]
    ) -> None:
        """`carried` is told the bytes received from the target and sent to it, from both threads."""
        self._client = client
        self._channel = channel
        self._carried = carried
        self._given_up = False

    def carry(self) -> None:
        """Carry both ways; returns when both have ended. An end of one direction is passed on by itself."""
        # Clients and servers that answer small packets with small packets wait for nothing.
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        down = threading.Thread(
            target=self._down, name=f"{threading.current_thread().name}-down", daemon=True
        )
        try:
            down.start()
            self._up()
            down.join()
        finally:
            self.close()

    def give_up(self) -> None:
        """End it now, from any thread. The client sees a reset: what it has may not be all."""
        self._given_up = True
        hang_up(self._channel)
        with contextlib.suppress(OSError):  # wakes who reads, and tells the client nothing yet
            self._client.shutdown(socket.SHUT_RD)

    def close(self) -> None:
        """Close both ends."""
        hang_up(self._channel)
        if self._given_up:
            reset(self._client)
        self._client.close()

    def _up(self) -> None:
        """From the client to its target."""
        try:
            while data := self._client.recv(PIECE):
                self._send(data)
            if not self._given_up:
                self._channel.shutdown_write()
        except broken():  # the client is gone, or the channel: nobody is left to tell
            if not self._channel.closed:
                self.give_up()

    def _send(self, data: bytes) -> None:
        while data:
            sent = self._channel.send(data)
            if not sent:
                raise BrokenPipeError
            self._carried(0, sent)
            data = data[sent:]

    def _down(self) -> None:
        """From the target to the client."""
        try:
            while data := self._channel.recv(AT_ONCE):
                self._hand_over(data)
                self._carried(len(data), 0)
        except broken():
            self.give_up()
            return
        if not self._channel.eof_received:  # it did not end, it broke
            self.give_up()
            return
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_WR)

    def _hand_over(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._client.send(view, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                self._wait_for_room()

    def _wait_for_room(self) -> None:
        waiting = select.poll()
        waiting.register(self._client, select.POLLOUT)
        while not waiting.poll(PATIENCE_MS):
            if self._given_up:
                raise BrokenPipeError


def reset(client: socket.socket) -> None:
    """Let closing `client` send a reset, and close it."""
    with contextlib.suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    client.close()


def hang_up(channel: paramiko.Channel) -> None:
    """Close `channel`, also where its connection is gone."""
    with contextlib.suppress(*broken()):
        channel.close()


def broken() -> tuple[type[Exception], ...]:
    """What a socket raises that is gone, and a channel whose connection is."""
    from paramiko.ssh_exception import SSHException

    return OSError, EOFError, SSHException
