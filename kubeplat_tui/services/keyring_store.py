"""The system's keyring: passphrases and tokens that the user asks to remember. Nothing falls back to a file.

Source: the documentation of the `keyring` package. An entry's service is `kubeplat`, its name `<environment>/<what>`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from keyring.backend import KeyringBackend

    Answer = TypeVar("Answer")

SERVICE = "kubeplat"
SSH_PASSPHRASE = "ssh-passphrase"  # noqa: S105 - the entry's name

NO_SERVICE = "No keyring service is running here, as in a container or without a desktop session."
ON_DISK = ("keyrings.alt.", "keyrings.cryptfile.", "sagecipher.")
"""Backends that are files of their own, in plain text or under a password they would ask for at the terminal."""


def token_entry(user: str, short: str) -> str:
    """The name of a remembered token: whose it is, and the first digits of its hash."""
    return f"token/{user}/{short}"


class KeyringStore:
    """The entries of one environment. Looks for a keyring at the first use; may wait for the user to unlock it."""

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self._backend: KeyringBackend | None = None
        self._why: str | None = None

    def available(self) -> bool:
        """Whether this computer has a keyring that keeps secrets secret."""
        if self._why is None:
            self._backend, self._why = _find()
        return self._backend is not None

    @property
    def why(self) -> str:
        """Why there is none, as a sentence; "" where there is one."""
        return "" if self.available() else self._why or ""

    def get(self, what: str) -> str | None:
        """What is remembered under `what`; None where nothing is. Raises `KubeplatError` without a keyring."""
        backend = self._opened()
        return _told(
            f"The keyring could not be asked for {self._name(what)}.",
            lambda: backend.get_password(SERVICE, self._name(what)),
        )

    def set(self, what: str, value: str) -> None:
        """Remember `value`, in place of what was there. Raises `KubeplatError` where that was not possible."""
        backend = self._opened()
        _told(
            f"The keyring did not keep {self._name(what)}.",
            lambda: backend.set_password(SERVICE, self._name(what), value),
        )

    def delete(self, what: str) -> None:
        """Forget `what`; what is not there is forgotten already."""
        backend = self._opened()
        if self.get(what) is not None:
            _told(
                f"The keyring did not forget {self._name(what)}.",
                lambda: backend.delete_password(SERVICE, self._name(what)),
            )

    def _name(self, what: str) -> str:
        return f"{self._environment}/{what}"

    def _opened(self) -> KeyringBackend:
        if not self.available() or self._backend is None:
            raise KubeplatError(
                "This computer has no keyring to remember it in.",
                why=self.why,
                todo="Keep it where you keep your passwords; kubeplat writes no secret to a file for it.",
            )
        return self._backend


def _find() -> tuple[KeyringBackend | None, str]:
    """The system's keyring, or why there is none."""
    try:
        import keyring
        from keyring.backends.chainer import ChainerBackend

        chosen = keyring.get_keyring()
        # A chain would hand a secret on to its next backend, which may be a file.
        candidates = list(chosen.backends) if isinstance(chosen, ChainerBackend) else [chosen]
    except Exception as error:  # noqa: BLE001 - backends are plugins and may raise anything when they are loaded
        return None, f"The keyring's settings or a backend of it are broken ({type(error).__name__})."
    for backend in candidates:
        if not _refused(backend):
            return backend, ""
    return None, _refused(candidates[0]) if candidates else NO_SERVICE


def _refused(backend: KeyringBackend) -> str:
    """Why `backend` is not used; "" where it is."""
    from keyring.backends import fail, null

    if isinstance(backend, null.Keyring):
        return "The keyring is switched off (keyring's null backend)."
    if isinstance(backend, fail.Keyring):
        return NO_SERVICE
    kind = type(backend)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if name.startswith(ON_DISK) or hasattr(backend, "file_path"):
        return f"The keyring is a file ({name}), not the system's."
    return ""


def _told(what: str, call: Callable[[], Answer]) -> Answer:
    """The answer of `call`; whatever a backend raises becomes a sentence, which quotes no secret."""
    try:
        return call()
    except Exception as error:
        from keyring.errors import KeyringError, KeyringLocked

        if isinstance(error, KeyringLocked):
            why = "It is locked."
        elif isinstance(error, KeyringError) and str(error):
            why = f"It says: {str(error).rstrip('.')}."
        else:
            why = f"Its backend failed ({type(error).__name__})."
        raise KubeplatError(what, why=why, todo="Unlock it, and try again.") from error
