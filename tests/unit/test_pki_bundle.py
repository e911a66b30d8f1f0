"""The bundle: what is absent is made, what is there stays, what cannot be trusted stops everything."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeplat_tui.services import tokens
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.pki import bootstrap, bundle, encryption, keys
from tests.pki.bundles import NAMES, NOW, made, stranger

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = sorted(made())
TOKEN = set(bootstrap.FILES)
AUTHORITY_FILES = [
    "common/kubernetes-ca.crt",
    "locked/kubernetes-ca.key",
    "secure/kubelet-signer-ca.crt",
    "secure/kubelet-signer-ca.key",
    "common/etcd-ca.crt",
    "locked/etcd-ca.key",
    "common/front-proxy-ca.crt",
    "locked/front-proxy-ca.key",
]


@pytest.fixture(scope="module", autouse=True)
def one_rsa_key() -> Iterator[None]:
    """One key for all that is made here: each takes a tenth of a second."""
    key = keys.generate_rsa()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "generate_rsa", lambda: key)
        yield


def without(*gone: str) -> dict[str, bytes]:
    return {key: data for key, data in made().items() if key not in gone}


def changed(key: str, data: bytes) -> dict[str, bytes]:
    return made() | {key: data}


def refusal(files: dict[str, bytes]) -> str:
    """The sentence that it stops with; the files given are untouched."""
    before = dict(files)
    with pytest.raises(KubeplatError) as raised:
        bundle.make_missing(NAMES, files, NOW)
    assert files == before
    assert raised.value.what
    assert raised.value.todo
    return str(raised.value)


def certificate(data: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(data)


def test_a_first_run_makes_everything() -> None:
    assert set(KEYS) == set(bundle.bundle_keys(NAMES))
    making = bundle.make_missing(NAMES, {}, NOW)
    assert set(making.reasons.values()) == {"absent"}
    assert making.reasons.keys() == making.writes.keys()
    assert making.kept == ()


def test_every_file_lies_where_only_its_readers_can_read_it() -> None:
    """No machine reads an authority's key, but for the kubelets' signer, or a person's kubeconfig."""
    for key, data in made().items():
        folder = key.partition("/")[0]
        if folder in {"common", "compute", "addons"}:
            assert b"PRIVATE KEY" not in data, key
    locked = {key for key in KEYS if key.startswith("locked/")}
    assert locked == {
        "locked/kubernetes-ca.key",
        "locked/etcd-ca.key",
        "locked/front-proxy-ca.key",
        "locked/admin.kubeconfig",
        "locked/super-admin.kubeconfig",
        "locked/id_ed25519",
        "locked/id_ed25519.pub",
    }


def test_a_second_run_changes_nothing() -> None:
    making = bundle.make_missing(NAMES, made(), NOW + timedelta(hours=1))
    assert making.writes == {}
    assert making.reasons == {}
    assert set(making.kept) == set(KEYS)


def test_two_bundles_share_no_secret() -> None:
    same = {key for key, data in made().items() if data == stranger()[key]}
    assert same == {tokens.KEY}


def test_what_expired_is_kept_too() -> None:
    """Renewal is asked for; only the bootstrap token is made anew by a run."""
    making = bundle.make_missing(NAMES, made(), NOW + timedelta(days=400))
    assert set(making.writes) == TOKEN


def test_a_file_of_somebody_else_stays() -> None:
    files = made() | {"secure/mine.txt": b"mine"}
    assert bundle.make_missing(NAMES, files, NOW).writes == {}


@pytest.mark.parametrize("key", [key for key in KEYS if key.startswith("secure/etcd-1")])
def test_a_member_more_gets_its_own_and_changes_nothing_else(key: str) -> None:
    files = {each: data for each, data in made().items() if "etcd-1-" not in each}
    writes = bundle.make_missing(NAMES, files, NOW).writes
    assert key in writes
    assert all("etcd-1-" in each for each in writes)
    root = certificate(files["common/etcd-ca.crt"])
    if key.endswith(".crt"):
        certificate(writes[key]).verify_directly_issued_by(root)


# What is absent


@pytest.mark.parametrize("key", AUTHORITY_FILES)
def test_an_authority_that_lost_a_file_is_never_made_again(key: str) -> None:
    assert f"{key} is missing" in refusal(without(key))


@pytest.mark.parametrize("number", [0, 2, 4, 6])
def test_an_authority_that_is_gone_is_never_made_again(number: int) -> None:
    """Its leaves, or the files that name it, show that it was there."""
    gone = AUTHORITY_FILES[number : number + 2]
    assert f"{gone[0]} is missing, although" in refusal(without(*gone))


@pytest.mark.parametrize("witness", [key for key in KEYS if key.endswith((".crt", ".kubeconfig"))])
def test_one_file_that_an_authority_made_is_enough(witness: str) -> None:
    assert " is missing, although" in refusal({witness: made()[witness]})


def test_an_authority_that_is_gone_with_all_it_signed_is_not_made_again() -> None:
    """The masters still have it: the rest of the bundle shows that there was one."""
    files = {key: data for key, data in made().items() if "etcd" not in key}
    assert "common/etcd-ca.crt is missing, although" in refusal(files)


def test_an_authoritys_key_alone_gets_a_certificate() -> None:
    """An upload was interrupted: nobody has seen a certificate, and the key decides what it signs."""
    key = "locked/etcd-ca.key"
    writes = bundle.make_missing(NAMES, {key: made()[key]}, NOW).writes
    assert key not in writes
    private = serialization.load_pem_private_key(made()[key], None)
    assert certificate(writes["common/etcd-ca.crt"]).public_key() == private.public_key()
    # What the old certificate's leaves said of their issuer is true of the new one.
    certificate(made()["secure/etcd-0-peer.crt"]).verify_directly_issued_by(
        certificate(writes["common/etcd-ca.crt"])
    )


@pytest.mark.parametrize(
    "key", ["secure/apiserver.crt", "secure/etcd-0-peer.crt", "secure/front-proxy-client.crt"]
)
def test_a_leafs_key_gets_a_certificate(key: str) -> None:
    files = without(key)
    making = bundle.make_missing(NAMES, files, NOW)
    assert set(making.writes) == {key}
    private = serialization.load_pem_private_key(files[key.replace(".crt", ".key")], None)
    assert certificate(making.writes[key]).public_key() == private.public_key()


def test_a_leafs_certificate_without_its_key_waits_for_a_renewal() -> None:
    said = refusal(without("secure/apiserver.key"))
    assert "secure/apiserver.key is missing" in said
    assert "kubeplat certs renew apiserver" in said


def test_a_lost_pair_is_found_again_in_its_kubeconfig() -> None:
    lost = ("secure/kube-auth-client.crt", "secure/kube-auth-client.key")
    for gone in (lost[:1], lost):
        writes = bundle.make_missing(NAMES, without(*gone), NOW).writes
        assert writes == {key: made()[key] for key in gone}


@pytest.mark.parametrize(
    "key", ["secure/scheduler.kubeconfig", "secure/token-webhook.kubeconfig", "common/client-ca.crt"]
)
def test_a_file_that_is_absent_is_made_alone(key: str) -> None:
    assert set(bundle.make_missing(NAMES, without(key), NOW).writes) == {key}


@pytest.mark.parametrize(
    "key", ["secure/service-account.pub", "locked/id_ed25519.pub", "common/client-ca.crt"]
)
def test_what_follows_from_another_file_comes_back_as_it_was(key: str) -> None:
    assert bundle.make_missing(NAMES, without(key), NOW).writes == {key: made()[key]}


@pytest.mark.parametrize(
    ("key", "harm"),
    [
        (encryption.KEY, "unreadable for ever"),
        ("secure/service-account.key", "every pod"),
        ("locked/id_ed25519", "every person"),
    ],
)
def test_what_can_not_be_made_again_is_not(key: str, harm: str) -> None:
    for public in ((), ("secure/service-account.pub", "locked/id_ed25519.pub")):
        said = refusal(without(key, *public))
        assert f"{key} is missing" in said
        assert harm in said


def test_tokens_that_are_absent_are_none() -> None:
    writes = bundle.make_missing(NAMES, without(tokens.KEY), NOW).writes
    assert writes == {tokens.KEY: tokens.EMPTY}


def test_a_broken_line_of_tokens_stops() -> None:
    """kube-auth would keep the tokens it has: a revocation further down would have no effect."""
    assert "tokens.csv:1" in refusal(changed(tokens.KEY, b"no,row\n"))


def test_an_ssh_key_from_before_the_bundle_is_kept() -> None:
    """The foundation needs the ssh key before there is a bucket."""
    pair = {key: data for key, data in made().items() if "id_ed25519" in key}
    making = bundle.make_missing(NAMES, pair, NOW)
    assert making.writes.keys() == made().keys() - pair.keys()


# What cannot be read, or is foreign


@pytest.mark.parametrize("key", [key for key in KEYS if key != tokens.KEY])
@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"somebody's work\n"], ids=["empty", "bytes", "text"])
def test_what_cannot_be_read_stops(key: str, data: bytes) -> None:
    said = refusal(changed(key, data))
    assert key in said
    assert "cannot be read" in said or "does not belong here" in said


@pytest.mark.parametrize("key", [key for key in KEYS if key.endswith((".crt", ".kubeconfig", ".key"))])
def test_what_is_another_bundles_stops(key: str) -> None:
    if key == "secure/kubelet-signer-ca.key" or key in TOKEN:
        return
    said = refusal(changed(key, stranger()[key]))
    assert "does not belong here" in said


@pytest.mark.parametrize(("half", "other"), [("secure/service-account.pub", 0), ("locked/id_ed25519.pub", 1)])
def test_a_public_half_of_another_stops(half: str, other: int) -> None:
    assert f"{half} does not belong here" in refusal(changed(half, stranger()[half]))


def test_several_public_keys_of_service_accounts_are_a_rotation() -> None:
    key = "secure/service-account.pub"
    assert bundle.make_missing(NAMES, changed(key, stranger()[key] + made()[key]), NOW).writes == {}


def test_a_pair_of_another_authority_stops() -> None:
    pair = {key: stranger()[key] for key in ("secure/apiserver.crt", "secure/apiserver.key")}
    said = refusal(made() | pair)
    assert "the kubernetes-ca that is here did not sign it" in said


def test_a_leaf_is_no_authority() -> None:
    said = refusal(changed("common/etcd-ca.crt", made()["secure/etcd-0-peer.crt"]))
    assert "no authority's" in said


def test_a_kubeconfig_that_skips_verification_stops() -> None:
    key = "locked/admin.kubeconfig"
    document = yaml.safe_load(made()[key])
    document["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
    assert "skips the verification" in refusal(changed(key, yaml.safe_dump(document).encode()))


def test_a_kubeconfig_that_trusts_somebody_else_stops() -> None:
    key = "secure/scheduler.kubeconfig"
    document = yaml.safe_load(made()[key])
    theirs = base64.b64encode(stranger()["common/kubernetes-ca.crt"]).decode()
    document["clusters"][0]["cluster"]["certificate-authority-data"] = theirs
    assert "trusts none of the authorities" in refusal(changed(key, yaml.safe_dump(document).encode()))


def test_client_ca_without_the_signer_stops() -> None:
    """With the root alone every kubelet would get 401."""
    said = refusal(changed("common/client-ca.crt", made()["common/kubernetes-ca.crt"]))
    assert "kubelet-signer-ca" in said


def test_an_authority_that_expired_signs_nothing() -> None:
    with pytest.raises(KubeplatError, match=r"etcd-ca expired on 2036-11-19.*rotate-ca etcd-ca"):
        bundle.make_missing(
            NAMES,
            without("secure/etcd-0-peer.crt", "secure/etcd-0-peer.key"),
            NOW + timedelta(days=3651),
        )


def test_a_leaf_does_not_outlive_its_authority() -> None:
    files = without("secure/etcd-0-peer.crt")
    writes = bundle.make_missing(NAMES, files, NOW + timedelta(days=3600)).writes
    end = certificate(made()["common/etcd-ca.crt"]).not_valid_after_utc
    assert certificate(writes["secure/etcd-0-peer.crt"]).not_valid_after_utc == end


def test_an_old_and_a_new_authority_are_trusted_together() -> None:
    """In the middle of a rotation: leaves of both are there, the new one signs."""
    key = "common/etcd-ca.crt"
    both = {
        key: made()[key] + stranger()[key],
        "locked/etcd-ca.key": stranger()["locked/etcd-ca.key"],
        "secure/etcd-0-peer.crt": stranger()["secure/etcd-0-peer.crt"],
        "secure/etcd-0-peer.key": stranger()["secure/etcd-0-peer.key"],
    }
    assert bundle.make_missing(NAMES, made() | both, NOW).writes == {}
    files = {each: data for each, data in (made() | both).items() if each != "secure/etcd-1-peer.crt"}
    new = certificate(bundle.make_missing(NAMES, files, NOW).writes["secure/etcd-1-peer.crt"])
    new.verify_directly_issued_by(certificate(stranger()[key]))


# The bootstrap token


def token_of(files: dict[str, bytes]) -> set[str]:
    found = {
        yaml.safe_load(files[key])["users"][0]["user"]["token"]
        for key in (bootstrap.SECURE, bootstrap.COMPUTE)
    }
    content = yaml.safe_load(files[bootstrap.SECRET])["stringData"]
    return found | {f"{content['token-id']}.{content['token-secret']}"}


def test_the_bootstrap_token_is_one_in_all_its_files() -> None:
    (token,) = token_of(made())
    assert re.fullmatch(r"[a-z0-9]{6}\.[a-z0-9]{16}", token)
    secret = yaml.safe_load(made()[bootstrap.SECRET])
    assert secret["metadata"] == {
        "name": f"bootstrap-token-{token.partition('.')[0]}",
        "namespace": "kube-system",
    }
    assert secret["stringData"]["expiration"] == "2026-11-23T12:00:00Z"
    assert secret["stringData"]["auth-extra-groups"] == "system:bootstrappers:platform"
    assert secret["stringData"]["usage-bootstrap-authentication"] == "true"
    assert "usage-bootstrap-signing" not in secret["stringData"]


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (timedelta(hours=12), ""),
        (timedelta(hours=12, seconds=1), "less than 12 hours of it were left"),
        (timedelta(hours=24), "it had expired"),
        (timedelta(days=90), "it had expired"),
    ],
)
def test_a_bootstrap_token_that_ends_soon_is_made_anew(later: timedelta, why: str) -> None:
    making = bundle.make_missing(NAMES, made(), NOW + later)
    assert making.reasons == (dict.fromkeys(bootstrap.FILES, why) if why else {})
    assert set(making.writes) == (TOKEN if why else set())
    if why:
        assert token_of(making.writes) != token_of(made())
        assert len(token_of(making.writes)) == 1


@pytest.mark.parametrize("key", bootstrap.FILES)
def test_a_bootstrap_token_is_made_with_all_its_files(key: str) -> None:
    making = bundle.make_missing(NAMES, without(key), NOW)
    assert set(making.writes) == TOKEN
    assert making.reasons[key] == f"{key} was absent"


def test_two_bootstrap_tokens_become_one() -> None:
    making = bundle.make_missing(NAMES, changed(bootstrap.COMPUTE, stranger()[bootstrap.COMPUTE]), NOW)
    assert set(making.writes) == TOKEN


def test_every_token_is_a_text_for_every_reader() -> None:
    """`12e456` is a number for Go's YAML, `1234` for all: both could be drawn."""
    for _ in range(200):
        text = bootstrap.make(NAMES, b"", NOW)[bootstrap.SECRET].decode()
        found = re.findall(r"token-(?:id|secret): (.+)", text)
        assert len(found) == 2
        assert all(value.startswith('"') or value[0].isalpha() for value in found)


# The order of an upload


def test_one_key_decides_between_two_first_runs() -> None:
    waves = bundle.upload_waves(KEYS)
    assert waves[0] == ["locked/kubernetes-ca.key"]
    assert sorted(key for wave in waves for key in wave) == KEYS
    order = bundle.upload_order(KEYS)
    assert order == [key for wave in waves for key in wave]
    first = {key for key in AUTHORITY_FILES if key.endswith(".key")}
    assert set(order[:4]) == first
    assert set(order[4:8]) == set(AUTHORITY_FILES) - first
    assert order[7] == "secure/kubelet-signer-ca.crt"


def test_a_rotations_new_authority_goes_first_too() -> None:
    some = [
        "secure/apiserver.crt",
        "locked/etcd-ca.next.crt",
        "locked/rotation.json",
        "locked/etcd-ca.next.key",
    ]
    assert bundle.upload_order(some)[:2] == ["locked/etcd-ca.next.key", "locked/etcd-ca.next.crt"]


@given(data=st.data())
@settings(max_examples=60)
def test_another_computer_completes_an_upload_interrupted_anywhere(data: st.DataObject) -> None:
    """All waves before one, any part of that one, nothing after: it is completed, and nothing there is replaced."""
    waves = bundle.upload_waves(KEYS)
    number = data.draw(st.integers(0, len(waves) - 1))
    part = data.draw(st.sets(st.sampled_from(waves[number])))
    there = {key: made()[key] for wave in waves[:number] for key in wave}
    there |= {key: made()[key] for key in part}
    making = bundle.make_missing(NAMES, there, NOW)
    assert not making.writes.keys() & there.keys() - TOKEN
    whole = there | making.writes
    assert whole.keys() == set(KEYS)
    assert bundle.make_missing(NAMES, whole, NOW).writes == {}


@given(lost=st.sets(st.sampled_from(KEYS), max_size=12))
@settings(max_examples=60)
def test_whatever_is_lost_nothing_that_is_there_is_replaced(lost: set[str]) -> None:
    files = without(*lost)
    try:
        making = bundle.make_missing(NAMES, files, NOW)
    except KubeplatError:
        return
    assert not making.writes.keys() & files.keys() - TOKEN
    irreplaceable = {encryption.KEY, "secure/service-account.key", "locked/id_ed25519"}
    assert not lost & {*AUTHORITY_FILES, *irreplaceable}
    assert bundle.make_missing(NAMES, files | making.writes, NOW).writes == {}


@given(
    key=st.sampled_from([key for key in KEYS if key not in TOKEN | {tokens.KEY, "locked/id_ed25519.pub"}]),
    position=st.floats(0, 1, exclude_max=True),
    bits=st.integers(1, 255),
)
@settings(max_examples=150)
def test_a_flipped_byte_never_leads_to_a_new_file(key: str, position: float, bits: int) -> None:
    """It stops, or the byte did not matter (a key's comment, a line's end): nothing is written either way."""
    data = bytearray(made()[key])
    data[int(position * len(data))] ^= bits
    try:
        making = bundle.make_missing(NAMES, changed(key, bytes(data)), NOW)
    except KubeplatError:
        return
    assert making.writes == {}


def test_times_have_a_zone() -> None:
    made_at = certificate(made()["secure/apiserver.crt"]).not_valid_before_utc
    assert made_at == datetime(2026, 11, 22, 11, 55, tzinfo=UTC)
