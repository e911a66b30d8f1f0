"""Who we are to the machines: the environment's key, the agent's keys, and in which order they are offered.

A server closes the connection after a few keys it does not take (sshd_config's MaxAuthTries, 6): the likeliest come
first, and never more than `MOST`.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.keyring_store import SSH_PASSPHRASE, KeyringStore
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.pki.once import SSH_KEY
from kubeplat_tui.services.secrets.working_copy import WorkingCopy
from kubeplat_tui.services.ssh.agent_keys import agent_keys
from kubeplat_tui.services.ssh.model import ConnectStoppedError, HostKey, NoKeyError, PassphraseQuestion
from kubeplat_tui.services.ssh.stopping import Either, check, held, unless_stopped
from kubeplat_tui.services.ssh_passphrase import is_protected, unprotect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from paramiko import PKey

    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.model import Questions
    from kubeplat_tui.services.ssh.signing import SteadyKey
    from kubeplat_tui.services.ssh.stopping import Stopping

    Say = Callable[[str], None]
    Answer = TypeVar("Answer")

MOST = 5
"""Keys offered to one machine."""
ATTEMPTS = 3
"""How often a passphrase may be wrong."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A key to log in with; `words` say which it is."""

    key: PKey
    words: str


class Identity:
    """The keys of one environment. What was opened once stays open in memory until the program ends."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._copy = WorkingCopy(site.folders.root)
        self._keyring = KeyringStore(site.environment.name)
        self.asking = threading.Lock()
        """Held while a person is asked: one question at a time, and the answer may hold for who waits."""
        self._opened: dict[str, PKey] = {}
        self._from_bucket: bytes | None = None

    @contextlib.contextmanager
    def offers(self, questions: Questions, say: Say, stop: Stopping) -> Iterator[Iterator[Offer]]:
        """The keys, one after the other as they are needed; the agent is held while the block runs.

        Asks for the passphrase only where the agent does not have the same key. Iterating raises `NoKeyError` where
        there is no key at all, and where the passphrase was not given.
        """
        with agent_keys(self.site.environ) as agents:
            yield self._offers(agents, questions, say, stop)

    def _offers(
        self, agents: tuple[SteadyKey, ...], questions: Questions, say: Say, stop: Stopping
    ) -> Iterator[Offer]:
        data, where, why = self._data(stop)
        own = _blob(data) if data is not None else b""
        left = MOST
        if data is not None:
            same = next((key for key in agents if key.asbytes() == own), None)
            if same is not None and is_protected(data):
                yield Offer(same, f"{self._words(own)}, by the agent")
            else:
                yield Offer(self._open(data, own, questions, say, stop), f"{self._words(own)}, {where}")
            left -= 1
        elif not agents:
            raise self._no_key(why)
        for key in [key for key in agents if key.asbytes() != own][:left]:
            comment = f" ({key.comment})" if key.comment else ""
            yield Offer(key, f"the agent's key {HostKey(key.get_name(), key.asbytes()).fingerprint}{comment}")

    def plain(self, questions: Questions, say: Say, stop: Stopping | None = None) -> bytes:
        """The environment's own private key without its passphrase, as it goes into an agent: never to a file.

        Raises `NoKeyError` where there is none, or its passphrase was not given.
        """
        either = Either(stop)
        data, _, why = self._data(either)
        if data is None:
            raise NoKeyError(
                f"{self.site.environment.name} has no ssh key here.",
                why=f"The working copy has no {SSH_KEY}, and the bucket gave none: {why}",
                todo="Fetch the secrets (kubeplat fetch-secrets); the first run makes it.",
            )
        return self._unlocked(data, _blob(data), questions, say, either) if is_protected(data) else data

    # --- the environment's key ----------------------------------------------------------------------------------

    def _data(self, stop: Stopping) -> tuple[bytes | None, str, str]:
        """The private key's file, where it is from, and why there is none."""
        if self._copy.file(SSH_KEY) is not None:
            return self._copy.read(SSH_KEY), "of the working copy", ""
        with held(self.asking, stop):
            if self._from_bucket is None:
                try:
                    self._from_bucket = unless_stopped(self._fetched, stop)
                except ConnectStoppedError:
                    raise
                except KubeplatError as error:
                    return None, "", f"{error.what} {error.why}".strip()
        return self._from_bucket, "of the bucket", ""

    def _fetched(self) -> bytes:
        """The key as the bucket has it. It stays in memory: only fetching the secrets writes files."""
        from kubeplat_tui.services.secrets.bucket import SecretsBucket

        bucket = SecretsBucket.for_site(self.site)
        try:
            return bucket.get(SSH_KEY).data
        finally:
            bucket.close()

    def _open(self, data: bytes, own: bytes, questions: Questions, say: Say, stop: Stopping) -> PKey:
        digest = hashlib.sha256(data).hexdigest()
        with held(self.asking, stop):  # eight connections at once ask for one passphrase
            if digest not in self._opened:
                plain = self._unlocked(data, own, questions, say, stop) if is_protected(data) else data
                self._opened[digest] = _loaded(plain)
            return self._opened[digest]

    def _unlocked(self, data: bytes, own: bytes, questions: Questions, say: Say, stop: Stopping) -> bytes:
        remembered = self._told(lambda: unless_stopped(self._remembered, stop), say)
        if remembered:
            with contextlib.suppress(InputError):  # changed since it was remembered: ask
                return unprotect(data, remembered)
        can_remember = self._keyring.available()
        for attempt in range(ATTEMPTS):
            check(stop)
            answer = questions.passphrase(
                PassphraseQuestion(self.site.environment.name, _print(own), can_remember, wrong=attempt > 0)
            )
            if answer is None:
                raise NoKeyError(
                    f"The passphrase of {self.site.environment.name}'s ssh key was not given.",
                    todo="Nothing was sent to the machine. Connect again to be asked again.",
                )
            try:
                plain = unprotect(data, answer.text)
            except InputError:
                continue
            if answer.remember:
                self._remember(answer.text, say)
            return plain
        raise NoKeyError(
            f"None of {ATTEMPTS} passphrases opened {self.site.environment.name}'s ssh key.",
            todo="Connect again to be asked again; kubeplat fetch-secrets brings the key without a passphrase.",
        )

    def _remembered(self) -> str | None:
        return self._keyring.get(SSH_PASSPHRASE)

    def _remember(self, text: str, say: Say) -> None:
        self._told(lambda: self._keyring.set(SSH_PASSPHRASE, text), say)

    @staticmethod
    def _told(call: Callable[[], Answer], say: Say) -> Answer | None:
        """What the keyring answers; where it fails that is said, and nothing more comes of it."""
        try:
            return call()
        except ConnectStoppedError:
            raise
        except KubeplatError as error:
            say(f"{error.what} {error.why}".strip())
            return None

    def _words(self, own: bytes) -> str:
        return f"{self.site.environment.name}'s key {_print(own)}"

    def _no_key(self, why: str) -> NoKeyError:
        return NoKeyError(
            f"There is no ssh key to log in to {self.site.environment.name}'s machines with.",
            why=f"The working copy has no {SSH_KEY}, the agent has no keys, and the bucket gave none: {why}",
            todo="Fetch the secrets (kubeplat fetch-secrets), or add the key to your agent and start again.",
        )


def _blob(data: bytes) -> bytes:
    """The public half of an OpenSSH key file in its wire form, under a passphrase or not."""
    import base64

    return base64.b64decode(keys.ssh_public(SSH_KEY, data).split()[1])


def _print(blob: bytes) -> str:
    return HostKey("ssh-ed25519", blob).fingerprint


def _loaded(plain: bytes) -> PKey:
    from paramiko import Ed25519Key
    from paramiko.ssh_exception import SSHException

    try:
        return Ed25519Key.from_private_key(io.StringIO(plain.decode("ascii")))
    except (SSHException, ValueError) as error:
        raise KubeplatError(
            f"{SSH_KEY} cannot be used to log in.",
            why=f"{error}.",
            todo=f"Take the bucket's: kubeplat fetch-secrets --overwrite {SSH_KEY}.",
        ) from error
