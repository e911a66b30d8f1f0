"""Terminating and scaling in the simulated AWS: what is refused, in which order machines go, what the verbs say."""

from __future__ import annotations

import json
import os
import re
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from kubeplat_tui.intents import Intents
from kubeplat_tui.sandbox import corrections
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.events import Outcome, Stop
from kubeplat_tui.services.inventory import Inventory, Layer
from kubeplat_tui.services.replacement import pools, questions, scaling, targets, terminating
from kubeplat_tui.services.replacement.events import GroupActed, MachineChanged
from tests.screens.fakes import FakeIntents
from tests.unit.cli_support import Shell, plain_environment
from tests.unit.scaling_groups import QuickClock, QuickCloud, build, clear, client
from tests.unit.sites import REGION, make_site, played

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site

__all__ = ["plain_environment"]


@pytest.fixture(scope="module", autouse=True)
def aws() -> Iterator[None]:
    """A corrected AWS in this process: one for all tests, each of which clears what it built."""
    corrections.apply_all()
    with mock_aws():
        yield


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    for name in ("demo", "demo-two", "play-jest", "staging"):
        clear(name)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return quick_site(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def site(demo: Site) -> Site:
    """A small cluster named demo."""
    build("demo")
    return demo


def quick_site(folder: Path, extra: str = "") -> Site:
    return replace(make_site(folder, extra=extra), cloud=QuickCloud(REGION))


def machines(site: Site, layer: Layer | None = None) -> list[Instance]:
    found = Inventory(site.cloud, site.environment.name).instances()
    return [one for one in found if layer in {None, one.layer}]


def empty(group: str) -> None:
    """Take every machine of a group away, and let none come."""
    client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=group, MinSize=0, DesiredCapacity=0)


def test_masters_go_one_after_the_other(site: Site) -> None:
    before = {one.id for one in machines(site, Layer.SECURE)}
    looked_at = targets.look(site, ["masters"])
    events, end = played(terminating.terminate(site, looked_at, Stop(), clock=QuickClock()))
    moved = [(one.group[-1], str(one.standing), one.new) for one in events if isinstance(one, MachineChanged)]
    assert moved == [
        step
        for node in "012"
        for step in ((node, "terminating", False), (node, "gone", False), (node, "in service", True))
    ]
    assert (end.outcome, end.sentence) == (
        Outcome.DONE,
        "Terminated 3 machines of secure: replaced, and in service.",
    )
    after = {one.id for one in machines(site, Layer.SECURE)}
    assert len(after) == 3
    assert not before & after
    # The simulated group says what it did, as AWS does.
    said = [one.text for one in events if isinstance(one, GroupActed)]
    assert sum(one.startswith("Launching a new EC2 instance: i-") for one in said) == 3
    assert sum(one.startswith("Terminating EC2 instance: i-") for one in said) == 3


def test_a_layer_goes_at_once_and_another_environment_stays(site: Site) -> None:
    build("demo-two")
    others = {one.id for one in Inventory(site.cloud, "demo-two").instances()}
    looked_at = targets.look(site, ["compute", "bastion"])
    assert [{one.layer for one in each} for each in looked_at.rounds] == [{Layer.BASTION}, {Layer.COMPUTE}]
    before = {one.id for one in looked_at.machines}
    _, end = played(terminating.terminate(site, looked_at, Stop(), clock=QuickClock()))
    assert end.outcome is Outcome.DONE
    assert not before & {one.id for one in machines(site)}
    assert len(machines(site)) == 7
    assert {one.id for one in Inventory(site.cloud, "demo-two").instances()} == others
    with pytest.raises(InputError, match="There is no machine"):
        targets.look(site, [next(iter(others))])


def test_a_master_stays_while_another_is_missing_unless_one_insists(site: Site) -> None:
    empty("demo-secure-1")
    first = machines(site, Layer.SECURE)[0]
    for target in (first.id, "masters"):
        with pytest.raises(InputError, match=r"another one is missing: demo-secure-1.*--force"):
            targets.look(site, [target])
    looked_at = targets.look(site, [first.id], force=True)
    assert "Forced" in " ".join(questions.aftermath(looked_at))
    _, end = played(terminating.terminate(site, looked_at, Stop(), clock=QuickClock()))
    assert end.outcome is Outcome.DONE
    # The workers are nothing to etcd.
    assert targets.look(site, ["compute"]).machines


def test_the_next_master_stays_where_one_goes_missing_meanwhile(site: Site) -> None:
    looked_at = targets.look(site, ["masters"])
    events: list[Any] = []
    for event in terminating.terminate(site, looked_at, Stop(), clock=QuickClock()):
        events.append(event)
        if isinstance(event, MachineChanged) and event.new:
            empty("demo-secure-2")
    assert events[-1].outcome is Outcome.FAILED
    assert "another one is missing: demo-secure-2" in events[-1].sentence
    assert [one.rpartition(": ")[2] for one in events[-1].left] == ["was not touched"] * 2
    assert len([one for one in events if isinstance(one, MachineChanged) and one.new]) == 1


def test_a_group_that_starts_nothing_is_named_first(site: Site) -> None:
    client("autoscaling").suspend_processes(
        AutoScalingGroupName="demo-compute-default", ScalingProcesses=["Launch", "Terminate"]
    )
    with pytest.raises(InputError, match=r"would not be replaced.*suspended the process Launch.*--force"):
        targets.look(site, ["compute"])
    assert targets.look(site, ["compute"], force=True).machines
    with pytest.raises(InputError, match="cannot grow"):
        pools.look(site, 4)
    client("autoscaling").resume_processes(
        AutoScalingGroupName="demo-compute-default", ScalingProcesses=["Launch"]
    )
    pools.look(site, 4)


def test_a_machine_in_no_group_is_not_replaced(site: Site) -> None:
    tags = [{"Key": "Env", "Value": "demo"}, {"Key": "Name", "Value": "demo-lone"}]
    client("ec2").run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    looked_at = targets.look(site, ["demo-lone"])
    assert any(
        "Nothing starts another machine: no auto-scaling group" in line
        for line in questions.aftermath(looked_at)
    )
    events, end = played(terminating.terminate(site, looked_at, Stop(), clock=QuickClock()))
    assert [str(one.standing) for one in events if isinstance(one, MachineChanged)] == ["terminating", "gone"]
    assert (end.outcome, end.sentence[-1]) == (Outcome.DONE, ".")
    assert "replaced" not in end.sentence
    with pytest.raises(InputError):
        targets.look(site, ["demo-lone"])


def test_what_means_no_machine_or_several_is_refused(site: Site) -> None:
    for target, said in {
        "secur": "fits 3 machines",
        "i-0123456789abcdef0": "There is no machine",
        "demo-compute": "fits 3 machines",
        " ": "No machine was named",
        "unknown": "no machine in the layer unknown",
    }.items():
        with pytest.raises(InputError, match=said) as raised:
            targets.look(site, [target])
        assert raised.value.todo.endswith("Nothing was terminated.")


def test_a_pool_grows_and_shrinks_and_a_second_time_nothing_happens(site: Site) -> None:
    for size in (5, 3):
        events, end = played(scaling.scale(site, pools.look(site, size), Stop(), clock=QuickClock()))
        assert (end.outcome, end.sentence) == (
            Outcome.DONE,
            f"The pool default has {size} machines in service.",
        )
        assert sum(isinstance(one, MachineChanged) for one in events) == 2
        assert len(machines(site, Layer.COMPUTE)) == size
    events, end = played(scaling.scale(site, pools.look(site, 3), Stop(), clock=QuickClock()))
    assert (end.outcome, len(events)) == (Outcome.UNCHANGED, 1)


def test_a_size_out_of_bounds_is_refused_with_the_figures_and_the_setting(site: Site, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"6 is out of the bounds of the pool default: 3 to 5 machines"
    ) as raised:
        pools.look(site, 6)
    # Nothing in the file: compute_asg_max is 10 by its declaration, and AWS does not know yet.
    assert "demo.tfvars says 10 for compute_asg_max already: run brings it" in raised.value.todo
    with pytest.raises(InputError, match=r"Change compute_asg_min in demo.tfvars, then run"):
        pools.look(site, 2)
    own = quick_site(tmp_path, extra="compute_asg_max = 5\n")
    with pytest.raises(InputError, match=r"Change compute_asg_max in demo.tfvars, then run"):
        pools.look(own, 6)


def test_several_pools_have_settings_and_names_of_their_own(tmp_path: Path) -> None:
    build("demo", pools={"gpu": (0, 2, 0), "small": (1, 4, 2)})
    own = 'compute_pools = { gpu = { flavor = "g5.xlarge", min = 0, max = 2 }, small = { flavor = "t3.micro" } }\n'
    site = quick_site(tmp_path, extra=own)
    with pytest.raises(InputError, match=r"2 pools: gpu, small.*--pool"):
        pools.look(site, 1)
    with pytest.raises(InputError, match="no pool large"):
        pools.look(site, 1, "large")
    with pytest.raises(InputError, match=r'Change compute_pools\["gpu"\].max'):
        pools.look(site, 3, "gpu")
    with pytest.raises(InputError, match=r'says 10 for compute_pools\["small"\].max already'):
        pools.look(site, 5, "small")
    _, end = played(scaling.scale(site, pools.look(site, 1, "gpu"), Stop(), clock=QuickClock()))
    assert end.sentence == "The pool gpu has 1 machine in service."
    assert [pool.group.desired for pool in pools.pools(site)] == [1, 2]


# --- the verbs -----------------------------------------------------------------------------------


class RealMachines(FakeIntents):
    """The made-up environments, with machines in the simulated AWS."""

    instances = Intents.instances
    volumes = Intents.volumes
    load_balancers = Intents.load_balancers
    termination = Intents.termination
    terminate = Intents.terminate
    pools = Intents.pools
    scaling = Intents.scaling
    scale = Intents.scale

    def open(self, name: str) -> Site:
        opened = super().open(name)
        self.clouds[name] = QuickCloud(REGION)  # type: ignore[assignment]  # it only has clients, too
        return type(opened)(opened.workplace, opened.environment, self.clouds[name], opened.declarations)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain_environment: None) -> Shell:
    build("play-jest")
    return Shell(RealMachines(tmp_path / "kubeplat"), monkeypatch)


def ids(shell: Shell, layer: str) -> list[str]:
    found = json.loads(shell.run("instances", "-e", "play-jest", "--json").out)["instances"]
    return [one["id"] for one in found if one["layer"] == layer]


def test_a_person_types_the_name_and_reads_what_happens(shell: Shell) -> None:
    before = ids(shell, "bastion")
    ran = shell.at_terminal("terminate-bastion", "-e", "play-jest", typed=["play"])
    assert ran.code == 1
    assert "Not confirmed; nothing was changed." in ran.err
    assert ids(shell, "bastion") == before
    ran = shell.at_terminal("terminate", "bastion", "-e", "play-jest", typed=["play-jest"])
    assert ran.code == 0, ran
    assert "The auto-scaling group starts another machine for each." in ran.err
    out = re.sub(r"\x1b\[[0-9;]*m", "", ran.out)
    assert f"◐ terminating  play-jest-bastion  {before[0]}" in out
    assert f"● in service  new: play-jest-bastion  {ids(shell, 'bastion')[0]}" in out
    assert "replaced, and in service." in out.splitlines()[-1]
    assert ids(shell, "bastion") != before


def test_the_old_names_terminate_layers(shell: Shell) -> None:
    for words, layer in (
        (["terminate-compute"], "compute"),
        (["terminate-masters"], "secure"),
        (["terminate-layer", "mgmt"], "bastion"),
    ):
        before = ids(shell, layer)
        ran = shell.run(*words, "-e", "play-jest", "--yes")
        assert ran.code == 0, ran
        assert not set(before) & set(ids(shell, layer))
        assert "waiting for the replacement of" in ran.out
    for old, new in (("aws-instances", "instances"), ("aws-volumes", "volumes"), ("aws-elbs", "elbs")):
        assert (
            shell.run(old, "-e", "play-jest", "--json").out == shell.run(new, "-e", "play-jest", "--json").out
        )


def test_programs_read_events_and_scripts_need_not_wait(shell: Shell) -> None:
    victim = ids(shell, "compute")[0]
    ran = shell.run("aws-terminate", victim, "-e", "play-jest", "--yes", "--no-wait", "--json")
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert [one["event"] for one in events] == ["MachineChanged", "PipelineFinished"]
    assert (events[0]["machine"], events[0]["standing"]) == (victim, "terminating")
    assert "the replacement comes by itself" in events[1]["sentence"]
    ran = shell.run("terminate", "masters", "-e", "play-jest", "--yes", "--no-wait")
    assert ran.code == 2
    assert "Leave --no-wait out" in ran.err


def test_what_cannot_be_is_exit_code_2_and_changes_nothing(shell: Shell) -> None:
    before = shell.run("instances", "-e", "play-jest", "--json").out
    for words, said in (
        (["terminate-layer", "secur"], "There is no layer secur"),
        (["terminate-layer", "elb"], "There is no layer elb"),
        (["terminate", "nobody"], "There is no machine nobody"),
        (["scale-compute", "9"], "3 to 5 machines"),
        (["scale-compute", "4", "--pool", "large"], "no pool large"),
        (["terminate", "compute", "--confirm", "other"], "does not name the environment"),
    ):
        ran = shell.run(*words, "-e", "play-jest", "--yes")
        assert ran.code == 2
        assert said in ran.err
        assert "Nothing was" in ran.err
    assert shell.run("instances", "-e", "play-jest", "--json").out == before


def test_outside_a_playground_the_name_is_asked_for_twice_or_given(shell: Shell) -> None:
    build("staging")
    assert "--confirm staging" in shell.run("terminate", "bastion", "-e", "staging", "--yes").err
    ran = shell.at_terminal("terminate", "bastion", "-e", "staging", typed=["staging", "no"])
    assert ran.code == 1
    assert "staging is not a playground" in ran.err
    ran = shell.at_terminal("scale-compute", "4", "-e", "staging", typed=["staging"])
    assert ran.code == 0, ran
    ran = shell.run("scale-compute", "3", "-e", "staging", "--yes", "--confirm", "staging", "--json")
    assert ran.code == 0
    assert json.loads(ran.out.splitlines()[-1])["outcome"] == "done"


def test_an_interruption_stops_the_waiting_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain_environment: None
) -> None:
    intents = RealMachines(tmp_path / "kubeplat")
    build("play-jest")
    work = Intents.terminate

    def interrupted(*arguments: Any, **named: Any) -> Any:
        for event in work(intents, *arguments, **named):
            yield event
            if isinstance(event, MachineChanged):
                os.kill(os.getpid(), signal.SIGINT)
                assert arguments[2].wait(10)

    monkeypatch.setattr(intents, "terminate", interrupted)
    ran = Shell(intents, monkeypatch).run("terminate", "masters", "-e", "play-jest", "--yes")
    assert ran.code == 1
    assert "Stopping: what AWS was asked for goes on by itself." in ran.out
    assert ran.out.count("was not touched") == 2
