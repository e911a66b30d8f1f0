"""What a machine's console output says of its host keys."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services.ssh.console import console_says, judge
from kubeplat_tui.services.ssh.model import ConsoleAnswer, HostKey
from tests.unit.ssh_servers import ecdsa, ed25519, host_key, instance

if TYPE_CHECKING:
    from kubeplat_tui.services.cloud import Cloud

KEY, OTHER, THIRD = host_key(ed25519()), host_key(ecdsa()), host_key(ed25519())


def fingerprints(*keys: HostKey) -> str:
    """As cloud-init writes it to syslog, which EC2's console shows."""
    lines = [f"<14>May  1 12:00:01 ec2: 256 {key.fingerprint} root@ip-10-80-10-100 (X)" for key in keys]
    return "\r\n".join(
        [
            "[    0.000000] Linux version 6.1",
            "<14>May  1 12:00:01 ec2: #############################################################",
            "<14>May  1 12:00:01 ec2: -----BEGIN SSH HOST KEY FINGERPRINTS-----",
            *lines,
            "<14>May  1 12:00:01 ec2: -----END SSH HOST KEY FINGERPRINTS-----",
        ]
    )


def public_keys(*keys: HostKey) -> str:
    """The other block."""
    lines = [f"{key.kind} {base64.b64encode(key.blob).decode()} root@ip-10-80-10-100" for key in keys]
    return "\n".join(
        ["-----BEGIN SSH HOST KEY KEYS-----", *lines, "-----END SSH HOST KEY KEYS-----", "login:"]
    )


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        (fingerprints(OTHER, KEY), ConsoleAnswer.MATCHES),
        (public_keys(OTHER, KEY), ConsoleAnswer.MATCHES),
        (fingerprints(OTHER) + "\n" + public_keys(KEY), ConsoleAnswer.MATCHES),
        (fingerprints(OTHER, THIRD), ConsoleAnswer.DIFFERS),
        (public_keys(THIRD), ConsoleAnswer.DIFFERS),
        ("", ConsoleAnswer.NOT_YET),
        ("[    0.000000] Linux version 6.1", ConsoleAnswer.NOT_YET),
        (fingerprints(KEY).rpartition("\r\n")[0], ConsoleAnswer.NOT_YET),
        (fingerprints(KEY).replace("SHA256:", "MD5:"), ConsoleAnswer.NOT_YET),
    ],
    ids=["prints", "keys", "either", "other-prints", "other-keys", "empty", "booting", "cut", "md5"],
)
def test_the_console_s_word_on_a_key(output: str, answer: ConsoleAnswer) -> None:
    said, why = judge(output, KEY)
    assert said is answer
    assert bool(why) is (answer is not ConsoleAnswer.MATCHES)


def test_of_several_starts_the_last_counts() -> None:
    assert judge(fingerprints(KEY) + "\n" + fingerprints(THIRD), KEY)[0] is ConsoleAnswer.DIFFERS
    assert judge(fingerprints(THIRD) + "\n" + fingerprints(KEY), KEY)[0] is ConsoleAnswer.MATCHES


def test_other_keys_are_named() -> None:
    assert judge(fingerprints(THIRD), KEY)[1] == f"The console output names other keys: {THIRD.fingerprint}."


@given(st.text())
def test_no_text_but_the_right_one_matches(text: str) -> None:
    assert judge(text, KEY)[0] is not ConsoleAnswer.MATCHES
    block = f"-----BEGIN SSH HOST KEY FINGERPRINTS-----{text}-----END SSH HOST KEY FINGERPRINTS-----"
    assert judge(block, KEY)[0] is not ConsoleAnswer.MATCHES


class OldEc2:
    """A machine whose kind has no latest output, or credentials that may not read it."""

    def __init__(self, refusal: str, latest: str = "", kept: str = "") -> None:
        self.refusal = refusal
        self.latest = latest
        self.kept = kept
        self.asked: list[bool] = []

    def client(self, service: str) -> Any:
        assert service == "ec2"
        return self

    def get_console_output(self, *, InstanceId: str, Latest: bool = False) -> dict[str, str]:  # noqa: N803 - as AWS has it
        self.asked.append(Latest)
        if self.refusal and (Latest or self.refusal == "UnauthorizedOperation"):
            answer: Any = {"Error": {"Code": self.refusal, "Message": "You may not."}}
            raise ClientError(answer, "GetConsoleOutput")
        return {"Output": self.latest if Latest else self.kept}


def says(ec2: OldEc2) -> tuple[ConsoleAnswer, str]:
    return console_says(cast("Cloud", ec2), instance(100), KEY)


def test_machines_that_have_no_latest_output_are_asked_for_what_was_kept() -> None:
    ec2 = OldEc2("UnsupportedOperation", kept=fingerprints(KEY))
    assert says(ec2) == (ConsoleAnswer.MATCHES, "")
    assert ec2.asked == [True, False]


def test_an_empty_latest_output_does_not_hide_what_was_kept() -> None:
    assert says(OldEc2("", kept=fingerprints(KEY))) == (ConsoleAnswer.MATCHES, "")
    assert says(OldEc2("", latest=fingerprints(KEY))) == (ConsoleAnswer.MATCHES, "")


def test_a_console_that_may_not_be_read_is_unavailable_and_says_why() -> None:
    answer, why = says(OldEc2("UnauthorizedOperation"))
    assert answer is ConsoleAnswer.UNAVAILABLE
    assert "Reading the console output of i-0100 is not allowed" in why
