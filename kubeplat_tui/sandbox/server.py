"""The sandbox's child process: moto on loopback, alive as long as somebody holds a lease.

Run as `python -m kubeplat_tui.sandbox.server` by `LocalSandbox`, never by hand. It leaves the process that
started it, serves the simulated AWS from threads, and answers the control socket from its main thread.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import logging
import os
import resource
import signal
import socket
import sys
import threading
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from kubeplat_tui.sandbox.control import refusal
from kubeplat_tui.sandbox.keeper import Keeper
from kubeplat_tui.sandbox.places import Places, locked
from kubeplat_tui.services import whereabouts
from kubeplat_tui.services.cloud import SandboxStatus
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.workplace import cannot_write

if TYPE_CHECKING:
    from kubeplat_tui.sandbox.machines.network import Network
    from kubeplat_tui.sandbox.serving import Server

LOG_BYTES = 1_000_000
PREDECESSOR_SECONDS = 10.0
"""How long a new child waits for one that is just ending."""

logger = logging.getLogger("kubeplat.sandbox")


class Log(RotatingFileHandler):
    """A log of at most twice `LOG_BYTES`. What is printed (moto prints) goes to the same file, also after it
    turned.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
        self.setFormatter(
            logging.Formatter("%(asctime)sZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
        )

    def doRollover(self) -> None:  # noqa: N802 - the library's name
        """Start a new file, and send standard output and error there too."""
        super().doRollover()
        if self.stream is not None:
            for standard in (1, 2):
                os.dup2(self.stream.fileno(), standard)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Be the child. Never returns."""
    parser = argparse.ArgumentParser(description="The simulated AWS; started by kubeplat itself.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--lease", type=int, required=True, help="the descriptor of the starter's socket")
    options = parser.parse_args(arguments)
    if os.fork():
        os._exit(0)
    os.umask(0o077)
    first = socket.socket(fileno=options.lease)
    first.set_inheritable(False)
    places = Places(options.folder)
    served: Keeper | None = None
    try:
        logging.basicConfig(level=logging.WARNING, handlers=[Log(places.log)])
        myself = whereabouts.process_words(os.getpid(), whereabouts.container())
        with locked(places.child_lock, seconds=PREDECESSOR_SECONDS, text=f"{myself}\n"):
            served = run(places, options.port, first)
    except KubeplatError as error:
        logger.error("%s", error)
        with contextlib.suppress(OSError):
            first.sendall(refusal(error))
    except Exception:
        logger.exception("the sandbox ended")
    finally:
        # Threads that still serve a request are not waited for: nobody listens any more.
        logging.shutdown()
        os._exit(1 if served is None else 0)


def run(places: Places, port: int, first: socket.socket) -> Keeper:
    """Serve until the last lease is given back or somebody asks to stop.

    Returns what holds the open connections: they are to end with the process, not before. Raises
    `KubeplatError` where that cannot begin.
    """
    listener = listen(port)
    server = simulated_aws(listener)
    control = control_socket(places.control)
    started = datetime.now(UTC)

    def describe(leases: int, kept: bool) -> SandboxStatus:
        return SandboxStatus(
            pid=os.getpid(),
            port=listener.getsockname()[1],
            log=places.log,
            started=started,
            leases=leases,
            kept=kept,
            memory=resident_bytes(),
            container=whereabouts.container(),
            network=whereabouts.network(),
        )

    threading.Thread(target=server.serve_forever, name="aws", daemon=True).start()
    network = simulated_machines(places)
    keeper = Keeper(control, describe, network.address)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: keeper.end())
    try:
        keeper.grant(first)
        keeper.run()
    finally:
        # The socket's file goes first: who comes now starts anew instead of asking one that is leaving.
        places.control.unlink(missing_ok=True)
        control.close()
        network.close()
        with contextlib.suppress(OSError):  # most have none
            places.elsewhere.rmdir()
    return keeper


def listen(port: int) -> socket.socket:
    """A listening socket on loopback. Raises `InputError` where `port` is taken or not allowed."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        raise InputError(
            f"The sandbox cannot listen on port {port}.",
            why="Another program listens there." if taken else f"{error.strerror or error}.",
            todo="Name another port with --port, or leave it out to get a free one.",
        ) from error
    except OverflowError as error:
        listener.close()
        raise InputError(f"{port} is not a port.", todo="A port is a number from 1 to 65535.") from error
    return listener


def simulated_aws(listener: socket.socket) -> Server:
    """Moto, ready to serve on `listener`. Raises `KubeplatError` where its packages are missing or do not
    fit.
    """
    # Loading moto makes millions of objects that stay: looking for garbage meanwhile costs a fifth of the
    # start.
    gc.disable()
    try:
        from kubeplat_tui.sandbox import serving
    except ImportError as error:
        from kubeplat_tui.sandbox.door import packages_missing

        raise packages_missing(error.name or "moto") from error
    server = serving.server(listener)
    gc.freeze()
    gc.enable()
    return server


def simulated_machines(places: Places) -> Network:
    """The machines behind moto's instances; what a killed child left of its own is cleaned away."""
    from kubeplat_tui.sandbox.machines.network import Network

    return Network(places.machines, places.sockets)


def control_socket(path: Path) -> socket.socket:
    """The listening control socket. A file that a killed child left is replaced: we hold the lock, so none is
    alive.
    """
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        control.bind(str(path))
        control.listen(64)
    except OSError as error:
        control.close()
        raise cannot_write(path, error) from error
    return control


def resident_bytes() -> int:
    """This process's memory: what it uses now on Linux, elsewhere the most it ever used."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
