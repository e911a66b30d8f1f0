"""A new environment's answers: a sentence for each that is wrong, and nothing where all are right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.environments import answers, creation
from kubeplat_tui.services.environments.answers import Answer
from kubeplat_tui.services.environments.creation import NewEnvironment, Suggestion, text_of
from kubeplat_tui.services.environments.networks import Taken
from kubeplat_tui.services.variables.declarations import declared
from kubeplat_tui.services.workplace import Workplace

if TYPE_CHECKING:
    from kubeplat_tui.services.variables.declarations import Declarations

TERRAFORM = Path(__file__).parents[2] / "terraform"
RIGHT = NewEnvironment(
    name="lab-2",
    region="eu-west-1",
    account="210987654321",
    zones=("a", "b", "c"),
    vpc_cidr="10.81.0.0/16",
    public_zone_name="example.com",
    access_cidrs=("203.0.113.7/32",),
)
KNOWN = Suggestion(
    regions=("eu-west-1", "eu-west-2"),
    region="eu-west-1",
    account="210987654321",
    arn="arn:aws:iam::210987654321:user/jest",
    zones=("eu-west-1a", "eu-west-1b", "eu-west-1c"),
    vpc_cidr="10.81.0.0/16",
    taken=(Taken("10.80.0.0/16", "staging"),),
    access_cidrs=(),
    profiles=("default", "staging"),
    public_zones=("example.com",),
)


@pytest.fixture(scope="module")
def declarations() -> Declarations:
    return declared(TERRAFORM)


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    (tmp_path / "staging.tfvars").write_text('environment = "staging"\n')
    return Workplace(tmp_path, TERRAFORM, tmp_path / "state", tmp_path / "cache", tmp_path / "config")


@pytest.mark.parametrize(
    ("changed", "answer", "part"),
    [
        (replace(RIGHT, name=""), Answer.NAME, "needs a name"),
        (replace(RIGHT, name="Lab_2"), Answer.NAME, "lower-case letters"),
        (replace(RIGHT, name="staging"), Answer.NAME, "There is an environment staging already."),
        (replace(RIGHT, name="example"), Answer.NAME, "cannot be an environment's name"),
        (replace(RIGHT, account=""), Answer.ACCOUNT, "missing"),
        (replace(RIGHT, account="12345"), Answer.ACCOUNT, "has 12 digits."),
        (replace(RIGHT, region=""), Answer.REGION, "needs a region"),
        (replace(RIGHT, region="ireland"), Answer.REGION, "not the name of an AWS region"),
        (replace(RIGHT, region="eu-west-9"), Answer.REGION, "Did you mean eu-west-"),
        (replace(RIGHT, profile="stagin"), Answer.PROFILE, "Did you mean staging?"),
        (replace(RIGHT, zones=()), Answer.ZONES, "missing"),
        (replace(RIGHT, zones=("a", "b")), Answer.ZONES, "three different zones"),
        (replace(RIGHT, zones=("a", "b", "eu-west-1x")), Answer.ZONES, "cannot use eu-west-1x"),
        (replace(RIGHT, vpc_cidr=""), Answer.NETWORK, "missing"),
        (replace(RIGHT, vpc_cidr="10.81.0.0"), Answer.NETWORK, "/16"),
        (replace(RIGHT, vpc_cidr="10.81.0.0/28"), Answer.NETWORK, "/24"),
        (replace(RIGHT, vpc_cidr="10.80.16.0/20"), Answer.NETWORK, "overlaps 10.80.0.0/16 of staging."),
        (replace(RIGHT, vpc_cidr="10.10.0.0/16"), Answer.NETWORK, "of the pods"),
        (replace(RIGHT, access_cidrs=("203.0.113.7",)), Answer.ACCESS, "203.0.113.7/32 for one address"),
        (replace(RIGHT, access_cidrs=("0.0.0.0/0",)), Answer.ACCESS, "the whole internet"),
        (replace(RIGHT, public_zone_name=""), Answer.PUBLIC_ZONE, "missing"),
        (replace(RIGHT, public_zone_name="Example."), Answer.PUBLIC_ZONE, "name of a DNS zone"),
        (replace(RIGHT, public_zone_name="example.net"), Answer.PUBLIC_ZONE, "has no zone example.net"),
        (replace(RIGHT, private_zone_name="no zone"), Answer.PRIVATE_ZONE, "name of a DNS zone"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_each_wrong_answer_has_its_sentence_and_no_other_has_one(
    workplace: Workplace, declarations: Declarations, changed: NewEnvironment, answer: Answer, part: str
) -> None:
    found = answers.problems(workplace, declarations, changed, KNOWN)
    assert list(found) == [answer]
    assert part in found[answer]


def test_right_answers_have_none_and_what_is_not_known_is_not_compared(
    workplace: Workplace, declarations: Declarations
) -> None:
    assert answers.problems(workplace, declarations, RIGHT, KNOWN) == {}
    unknown = replace(RIGHT, region="eu-west-9", profile="mine", public_zone_name="example.net")
    assert answers.problems(workplace, declarations, unknown, None) == {}
    made = replace(RIGHT, public_zone_name="example.net", public_zone_create=True)
    assert answers.problems(workplace, declarations, made, KNOWN) == {}
    sandbox = replace(RIGHT, account="", sandbox=True)
    assert answers.problems(workplace, declarations, sandbox, KNOWN) == {}


def test_a_completed_answer_makes_the_same_file_twice(
    workplace: Workplace, declarations: Declarations
) -> None:
    whole = creation.completed(RIGHT)
    assert text_of(workplace, declarations, whole) == text_of(workplace, declarations, whole)
    assert whole.terraform_bucket_name.startswith("lab-2-state-")
    assert creation.completed(whole) == whole
