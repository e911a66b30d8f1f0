"""Computers on this one: a namespace each for the network, processes, mounts and the host's name.

They have no name anywhere (`ip netns` would leave one): each lives as long as its first process, and that as long as
this process holds a socket to it. Without root they are in a user namespace with a root of its own, for which the
system must have given this user further user ids (subuid(5), newuidmap(1)): sshd works under several.

Sources: unshare(1), nsenter(1), namespaces(7), ip-link(8), Linux' filesystems/devpts.rst.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ssh.debian import SYSTEM_PATH, program
from tests.terminal.driver import until

if TYPE_CHECKING:
    from collections.abc import Callable

INSIDE = Path(__file__).with_name("inside.py")
PATIENCE = 20.0

ROOT = os.geteuid() == 0
OWN_USERS = () if ROOT else ("--user", "--map-root-user", "--map-auto")
KINDS = ("--net", "--mount", "--uts", "--pid", "--mount-proc", "--fork", "--kill-child")

SET_UP = """\
set -e
mount -t tmpfs run /run
mkdir -m 755 /run/sshd
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts /dev/pts
mount --bind /dev/pts/ptmx /dev/ptmx
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/shadow" /etc/shadow
mount --bind "$1/hosts" /etc/hosts
"$2" link set lo up
exec "$3" -I "$4" "$5"
"""


class NoNamespacesError(Exception):
    """This computer makes no namespaces for us; says why."""


class Machine:
    """A computer of its own: nothing but a loopback interface yet. `folder` is where its files are.

    Everybody's home there is `folder/home`; the rest of the file system is this computer's.
    """

    def __init__(self, name: str, folder: Path, hosts: str = "", beside: Machine | None = None) -> None:
        """`beside`: another one that it shall be joined with; its users are the same then."""
        self.name = name
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        (folder / "passwd").write_text(
            f"root:x:0:0:root:{self.home}:/bin/bash\nsshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n"
        )
        # No password, and not locked either, whatever this computer's own root is (shadow(5), sshd(8)).
        (folder / "shadow").write_text("root:*:19000::::::\nsshd:*:19000::::::\n")
        (folder / "hosts").write_text(f"127.0.0.1 localhost {name}\n{hosts}")
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own_users = OWN_USERS if beside is None else ()
        users = [] if ROOT or beside is None else [*beside.into("--user"), "--"]
        command = [*users, program("unshare"), *own_users, *KINDS, "sh", "-c", SET_UP, "sh"]
        arguments = [folder, program("ip"), sys.executable, INSIDE, name]
        with theirs, (folder / "start.log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(word) for word in (*command, *arguments)],
                stdin=theirs.fileno(),
                stdout=log,
                stderr=log,
                env={"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8"},
            )
        self._requests.settimeout(PATIENCE)
        with contextlib.suppress(OSError):
            if self._requests.recv(16) == b"ready":
                return
        self.close()
        raise NoNamespacesError((folder / "start.log").read_text().strip() or "the namespace did not start")

    @property
    def pid(self) -> int:
        """The first process, as this computer counts."""
        own = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return int(own.read_text().split()[0])

    def dial(self, host: str, port: int, seconds: float) -> socket.socket:
        """A TCP connection made from inside. Raises `OSError` as connecting there does."""
        mine, theirs = socket.socketpair()
        with mine, theirs:
            request = json.dumps({"host": host, "port": port, "seconds": seconds}).encode()
            socket.send_fds(self._requests, [request], [theirs.fileno()])
            theirs.close()
            mine.settimeout(seconds + PATIENCE)
            answer, descriptors, _, _ = socket.recv_fds(mine, 16, 1)
        if descriptors:
            return socket.socket(fileno=descriptors[0])
        number = int(answer or b"104")
        raise OSError(number, os.strerror(number))

    def into(self, *kinds: str) -> list[str]:
        """The command that enters these kinds of its namespaces."""
        users = () if ROOT or "--user" in kinds else ("--user",)
        return [str(program("nsenter")), "--target", str(self.pid), *users, *kinds]

    def command(self, *arguments: str | Path) -> list[str]:
        """The command line that runs `arguments` inside."""
        return [*self.into("--net", "--mount", "--pid", "--uts"), "--", *map(str, arguments)]

    def environ(self, **more: str) -> dict[str, str]:
        """What a program inside finds in its environment."""
        return {
            "PATH": SYSTEM_PATH,
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
        } | more

    def run(self, *arguments: str | Path, check: bool = True, text: str = "") -> str:
        """What a command inside prints; an error of it raises `AssertionError` with its words."""
        done = self.tried(*arguments, text=text)
        assert not check or done.returncode == 0, f"{arguments} on {self.name}: {done.stdout}{done.stderr}"
        return done.stdout

    def tried(self, *arguments: str | Path, text: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """A finished command inside; `more` is its environment."""
        return subprocess.run(
            self.command(*arguments),
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE * 3,
            check=False,
            cwd=self.home,
            env=self.environ(**more),
        )

    def start(self, *arguments: str | Path, **more: str) -> subprocess.Popen[bytes]:
        """A running command inside, with pipes."""
        return subprocess.Popen(
            self.command(*arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.home,
            env=self.environ(**more),
        )

    def interface(self, *words: str) -> None:
        """`ip WORDS` in this network."""
        command = [*self.into("--net"), "--", str(program("ip")), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoNamespacesError(f"ip {' '.join(words)}: {done.stderr.strip()}")

    def processes(self, wanted: Callable[[str], bool]) -> list[int]:
        """The processes inside whose command line is `wanted`, as they are counted there."""
        found = []
        for folder in Path(f"/proc/{self.pid}/root/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if wanted(command):
                    found.append(int(folder.name))
        return found

    def send(self, number: signal.Signals, wanted: Callable[[str], bool]) -> None:
        """Send a signal to the processes inside whose command line is `wanted`."""
        self.tried("kill", f"-{number}", *map(str, self.processes(wanted)))

    def kill(self, wanted: Callable[[str], bool]) -> None:
        """Kill the processes inside whose command line is `wanted`; they are gone when this returns."""
        if self.processes(wanted):
            self.send(signal.SIGKILL, wanted)
        assert until(lambda: not self.processes(wanted), within=PATIENCE), "a killed process lives on"

    def connections(self, port: int) -> int:
        """How many TCP connections to `port` stand (proc(5), /proc/PID/net/tcp)."""
        return self._sockets(port, "01")

    def listens(self, port: int) -> bool:
        """Whether somebody listens there."""
        return self._sockets(port, "0A") > 0

    def _sockets(self, port: int, state: str) -> int:
        rows = [line.split() for line in Path(f"/proc/{self.pid}/net/tcp").read_text().splitlines()[1:]]
        return sum(row[1].endswith(f":{port:04X}") and row[3] == state for row in rows)

    def close(self) -> None:
        """End it, with every process in it."""
        self._requests.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
