"""The verbs of certificates, tokens and the ssh key against a simulated S3 and KMS."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services import state_bucket, tokens
from kubeplat_tui.services.pki import encryption
from kubeplat_tui.services.secrets.store import SecretStore
from tests.unit.cli_support import plain_environment
from tests.unit.secret_shell import SecretShell, built, ended
from tests.unit.sites import make_site

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["plain_environment"]
pytestmark = pytest.mark.usefixtures("plain_environment", "in_process_aws")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SecretShell:
    site = make_site(tmp_path)
    key = str(site.cloud.client("kms").create_key()["KeyMetadata"]["Arn"])
    state_bucket.make_bucket(site.cloud, "demo-secrets-1a2b", "demo", key)
    values = {**site.environment.values, "kms_master_id": key}
    known = replace(site, environment=replace(site.environment, values=values))
    return SecretShell(built(SecretStore(known, {"HOME": str(tmp_path)})), monkeypatch)


def in_step(shell: SecretShell) -> bool:
    return (
        ended(shell.store.upload(dry_run=True)).unchanged and ended(shell.store.fetch(dry_run=True)).unchanged
    )


def test_certificates_are_checked_renewed_shown_and_rotated(shell: SecretShell) -> None:
    assert shell.run("certs", "check").code == 0
    before = shell.run("show-cert", "secure/etcd-0-peer.crt").out
    assert "etcd0" in before
    assert shell.run("certs", "renew", "etcd-0-peer", "--yes").code == 0
    assert shell.run("certs", "show", "etcd-0-peer").out != before
    assert in_step(shell)
    for confirm in ([], [], ["--confirm", "demo"]):
        ran = shell.run("certs", "rotate-ca", "etcd-ca", "--yes", *confirm)
        assert ran.code == 0, ran.err
        assert in_step(shell)
    assert shell.run("certs", "rotate-encryption", "--yes").code == 0
    there = shell.store.bucket.get(encryption.KEY).data
    assert [key.name for key in encryption.parse(there)] == ["key1", "key2"]
    assert shell.run("certs", "check").code == 0


def test_tokens_are_added_listed_and_revoked(shell: SecretShell) -> None:
    token = shell.run("tokens", "add", "jest", "--group", "dev", "--days", "3").out.strip()
    (row,) = json.loads(shell.run("tokens", "list", "--json").out)["tokens"]
    assert row["sha256"] == tokens.digest(token)
    assert row["state"] == "due"
    assert in_step(shell)
    assert shell.run("tokens", "revoke", "jest", "--yes").code == 0
    assert tokens.parse(shell.store.bucket.get(tokens.KEY).data) == ()
    assert in_step(shell)


def test_the_ssh_key_is_protected_here_and_stays_in_step(
    shell: SecretShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "correct horse battery")
    assert shell.at_terminal("ssh-key", "protect").code == 0
    assert in_step(shell)
    assert shell.at_terminal("ssh-key", "unprotect").code == 0
    assert in_step(shell)
