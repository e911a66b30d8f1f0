"""A passphrase on the ssh key: OpenSSH itself reads what comes of it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services import ssh_passphrase
from kubeplat_tui.services.errors import InputError, KubeplatError

if TYPE_CHECKING:
    from pathlib import Path

PASSPHRASE = "correct horse battery"
KEY_FILE = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
)


def openssh(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def public_line(data: bytes, password: bytes | None = None) -> bytes:
    key = serialization.load_ssh_private_key(data, password)
    return key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)


@pytest.fixture
def key() -> bytes:
    return openssh(ed25519.Ed25519PrivateKey.generate())


def test_the_key_under_its_passphrase_and_without_it_is_the_same(key: bytes) -> None:
    assert not ssh_passphrase.is_protected(key)
    protected = ssh_passphrase.protect(key, PASSPHRASE)
    assert ssh_passphrase.is_protected(protected)
    assert public_line(protected, PASSPHRASE.encode()) == public_line(key)
    assert ssh_passphrase.unprotect(protected, PASSPHRASE) == key


def test_a_wrong_passphrase_opens_nothing(key: bytes) -> None:
    protected = ssh_passphrase.protect(key, PASSPHRASE)
    for wrong in ("another one", ""):
        with pytest.raises(InputError, match="not right"):
            ssh_passphrase.unprotect(protected, wrong)


def test_a_short_passphrase_a_second_one_and_none_to_take_off_are_refused(key: bytes) -> None:
    with pytest.raises(InputError, match="fewer than 8"):
        ssh_passphrase.protect(key, "short")
    with pytest.raises(InputError, match="already"):
        ssh_passphrase.protect(ssh_passphrase.protect(key, PASSPHRASE), PASSPHRASE)
    with pytest.raises(InputError, match="has no passphrase"):
        ssh_passphrase.unprotect(key, PASSPHRASE)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"-----BEGIN OPENSSH PRIVATE KEY-----\n!!\n-----END"])
def test_what_is_no_key_is_a_sentence(data: bytes) -> None:
    with pytest.raises(KubeplatError, match="no ed25519 key"):
        ssh_passphrase.is_protected(data)


def test_a_key_of_another_kind_is_a_sentence() -> None:
    with pytest.raises(KubeplatError, match="no ed25519 key"):
        ssh_passphrase.protect(openssh(ec.generate_private_key(ec.SECP256R1())), PASSPHRASE)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_openssh_reads_the_protected_key_and_tells_the_same_fingerprint(key: bytes, tmp_path: Path) -> None:
    path = tmp_path / "id_ed25519"
    path.touch(mode=0o600)
    path.write_bytes(ssh_passphrase.protect(key, PASSPHRASE))

    def keygen(*arguments: str) -> str:
        return subprocess.run(
            ["ssh-keygen", *arguments, "-f", str(path)], capture_output=True, text=True, check=True
        ).stdout

    public = public_line(key).decode()
    assert keygen("-l").split()[1] == ssh_passphrase.fingerprint(public)
    assert keygen("-y", "-P", PASSPHRASE).split()[:2] == public.split()
    # OpenSSH's own way to take it off and to put it on; its own words stay inside.
    keygen("-c", "-P", PASSPHRASE, "-C", "jest at home")
    keygen("-p", "-P", PASSPHRASE, "-N", "")
    assert not ssh_passphrase.is_protected(path.read_bytes())
    keygen("-p", "-P", "", "-N", PASSPHRASE)
    free = ssh_passphrase.unprotect(path.read_bytes(), PASSPHRASE)
    assert public_line(free).decode() == public
    path.write_bytes(ssh_passphrase.protect(free, PASSPHRASE))
    assert keygen("-y", "-P", PASSPHRASE).split() == [*public.split(), "jest", "at", "home"]
    assert ssh_passphrase.unprotect(path.read_bytes(), PASSPHRASE) == free


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_key_that_openssh_protected_with_another_cipher_is_told(key: bytes, tmp_path: Path) -> None:
    path = tmp_path / "id_ed25519"
    path.touch(mode=0o600)
    path.write_bytes(key)
    subprocess.run(
        ["ssh-keygen", "-p", "-P", "", "-N", PASSPHRASE, "-Z", "aes256-gcm@openssh.com", "-f", str(path)],
        capture_output=True,
        check=True,
    )
    assert ssh_passphrase.is_protected(path.read_bytes())
    with pytest.raises(KubeplatError, match="ssh-keygen -p"):
        ssh_passphrase.unprotect(path.read_bytes(), PASSPHRASE)


@given(st.data())
def test_a_damaged_key_is_read_or_refused_with_a_sentence(data: st.DataObject) -> None:
    whole = bytearray(KEY_FILE)
    position = data.draw(st.integers(0, len(whole) - 1))
    whole[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(KubeplatError):  # anything else that is raised fails the test
        ssh_passphrase.is_protected(bytes(whole))


def test_a_key_that_would_take_for_ever_to_open_is_refused(
    key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    protected = ssh_passphrase.protect(key, PASSPHRASE)
    monkeypatch.setattr(ssh_passphrase, "MOST_ROUNDS", ssh_passphrase.ROUNDS - 1)
    with pytest.raises(KubeplatError, match="rounds"):
        ssh_passphrase.unprotect(protected, PASSPHRASE)


def test_what_is_no_public_key_has_no_fingerprint() -> None:
    with pytest.raises(KubeplatError, match="no public key"):
        ssh_passphrase.fingerprint("ssh-ed25519")
