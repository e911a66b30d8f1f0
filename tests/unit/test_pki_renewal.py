"""Renewal: new keys and certificates for those that were named, and for nothing else."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import yaml

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.pki import bootstrap, bundle, certificates, renewal
from kubeplat_tui.services.pki.findings import Health, check
from kubeplat_tui.services.pki.profiles import Profile, profiles
from tests.pki.bundles import NAMES, NOW, made

if TYPE_CHECKING:
    from cryptography import x509

LATER = NOW + timedelta(days=330)
LEAVES = [profile.name for profile in profiles(NAMES)]


def certificate(files: dict[str, bytes], key: str) -> x509.Certificate:
    return certificates.load_all(key, files[key])[0]


def names_in(files: dict[str, bytes], key: str = "secure/apiserver.crt") -> set[str]:
    return set(certificates.names_in(certificate(files, key)))


@pytest.mark.parametrize("profile", profiles(NAMES), ids=lambda profile: profile.name)
def test_one_is_renewed_and_nothing_else(profile: Profile) -> None:
    making = renewal.renew(NAMES, made(), [profile.name], LATER)
    assert set(making.writes) == set(profile.files)
    assert set(making.kept) == made().keys() - set(profile.files)
    assert all(making.writes[key] != made()[key] for key in making.writes)
    after = made() | making.writes
    for finding in check(NAMES, after, LATER):
        if finding.key in profile.files:
            assert finding.health is Health.VALID
    # It is a bundle as before: nothing is missing, foreign or stale.
    writes = bundle.make_missing(NAMES, after, LATER).writes
    assert set(writes) == set(bootstrap.FILES)


def test_a_pairs_kubeconfig_follows_it() -> None:
    writes = renewal.renew(NAMES, made(), ["kube-auth-client"], LATER).writes
    assert set(writes) == {
        "secure/kube-auth-client.crt",
        "secure/kube-auth-client.key",
        "secure/token-webhook.kubeconfig",
    }


def test_everything_is_every_leaf() -> None:
    making = renewal.renew(NAMES, made(), ["all"], LATER)
    wanted = {key for profile in profiles(NAMES) for key in profile.files} | set(bootstrap.FILES)
    assert set(making.writes) == wanted
    kept = {
        "common/kubernetes-ca.crt",
        "locked/kubernetes-ca.key",
        "secure/service-account.key",
        "locked/id_ed25519",
    }
    assert kept < set(making.kept)


def test_due_is_what_is_due_and_in_use() -> None:
    """The break-glass kubeconfig has expired long ago: it is made when somebody needs it."""
    assert renewal.renew(NAMES, made(), ["due"], NOW).writes == {}
    young = made() | renewal.renew(NAMES, made(), ["apiserver", "scheduler"], LATER).writes
    writes = renewal.renew(NAMES, young, ["due"], LATER).writes
    left = {"secure/apiserver.crt", "secure/apiserver.key", "secure/scheduler.kubeconfig"}
    leaves = {key for profile in profiles(NAMES) if profile.in_use for key in profile.files}
    assert set(writes) == leaves - left
    due = [each.name for each in check(NAMES, young | writes, LATER) if each.health is not Health.VALID]
    assert due == ["super-admin"]


def test_the_bootstrap_token_is_renewed_on_request() -> None:
    assert set(renewal.renew(NAMES, made(), ["bootstrap-token"], NOW).writes) == set(bootstrap.FILES)


def test_a_name_that_is_none_gets_the_nearest_one() -> None:
    with pytest.raises(InputError, match=r"There is no certificate apisever\..*Did you mean apiserver\?"):
        renewal.renew(NAMES, made(), ["apisever"], NOW)
    with pytest.raises(InputError, match="There are: all, due, bootstrap-token, apiserver"):
        renewal.renew(NAMES, made(), ["zzz"], NOW)


def test_an_authority_is_not_renewed() -> None:
    with pytest.raises(InputError, match="kubeplat certs rotate-ca etcd-ca"):
        renewal.renew(NAMES, made(), ["etcd-ca"], NOW)


def test_a_lost_authority_renews_nothing_of_its_own_and_all_else() -> None:
    files = made()
    del files["locked/etcd-ca.key"]
    with pytest.raises(KubeplatError, match=r"locked/etcd-ca\.key is missing"):
        renewal.renew(NAMES, files, ["etcd-0-peer"], NOW)
    assert renewal.renew(NAMES, files, ["apiserver"], NOW).writes


@pytest.mark.parametrize(
    "key", ["secure/scheduler.kubeconfig", "secure/etcd-0-peer.crt", "secure/etcd-0-peer.key"]
)
def test_a_broken_leaf_is_healed(key: str) -> None:
    name = key.partition("/")[2].partition(".")[0]
    files = made() | {key: b"broken"}
    writes = renewal.renew(NAMES, files, [name], NOW).writes
    assert bundle.make_missing(NAMES, files | writes, NOW).writes == {}


def test_a_lost_key_is_healed() -> None:
    files = made()
    del files["secure/apiserver.key"]
    writes = renewal.renew(NAMES, files, ["apiserver"], NOW).writes
    assert bundle.make_missing(NAMES, files | writes, NOW).writes == {}


# The names of the API's certificate


def test_a_name_that_was_added_stays() -> None:
    extra = ["Demo-kubeapi-1A2b.elb.eu-west-2.amazonaws.com.", "10.9.8.7", "2001:DB8:0::1"]
    files = made() | renewal.renew(NAMES, made(), ["apiserver"], NOW, extra).writes
    added = {"demo-kubeapi-1a2b.elb.eu-west-2.amazonaws.com", "10.9.8.7", "2001:db8::1"}
    assert names_in(files) == names_in(made()) | added
    again = files | renewal.renew(NAMES, files, ["all"], LATER).writes
    assert names_in(again) == names_in(files)
    assert bundle.make_missing(NAMES, again, LATER).writes == {}


def test_a_name_that_the_settings_left_stays_until_it_is_dropped() -> None:
    names = dataclasses.replace(NAMES, internal_api="kube.new.internal")
    files = made() | renewal.renew(names, made(), ["apiserver"], NOW).writes
    assert names_in(files) == names_in(made()) | {"kube.new.internal"}
    dropped = renewal.renew(names, files, ["apiserver"], NOW, dropped_names=["kube.demo.internal"]).writes
    assert names_in(dropped) == names_in(files) - {"kube.demo.internal"}


def test_etcd_has_the_settings_names_alone() -> None:
    """etcd lets in whoever calls from an address in a peer's certificate: an old address must not stay."""
    moved = tuple(dataclasses.replace(member, address="10.80.99.1") for member in NAMES.members[:1])
    names = dataclasses.replace(NAMES, members=(*moved, *NAMES.members[1:]))
    writes = renewal.renew(names, made(), ["etcd-0-peer"], NOW).writes
    assert names_in(writes, "secure/etcd-0-peer.crt") == {"etcd0.demo.internal", "10.80.99.1"}


@pytest.mark.parametrize(
    "name", ["https://api.example.com", "a b", "a/b", "host:443", "", "-a.com", "a..b", "x" * 300]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="neither a DNS name nor an address"):
        renewal.renew(NAMES, made(), ["apiserver"], NOW, [name])


def test_names_are_for_the_api_alone() -> None:
    with pytest.raises(InputError, match="apiserver alone"):
        renewal.renew(NAMES, made(), ["scheduler"], NOW, ["api.example.com"])


@pytest.mark.parametrize(
    ("name", "why"),
    [("kube.demo.internal", "the settings want it"), ("other.example.com", "it is not there")],
)
def test_what_cannot_be_dropped(name: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        renewal.renew(NAMES, made(), ["apiserver"], NOW, dropped_names=[name])


def test_names_that_cannot_be_read_are_not_lost() -> None:
    files = made() | {"secure/apiserver.crt": b"broken"}
    with pytest.raises(KubeplatError, match="names beyond those of the settings"):
        renewal.renew(NAMES, files, ["apiserver"], NOW)


def test_kubeconfigs_keep_their_form() -> None:
    writes = renewal.renew(NAMES, made(), ["admin"], LATER).writes
    before, after = (yaml.safe_load(files["locked/admin.kubeconfig"]) for files in (made(), writes))
    assert before["clusters"] == after["clusters"]
    assert before["contexts"] == after["contexts"]
    assert before["users"] != after["users"]
