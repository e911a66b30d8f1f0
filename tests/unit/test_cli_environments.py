"""`environments`: the state of each in the list, the questions of a new one, copies, other names, an end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kubeplat_tui.services.environments.standing import Built, Standing
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.prerequisites import Key, Prerequisite, State
from tests.screens.fakes import NOW, FakeIntents
from tests.unit.cli_support import Shell, plain_environment

__all__ = ["plain_environment"]
CHECKOUT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("plain_environment")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(FakeIntents(tmp_path), monkeypatch)


@pytest.fixture
def earnest(shell: Shell) -> Shell:
    """The same on the real Terraform roots: new environments pass their validations, or do not."""
    shell.intents.workplace = replace(shell.intents.workplace, terraform=CHECKOUT / "terraform")
    return shell


def text_of(shell: Shell, name: str) -> str:
    return (shell.intents.workplace.environments / f"{name}.tfvars").read_text()


def called(shell: Shell, word: str) -> list[str]:
    return [call for call in shell.intents.behaviour.calls if call.startswith(word)]


# --- the list ---------------------------------------------------------------------------------------------------


def test_the_list_says_what_stands_of_each_and_why_it_is_not_known(shell: Shell) -> None:
    shell.intents.standings = {
        "play-jest": Standing(Built.BUILT, 148, NOW - timedelta(hours=2), "jest@laptop"),
        "staging": Standing(Built.UNKNOWN, why="AWS could not be reached."),
    }
    ran = shell.run("environments")
    rows = {line.split()[0]: line for line in ran.out.splitlines()[1:]}
    assert "built (148), locked by jest@laptop" in rows["play-jest"]
    assert "unknown" in rows["staging"]
    assert "staging: AWS could not be reached." in ran.err
    assert called(shell, "standing lab") == []  # a broken file has no state to look up
    document = json.loads(shell.run("environments", "--json").out)["environments"]
    assert [each["standing"] and each["standing"]["built"] for each in document] == [None, "built", "unknown"]
    assert document[1]["standing"]["resources"] == 148


def test_offline_no_state_is_looked_up(shell: Shell) -> None:
    ran = shell.run("environments", "list", "--offline")
    assert (ran.code, called(shell, "standing")) == (0, [])


def test_at_a_terminal_the_list_counts_what_it_has_read(shell: Shell) -> None:
    ran = shell.at_terminal("environments")
    assert "Reading the states: 2 of 2" in ran.err
    assert ran.err.rstrip().endswith("\x1b[K")


# --- a new one --------------------------------------------------------------------------------------------------


def test_the_questions_begin_with_what_was_found_out(earnest: Shell) -> None:
    answers = ["demo", "", "staging", "", "", "", "", "", "", "", "", "yes"]
    ran = earnest.at_terminal("environments", "create", typed=answers)
    assert ran.code == 0
    assert "You are arn:aws:iam::210987654321:user/jest." in ran.err
    assert "Region [eu-west-1]: " in ran.err
    assert "Zones [eu-west-1a, eu-west-1b, eu-west-1c]: " in ran.err
    assert "Network of the VPC [10.81.0.0/16]: " in ran.err
    text = text_of(earnest, "demo")
    assert 'aws_profile = "staging"' in text
    assert 'public_zone_name = "example.com"' in text
    assert called(earnest, "remedy") == ["remedy state-bucket"]
    assert "The state-bucket of demo was made." in ran.out


def test_a_wrong_answer_is_asked_for_again_with_the_reason(earnest: Shell) -> None:
    answers = ["Demo", "staging", "demo", "no", "nobody", "lab", "xx-north-1", "", "", "d", "a b c"]
    answers += ["10.80.0.0/16", "", "0.0.0.0/0", "203.0.113.9/32", "unknown.org", "no", "", "no"]
    ran = earnest.at_terminal("environments", "create", typed=answers)
    for sentence in (
        "An environment's name has 1 to 20 lower-case letters",
        "There is an environment staging already",
        "10.80.0.0/16 overlaps 10.80.0.0/16 of staging",
        "There is no region xx-north-1 for this account.",
        "needs three different zones of eu-west-1, and d was named",
        "The account has no zone unknown.org, as far as is known.",
    ):
        assert sentence in ran.err, sentence
    assert (ran.code, ran.err.rstrip().endswith("error: Nothing was made.")) == (2, True)
    assert not (earnest.intents.workplace.environments / "demo.tfvars").exists()


def test_in_the_sandbox_neither_profile_nor_account_nor_bucket_is_asked_for(earnest: Shell) -> None:
    ran = earnest.at_terminal("environments", "create", typed=["demo", "yes", *[""] * 6, "yes", "", "yes"])
    assert ran.code == 0
    assert "Account" not in ran.err
    assert "AWS profile" not in ran.err
    assert "KMS key" not in ran.err
    assert "sandbox = true" in text_of(earnest, "demo")


def test_the_end_of_the_input_makes_nothing(earnest: Shell) -> None:
    ran = earnest.at_terminal("environments", "create", typed=["demo", "no"])
    assert (ran.code, called(earnest, "make_environment")) == (2, [])


def test_with_options_nothing_is_asked_and_the_rest_is_looked_up(earnest: Shell) -> None:
    arguments = ("environments", "create", "demo", "--region", "eu-west-2", "--network", "10.99.0.0/16")
    document = json.loads(earnest.run(*arguments, "--json").out)
    assert (document["environment"], document["done"]) == ("demo", "")
    text = text_of(earnest, "demo")
    assert 'vpc_cidr = "10.99.0.0/16"' in text
    assert 'aws_account = "210987654321"' in text
    assert 'ssh_access_list     = ["203.0.113.7/32"]' in text
    ran = earnest.run(*arguments)
    assert ran.code == 2
    assert "There is an environment demo already" in ran.err


def test_into_the_sandbox_with_the_bucket_at_once(earnest: Shell) -> None:
    ran = earnest.run("environments", "create", "demo", "--sandbox", "--make-bucket", "--yes")
    assert ran.code == 0
    text = text_of(earnest, "demo")
    assert "sandbox = true" in text
    assert "public_zone_create = true" in text
    assert called(earnest, "remedy") == ["remedy state-bucket"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "The new environment has no name"),
        (("demo", "--zone", "a"), "needs three different zones"),
        (("demo", "--region", "xx-north-1"), "There is no region xx-north-1"),
        (("demo", "--network", "10.80.0.0/16"), "overlaps 10.80.0.0/16 of staging"),
        (("demo", "--access", "0.0.0.0/0"), "lets the whole internet in"),
    ],
)
def test_wrong_options_are_said_and_nothing_is_made(
    earnest: Shell, arguments: tuple[str, ...], sentence: str
) -> None:
    ran = earnest.run("environments", "create", *arguments, "--yes")
    assert ran.code == 2
    assert sentence in ran.err
    assert called(earnest, "make_environment") == []


# --- copied, renamed, deleted -----------------------------------------------------------------------------------


def test_copying_and_renaming_say_where_it_is(shell: Shell) -> None:
    document = json.loads(shell.run("environments", "copy", "staging", "demo", "--json").out)
    assert document["environment"] == "demo"
    document = json.loads(shell.run("environments", "rename", "demo", "show", "--json").out)
    assert (document["environment"], document["renamed"]) == ("show", "demo")
    shell.intents.behaviour.errors["rename_environment staging other"] = InputError("staging is built.")
    ran = shell.run("environments", "rename", "staging", "other")
    assert (ran.code, ran.err) == (2, "error: staging is built.\n")


def test_deleting_says_what_goes_and_wants_the_name_typed(shell: Shell) -> None:
    ran = shell.at_terminal("environments", "delete", "staging", typed=["yes"])
    assert (ran.code, called(shell, "delete_environment")) == (1, [])
    said = " ".join(ran.err.split())
    assert "the working copy of its secrets (41 files)" in said
    assert "the keys of 2 certificate authorities (secure/ca.key, secure/etcd-ca.key)" in said
    assert "Not confirmed; nothing was changed." in ran.err
    ran = shell.at_terminal("environments", "delete", "staging", typed=["staging", "no"])
    assert (ran.code, called(shell, "delete_environment")) == (1, [])
    ran = shell.at_terminal("environments", "delete", "staging", typed=["staging", "staging"])
    assert (ran.code, called(shell, "delete_environment")) == (0, ["delete_environment staging"])


def test_yes_alone_deletes_no_environment_but_a_playground(shell: Shell) -> None:
    assert shell.run("environments", "delete", "staging").code == 2
    ran = shell.run("environments", "delete", "staging", "--yes")
    assert ran.code == 2
    assert "Add --confirm staging" in ran.err
    assert shell.run("environments", "delete", "staging", "--yes", "--confirm", "lab").code == 2
    assert called(shell, "delete_environment") == []
    assert shell.run("environments", "delete", "staging", "--yes", "--confirm", "staging").code == 0
    assert shell.run("environments", "delete", "play-jest", "--yes").code == 0


# --- the checklist ----------------------------------------------------------------------------------------------


PARTS = (
    Prerequisite(Key.CREDENTIALS, "AWS credentials", State.DONE, "arn:aws:iam::1:user/jest."),
    Prerequisite(Key.STATE_BUCKET, "State bucket", State.MISSING, "There is none.", "Make the bucket b"),
    Prerequisite(Key.PUBLIC_ZONE, "Public zone", State.UNKNOWN, "Not allowed."),
)


@pytest.fixture
def incomplete(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setattr(shell.intents, "prerequisites", lambda _: PARTS)
    return shell


CHECKLIST = ("environments", "checklist", "-e", "play-jest")


def test_the_checklist_names_what_is_missing_and_what_does_it(incomplete: Shell) -> None:
    ran = incomplete.run(*CHECKLIST)
    assert ran.code == 1
    assert [line.split()[:2] for line in ran.out.splitlines()[1:]] == [
        ["credentials", "done"],
        ["state-bucket", "missing"],
        ["public-zone", "unknown"],
    ]
    assert "Make the bucket b: add --do state-bucket" in ran.err
    assert "--do public-zone" not in ran.err
    document = json.loads(incomplete.run(*CHECKLIST, "--json").out)
    assert document["sandbox"] is True
    assert document["prerequisites"][1]["remedy"] == "Make the bucket b"


def test_a_list_with_nothing_missing_is_done(shell: Shell) -> None:
    assert shell.run(*CHECKLIST).code == 0


def test_a_part_is_done_after_asking(incomplete: Shell) -> None:
    ran = incomplete.at_terminal(*CHECKLIST, "--do", "state-bucket", typed=["no"])
    assert "Make the bucket b?" in ran.err
    assert incomplete.run(*CHECKLIST, "--do", "state-bucket").code == 2  # nobody can be asked
    assert called(incomplete, "remedy") == []
    document = json.loads(incomplete.run(*CHECKLIST, "--do", "state-bucket", "--yes", "--json").out)
    assert document["done"] == ["The state-bucket of play-jest was made."]
    assert (
        "AWS credentials: arn:aws:iam::1:user/jest." in incomplete.run(*CHECKLIST, "--do", "credentials").err
    )
    ran = incomplete.run(*CHECKLIST, "--do", "public-zone", "--yes")
    assert (ran.code, "Nothing can be done here about: Public zone" in ran.err) == (2, True)
    assert incomplete.run(*CHECKLIST, "--do", "magic").code == 2
