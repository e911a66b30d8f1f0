"""The environment's ssh key pair: made once, kept in the private working copy of the secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.workplace import write_private

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.workplace import EnvironmentFolders

NAME = "id_ed25519"


def private_key_path(folders: EnvironmentFolders) -> Path:
    """Where the private key is (or would be): OpenSSH's own format, readable by its owner only."""
    return folders.secrets / "locked" / NAME


def public_key(folders: EnvironmentFolders, environment: str) -> str:
    """The public half in OpenSSH's one-line form; the pair is made where there is none.

    Raises `KubeplatError` where the private key is there but cannot be read: it is never overwritten.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    path = private_key_path(folders)
    public_path = path.with_suffix(".pub")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if public_path.exists():
            raise KubeplatError(
                f"{path} is missing, although its public half is there.",
                todo=f"Put the private key back; or remove {public_path} to have a new pair made.",
            ) from None
        key = ed25519.Ed25519PrivateKey.generate()
        write_private(
            path,
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.OpenSSH,
                serialization.NoEncryption(),
            ),
        )
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error
    else:
        try:
            loaded = serialization.load_ssh_private_key(data, password=None)
        except (ValueError, TypeError) as error:
            raise unreadable(path, "it is not an OpenSSH private key without a passphrase") from error
        if not isinstance(loaded, ed25519.Ed25519PrivateKey):
            raise unreadable(path, "it is not an ed25519 key")
        key = loaded
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    text = f"{line.decode()} {environment}"
    if not public_path.is_file():
        write_private(public_path, f"{text}\n".encode())
    return text


def unreadable(path: Path, why: str) -> KubeplatError:
    """The sentence for a private key that is there but cannot be used."""
    return KubeplatError(
        f"The ssh key {path} cannot be read: {why}.",
        todo="Put the right key there. It is never overwritten: machines may already accept it.",
    )
