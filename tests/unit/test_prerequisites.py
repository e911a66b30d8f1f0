"""The checklist before the first run: each part as it stands, and what can be done about it on the spot."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest

from kubeplat_tui.services import environments, prerequisites
from kubeplat_tui.services.cloud import Identity
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.prerequisites import Key, State
from tests.unit.sites import REGION, make_bucket, make_site

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.prerequisites import Prerequisite
    from kubeplat_tui.services.site import Site

OWN = "203.0.113.7/32"
ACCESS = 'ssh_access_list = ["203.0.113.0/24"]\nkubeapi_access_list = ["198.51.100.0/24"]\n'


@pytest.fixture(autouse=True)
def terraform_at_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Terraform by accident: what this computer has is another test's matter."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("KUBEPLAT_TERRAFORM", raising=False)


def again(site: Site) -> Site:
    """The site with its file read anew, as the intents do it."""
    return replace(site, environment=environments.load(site.workplace.environments, site.environment.name))


def listed(site: Site, own: str | None = OWN) -> dict[Key, Prerequisite]:
    found = prerequisites.prerequisites(again(site), lambda: own)
    assert [part.key for part in found] == list(Key)
    return {part.key: part for part in found}


@pytest.mark.usefixtures("in_process_aws")
def test_the_list_is_walked_to_its_end(tmp_path: Path) -> None:
    site = make_site(tmp_path, extra=ACCESS)
    before = listed(site)
    assert {key: part.state for key, part in before.items()} == {
        Key.CREDENTIALS: State.DONE,
        Key.ACCOUNT: State.DONE,
        Key.TERRAFORM: State.MISSING,
        Key.ACCESS: State.MISSING,
        Key.MASTER_KEY: State.MISSING,
        Key.STATE_BUCKET: State.MISSING,
        Key.SECRETS_BUCKET: State.LATER,
        Key.PUBLIC_ZONE: State.MISSING,
    }
    assert before[Key.ACCESS].remedy == f"Add {OWN} to kubeapi_access_list"
    for key in (Key.ACCESS, Key.MASTER_KEY, Key.STATE_BUCKET, Key.PUBLIC_ZONE):
        assert before[key].remedy
        assert prerequisites.remedy(again(site), key, lambda: OWN)
    after = listed(site)
    assert {key for key, part in after.items() if part.state is State.DONE} == {
        Key.CREDENTIALS,
        Key.ACCOUNT,
        Key.ACCESS,
        Key.MASTER_KEY,
        Key.STATE_BUCKET,
    }
    assert after[Key.PUBLIC_ZONE].state is State.LATER
    values = again(site).environment.values
    assert values["kubeapi_access_list"] == ["198.51.100.0/24", OWN]
    made = boto3.client("kms", REGION).describe_key(KeyId=str(values["kms_master_id"]))["KeyMetadata"]
    encryption = boto3.client("s3", REGION).get_bucket_encryption(Bucket="demo-state-1a2b")
    assert made["Arn"] in json.dumps(encryption)
    # What is done is not done again, and a name that somebody else has is no place for secrets.
    for part in (Key.ACCESS, Key.STATE_BUCKET, Key.PUBLIC_ZONE):
        with pytest.raises(InputError, match=r"Nothing was changed\."):
            prerequisites.remedy(again(site), part, lambda: OWN)
    for part in (Key.CREDENTIALS, Key.SECRETS_BUCKET):
        with pytest.raises(InputError, match="Nothing can be done here"):
            prerequisites.remedy(again(site), part, lambda: OWN)
    make_bucket("demo-secrets-1a2b")
    boto3.client("route53").create_hosted_zone(Name="demo.test.", CallerReference="1")
    environments.set_value(site.environment.path, "public_zone_create", False)
    last = listed(site)
    assert last[Key.SECRETS_BUCKET].state is last[Key.PUBLIC_ZONE].state is State.DONE


@pytest.mark.usefixtures("in_process_aws")
def test_in_another_account_nothing_is_asked_and_nothing_made(tmp_path: Path) -> None:
    site = make_site(tmp_path, account="999999999999")
    found = listed(site)
    assert found[Key.CREDENTIALS].state is State.DONE
    assert found[Key.ACCOUNT].state is State.WRONG
    assert "belong to account 123456789012" in found[Key.ACCOUNT].detail
    for key in (Key.MASTER_KEY, Key.STATE_BUCKET, Key.SECRETS_BUCKET, Key.PUBLIC_ZONE):
        assert found[key].state is State.UNKNOWN
    for key in (Key.MASTER_KEY, Key.STATE_BUCKET):
        with pytest.raises(InputError, match="belong to account 123456789012"):
            prerequisites.remedy(site, key)
    assert boto3.client("kms", REGION).list_keys()["Keys"] == []
    assert boto3.client("s3", REGION).list_buckets()["Buckets"] == []


def test_without_credentials_the_rest_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(tmp_path, extra=ACCESS)

    def refuse() -> None:
        raise KubeplatError("There are no credentials.")

    monkeypatch.setattr(site.cloud, "identity", refuse)
    found = {part.key: part for part in prerequisites.prerequisites(site, lambda: None)}
    assert found[Key.CREDENTIALS].state is State.MISSING
    assert found[Key.CREDENTIALS].detail == "There are no credentials."
    assert found[Key.ACCOUNT].state is found[Key.STATE_BUCKET].state is State.UNKNOWN
    assert found[Key.ACCESS].state is State.UNKNOWN
    assert found[Key.TERRAFORM].state is State.MISSING
    with pytest.raises(KubeplatError, match="There are no credentials"):
        prerequisites.remedy(site, Key.STATE_BUCKET)


@pytest.mark.parametrize(
    ("extra", "own", "state", "remedy"),
    [
        ("", OWN, State.MISSING, f"Add {OWN} to ssh_access_list and kubeapi_access_list"),
        ("", None, State.MISSING, ""),
        ("kubeapi_external_elb = false\n", OWN, State.MISSING, f"Add {OWN} to ssh_access_list"),
        (ACCESS, None, State.UNKNOWN, ""),
        (ACCESS.replace("198.51.100.0/24", OWN), OWN, State.DONE, ""),
        ("sandbox = true\n", OWN, State.DONE, ""),
        (
            'allow_world = true\nssh_access_list = ["0.0.0.0/0"]\nkubeapi_access_list = ["0.0.0.0/0"]\n',
            OWN,
            State.DONE,
            "",
        ),
    ],
)
def test_one_s_own_address_in_the_access_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: str, own: str | None, state: State, remedy: str
) -> None:
    site = make_site(tmp_path, extra=extra)

    def refuse() -> None:
        raise KubeplatError("There are no credentials.")

    monkeypatch.setattr(site.cloud, "identity", refuse)
    part = listed(site, own)[Key.ACCESS]
    assert (part.state, part.remedy) == (state, remedy)


def test_a_full_access_list_is_said_and_left(tmp_path: Path) -> None:
    full = ", ".join(f'"10.0.{number}.0/24"' for number in range(15))
    site = make_site(tmp_path, extra=f"ssh_access_list = [{full}]\nkubeapi_access_list = []\n")
    before = site.environment.path.read_bytes()
    with pytest.raises(InputError, match="ssh_access_list holds 15 networks"):
        prerequisites.remedy(site, Key.ACCESS, lambda: OWN)
    with pytest.raises(KubeplatError, match="own address could not be learned"):
        prerequisites.remedy(site, Key.ACCESS, lambda: None)
    assert site.environment.path.read_bytes() == before


def test_what_aws_refuses_is_unknown_and_a_bucket_of_somebody_else_s_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    site = make_site(tmp_path, extra=ACCESS)

    class Refusing:
        def __init__(self, service: str) -> None:
            self.service = service

        def __getattr__(self, call: str) -> object:
            def refuse(**_: object) -> object:
                if call == "describe_regions":
                    return {"Regions": [{"OptInStatus": "opt-in-not-required"}]}
                code = "403" if self.service == "s3" else "AccessDeniedException"
                raise ClientError({"Error": {"Code": code, "Message": "No."}}, call)

            return refuse

    monkeypatch.setattr(site.cloud, "identity", lambda: Identity("123456789012", "arn:aws:iam::1:user/jest"))
    monkeypatch.setattr(site.cloud, "client", Refusing)
    found = {part.key: part for part in prerequisites.prerequisites(site, lambda: OWN)}
    assert found[Key.SECRETS_BUCKET].state is State.WRONG
    assert "demo-secrets-1a2b is taken by somebody else" in found[Key.SECRETS_BUCKET].detail
    assert found[Key.STATE_BUCKET].state is State.WRONG
    assert "belongs to somebody else, or you may not use it" in found[Key.STATE_BUCKET].detail
    assert found[Key.PUBLIC_ZONE].state is found[Key.MASTER_KEY].state is State.UNKNOWN
    assert "AWS refused list_hosted_zones_by_name" in found[Key.PUBLIC_ZONE].detail
    assert all(part.remedy == "" for part in found.values() if part.state in {State.WRONG, State.UNKNOWN})
