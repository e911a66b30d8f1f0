"""Two computers and one bucket on a simulated S3 and KMS: what one makes the other has; what AWS refuses is said."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services import state_bucket
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import now
from kubeplat_tui.services.pki import bundle
from kubeplat_tui.services.secrets.model import Side, State
from kubeplat_tui.services.secrets.refusals import NotOursError
from kubeplat_tui.services.secrets.store import SecretStore, local_expiry
from tests.unit.sites import make_site
from tests.unit.test_secret_store import played, states

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.site import Site

pytestmark = pytest.mark.usefixtures("in_process_aws")
BUCKET = "demo-secrets-1a2b"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = make_site(tmp_path)
    key = str(made.cloud.client("kms").create_key()["KeyMetadata"]["Arn"])
    state_bucket.make_bucket(made.cloud, BUCKET, "demo", key)
    values = {**made.environment.values, "kms_master_id": key}
    return dataclasses.replace(made, environment=dataclasses.replace(made.environment, values=values))


def computer(site: Site, folder: Path) -> SecretStore:
    """A store with a state folder of its own."""
    workplace = dataclasses.replace(site.workplace, state=folder)
    return SecretStore(dataclasses.replace(site, workplace=workplace), {"HOME": str(folder)})


def contents(store: SecretStore) -> dict[str, bytes]:
    return {key: store.copy.read(key) for key in store.copy.files()}


def test_what_one_makes_the_other_has(site: Site, tmp_path: Path) -> None:
    ours, theirs = computer(site, tmp_path / "ours"), computer(site, tmp_path / "theirs")
    making = played(ours.make_missing())[1]
    assert len(making.writes) > 40
    assert set(played(ours.upload())[1].moved) == set(making.writes)
    assert played(theirs.fetch())[1].size > 0
    assert contents(ours) == contents(theirs) == making.writes
    for store in (ours, theirs):
        assert played(store.make_missing())[1].writes == {}
        assert played(store.upload())[1].unchanged
        assert played(store.fetch())[1].unchanged
    nearest = local_expiry(theirs.site.workplace, "demo")
    assert nearest is not None
    assert nearest.expires == min(theirs.expiries()[nearest.key], nearest.expires)
    assert "secure/apiserver.crt" in theirs.expiries()
    assert played(theirs.renew(["apiserver"]))[1].writes
    assert played(theirs.upload())[1].moved
    assert states(ours)["secure/apiserver.crt"] is State.CHANGED_THERE


def test_a_conflict_and_the_way_back(site: Site, tmp_path: Path) -> None:
    ours, theirs = computer(site, tmp_path / "ours"), computer(site, tmp_path / "theirs")
    key = "secure/tokens.csv"
    ours.copy.commit({key: b"first\n"})
    played(ours.upload())
    played(theirs.fetch())
    ours.copy.commit({key: b"ours\n"})
    theirs.copy.commit({key: b"theirs\n"})
    assert played(theirs.upload())[1].moved == (key,)
    assert played(ours.upload())[1].conflicts == (key,)
    assert (ours.read(key, Side.THERE), ours.read(key, Side.HERE)) == (b"theirs\n", b"ours\n")
    assert played(ours.upload(overwrite=True))[1].moved == (key,)
    assert [ours.read(key, Side.THERE, each.version) for each in ours.history(key)] == [
        b"ours\n",
        b"theirs\n",
        b"first\n",
    ]
    ours.restore(key, ours.history(key)[1].version)
    assert states(ours)[key] is State.CHANGED_THERE
    ours.remove([key], Side.THERE)
    assert ours.history(key)[0].deleted
    assert played(theirs.fetch(delete=True))[1].deleted == (key,)


def test_what_is_not_ours_or_cannot_be_read_is_a_sentence(site: Site, tmp_path: Path) -> None:
    store = computer(site, tmp_path / "ours")
    store.copy.commit({"secure/tokens.csv": b"mine\n"})
    played(store.upload())
    store.site.cloud.client("s3").put_object(
        Bucket=BUCKET, Key="common/foreign", Body=b"1", ServerSideEncryption="AES256"
    )
    with pytest.raises(NotOursError, match="common/foreign is not encrypted with the environment's KMS key"):
        played(store.fetch())
    assert contents(store) == {"secure/tokens.csv": b"mine\n"}
    store.copy.commit({"secure/tokens.csv": b"changed\n"})
    store.site.cloud.client("kms").disable_key(KeyId=str(site.environment.values["kms_master_id"]))
    with pytest.raises(KubeplatError, match="is in the state Disabled"):
        played(computer(site, tmp_path / "ours").upload())
    assert contents(store) == {"secure/tokens.csv": b"changed\n"}


def test_a_broken_file_never_goes_over_a_good_one(site: Site, tmp_path: Path) -> None:
    ours = computer(site, tmp_path / "ours")
    played(ours.make_missing())
    played(ours.upload())
    good = dict(contents(ours))
    other = bundle.make_missing(ours.names, {}, now()).writes
    broken = {
        "common/etcd-ca.crt": (b"junk\n", "common/etcd-ca.crt cannot be read"),
        "secure/scheduler.kubeconfig": (b"junk\n", "secure/scheduler.kubeconfig cannot be read"),
        "secure/apiserver.crt": (other["secure/apiserver.crt"], "secure/apiserver.crt"),
        "common/front-proxy-ca.crt": (other["common/front-proxy-ca.crt"], "does not belong here"),
        "locked/etcd-ca.key": (other["locked/etcd-ca.key"], "does not belong here"),
    }
    for key, (data, said) in broken.items():
        ours.copy.commit({key: data})
        with pytest.raises(KubeplatError, match="Nothing was uploaded") as refused:
            played(ours.upload(overwrite=True))
        assert said in str(refused.value), key
        assert ours.read(key, Side.THERE) == good[key]
        played(ours.fetch(overwrite=True))
    assert contents(ours) == good
