"""What stands of an environment, by its remote states: nothing, a part, all of it, locked, or not known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from kubeplat_tui.intents import Intents
from kubeplat_tui.services.environments.standing import Built, look
from kubeplat_tui.services.errors import InputError
from tests.unit.sites import REGION, make_bucket, make_site

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.site import Site

pytestmark = pytest.mark.usefixtures("in_process_aws")
BUCKET = "demo-state-1a2b"


def put(key: str, body: dict[str, Any] | str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    boto3.client("s3", REGION).put_object(Bucket=BUCKET, Key=f"{REGION}/demo/{key}", Body=text.encode())


def state(*kinds: str, tainted: bool = False) -> dict[str, Any]:
    instance = {"attributes": {"id": "x"}, **({"status": "tainted"} if tainted else {})}
    resources = [{"mode": "managed", "type": kind, "name": "one", "instances": [instance]} for kind in kinds]
    data = {"mode": "data", "type": "aws_region", "name": "here", "instances": [{"attributes": {}}]}
    return {"version": 4, "serial": 1, "resources": [*resources, data], "outputs": {}}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def test_it_stands_as_its_two_states_say(site: Site) -> None:
    assert look(site.cloud, site.environment).built is Built.NOTHING
    make_bucket(BUCKET)
    assert look(site.cloud, site.environment).built is Built.NOTHING
    other = boto3.client("s3", REGION)
    other.put_object(Bucket=BUCKET, Key=f"{REGION}/demo2/cluster.tfstate", Body=b"{}")
    put("foundation.tfstate.tflock", {"ID": "1", "Who": "jest@laptop"})
    locked = look(site.cloud, site.environment)
    assert (locked.built, locked.locked_by) == (Built.NOTHING, "jest@laptop")
    other.delete_object(Bucket=BUCKET, Key=f"{REGION}/demo/foundation.tfstate.tflock")
    put("foundation.tfstate", state())
    put("cluster.tfstate", state())
    empty = look(site.cloud, site.environment)
    assert (empty.built, empty.resources, empty.locked_by) == (Built.NOTHING, 0, "")
    put("foundation.tfstate", state("aws_s3_bucket", "aws_ebs_volume"))
    part = look(site.cloud, site.environment)
    assert (part.built, part.resources) == (Built.PARTLY, 2)
    put("cluster.tfstate", state("aws_vpc", tainted=True))
    assert look(site.cloud, site.environment).built is Built.PARTLY
    put("cluster.tfstate", state("aws_vpc", "aws_subnet"))
    whole = look(site.cloud, site.environment)
    assert (whole.built, whole.resources) == (Built.BUILT, 4)
    assert whole.changed is not None


def intents(site: Site) -> Intents:
    return Intents(
        site.workplace, environ={"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    )


def test_what_cannot_be_read_is_unknown_and_says_why(site: Site) -> None:
    make_bucket(BUCKET)
    put("cluster.tfstate", "no state")
    opened = intents(site)
    standing = opened.standing("demo")
    assert standing.built is Built.UNKNOWN
    assert "The state of the cluster is not a Terraform state" in standing.why
    site.environment.path.write_text('environment = "demo"\n')
    assert "does not say where its state is" in opened.standing("demo").why
    site.environment.path.write_text("environment = [\n")
    with pytest.raises(InputError, match="never closed"):
        opened.standing("demo")
    opened.close()


def test_answers_are_read_anew_and_clients_made_once(site: Site) -> None:
    opened = intents(site)
    assert opened.standing("demo").built is Built.NOTHING
    viewing = opened._viewing()
    first = viewing.open(site.environment)
    make_bucket(BUCKET)
    put("foundation.tfstate", state("aws_s3_bucket"))
    assert opened.standing("demo").built is Built.PARTLY
    assert viewing.open(site.environment) is first
    opened.close()


def test_credentials_that_are_refused_are_unknown_not_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    class Refusing:
        def get_paginator(self, _: str) -> Refusing:
            return self

        def paginate(self, **_: str) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, "ListObjectsV2")

    opened = intents(site)
    cloud = opened._viewing().open(site.environment)
    assert cloud is not None
    monkeypatch.setattr(cloud, "client", lambda _: Refusing())
    standing = opened.standing("demo")
    assert standing.built is Built.UNKNOWN
    assert "is not allowed: AWS refused ListObjectsV2" in standing.why
    opened.close()


def test_a_sandbox_that_does_not_run_holds_nothing_and_is_not_started(tmp_path: Path) -> None:
    class NoDoor:
        def open(self) -> Any:
            raise AssertionError("the sandbox was started")

    site = make_site(tmp_path, extra="sandbox = true\n")
    opened = Intents(site.workplace, sandbox=NoDoor(), environ={})
    assert opened.standing("demo").built is Built.NOTHING
    opened.close()
