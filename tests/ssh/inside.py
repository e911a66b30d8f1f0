"""The first process of a namespace: `python -I inside.py HOSTNAME`, with a socket as its standard input.

Makes connections from inside for whoever holds the other end of the socket: a message is a JSON object with `host`,
`port` and `seconds` and carries one socket to answer on; the answer is the connection itself, or an error number.
It ends when the other end is closed, however that happened, and every process of the namespace with it
(pid_namespaces(7)).
"""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import sys
import threading

MESSAGE = 4096


def connect(host: str, port: int, seconds: float, answer: socket.socket) -> None:
    """Connect, and hand the connection over."""
    with answer:
        try:
            with socket.create_connection((host, port), timeout=seconds) as made:
                made.settimeout(None)
                socket.send_fds(answer, [b"0"], [made.fileno()])
        except TimeoutError:
            answer.send(str(errno.ETIMEDOUT).encode())
        except OSError as error:
            answer.send(str(error.errno or errno.EHOSTUNREACH).encode())


def main() -> None:
    """Serve until nobody holds the other end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans come to the first process: none stays a zombie
    socket.sethostname(sys.argv[1])
    with socket.socket(fileno=os.dup(0)) as requests:
        requests.send(b"ready")
        while True:
            text, descriptors, _, _ = socket.recv_fds(requests, MESSAGE, 1)
            if not text:
                return
            asked = json.loads(text)
            answer = socket.socket(fileno=descriptors[0])
            arguments = (asked["host"], asked["port"], asked["seconds"], answer)
            threading.Thread(target=connect, args=arguments, daemon=True).start()


if __name__ == "__main__":
    main()
