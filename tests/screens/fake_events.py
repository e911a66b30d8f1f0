"""Pipelines made up for tests: their events at fixed times, and gates where a test says when they go on."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.events import (
    CheckFinished,
    CheckState,
    Diagnostic,
    DiagnosticRaised,
    FileAction,
    FileChanged,
    Level,
    LogLine,
    Outcome,
    Output,
    Phase,
    PipelineFinished,
    PipelineStarted,
    PlanReady,
    Progress,
    Question,
    QuestionAnswered,
    ResourceProgress,
    Root,
    Step,
    StepFinished,
    StepStarted,
    StopRequested,
    Verb,
)
from kubeplat_tui.services.terraform.plan import Action
from tests.screens.fakes import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kubeplat_tui.services.events import Decisions, Event, Stop
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.terraform.plan import Plan

STEPS = (
    Step("preflight", "Preflight"),
    Step("state", "State bucket and key"),
    Step("foundation", "Foundation"),
    Step("cluster", "Cluster"),
    Step("api", "Kubernetes API"),
)
WAIT = 20
"""Seconds after which a gate gives up, so that a failing test ends."""


def at(seconds: float) -> datetime:
    """A time in the run: it began four minutes before the tests' now."""
    return NOW - timedelta(minutes=4) + timedelta(seconds=seconds)


class Script:
    """A pipeline for `FakeIntents.pipeline`: yields `events`; waits at a `Gate`; asks a `Question`.

    What a question's answer decides is told to `granted`; a declined one ends the script.
    """

    def __init__(self, *parts: Event | Question | Gate) -> None:
        self.parts = parts
        self.answers: list[str] = []
        self.verbs: list[Verb] = []

    def __call__(self, verb: Verb, site: Site, decisions: Decisions, stop: Stop) -> Iterator[Event]:
        self.verbs.append(verb)
        for part in self.parts:
            if isinstance(part, Gate):
                part.wait(stop)
                if stop.requested:
                    yield StopRequested(at=at(200))
                    yield stopped()
                    return
            elif isinstance(part, Question):
                answer = decisions.answer(part)
                self.answers.append(answer)
                granted = answer == part.expected
                yield QuestionAnswered(topic=part.topic, granted=granted, at=at(30))
                if not granted:
                    yield declined()
                    return
            else:
                yield part


class Gate:
    """Where a script waits until the test opens it, or somebody asks to stop."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.reached = threading.Event()

    def open(self) -> None:
        """Go on."""
        self._event.set()

    def wait(self, stop: Stop) -> None:
        """Wait for `open` or the stop."""
        forget = stop.when_requested(self._event.set)
        self.reached.set()
        self._event.wait(WAIT)
        forget()


def started(verb: Verb = Verb.RUN, environment: str = "play-jest") -> PipelineStarted:
    """The first event."""
    journal = Path("/home/jest/.local/state/kubeplat/play-jest/runs/20261102T140109Z/journal.jsonl")
    return PipelineStarted(
        verb=verb, environment=environment, sandbox=True, steps=STEPS, journal=journal, at=at(0)
    )


def preflight() -> list[Event]:
    """Five checks, one that warns."""
    checks = (
        ("Terraform", CheckState.PASSED, "Terraform 1.11.4 is /usr/local/bin/terraform."),
        ("Variables", CheckState.PASSED, "All 97 variables of play-jest are valid."),
        (
            "Account",
            CheckState.PASSED,
            "The credentials belong to account 123456789012, as aws_account says.",
        ),
        ("Quotas", CheckState.NOT_AVAILABLE, "The sandbox has no quotas."),
        (
            "Access",
            CheckState.WARNED,
            "ssh_access_list lets 127.0.0.1/32 in only: from another computer the bastion cannot be reached.",
        ),
    )
    found: list[Event] = [StepStarted(step="preflight", estimate=3.0, at=at(0))]
    found += [
        CheckFinished(name=name, state=state, detail=detail, at=at(1)) for name, state, detail in checks
    ]
    found.append(
        StepFinished(
            step="preflight", outcome=Outcome.WARNED, summary="5 checks, 1 warning", seconds=2.4, at=at(2.4)
        )
    )
    return found


def backend() -> list[Event]:
    """The state bucket is there."""
    return [
        StepStarted(step="state", at=at(3)),
        LogLine(
            text="The bucket play-jest-state-4f21aa is private, versioned and encrypted",
            source="aws",
            at=at(3),
        ),
        StepFinished(step="state", outcome=Outcome.UNCHANGED, summary="nothing to do", seconds=0.8, at=at(4)),
        StepStarted(step="foundation", estimate=20.0, at=at(4)),
        StepFinished(
            step="foundation", outcome=Outcome.UNCHANGED, summary="nothing to change", seconds=9.0, at=at(13)
        ),
        StepStarted(step="cluster", estimate=240.0, at=at(13)),
        LogLine(text="Terraform refreshes what it knows", source="cluster", level=Level.DEBUG, at=at(14)),
    ]


SECRET_STEPS = (
    *STEPS[:3],
    Step("fetch-secrets", "Fetch the secrets"),
    Step("make-secrets", "Make what is missing"),
    Step("upload-secrets", "Upload the secrets"),
    *STEPS[3:],
)
MADE = ("locked/kubernetes-ca.key", "common/kubernetes-ca.crt", "secure/apiserver.crt")


def secrets_at_work() -> list[Event]:
    """A build in the middle of its upload of what it made."""
    head = started()
    found: list[Event] = [
        PipelineStarted(
            verb=head.verb,
            environment=head.environment,
            sandbox=True,
            steps=SECRET_STEPS,
            journal=head.journal,
            at=at(0),
        ),
        *preflight(),
        *backend()[:5],
        StepStarted(step="fetch-secrets", at=at(13)),
        StepFinished(
            step="fetch-secrets",
            outcome=Outcome.UNCHANGED,
            summary="nothing to fetch",
            seconds=0.4,
            at=at(13),
        ),
        StepStarted(step="make-secrets", estimate=2.0, at=at(14)),
    ]
    found += [FileChanged(key=key, action=FileAction.MADE, at=at(15)) for key in MADE]
    found += [
        StepFinished(
            step="make-secrets", outcome=Outcome.DONE, summary="31 files made", seconds=1.6, at=at(15.6)
        ),
        StepStarted(step="upload-secrets", estimate=6.0, at=at(16)),
        FileChanged(key=MADE[0], action=FileAction.UPLOADED, at=at(17)),
        FileChanged(
            key="secure/tokens.csv", action=FileAction.CONFLICT, detail="changed on both sides", at=at(17)
        ),
        Progress(doing="Uploading", done=12, total=31, size=14_000, total_size=40_000, at=at(17)),
    ]
    return found


def ready(plan: Plan) -> PlanReady:
    """The plan can be looked at."""
    return PlanReady(plan=plan, at=at(25))


def apply_question(plan: Plan, environment: str = "play-jest") -> Question:
    """What a build asks."""
    return Question(
        topic=f"apply-{plan.root}",
        title=f"Apply this plan of the {plan.root} to {environment}?",
        detail=plan.summary(),
        plan=plan,
    )


def destroy_question(
    plan: Plan | None = None, environment: str = "play-jest", topic: str = "destroy"
) -> Question:
    """What a cleanup asks."""
    return Question(
        topic=topic,
        title=f"Destroy {environment}?",
        detail="148 resources of the cluster and 9 of the foundation are destroyed, with the secrets.",
        expected=environment,
        plan=plan,
        destructive=True,
    )


def bucket_question() -> Question:
    """A question without a plan."""
    return Question(
        topic="make-state-bucket",
        title="Make the bucket play-jest-state-4f21aa for Terraform's state?",
        detail="There is no such bucket. It is made private, versioned and encrypted.",
    )


def progress(address: str, phase: Phase, when: float, *, action: Action = Action.CREATE, elapsed: float = 0.0,
             estimate: float | None = None, identity: str = "") -> ResourceProgress:  # fmt: skip
    """One resource goes on."""
    return ResourceProgress(
        root=Root.CLUSTER,
        address=address,
        action=action,
        phase=phase,
        elapsed=elapsed,
        estimate=estimate,
        identity=identity,
        at=at(when),
    )


def half_applied() -> list[Event]:
    """The apply of `fake_plan.every_kind` until some are done and some at work."""
    subnet = 'module.network.aws_subnet.private["eu-west-1{}"]'
    rule = 'module.security.aws_vpc_security_group_ingress_rule.world["api"]'
    return [
        progress(rule, Phase.STARTED, 31, action=Action.DELETE),
        progress(rule, Phase.DONE, 33, action=Action.DELETE, elapsed=2.0),
        progress("aws_key_pair.machines", Phase.STARTED, 31),
        progress("aws_key_pair.machines", Phase.DONE, 32, elapsed=1.0, identity="id=play-jest"),
        progress(subnet.format("a"), Phase.STARTED, 35, estimate=12.0),
        progress(subnet.format("a"), Phase.DONE, 46, elapsed=11.0, identity="id=subnet-0a1b2c3d"),
        progress(subnet.format("b"), Phase.STARTED, 236, estimate=12.0),
        progress(
            "module.secure.aws_launch_template.secure", Phase.STARTED, 228, action=Action.DELETE, estimate=9.0
        ),
    ]


def failed_half_way() -> list[Event]:
    """One resource fails, and the pipeline with it."""
    subnet = 'module.network.aws_subnet.private["eu-west-1b"]'
    return [
        progress(subnet, Phase.FAILED, 238, elapsed=2.0),
        DiagnosticRaised(
            root=Root.CLUSTER,
            diagnostic=Diagnostic(
                Level.ERROR,
                "creating EC2 Subnet: InvalidSubnet.Conflict",
                "The CIDR '10.20.32.0/20' conflicts with another subnet.",
                subnet,
                "modules/network/subnets.tf",
                14,
            ),
            at=at(238),
        ),
        StepFinished(step="cluster", outcome=Outcome.FAILED, summary="1 error", seconds=225.0, at=at(238)),
        PipelineFinished(
            outcome=Outcome.FAILED,
            exit_code=ExitCode.FAILED,
            sentence="The cluster of play-jest could not be applied: 1 of 7 resources failed.",
            todo="Read what Terraform said and correct the cause; another build continues.",
            left=("aws_key_pair.machines (id=play-jest)", 'module.network.aws_subnet.private["eu-west-1a"]'),
            at=at(239),
        ),
    ]


def built() -> list[Event]:
    """The rest of a build that ends well."""
    return [
        progress('module.network.aws_subnet.private["eu-west-1b"]', Phase.DONE, 237, elapsed=11.0),
        StepFinished(step="cluster", outcome=Outcome.DONE, summary="7 changed", seconds=224.0, at=at(237)),
        StepStarted(step="api", at=at(237)),
        StepFinished(
            step="api", outcome=Outcome.SKIPPED, summary="not in the sandbox", seconds=0.0, at=at(237)
        ),
        PipelineFinished(
            outcome=Outcome.DONE,
            exit_code=ExitCode.DONE,
            sentence="play-jest is built.",
            outputs=(
                Output(
                    "api_url",
                    "https://play-jest-kubeapi-5f1d9c2ab3e44d10.elb.eu-west-2.amazonaws.com:6443",
                    False,
                    Root.CLUSTER,
                ),
                Output("compute_asg", {"default": "play-jest-compute-default"}, False, Root.CLUSTER),
                Output("join_token", None, True, Root.CLUSTER),
                Output("ssh_key_name", "play-jest", False, Root.FOUNDATION),
            ),
            at=at(238),
        ),
    ]


def declined() -> PipelineFinished:
    """Somebody said no."""
    return PipelineFinished(
        outcome=Outcome.DECLINED,
        exit_code=ExitCode.FAILED,
        sentence="The plan was declined: nothing of it was applied.",
        at=at(31),
    )


def stopped() -> PipelineFinished:
    """Somebody asked to stop."""
    return PipelineFinished(
        outcome=Outcome.STOPPED,
        exit_code=ExitCode.FAILED,
        sentence="The build of play-jest was stopped: Terraform finished what was at work.",
        todo="Build again to continue, or clean up.",
        left=("aws_key_pair.machines (id=play-jest)",),
        at=at(201),
    )
