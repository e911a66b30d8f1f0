"""A new environment in a real sandbox: suggested, made, looked after, deleted; and looking starts nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.intents import Intents
from kubeplat_tui.services.environments.creation import NewEnvironment
from kubeplat_tui.services.environments.standing import Built
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.prerequisites import Key, State
from kubeplat_tui.services.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def intents(tmp_path: Path) -> Iterator[Intents]:
    folder = tmp_path / "environments"
    folder.mkdir()
    place = Workplace(folder, CHECKOUT / "terraform", tmp_path / "s", tmp_path / "c", tmp_path / "k")
    made = Intents(place, environ={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    yield made
    made.close()


def test_an_environment_begins_and_ends_in_the_sandbox(intents: Intents) -> None:
    found = intents.suggest_environment("lab", sandbox=True)
    assert (found.account, found.access_cidrs, found.vpc_cidr) == (
        "123456789012",
        ("127.0.0.1/32",),
        "10.80.0.0/16",
    )
    assert found.notes == ()
    new = NewEnvironment(
        name="lab",
        region=found.region,
        account=found.account,
        zones=found.zones[:3],
        vpc_cidr=found.vpc_cidr,
        public_zone_name="lab.test",
        sandbox=True,
        public_zone_create=True,
    )
    intents.make_environment(new)
    # Nobody holds a sandbox now: looking does not start one, and needs none.
    assert intents.standing("lab").built is Built.NOTHING
    status = intents.sandbox_status()
    assert status is None or status.leases == 0

    site = intents.open("lab")
    for key in (Key.MASTER_KEY, Key.STATE_BUCKET):
        assert intents.remedy(site, key).endswith(".")
    parts = {part.key: part for part in intents.prerequisites(site)}
    done = (Key.CREDENTIALS, Key.ACCOUNT, Key.ACCESS, Key.MASTER_KEY, Key.STATE_BUCKET)
    assert [parts[key].state for key in done] == [State.DONE] * len(done)
    assert parts[Key.SECRETS_BUCKET].state is parts[Key.PUBLIC_ZONE].state is State.LATER

    state = {
        "version": 4,
        "serial": 1,
        "resources": [
            {"mode": "managed", "type": "aws_key_pair", "name": "x", "instances": [{"attributes": {}}]}
        ],
    }
    bucket = str(intents.environment("lab").values["terraform_bucket_name"])
    s3 = site.cloud.client("s3")
    for root in ("foundation", "cluster"):
        place = f"{found.region}/lab/{root}.tfstate"
        s3.put_object(Bucket=bucket, Key=place, Body=json.dumps(state).encode())
    standing = intents.standing("lab")
    assert (standing.built, standing.resources) == (Built.BUILT, 2)
    with pytest.raises(InputError, match="lab is built: its states have 2 resources"):
        intents.delete_environment("lab")
    intents.copy_environment("lab", "lab-two")
    assert intents.standing("lab-two").built is Built.NOTHING
    assert intents.rename_environment("lab-two", "other").name == "other"
    intents.delete_environment("other")
    assert intents.environment_names() == ["lab"]
