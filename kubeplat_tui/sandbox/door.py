"""How a front end gets at the sandbox: it joins the running one, or starts it."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.sandbox.control import GoneError, Verb, asked, parse, read_line
from kubeplat_tui.sandbox.lease import Lease
from kubeplat_tui.sandbox.places import Places, locked
from kubeplat_tui.sandbox.status import status, stop
from kubeplat_tui.services import whereabouts
from kubeplat_tui.services.cloud import SANDBOX_ACCOUNT
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.workplace import cannot_write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeplat_tui.services.cloud import SandboxStatus

__all__ = ["LocalSandbox", "status", "stop"]

START_SECONDS = 30.0
"""A start takes about a second; a busy computer gets much longer before we give up."""

LOG_LINES = 5


class LocalSandbox:
    """The sandbox of this computer's user. Implements `services.cloud.SandboxDoor`.

    `state` is the workplace's state folder. `port` is where a sandbox that must be started shall listen; None
    (or 0) lets the system choose a free one.
    """

    def __init__(self, state: Path, port: int | None = None) -> None:
        self._places = Places.of(state)
        self._port = port or 0

    def open(self) -> Lease:
        """Join the running sandbox, or start one. Blocking: about a second for a start.

        Raises `InputError` where the port is taken or the running sandbox has another one, `KubeplatError`
        where the packages are missing, the state folder cannot be written to, the child does not start, or one
        runs that cannot be reached from here.
        """
        lease = self._join()
        if lease is None:
            require_packages()
            self._places.make()
            # Of two front ends that start at the same moment, the second waits here and joins the first one's
            # child.
            with locked(self._places.start_lock, seconds=START_SECONDS * 2):
                lease = self._join() or self._start()
        if self._port and lease.port != self._port:
            lease.close()
            raise InputError(
                f"The sandbox already runs on port {lease.port}, not on {self._port}.",
                todo="Leave the port out to use it, or stop it first with: kubeplat sandbox stop",
            )
        return lease

    def _join(self) -> Lease | None:
        try:
            with asked(self._places.control, Verb.LEASE) as (connection, answer):
                require_reachable(answer)
                # The context closes its own descriptor; the lease gets one of its own to the same connection.
                return Lease(connection.dup(), answer, self._places.control)
        except GoneError:
            return None

    def _start(self) -> Lease:
        # The child gets the first lease with its birth: there is no moment in which nobody holds it.
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._spawn(theirs.fileno())
            ours.settimeout(START_SECONDS)
            answer = parse(read_line(ours))
        except (GoneError, TimeoutError) as error:
            ours.close()
            late = isinstance(error, TimeoutError)
            raise KubeplatError(
                f"The sandbox did not start within {START_SECONDS:.0f} seconds."
                if late
                else "The sandbox did not start.",
                why=last_lines(self._places.log),
                todo=f"The whole log is {self._places.log}.",
            ) from error
        except BaseException:
            ours.close()
            raise
        return Lease(ours, answer, self._places.control)

    def _spawn(self, lease: int) -> None:
        command = [sys.executable, "-P", "-m", "kubeplat_tui.sandbox.server"]
        command += ["--folder", str(self._places.folder), "--port", str(self._port), "--lease", str(lease)]
        try:
            log = os.open(self._places.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise cannot_write(self._places.log, error) from error
        try:
            # The process that is run here forks and returns: the child is nobody's child, so nobody has to
            # reap it. A session of its own keeps the terminal's ctrl+c from it.
            subprocess.run(  # noqa: S603 - our own interpreter and module
                command,
                check=False,
                cwd=self._places.folder,
                env=child_environ(os.environ),
                pass_fds=[lease],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=START_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise KubeplatError("The sandbox's process could not be started.", why=f"{error}.") from error
        finally:
            os.close(log)


def require_reachable(status: SandboxStatus) -> None:
    """Raise `KubeplatError` where the running sandbox's loopback addresses are not ours.

    Its socket lies in the state folder, which containers share; a network they may have of their own.
    """
    if status.network in {"", whereabouts.network()}:
        return
    place = (
        f"in the container {status.container}"
        if status.container
        else "on this computer, not in this container"
    )
    raise KubeplatError(
        "The sandbox already runs, and cannot be reached from here.",
        why=f"It runs {place}, and listens on that network's own 127.0.0.1.",
        todo="Work there, or end it first with: kubeplat sandbox stop",
    )


def require_packages() -> None:
    """Raise `KubeplatError` where the packages of the `sandbox` extra are missing."""
    if importlib.util.find_spec("moto") is None:
        raise packages_missing("moto")


def packages_missing(name: str) -> KubeplatError:
    """The sentence for a missing package of the sandbox."""
    return KubeplatError(
        f"The sandbox's packages are not installed: {name} is missing.",
        why=f"They belong to an extra of their own, and {sys.executable} does not have it.",
        todo="Start with ./play.kube, which installs it, or run: pip install 'kubeplat[sandbox]'",
    )


def child_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The child's whole environment: what Python needs to run, and nothing of the user's AWS, proxy or moto
    settings.
    """
    checkout = str(Path(__file__).resolve().parents[2])
    child = {
        name: environ[name]
        for name in ("LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE", whereabouts.CONTAINER)
        if name in environ
    }
    return child | {
        "PATH": environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(filter(None, [checkout, environ.get("PYTHONPATH", "")])),
        "PYTHONUTF8": "1",
        "HOME": os.sep,
        "TMPDIR": tempfile.gettempdir(),
        "TZ": "UTC",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "MOTO_ACCOUNT_ID": SANDBOX_ACCOUNT,
        # arn:aws:iam::aws:policy/… answers 404 without this.
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        # No web page opened on this computer has any business here.
        "MOTO_DISABLE_GLOBAL_CORS": "true",
    }


def last_lines(log: Path) -> str:
    """The end of the log, in one line; a sentence where there is none."""
    try:
        lines = log.read_text(errors="replace").split("\n")
    except OSError as error:
        return f"Its log could not be read: {error.strerror or error}."
    said = [line.strip() for line in lines if line.strip()][-LOG_LINES:]
    return "It said last: " + " | ".join(said) if said else "It said nothing."
