"""An environment whose machines are the farm's, who answers what connecting asks, and who reads what a shell says."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kubeplat_tui.services.pki.once import SSH_KEY, SSH_PUBLIC
from kubeplat_tui.services.secrets.working_copy import WorkingCopy
from kubeplat_tui.services.ssh.connections import Connections
from kubeplat_tui.services.ssh.link import PACE, Pace
from tests.ssh.farm import FarmCloud
from tests.unit.sites import make_site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.connection import Connection
    from kubeplat_tui.services.ssh.model import (
        HostKeyQuestion,
        LinkState,
        LinkStatus,
        Passphrase,
        PassphraseQuestion,
    )
    from kubeplat_tui.services.ssh.shell import Shell
    from tests.ssh.farm import Farm

PATIENCE = 20.0
"""Seconds; what is awaited comes much earlier, unless the computer is busy."""


class NotSeenError(AssertionError):
    """What was awaited did not come; the message holds what came instead."""


@dataclass
class Person:
    """Answers what connecting asks, and remembers it."""

    trusts: bool = True
    passphrases: list[Passphrase] = field(default_factory=list)
    hosts: list[HostKeyQuestion] = field(default_factory=list)
    locks: list[PassphraseQuestion] = field(default_factory=list)

    def trust(self, question: HostKeyQuestion) -> bool:
        """As `trusts` says."""
        self.hosts.append(question)
        return self.trusts

    def passphrase(self, question: PassphraseQuestion) -> Passphrase | None:
        """The next of `passphrases`; gives up after the last."""
        self.locks.append(question)
        return self.passphrases.pop(0) if self.passphrases else None


@dataclass
class Place:
    """An environment with the farm's key among its secrets. `instances` is what its inventory says."""

    farm: Farm
    site: Site
    cloud: FarmCloud
    instances: list[Instance]
    person: Person = field(default_factory=Person)
    made: list[Connections] = field(default_factory=list)
    pace: Pace = PACE

    @classmethod
    def on(cls, farm: Farm, folder: Path, state: Path | None = None, **environ: str) -> Place:
        """In `folder`, on `farm`; `environ` is the user's environment, `state` another state folder."""
        cloud = FarmCloud(farm)
        made = make_site(folder, extra='ssh_user = "root"\n')
        site = replace(
            made,
            workplace=replace(made.workplace, state=state or made.workplace.state),
            cloud=cloud,
            environ={"HOME": str(folder / "home")} | environ,
        )
        place = cls(farm, site, cloud, farm.instances())
        place.use_key(farm.key)
        return place

    def front_end(self) -> Connections:
        """The connections of one front end. Another one shares nothing with it but the known hosts."""
        connections = Connections(self.site, lambda: self.instances, pace=self.pace, own_network=lambda: None)
        self.made.append(connections)
        return connections

    @property
    def connections(self) -> Connections:
        """The first front end's."""
        return self.made[0] if self.made else self.front_end()

    def instance(self, name: str) -> Instance:
        """The machine `name` of the farm."""
        return next(each for each in self.instances if each.name == f"demo-{name}")

    def connect(self, name: str = "secure-1") -> Connection:
        """A connection to that machine."""
        return self.connections.connect(self.instance(name), self.person)

    def by_wire(self, address: str) -> None:
        """Let the bastion's public address be the one behind the wire."""
        self.instances = self.farm.instances(public=address)

    def commit(self, files: dict[str, bytes]) -> None:
        """Put files into the working copy of the secrets."""
        WorkingCopy(self.site.folders.root).commit(files)

    def use_key(self, key: Path) -> None:
        """Let that be the environment's key on this computer."""
        self.commit({SSH_KEY: key.read_bytes(), SSH_PUBLIC: key.with_suffix(".pub").read_bytes()})

    def forget_key(self) -> None:
        """Take the environment's key off this computer."""
        WorkingCopy(self.site.folders.root).commit({}, (SSH_KEY, SSH_PUBLIC))

    def close(self) -> None:
        """End every connection."""
        for connections in self.made:
            connections.close()


class Reader:
    """Reads what a shell says, in a thread of its own."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._text = b""
        self._ended = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def see(self, words: str, within: float = PATIENCE) -> str:
        """Wait until `words` came; returns what came up to their end, which later calls do not see again."""
        wanted = words.encode()

        def there() -> bool:
            return wanted in self._text or self._ended

        with self._news:
            self._news.wait_for(there, within)
            before, found, after = self._text.partition(wanted)
            if not found:
                raise NotSeenError(f"{words!r} did not come within {within:.0f} s; this did: {self._text!r}")
            self._text = after
            return (before + found).decode(errors="replace")

    def rest(self, within: float = PATIENCE) -> str:
        """Everything until the end."""
        with self._news:
            if not self._news.wait_for(lambda: self._ended, within):
                raise NotSeenError(f"no end within {within:.0f} s; this came: {self._text!r}")
            return self._text.decode(errors="replace")

    def _run(self) -> None:
        while data := self._shell.read():
            with self._news:
                self._text += data
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


class States:
    """Every state that a connection had since this began to listen."""

    def __init__(self, connection: Connection) -> None:
        self.seen: list[LinkStatus] = []
        self._news = threading.Condition()
        self.leave: Callable[[], None] = connection.when_changed(self._changed)

    def wait(self, state: LinkState, within: float = PATIENCE) -> LinkStatus:
        """Wait until it was in `state`, or is."""
        with self._news:
            if not self._news.wait_for(lambda: any(each.state is state for each in self.seen), within):
                raise NotSeenError(f"not {state} within {within:.0f} s: {self.seen}")
            return next(each for each in self.seen if each.state is state)

    def _changed(self, status: LinkStatus) -> None:
        with self._news:
            self.seen.append(status)
            self._news.notify_all()


def output(shell: Shell) -> bytes:
    """Everything a command says, to its end."""
    said = b""
    while data := shell.read():
        said += data
    return said
