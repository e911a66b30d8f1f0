"""`kubeplat credentials`, `--mfa-code`, and the prompt at a terminal, against an STS that checks codes."""

from __future__ import annotations

import io
import json
import queue
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui import cli
from kubeplat_tui.commands.conduct import conduct
from kubeplat_tui.commands.prompts import Nobody
from kubeplat_tui.commands.session import Options, Session
from kubeplat_tui.intents import Intents
from kubeplat_tui.services.credentials.model import MfaQuestion
from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.events import Outcome, PipelineFinished
from tests.unit.cli_support import Ran, Terminal
from tests.unit.credential_cases import KEYS, account, sts_server
from tests.unit.sites import make_site
from tests.unit.sts_server import ACCOUNT, DEVICE, JEST, KEY_ID, SECRET, SESSION_SECRET, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubeplat_tui.services.events import Decisions, Event, Stop
    from tests.unit.credential_cases import Account

__all__ = ["account", "sts_server"]

MFA = f"[demo]\n{KEYS}mfa_serial = {DEVICE}\n"
PROMPT = f"Code of the MFA device {DEVICE}, for profile demo: "
SECRETS = (KEY_ID, SECRET, TOKEN, SESSION_SECRET)


@pytest.fixture
def kubeplat(account: Account, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """The command on an environment of its own, at a terminal where something is `typed`, else in a pipe."""
    workplace = make_site(account.home).workplace
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("TERM", "dumb")

    def run(*arguments: str, typed: list[str] | None = None) -> Ran:
        stdin = io.StringIO() if typed is None else Terminal("".join(f"{line}\n" for line in typed))
        out, err = (io.StringIO(), io.StringIO()) if typed is None else (Terminal(), Terminal())
        with monkeypatch.context() as patch:
            for name, stream in (("stdin", stdin), ("stdout", out), ("stderr", err)):
                patch.setattr(sys, name, stream)
            code = cli.main(
                ["-e", "demo", "credentials", *arguments],
                make_intents=lambda: Intents(workplace),
                open_application=lambda _: 0,
            )
        ran = Ran(code, out.getvalue(), err.getvalue())
        assert not any(secret in f"{ran.out}{ran.err}" for secret in SECRETS)
        return ran

    return run


def test_it_says_what_is_used(account: Account, kubeplat: Callable[..., Ran]) -> None:
    account.write(credentials=f"[demo]\n{KEYS}")
    ran = kubeplat()
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "kind         shared file\n"
        "source       profile demo of ~/.aws/credentials\n"
        f"account      {ACCOUNT}\n"
        f"identity     {JEST}\n"
        "access key   AKIA…MPLE\n"
        "until        they do not expire, as far as this computer can tell\n"
    )
    told = json.loads(kubeplat("--json").out)
    assert told["environment"] == "demo"
    assert told["credentials"]["arn"] == JEST
    assert told["credentials"]["expires"] is None


def test_none_that_work_is_exit_code_1_with_the_sentence(
    account: Account, kubeplat: Callable[..., Ran]
) -> None:
    ran = kubeplat()
    assert (ran.code, ran.out) == (1, "kind         none\nsource       profile demo\n")
    assert ran.err.startswith(
        "error: There are no AWS credentials: AWS_ACCESS_KEY_ID is not set, and there is no"
    )
    account.write(credentials=f"[demo]\n{KEYS}")
    account.rules.users[KEY_ID] = JEST
    path = account.home / "environments" / "demo.tfvars"
    path.write_text(path.read_text().replace(ACCOUNT, "210987654321"))
    ran = kubeplat()
    assert ran.code == 1
    assert ran.err == (
        f"error: The credentials belong to account {ACCOUNT} ({JEST}), but demo is in account 210987654321. "
        "Use other credentials, or correct aws_account.\n"
    )


def test_the_code_is_asked_only_when_renewing(account: Account, kubeplat: Callable[..., Ran]) -> None:
    account.write(credentials=MFA)
    ran = kubeplat(typed=["123456"])
    assert ran.code == 1
    assert PROMPT not in ran.err
    ran = kubeplat("--renew", typed=["1234", "111111", "654321"])
    assert ran.code == 0, ran.err
    assert ran.err == (
        f"{PROMPT}A code has 6 digits.\n{PROMPT[:-2]}, attempt 2 of 3: "
        "AWS did not accept the code: it is mistyped, has been used already, or is older than half a minute.\n"
        f"{PROMPT[:-2]}, attempt 3 of 3: "
    )
    assert "in 59 minutes; a code of the MFA device renews them" in ran.out
    ran = kubeplat()
    assert ran.code == 0
    assert "kept         in the keyring" in ran.out


def test_a_code_for_scripts_is_used_once(account: Account, kubeplat: Callable[..., Ran]) -> None:
    account.write(credentials=MFA)
    ran = kubeplat("--renew", "--mfa-code", "999999")
    assert ran.code == 1
    assert f"No code of the MFA device {DEVICE} was accepted." in ran.err
    assert len(account.rules.calls("GetSessionToken")) == 1
    ran = kubeplat("--renew", "--mfa-code", "123456")
    assert ran.code == 0, ran.err
    ran = kubeplat("--renew")
    assert ran.code == 1
    assert "Give it with --mfa-code CODE, or start this at a terminal." in ran.err
    ran = kubeplat("--mfa-code", "12345")
    assert ran.code == 2
    assert ran.err == "error: --mfa-code takes the 6 digits that the MFA device shows.\n"


def test_forgetting(account: Account, kubeplat: Callable[..., Ran]) -> None:
    account.write(credentials=MFA)
    assert kubeplat("--renew", "--mfa-code", "123456").code == 0
    assert kubeplat("--forget").out == "The session token is forgotten.\n"
    assert account.keyring.entries == {}
    assert json.loads(kubeplat("--forget", "--json").out) == {"forgotten": 0}
    assert kubeplat("--forget", "--renew").code == 2


def test_nothing_given_ends_it(account: Account, kubeplat: Callable[..., Ran]) -> None:
    account.write(credentials=MFA)
    ran = kubeplat("--renew", typed=[""])
    assert ran.code == 1
    assert "was given: the session was not opened." in ran.err


def test_a_code_is_asked_while_a_pipeline_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the thread that has the terminal, with the drawing out of the way."""
    monkeypatch.setattr(sys, "stdin", Terminal("123456\n"))
    monkeypatch.setattr(sys, "stderr", Terminal())
    session = Session(Options(), Intents)
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    threads: list[str] = []

    class Paused:
        def draw(self, event: Event) -> None:
            said.put("drawn")

        def say(self, sentence: str) -> None:
            said.put(sentence)

        def pause(self) -> None:
            threads.append(threading.current_thread().name)
            said.put("paused")

        def close(self) -> None:
            said.put("closed")

    def pipeline(_: Decisions, __: Stop) -> Iterator[Event]:
        assert session.codes.mfa_code(MfaQuestion("demo", DEVICE, "", 1)) == "123456"
        yield PipelineFinished(outcome=Outcome.DONE, exit_code=ExitCode.DONE, sentence="Done.")

    assert conduct(pipeline, Nobody(), Paused(), codes=session.codes).exit_code == 0
    assert [said.get() for _ in range(3)] == ["paused", "drawn", "closed"]
    assert threads == [threading.main_thread().name]
