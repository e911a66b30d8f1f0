"""The host keys that were accepted, per environment: one file that plain `ssh` reads as well.

A machine is known by its instance id, not by its address: what an auto-scaling group puts in its place at the same
address is another machine, and is told apart from a machine that changed its key.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.inventory import Layer
from kubeplat_tui.services.ssh import known_hosts
from kubeplat_tui.services.ssh.model import HostKeyRefusedError, KnownHost, Verdict
from kubeplat_tui.services.workplace import PRIVATE_FILE, cannot_write, private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.ssh.known_hosts import Line
    from kubeplat_tui.services.ssh.model import HostKey

FILE = "known_hosts"
LOCK = "known_hosts.lock"


def address_of(instance: Instance) -> str:
    """The address a machine is known at: the bastions' public one, everybody else's private one."""
    if instance.layer is Layer.BASTION and instance.public_ip:
        return instance.public_ip
    return instance.private_ip or instance.public_ip


class HostKeys:
    """The keys kept in `folder`. Reads the file at every call: other processes write it too."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def judge(self, instance: Instance, key: HostKey) -> tuple[Verdict, KnownHost | None]:
        """What `key`, shown by `instance`, is to us; and whom we knew: it itself (CHANGED, KNOWN), or whoever had its
        address before (REPLACED).

        Raises `HostKeyRefusedError` where the line about this machine cannot be read, or its key is revoked.
        """
        lines, when = self._lines()
        about = [line for line in lines if line.names(instance.id)]
        self._check(instance, key, about)
        ours = [line for line in about if line.key is not None and not line.marker]
        for line in ours:
            if line.key == key:
                return Verdict.KNOWN, _host(line, instance, when)
        if ours:
            return Verdict.CHANGED, _host(ours[0], instance, when)
        address = address_of(instance)
        there = [host for host in _hosts(lines, when) if address and host.address == address]
        if there:
            return Verdict.REPLACED, max(there, key=lambda host: host.accepted)
        return Verdict.NEW, None

    def kinds(self, instance_id: str) -> tuple[str, ...]:
        """The kinds of the keys known of a machine: what to ask it for, so that it does not show another one."""
        lines, _ = self._lines()
        found = [line.key.kind for line in lines if line.key and not line.marker and line.names(instance_id)]
        return tuple(dict.fromkeys(found))

    def accept(self, instance: Instance, key: HostKey, now: datetime) -> None:
        """Know `instance` by `key` from now on (UTC). Who had its address before is forgotten."""
        address = address_of(instance)
        host = KnownHost(instance.id, instance.name, address, key, now)
        with self._locked():
            lines, when = self._lines()
            again = [
                line for line in lines if line.names(instance.id) and line.key == key and not line.marker
            ]
            former = [line for line in lines if _of_former(line, instance.id, address, when)]
            kept = [line.text for line in lines if line not in again and line not in former]
            self._write([*kept, known_hosts.written(host)])

    def forget(self, instance_id: str) -> bool:
        """Know the machine no more; False where it was not known. Lines that cannot be read stay."""
        with self._locked():
            lines, _ = self._lines()
            kept = [line.text for line in lines if line.key is None or not line.names(instance_id)]
            if len(kept) == len(lines):
                return False
            self._write(kept)
            return True

    def known(self) -> tuple[KnownHost, ...]:
        """Every machine that is known by a name that can be read."""
        lines, when = self._lines()
        return tuple(_hosts(lines, when))

    def broken(self) -> tuple[str, ...]:
        """A sentence for every line that cannot be read: its file, its number, what is wrong with it."""
        lines, _ = self._lines()
        return tuple(self._sentence(line) for line in lines if line.broken)

    # --- the file -----------------------------------------------------------------------------------------------

    def _check(self, instance: Instance, key: HostKey, about: list[Line]) -> None:
        for line in about:
            if line.broken:
                raise HostKeyRefusedError(
                    f"The host key of {instance.name or instance.id} ({instance.id}) cannot be compared.",
                    why=self._sentence(line),
                    todo="Mend the line or remove it; then the next connection asks for the key again.",
                )
            if line.marker == known_hosts.REVOKED and line.key == key:
                raise HostKeyRefusedError(
                    f"{instance.name or instance.id} ({instance.id}) shows a host key that was revoked.",
                    why=f"{self.path}, line {line.number}, says so.",
                    todo="Nothing was sent to it. Replace the machine.",
                )

    def _sentence(self, line: Line) -> str:
        return f"{self.path}, line {line.number}: {line.broken}."

    def _lines(self) -> tuple[list[Line], datetime]:
        """The lines, and when the file was written."""
        try:
            with self.path.open("rb") as file:
                data = file.read()
                when = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
        except FileNotFoundError:
            return [], datetime.now(UTC)
        except OSError as error:
            raise KubeplatError(
                f"{self.path} cannot be read.",
                why=f"{error.strerror or error}.",
                todo="Without it no machine's host key can be compared: give yourself the right to read it.",
            ) from error
        # Bytes that are no text stay what they are when the file is written again.
        return known_hosts.parse(data.decode("utf-8", "surrogateescape")), when

    def _write(self, lines: list[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        write_private(self.path, text.encode("utf-8", "surrogateescape"))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Only one process writes at a time; each holds it for milliseconds."""
        place = private_folder(self.path.parent) / LOCK
        try:
            file = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
        except OSError as error:
            raise cannot_write(place, error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


def _hosts(lines: list[Line], when: datetime) -> Iterator[KnownHost]:
    for line in lines:
        host = line.known_host(when)
        if host is not None:
            yield host


def _host(line: Line, instance: Instance, when: datetime) -> KnownHost | None:
    host = line.known_host(when)
    if host is not None or line.key is None:
        return host
    return KnownHost(instance.id, instance.name, "", line.key, when)  # its name is hashed


def _of_former(line: Line, instance_id: str, address: str, when: datetime) -> bool:
    """Whether the line is about who had the address before."""
    host = line.known_host(when)
    return host is not None and bool(address) and host.address == address and host.instance_id != instance_id
