"""What an apply asks for before it starts, and what is said where a session ends on the way."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services import build, runs
from kubeplat_tui.services.cloud import Cloud, Identity
from kubeplat_tui.services.credentials.cloud_credentials import CloudCredentials
from kubeplat_tui.services.credentials.guard import TOPIC, enough_life
from kubeplat_tui.services.credentials.keys import Wanted
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import CheckState, LogLine, Outcome, Stop, Verb, now
from kubeplat_tui.services.pipeline import DeclinedError, Work
from kubeplat_tui.services.preflight import _clock
from tests.unit.credential_cases import KEYS, Codes, account, sts_server
from tests.unit.fake_terraform import FakeTerraform, change, complaint, counted, hook, shown
from tests.unit.sites import REGION, Answers, make_site, played, with_bucket
from tests.unit.sts_server import DEVICE, KEY_ID, ROLE, SECRET, SESSION_SECRET, TOKEN

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.events import Event, Question
    from tests.unit.credential_cases import Account

__all__ = ["account", "sts_server"]

STEP = build.APPLY_CLUSTER
MFA = f"[work]\n{KEYS}mfa_serial = {DEVICE}\n"
CHAIN = f"[profile work]\nrole_arn = {ROLE}\nsource_profile = base\n[profile base]\n{KEYS}"


def guarded(
    account: Account, credentials: CloudCredentials, answers: Answers, seconds: float | None = None
) -> tuple[list[Event], Answers]:
    """What the guard says before a step that took `seconds` in earlier runs."""
    site = replace(make_site(account.home), cloud=account.cloud(credentials))
    took = {} if seconds is None else {(str(Verb.RUN), STEP.key): seconds}
    work = Work(Verb.RUN, site, answers, Stop(), account.home, runs.Estimates(took, {}))
    return list(enough_life(work, STEP)), answers


def left(credentials: CloudCredentials, minutes: float) -> None:
    """Let the session in use end in so many minutes."""
    held = credentials.held
    assert held is not None
    credentials._held = replace(held, keys=replace(held.keys, expires=now() + timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    ("minutes", "took", "detail"),
    [
        (
            10,
            20 * 60,
            "Build the cluster: it took 20 minutes in earlier runs, and the AWS session ends in 9 minutes. ",
        ),
        (
            14,
            None,
            "Build the cluster: nobody knows yet how long it takes (15 minutes are assumed), and the AWS session ends "
            "in 13 minutes. ",
        ),
    ],
)
def test_a_short_life_is_said_before_it_starts(
    account: Account, minutes: float, took: float | None, detail: str
) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=["123456", "654321"])
    credentials.current()
    left(credentials, minutes)
    events, answers = guarded(account, credentials, Answers(), took)
    (question,) = answers.questions
    assert (question.topic, question.title) == (TOPIC, "Renew the AWS session first?")
    assert question.detail == (
        f"{detail}Renewing asks for a code of the MFA device {DEVICE}. "
        "If it ends on the way, what exists by then stays, and another run goes on from there."
    )
    assert [one.text for one in events if isinstance(one, LogLine)] == [
        "The AWS session is renewed and ends in 59 minutes."
    ]
    assert len(account.rules.calls("GetSessionToken")) == 2


def test_who_does_not_renew_is_warned_and_goes_on(account: Account) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=["123456"])
    credentials.current()
    left(credentials, 10)
    events, _ = guarded(account, credentials, Answers(declined={TOPIC}), 20 * 60)
    assert [one.text for one in events if isinstance(one, LogLine)] == [
        "Build the cluster: it took 20 minutes in earlier runs, and the AWS session ends in 9 minutes."
    ]


def test_a_renewal_that_fails_starts_nothing(account: Account) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=["123456"])
    credentials.current()
    left(credentials, 10)
    with pytest.raises(KubeplatError, match="the session was not opened"):
        guarded(account, credentials, Answers(), 20 * 60)


def test_what_renews_itself_is_renewed_without_a_word(account: Account) -> None:
    account.write(credentials=f"[work]\n{KEYS}")
    credentials = account.credentials(role=ROLE)
    credentials.current()
    left(credentials, 10)
    _, answers = guarded(account, credentials, Answers(), 20 * 60)
    assert answers.questions == []
    assert len(account.rules.calls("AssumeRole")) == 2


def test_a_session_that_cannot_be_long_enough_is_a_question(account: Account) -> None:
    account.write(credentials=f"[work]\n{KEYS}")
    credentials = account.credentials(role=ROLE)
    credentials.current()
    with pytest.raises(DeclinedError, match="nothing of it was done"):
        guarded(account, credentials, Answers(declined={TOPIC}), 90 * 60)
    _, answers = guarded(account, credentials, Answers(), 90 * 60)
    assert answers.questions[0].title == "Go on with an AWS session that may end on the way?"


@pytest.mark.parametrize("config", [CHAIN, f"[profile work]\n{KEYS}"])
def test_nothing_is_asked_where_nothing_ends(account: Account, config: str) -> None:
    """Keys that last; and a profile that Terraform renews by itself."""
    account.write(config)
    credentials = account.credentials()
    credentials.current()
    events, answers = guarded(account, credentials, Answers(), 20 * 60)
    assert (events, answers.questions) == ([], [])


@pytest.mark.parametrize(
    ("ahead", "state", "detail"),
    [
        (None, CheckState.NOT_AVAILABLE, "AWS did not say its own time."),
        (-20.0, CheckState.PASSED, "As AWS's, within 60 seconds."),
        (90.0, CheckState.WARNED, "This computer's clock is wrong. It is 1 minute behind AWS's. Set it."),
        (-7200.0, CheckState.FAILED, "This computer's clock is wrong. It is 2 hours ahead of AWS's. Set it."),
    ],
)
def test_the_clock_is_checked(ahead: float | None, state: CheckState, detail: str) -> None:
    assert _clock(Identity("1", "arn", ahead)) == (state, detail)


@pytest.mark.usefixtures("in_process_aws")
def test_a_session_that_ends_during_an_apply(
    tmp_path: Path, terraform: FakeTerraform, caplog: pytest.LogCaptureFixture
) -> None:
    """A whole run with a session of a code: renewed before the first apply, ended in the second; no secret anywhere."""
    caplog.set_level(logging.DEBUG, "kubeplat_tui")
    ended = "api error ExpiredToken: The security token included in the request is expired"
    bucket, vpc = "aws_s3_bucket.secrets", "module.network.aws_vpc.main"
    terraform.play(
        foundation_plan={"code": 2, "lines": [counted(add=1, operation="plan")]},
        foundation_show=shown(change(bucket, "create", after={"bucket": "demo-secrets"})),
        foundation_apply={"lines": [hook("apply_complete", bucket), counted(add=1)]},
        cluster_plan={"code": 2, "lines": [counted(add=1, operation="plan")]},
        cluster_show=shown(change(vpc, "create", after={"cidr_block": "10.80.0.0/16"})),
        cluster_apply={
            "code": 1,
            "lines": [
                hook("apply_complete", vpc, id_key="id", id_value="vpc-1"),
                complaint("creating Load Balancer", f"{ended}\nx-amz-security-token:{TOKEN}", "aws_lb.api"),
            ],
        },
    )
    codes = Codes(["123456", "654321"])
    credentials = CloudCredentials(Wanted(None, "", DEVICE), REGION, lambda: codes)
    tokens: list[str] = []

    def shorten(question: Question) -> None:
        assert credentials.held is not None
        tokens.append(credentials.held.keys.token)
        if question.topic == "apply-foundation":
            left(credentials, 5)

    site = replace(make_site(tmp_path), cloud=Cloud(REGION, None, credentials=credentials))
    answers = Answers(before=shorten)
    events, last = played(with_bucket(build.run(site, answers, Stop()), site))
    assert answers.topics == ["make-key", "make-state-bucket", "apply-foundation", TOPIC, "apply-cluster"]
    assert len(codes.questions) == 2
    assert last.outcome is Outcome.FAILED
    assert last.sentence == (
        "The cluster was built in part only, 1 resources: the AWS session ended on the way. "
        f"aws_lb.api: creating Load Balancer. {ended} x-amz-security-token:…"
    )
    assert last.todo == (
        "Renew it (kubeplat --environment demo credentials --renew), then run again: it continues from here. "
        "Where it finds the state still locked by this run, kubeplat --environment demo unlock takes the lock away."
    )
    assert last.left == (f"{vpc} (id=vpc-1)",)
    given = {call["root"] + " " + call["argv"][0]: call["environ"] for call in terraform.calls()}
    assert given["foundation plan"]["AWS_SESSION_TOKEN"] == tokens[0]
    assert given["foundation apply"]["AWS_SESSION_TOKEN"] == tokens[-1]
    for told in ("calls.jsonl", "parts.json"):  # what the fake was given, and what it was to say
        (tmp_path / "bin" / told).unlink()
    secrets = {*tokens, TOKEN, credentials.current().keys.secret, SESSION_SECRET, SECRET, KEY_ID}
    everything = [
        path.read_bytes().decode(errors="replace") for path in tmp_path.rglob("*") if path.is_file()
    ]
    everything += [json.dumps(runs.encoded(event)) for event in events] + [caplog.text, repr(events)]
    assert not [secret for secret in secrets for text in everything if secret in text]
