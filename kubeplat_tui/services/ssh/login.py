"""One login: the wire, the key exchange, the host's key judged, then and only then our key.

Nothing but the key exchange is sent to a machine before its host key is known to be its own.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kubeplat_tui.services.events import now
from kubeplat_tui.services.ssh.console import console_says
from kubeplat_tui.services.ssh.link import PACE, Link, Pace
from kubeplat_tui.services.ssh.model import (
    AuthenticationError,
    ConsoleAnswer,
    HostKey,
    HostKeyQuestion,
    HostKeyRefusedError,
    KnownHost,
    UnreachableError,
    Verdict,
)
from kubeplat_tui.services.ssh.routes import check_carrier
from kubeplat_tui.services.ssh.stopping import Watch, check, held, unless_stopped
from kubeplat_tui.services.ssh.unreachable import title
from kubeplat_tui.services.ssh.users import user_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from paramiko import PKey

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.host_keys import HostKeys
    from kubeplat_tui.services.ssh.identity import Identity
    from kubeplat_tui.services.ssh.model import Questions
    from kubeplat_tui.services.ssh.routes import Route
    from kubeplat_tui.services.ssh.stopping import Stopping
    from kubeplat_tui.services.ssh.transport import SshTransport

    Say = Callable[[str], None]

HANDSHAKE_SECONDS = 15.0
AUTHENTICATION_SECONDS = 20.0
"""For each key; a slow directory service behind PAM takes its time."""


class Door:
    """Logs in to the machines of one environment."""

    def __init__(self, site: Site, host_keys: HostKeys, identity: Identity, pace: Pace = PACE) -> None:
        self.site = site
        self._host_keys = host_keys
        self._identity = identity
        self._pace = pace

    def enter(
        self, instance: Instance, route: Route, questions: Questions, say: Say, stop: Stopping
    ) -> tuple[Link, str]:
        """A link to `instance` over `route`, and the user it is logged in as.

        Raises `UnreachableError`, `HostKeyRefusedError`, `AuthenticationError`, `NoKeyError`, `ConnectStoppedError`.
        """
        while True:
            transport = self._transport(instance, route, stop)
            kept = False
            try:
                key = _shake_hands(transport, instance, route, stop)
                if self._judge(instance, key, questions, say, stop) and not transport.is_active():
                    continue  # the machine did not wait as long as the person thought; its key is known now
                user = self._log_in(transport, instance, route, questions, say=say, stop=stop)
                link = Link(transport, title(instance), self._pace, _cause(route))
                kept = True
            finally:
                if not kept:
                    _drop(transport)
            return link, user

    def _transport(self, instance: Instance, route: Route, stop: Stopping) -> SshTransport:
        from kubeplat_tui.services.ssh.transport import SshTransport

        kinds = self._host_keys.kinds(instance.id)
        return SshTransport(route.open(stop), kinds)

    # --- the host's key -----------------------------------------------------------------------------------------

    def _judge(
        self, instance: Instance, key: HostKey, questions: Questions, say: Say, stop: Stopping
    ) -> bool:
        if self._is_known(instance, key) is None:
            return False
        with held(self._identity.asking, stop):
            found = self._is_known(instance, key)
            if found is None:
                return True
            verdict, before = found
            say(f"asking AWS for the console output of {title(instance)}")
            console, why = unless_stopped(lambda: console_says(self.site.cloud, instance, key), stop)
            if console is ConsoleAnswer.DIFFERS:
                raise _differs(instance, key, why)
            if not questions.trust(HostKeyQuestion(instance, verdict, key, console, why, before)):
                raise HostKeyRefusedError(
                    f"The host key of {title(instance)} was not accepted.", why="Nothing was sent to it."
                )
            self._host_keys.accept(instance, key, now())
        return True

    def _is_known(self, instance: Instance, key: HostKey) -> tuple[Verdict, KnownHost | None] | None:
        """None where the key is known; else what has to be asked. Raises `HostKeyRefusedError` where it changed."""
        verdict, before = self._host_keys.judge(instance, key)
        if verdict is Verdict.KNOWN:
            return None
        if verdict is Verdict.CHANGED:
            raise _changed(instance, key, before, str(self._host_keys.path))
        return verdict, before

    # --- our key ------------------------------------------------------------------------------------------------

    def _log_in(
        self,
        transport: SshTransport,
        instance: Instance,
        route: Route,
        questions: Questions,
        *,
        say: Say,
        stop: Stopping,
    ) -> str:
        """Offer our keys until one is taken; the user's name."""
        user = unless_stopped(lambda: user_for(self.site, instance), stop)
        tried: list[str] = []
        with self._identity.offers(questions, say, stop) as offers:
            for offer in offers:
                say(f"logging in to {title(instance)} as {user}")
                tried.append(offer.words)
                outcome = _try(transport, user, offer.key, stop)
                if outcome is None:
                    return user
                if outcome:
                    tried[-1] += f" ({outcome})"
                if not transport.is_active():
                    break
        if not transport.is_active() and not transport.farewell:
            check_carrier(route)
            raise UnreachableError(
                f"{title(instance)} closed the connection while kubeplat logged in as {user}.",
                why=f"Tried: {'; '.join(tried)}.",
                todo="It may be going down, or its sshd refuses this user without a word: see its log.",
            )
        raise _refused(transport, instance, user, tried)


def _shake_hands(transport: SshTransport, instance: Instance, route: Route, stop: Stopping) -> HostKey:
    """Exchange keys; the host's, which it has proved to have. Nothing else was sent."""
    from paramiko.ssh_exception import SSHException

    with Watch(stop, transport.end) as watch:
        watch.give(HANDSHAKE_SECONDS)
        try:
            transport.start_client()
            shown = transport.get_remote_server_key()
        except (SSHException, EOFError, OSError) as error:
            check(stop)
            check_carrier(route)
            raise _no_handshake(transport, instance, error, late=watch.late) from error
    return HostKey(shown.get_name(), shown.asbytes())


def _no_handshake(
    transport: SshTransport, instance: Instance, error: Exception, *, late: bool
) -> UnreachableError:
    from paramiko.ssh_exception import IncompatiblePeer

    name = title(instance)
    if late:
        return UnreachableError(
            f"{name} took the connection and then said nothing for {HANDSHAKE_SECONDS:g} seconds.",
            why="Its sshd hangs, or something else listens there.",
            todo="Look at the machine's console output; try again in a minute.",
        )
    if isinstance(error, IncompatiblePeer):
        return UnreachableError(
            f"{name} and kubeplat have no algorithm in common.",
            why=f"{error}.",
            todo="Only algorithms that count as safe today are offered: update the machine's image.",
        )
    said = transport.farewell or "" if isinstance(error, EOFError) else f"{error}"
    return UnreachableError(
        f"{name} took the connection and closed it before keys were exchanged.",
        why=f"{said.rstrip('.')}." if said else "It gave no reason.",
        todo="Its sshd may be starting, or have too many connections (MaxStartups): try again in a moment.",
    )


def _try(transport: SshTransport, user: str, key: PKey, stop: Stopping) -> str | None:
    """Offer one key: None where it is taken, else a word on why not, "" for the usual reason."""
    from paramiko.ssh_exception import BadAuthenticationType, SSHException

    with Watch(stop, transport.end) as watch:
        watch.give(AUTHENTICATION_SECONDS)
        try:
            further = transport.auth_publickey(user, key)
        except BadAuthenticationType as error:
            return f"it takes no keys, only {', '.join(error.allowed_types)}"
        except (SSHException, EOFError, OSError):
            check(stop)
            if watch.late:
                return f"no answer within {AUTHENTICATION_SECONDS:g} seconds"
            return "the agent did not sign" if getattr(key, "refused", False) else ""
    if further:
        return f"taken, but it wants more: {', '.join(further)}"
    return None


def _cause(route: Route) -> Callable[[], str] | None:
    """Why what carries the connection ended, "" while it stands."""
    carrier = route.carrier
    if carrier is None:
        return None

    def cause() -> str:
        if not carrier.transport.is_active():
            carrier.ended.wait(1.0)
        return "" if carrier.usable else carrier.status.why

    return cause


def _drop(transport: SshTransport) -> None:
    transport.end()
    if transport.is_alive():
        with contextlib.suppress(RuntimeError):
            transport.join(2.0)


def _changed(instance: Instance, key: HostKey, before: KnownHost | None, path: str) -> HostKeyRefusedError:
    knew = (
        f"known since {before.accepted:%Y-%m-%d}: {before.key.fingerprint}, {before.key.kind}"
        if before
        else ""
    )
    return HostKeyRefusedError(
        f"The host key of {title(instance)} has changed. Nothing was sent to it.",
        why=f"It is the same machine by its instance id, but it shows {key.fingerprint} ({key.kind}); {knew}. "
        "Somebody may stand in between; or its sshd was set up anew.",
        todo=f"Only where you know why it changed: ssh-keygen -R {instance.id} -f {path}, then connect again.",
    )


def _differs(instance: Instance, key: HostKey, why: str) -> HostKeyRefusedError:
    return HostKeyRefusedError(
        f"{title(instance)} shows a host key that is not its own. Nothing was sent to it.",
        why=f"It shows {key.fingerprint} ({key.kind}). {why}",
        todo="Somebody may stand in between. Where its sshd was set up anew, replace the machine.",
    )


def _refused(transport: SshTransport, instance: Instance, user: str, tried: list[str]) -> AuthenticationError:
    said = f" It says: {transport.farewell.rstrip('.')}." if transport.farewell else ""
    return AuthenticationError(
        f"{title(instance)} accepts none of our keys for the user {user}.",
        why=f"Tried: {'; '.join(tried) or 'none'}.{said}",
        todo="Its image may have another user: set ssh_user in the environment's file. Machines accept the key pair "
        "that they were started with: where it was replaced since, they have to be replaced too.",
    )
