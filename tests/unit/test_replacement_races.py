"""What AWS does while a replacement is waited for, and the simulated one never: failures, hooks, other people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.events import Outcome, PipelineFinished, Stop
from kubeplat_tui.services.inventory import Layer
from kubeplat_tui.services.replacement import scaling, terminating
from kubeplat_tui.services.replacement.events import GroupActed, MachineChanged, Standing, Waiting
from kubeplat_tui.services.replacement.failures import advice
from kubeplat_tui.services.replacement.groups import ScalingGroup
from kubeplat_tui.services.replacement.pools import Pool, Scaling, Setting
from kubeplat_tui.services.replacement.targets import Termination
from tests.unit.scaling_groups import Look, QuickClock, ScriptedCloud, machine
from tests.unit.sites import make_site, played

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.site import Site

BEFORE = Look({"i-0": "InService", "i-1": "InService"}, [("Successful", "")])
GOES = Look({"i-0": "Terminating", "i-1": "InService"}, [("Successful", "")])
CAPACITY = (
    "We currently do not have sufficient m6i.large capacity in the Availability Zone you requested (eu-west-2a). "
    "Our system will be working on provisioning additional capacity."
)
QUOTA = "You have requested more vCPU capacity than your current vCPU limit of 32 allows."
COMES = Look({"i-1": "InService", "i-2": "InService"}, [("Successful", "")] * 2, states={"i-0": "terminated"})


@pytest.fixture
def cloud() -> Iterator[ScriptedCloud]:
    made = ScriptedCloud()
    yield made
    made.done()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def site(demo: Site, cloud: ScriptedCloud) -> Site:
    return replace(demo, cloud=cloud)  # type: ignore[arg-type]  # it has what is used of a cloud


def terminated(
    site: Site, cloud: ScriptedCloud, *looks: Look, hook: int = 0, stop: Stop | None = None
) -> tuple[list[Event], PipelineFinished]:
    """One of two machines of a pool goes; `looks` are what AWS then answers."""
    cloud.before(BEFORE, hook=hook)
    cloud.terminates()
    cloud.answers(*looks)
    return played(terminating.terminate(site, Termination((machine(),)), stop or Stop(), clock=QuickClock()))


def standings(events: list[Event]) -> list[tuple[str, str]]:
    return [(one.machine, str(one.standing)) for one in events if isinstance(one, MachineChanged)]


def test_every_step_of_a_machine_is_said_once(site: Site, cloud: ScriptedCloud) -> None:
    held = replace(GOES, members={"i-0": "Terminating:Wait", "i-1": "InService"})
    pending = Look(
        {"i-1": "InService", "i-2": "Pending"},
        [("Successful", ""), ("InProgress", "")],
        {"i-0": "shutting-down"},
    )
    # The group counts on it before EC2 runs it: not yet.
    early = replace(
        pending,
        members={"i-1": "InService", "i-2": "InService"},
        states={"i-2": "pending", "i-0": "terminated"},
    )
    events, end = terminated(site, cloud, held, held, GOES, pending, early, COMES, hook=300)
    assert standings(events) == [
        ("i-0", "terminating"),
        ("i-0", "terminating"),
        ("i-0", "terminating"),
        ("i-2", "pending"),
        ("i-0", "gone"),
        ("i-2", "in service"),
    ]
    assert [one.detail for one in events if isinstance(one, MachineChanged)][1] == (
        "held by a lifecycle hook (Terminating:Wait)"
    )
    assert [one.limit for one in events if isinstance(one, Waiting)] == [900.0]
    assert [one.text for one in events if isinstance(one, GroupActed)] == [
        "Launching a new EC2 instance: in progress",
        "Launching a new EC2 instance: successful",
    ]
    new = next(
        one for one in events if isinstance(one, MachineChanged) and one.standing is Standing.IN_SERVICE
    )
    assert (new.new, new.address, new.name, new.group) == (True, "10.0.0.2", "demo-compute", "pool")
    assert (end.outcome, int(end.exit_code)) == (Outcome.DONE, 0)
    assert "replaced, and in service" in end.sentence


def failing(*messages: str) -> Look:
    return Look(
        {"i-1": "InService"},
        [("Successful", ""), *(("Failed", one) for one in messages)],
        {"i-0": "terminated"},
    )


@pytest.mark.parametrize(
    ("looks", "why", "todo"),
    [
        (
            [failing(CAPACITY), failing(*[CAPACITY] * 2), failing(*[CAPACITY] * 3)],
            "sufficient m6i.large",
            "compute_flavor",
        ),
        ([failing(QUOTA)], "vCPU limit of 32", "larger quota"),
        (
            [replace(failing(), suspended=["Launch"])],
            "suspended the process Launch of pool",
            "resume-processes",
        ),
        ([replace(failing(), group=False)], "pool is gone", "plan of a run"),
    ],
    ids=["capacity", "quota", "suspended", "gone"],
)
def test_what_is_in_the_way_of_a_replacement_is_said(
    site: Site, cloud: ScriptedCloud, looks: list[Look], why: str, todo: str
) -> None:
    events, end = terminated(site, cloud, *looks)
    assert end.outcome is Outcome.FAILED
    assert "i-0: terminated, but the replacement is not in service" in end.sentence
    assert why in end.sentence
    assert todo in end.todo
    assert end.left == ("i-0  demo-compute  eu-west-2a: terminates, and is replaced by itself",)
    problems = [one for one in events if isinstance(one, GroupActed) and one.problem]
    assert len(problems) == sum(status == "Failed" for status, _ in looks[-1].activities)


def test_a_failed_launch_that_the_group_repairs_is_no_failure(site: Site, cloud: ScriptedCloud) -> None:
    after = replace(COMES, activities=[("Successful", ""), ("Failed", CAPACITY), ("Successful", "")])
    events, end = terminated(site, cloud, failing(CAPACITY), after)
    assert end.outcome is Outcome.DONE
    assert any(isinstance(one, GroupActed) and one.problem for one in events)


def test_waiting_has_its_limit(site: Site, cloud: ScriptedCloud) -> None:
    events, end = terminated(site, cloud, *[GOES] * 201)
    assert end.outcome is Outcome.FAILED
    assert "It was waited 10 minutes" in end.sentence
    assert [one.seconds for one in events if isinstance(one, Waiting)][-1] >= 580


def test_whoever_makes_the_group_smaller_meanwhile_needs_no_replacement(
    site: Site, cloud: ScriptedCloud
) -> None:
    smaller = Look({"i-1": "InService"}, [("Successful", "")], {"i-0": "terminated"}, desired=1)
    events, end = terminated(site, cloud, smaller)
    assert end.outcome is Outcome.DONE
    assert "Its size is 1 now, and was 2." in [one.text for one in events if isinstance(one, GroupActed)]


def test_a_throttled_look_is_no_end(site: Site, cloud: ScriptedCloud) -> None:
    events, end = terminated(site, cloud, replace(GOES, throttled=True), COMES)
    assert end.outcome is Outcome.DONE
    assert any(isinstance(one, GroupActed) and "limits how fast" in one.text for one in events)


def test_credentials_that_end_meanwhile_leave_aws_at_work(site: Site, cloud: ScriptedCloud) -> None:
    cloud.before(BEFORE)
    cloud.terminates()
    cloud.stubs["autoscaling"].add_client_error("describe_auto_scaling_groups", "ExpiredToken")
    _, end = played(terminating.terminate(site, Termination((machine(),)), Stop(), clock=QuickClock()))
    assert end.outcome is Outcome.FAILED
    assert "have expired" in end.sentence
    assert "is replaced by itself" in end.left[0]


def test_a_busy_group_is_asked_again(site: Site, cloud: ScriptedCloud) -> None:
    cloud.before(BEFORE)
    cloud.terminates(0, "ScalingActivityInProgress", "ResourceContention")
    cloud.answers(COMES)
    _, end = played(terminating.terminate(site, Termination((machine(),)), Stop(), clock=QuickClock()))
    assert end.outcome is Outcome.DONE


def test_a_machine_that_somebody_else_terminated_is_followed_all_the_same(
    site: Site, cloud: ScriptedCloud
) -> None:
    cloud.before(BEFORE)
    cloud.stubs["autoscaling"].add_client_error(
        "terminate_instance_in_auto_scaling_group",
        "ValidationError",
        "Instance Id not found - No managed instance found for instance ID: i-0",
    )
    cloud.stubs["ec2"].add_client_error("describe_instances", "InvalidInstanceID.NotFound")
    cloud.answers(COMES)
    _, end = played(terminating.terminate(site, Termination((machine(),)), Stop(), clock=QuickClock()))
    assert end.outcome is Outcome.DONE


def test_a_stop_says_what_goes_on_and_what_was_not_touched(site: Site, cloud: ScriptedCloud) -> None:
    stop = Stop()
    cloud.before(BEFORE)
    cloud.terminates()
    cloud.answers(GOES)
    both = Termination((machine(), machine(7, group="", layer=Layer.UNKNOWN)))
    events = []
    for event in terminating.terminate(site, both, stop, clock=QuickClock()):
        events.append(event)
        if isinstance(event, Waiting):
            stop.request()
    end = events[-1]
    assert isinstance(end, PipelineFinished)
    assert end.outcome is Outcome.STOPPED
    assert "goes on by itself" in end.sentence
    assert [one.partition(": ")[2] for one in end.left] == [
        "terminates, and is replaced by itself",
        "was not touched",
    ]


def test_nothing_is_asked_for_where_the_stop_came_first(site: Site) -> None:
    stop = Stop()
    stop.request()
    _, end = played(terminating.terminate(site, Termination((machine(),)), stop, clock=QuickClock()))
    assert (end.outcome, end.left) == (Outcome.STOPPED, ())


def test_several_masters_do_not_go_without_waiting(site: Site) -> None:
    masters = Termination(tuple(machine(number, layer=Layer.SECURE) for number in range(2)))
    with pytest.raises(InputError, match="without waiting for each"):
        terminating.terminate(site, masters, Stop(), wait=False)


def pool(desired: int) -> Pool:
    group = ScalingGroup("pool", Layer.COMPUTE, "default", "", 0, 9, desired, (), ())
    return Pool("default", group, Setting("compute_asg_min", 0), Setting("compute_asg_max", 9))


def test_another_person_who_scales_at_the_same_time_ends_the_waiting(
    site: Site, cloud: ScriptedCloud
) -> None:
    cloud.before(BEFORE)
    cloud.stubs["autoscaling"].add_response("set_desired_capacity", {})
    grows = Look({"i-0": "InService", "i-1": "InService", "i-2": "Pending"}, [("Successful", "")], desired=4)
    cloud.answers(grows, replace(grows, desired=3))
    events, end = played(scaling.scale(site, Scaling(pool(2), 4), Stop(), clock=QuickClock()))
    assert end.outcome is Outcome.FAILED
    assert "set the size of pool to 3 meanwhile" in end.sentence
    assert standings(events) == [("i-2", "pending")]


def test_a_shrinking_pool_waits_for_the_hooks(site: Site, cloud: ScriptedCloud) -> None:
    cloud.before(BEFORE, hook=300)
    cloud.stubs["autoscaling"].add_response("set_desired_capacity", {})
    held = Look({"i-0": "Terminating:Wait", "i-1": "InService"}, [("Successful", "")], desired=1)
    gone = Look({"i-1": "InService"}, [("Successful", "")], {"i-0": "terminated"}, desired=1)
    cloud.answers(held, gone)
    events, end = played(scaling.scale(site, Scaling(pool(2), 1), Stop(), clock=QuickClock()))
    assert standings(events) == [("i-0", "terminating"), ("i-0", "gone")]
    assert end.sentence == "The pool default has 1 machine in service."


@pytest.mark.parametrize(
    ("message", "todo", "hopeless"),
    [
        (CAPACITY, "none of this type left", False),
        (QUOTA, "larger quota", True),
        ("You've reached your quota for maximum Fleet Requests", "tries again", False),
        ("Client.InternalError: Client error on launch", "policy", True),
        ("The image id '[ami-0]' does not exist. Launching EC2 instance failed.", "machine_image", True),
        (
            "Insufficient free addresses in the subnet: InsufficientFreeAddressesInSubnet",
            "no address left",
            True,
        ),
        (
            "Your requested instance type (x9.big) is not supported in your requested Availability Zone",
            "not offered",
            True,
        ),
        ("The key pair 'demo' does not exist. Launching EC2 instance failed.", "kubeplat run", True),
        ("", "tries again", False),
    ],
)
def test_each_reason_has_its_advice(message: str, todo: str, hopeless: bool) -> None:
    found = advice(message)
    assert todo in found.todo
    assert found.hopeless is hopeless
