"""`run` and `plan` from end to end, with AWS simulated in this process and Terraform played by a fake."""

from __future__ import annotations

import json
import shutil
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from kubeplat_tui.services import build, environments, runs
from kubeplat_tui.services.errors import ExitCode, KubeplatError
from kubeplat_tui.services.events import (
    CheckFinished,
    CheckState,
    DiagnosticRaised,
    LogLine,
    Outcome,
    Phase,
    PipelineStarted,
    PlanReady,
    ResourceProgress,
    Root,
    SettingWritten,
    StepFinished,
    Stop,
    StopRequested,
    Verb,
)
from kubeplat_tui.services.leftovers import Leftover
from tests.unit.fake_terraform import FakeTerraform, change, complaint, counted, hook, shown
from tests.unit.sites import REGION, Answers, LosableCloud, make_site, played, with_bucket

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.site import Site

pytestmark = pytest.mark.usefixtures("in_process_aws")

VPC = "module.network.aws_vpc.main"


@pytest.fixture
def terraform(terraform: FakeTerraform) -> FakeTerraform:
    """A Terraform for which one bucket and one VPC are missing."""
    bucket = "aws_s3_bucket.secrets"
    terraform.play(
        foundation_plan={"code": 2, "lines": [counted(add=1, operation="plan")]},
        foundation_show=shown(change(bucket, "create", after={"bucket": "demo-secrets"})),
        foundation_apply={
            "lines": [
                hook("apply_start", bucket),
                hook("apply_complete", bucket, id_key="id", id_value="demo-secrets", elapsed_seconds=3),
                counted(add=1),
            ]
        },
        cluster_plan={"code": 2, "lines": [counted(add=1, operation="plan")]},
        cluster_show=shown(change(VPC, "create", after={"cidr_block": "10.80.0.0/16"})),
        cluster_apply={
            "lines": [
                hook("apply_start", VPC),
                hook("apply_complete", VPC, id_key="id", id_value="vpc-1", elapsed_seconds=11),
                counted(add=1),
            ]
        },
    )
    return terraform


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def run(site: Site, answers: Answers | None = None, stop: Stop | None = None) -> Any:
    return played(with_bucket(build.run(site, answers or Answers(), stop or Stop()), site))


def test_a_first_run_asks_for_everything_it_makes(site: Site, terraform: FakeTerraform) -> None:
    answers = Answers()
    events, last = run(site, answers)
    assert (last.outcome, last.exit_code) == (Outcome.DONE, ExitCode.DONE), last
    assert answers.topics == ["make-key", "make-state-bucket", "apply-foundation", "apply-cluster"]
    assert isinstance(events[0], PipelineStarted)
    finished = [one.step for one in events if isinstance(one, StepFinished)]
    assert finished == [step.key for step in build.RUN_STEPS]
    assert terraform.commands() == [
        "foundation init",
        "foundation plan",
        "foundation show",
        "cluster init",
        "foundation apply",
        "cluster plan",
        "cluster show",
        "cluster apply",
    ] or sorted(terraform.commands()[3:5]) == ["cluster init", "foundation apply"]


def test_the_key_it_makes_rotates_and_is_written_into_the_file(site: Site, terraform: FakeTerraform) -> None:
    events, _ = run(site)
    (written,) = [one for one in events if isinstance(one, SettingWritten)]
    again = environments.load(site.environment.path.parent, "demo")
    assert again.values["kms_master_id"] == written.value
    assert "# the first run fills this in" in site.environment.path.read_text()
    kms = boto3.client("kms", REGION)
    found = kms.describe_key(KeyId="alias/kubeplat-demo")["KeyMetadata"]
    assert found["KeyId"] == written.value
    assert kms.get_key_rotation_status(KeyId=found["KeyId"])["KeyRotationEnabled"]
    tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=found["KeyId"])["Tags"]}
    assert tags["Env"] == "demo"


def test_the_bucket_it_makes_is_private_versioned_and_encrypted(site: Site, terraform: FakeTerraform) -> None:
    run(site)
    s3, name = boto3.client("s3", REGION), "demo-state-1a2b"
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["BucketKeyEnabled"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=name)["Policy"]


def test_terraform_gets_no_terminal_no_secret_and_no_foreign_settings(
    site: Site, terraform: FakeTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TF_CLI_ARGS", "TF_VAR_environment", "TF_LOG", "TF_WORKSPACE", "TF_CLI_ARGS_plan"):
        monkeypatch.setenv(name, "surprise")
    run(site)
    calls = [call for call in terraform.calls() if "version" not in call["argv"]]
    for call in calls:
        assert call["stdin"] == "/dev/null"
        assert call["session"] == call["pid"]
        assert "surprise" not in call["environ"].values()
        assert call["environ"]["TF_INPUT"] == "0"
        assert call["environ"]["CHECKPOINT_DISABLE"] == "1"
        assert not any("var" in word for word in call["argv"] if word.startswith("-"))
    applied = [call["argv"] for call in calls if "apply" in call["argv"]]
    assert all(any(word.endswith(".tfplan") for word in argv) for argv in applied)
    assert len(applied) == 2


def test_what_it_leaves_on_the_computer_is_private(site: Site, terraform: FakeTerraform) -> None:
    run(site)
    root = site.folders.root
    for path in (root, *root.rglob("*")):
        if path.is_dir():
            assert mode(path) == 0o700, path
        else:
            assert mode(path) == 0o600, path
    assert not list(root.rglob("*.tfplan"))


def test_a_second_run_changes_nothing_and_asks_nothing(site: Site, terraform: FakeTerraform) -> None:
    run(site)
    terraform.play(foundation_plan={"code": 0}, cluster_plan={"code": 0})
    before = len(terraform.commands())
    answers = Answers()
    _, last = run(_again(site), answers)
    assert (last.outcome, last.exit_code, answers.topics) == (Outcome.UNCHANGED, ExitCode.DONE, [])
    assert "No changes" in last.sentence
    # Initialised already, and a plan without changes needs no reading.
    assert terraform.commands()[before:] == ["foundation plan", "cluster plan"]


def test_declining_the_key_changes_nothing(site: Site, terraform: FakeTerraform) -> None:
    text = site.environment.path.read_text()
    _, last = run(site, Answers(declined={"make-key"}))
    assert (last.outcome, last.exit_code) == (Outcome.DECLINED, ExitCode.FAILED)
    assert site.environment.path.read_text() == text
    assert terraform.commands() == []
    assert boto3.client("s3", REGION).list_buckets()["Buckets"] == []


def test_declining_a_plan_applies_nothing_and_forgets_the_plan(site: Site, terraform: FakeTerraform) -> None:
    _, last = run(site, Answers(declined={"apply-foundation"}))
    assert last.outcome is Outcome.DECLINED
    assert "foundation apply" not in terraform.commands()
    assert not list(site.folders.runs.rglob("*.tfplan"))


def test_a_plan_is_refused_when_the_variables_changed_under_it(site: Site, terraform: FakeTerraform) -> None:
    def meddle(question: Any) -> None:
        if question.topic == "apply-foundation":
            environments.set_value(site.environment.path, "secure_data_volume", 40)

    _, last = run(site, Answers(before=meddle))
    assert last.outcome is Outcome.FAILED
    assert "changed since" in last.sentence
    assert "foundation apply" not in terraform.commands()


def test_an_alias_of_an_earlier_key_is_reused(site: Site, terraform: FakeTerraform) -> None:
    run(site)
    key = environments.load(site.environment.path.parent, "demo").values["kms_master_id"]
    environments.set_value(site.environment.path, "kms_master_id", "")
    answers = Answers()
    run(_again(site), answers)
    assert answers.topics[0] == "use-key"
    assert environments.load(site.environment.path.parent, "demo").values["kms_master_id"] == key


def test_a_key_that_waits_for_its_deletion_is_no_absent_key(site: Site, terraform: FakeTerraform) -> None:
    run(site)
    key = str(environments.load(site.environment.path.parent, "demo").values["kms_master_id"])
    boto3.client("kms", REGION).schedule_key_deletion(KeyId=key)
    answers = Answers()
    _, last = run(_again(site), answers)
    assert last.exit_code is ExitCode.BAD_INPUT
    assert "to be deleted" in last.sentence
    assert answers.topics == []


def test_another_account_is_refused_before_anything(tmp_path: Path, terraform: FakeTerraform) -> None:
    answers = Answers()
    _, last = run(make_site(tmp_path, account="999999999999"), answers)
    assert last.exit_code is ExitCode.BAD_INPUT
    assert "123456789012" in last.sentence
    assert "999999999999" in last.sentence
    assert (answers.topics, terraform.commands()) == ([], [])
    assert boto3.client("s3", REGION).list_buckets()["Buckets"] == []


def test_a_machine_type_that_a_zone_does_not_offer_is_refused(
    tmp_path: Path, terraform: FakeTerraform
) -> None:
    pools = 'compute_pools = { big = { flavor = "m99.huge", fallbacks = ["t3.medium"], zones = ["b"] } }\n'
    _, last = run(make_site(tmp_path, extra=pools))
    assert last.exit_code is ExitCode.BAD_INPUT
    assert f"AWS does not offer m99.huge in {REGION}b." in last.sentence


def test_a_missing_terraform_that_cannot_be_fetched_is_a_sentence(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("KUBEPLAT_TERRAFORM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    events, last = run(site)
    assert "Fetching Terraform 1.11.4: this computer has none" in [
        one.text for one in events if isinstance(one, LogLine)
    ]
    assert last.exit_code is ExitCode.BAD_INPUT
    assert "Terraform is missing" in last.sentence


def test_what_cannot_be_checked_does_not_pass(site: Site, terraform: FakeTerraform) -> None:
    events, _ = run(site)
    checks = {one.name: one.state for one in events if isinstance(one, CheckFinished)}
    assert checks["account"] is CheckState.PASSED
    assert checks["quotas"] in {CheckState.NOT_AVAILABLE, CheckState.PASSED}
    assert checks["key"] is CheckState.WARNED


def test_another_vpc_with_our_addresses_is_a_warning(site: Site, terraform: FakeTerraform) -> None:
    boto3.client("ec2", REGION).create_vpc(CidrBlock="10.80.0.0/20")
    events, last = run(site)
    (check,) = [one for one in events if isinstance(one, CheckFinished) and one.name == "network"]
    assert check.state is CheckState.WARNED
    assert last.outcome is Outcome.DONE


def test_a_machine_type_that_no_zone_offers_is_refused(tmp_path: Path, terraform: FakeTerraform) -> None:
    _, last = run(make_site(tmp_path, extra='compute_flavor = "x9z.huge"\n'))
    assert last.exit_code is ExitCode.BAD_INPUT
    assert "x9z.huge in eu-west-2a" in last.sentence


def test_a_full_disk_is_a_sentence_and_changes_nothing(
    site: Site, terraform: FakeTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1 << 20)
    monkeypatch.setattr("kubeplat_tui.services.preflight.shutil.disk_usage", lambda _: usage)
    _, last = run(site)
    assert last.exit_code is ExitCode.BAD_INPUT
    assert "1 MiB left" in last.sentence
    assert terraform.commands() == []


def test_a_state_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, terraform: FakeTerraform) -> None:
    site = make_site(tmp_path)
    (tmp_path / "taken").write_text("")
    site = replace(site, workplace=replace(site.workplace, state=tmp_path / "taken"))
    events, last = run(site)
    assert isinstance(events[0], PipelineStarted)
    assert last.exit_code is ExitCode.BAD_INPUT
    assert "could not be written" in last.sentence


def test_only_one_pipeline_at_a_time(site: Site, terraform: FakeTerraform) -> None:
    with runs.PipelineLock(site.folders, Verb.CLEANUP):
        _, last = run(site)
    assert last.outcome is Outcome.FAILED
    assert "cleanup runs on this computer since" in last.sentence
    assert terraform.commands() == []


def test_an_apply_that_fails_half_way_lists_what_was_made(site: Site, terraform: FakeTerraform) -> None:
    terraform.play(
        cluster_apply={
            "code": 1,
            "lines": [
                hook("apply_complete", VPC, id_key="id", id_value="vpc-1", elapsed_seconds=1),
                hook("apply_errored", "aws_lb.api"),
                complaint("creating Load Balancer: quota reached", "Ask for more.", "aws_lb.api"),
                complaint("a second one"),
            ],
        }
    )
    events, last = run(site)
    assert (last.outcome, last.exit_code) == (Outcome.FAILED, ExitCode.FAILED)
    assert "aws_lb.api: creating Load Balancer: quota reached" in last.sentence
    assert last.left == (f"{VPC} (id=vpc-1)",)
    assert "again" in last.todo
    assert sum(isinstance(one, DiagnosticRaised) for one in events) == 2


def test_a_state_that_could_not_be_saved_is_saved_by_the_next_run(
    site: Site, terraform: FakeTerraform
) -> None:
    terraform.play(
        foundation_apply={"code": 1, "files": {"errored.tfstate": "{}"}, "lines": [complaint("no network")]}
    )
    _, last = run(site)
    assert "errored.tfstate" in last.sentence
    terraform.play(foundation_apply={"code": 0, "lines": [counted(add=1)]})
    before = len(terraform.commands())
    _, last = run(_again(site))
    assert last.outcome is Outcome.DONE
    assert terraform.commands()[before] == "foundation state"
    assert not (site.folders.work / "foundation" / "errored.tfstate").exists()


def test_a_protected_volume_whose_making_was_stopped_is_kept(site: Site, terraform: FakeTerraform) -> None:
    run(site)
    body = {
        "version": 4,
        "serial": 1,
        "resources": [
            {
                "mode": "managed",
                "type": type_,
                "name": name,
                "instances": [{"index_key": "0", "status": "tainted", "attributes": {"id": "x"}}],
            }
            for type_, name in (("aws_ebs_volume", "etcd"), ("aws_s3_object", "unprotected"))
        ],
    }
    key = f"{REGION}/demo/foundation.tfstate"
    s3 = boto3.client("s3", REGION)
    s3.put_object(Bucket="demo-state-1a2b", Key=key, Body=json.dumps(body).encode())
    before = len(terraform.calls())
    _, last = played(build.plan(_again(site), Answers(), Stop()))
    assert 'stopped while it made aws_ebs_volume.etcd["0"]' in last.sentence
    _, last = run(_again(site))
    assert last.exit_code is ExitCode.DONE, last
    untainted = [call["argv"][-1] for call in terraform.calls()[before:] if "untaint" in call["argv"]]
    assert untainted == ['aws_ebs_volume.etcd["0"]']


def test_a_locked_state_names_who_holds_it(site: Site, terraform: FakeTerraform) -> None:
    run(site)
    terraform.play(cluster_plan={"code": 1, "lines": [complaint("Error acquiring the state lock")]})
    lock = {
        "ID": "1f4",
        "Operation": "OperationTypeApply",
        "Who": "jest@host",
        "Created": "2026-11-22T12:03:00.1Z",
    }
    key = f"{REGION}/demo/cluster.tfstate.tflock"
    s3 = boto3.client("s3", REGION)
    s3.put_object(Bucket="demo-state-1a2b", Key=key, Body=json.dumps(lock).encode())
    _, last = run(_again(site))
    assert "locked by jest@host since 2026-11-22 12:03 UTC" in last.sentence
    assert "for apply" in last.sentence
    assert "unlock" in last.todo
    with pytest.raises(KubeplatError, match="another lock"):
        build.unlock(site, Root.CLUSTER, "other")
    build.unlock(site, Root.CLUSTER, "1f4")
    with pytest.raises(KubeplatError, match="not locked"):
        build.unlock(site, Root.CLUSTER, "1f4")


def test_a_stop_reaches_terraform_once(site: Site, terraform: FakeTerraform) -> None:
    terraform.play(
        cluster_apply={
            "lines": [
                hook("apply_complete", VPC, id_key="id", id_value="vpc-1"),
                hook("apply_start", "aws_lb.a"),
            ],
            "wait": True,
            "on_stop": [complaint("execution halted")],
        }
    )
    stop, events = Stop(), []
    for event in with_bucket(build.run(site, Answers(), stop), site):
        events.append(event)
        if isinstance(event, ResourceProgress) and event.address == "aws_lb.a":
            assert stop.request()
            assert not stop.request()
    last = played(events)[1]
    assert last.outcome is Outcome.STOPPED
    assert last.left == (f"{VPC} (id=vpc-1)",)
    assert "saved and unlocked" in last.sentence
    assert sum(isinstance(one, StopRequested) for one in events) == 1
    assert terraform.signals() == 1


def test_what_a_stopped_run_made_unseen_is_taken_into_the_state(
    site: Site, terraform: FakeTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    terraform.play(cluster_apply={"code": 1, "lines": [complaint("execution halted")]})
    run(site)
    terraform.play(
        foundation_plan={"code": 0},
        cluster_show=shown(change(VPC, "create", after={"tags": {"Name": "demo"}})),
        cluster_apply={"lines": [counted(add=0, changed=1)]},
    )
    vpc = Leftover(f"arn:aws:ec2:{REGION}:123456789012:vpc/vpc-9", "ec2 vpc", "demo")
    monkeypatch.setattr("kubeplat_tui.services.inventory.Inventory.leftovers", lambda _: [vpc])
    before = len(terraform.commands())
    _, last = run(_again(site))
    assert last.outcome is Outcome.DONE, last
    written = (site.folders.work / "cluster" / "kubeplat_import.tf").read_text()
    assert f"to = {VPC}" in written
    assert 'id = "vpc-9"' in written
    assert terraform.commands()[before:].count("cluster plan") == 2


def test_a_pipeline_that_is_abandoned_stops_terraform(site: Site, terraform: FakeTerraform) -> None:
    terraform.play(foundation_apply={"lines": [hook("apply_start", "aws_lb.a")], "wait": True})
    pipeline = build.run(site, Answers(), Stop())
    for event in pipeline:
        if isinstance(event, ResourceProgress) and event.phase is Phase.STARTED:
            break
    pipeline.close()  # type: ignore[attr-defined]  # every pipeline is a generator
    assert terraform.signals() == 1
    with runs.PipelineLock(site.folders, Verb.RUN):
        pass


def test_a_cloud_that_is_lost_takes_terraform_with_it(
    site: Site, terraform: FakeTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubeplat_tui.services.terraform.process.KILL_AFTER", 0.1)
    terraform.play(
        cluster_apply={"lines": [hook("apply_start", "aws_lb.a")], "wait": True, "ignore_stop": True}
    )
    cloud = site.cloud
    assert isinstance(cloud, LosableCloud)
    events = []
    for event in with_bucket(build.run(site, Answers(), Stop()), site):
        events.append(event)
        if isinstance(event, ResourceProgress) and event.address == "aws_lb.a":
            cloud.lose()
    last = played(events)[1]
    assert last.outcome is Outcome.FAILED
    assert "The sandbox ended" in last.sentence
    assert last.left == ()


def test_plan_makes_nothing_and_asks_nothing(site: Site, terraform: FakeTerraform) -> None:
    answers = Answers()
    text = site.environment.path.read_text()
    events, last = played(build.plan(site, answers, Stop()))
    assert last.outcome is Outcome.DONE, last
    assert "foundation: 1 to add" in last.sentence
    assert sum(isinstance(one, PlanReady) for one in events) == 2
    assert answers.topics == []
    assert boto3.client("s3", REGION).list_buckets()["Buckets"] == []
    assert site.environment.path.read_text() == text
    assert "apply" not in " ".join(terraform.commands())


def test_the_users_own_files_are_merged_and_a_clash_is_named(
    tmp_path: Path, terraform: FakeTerraform
) -> None:
    site = make_site(tmp_path)
    own = tmp_path / "config.d"
    (own / "extra").mkdir(parents=True)
    (own / "mine.tf").write_text('module "extra" { source = "./extra" }\n')
    (own / "extra" / "main.tf").write_text("")
    site = replace(site, workplace=replace(site.workplace, config_d=own))
    run(site)
    assert (site.folders.work / "cluster" / "extra" / "main.tf").is_file()
    (own / "main.tf").write_text("")
    _, last = run(_again(site))
    assert last.exit_code is ExitCode.BAD_INPUT
    assert str(own / "main.tf") in last.sentence
    assert str(site.workplace.terraform / "cluster" / "main.tf") in last.sentence


def test_a_provider_that_only_terraform_found_missing_is_said(site: Site, terraform: FakeTerraform) -> None:
    terraform.play(cluster_init={"code": 1, "lines": [complaint("Provider dependency changes detected")]})
    _, last = run(site)
    assert "needs other providers than the lock file has" in last.sentence
    assert "terraform providers lock" in last.todo


def test_the_journal_tells_how_it_ended_and_keeps_no_answers(site: Site, terraform: FakeTerraform) -> None:
    run(site)
    record = runs.last_run(site.workplace, "demo")
    assert record is not None
    assert (record.verb, record.outcome) == (Verb.RUN, Outcome.DONE)
    assert record.sentence.startswith("demo is built")
    estimates = runs.Estimates.load(site.folders)
    assert estimates.step(Verb.RUN, "apply-cluster") is not None


def test_estimates_of_the_last_run_come_with_the_next(site: Site, terraform: FakeTerraform) -> None:
    run(site)
    events, _ = run(_again(site))
    progress = [one for one in events if isinstance(one, ResourceProgress) and one.address == VPC]
    assert {one.estimate for one in progress} == {11.0}


def test_outputs_come_from_the_states(site: Site, terraform: FakeTerraform) -> None:
    run(site)
    state = {
        "version": 4,
        "serial": 3,
        "outputs": {"dns": {"value": "a.b"}, "token": {"value": "secret", "sensitive": True}},
        "resources": [],
    }
    s3 = boto3.client("s3", REGION)
    s3.put_object(
        Bucket="demo-state-1a2b", Key=f"{REGION}/demo/cluster.tfstate", Body=json.dumps(state).encode()
    )
    found = {one.name: one.value for one in build.outputs(site)}
    assert found == {"dns": "a.b", "token": None}


def _again(site: Site) -> Site:
    """The site as the next command opens it: the file read anew."""
    place = site.environment.path.parent
    return replace(site, environment=environments.load(place, site.environment.name))
