"""The rehearsal's steps about SSH: the way through the bastion, host keys, files, a forward, a machine that goes."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kubeplat_tui.commands.rehearsed_secrets import expect
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.inventory import RUNNING, Layer
from kubeplat_tui.services.ssh.forward_model import LOOPBACK, ForwardKind, ForwardSpec
from kubeplat_tui.services.ssh.model import (
    SSH_PORT,
    ConsoleAnswer,
    HostKey,
    HostKeyRefusedError,
    LinkState,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kubeplat_tui.intents import Intents
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.connection import Connection
    from kubeplat_tui.services.ssh.model import HostKeyQuestion, Passphrase, PassphraseQuestion

LOST_WITHIN = 10.0
"""Seconds after a machine's end within which its connection must be known to be lost."""

ANSWERED_WITHIN = 10.0
PAYLOAD = 1 << 20
"""Bytes of the file, and of what goes through the forward."""

DIAL_SECONDS = 3.0


@dataclass(slots=True)
class Person:
    """Accepts host keys or not, and remembers what was asked."""

    trusts: bool = True
    asked: list[HostKeyQuestion] = field(default_factory=list)

    def trust(self, question: HostKeyQuestion) -> bool:
        """As decided beforehand."""
        self.asked.append(question)
        return self.trusts

    def passphrase(self, question: PassphraseQuestion) -> Passphrase | None:
        """There is none on a key that was just made."""
        return None


@dataclass(frozen=True, slots=True)
class Held:
    """A connection that is open while its machine is terminated, and the machines that there were before."""

    victim: Instance
    connection: Connection
    lost: threading.Event
    before: frozenset[str]


class SshRehearsal:
    """The shells of the rehearsal's environment. `folder` is the rehearsal's own."""

    def __init__(self, intents: Intents, site: Callable[[], Site], folder: Path) -> None:
        self._intents = intents
        self._site = site
        self._folder = folder
        self._held: Held | None = None

    # --- the steps ------------------------------------------------------------------------------------------

    def refused(self) -> str:
        """A host key that nobody accepts is refused; so is a private machine that is dialled from outside."""
        master = self._machine(Layer.SECURE)
        nobody = Person(trusts=False)
        try:
            self._connect(master, nobody)
        except HostKeyRefusedError:
            pass
        else:
            raise KubeplatError("A host key that nobody accepted was taken.")
        expect(
            len(nobody.asked) == 1, f"{len(nobody.asked)} questions were asked, and the first was declined."
        )
        expect(not self._known(), "A host key that was declined is known.")
        try:
            self._site().cloud.dial(master.private_ip, SSH_PORT, DIAL_SECONDS).close()
        except OSError as error:
            return f"an unknown host key; {master.private_ip} from outside: {error.strerror or error}"
        raise KubeplatError(f"{master.private_ip} answers without the bastion.")

    def command(self) -> str:
        """A command on a master through the bastion; each of the two keys was asked for once."""
        master = self._machine(Layer.SECURE)
        person = Person()
        with contextlib.closing(self._connect(master, person)) as connection:
            asked = [question.instance.id for question in person.asked]
            bastion = self._machine(Layer.BASTION)
            expect(asked == [bastion.id, master.id], f"Asked about: {', '.join(asked) or 'nothing'}.")
            for question in person.asked:
                expect(
                    (question.verdict, question.console) == (Verdict.NEW, ConsoleAnswer.MATCHES),
                    f"{question.instance.id}: {question.verdict}, the console {question.console}.",
                )
            code, out = _ran(connection, f"echo $HOSTNAME; exit {len(asked) + 40}")
            expect(
                (code, out) == (42, f"{master.name}\n".encode()), f"It ended with {code} and said {out!r}."
            )
        with contextlib.closing(self._connect(master, person)):
            expect(len(person.asked) == 2, "A key that is known was asked for again.")
        return f"{connection.user} on {master.name}, {connection.route}"

    def changed(self) -> str:
        """A machine that shows another key than before is refused, and nobody is asked."""
        master = self._machine(Layer.SECURE)
        keys = self._intents.ssh(self._site()).host_keys
        true = next(host for host in keys.known() if host.instance_id == master.id)
        keys.forget(master.id)
        keys.accept(master, HostKey(true.key.kind, true.key.blob[:-1] + b"\0"), true.accepted)
        person = Person()
        try:
            self._connect(master, person)
        except HostKeyRefusedError as error:
            expect(not person.asked, "A changed key was asked about.")
            said = error.what
        else:
            raise KubeplatError("A changed host key was taken.")
        finally:
            keys.forget(master.id)
            keys.accept(master, true.key, true.accepted)
        return said

    def files(self) -> str:
        """A file to a master and back, byte for byte."""
        from kubeplat_tui.services.ssh import files

        here, back = self._folder / "payload", self._folder / "payload.back"
        here.write_bytes(os.urandom(PAYLOAD))
        here.chmod(0o640)
        with contextlib.closing(self._connect(self._machine(Layer.SECURE))) as connection:
            there = files.put(connection, here, "payload")
            files.get(connection, "payload", back)
            code, _ = _ran(connection, "rm payload")
        expect(code == 0, "The file is not where it was put.")
        expect(back.read_bytes() == here.read_bytes(), "What came back is not what was sent.")
        expect(back.stat().st_mode == here.stat().st_mode, "The mode of the file was not kept.")
        here.unlink()
        back.unlink()
        return f"{there.bytes} bytes there and back"

    def forward(self) -> str:
        """Bytes through a port of this computer to one of a master, and back."""
        forwards = self._intents.forwards(self._site())
        master = self._machine(Layer.SECURE)
        payload = os.urandom(PAYLOAD)
        with _echoing() as port:
            spec = ForwardSpec(ForwardKind.LOCAL, 0, "localhost", port, via=master.id)
            status = forwards.start(spec, Person())
            with socket.create_connection((LOOPBACK, status.bound_port), ANSWERED_WITHIN) as client:
                came = _exchanged(client, payload)
        expect(came == payload, f"{len(came)} of {len(payload)} bytes came back, or others.")
        status = next(one for one in forwards.statuses() if one.id == status.id)
        expect(
            status.sent >= PAYLOAD <= status.received,
            f"It says {status.sent} sent, {status.received} received.",
        )
        forwards.stop(status.id)
        try:
            socket.create_connection((LOOPBACK, status.bound_port), 1).close()
        except OSError:
            return f"{PAYLOAD} bytes there and back by port {status.bound_port}, which is closed again"
        raise KubeplatError(f"The port {status.bound_port} still listens.")

    def hold(self, victim: Instance) -> None:
        """Be connected to a machine that is to be terminated."""
        connection = self._connect(victim)
        lost = threading.Event()
        connection.when_changed(lambda status: lost.set() if status.state is LinkState.LOST else None)
        machines = self._intents.instances(self._site())
        self._held = Held(victim, connection, lost, frozenset(one.id for one in machines))

    def replaced(self) -> str:
        """The connection to the machine that is gone is lost; the one in its place is not taken for it."""
        held = self._held
        if held is None:
            raise KubeplatError("Nothing was connected before the machine was terminated.")
        expect(
            held.lost.wait(LOST_WITHIN),
            f"The connection to {held.victim.id} is {held.connection.status.state}.",
        )
        held.connection.close()
        successor = next(
            one
            for one in self._intents.instances(self._site())
            if one.layer is held.victim.layer and one.id not in held.before and one.state == RUNNING
        )
        keys = self._intents.ssh(self._site()).host_keys
        old = next(host for host in keys.known() if host.instance_id == held.victim.id)
        # On AWS the same address often comes back (the masters' always does); here it is made so.
        keys.accept(replace(held.victim, private_ip=successor.private_ip), old.key, old.accepted)
        person = Person()
        self._connect(successor, person).close()
        expect(len(person.asked) == 1, f"{len(person.asked)} questions about {successor.id}.")
        asked = person.asked[0]
        expect(
            asked.verdict is Verdict.REPLACED and asked.before is not None,
            f"{successor.id} is {asked.verdict}.",
        )
        expect(
            asked.before == replace(old, address=successor.private_ip), "It is taken for another's successor."
        )
        expect(asked.key != old.key, f"{successor.id} has the host key of {held.victim.id}.")
        return f"{held.victim.id} was lost, {successor.id} is asked about as its successor"

    # --- their tools ----------------------------------------------------------------------------------------

    def _connect(self, machine: Instance, person: Person | None = None) -> Connection:
        return self._intents.ssh(self._site()).connect(machine, person or Person())

    def _machine(self, layer: Layer) -> Instance:
        return self._intents.ssh(self._site()).find(layer.value)

    def _known(self) -> tuple[object, ...]:
        return self._intents.ssh(self._site()).host_keys.known()


def _ran(connection: Connection, command: str) -> tuple[int | None, bytes]:
    """The exit code and the output of a command."""
    shell = connection.command(command)
    try:
        out = b"".join(iter(shell.read, b""))
        end = shell.wait(ANSWERED_WITHIN)
        return (end.exit_code if end is not None else None), out
    finally:
        shell.close()


@contextlib.contextmanager
def _echoing() -> Iterator[int]:
    """A server on this computer that sends back what comes; its port."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                with client:
                    while data := client.recv(65_536):
                        client.sendall(data)

    with socket.create_server((LOOPBACK, 0)) as server:
        serving = threading.Thread(target=serve, name="echo", daemon=True)
        serving.start()
        try:
            yield server.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
            serving.join(ANSWERED_WITHIN)


def _exchanged(client: socket.socket, payload: bytes) -> bytes:
    """Send all of `payload`; what comes back until the other side ends."""

    def send() -> None:
        with contextlib.suppress(OSError):
            client.sendall(payload)
            client.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send, name="payload", daemon=True)
    sender.start()
    came = b""
    with contextlib.suppress(OSError):
        while data := client.recv(65_536):
            came += data
    sender.join(ANSWERED_WITHIN)
    return came
