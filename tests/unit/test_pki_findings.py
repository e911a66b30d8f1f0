"""What is said of the certificates: how each stands, what expires next, and what to do."""

from __future__ import annotations

import base64
import dataclasses
import time
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeplat_tui.services.pki import findings, renewal
from kubeplat_tui.services.pki.findings import Finding, Health
from tests.pki.bundles import NAMES, NOW, made, stranger

YEAR = NOW + timedelta(days=365)
CERTIFICATES = [key for key in made() if key.endswith(".crt")]
KUBECONFIGS = [key for key in made() if key.endswith(".kubeconfig") and "bootstrap" not in key]


def look(files: dict[str, bytes], now: datetime = NOW) -> dict[str, Finding]:
    return {finding.key: finding for finding in findings.check(NAMES, files, now)}


def test_a_new_bundle_is_valid() -> None:
    found = look(made())
    assert {finding.health for finding in found.values()} == {Health.VALID}
    assert set(found) == {key for key in made() if key.endswith((".crt", ".kubeconfig"))}
    api = found["secure/apiserver.crt"]
    assert (api.name, api.subject, api.issuer) == (
        "apiserver",
        "CN=kube-apiserver",
        "CN=kubernetes-ca,O=demo",
    )
    assert api.days == 364
    assert api.expires == datetime(2027, 11, 22, 11, 55, tzinfo=UTC)
    assert api.sentence == "secure/apiserver.crt is valid until 2027-11-22, for 364 days."


def test_only_the_break_glass_kubeconfig_and_bootstrap_tokens_are_not_in_use() -> None:
    unused = {key for key, finding in look(made()).items() if not finding.in_use}
    assert unused == {
        "locked/super-admin.kubeconfig",
        "secure/bootstrap-kubelet.kubeconfig",
        "compute/bootstrap-kubelet.kubeconfig",
    }


@pytest.mark.parametrize(
    ("days", "health", "sentence"),
    [
        (300, Health.VALID, "is valid until 2027-11-22, for 64 days."),
        (305.1, Health.DUE, "expires on 2027-11-22, in 59 days. Run: kubeplat certs renew apiserver"),
        (364, Health.DUE, "in less than a day. Run"),
        (
            365,
            Health.EXPIRED,
            "expired on 2027-11-22, less than a day ago. Run: kubeplat certs renew apiserver",
        ),
        (370, Health.EXPIRED, "expired on 2027-11-22, 5 days ago."),
    ],
)
def test_time_passes(days: float, health: Health, sentence: str) -> None:
    finding = look(made(), NOW + timedelta(days=days))["secure/apiserver.crt"]
    assert finding.health is health
    assert sentence in finding.sentence


@pytest.mark.parametrize(
    ("days", "health"), [(19.9, Health.VALID), (20, Health.DUE), (30, Health.EXPIRED), (31, Health.EXPIRED)]
)
def test_a_short_life_is_due_in_its_last_third(days: float, health: Health) -> None:
    assert look(made(), NOW + timedelta(days=days))["locked/super-admin.kubeconfig"].health is health


def test_an_authority_that_is_due_is_rotated() -> None:
    finding = look(made(), NOW + timedelta(days=3600))["common/etcd-ca.crt"]
    assert finding.health is Health.DUE
    assert finding.sentence.endswith("Run: kubeplat certs rotate-ca etcd-ca")


def test_nothing_at_all_is_missing_everything() -> None:
    found = look({})
    assert {finding.health for finding in found.values()} == {Health.MISSING}
    assert "kubeplat run" in found["secure/apiserver.crt"].sentence
    assert found["secure/apiserver.crt"].in_use


@pytest.mark.parametrize("key", [*CERTIFICATES, *KUBECONFIGS, "compute/bootstrap-kubelet.kubeconfig"])
def test_a_file_that_is_absent_is_missing(key: str) -> None:
    files = made()
    del files[key]
    assert look(files)[key].health is Health.MISSING


@pytest.mark.parametrize("key", [*CERTIFICATES, *KUBECONFIGS, "compute/bootstrap-kubelet.kubeconfig"])
@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff", b"work", b"[" * 100_000], ids=["empty", "bytes", "text", "deep"]
)
def test_a_file_that_cannot_be_read_is_said(key: str, data: bytes) -> None:
    finding = look(made() | {key: data})[key]
    assert finding.health is Health.UNREADABLE
    assert key in finding.sentence


@pytest.mark.parametrize("key", [key for key in CERTIFICATES if key.startswith("secure/")] + KUBECONFIGS)
def test_a_file_of_another_bundle_is_foreign(key: str) -> None:
    assert look(made() | {key: stranger()[key]})[key].health is Health.FOREIGN


def test_a_leafs_key_that_is_absent_or_another_is_said() -> None:
    key = "secure/apiserver.key"
    files = made()
    files[key] = stranger()[key]
    assert look(files)["secure/apiserver.crt"].health is Health.FOREIGN
    files[key] = b"work"
    assert look(files)["secure/apiserver.crt"].health is Health.UNREADABLE
    del files[key]
    finding = look(files)["secure/apiserver.crt"]
    assert finding.health is Health.MISSING
    assert f"{key} is missing" in finding.sentence


def test_an_authoritys_key_is_looked_at_too() -> None:
    key = "locked/etcd-ca.key"
    files = made()
    files[key] = stranger()[key]
    assert look(files)["common/etcd-ca.crt"].health is Health.FOREIGN
    del files[key]
    assert look(files)[key].health is Health.MISSING


def test_a_client_ca_without_the_signer_is_foreign() -> None:
    files = made() | {"common/client-ca.crt": made()["common/kubernetes-ca.crt"]}
    assert look(files)["common/client-ca.crt"].health is Health.FOREIGN


def test_a_name_that_the_settings_want_and_the_certificate_lacks_is_said() -> None:
    names = dataclasses.replace(NAMES, public_api="api.example.org", service_address="10.99.0.1")
    found = {finding.key: finding for finding in findings.check(names, made(), NOW)}
    finding = found["secure/apiserver.crt"]
    assert finding.health is Health.NAMES
    assert finding.sentence == (
        "secure/apiserver.crt lacks api.example.org and 10.99.0.1. Run: kubeplat certs renew apiserver"
    )
    assert {each.key for each in found.values() if each.health is not Health.VALID} == {finding.key}
    # Expiry is the graver one, and the files alone know of no settings.
    expired = findings.check(names, made(), YEAR)
    assert {each.health for each in expired if each.key == finding.key} == {Health.EXPIRED}
    assert {each.health for each in findings.check(None, made(), NOW)} == {Health.VALID}


def test_a_certificate_made_out_to_somebody_else_is_said() -> None:
    files = made() | {"locked/admin.kubeconfig": made()["locked/super-admin.kubeconfig"]}
    finding = look(files)["locked/admin.kubeconfig"]
    assert finding.health is Health.NAMES
    assert "kubernetes-super-admin" in finding.sentence
    assert "and not to kubernetes-admin of platform:admins" in finding.sentence


def test_without_settings_members_are_known_by_their_files() -> None:
    files = {key: data for key, data in made().items() if "etcd-2-" not in key}
    found = {finding.name for finding in findings.check(None, files, NOW)}
    assert {"etcd-0-peer", "etcd-1-server"} <= found
    assert "etcd-2-peer" not in found


def test_both_authorities_of_a_rotation_are_found() -> None:
    key = "common/etcd-ca.crt"
    both = [
        each
        for each in findings.check(NAMES, made() | {key: made()[key] + stranger()[key]}, NOW)
        if each.key == key
    ]
    assert [finding.health for finding in both] == [Health.VALID, Health.VALID]


def test_a_whole_bundle_is_looked_at_in_a_moment() -> None:
    findings.check(NAMES, made(), NOW)
    begin = time.perf_counter()
    findings.check(NAMES, made(), NOW)
    assert time.perf_counter() - begin < 0.5  # 0.01 s measured: far from what a busy computer adds


# What expires next


def test_the_nearest_expiry_is_one_in_use() -> None:
    nearest = findings.nearest(made(), NOW)
    assert nearest is not None
    assert nearest.expires == YEAR - timedelta(minutes=5)
    renewed = made() | renewal.renew(NAMES, made(), ["all"], NOW + timedelta(days=5)).writes
    # An authority never leaves the comparison: it is the nearest once the leaves end later.
    old = renewed | {"secure/kube-auth.crt": made()["secure/kube-auth.crt"]}
    found = findings.nearest(old, NOW)
    assert found is not None
    assert (found.key, found.name) == ("secure/kube-auth.crt", "kube-auth")


def test_an_authority_is_among_what_expires() -> None:
    authorities = {key: data for key, data in made().items() if key.endswith("-ca.crt")}
    found = findings.nearest(authorities, NOW)
    assert found is not None
    assert found.expires == NOW + timedelta(days=3650, minutes=-5)


def test_nothing_readable_has_no_expiry() -> None:
    assert findings.nearest({}, NOW) is None
    assert (
        findings.nearest({"secure/apiserver.crt": b"work", "secure/scheduler.kubeconfig": b"work"}, NOW)
        is None
    )
    only = {"locked/super-admin.kubeconfig": made()["locked/super-admin.kubeconfig"]}
    assert findings.nearest(only, NOW) is None


def test_an_old_authority_that_expired_beside_the_new_one_does_not_count() -> None:
    key = "common/etcd-ca.crt"
    later = NOW + timedelta(days=3651)
    new = certificate_ending(later + timedelta(days=9))
    found = findings.nearest({key: made()[key] + new}, later)
    assert found is not None
    assert found.expires == later + timedelta(days=9)


# One file's expiry


def certificate_ending(end: datetime) -> bytes:
    """A self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "any")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(end - timedelta(days=90))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def test_expiry_of_each_kind() -> None:
    end = YEAR - timedelta(minutes=5)
    files = made()
    assert findings.expiry_of("secure/apiserver.crt", files["secure/apiserver.crt"]) == end
    assert findings.expiry_of("secure/scheduler.kubeconfig", files["secure/scheduler.kubeconfig"]) == end
    both = files["common/kubernetes-ca.crt"] + files["secure/apiserver.crt"]
    assert findings.expiry_of("common/bundle.crt", both) == end
    assert findings.expiry_of("somewhere/else.txt", files["secure/apiserver.crt"]) == end
    as_json = yaml.safe_load(files["locked/admin.kubeconfig"])
    assert findings.expiry_of("config", str(as_json).replace("'", '"').encode()) is None
    assert findings.expiry_of("my.kubeconfig", str(as_json).replace("'", '"').encode()) == end
    text = b"Certificate:\n    Data: in words first\n" + files["secure/apiserver.crt"]
    assert findings.expiry_of("secure/apiserver.crt", text) == end


@pytest.mark.parametrize(
    "key", ["secure/apiserver.key", "secure/tokens.csv", "addons/bootstrap-token.yaml", "locked/id_ed25519"]
)
def test_what_has_no_expiry(key: str) -> None:
    assert findings.expiry_of(key, made()[key]) is None
    assert (
        findings.expiry_of(
            "secure/bootstrap-kubelet.kubeconfig", made()["secure/bootstrap-kubelet.kubeconfig"]
        )
        is None
    )


def test_a_certificate_with_another_kind_of_key() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "any")])
    key = ed25519.Ed25519PrivateKey.generate()
    data = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(YEAR)
        .sign(key, None)
        .public_bytes(serialization.Encoding.PEM)
    )
    assert findings.expiry_of("addons/webhook.crt", data) == YEAR


@given(
    key=st.sampled_from(["a.crt", "a.kubeconfig", "a.pem", "a", "b/c.yaml"]), data=st.binary(max_size=2000)
)
@settings(max_examples=200)
def test_any_bytes_have_an_expiry_or_none(key: str, data: bytes) -> None:
    framed = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(data) + b"\n-----END CERTIFICATE-----\n"
    embedded = b"client-certificate-data: " + base64.b64encode(framed)
    for content in (data, framed, embedded, b"apiVersion: v1\nkind: Config\n" + data):
        findings.expiry_of(key, content)


@given(
    key=st.sampled_from(CERTIFICATES + KUBECONFIGS),
    position=st.floats(0, 1, exclude_max=True),
    replacement=st.binary(min_size=1, max_size=4),
    inside=st.booleans(),
)
@settings(max_examples=300)
def test_a_broken_certificate_never_raises(
    key: str, position: float, replacement: bytes, inside: bool
) -> None:
    """Bytes are changed in the file, or in the certificate itself, where its parts are cut elsewhere."""
    data = made()[key]
    if inside and key.endswith(".crt"):
        data = x509.load_pem_x509_certificates(data)[0].public_bytes(serialization.Encoding.DER)
    start = int(position * len(data))
    data = data[:start] + replacement + data[start + len(replacement) :]
    if inside and key.endswith(".crt"):
        data = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(data) + b"-----END CERTIFICATE-----\n"
    findings.expiry_of(key, data)
    files = made() | {key: data}
    findings.nearest(files, NOW)
    assert all(finding.sentence for finding in findings.check(NAMES, files, NOW))


def test_ten_thousand_other_files_cost_nothing() -> None:
    data = b"kind: Deployment\n" + b"x" * 100_000
    begin = time.perf_counter()
    assert not any(findings.expiry_of(f"manifests/secure/{number}.yaml", data) for number in range(10_000))
    assert time.perf_counter() - begin < 1  # 0.02 s measured
