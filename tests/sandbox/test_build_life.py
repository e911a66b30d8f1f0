"""The life of an environment, in order: interrupted, continued, failed, built, looked at, taken down.

Everything is real but AWS. The tests share one environment and run in the order of the file, in one process.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kubeplat_tui.services import build, kubeconfig, runs, ssh_key
from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.events import (
    FileAction,
    FileChanged,
    Outcome,
    Phase,
    PipelineFinished,
    PlanReady,
    ResourceProgress,
    Root,
    SettingWritten,
    StepFinished,
    Stop,
    StopRequested,
)
from kubeplat_tui.services.secrets import leaks
from kubeplat_tui.services.secrets.model import State
from kubeplat_tui.services.secrets.working_copy import WorkingCopy

if TYPE_CHECKING:
    from kubeplat_tui.services.events import Event
    from tests.sandbox.conftest import Life

pytestmark = [pytest.mark.sandbox, pytest.mark.xdist_group("life")]

VPC = "module.network.aws_vpc.main"

OWN = {
    "mine.tf": """\
variable "greeting" {
  type    = string
  default = "hello"
}

resource "terraform_data" "note" {
  input = templatefile("${path.module}/deep/note.tftpl", { greeting = var.greeting, name = var.environment })
}

output "note" {
  value = terraform_data.note.output
}
""",
    "deep/note.tftpl": "${greeting} ${name}",
    "deep/caller.tf": 'module "extra" {\n  source = "./extra"\n}\n',
    "extra/main.tf": 'resource "terraform_data" "inner" {}\n',
}
"""A variable, a template, a folder for order and a module of the user's own, with what is built into Terraform."""

# AWS has a key pair of this name already: the foundation made it.
BROKEN = """\
resource "aws_key_pair" "broken" {
  key_name   = var.environment
  public_key = "%s"
}
"""


def setting(life: Life, name: str) -> Any:
    return life.site().environment.values[name]


def copy_of(life: Life) -> WorkingCopy:
    return WorkingCopy(life.site().folders.root)


def steps_of_secrets(life: Life) -> dict[str, str]:
    """How the steps of the last run's secrets ended."""
    return {
        event.step: event.summary
        for event in life.events
        if isinstance(event, StepFinished) and event.step.endswith("-secrets")
    }


def state_object(life: Life, root: Root, suffix: str = "") -> dict[str, str]:
    site = life.site()
    key = f"{site.cloud.region}/{life.name}/{root}.tfstate{suffix}"
    return {"Bucket": str(setting(life, "terraform_bucket_name")), "Key": key}


def state(life: Life, root: Root) -> Any:
    s3 = life.site().cloud.client("s3")
    return json.loads(s3.get_object(**state_object(life, root))["Body"].read())


def test_a_first_plan_makes_nothing(life: Life) -> None:
    last = life.play("plan")
    assert last.outcome is Outcome.DONE, last
    assert life.questions == []
    assert setting(life, "kms_master_id") == ""
    assert life.site().cloud.client("s3").list_buckets()["Buckets"] == []
    assert "51 to make, 51 to upload" in last.sentence
    assert copy_of(life).files() == {}


def test_a_run_that_is_stopped_saves_what_it_made(life: Life) -> None:
    def stop_after_vpc(event: Event, stop: Stop) -> None:
        if isinstance(event, ResourceProgress) and event.address == VPC and event.phase is Phase.DONE:
            stop.request()

    last = life.play("run", stop_after_vpc)
    assert last.outcome is Outcome.STOPPED, last
    topics = [question.topic for question in life.questions]
    assert topics == ["make-key", "make-state-bucket", "apply-foundation", "apply-cluster"]
    assert sum(isinstance(event, StopRequested) for event in life.events) == 1
    assert any(left.startswith(VPC) for left in last.left)
    resources = state(life, Root.CLUSTER)["resources"]
    assert any(one["type"] == "aws_vpc" for one in resources)
    assert not any(one["type"] == "aws_lb" for one in resources)
    (written,) = [event for event in life.events if isinstance(event, SettingWritten)]
    assert setting(life, "kms_master_id") == written.value
    assert steps_of_secrets(life) == {
        "fetch-secrets": "nothing to fetch",
        "make-secrets": "49 files made",
        "upload-secrets": "51 uploaded and compared",
    }
    states = {file.state for file in life.intents.secrets(life.site()).compare().files}
    assert states == {State.SAME}


def test_the_next_run_continues_and_a_failure_half_way_is_told(life: Life) -> None:
    (life.config_d / "broken.tf").write_text(BROKEN % ssh_key.public_key(copy_of(life), life.name))
    last = life.play("run")
    (life.config_d / "broken.tf").unlink()
    assert (last.outcome, last.exit_code) == (Outcome.FAILED, ExitCode.FAILED), last
    assert "aws_key_pair.broken" in last.sentence
    assert [question.topic for question in life.questions] == ["apply-cluster"]
    assert any("aws_lb.kubeapi" in left for left in last.left)
    assert not any(left.startswith(VPC) for left in last.left)


def test_the_run_after_that_finishes_and_the_next_changes_nothing(life: Life) -> None:
    for name, text in OWN.items():
        (life.config_d / name).parent.mkdir(exist_ok=True)
        (life.config_d / name).write_text(text)
    last = life.play("run")
    assert last.exit_code is ExitCode.DONE, last
    plans = {event.plan.root: event.plan for event in life.events if isinstance(event, PlanReady)}
    assert {one.address: one.origin for one in plans[Root.CLUSTER].changes if one.origin} == {
        "terraform_data.note": "config.d: mine.tf",
        "module.extra.terraform_data.inner": "config.d: deep/caller.tf",
    }
    assert {one.name: (one.value, one.origin) for one in last.outputs if one.origin} == {
        "note": (f"hello {life.name}", "config.d: mine.tf"),
    }
    last = life.play("run")
    assert (last.outcome, last.exit_code) == (Outcome.UNCHANGED, ExitCode.DONE), last
    assert life.questions == []
    assert "No changes" in last.sentence
    assert not any(isinstance(event, ResourceProgress | FileChanged) for event in life.events)
    assert steps_of_secrets(life) == {
        "fetch-secrets": "nothing to fetch",
        "make-secrets": "nothing to make",
        "upload-secrets": "0 uploaded",
    }


def test_a_second_computer_fetches_the_secrets_and_changes_nothing(
    life: Life, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same environment with an empty state folder: above all the ssh key must be the same one."""
    site = life.site()
    elsewhere = replace(site.workplace, state=tmp_path_factory.mktemp("elsewhere"))
    other = replace(site, workplace=elsewhere)
    asked = len(life.questions)
    events = list(build.run(other, life, Stop()))
    last = events[-1]
    assert isinstance(last, PipelineFinished)
    assert last.outcome is Outcome.DONE, last
    assert len(life.questions) == asked
    assert not any(isinstance(event, ResourceProgress) for event in events)
    assert {event.action for event in events if isinstance(event, FileChanged)} == {FileAction.FETCHED}
    here, there = copy_of(life), WorkingCopy(other.folders.root)
    assert {key: here.read(key) for key in here.files()} == {key: there.read(key) for key in there.files()}


def test_every_secret_is_under_the_key_and_readable_by_nobody_else(life: Life) -> None:
    store = life.intents.secrets(life.site())
    s3 = life.site().cloud.client("s3")
    for key, file in store.copy.files().items():
        head = s3.head_object(Bucket=store.bucket.name, Key=key)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", store.bucket.key_arn), key
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_no_secret_is_in_states_plans_journals_logs_arguments_or_temporary_files(life: Life) -> None:
    copy, site = copy_of(life), life.site()
    wanted = leaks.needles({key: copy.read(key) for key in copy.files()})
    assert leaks.leaked(leaks.contents(copy.path("locked/kubernetes-ca.key")), wanted), "the search is blind"
    places = list(life.written)
    assert any(name.endswith(":tfplan") for name, _ in places)
    assert any(b"terraform" in data and b"apply" in data for name, data in places if "/proc/" in name)
    s3, bucket = site.cloud.client("s3"), str(setting(life, "terraform_bucket_name"))
    for one in s3.list_object_versions(Bucket=bucket)["Versions"]:
        answer = s3.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
        places.append((one["Key"], answer["Body"].read()))
    apart = {"secrets", "replaced", "providers"}
    for top in (site.workplace.state, life.config_d.parents[2], Path(tempfile.gettempdir())):
        for place, folders, names in os.walk(top):
            shallow = top == Path(tempfile.gettempdir())
            folders[:] = [] if shallow else [name for name in folders if name not in apart]
            for name in names:
                places += leaks.contents(Path(place) / name)
    assert any(name.endswith("journal.jsonl") for name, _ in places)
    assert leaks.leaked(places, wanted) == []


def test_the_outputs_have_the_names_that_people_know(life: Life) -> None:
    found = {output.name: output.value for output in life.intents.outputs(life.site())}
    assert found["kubeapi_public"]
    assert found["note"]
    assert found["kubeapi_public_elb"]
    assert found["compute_asg"]
    assert found["secrets_bucket"] == setting(life, "secrets_bucket_name")


def test_everything_that_takes_tags_has_them(life: Life) -> None:
    untagged, tagged = [], 0
    for root in Root:
        for resource in state(life, root)["resources"]:
            for instance in resource["instances"]:
                tags = instance["attributes"].get("tags_all")
                if resource["mode"] != "managed" or "tags_all" not in instance["attributes"]:
                    continue
                tagged += 1
                if (tags or {}).get("Env") != life.name:
                    untagged.append(f"{resource['type']}.{resource['name']}")
    assert untagged == []
    assert tagged > 50


def test_the_state_is_encrypted_and_versioned(life: Life) -> None:
    cloud = life.site().cloud
    s3, place = cloud.client("s3"), state_object(life, Root.CLUSTER)
    assert s3.head_object(**place)["ServerSideEncryption"] == "aws:kms"
    versions = s3.list_object_versions(Bucket=place["Bucket"], Prefix=place["Key"])["Versions"]
    assert len([one for one in versions if one["Key"] == place["Key"]]) > 1
    key = cloud.client("kms").get_key_rotation_status(KeyId=setting(life, "kms_master_id"))
    assert key["KeyRotationEnabled"]


def test_a_locked_state_is_told_and_unlocked(life: Life) -> None:
    site = life.site()
    lock = {
        "ID": "0d7e0a1c-0000-0000-0000-000000000000",
        "Operation": "OperationTypeApply",
        "Who": "somebody@elsewhere",
        "Created": datetime.now(UTC).isoformat(),
    }
    s3 = site.cloud.client("s3")
    s3.put_object(**state_object(life, Root.FOUNDATION, ".tflock"), Body=json.dumps(lock).encode())
    last = life.play("run")
    assert last.outcome is Outcome.FAILED
    assert "locked by somebody@elsewhere since" in last.sentence
    (found,) = life.intents.locks(site).values()
    life.intents.unlock(site, Root.FOUNDATION, found)
    assert life.intents.locks(site) == {}


def test_cleanup_leaves_nothing(life: Life) -> None:
    site = life.site()
    key = setting(life, "kms_master_id")
    s3, secrets = site.cloud.client("s3"), str(setting(life, "secrets_bucket_name"))
    for content in (b"first", b"second"):
        s3.put_object(Bucket=secrets, Key="secure/token", Body=content)
    s3.delete_object(Bucket=secrets, Key="secure/token")
    kubeconfig.merge(life.name, copy_of(life).read("locked/admin.kubeconfig"), site.environ)
    last = life.play("cleanup")
    assert (last.outcome, last.exit_code, last.left) == (Outcome.DONE, ExitCode.DONE, ()), last
    assert {path.name for path in site.folders.root.iterdir()} == {"pipeline.lock", "runs", "work"}
    assert life.name not in kubeconfig.places(site.environ)[0].read_text()
    (question,) = life.questions
    assert (question.topic, question.expected, question.destructive) == ("destroy", life.name, True)
    assert question.plan is not None
    assert question.plan.destroy
    assert s3.list_buckets()["Buckets"] == []
    assert setting(life, "kms_master_id") == ""
    found = site.cloud.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    assert found["KeyState"] == "PendingDeletion"


def test_a_second_cleanup_has_nothing_to_do(life: Life) -> None:
    last = life.play("cleanup")
    assert (last.outcome, last.exit_code) == (Outcome.UNCHANGED, ExitCode.DONE), last
    assert life.questions == []


def test_a_sandbox_killed_during_an_apply_is_told(life: Life) -> None:
    status = life.intents.sandbox_status()
    assert status is not None
    bucket = "aws_s3_bucket.secrets"

    def kill_at_the_bucket(event: Event, _: Stop) -> None:
        if isinstance(event, ResourceProgress) and event.address == bucket and event.phase is Phase.DONE:
            os.kill(status.pid, signal.SIGKILL)

    last = life.play("run", kill_at_the_bucket)
    assert (last.outcome, last.exit_code) == (Outcome.FAILED, ExitCode.FAILED), last
    assert "The sandbox ended" in last.sentence
    record = runs.last_run(life.intents.workplace, life.name)
    assert record is not None
    assert record.outcome is Outcome.FAILED
