"""The secrets in `run` and `plan`: made once, uploaded under the key, the same on every computer, never overwritten."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from kubeplat_tui.services import build, environments, events, ssh_key
from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.events import (
    CheckFinished,
    CheckState,
    FileAction,
    FileChanged,
    Level,
    LogLine,
    Outcome,
    Progress,
    StepFinished,
    Stop,
)
from kubeplat_tui.services.pki import bundle, names
from kubeplat_tui.services.pki.once import SSH_KEY, SSH_PUBLIC
from kubeplat_tui.services.secrets import steps
from kubeplat_tui.services.secrets.working_copy import WorkingCopy
from tests.unit.fake_terraform import FakeTerraform, change, counted, shown
from tests.unit.sites import REGION, Answers, make_bucket, make_site, played, with_bucket

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.events import Event, PipelineFinished
    from kubeplat_tui.services.site import Site

pytestmark = pytest.mark.usefixtures("in_process_aws")

BUCKET = "demo-secrets-1a2b"
SECRETS = (steps.FETCH.key, steps.MAKE.key, steps.UPLOAD.key)


@pytest.fixture
def terraform(terraform: FakeTerraform) -> FakeTerraform:
    """A Terraform whose foundation makes a bucket, and whose cluster is as it should be."""
    terraform.play(
        foundation_plan={"code": 2},
        foundation_show=shown(change("aws_s3_bucket.secrets", "create")),
        foundation_apply={"lines": [counted(add=1)]},
        cluster_plan={"code": 0},
    )
    return terraform


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def run(site: Site, stop: Stop | None = None) -> tuple[list[Event], PipelineFinished]:
    return played(with_bucket(build.run(again(site), Answers(), stop or Stop()), site))


def again(site: Site) -> Site:
    """The site as the next command opens it."""
    return replace(site, environment=environments.load(site.environment.path.parent, site.environment.name))


def built(site: Site, terraform: FakeTerraform) -> None:
    """Run once, and leave the state that Terraform would have left."""
    _, last = run(site)
    assert last.outcome is Outcome.DONE, last
    put_state(site)
    terraform.play(foundation_plan={"code": 0})


def put_state(site: Site, *, bucket: bool = True, pair: bool = True) -> None:
    """The foundation's state: the bucket, and the key pair by its public half."""
    public = ssh_key.public_key(copy_of(site), "demo")
    resources = [("aws_s3_bucket", "secrets", {"bucket": BUCKET})] if bucket else []
    resources += [("aws_key_pair", "environment", {"public_key": public})] if pair else []
    body = {
        "version": 4,
        "serial": 1,
        "outputs": {},
        "resources": [
            {"mode": "managed", "type": type_, "name": name, "instances": [{"attributes": attributes}]}
            for type_, name, attributes in resources
        ],
    }
    s3 = boto3.client("s3", REGION)
    s3.put_object(
        Bucket="demo-state-1a2b", Key=f"{REGION}/demo/foundation.tfstate", Body=json.dumps(body).encode()
    )


def second_computer(site: Site, tmp_path: Path) -> Site:
    """The same environment's file, and a state folder with nothing in it."""
    return replace(site, workplace=replace(site.workplace, state=tmp_path / "elsewhere"))


def copy_of(site: Site) -> WorkingCopy:
    return WorkingCopy(site.folders.root)


def contents(site: Site) -> dict[str, bytes]:
    copy = copy_of(site)
    return {key: copy.read(key) for key in copy.files()}


def there() -> dict[str, bytes]:
    s3 = boto3.client("s3", REGION)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    return {
        one["Key"]: s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
        for page in pages
        for one in page.get("Contents", ())
    }


def ended(found: list[Event]) -> dict[str, tuple[Outcome, str]]:
    """How the steps of the secrets ended."""
    return {
        one.step: (one.outcome, one.summary)
        for one in found
        if isinstance(one, StepFinished) and one.step in SECRETS
    }


def files(found: list[Event], action: FileAction) -> list[str]:
    return [one.key for one in found if isinstance(one, FileChanged) and one.action is action]


def warnings(found: list[Event]) -> str:
    return "\n".join(one.text for one in found if isinstance(one, LogLine) and one.level is Level.WARNING)


def settings(terraform: FakeTerraform, site: Site) -> str:
    """The public key that Terraform was given."""
    path = site.folders.work / "foundation" / "kubeplat.auto.tfvars.json"
    return str(json.loads(path.read_text())["ssh_public_key"])


def test_a_first_run_makes_everything_once_and_uploads_it(site: Site, terraform: FakeTerraform) -> None:
    found, last = run(site)
    assert last.outcome is Outcome.DONE, last
    wanted = set(bundle.bundle_keys(names.names_of(site)))
    assert set(there()) == wanted
    assert contents(site) == there()
    made = files(found, FileAction.MADE)
    assert sorted(made) == sorted(wanted)
    assert sorted(files(found, FileAction.UPLOADED)) == sorted(wanted)
    assert files(found, FileAction.UPLOADED)[0] == bundle.FIRST
    told = ended(found)
    assert told["fetch-secrets"] == (Outcome.UNCHANGED, "nothing to fetch")
    assert told["make-secrets"] == (Outcome.DONE, f"{len(wanted) - 2} files made")
    assert told["upload-secrets"] == (Outcome.DONE, f"{len(wanted)} uploaded and compared")
    counted_to = [one for one in found if isinstance(one, Progress)][-1]
    assert (counted_to.done, counted_to.total) == (len(wanted), len(wanted))


def test_every_object_is_under_the_environments_key(site: Site, terraform: FakeTerraform) -> None:
    run(site)
    s3, kms = boto3.client("s3", REGION), boto3.client("kms", REGION)
    key = kms.describe_key(KeyId="alias/kubeplat-demo")["KeyMetadata"]["Arn"]
    heads = [s3.head_object(Bucket=BUCKET, Key=one) for one in there()]
    assert {(one["ServerSideEncryption"], one["SSEKMSKeyId"]) for one in heads} == {("aws:kms", key)}


def test_a_second_run_leaves_the_secrets_as_they_are(site: Site, terraform: FakeTerraform) -> None:
    built(site, terraform)
    before, objects = contents(site), there()
    found, last = run(site)
    assert (last.outcome, last.sentence) == (Outcome.UNCHANGED, "No changes: demo is as its file says.")
    assert ended(found) == {
        "fetch-secrets": (Outcome.UNCHANGED, "nothing to fetch"),
        "make-secrets": (Outcome.UNCHANGED, "nothing to make"),
        "upload-secrets": (Outcome.UNCHANGED, "0 uploaded"),
    }
    assert not [one for one in found if isinstance(one, FileChanged)]
    assert (contents(site), there()) == (before, objects)
    versions = boto3.client("s3", REGION).list_object_versions(Bucket=BUCKET)["Versions"]
    assert len(versions) == len(objects)


def test_a_second_computer_fetches_everything_and_changes_nothing(
    site: Site, terraform: FakeTerraform, tmp_path: Path
) -> None:
    built(site, terraform)
    given = settings(terraform, site)
    other = second_computer(site, tmp_path)
    found, last = run(other)
    assert last.outcome is Outcome.DONE, last
    assert sorted(files(found, FileAction.FETCHED)) == sorted(there())
    assert not files(found, FileAction.MADE)
    assert not files(found, FileAction.UPLOADED)
    assert contents(other) == contents(site)
    assert settings(terraform, other) == given
    _, last = run(other)
    assert last.outcome is Outcome.UNCHANGED, last


def test_a_bucket_that_cannot_be_read_stops_everything(
    site: Site, terraform: FakeTerraform, tmp_path: Path
) -> None:
    built(site, terraform)
    other = second_computer(site, tmp_path)
    objects = there()  # all of them, one of which is not ours in a moment
    s3 = boto3.client("s3", REGION)
    s3.put_object(Bucket=BUCKET, Key="secure/apiserver.key", Body=b"no key", ServerSideEncryption="AES256")
    found, last = run(other)
    assert last.outcome is Outcome.FAILED
    assert not files(found, FileAction.MADE)
    assert "secure/apiserver.key" in last.sentence
    assert contents(other).keys() <= {SSH_KEY, SSH_PUBLIC}
    assert there_keys() == set(objects)


def there_keys() -> set[str]:
    answer = boto3.client("s3", REGION).list_objects_v2(Bucket=BUCKET)
    return {one["Key"] for one in answer["Contents"]}


def test_an_absent_bucket_makes_nothing(site: Site, terraform: FakeTerraform) -> None:
    found, last = played(build.run(site, Answers(), Stop()))
    assert last.outcome is Outcome.FAILED
    assert BUCKET in last.sentence
    assert [one.step for one in found if isinstance(one, StepFinished)][-1] == "fetch-secrets"
    assert contents(site).keys() == {SSH_KEY, SSH_PUBLIC}


def test_what_was_changed_on_both_sides_stops_the_run_with_both_ways_out(
    site: Site, terraform: FakeTerraform
) -> None:
    built(site, terraform)
    copy_of(site).commit({"secure/tokens.csv": b"# mine\n"})
    boto3.client("s3", REGION).put_object(
        Bucket=BUCKET, Key="secure/tokens.csv", Body=b"# theirs\n", ServerSideEncryption="aws:kms"
    )
    found, last = run(site)
    assert (last.outcome, last.exit_code) == (Outcome.FAILED, ExitCode.FAILED)
    assert "secure/tokens.csv was changed here and in the bucket" in last.sentence
    for way in ("Secrets screen", "fetch-secrets -e demo --overwrite", "upload-secrets -e demo --overwrite"):
        assert way in last.todo
    assert files(found, FileAction.CONFLICT) == ["secure/tokens.csv"]
    assert contents(site)["secure/tokens.csv"] == b"# mine\n"
    assert there()["secure/tokens.csv"] == b"# theirs\n"
    assert "plan-cluster" not in [one.step for one in found if isinstance(one, StepFinished)]
    found, last = played(build.plan(again(site), Answers(), Stop()))
    assert "A run would stop: secure/tokens.csv was changed" in warnings(found)
    assert "1 in conflict" in last.sentence


def test_of_two_first_runs_at_once_one_is_told(site: Site, terraform: FakeTerraform, tmp_path: Path) -> None:
    """The other one uploads its first key just before ours arrives."""
    found = []
    for event in with_bucket(build.run(site, Answers(), Stop()), site):
        found.append(event)
        if isinstance(event, StepFinished) and event.step == steps.MAKE.key:
            other = dict(bundle.make_missing(names.names_of(site), {}, datetime.now(UTC)).writes)
            boto3.client("s3", REGION).put_object(
                Bucket=BUCKET, Key=bundle.FIRST, Body=other[bundle.FIRST], ServerSideEncryption="aws:kms"
            )
    last = played(found)[1]
    assert last.outcome is Outcome.FAILED
    assert f"{bundle.FIRST} was changed here and in the bucket" in last.sentence
    assert set(there()) == {bundle.FIRST}


def test_files_of_somebody_else_that_appear_meanwhile_stop_the_upload(
    site: Site, terraform: FakeTerraform
) -> None:
    built(site, terraform)
    copy_of(site).commit({"manifests/common/mine.yaml": b"kind: Namespace\n"})
    found = []
    for event in with_bucket(build.run(again(site), Answers(), Stop()), site):
        found.append(event)
        if isinstance(event, StepFinished) and event.step == steps.MAKE.key:
            boto3.client("s3", REGION).put_object(Bucket=BUCKET, Key="secure/new.key", Body=b"x")
    last = played(found)[1]
    assert last.outcome is Outcome.FAILED
    assert "being changed meanwhile: secure/new.key" in last.sentence
    assert "manifests/common/mine.yaml" not in there()


def test_what_is_deleted_there_comes_back_only_where_the_cluster_needs_it(
    site: Site, terraform: FakeTerraform
) -> None:
    copy_of(site).commit({"manifests/common/own.yaml": b"kind: Namespace\n"})
    built(site, terraform)
    s3 = boto3.client("s3", REGION)
    for key in ("manifests/common/own.yaml", "secure/scheduler.kubeconfig"):
        s3.delete_object(Bucket=BUCKET, Key=key)
    found, last = run(site)
    assert last.outcome is Outcome.DONE, last
    assert files(found, FileAction.UPLOADED) == ["secure/scheduler.kubeconfig"]
    assert "manifests/common/own.yaml was deleted in the bucket and is still here" in warnings(found)
    assert "manifests/common/own.yaml" in contents(site)


def test_the_rest_of_a_rotation_that_was_ended_elsewhere_goes(site: Site, terraform: FakeTerraform) -> None:
    left = {"locked/rotation.json": b"{}", "locked/etcd-ca.next.crt": b"-", "locked/etcd-ca.next.key": b"-"}
    built(site, terraform)
    copy_of(site).commit(left)
    _, last = run(site)
    s3 = boto3.client("s3", REGION)
    for key in left:
        s3.delete_object(Bucket=BUCKET, Key=key)
    found, last = run(site)
    assert last.outcome is not Outcome.FAILED, last
    assert sorted(files(found, FileAction.DELETED_HERE)) == sorted(left)
    assert not contents(site).keys() & left.keys()


def test_a_stop_during_the_upload_is_continued_by_the_next_run(site: Site, terraform: FakeTerraform) -> None:
    stop, found = Stop(), []
    for event in with_bucket(build.run(site, Answers(), stop), site):
        found.append(event)
        if isinstance(event, FileChanged) and event.action is FileAction.UPLOADED:
            stop.request()
    last = played(found)[1]
    assert last.outcome is Outcome.STOPPED, last
    mine = contents(site)
    assert there_keys() < mine.keys()
    _, last = run(site)
    assert last.outcome is Outcome.DONE, last
    assert there() == mine == contents(site)


def test_the_pair_of_another_computer_is_not_replaced(
    site: Site, terraform: FakeTerraform, tmp_path: Path
) -> None:
    """The first run was stopped after the foundation: the bucket does not have the key yet."""
    played(build.run(site, Answers(), Stop()))
    put_state(site)
    make_bucket(BUCKET)
    other = second_computer(site, tmp_path)
    _, last = run(other)
    assert last.outcome is Outcome.FAILED
    assert "an ssh key pair that is neither on this computer nor in the bucket" in last.sentence
    assert "ssh-keygen" in last.todo
    assert contents(other) == {}
    _, last = run(site)
    assert last.outcome is Outcome.DONE, last
    _, last = run(other)
    assert last.outcome is Outcome.DONE, last
    assert contents(other) == contents(site)


def test_another_pair_here_than_there_stops_before_terraform(
    site: Site, terraform: FakeTerraform, tmp_path: Path
) -> None:
    built(site, terraform)
    other = second_computer(site, tmp_path)
    private = bundle.make_missing(names.names_of(site), {}, datetime.now(UTC)).writes
    copy_of(other).commit({key: private[key] for key in (SSH_KEY, SSH_PUBLIC)})
    before = len(terraform.commands())
    _, last = run(other)
    assert last.outcome is Outcome.FAILED
    assert f"{SSH_KEY}, {SSH_PUBLIC} were changed here and in the bucket" in last.sentence
    assert terraform.commands()[before:] == []


def test_a_plan_says_what_a_run_would_make_and_changes_nothing(site: Site, terraform: FakeTerraform) -> None:
    found, last = played(build.plan(site, Answers(), Stop()))
    count = len(bundle.bundle_keys(names.names_of(site)))
    assert f"secrets: {count} to make, {count} to upload" in last.sentence
    assert contents(site) == {}
    assert not [one for one in found if isinstance(one, FileChanged)]
    assert boto3.client("s3", REGION).list_buckets()["Buckets"] == []


def test_a_plan_on_a_second_computer_keeps_what_it_reads_in_memory(
    site: Site, terraform: FakeTerraform, tmp_path: Path
) -> None:
    built(site, terraform)
    _, last = played(build.plan(again(site), Answers(), Stop()))
    assert last.outcome is Outcome.UNCHANGED, last
    other = second_computer(site, tmp_path)
    _, last = played(build.plan(again(other), Answers(), Stop()))
    assert f"secrets: {len(there())} to fetch." not in last.sentence
    assert f"secrets: {len(there())} to fetch;" in last.sentence
    assert contents(other) == {}
    assert settings(terraform, other) == settings(terraform, site)


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Let the checks believe that it is later."""
    when = events.now() + by
    for module in ("preflight", "secrets.steps", "secrets.store"):
        monkeypatch.setattr(f"kubeplat_tui.services.{module}.now", lambda: when)


def check(found: list[Event]) -> CheckFinished:
    (one,) = [each for each in found if isinstance(each, CheckFinished) and each.name == "secrets"]
    return one


def test_the_preflight_knows_how_long_the_certificates_are_valid(
    site: Site, terraform: FakeTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = run(site)
    assert check(found).state is CheckState.PASSED
    assert "No certificate is on this computer yet" in check(found).detail
    put_state(site)
    terraform.play(foundation_plan={"code": 0})
    found, _ = run(site)
    assert check(found).state is CheckState.PASSED
    assert "in this computer's working copy" in check(found).detail
    later(monkeypatch, timedelta(days=320))
    found, last = run(site)
    assert check(found).state is CheckState.WARNED
    assert "kubeplat certs renew" in check(found).detail
    assert "more are to be renewed" in check(found).detail
    assert ended(found)["make-secrets"][0] is Outcome.WARNED
    assert "kubeplat certs renew apiserver" in warnings(found)
    assert last.outcome in {Outcome.UNCHANGED, Outcome.DONE}
    later(monkeypatch, timedelta(days=400))
    found, last = run(site)
    assert check(found).state is CheckState.FAILED
    assert last.exit_code is ExitCode.BAD_INPUT
    assert "expired on" in last.sentence
    assert "kubeplat certs renew" in last.sentence


def test_names_that_the_settings_need_by_now_are_warned_of_and_nothing_is_reissued(
    site: Site, terraform: FakeTerraform
) -> None:
    built(site, terraform)
    before = contents(site)
    environments.set_value(site.environment.path, "kubeapi_dns", "another")
    found, last = run(site)
    assert "lacks another.demo.test" in warnings(found)
    assert "kubeplat certs renew apiserver" in warnings(found)
    assert ended(found)["make-secrets"] == (Outcome.WARNED, "nothing to make; 1 to be renewed")
    assert contents(site) == before
    assert last.exit_code is ExitCode.DONE


def test_an_unreadable_working_copy_is_not_available_and_ends_nothing_by_itself(
    site: Site, terraform: FakeTerraform
) -> None:
    copy = copy_of(site)
    copy.commit({"secure/own.txt": b"x"})
    (copy.root / "secure" / "link").symlink_to(copy.root)
    found, _ = played(build.plan(site, Answers(), Stop()))
    assert check(found).state is CheckState.NOT_AVAILABLE
    assert "link" in check(found).detail


def test_secrets_of_before_are_uploaded_to_a_bucket_built_anew(site: Site, terraform: FakeTerraform) -> None:
    from kubeplat_tui.services.secrets import forgetting

    built(site, terraform)
    before: dict[str, Any] = contents(site)
    s3 = boto3.client("s3", REGION)
    for one in s3.list_object_versions(Bucket=BUCKET)["Versions"]:
        s3.delete_object(Bucket=BUCKET, Key=one["Key"], VersionId=one["VersionId"])
    forgetting.keep_alone(copy_of(site))
    found, last = run(site)
    assert last.outcome is Outcome.DONE, last
    assert not files(found, FileAction.MADE)
    assert there() == before == contents(site)
