"""Rotations: whoever was trusted stays trusted until the end, whatever step is cut short wherever."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.pki import (
    authorities,
    bundle,
    certificates,
    findings,
    keys,
    kubeconfigs,
    leaves,
    renewal,
    rotation,
)
from kubeplat_tui.services.pki.findings import Health
from kubeplat_tui.services.pki.names import ClusterNames, Member
from kubeplat_tui.services.pki.profiles import AUTHORITIES, CLIENT_CA, Authority, profiles
from kubeplat_tui.services.pki.rotation import Phase, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cryptography import x509

    Verify = Callable[[bytes, Mapping[str, x509.Certificate]], None]

NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
NAMES = ClusterNames(
    environment="demo",
    public_api="kube-demo.demo.test",
    internal_api="kube.demo.internal",
    service_address="10.200.0.1",
    members=tuple(Member(str(each), f"etcd{each}.demo.internal", f"10.80.1{each}.100") for each in range(2)),
)
AUTHORITY_SUBJECTS = [subject for subject in Subject if subject is not Subject.SERVICE_ACCOUNT]
KUBECONFIGS = [profile.kubeconfig for profile in profiles(NAMES) if profile.kubeconfig]


@cache
def made() -> dict[str, bytes]:
    return bundle.make_missing(NAMES, {}, NOW).writes


def applied(files: Mapping[str, bytes], step: rotation.Step) -> dict[str, bytes]:
    """What the working copy holds after a step."""
    return {key: data for key, data in {**files, **step.making.writes}.items() if key not in step.deletes}


def stages(files: Mapping[str, bytes], subject: Subject) -> list[dict[str, bytes]]:
    """The files before the rotation, and after each of its steps."""
    found = [dict(files)]
    while len(found) == 1 or rotation.current(found[-1]) is not None:
        found.append(applied(found[-1], rotation.step(NAMES, found[-1], subject, NOW)))
    return found


def leaf_certificates(files: Mapping[str, bytes], authority: Authority) -> dict[str, x509.Certificate]:
    return {
        profile.place: leaf.certificate
        for profile in profiles(NAMES)
        if profile.authority is authority and (leaf := leaves.read(profile, files)) is not None
    }


def trust(files: Mapping[str, bytes], authority: Authority) -> bytes:
    """What a leaf of the authority is verified against."""
    return files[CLIENT_CA if authority is Authority.KUBERNETES else AUTHORITIES[authority].certificate]


def healths(files: Mapping[str, bytes]) -> set[Health]:
    return {finding.health for finding in findings.check(NAMES, files, NOW)}


@pytest.fixture
def verify(tmp_path: Path) -> Verify:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")

    def check(ca: bytes, found: Mapping[str, x509.Certificate]) -> None:
        (tmp_path / "ca.pem").write_bytes(ca)
        paths = []
        for number, certificate in enumerate(found.values()):
            paths.append(tmp_path / f"{number}.pem")
            paths[-1].write_bytes(certificates.pem(certificate))
        assert paths
        at = str(int(NOW.timestamp()))
        ran = subprocess.run(
            ["openssl", "verify", "-attime", at, "-CAfile", tmp_path / "ca.pem", *paths],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr

    return check


@pytest.mark.parametrize("authority", [Authority.KUBERNETES, Authority.ETCD, Authority.FRONT_PROXY])
def test_old_and_new_leaves_are_trusted_together_until_the_old_authority_is_retired(
    authority: Authority,
    verify: Verify,
) -> None:
    before, introduced, reissued, retired = stages(made(), Subject(authority.value))
    old, new = leaf_certificates(before, authority), leaf_certificates(reissued, authority)
    assert leaf_certificates(introduced, authority) == old
    assert leaf_certificates(retired, authority) == new
    assert not set(old.values()) & set(new.values())

    verify(trust(before, authority), old)
    verify(trust(introduced, authority), old | {f"new {key}": each for key, each in new.items()})
    verify(trust(reissued, authority), old | {f"new {key}": each for key, each in new.items()})
    verify(trust(retired, authority), new)
    alone = certificates.load_all("", retired[AUTHORITIES[authority].certificate])
    assert len(alone) == 1
    assert not any(certificates.issued_by(each, *alone) for each in old.values())


@pytest.mark.parametrize("subject", Subject)
def test_during_a_rotation_nothing_is_foreign_and_nothing_is_made_anew(subject: Subject) -> None:
    for files in stages(made(), subject):
        assert healths(files) == {Health.VALID}
        assert bundle.make_missing(NAMES, files, NOW).writes == {}
        # A renewal in between belongs to whoever signs now.
        renewed = {**files, **renewal.renew(NAMES, files, ["all"], NOW).writes}
        assert healths(renewed) == {Health.VALID}


@pytest.mark.parametrize("subject", Subject)
def test_a_rotation_takes_three_steps_and_leaves_nothing_behind(subject: Subject) -> None:
    before, introduced, reissued, retired = stages(made(), subject)
    assert rotation.current(before) is None
    phases = [found.phase for files in (introduced, reissued) if (found := rotation.current(files))]
    assert phases == [Phase.INTRODUCE, Phase.REISSUE]
    assert rotation.current(retired) is None
    assert set(retired) == set(before)
    record = json.loads(reissued[rotation.RECORD])
    assert record["authority"] == subject
    assert record["old_fingerprint"] != record["new_fingerprint"]


@pytest.mark.parametrize("subject", Subject)
def test_a_step_cut_short_in_the_middle_of_its_upload_is_taken_again(subject: Subject) -> None:
    reached = dict(made())
    while True:
        step = rotation.step(NAMES, reached, subject, NOW)
        order = bundle.upload_order(step.making.writes)
        for count in range(len(order)):
            partly = {**reached, **{key: step.making.writes[key] for key in order[:count]}}
            assert_ends_well(partly, subject)
        whole = {**reached, **step.making.writes}
        for count in range(len(step.deletes)):
            partly = {key: data for key, data in whole.items() if key not in step.deletes[:count]}
            assert_ends_well(partly, subject)
        reached = applied(reached, step)
        if step.rotation is None:
            return


def assert_ends_well(files: dict[str, bytes], subject: Subject) -> None:
    """Another computer that found these files takes the remaining steps."""
    place = AUTHORITIES[Authority(subject.value)] if subject is not Subject.SERVICE_ACCOUNT else None
    waiting = files.get(place.next_certificate) if place else None
    last = stages(files, subject)[-1]
    assert healths(last) == {Health.VALID}
    assert bundle.make_missing(NAMES, last, NOW).writes == {}
    assert rotation.RECORD not in last
    assert not [key for key in last if ".next." in key]
    if place and waiting:
        assert last[place.certificate] == waiting


def test_a_key_alone_that_an_interrupted_upload_left_gets_its_certificate() -> None:
    place = AUTHORITIES[Authority.ETCD]
    step = rotation.step(NAMES, made(), Subject.ETCD, NOW)
    partly = {**made(), place.next_key: step.making.writes[place.next_key]}
    again = rotation.step(NAMES, partly, Subject.ETCD, NOW)
    assert place.next_key not in again.making.writes
    private = keys.load(place.next_key, partly[place.next_key])
    (certificate,) = certificates.load_all("", again.making.writes[place.next_certificate])
    assert certificates.fits(certificate, private)


def test_kubeconfigs_and_the_clients_authorities_follow_the_root() -> None:
    before, introduced, reissued, retired = stages(made(), Subject.KUBERNETES)
    place = AUTHORITIES[Authority.KUBERNETES]
    for files in (before, introduced, reissued, retired):
        for key in [*KUBECONFIGS, "secure/token-webhook.kubeconfig", "compute/bootstrap-kubelet.kubeconfig"]:
            assert kubeconfigs.parse(key, files[key]).authority == files[place.certificate]
        roots = certificates.load_all(place.certificate, files[place.certificate])
        assert set(roots) <= set(certificates.load_all(CLIENT_CA, files[CLIENT_CA]))
    token = kubeconfigs.parse("", before["compute/bootstrap-kubelet.kubeconfig"]).token
    assert token
    assert kubeconfigs.parse("", retired["compute/bootstrap-kubelet.kubeconfig"]).token == token
    assert len(certificates.load_all("", retired[CLIENT_CA])) == 2


def test_the_kubelets_keep_their_certificates_while_the_root_is_rotated(verify: Verify) -> None:
    place = AUTHORITIES[Authority.KUBELET_SIGNER]
    kubelet = kubelets_certificate(made())
    for files in stages(made(), Subject.KUBERNETES):
        assert files[place.key] == made()[place.key]
        assert len(certificates.load_all("", files[place.certificate])) == 1
        verify(files[CLIENT_CA], {"kubelet": kubelet, "new": kubelets_certificate(files)})


def test_the_kubelets_signer_alone_is_rotated_below_the_same_root(verify: Verify) -> None:
    place, root = AUTHORITIES[Authority.KUBELET_SIGNER], AUTHORITIES[Authority.KUBERNETES].certificate
    before, introduced, reissued, retired = stages(made(), Subject.KUBELET_SIGNER)
    old, new = kubelets_certificate(before), kubelets_certificate(reissued)
    for files in (introduced, reissued):
        # What kube-controller-manager takes: one certificate.
        assert len(certificates.load_all("", files[place.certificate])) == 1
        verify(files[CLIENT_CA], {"old": old, "new": new})
    assert introduced[place.key] == before[place.key]
    assert reissued[place.key] != before[place.key]
    verify(retired[CLIENT_CA], {"new": new})
    assert len(certificates.load_all("", retired[CLIENT_CA])) == 2
    assert not certificates.issued_by(old, *certificates.load_all("", retired[CLIENT_CA]))
    assert retired[root] == before[root]


def kubelets_certificate(files: Mapping[str, bytes]) -> x509.Certificate:
    """A certificate as kube-controller-manager signs it for a kubelet."""
    profile = next(each for each in profiles(NAMES) if each.name == "scheduler")
    signer = authorities.load(Authority.KUBELET_SIGNER, files)
    return certificates.issue(profile, keys.generate().public_key(), signer, NOW)


def test_service_accounts_tokens_are_accepted_before_they_are_signed() -> None:
    def signing(files: Mapping[str, bytes]) -> bytes:
        return keys.public_pem(keys.load("", files["secure/service-account.key"]).public_key())

    def accepted(files: Mapping[str, bytes]) -> list[bytes]:
        return keys.load_public("", files["secure/service-account.pub"])

    before, introduced, reissued, retired = stages(made(), Subject.SERVICE_ACCOUNT)
    old, new = signing(before), signing(reissued)
    assert old != new
    assert signing(introduced) == old
    assert accepted(introduced) == accepted(reissued) == [old, new]
    assert signing(retired) == new
    assert accepted(retired) == [new]


def test_names_that_somebody_added_to_the_apis_certificate_stay() -> None:
    extra = ["api.example.com", "192.0.2.7"]
    files = {**made(), **renewal.renew(NAMES, made(), ["apiserver"], NOW, extra).writes}
    (certificate,) = certificates.load_all("", stages(files, Subject.KUBERNETES)[-1]["secure/apiserver.crt"])
    assert set(extra) <= set(certificates.names_in(certificate))


@pytest.mark.parametrize(
    ("subject", "key", "other"),
    [
        (Subject.ETCD, "secure/etcd-9-peer.crt", "secure/etcd-0-peer.crt"),
        (Subject.KUBERNETES, "locked/old-admin.kubeconfig", "locked/admin.kubeconfig"),
        (Subject.KUBERNETES, "secure/kubelet-signer-ca.crt", "secure/kubelet-signer-ca.crt"),
    ],
)
def test_nothing_is_retired_while_the_bundle_holds_what_it_signed(
    subject: Subject, key: str, other: str
) -> None:
    reissued = stages(made(), subject)[2]
    with pytest.raises(KubeplatError, match="cannot be retired") as caught:
        rotation.step(NAMES, {**reissued, key: made()[other]}, subject, NOW)
    assert key in str(caught.value)


def test_an_old_leaf_that_was_restored_is_signed_anew_before_anything_is_retired() -> None:
    reissued = stages(made(), Subject.ETCD)[2]
    restored = {
        **reissued,
        **{f"secure/etcd-0-peer{end}": made()[f"secure/etcd-0-peer{end}"] for end in (".crt", ".key")},
    }
    step = rotation.step(NAMES, restored, Subject.ETCD, NOW)
    assert step.phase is Phase.REISSUE
    assert {"secure/etcd-0-peer.crt", "secure/etcd-0-peer.key"} <= set(step.making.writes)
    assert "secure/etcd-1-peer.crt" not in step.making.writes
    assert healths(stages(restored, Subject.ETCD)[-1]) == {Health.VALID}


def test_one_rotation_at_a_time() -> None:
    introduced = stages(made(), Subject.ETCD)[1]
    with pytest.raises(InputError, match="etcd-ca is being rotated; front-proxy-ca has to wait"):
        rotation.step(NAMES, introduced, Subject.FRONT_PROXY, NOW)


@pytest.mark.parametrize(
    ("subject", "missing"),
    [
        (Subject.ETCD, "common/etcd-ca.crt"),
        (Subject.KUBERNETES, CLIENT_CA),
        (Subject.SERVICE_ACCOUNT, "secure/service-account.key"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_made(subject: Subject, missing: str) -> None:
    files = {key: data for key, data in made().items() if key != missing}
    with pytest.raises(KubeplatError, match=f"{missing} is missing"):
        rotation.step(NAMES, files, subject, NOW)


@pytest.mark.parametrize("subject", Subject)
def test_a_successor_that_was_lost_half_way_is_told_and_none_is_made_in_its_place(subject: Subject) -> None:
    introduced = stages(made(), subject)[1]
    for lost in [key for key in introduced if ".next." in key]:
        files = {key: data for key, data in introduced.items() if key != lost}
        with pytest.raises(KubeplatError, match="is missing"):
            rotation.step(NAMES, files, subject, NOW)


def test_an_authority_whose_key_was_lost_can_be_replaced() -> None:
    place = AUTHORITIES[Authority.ETCD]
    files = {key: data for key, data in made().items() if key != place.key}
    assert healths(stages(files, Subject.ETCD)[-1]) == {Health.VALID}


def test_an_authority_that_has_expired_can_be_replaced() -> None:
    late = NOW + timedelta(days=3700)
    files = dict(made())
    for _ in range(3):
        files = applied(files, rotation.step(NAMES, files, Subject.FRONT_PROXY, late))
    (certificate,) = certificates.load_all("", files["common/front-proxy-ca.crt"])
    assert certificate.not_valid_after_utc > late


@pytest.mark.parametrize(
    "record", [b"", b"{}", b"[]", b'{"authority": "nobody", "phase": "introduce"}', b"\xff"]
)
def test_a_record_that_cannot_be_read_stops_everything(record: bytes) -> None:
    with pytest.raises(KubeplatError, match=r"locked/rotation\.json cannot be read"):
        rotation.step(NAMES, {**made(), rotation.RECORD: record}, Subject.ETCD, NOW)


def test_a_broken_kubeconfig_is_told_and_nothing_is_lost() -> None:
    files = {**made(), "locked/admin.kubeconfig": b"certificate-authority-data: AAA=A\n"}
    with pytest.raises(KubeplatError, match=r"locked/admin\.kubeconfig cannot be read"):
        rotation.step(NAMES, files, Subject.KUBERNETES, NOW)
