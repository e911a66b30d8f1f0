"""What is made once and can never be made again: the service accounts' key, the ssh key, the encryption configuration.

A new service-account key shuts out every pod, a new ssh key every person, and with a new encryption key the Secrets in
etcd cannot be read by anybody. Where one is missing although the bundle was complete once, it was lost: that is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.pki import encryption, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SERVICE_ACCOUNT_KEY = "secure/service-account.key"
SERVICE_ACCOUNT_PUBLIC = "secure/service-account.pub"
SSH_KEY = "locked/id_ed25519"
SSH_PUBLIC = "locked/id_ed25519.pub"
ENCRYPTION = encryption.KEY
PRIVATE = (SERVICE_ACCOUNT_KEY, SSH_KEY, ENCRYPTION)
FILES = (*PRIVATE, SERVICE_ACCOUNT_PUBLIC, SSH_PUBLIC)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A private file, and a public one that follows from it ("" without one)."""

    private: str
    public: str
    make: Callable[[], bytes]
    lost: str
    """What a new one would do."""


def make_missing(environment: str, files: Mapping[str, bytes], *, complete: bool) -> dict[str, bytes]:
    """What is absent of them. `complete`: the bundle was whole once, so nothing of this was never made.

    Raises `KubeplatError` for what is lost, unreadable, or does not fit its other half.
    """
    writes: dict[str, bytes] = {}
    for pair in (
        _Pair(SERVICE_ACCOUNT_KEY, SERVICE_ACCOUNT_PUBLIC, _service_account, "shut out every pod"),
        _Pair(SSH_KEY, SSH_PUBLIC, keys.generate_ssh, "shut every person out of the machines"),
        _Pair(ENCRYPTION, "", encryption.make, "make the cluster's Secrets unreadable for ever"),
    ):
        if pair.private not in files:
            if pair.public in files or complete:
                raise _lost(pair, "its public half" if pair.public in files else "the rest")
            writes[pair.private] = pair.make()
    merged = {**{key: files[key] for key in FILES if key in files}, **writes}
    encryption.check(merged[ENCRYPTION])
    public = {
        SERVICE_ACCOUNT_PUBLIC: _service_account_public(merged),
        SSH_PUBLIC: _ssh_public(merged, environment),
    }
    return writes | {key: data for key, data in public.items() if key not in files}


def _service_account() -> bytes:
    return keys.private_pem(keys.generate_rsa())


def _service_account_public(files: Mapping[str, bytes]) -> bytes:
    """The public half, which a file that is there has to hold (beside others, during a rotation)."""
    private = keys.load(SERVICE_ACCOUNT_KEY, files[SERVICE_ACCOUNT_KEY])
    public = keys.public_pem(private.public_key())
    present = files.get(SERVICE_ACCOUNT_PUBLIC)
    if present is not None and public not in keys.load_public(SERVICE_ACCOUNT_PUBLIC, present):
        raise keys.foreign(SERVICE_ACCOUNT_PUBLIC, f"it is not the public half of {SERVICE_ACCOUNT_KEY}")
    return public


def _ssh_public(files: Mapping[str, bytes], environment: str) -> bytes:
    """The line that machines accept, which a file that is there has to hold, with any comment."""
    public = keys.ssh_public(SSH_KEY, files[SSH_KEY])
    present = files.get(SSH_PUBLIC)
    if present is not None and present.split()[:2] != public.encode().split():
        raise keys.foreign(
            SSH_PUBLIC,
            f"it is not the public half of {SSH_KEY}",
            f"Remove {SSH_PUBLIC} to have it made again from the private key, where that is the right one.",
        )
    return f"{public} {environment}\n".encode()


def _lost(pair: _Pair, because: str) -> KubeplatError:
    return KubeplatError(
        f"{pair.private} is missing, although {because} is there.",
        why=f"A new one would {pair.lost}; nothing was changed.",
        todo="Fetch it again (kubeplat fetch-secrets), or restore an earlier version of it in the bucket. "
        "Where it is lost for good, put a new one there yourself.",
    )
