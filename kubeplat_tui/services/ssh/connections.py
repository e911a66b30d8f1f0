"""Connections to an environment's machines: the one place that knows the way to each and keeps what they share.

Every connection is an SSH connection of its own, from this computer to the machine itself; those to private machines
run through one shared connection to a bastion, which carries bytes it cannot read.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from kubeplat_tui.services.caller import own_network as ask_own_network
from kubeplat_tui.services.inventory import RUNNING, Layer
from kubeplat_tui.services.ssh import finding
from kubeplat_tui.services.ssh.bastions import SharedBastion, bastions, candidates
from kubeplat_tui.services.ssh.connection import Connection
from kubeplat_tui.services.ssh.host_keys import HostKeys
from kubeplat_tui.services.ssh.identity import Identity
from kubeplat_tui.services.ssh.link import PACE, Pace
from kubeplat_tui.services.ssh.login import Door
from kubeplat_tui.services.ssh.model import ConnectStoppedError, LinkState
from kubeplat_tui.services.ssh.routes import BastionGoneError, Direct, ThroughBastion, answers
from kubeplat_tui.services.ssh.stopping import Either, check, unless_stopped
from kubeplat_tui.services.ssh.unreachable import (
    no_address,
    no_answer,
    no_bastion,
    not_running,
    title,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.bastions import Entered
    from kubeplat_tui.services.ssh.link import Link
    from kubeplat_tui.services.ssh.model import Questions
    from kubeplat_tui.services.ssh.stopping import Stopping

    Say = Callable[[str], None]


CLOSE_SECONDS = 2.0
"""How long closing waits for connections that are just being made."""


def quiet(_what: str) -> None:
    """Say nothing."""


class Connections:
    """One per environment and front end. Every method may block and may be called from several threads at once."""

    def __init__(
        self,
        site: Site,
        instances: Callable[[], list[Instance]],
        *,
        pace: Pace = PACE,
        own_network: Callable[[], str | None] = ask_own_network,
    ) -> None:
        """`instances` asks for the environment's machines; `own_network` for this computer's public address."""
        self.site = site
        self.host_keys = HostKeys(site.folders.ssh)
        self._instances = instances
        self._own_network = own_network
        self._identity = Identity(site)
        self._door = Door(site, self.host_keys, self._identity, pace)
        self._bastion = SharedBastion()
        self._open: set[Connection] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._begun = 0
        self._none_begun = threading.Condition(self._lock)

    def use(self, site: Site) -> None:
        """Go by `site` from now on: the same environment, whose file was read anew."""
        self.site = self._door.site = self._identity.site = site

    def connect(
        self,
        instance: Instance,
        questions: Questions,
        *,
        say: Say = quiet,
        stop: threading.Event | None = None,
    ) -> Connection:
        """A connection of its own to `instance`. `say` is told each step; setting `stop` ends it within moments.

        Raises `UnreachableError`, `HostKeyRefusedError`, `AuthenticationError`, `NoKeyError`, `ConnectStoppedError`;
        an `AwsError` where the machines cannot be listed.
        """
        if instance.state != RUNNING:
            raise not_running(instance)
        self._say_what_is_broken(say)
        with self._connecting(stop) as either:
            if instance.layer is Layer.BASTION and instance.public_ip:
                user, link, words = self._straight(instance, questions, say, either)
            else:
                user, link, words = self._hop(instance, questions, say, either)
            return self._kept(
                Connection(instance, user, words, link, environ=self.site.environ, when_closed=self._forget)
            )

    def bastion(
        self, questions: Questions, *, say: Say = quiet, stop: threading.Event | None = None
    ) -> Connection:
        """The shared connection to a bastion itself: closing it closes only what was opened by it.

        Raises as `connect` does.
        """
        with self._connecting(stop) as either:
            entered = self._entered(questions, say, either)
            return self._kept(
                Connection(
                    entered.bastion,
                    entered.user,
                    f"straight to {entered.bastion.public_ip}",
                    entered.link,
                    environ=self.site.environ,
                    when_closed=self._forget,
                    shared=True,
                )
            )

    def find(self, text: str, instances: Sequence[Instance] | None = None) -> Instance:
        """The machine that `text` means: a name, an instance id, an address, or a layer (its first that runs).

        An address may be one of the fixed ones of `secure_nodes`. `instances` are those to choose from; without them
        AWS is asked. Raises `InputError` where none or several fit.
        """
        found = self._instances() if instances is None else instances
        nodes = self.site.environment.values.get("secure_nodes")
        return finding.of_node(text.strip(), nodes, found) or finding.find(text, found)

    def close(self) -> None:
        """End everything; nothing can be connected afterwards."""
        self._closing.set()
        with self._lock:
            left = list(self._open)
        for connection in left:
            connection.retire()
        # First what carries the others: closing those then waits for nobody at a network that is gone.
        self._bastion.close()
        for connection in left:
            connection.close()
        with self._none_begun:
            self._none_begun.wait_for(lambda: not self._begun, CLOSE_SECONDS)

    # --- ways ---------------------------------------------------------------------------------------------------

    def _straight(
        self, instance: Instance, questions: Questions, say: Say, stop: Stopping
    ) -> tuple[str, Link, str]:
        route = Direct(
            self.site.cloud,
            instance.public_ip,
            lambda error: no_answer(self.site, instance, error, self._own_network),
        )
        say(f"connecting to {title(instance)} at {instance.public_ip}")
        link, user = self._door.enter(instance, route, questions, say, stop)
        return user, link, route.words

    def _hop(
        self, instance: Instance, questions: Questions, say: Say, stop: Stopping
    ) -> tuple[str, Link, str]:
        if not instance.private_ip:
            raise no_address(instance)
        for attempt in (1, 2):
            entered = self._way_in(instance, questions, say, stop)
            if entered is None:
                return self._straight(instance, questions, say, stop)
            route = ThroughBastion(entered.link, title(instance), instance.private_ip)
            say(f"through {title(entered.bastion)} to {title(instance)} at {instance.private_ip}")
            try:
                link, user = self._door.enter(instance, route, questions, say, stop)
            except BastionGoneError:
                self._bastion.leave(entered.link)
                if attempt == 2:
                    raise
                say(f"{title(entered.bastion)} is gone: looking for another way")
            else:
                break
        return user, link, route.words

    def _way_in(self, instance: Instance, questions: Questions, say: Say, stop: Stopping) -> Entered | None:
        """The bastion; None where there is none and the machine can be reached without."""
        known = self._bastion.now
        if known is not None and (known.link.status.state is LinkState.UP or answers(known.link)):
            return known
        if known is not None:
            self._bastion.leave(known.link)
            say(f"{title(known.bastion)} does not answer: looking for another way")
        found = unless_stopped(self._instances, stop)
        if not candidates(found):
            if instance.public_ip:
                return None
            raise no_bastion(instance, bastions(found))
        return self._entered(questions, say, stop, found)

    def _entered(
        self, questions: Questions, say: Say, stop: Stopping, found: list[Instance] | None = None
    ) -> Entered:
        def enter(bastion: Instance) -> tuple[Link, str]:
            user, link, _ = self._straight(bastion, questions, say, stop)
            return link, user

        def machines() -> list[Instance]:
            return unless_stopped(self._instances, stop) if found is None else found

        return self._bastion.get(machines, enter, stop)

    # --- what is open -------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _connecting(self, stop: Stopping | None) -> Iterator[Stopping]:
        """Count it as begun; what it goes by stops for everybody when all is closed."""
        either = Either(stop, self._closing)
        check(either)
        with self._lock:
            self._begun += 1
        try:
            yield either
        finally:
            with self._none_begun:
                self._begun -= 1
                self._none_begun.notify_all()

    def _kept(self, connection: Connection) -> Connection:
        with self._lock:
            closed = self._closing.is_set()
            if not closed:
                self._open.add(connection)
        if closed:
            connection.close()
            raise ConnectStoppedError("Everything is being closed.")
        return connection

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            self._open.discard(connection)

    def _say_what_is_broken(self, say: Say) -> None:
        for sentence in self.host_keys.broken():
            say(sentence)
