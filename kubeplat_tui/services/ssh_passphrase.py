"""A passphrase on the local ssh key: put on, taken off, never kept but in the system's keyring.

The key in the bucket stays as it is (KMS guards it there); only the file on this computer is under the passphrase. What
is inside is not touched: taken off again, the file is byte for byte what it was, and no upload follows from it.

Source: OpenSSH's PROTOCOL.key. The passphrase becomes a key by bcrypt_pbkdf, the cipher is aes256-ctr, as ssh-keygen
has both by default.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field, replace

from kubeplat_tui.services import ssh_wire
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.ssh_wire import string, take

KEY = "locked/id_ed25519"
PUBLIC_KEY = "locked/id_ed25519.pub"
SHORTEST = 8
"""Characters of a passphrase."""

ROUNDS = 24
"""Of bcrypt_pbkdf, as ssh-keygen has it since OpenSSH 9.4: a third of a second."""
MOST_ROUNDS = 2_000
"""Half a minute: nobody waits longer for a key."""
SALT = 16
CIPHER, KDF, NONE = b"aes256-ctr", b"bcrypt", b"none"
KEY_BYTES, BLOCK, PLAIN_BLOCK = 32, 16, 8
FEWEST_LINES = 3

_BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----"
_END = "-----END OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\0"


def is_protected(data: bytes) -> bool:
    """Whether the private key is under a passphrase. Raises `KubeplatError` where it is no OpenSSH ed25519 key."""
    return _Container.parse(data).cipher != NONE


def protect(data: bytes, passphrase: str) -> bytes:
    """The same key under `passphrase`.

    Raises `InputError` for a passphrase that is too short and where the key has one already.
    """
    container = _Container.parse(data)
    if container.cipher != NONE:
        raise InputError(
            "The ssh key has a passphrase already.", todo="Take it off first: kubeplat ssh-key unprotect."
        )
    if len(passphrase) < SHORTEST:
        raise InputError(
            f"The passphrase has fewer than {SHORTEST} characters.",
            todo="Take a longer one. Nothing was changed.",
        )
    salt = secrets.token_bytes(SALT)
    section = _padded(_content(container.section), BLOCK)
    return replace(
        container,
        cipher=CIPHER,
        kdf=KDF,
        options=string(salt) + ROUNDS.to_bytes(4, "big"),
        section=_crypt(section, passphrase, salt, ROUNDS),
    ).encoded()


def unprotect(data: bytes, passphrase: str) -> bytes:
    """The same key without a passphrase. Raises `InputError` where `passphrase` is not the right one, or none is on."""
    container = _Container.parse(data)
    if container.cipher == NONE:
        raise InputError("The ssh key has no passphrase.", todo="Nothing was changed.")
    if (container.cipher, container.kdf) != (CIPHER, KDF):
        raise KubeplatError(
            f"The ssh key is encrypted with {container.cipher.decode(errors='replace')}, which is not read here.",
            todo=f"Take the passphrase off with ssh-keygen -p -f {KEY}.",
        )
    try:
        salt, rest = take(container.options)
        rounds = int.from_bytes(rest[:4], "big")
        if rounds > MOST_ROUNDS:
            raise KubeplatError(
                f"The ssh key's passphrase takes {rounds} rounds to check, more than {MOST_ROUNDS}.",
                todo=f"Take it off with ssh-keygen -p -f {KEY}.",
            )
        section = _crypt(container.section, passphrase, salt, rounds)
        content = _content(section)
    except ValueError:
        raise InputError("The passphrase is not right.", todo="Try again. Nothing was changed.") from None
    return replace(
        container, cipher=NONE, kdf=NONE, options=b"", section=_padded(content, PLAIN_BLOCK)
    ).encoded()


def fingerprint(public: str) -> str:
    """The fingerprint of a one-line public key, as `ssh-keygen -l` shows it: `SHA256:` and 43 characters."""
    try:
        blob = base64.b64decode(public.split()[1], validate=True)
    except (ValueError, IndexError):
        raise KubeplatError(
            f"{PUBLIC_KEY} is no public key in OpenSSH's form.",
            todo="Fetch it again: kubeplat fetch-secrets.",
        ) from None
    return ssh_wire.fingerprint(blob)


@dataclass(frozen=True, slots=True)
class _Container:
    """The file's parts. `section` is the private one, encrypted or not; `width` the length of its lines."""

    cipher: bytes
    kdf: bytes
    options: bytes
    public: bytes
    section: bytes = field(repr=False)
    width: int
    ending: str

    @classmethod
    def parse(cls, data: bytes) -> _Container:
        try:
            text = data.decode("ascii")
            lines = text.strip().splitlines()
            if len(lines) < FEWEST_LINES or lines[0] != _BEGIN or lines[-1] != _END:
                raise ValueError
            body = base64.b64decode("".join(lines[1:-1]), validate=True)
            if not body.startswith(_MAGIC):
                raise ValueError
            cipher, rest = take(body[len(_MAGIC) :])
            kdf, rest = take(rest)
            options, rest = take(rest)
            if rest[:4] != (1).to_bytes(4, "big"):
                raise ValueError
            public, rest = take(rest[4:])
            section, rest = take(rest)
            # Ciphers that seal (aes256-gcm) leave their tag behind the section.
            if (rest and cipher in {NONE, CIPHER}) or take(public)[0] != b"ssh-ed25519":
                raise ValueError
            container = cls(
                cipher, kdf, options, public, section, len(lines[1]), text[text.index(_END) + len(_END) :]
            )
            if cipher == NONE:
                _content(section)
        except ValueError:
            raise KubeplatError(
                f"{KEY} is no ed25519 key in OpenSSH's form.",
                todo="Fetch it again: kubeplat fetch-secrets. It is never overwritten: machines may accept it.",
            ) from None
        return container

    def encoded(self) -> bytes:
        body = (
            _MAGIC
            + string(self.cipher)
            + string(self.kdf)
            + string(self.options)
            + (1).to_bytes(4, "big")
            + string(self.public)
            + string(self.section)
        )
        text = base64.b64encode(body).decode()
        lines = [text[start : start + self.width] for start in range(0, len(text), self.width)]
        return ("\n".join([_BEGIN, *lines, _END]) + self.ending).encode()


def _content(section: bytes) -> bytes:
    """The private section without its padding. Raises `ValueError` where it is none: a wrong key decrypted it."""
    if section[:4] != section[4:8] or len(section) < PLAIN_BLOCK:
        raise ValueError("the two check numbers differ")
    rest = section[8:]
    for _ in range(4):  # kind, public half, private half, comment
        _, rest = take(rest)
    if rest != bytes(range(1, len(rest) + 1)) or len(rest) >= 256:
        raise ValueError("the padding is not 1, 2, 3 …")
    return section[: len(section) - len(rest)]


def _padded(content: bytes, block: int) -> bytes:
    return content + bytes(range(1, -len(content) % block + 1))


def _crypt(section: bytes, passphrase: str, salt: bytes, rounds: int) -> bytes:
    """The section encrypted, or decrypted: in counter mode it is the same. Raises `ValueError` for bad parameters."""
    import bcrypt
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    derived = bcrypt.kdf(passphrase.encode(), salt, KEY_BYTES + BLOCK, rounds, ignore_few_rounds=True)
    cipher = Cipher(algorithms.AES(derived[:KEY_BYTES]), modes.CTR(derived[KEY_BYTES:])).encryptor()
    return cipher.update(section) + cipher.finalize()
