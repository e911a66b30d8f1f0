"""Environments renamed and deleted: only where nothing is built and that is known, with all that belongs to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest

from kubeplat_tui.intents import Intents
from kubeplat_tui.services import environments, runs, tokens
from kubeplat_tui.services.environments import moving
from kubeplat_tui.services.environments.standing import Built, Standing
from kubeplat_tui.services.errors import InputError, KubeplatError, LeftOverError
from kubeplat_tui.services.events import PipelineStarted, Verb, now
from kubeplat_tui.services.keyring_store import SERVICE, SSH_PASSPHRASE, token_entry
from kubeplat_tui.services.runs import BusyError, Journal, PipelineLock, new_run_folder
from kubeplat_tui.services.secrets.working_copy import WorkingCopy
from tests.unit.keyrings import MemoryKeyring, using
from tests.unit.sites import REGION, make_bucket, make_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubeplat_tui.services.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An environment of which nothing is built, with a journal, a token and an authority's key on this computer."""
    made = make_site(tmp_path)
    journal = Journal(new_run_folder(made.folders) / "journal.jsonl")
    journal.write(
        PipelineStarted(
            at=now(), verb=Verb.PLAN, environment="demo", sandbox=False, steps=(), journal=tmp_path
        )
    )
    journal.close()
    data, _ = tokens.add(b"", "jest", now=now())
    WorkingCopy(made.folders.root).commit({tokens.KEY: data, "locked/kubernetes-ca.key": b"key"})
    (made.folders.work / "cluster").mkdir(parents=True)
    return made


@pytest.fixture
def keyring() -> Iterator[MemoryKeyring]:
    backend = MemoryKeyring()
    with using(backend):
        yield backend


def short_of(site: Site) -> str:
    return tokens.parse(WorkingCopy(site.folders.root).read(tokens.KEY))[0].short


def test_what_belongs_to_an_environment_is_said_and_keys_of_authorities_first_of_all(site: Site) -> None:
    found = moving.belongings(site.workplace, "demo")
    assert (found.folder, found.runs, found.secrets) == (site.folders.root, 1, 2)
    assert found.authorities == ("locked/kubernetes-ca.key",)
    assert "With it go the file" in found.sentence
    assert "the journal of its run and the working copy of its secrets (2 files)" in found.sentence
    assert "the key of a certificate authority (locked/kubernetes-ca.key)" in found.sentence
    bare = make_site(site.workplace.environments.parent, name="bare")
    assert (
        moving.belongings(bare.workplace, "bare").sentence
        == f"With it goes the file {bare.environment.path}."
    )


def test_renaming_takes_along_whatever_belongs_to_it(site: Site, keyring: MemoryKeyring) -> None:
    token = token_entry("jest", short_of(site))
    keyring.entries = {
        (SERVICE, f"demo/{SSH_PASSPHRASE}"): "secret",
        (SERVICE, f"demo/{token}"): "token",
        (SERVICE, f"other/{SSH_PASSPHRASE}"): "theirs",
    }
    site.environment.path.chmod(0o640)
    made = moving.rename(site.workplace, site.declarations, "demo", "show")
    assert environments.names(site.workplace.environments) == ["show"]
    assert made.path.stat().st_mode & 0o777 == 0o640
    assert made.values["kubeapi_dns"] == "kube-show"
    assert str(made.values["terraform_bucket_name"]).startswith("show-state")
    assert "# the first run fills this in" in made.path.read_text()
    assert len(runs.history(site.workplace, "show")) == 1
    assert moving.belongings(site.workplace, "show").secrets == 2
    assert not site.workplace.folders("show").work.exists()
    assert not site.folders.root.exists()
    assert keyring.entries == {
        (SERVICE, f"show/{SSH_PASSPHRASE}"): "secret",
        (SERVICE, f"show/{token}"): "token",
        (SERVICE, f"other/{SSH_PASSPHRASE}"): "theirs",
    }


def test_deleting_leaves_nothing_of_it_and_nothing_of_others_goes(
    site: Site, keyring: MemoryKeyring, tmp_path: Path
) -> None:
    other = make_site(tmp_path, name="other")
    WorkingCopy(other.folders.root).commit({"locked/etcd-ca.key": b"theirs"})
    keyring.entries = {
        (SERVICE, f"demo/{token_entry('jest', short_of(site))}"): "token",
        (SERVICE, f"other/{SSH_PASSPHRASE}"): "theirs",
    }
    moving.delete(site.workplace, "demo")
    assert environments.names(site.workplace.environments) == ["other"]
    assert [path.name for path in site.workplace.state.iterdir()] == ["other"]
    assert keyring.entries == {(SERVICE, f"other/{SSH_PASSPHRASE}"): "theirs"}


def test_while_somebody_works_on_it_nothing_is_changed(site: Site, keyring: MemoryKeyring) -> None:
    with PipelineLock(site.folders, Verb.RUN):
        for change in (
            lambda: moving.delete(site.workplace, "demo"),
            lambda: moving.rename(site.workplace, site.declarations, "demo", "show"),
        ):
            with pytest.raises(BusyError, match="demo is being worked on: run runs on this computer"):
                change()
    assert environments.names(site.workplace.environments) == ["demo"]
    assert moving.belongings(site.workplace, "demo").secrets == 2


def test_a_keyring_that_is_locked_deletes_nothing(site: Site, keyring: MemoryKeyring) -> None:
    from keyring.errors import KeyringLocked

    keyring.error = KeyringLocked("locked")
    with pytest.raises(KubeplatError, match="It is locked"):
        moving.delete(site.workplace, "demo")
    with pytest.raises(KubeplatError, match="It is locked"):
        moving.rename(site.workplace, site.declarations, "demo", "show")
    assert environments.names(site.workplace.environments) == ["demo"]
    assert moving.belongings(site.workplace, "demo").secrets == 2


def test_a_name_that_is_taken_is_refused_and_so_is_a_folder_that_an_earlier_one_left(
    site: Site, keyring: MemoryKeyring, tmp_path: Path
) -> None:
    make_site(tmp_path, name="other")
    with pytest.raises(InputError, match="There is an environment other already"):
        moving.rename(site.workplace, site.declarations, "demo", "other")
    (site.workplace.state / "show" / "secrets").mkdir(parents=True)
    with pytest.raises(InputError, match=r"There is a state folder .*show already"):
        moving.rename(site.workplace, site.declarations, "demo", "show")
    with pytest.raises(InputError, match="cannot be an environment's name"):
        moving.rename(site.workplace, site.declarations, "demo", "../demo")
    assert environments.names(site.workplace.environments) == ["demo", "other"]
    assert moving.belongings(site.workplace, "demo").secrets == 2


def test_what_cannot_be_removed_is_named(
    site: Site, keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(LeftOverError, match=r"demo is deleted, but .*\.deleted could not be removed"):
        moving.delete(site.workplace, "demo")
    assert environments.names(site.workplace.environments) == []


@pytest.mark.parametrize(
    ("standing", "sentence"),
    [
        (
            Standing(Built.UNKNOWN, why="AWS could not be reached."),
            r"It is not known .*AWS could not be reached",
        ),
        (Standing(Built.PARTLY, 3), r"demo is built: its states have 3 resources\. .* cleanup"),
        (Standing(Built.BUILT, 148), "demo is built"),
        (Standing(Built.NOTHING, locked_by="jest@laptop"), "The state of demo is locked by jest@laptop"),
    ],
)
def test_what_is_built_or_not_known_stays(site: Site, standing: Standing, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        moving.check_nothing_is_built(site.environment, standing, None)


@pytest.mark.usefixtures("in_process_aws")
def test_the_account_is_looked_through_before_anything_goes(site: Site, keyring: MemoryKeyring) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    intents = Intents(site.workplace, environ=environ)
    foreign = replace(site.environment, values={**site.environment.values, "aws_account": "999999999999"})
    with pytest.raises(InputError, match=r"not known .* credentials belong to account 123456789012"):
        moving.check_nothing_is_built(foreign, Standing(Built.NOTHING), site.cloud)
    # Its region was changed in the file since it was built: the old state is still there.
    make_bucket("demo-state-1a2b")
    s3 = boto3.client("s3", REGION)
    s3.put_object(Bucket="demo-state-1a2b", Key="us-east-1/demo/cluster.tfstate", Body=b"{}")
    with pytest.raises(
        InputError, match=r"a state of demo in another region: us-east-1/demo/cluster\.tfstate"
    ):
        intents.delete_environment("demo")
    s3.delete_object(Bucket="demo-state-1a2b", Key="us-east-1/demo/cluster.tfstate")
    ec2 = boto3.client("ec2", REGION)
    volume = ec2.create_volume(AvailabilityZone="eu-west-2a", Size=1)["VolumeId"]
    ec2.create_tags(Resources=[volume], Tags=[{"Key": "Env", "Value": "demo"}])
    with pytest.raises(InputError, match="Something of demo is left in its account: ec2 volume"):
        intents.rename_environment("demo", "show")
    ec2.delete_volume(VolumeId=volume)
    intents.delete_environment("demo")
    assert intents.environment_names() == []
    intents.close()
