"""`cleanup` from end to end, with AWS simulated in this process and Terraform played by a fake."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import pytest

from kubeplat_tui.services import build, cleanup, environments, kubeconfig
from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.events import Outcome, PipelineFinished, PlanReady, Root, StepFinished, Stop
from kubeplat_tui.services.kubectl import private_kubeconfig
from kubeplat_tui.services.leftovers import Leftover
from kubeplat_tui.services.secrets.store import SecretStore
from kubeplat_tui.services.secrets.working_copy import WorkingCopy
from tests.unit.fake_terraform import FakeTerraform, change, complaint, counted, shown
from tests.unit.sites import REGION, Answers, make_site, played, with_bucket

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.site import Site

T = TypeVar("T")
MINE = """\
apiVersion: v1
kind: Config
clusters:
- name: mine
  cluster:
    server: https://mine.test
contexts: []
users: []
"""
pytestmark = pytest.mark.usefixtures("in_process_aws")


def put_state(site: Site, root: Root, *resources: dict[str, Any]) -> None:
    """What Terraform would have left in the state bucket."""
    body = {"version": 4, "serial": 1, "outputs": {}, "resources": list(resources)}
    boto3.client("s3", REGION).put_object(
        Bucket=f"{site.environment.name}-state-1a2b",
        Key=f"{REGION}/{site.environment.name}/{root}.tfstate",
        Body=json.dumps(body).encode(),
    )


def resource(type_: str, name: str, **attributes: Any) -> dict[str, Any]:
    return {"mode": "managed", "type": type_, "name": name, "instances": [{"attributes": attributes}]}


def built(site: Site, terraform: FakeTerraform) -> Site:
    """The site after a run: key, bucket, both states, a secrets bucket with versions in it."""
    terraform.play(
        foundation_plan={"code": 2},
        foundation_show=shown(change("aws_s3_bucket.secrets", "create")),
        foundation_apply={"lines": [counted(add=1)]},
        cluster_plan={"code": 2},
        cluster_show=shown(change("aws_vpc.main", "create")),
        cluster_apply={"lines": [counted(add=1)]},
    )
    _, last = played(with_bucket(build.run(site, Answers(), Stop()), site))
    assert last.outcome is Outcome.DONE, last
    name = site.environment.name
    s3 = boto3.client("s3", REGION)
    for _ in range(2):
        s3.put_object(Bucket=f"{name}-secrets-1a2b", Key="secure/token", Body=b"x")
    s3.delete_object(Bucket=f"{name}-secrets-1a2b", Key="secure/token")
    put_state(site, Root.FOUNDATION, resource("aws_s3_bucket", "secrets", bucket=f"{name}-secrets-1a2b"))
    put_state(site, Root.CLUSTER, resource("aws_vpc", "main", id="vpc-1"))
    terraform.play(
        foundation_show=shown(change("aws_s3_bucket.secrets", "delete", after=None)),
        foundation_apply={"lines": [counted(remove=1, operation="destroy")]},
        cluster_show=shown(change("aws_vpc.main", "delete", after=None)),
        cluster_apply={"lines": [counted(remove=1, operation="destroy")]},
    )
    place = site.environment.path.parent
    return replace(site, environment=environments.load(place, name))


@pytest.fixture(autouse=True)
def _clean_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep has its own tests; here it finds nothing unless a test says otherwise."""
    monkeypatch.setattr("kubeplat_tui.services.inventory.Inventory.leftovers", lambda _: [])


def test_a_playground_is_asked_for_its_name_once(tmp_path: Path, terraform: FakeTerraform) -> None:
    site = built(make_site(tmp_path, "play-jest"), terraform)
    before, answers = len(terraform.commands()), Answers()
    events, last = played(cleanup.cleanup(site, answers, Stop()))
    assert (last.outcome, last.exit_code) == (Outcome.DONE, ExitCode.DONE), last
    (question,) = answers.questions
    assert (question.topic, question.expected, question.destructive) == ("destroy", "play-jest", True)
    assert question.plan is not None
    assert question.plan.changes[0].address == "aws_vpc.main"
    assert sum(isinstance(one, PlanReady) for one in events) == 2
    assert [one.step for one in events if isinstance(one, StepFinished)] == [one.key for one in cleanup.STEPS]
    applied = [one for one in terraform.commands()[before:] if one.endswith("apply")]
    assert applied == ["cluster apply", "foundation apply"]


def test_everything_that_kubeplat_made_beside_terraform_goes_too(
    tmp_path: Path, terraform: FakeTerraform
) -> None:
    site = built(make_site(tmp_path, "play-jest"), terraform)
    key = str(site.environment.values["kms_master_id"])
    _, last = played(cleanup.cleanup(site, Answers(), Stop()))
    assert last.outcome is Outcome.DONE, last
    s3, kms = boto3.client("s3", REGION), boto3.client("kms", REGION)
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["play-jest-secrets-1a2b"]
    assert s3.list_object_versions(Bucket="play-jest-secrets-1a2b").get("Versions") is None
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert [one["AliasName"] for one in kms.list_aliases()["Aliases"] if "kubeplat" in one["AliasName"]] == []
    place = site.environment.path.parent
    assert environments.load(place, "play-jest").values["kms_master_id"] == ""


def test_others_are_asked_twice_and_for_the_state_too(tmp_path: Path, terraform: FakeTerraform) -> None:
    site = built(make_site(tmp_path), terraform)
    answers = Answers(declined={"remove-state-bucket"})
    _, last = played(cleanup.cleanup(site, answers, Stop()))
    assert answers.topics == ["destroy", "destroy-again", "remove-state-bucket"]
    assert [question.expected for question in answers.questions] == ["demo", "demo", "yes"]
    assert last.outcome is Outcome.DONE
    assert "were kept" in last.sentence
    names = [one["Name"] for one in boto3.client("s3", REGION).list_buckets()["Buckets"]]
    assert "demo-state-1a2b" in names


@pytest.mark.parametrize("topic", ["destroy", "destroy-again"])
def test_without_the_name_nothing_is_destroyed(tmp_path: Path, terraform: FakeTerraform, topic: str) -> None:
    site = built(make_site(tmp_path), terraform)
    before = len(terraform.commands())
    _, last = played(cleanup.cleanup(site, Answers(declined={topic}), Stop()))
    assert (last.outcome, last.exit_code) == (Outcome.DECLINED, ExitCode.FAILED)
    assert not any(one.endswith("apply") for one in terraform.commands()[before:])
    copy = WorkingCopy(site.folders.root)
    versions = boto3.client("s3", REGION).list_object_versions(Bucket="demo-secrets-1a2b")
    assert {one["Key"] for one in versions["Versions"] if one["IsLatest"]} == set(copy.files())


def to_the_end(events: Generator[Event, None, T]) -> T:
    """Play it; what it returns."""
    while True:
        try:
            next(events)
        except StopIteration as ended:
            return ended.value  # type: ignore[no-any-return]  # what the generator's type says


def cleaned(site: Site, answers: Answers) -> PipelineFinished:
    """A cleanup whose Terraform takes the emptied secrets bucket away."""
    name = str(site.environment.values["secrets_bucket_name"])
    for event in cleanup.cleanup(site, answers, Stop()):
        if isinstance(event, StepFinished) and event.step == cleanup.FOUNDATION.key:
            boto3.client("s3", REGION).delete_bucket(Bucket=name)
    assert isinstance(event, PipelineFinished)
    return event


def test_a_playgrounds_secrets_go_from_this_computer_too(tmp_path: Path, terraform: FakeTerraform) -> None:
    site = built(make_site(tmp_path, "play-jest"), terraform)
    copy = WorkingCopy(site.folders.root)
    copy.commit({"secure/tokens.csv": b"# another one\n"})
    to_the_end(SecretStore(site).fetch(["secure/tokens.csv"], overwrite=True))
    count = len(copy.files())
    assert (site.folders.root / "replaced").is_dir()
    answers = Answers()
    last = cleaned(site, answers)
    assert last.outcome is Outcome.DONE, last
    assert (
        f"The {count} files of its secrets on this computer are removed too." in answers.questions[0].detail
    )
    left = {path.name for path in site.folders.root.iterdir()}
    assert left == {"pipeline.lock", "runs", "work"}


def test_others_keep_their_secrets_and_are_told_where(tmp_path: Path, terraform: FakeTerraform) -> None:
    site = built(make_site(tmp_path), terraform)
    copy = WorkingCopy(site.folders.root)
    before = {key: copy.read(key) for key in copy.files()}
    answers = Answers()
    last = cleaned(site, answers)
    assert last.outcome is Outcome.DONE, last
    assert f"stay in {copy.root}" in answers.questions[0].detail
    assert f"rm -rf {copy.root} " in last.todo
    assert {key: copy.read(key) for key in copy.files()} == before
    assert copy.record.in_step == {}


def test_its_context_leaves_the_kubeconfig_and_nothing_else_does(
    tmp_path: Path, terraform: FakeTerraform
) -> None:
    site = built(make_site(tmp_path, "play-jest"), terraform)
    place = tmp_path / "kubeconfig"
    place.write_text(MINE)
    site = replace(site, environ={"KUBECONFIG": str(place)})
    admin = WorkingCopy(site.folders.root).read("locked/admin.kubeconfig")
    kubeconfig.merge("play-jest", admin, site.environ)
    assert "play-jest" in place.read_text()
    answers = Answers()
    last = cleaned(site, answers)
    assert last.outcome is Outcome.DONE, last
    assert "leaves your kubeconfig" in answers.questions[0].detail
    assert "play-jest" not in place.read_text()
    assert "server: https://mine.test" in place.read_text()


def test_in_a_shell_the_private_kubeconfig_goes_and_the_persons_own_is_tidied_too(
    tmp_path: Path, terraform: FakeTerraform
) -> None:
    site = built(make_site(tmp_path, "play-jest"), terraform)
    own, private = tmp_path / ".kube" / "config", private_kubeconfig(site.folders.root)
    admin = WorkingCopy(site.folders.root).read("locked/admin.kubeconfig")
    for place in (own, private):
        kubeconfig.merge("play-jest", admin, {"KUBECONFIG": str(place)})
    inside = replace(site, environ={"HOME": str(tmp_path), "KUBECONFIG": str(private)})
    assert cleaned(inside, Answers()).outcome is Outcome.DONE
    assert "play-jest" not in own.read_text()
    assert not private.exists()


def test_a_kubeconfig_that_cannot_be_changed_ends_no_cleanup(
    tmp_path: Path, terraform: FakeTerraform
) -> None:
    site = built(make_site(tmp_path, "play-jest"), terraform)
    place = tmp_path / "kubeconfig"
    place.write_text("clusters: [")
    last = cleaned(replace(site, environ={"KUBECONFIG": str(place)}), Answers())
    assert last.outcome is Outcome.DONE, last
    assert place.read_text() == "clusters: ["


def test_while_the_bucket_is_there_the_secrets_stay_here(tmp_path: Path, terraform: FakeTerraform) -> None:
    site = built(make_site(tmp_path, "play-jest"), terraform)
    before = set(WorkingCopy(site.folders.root).files())
    _, last = played(cleanup.cleanup(site, Answers(), Stop()))
    assert last.outcome is Outcome.DONE, last
    assert set(WorkingCopy(site.folders.root).files()) == before


def test_another_environments_state_keeps_the_bucket(tmp_path: Path, terraform: FakeTerraform) -> None:
    site = built(make_site(tmp_path, "play-jest"), terraform)
    s3 = boto3.client("s3", REGION)
    s3.put_object(Bucket="play-jest-state-1a2b", Key=f"{REGION}/other/cluster.tfstate", Body=b"{}")
    _, last = played(cleanup.cleanup(site, Answers(), Stop()))
    assert last.outcome is Outcome.DONE
    assert "other/cluster.tfstate is in it" in last.sentence
    keys = [one["Key"] for one in s3.list_object_versions(Bucket="play-jest-state-1a2b")["Versions"]]
    assert keys == [f"{REGION}/other/cluster.tfstate"]


def test_what_is_left_is_listed_with_exit_code_3(
    tmp_path: Path, terraform: FakeTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = built(make_site(tmp_path, "play-jest"), terraform)
    volume = Leftover(f"arn:aws:ec2:{REGION}:1:volume/vol-1", "ec2 volume", "pvc-7", "available")
    monkeypatch.setattr("kubeplat_tui.services.inventory.Inventory.leftovers", lambda _: [volume])
    _, last = played(cleanup.cleanup(site, Answers(), Stop()))
    assert (last.outcome, last.exit_code) == (Outcome.WARNED, ExitCode.LEFT_OVER)
    assert last.left == ("ec2 volume pvc-7 (available)",)


def test_nothing_built_is_nothing_to_clean(tmp_path: Path, terraform: FakeTerraform) -> None:
    answers = Answers()
    _, last = played(cleanup.cleanup(make_site(tmp_path), answers, Stop()))
    assert (last.outcome, last.exit_code, answers.topics) == (Outcome.UNCHANGED, ExitCode.DONE, [])
    assert terraform.commands() == []


def test_without_a_state_what_exists_is_still_told(
    tmp_path: Path, terraform: FakeTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = Leftover(f"arn:aws:ec2:{REGION}:1:vpc/vpc-1", "ec2 vpc", "demo")
    monkeypatch.setattr("kubeplat_tui.services.inventory.Inventory.leftovers", lambda _: [vpc])
    _, last = played(cleanup.cleanup(make_site(tmp_path), Answers(), Stop()))
    assert last.exit_code is ExitCode.LEFT_OVER
    assert "vpc" in last.left[0]


def test_a_cleanup_that_failed_half_way_is_continued(tmp_path: Path, terraform: FakeTerraform) -> None:
    site = built(make_site(tmp_path, "play-jest"), terraform)
    terraform.play(cluster_apply={"code": 1, "lines": [complaint("DependencyViolation", "", "aws_vpc.main")]})
    _, last = played(cleanup.cleanup(site, Answers(), Stop()))
    assert last.outcome is Outcome.FAILED
    assert "aws_vpc.main: DependencyViolation" in last.sentence
    terraform.play(cluster_apply={"lines": [counted(remove=1, operation="destroy")]})
    _, last = played(cleanup.cleanup(site, Answers(), Stop()))
    assert last.outcome is Outcome.DONE, last


def test_the_foundation_is_destroyed_with_its_protection_lifted(
    tmp_path: Path, terraform: FakeTerraform
) -> None:
    site = built(make_site(tmp_path, "play-jest"), terraform)
    override = site.folders.work / "foundation" / "kubeplat_destroy_override.tf"
    assert not override.exists()
    played(cleanup.cleanup(site, Answers(), Stop()))
    text = override.read_text()
    assert 'resource "aws_s3_bucket" "secrets"' in text
    assert 'resource "aws_ebs_volume" "etcd"' in text
    assert "prevent_destroy = false" in text
