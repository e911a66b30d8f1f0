"""A wire between two network interfaces that can be slow or cut: `python -I wire.py ONE OTHER`.

Standard input brings its condition, a JSON object a line: `delay` (seconds, one way), `rate` (bytes a second and
way, 0 for no limit), `cut` (whether frames are dropped). Each line is answered with `ok` when it holds. Kernels
without tc-netem(8) are common, so frames are carried by this process: packet(7), with the header of virtio (1.2,
5.1.6) in front, which brings unfinished checksums and segments across as they are.
"""

from __future__ import annotations

import heapq
import json
import select
import socket
import sys
import time

SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 15, 23
ETH_P_ALL = 3
LARGEST = 1 << 17
LONGEST_QUEUE = 1.0
"""Seconds of waiting frames; what comes then is dropped, as a router does."""


class Wire:
    """Both ways between two interfaces."""

    def __init__(self, names: list[str]) -> None:
        self._ends = [_packets(name) for name in names]
        self._free = [0.0, 0.0]
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._count = 0
        self._delay, self._rate, self._cut = 0.0, 0.0, False

    def serve(self) -> None:
        """Carry frames until standard input ends."""
        while True:
            pause = max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
            ready, _, _ = select.select([sys.stdin, *self._ends], [], [], pause)
            for number, end in enumerate(self._ends):
                if end in ready:
                    self._take(number, end.recv(LARGEST))
            self._deliver()
            if sys.stdin in ready and not self._obey(sys.stdin.readline()):
                return

    def _obey(self, line: str) -> bool:
        if not line:
            return False
        asked = json.loads(line)
        self._delay, self._rate, self._cut = asked["delay"], asked["rate"], asked["cut"]
        print("ok", flush=True)  # noqa: T201 - the answer to the order
        return True

    def _take(self, number: int, frame: bytes) -> None:
        now = time.monotonic()
        begin = max(now, self._free[number])
        if self._cut or begin - now > LONGEST_QUEUE:
            return
        self._free[number] = begin + (len(frame) / self._rate if self._rate else 0.0)
        self._count += 1
        due = self._free[number] + self._delay
        heapq.heappush(self._waiting, (due, self._count, 1 - number, frame))

    def _deliver(self) -> None:
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            _, _, number, frame = heapq.heappop(self._waiting)
            self._ends[number].send(frame)


def _packets(name: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    end.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    end.bind((name, ETH_P_ALL))
    return end


if __name__ == "__main__":
    Wire(sys.argv[1:3]).serve()
