"""A TCP proxy that makes the way longer: whatever comes, from either side, is handed on that much later.

    python -m benchmarks.delay PORT MILLISECONDS     (prints its own port, then serves until standard input ends)

MILLISECONDS is the delay of one way, so a request and its answer take twice that longer. Nothing else is slowed
down: not how much fits through, and not the making of a connection, which the system does on loopback.
"""

from __future__ import annotations

import asyncio
import sys


class Side(asyncio.Protocol):
    """One end of a connection. What it gets goes to the `other` end, later."""

    def __init__(self, delay: float, other: Side | None = None) -> None:
        self._delay = delay
        self.other = other
        self.transport: asyncio.Transport | None = None
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio's own promise for TCP
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand it on, later."""
        asyncio.get_running_loop().call_later(self._delay, self._hand_on, data)

    def connection_lost(self, error: Exception | None) -> None:
        """End the other side, later."""
        asyncio.get_running_loop().call_later(self._delay, self._end)

    def join(self, other: Side) -> None:
        """Bring both ends together; what came before is handed on."""
        self.other = other
        for data in self._early:
            self._hand_on(data)

    def _hand_on(self, data: bytes) -> None:
        if self.other is None or self.other.transport is None:
            self._early.append(data)
        elif not self.other.transport.is_closing():
            self.other.transport.write(data)

    def _end(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Front(Side):
    """The end that a client connects to."""

    def __init__(self, port: int, delay: float) -> None:
        super().__init__(delay)
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the real server."""
        super().connection_made(transport)
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, back = await loop.create_connection(lambda: Side(self._delay, self), "127.0.0.1", self._port)
        self.join(back)


async def serve(port: int, delay: float) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Front(port, delay), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]) / 1000))
