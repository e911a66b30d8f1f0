"""`certs` and `show-cert` on a real store: what is told, asked, made and uploaded, and what a cut leaves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.pki import bundle, certificates, encryption, renewal, rotation
from kubeplat_tui.services.pki.rotation import Phase, Subject
from kubeplat_tui.services.secrets.model import Side
from tests.unit.cli_support import plain_environment
from tests.unit.memory_bucket import MemoryBucket, make_store
from tests.unit.secret_shell import SecretShell, built, ended

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from kubeplat_tui.services.secrets.store import SecretStore

__all__ = ["plain_environment"]
pytestmark = pytest.mark.usefixtures("plain_environment")

APISERVER = "secure/apiserver.crt"


@pytest.fixture
def bucket() -> MemoryBucket:
    return MemoryBucket()


@pytest.fixture
def store(tmp_path: Path, bucket: MemoryBucket) -> SecretStore:
    return built(make_store(tmp_path / "here", bucket))


@pytest.fixture
def shell(store: SecretStore, monkeypatch: pytest.MonkeyPatch) -> SecretShell:
    return SecretShell(store, monkeypatch)


def certificate(store: SecretStore, key: str) -> x509.Certificate:
    return certificates.load_all(key, store.copy.read(key))[0]


def unchanged(store: SecretStore, bucket: MemoryBucket, before: dict[str, bytes]) -> bool:
    return bucket.contents == before and dict(store.copy.snapshot()) == before


# --- check and show -----------------------------------------------------------------------------------------------


def test_check_says_that_all_is_well(shell: SecretShell) -> None:
    ran = shell.run("certs", "check")
    assert ran.code == 0
    assert APISERVER in ran.out
    assert "valid" in ran.out
    assert shell.run("certs").out == ran.out


def test_a_person_sees_states_with_their_symbols(shell: SecretShell) -> None:
    assert "✔ valid" in shell.at_terminal("certs").out


def test_an_empty_working_copy_is_one_sentence(
    tmp_path: Path, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = SecretShell(make_store(tmp_path / "empty", bucket), monkeypatch).run("certs", "check")
    assert ran.code == 1
    assert "fetch-secrets" in ran.err
    assert ran.out == ""


def test_check_is_a_document_for_programs(shell: SecretShell) -> None:
    ran = shell.run("certs", "check", "--json")
    document = json.loads(ran.out)
    assert document["environment"] == "demo"
    assert document["rotation"] is None
    (api,) = [each for each in document["findings"] if each["name"] == "apiserver"]
    assert api["health"] == "valid"
    assert api["days"] > 360


def test_check_ends_with_1_where_something_has_expired_and_3_where_it_is_due(
    shell: SecretShell, store: SecretStore
) -> None:
    def aged(days: int) -> None:
        then = datetime.now(UTC) - timedelta(days=days)
        made = renewal.renew(store.names, store.copy.snapshot(), ["apiserver"], then)
        store.copy.commit(made.writes)

    # An authority would not sign before it existed: the leaf's dates alone are moved.
    aged(330)
    ran = shell.run("certs", "check")
    assert ran.code == 3
    assert "kubeplat certs renew apiserver" in ran.out
    aged(400)
    ran = shell.run("certs", "check")
    assert ran.code == 1
    assert "expired" in ran.out


def test_check_ends_with_1_where_something_is_missing(shell: SecretShell, store: SecretStore) -> None:
    store.remove([APISERVER], Side.HERE)
    ran = shell.run("certs", "check")
    assert ran.code == 1
    assert f"{APISERVER} is missing" in ran.out


def test_break_glass_that_has_expired_is_told_and_fails_nothing(
    shell: SecretShell, store: SecretStore
) -> None:
    then = datetime.now(UTC) - timedelta(days=40)
    store.copy.commit(renewal.renew(store.names, store.copy.snapshot(), ["super-admin"], then).writes)
    ran = shell.run("certs", "check")
    assert ran.code == 3
    assert "locked/super-admin.kubeconfig expired" in ran.out


def test_show_is_the_certificate_in_text(shell: SecretShell) -> None:
    ran = shell.run("certs", "show", "apiserver")
    assert ran.code == 0
    for word in (
        "kube-apiserver",
        "kubernetes-ca",
        "kubernetes.default.svc",
        "127.0.0.1",
        "TLS server",
        "P-256",
    ):
        assert word in ran.out
    assert "Did you mean apiserver?" in shell.run("certs", "show", "apisever").err


# --- show-cert ----------------------------------------------------------------------------------------------------


def test_show_cert_reads_files_keys_here_and_keys_there(
    shell: SecretShell, store: SecretStore, tmp_path: Path
) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    here = shell.run("show-cert", APISERVER)
    assert "kube-apiserver" in here.out
    der = tmp_path / "api.der"
    der.write_bytes(certificate(store, APISERVER).public_bytes(Encoding.DER))
    assert shell.run("show-cert", str(der)).out.splitlines()[1:] == here.out.splitlines()[1:]
    store.remove([APISERVER], Side.HERE)
    assert shell.run("show-cert", APISERVER).out == here.out


def test_show_cert_for_programs_has_every_certificate(shell: SecretShell, store: SecretStore) -> None:
    document = json.loads(shell.run("show-cert", "locked/admin.kubeconfig", "--json").out)
    subjects = [each["subject"] for each in document["certificates"]]
    assert "CN=kubernetes-admin,O=platform:admins" in subjects
    assert len(subjects) == 2
    (api,) = json.loads(shell.run("show-cert", APISERVER, "--json").out)["certificates"]
    assert api["serial"] == f"{certificate(store, APISERVER).serial_number:x}"
    assert api["usages"] == ["server"]
    assert api["authority"] is False


@pytest.mark.parametrize("key", ["secure/apiserver.key", "locked/admin.kubeconfig", "locked/id_ed25519"])
def test_show_cert_shows_no_private_key(shell: SecretShell, store: SecretStore, key: str) -> None:
    ran = shell.run("show-cert", key)
    assert ran.code == 0
    assert "PRIVATE" not in ran.out
    longest = max(store.copy.read(key).decode().split(), key=len)
    assert longest[:40] not in ran.out


def test_show_cert_refuses_what_is_no_certificate(shell: SecretShell, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing of that kind")
    ran = shell.run("show-cert", str(tmp_path / "notes.txt"))
    assert ran.code == 2
    assert "neither a certificate" in ran.err
    assert shell.run("show-cert", str(tmp_path / "absent.crt")).code == 2
    assert shell.run("show-cert", "secure/absent.crt").code == 1


# --- renew --------------------------------------------------------------------------------------------------------


def test_renew_asks_makes_and_uploads(shell: SecretShell, store: SecretStore, bucket: MemoryBucket) -> None:
    before = certificate(store, APISERVER)
    ran = shell.at_terminal("certs", "renew", "apiserver", "--name", "api.example.com", typed=("yes",))
    assert ran.code == 0
    assert "secure/apiserver.key" in ran.err
    after = certificate(store, APISERVER)
    assert after.serial_number != before.serial_number
    assert "api.example.com" in certificates.names_in(after)
    assert bucket.contents[APISERVER] == store.copy.read(APISERVER)
    assert ran.out == "2 files made anew and uploaded.\n"


def test_renew_changes_nothing_where_it_is_declined_or_nobody_can_be_asked(
    shell: SecretShell, store: SecretStore, bucket: MemoryBucket
) -> None:
    before = bucket.contents
    assert shell.at_terminal("certs", "renew", "all", typed=("no",)).code == 1
    assert shell.run("certs", "renew", "all").code == 2
    assert unchanged(store, bucket, before)


def test_renew_due_says_that_nothing_is_due(shell: SecretShell) -> None:
    ran = shell.run("certs", "renew", "due", "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["renewed"] == []


def test_renew_without_upload_leaves_the_bucket(shell: SecretShell, bucket: MemoryBucket) -> None:
    before = bucket.contents
    ran = shell.run("certs", "renew", "scheduler", "--yes", "--no-upload")
    assert ran.code == 0
    assert "not uploaded" in ran.out
    assert bucket.contents == before


def test_renew_offers_the_nearest_name_and_sends_authorities_to_their_rotation(shell: SecretShell) -> None:
    assert "Did you mean scheduler?" in shell.run("certs", "renew", "sheduler", "--yes").err
    assert "certs rotate-ca etcd-ca" in shell.run("certs", "renew", "etcd-ca", "--yes").err


def test_renew_starts_from_what_is_newest(
    shell: SecretShell, store: SecretStore, bucket: MemoryBucket, tmp_path: Path
) -> None:
    """The other computer rotated an authority meanwhile: what is made here is signed by the new one."""
    other = make_store(tmp_path / "there", bucket)
    ended(other.fetch())
    for _ in range(2):
        ended(other.rotate(Subject.ETCD))
    ended(other.upload())
    assert shell.run("certs", "renew", "etcd-0-peer", "--yes").code == 0
    new = certificates.load_all("", store.copy.read("common/etcd-ca.crt"))[-1]
    assert certificates.issued_by(certificate(store, "secure/etcd-0-peer.crt"), new)


def test_what_was_changed_on_both_sides_is_told_before_anything_is_made(
    shell: SecretShell, store: SecretStore, bucket: MemoryBucket
) -> None:
    bucket.plant(APISERVER, b"theirs")
    store.copy.commit({APISERVER: b"ours"})
    ran = shell.run("certs", "renew", "scheduler", "--yes")
    assert ran.code == 2
    assert APISERVER in ran.err
    assert store.copy.read(APISERVER) == b"ours"


def test_who_is_slower_is_told_and_both_contents_stay(
    shell: SecretShell, store: SecretStore, bucket: MemoryBucket
) -> None:
    def somebody_else(call: str, key: str) -> None:
        if (call, key) == ("put", APISERVER):
            bucket.before = lambda _call, _key: None
            bucket.plant(APISERVER, b"theirs")

    bucket.before = somebody_else
    ran = shell.run("certs", "renew", "apiserver", "--yes")
    assert ran.code == 1
    assert "both contents are kept" in ran.err
    assert bucket.contents[APISERVER] == b"theirs"
    assert certificate(store, APISERVER).subject


# --- rotations ----------------------------------------------------------------------------------------------------


def test_an_authority_is_rotated_in_three_calls(
    shell: SecretShell, store: SecretStore, bucket: MemoryBucket
) -> None:
    old = certificate(store, "common/etcd-ca.crt")
    for number, phase in enumerate(Phase, start=1):
        typed = "demo" if phase is Phase.RETIRE else "yes"
        ran = shell.at_terminal("certs", "rotate-ca", "etcd-ca", typed=(typed,))
        assert ran.code == 0
        assert f"Take step {number} of 3" in ran.err
        assert ("Before this step:" in ran.err) == (number > 1)
        assert ("Before the next step:" in ran.out) == (number < 3)
        assert bucket.contents == dict(store.copy.snapshot())
        checked = shell.run("certs", "check")
        assert checked.code == 0
        assert ("etcd-ca is being rotated" in checked.err) == (number < 3)
    new = certificates.load_all("", store.copy.read("common/etcd-ca.crt"))
    assert new != (old,)
    assert len(new) == 1
    assert not [key for key in bucket.contents if ".next." in key or key == rotation.RECORD]


def test_the_old_authority_is_retired_only_by_typing_the_name(
    shell: SecretShell, store: SecretStore, bucket: MemoryBucket
) -> None:
    for _ in range(2):
        assert shell.run("certs", "rotate-ca", "front-proxy-ca", "--yes").code == 0
    before = bucket.contents
    assert shell.at_terminal("certs", "rotate-ca", "front-proxy-ca", typed=("yes",)).code == 1
    ran = shell.run("certs", "rotate-ca", "front-proxy-ca", "--yes")
    assert ran.code == 2
    assert "--confirm demo" in ran.err
    assert unchanged(store, bucket, before)
    assert shell.run("certs", "rotate-ca", "front-proxy-ca", "--yes", "--confirm", "demo").code == 0


@pytest.mark.parametrize("subject", [Subject.KUBERNETES, Subject.SERVICE_ACCOUNT])
def test_a_step_is_a_document_for_programs(shell: SecretShell, subject: Subject) -> None:
    document = json.loads(shell.run("certs", "rotate-ca", subject, "--yes", "--json").out)
    assert document["step"] == "introduce"
    assert document["number"] == 1
    assert document["uploaded"] is True
    assert document["before_the_next"]
    assert rotation.RECORD in document["files"]


def test_an_upload_that_was_cut_short_is_finished_before_the_next_step(
    shell: SecretShell, store: SecretStore, bucket: MemoryBucket
) -> None:
    failing = iter(range(2))

    def broken(call: str, _key: str) -> None:
        if call == "put" and next(failing, None) is None:
            raise KubeplatError("The network is gone.")

    bucket.before = broken
    ran = shell.run("certs", "rotate-ca", "kubernetes-ca", "--yes")
    assert ran.code == 1
    assert "The network is gone." in ran.err
    bucket.before = lambda _call, _key: None

    refused = shell.run("certs", "rotate-ca", "kubernetes-ca", "--yes", "--no-upload")
    assert refused.code == 2
    ran = shell.run("certs", "rotate-ca", "kubernetes-ca", "--yes")
    assert ran.code == 0
    assert "uploaded. Nothing else was changed." in ran.out
    assert bucket.contents == dict(store.copy.snapshot())
    under_way = rotation.current(store.copy.snapshot())
    assert under_way
    assert under_way.phase is Phase.INTRODUCE
    assert shell.run("certs", "rotate-ca", "kubernetes-ca", "--yes").code == 0


def test_another_computer_goes_on_with_a_rotation_and_sees_its_end(
    shell: SecretShell,
    store: SecretStore,
    bucket: MemoryBucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert shell.run("certs", "rotate-ca", "etcd-ca", "--yes").code == 0
    other = SecretShell(make_store(tmp_path / "there", bucket), monkeypatch)
    assert other.run("certs", "rotate-ca", "etcd-ca", "--yes").code == 0
    assert other.run("certs", "rotate-ca", "etcd-ca", "--yes", "--confirm", "demo").code == 0
    # Here the record of the rotation is still lying about; it has ended.
    assert rotation.current(store.copy.snapshot()) is not None
    ran = shell.run("certs", "rotate-ca", "etcd-ca", "--yes", "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["step"] == "introduce"


def test_what_cannot_be_rotated_is_told(shell: SecretShell) -> None:
    assert "Did you mean etcd-ca?" in shell.run("certs", "rotate-ca", "etcd", "--yes").err
    assert shell.run("certs", "rotate-ca", "apiserver", "--yes").code == 2
    assert shell.run("certs", "rotate-ca", "etcd-ca").code == 2


def test_the_encryption_key_is_rotated_in_three_calls(
    shell: SecretShell, store: SecretStore, bucket: MemoryBucket
) -> None:
    names = []
    for number in range(1, 4):
        confirm = ("--confirm", "demo") if number == 3 else ()
        ran = shell.run("certs", "rotate-encryption", "--yes", *confirm)
        assert ran.code == 0
        assert f"Step {number} of 3" in ran.out
        assert ("kubectl replace" in ran.out) == (number == 2)
        names.append([key.name for key in encryption.parse(bucket.contents[encryption.KEY])])
    assert names == [["key1", "key2"], ["key2", "key1"], ["key2"]]
    assert bundle.make_missing(store.names, store.copy.snapshot(), datetime.now(UTC)).writes == {}


def test_the_old_encryption_key_is_dropped_only_by_typing_the_name(
    shell: SecretShell, bucket: MemoryBucket
) -> None:
    for _ in range(2):
        assert shell.run("certs", "rotate-encryption", "--yes").code == 0
    before = bucket.contents
    assert shell.at_terminal("certs", "rotate-encryption", typed=("yes",)).code == 1
    assert bucket.contents == before
