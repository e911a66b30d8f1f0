"""Sessions opened with a code: asked once, kept in the keyring only, renewed in time, and never without warning."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from keyring.errors import KeyringLocked

from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.credentials.keys import Child
from kubeplat_tui.services.credentials.model import Kind
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import now
from tests.unit import keyrings
from tests.unit.credential_cases import KEYS, account, sts_server
from tests.unit.scripted_s3 import ScriptedLease
from tests.unit.sts_server import (
    ACCOUNT,
    DEVICE,
    JEST,
    KEY_ID,
    OTHER_ROLE,
    ROLE,
    SECRET,
    SESSION_SECRET,
    TOKEN,
    Refusal,
)

if TYPE_CHECKING:
    from datetime import datetime

    from kubeplat_tui.services.credentials.cloud_credentials import CloudCredentials
    from tests.unit.credential_cases import Account

__all__ = ["account", "sts_server"]

MFA = f"[work]\n{KEYS}mfa_serial = {DEVICE}\n"
ROLE_WITH_MFA = (
    f"[profile work]\nrole_arn = {ROLE}\nsource_profile = base\nmfa_serial = {DEVICE}\n[profile base]\n{KEYS}"
)
LATE = "AWS did not accept the code: it is mistyped, has been used already, or is older than half a minute."


def refused(credentials: CloudCredentials) -> str:
    """The sentence with which getting keys ends."""
    with pytest.raises(KubeplatError) as raised:
        credentials.current()
    return str(raised.value)


def left(credentials: CloudCredentials, seconds: float) -> None:
    """Let the keys in use end in so many seconds."""
    held = credentials.held
    assert held is not None
    keys = replace(held.keys, expires=now() + timedelta(seconds=seconds))
    made = now() + timedelta(seconds=seconds) - timedelta(hours=1)
    credentials._held = replace(held, keys=keys, made=made)  # instead of waiting for an hour


# --- the code -----------------------------------------------------------------------------------------------


def test_a_profile_with_a_device_and_no_role_gets_a_session(account: Account) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=["123 456"])
    found = credentials.current()
    assert found.keys.token == TOKEN
    assert [one.call for one in account.rules.asked] == ["GetSessionToken"]
    status = credentials.status()
    assert status.source == f"session of the MFA device {DEVICE}, with profile work of ~/.aws/credentials"
    assert (status.kind, status.mfa_serial, status.role_arn) == (Kind.SHARED_FILE, DEVICE, "")
    assert (status.renews, status.renewable, status.cached, status.keyring) == (False, True, False, "")
    assert credentials.environ() == {
        "AWS_ACCESS_KEY_ID": found.keys.access,
        "AWS_SECRET_ACCESS_KEY": SESSION_SECRET,
        "AWS_SESSION_TOKEN": TOKEN,
    }
    assert account.cloud(credentials).identity().arn == JEST


def test_a_role_that_takes_a_code(account: Account) -> None:
    account.write(ROLE_WITH_MFA)
    credentials = account.credentials(typed=["123456"])
    found = credentials.current()
    assert account.codes is not None
    asked = account.codes.questions[0]
    assert (asked.profile, asked.serial, asked.role_arn, asked.attempt, asked.wrong) == (
        "work",
        DEVICE,
        ROLE,
        1,
        "",
    )
    assert (found.child, found.by_person, found.role_arn) == (Child.KEYS, True, ROLE)
    assert account.rules.asked[0].arguments["RoleSessionName"] == "kubeplat"


@pytest.mark.parametrize(
    ("config", "role", "calls"),
    [
        (f"[profile work]\n{KEYS}", "", ["GetSessionToken"]),
        (f"[profile work]\n{KEYS}", ROLE, ["AssumeRole"]),
        (
            f"[profile work]\nrole_arn = {ROLE}\nsource_profile = base\n[profile base]\n{KEYS}",
            "",
            ["AssumeRole"],
        ),
        (ROLE_WITH_MFA, OTHER_ROLE, ["AssumeRole", "AssumeRole"]),
    ],
)
def test_the_files_device_and_role(account: Account, config: str, role: str, calls: list[str]) -> None:
    account.write(config)
    credentials = account.credentials(role=role, serial=DEVICE, typed=["123456"])
    found = credentials.current()
    assert [one.call for one in account.rules.asked] == calls
    assert [one.arguments.get("TokenCode") for one in account.rules.asked] == ["123456", None][: len(calls)]
    assert account.rules.users[found.keys.access] == (
        f"{role or ROLE}/session" if calls[0] == "AssumeRole" else JEST
    )


def test_keys_with_a_token_give_no_code(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ACCESS_KEY_ID", KEY_ID), ("SECRET_ACCESS_KEY", SECRET), ("SESSION_TOKEN", TOKEN)):
        monkeypatch.setenv(f"AWS_{name}", value)
    credentials = account.credentials(role=ROLE, serial=DEVICE, typed=[])
    assert credentials.current().kind is Kind.ROLE
    assert "SerialNumber" not in account.rules.asked[0].arguments


def test_a_wrong_code_is_asked_again_and_each_says_why(account: Account) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=["12345", "999999", "654321"])
    assert credentials.current().keys.token == TOKEN
    assert account.codes is not None
    assert [(one.attempt, one.wrong) for one in account.codes.questions] == [
        (1, ""),
        (2, "A code has 6 digits."),
        (3, LATE),
    ]


def test_three_wrong_codes_are_the_end_until_somebody_renews(account: Account) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=["111111", "222222", "333333", "123456"])
    said = (
        f"No code of the MFA device {DEVICE} was accepted. {LATE} Wait for the device's next code, and renew the "
        "credentials. If no code is ever accepted, its clock is wrong, or mfa_serial names another device."
    )
    assert refused(credentials) == said
    assert refused(credentials) == said
    assert account.codes is not None
    assert len(account.codes.questions) == 3
    credentials.renew()
    assert credentials.status().problem == ""


def test_a_late_code_is_one_that_was_used(account: Account) -> None:
    account.write(credentials=MFA)
    account.credentials(typed=["123456"]).renew()
    credentials = account.credentials(typed=["123456", "654321"])
    credentials.renew()
    assert account.codes is not None
    assert account.codes.questions[1].wrong == LATE


@pytest.mark.parametrize(
    ("serial", "typed", "said"),
    [
        (
            DEVICE,
            [],
            f"No code of the MFA device {DEVICE} was given: the session was not opened. "
            "Renew the credentials when you have the device at hand.",
        ),
        (
            DEVICE,
            None,
            f"The session needs a code of the MFA device {DEVICE}, and there is nobody to ask for it. "
            "Give it with --mfa-code CODE, or start this at a terminal.",
        ),
        (
            f"{DEVICE}2",
            ["123456"],
            f"AWS does not take codes of the MFA device {DEVICE}2 from this user. MultiFactorAuthentication failed, "
            "unable to validate MFA code. Please verify your MFA serial number is valid and associated with this user. "
            "Correct mfa_serial in the profile, or aws_mfa_serial in the environment's file: it is the ARN that IAM "
            "shows under the user's security credentials.",
        ),
    ],
)
def test_no_session(account: Account, serial: str, typed: list[str] | None, said: str) -> None:
    account.write(credentials=f"[work]\n{KEYS}")
    assert refused(account.credentials(serial=serial, typed=typed)) == said


def test_a_role_that_is_refused_with_a_code(account: Account) -> None:
    account.write(ROLE_WITH_MFA)
    account.rules.refused = {ROLE: Refusal("AccessDenied", "User may not.")}
    assert refused(account.credentials(typed=["123456"])) == (
        f"The role {ROLE} was refused: AWS refused sts:AssumeRole. User may not. "
        "Ask the owner of the account to let you assume it: its trust policy, and your own."
    )


# --- who is asked, and how often ------------------------------------------------------------------------------


def test_several_threads_ask_once(account: Account) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=["123456"])
    assert account.codes is not None
    asking, others = threading.Event(), threading.Barrier(4)
    account.codes.before = asking.set
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(lambda: (others.wait(), credentials.current())[1]) for _ in range(4)]
        assert len({one.result().keys.access for one in found}) == 1
    assert len(account.codes.questions) == 1


def test_one_no_is_a_no_for_all(account: Account) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=[])
    others = threading.Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        ended = [pool.submit(lambda: (others.wait(), refused(credentials))[1]) for _ in range(4)]
        assert len({one.result() for one in ended}) == 1
    assert account.codes is not None
    assert len(account.codes.questions) == 1


def test_a_cloud_in_a_hurry_asks_nobody(account: Account) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=["123456"])
    with pytest.raises(KubeplatError, match="needs a code of the MFA device"):
        credentials.current(quiet=True)
    with credentials.silence():
        assert "needs a code" in refused(credentials)
    assert account.codes is not None
    assert account.codes.questions == []
    assert credentials.current().keys.token == TOKEN


# --- renewal --------------------------------------------------------------------------------------------------


def test_what_needs_nobody_is_renewed_early_and_goes_on_where_that_fails(account: Account) -> None:
    account.write(f"[profile work]\nrole_arn = {ROLE}\nsource_profile = base\n[profile base]\n{KEYS}")
    credentials = account.credentials()
    first = credentials.current()
    assert first.renews
    assert credentials.current() is first
    left(credentials, 10 * 60)
    account.rules.refused = {ROLE: Refusal("AccessDenied", "Not now.")}
    assert credentials.current().keys.access == first.keys.access
    account.rules.refused = {}
    assert credentials.current().keys.access != first.keys.access
    left(credentials, 30)
    account.rules.refused = {ROLE: Refusal("AccessDenied", "Not now.")}
    assert "Not now." in refused(credentials)


def test_what_needs_a_person_is_used_to_its_end(account: Account) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=["123456", "654321"])
    first = credentials.current()
    left(credentials, 5 * 60)
    assert credentials.current().keys.access == first.keys.access
    left(credentials, 30)
    account.keyring.entries.clear()
    assert credentials.current().keys.access != first.keys.access


def test_boto3_signs_with_what_is_new(account: Account) -> None:
    account.write(f"[profile work]\nrole_arn = {ROLE}\nsource_profile = base\n[profile base]\n{KEYS}")
    credentials = account.credentials()
    cloud = account.cloud(credentials)
    cloud.identity()
    left(credentials, 30)
    cloud.identity()
    first, second = account.rules.calls("GetCallerIdentity")
    assert first.key_id != second.key_id
    signing = cloud.credentials()
    assert signing.access_key == second.key_id
    assert (signing.secret_key, signing.token) == (SESSION_SECRET, TOKEN)


def test_a_renewal_that_fails_leaves_the_old_keys(account: Account) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=["123456"])
    first = credentials.current()
    with pytest.raises(KubeplatError, match="was given"):
        credentials.renew()
    assert credentials.current() is first


# --- the keyring ----------------------------------------------------------------------------------------------


def test_a_session_is_kept_in_the_keyring_until_it_ends(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.write(credentials=MFA)
    account.credentials(typed=["123456"]).current()
    ((service, name), _) = next(iter(account.keyring.entries.items()))
    assert (service, name.partition("/")[0]) == ("kubeplat", "credentials")
    again = account.credentials()
    assert again.current().keys.token == TOKEN
    assert again.status().cached
    assert [one.call for one in account.rules.asked] == ["GetSessionToken"]
    monkeypatch.setattr(
        "kubeplat_tui.services.credentials.token_cache.now", lambda: now() + timedelta(hours=1)
    )
    assert "nobody to ask" in refused(account.credentials())


def test_another_device_or_key_has_another_entry(account: Account) -> None:
    account.rules.codes["SERIAL123"] = ["123456"]
    account.write(credentials=f"[work]\n{KEYS}")
    account.credentials(serial=DEVICE, typed=["123456"]).current()
    account.credentials(serial="SERIAL123", typed=["123456"]).current()
    assert len(account.keyring.entries) == 2


def test_forgetting(account: Account) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=["123456"])
    credentials.current()
    assert credentials.forget() == 1
    assert account.keyring.entries == {}
    assert credentials.held is None
    assert credentials.forget() == 0


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("locked", "It is locked. Unlock it, and try again."),
        ("absent", "No keyring service is running here, as in a container or without a desktop session."),
        ("broken entry", ""),
    ],
)
def test_without_a_keyring_the_session_lives_in_the_process(account: Account, told: str, why: str) -> None:
    from keyring.backends import fail

    account.write(credentials=MFA)
    credentials = account.credentials(typed=["123456"])
    if told == "locked":
        account.keyring.error = KeyringLocked("locked")
    if told == "broken entry":
        account.credentials(typed=["654321"]).current()
        account.keyring.entries = dict.fromkeys(account.keyring.entries, "{}")
        credentials = account.credentials(typed=["123456"])
    none = fail.Keyring()  # type: ignore[no-untyped-call]  # the package leaves it without types
    with keyrings.using(none if told == "absent" else account.keyring):
        assert credentials.current().keys.token == TOKEN
        status = credentials.status()
    assert status.problem == ""
    assert status.keyring.endswith(why)
    assert bool(status.keyring) == bool(why)
    assert not list(account.home.rglob("*token*"))


# --- AWS itself -----------------------------------------------------------------------------------------------


def test_who_it_is(account: Account) -> None:
    account.write(credentials=f"[work]\n{KEYS}")
    status = account.cloud(account.credentials()).credentials_status()
    assert (status.problem, status.account, status.arn) == ("", ACCOUNT, JEST)


WORDS = "kubeplat credentials says where they come from and what is wrong with them."


@pytest.mark.parametrize(
    ("refusal", "ahead", "region", "said"),
    [
        (
            Refusal("InvalidClientTokenId", "The security token included in the request is invalid."),
            0,
            "us-east-1",
            "AWS does not know the access key: it was deleted or made inactive, or is mistyped. The security token "
            f"included in the request is invalid. {WORDS}",
        ),
        (
            Refusal(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.\n\nThe Canonical "
                f"String for this request should have been\n'POST\nx-amz-security-token:{TOKEN}'",
            ),
            0,
            "us-east-1",
            "AWS does not accept the credentials: the secret access key is not the right one. The request signature we "
            f"calculated does not match the signature you provided. {WORDS}",
        ),
        (
            Refusal("ExpiredToken", "The security token included in the request is expired"),
            0,
            "us-east-1",
            "Asking AWS whose credentials these are failed: the AWS credentials have expired. The security token "
            "included in the request is expired. Renew them: kubeplat credentials --renew; where it says that it "
            "cannot, get new ones there.",
        ),
        (
            Refusal(
                "SignatureDoesNotMatch",
                "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z",
            ),
            1025,
            "us-east-1",
            "Asking AWS whose credentials these are failed: this computer's clock is wrong. It is 17 minutes behind "
            "AWS's. Set it (timedatectl set-ntp true, or the system's settings), then try again.",
        ),
        (
            Refusal(
                "InvalidSignatureException", "Signature not yet current: 20260101T010000Z is still later than"
            ),
            -7500,
            "us-east-1",
            "Asking AWS whose credentials these are failed: this computer's clock is wrong. It is 2 hours ahead of "
            "AWS's. Set it (timedatectl set-ntp true, or the system's settings), then try again.",
        ),
        (
            Refusal(
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            1025,
            "us-east-1",
            "Asking AWS whose credentials these are failed: this computer's clock is wrong. It is 17 minutes behind "
            "AWS's. Set it (timedatectl set-ntp true, or the system's settings), then try again.",
        ),
        (
            None,
            0,
            "ap-east-1",
            f"The region ap-east-1 does not know the credentials, which are good elsewhere (account {ACCOUNT}): the "
            "account has not enabled it. Enable ap-east-1 in the account's settings, or correct aws_region.",
        ),
        (
            Refusal(
                "AccessDenied",
                f"User: {JEST} is not authorized to perform: sts:GetCallerIdentity with a deny",
            ),
            0,
            "us-east-1",
            "Asking AWS whose credentials these are is not allowed: AWS refused GetCallerIdentity. "
            f"User: {JEST} is not authorized to perform: sts:GetCallerIdentity with a deny. "
            "Ask the owner of the account for the permission sts:GetCallerIdentity, or use other credentials.",
        ),
    ],
)
def test_what_aws_refuses(
    account: Account, refusal: Refusal | None, ahead: int, region: str, said: str
) -> None:
    account.write(credentials=f"[work]\n{KEYS}")
    account.rules.ahead = timedelta(seconds=ahead)
    account.rules.regions_off = {"ap-east-1"}
    account.rules.refused = {"GetCallerIdentity": refusal} if refusal is not None else {}
    status = account.cloud(account.credentials(), region).credentials_status()
    assert status.problem == said


def test_a_region_that_does_not_exist(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    account.write(credentials=f"[work]\n{KEYS}")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    status = Cloud("eu-west-9", "work", hurried=True, credentials=account.credentials()).credentials_status()
    assert status.problem == (
        f"AWS has no region eu-west-9. Its address does not answer, and boto3 {boto3.__version__} does not know it. "
        "Correct aws_region."
    )
    known = Cloud("eu-west-2", "work", hurried=True, credentials=account.credentials())
    assert "could not be reached" in known.credentials_status().problem


def test_a_region_is_told_though_aws_profile_names_nothing(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.write(credentials=f"[work]\n{KEYS}")
    account.rules.regions_off = {"ap-east-1"}
    monkeypatch.setenv("AWS_PROFILE", "gone")
    refused = account.cloud(account.credentials(), "ap-east-1").credentials_status()
    assert refused.problem.startswith(
        "The region ap-east-1 does not know the credentials, which are good elsewhere"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    unknown = Cloud("eu-west-9", "work", hurried=True, credentials=account.credentials())
    assert unknown.credentials_status().problem.startswith("AWS has no region eu-west-9.")


def test_the_service_descriptions_are_read_once_for_all_clouds(account: Account) -> None:
    account.write(credentials=f"[work]\n{KEYS}")
    first, second = (account.cloud(account.credentials()).client("sts") for _ in range(2))
    assert first is not second
    assert first.meta.service_model.metadata is second.meta.service_model.metadata


def test_the_sandbox_has_its_own(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_PROFILE", "production")
    account.rules.users[""] = JEST
    cloud = Cloud("eu-west-2", None, ScriptedLease(account.server.endpoint))
    status = cloud.credentials_status()
    assert (status.kind, status.source) == (Kind.SANDBOX, "the sandbox's own: nothing of yours is used")
    assert (status.problem, status.arn, status.expires, status.access_key_id) == ("", JEST, None, "")
    cloud.renew_credentials()
    assert (cloud.forget_credentials(), cloud.expires, cloud.login) == (0, None, None)
    environ = cloud.environ({"AWS_PROFILE": "production", "AWS_SESSION_TOKEN": TOKEN})
    assert (environ["AWS_ACCESS_KEY_ID"], environ["AWS_ENDPOINT_URL"]) == ("sandbox", account.server.endpoint)
    assert not environ.keys() & {"AWS_PROFILE", "AWS_SESSION_TOKEN"}


def test_the_end_is_known_without_waiting(account: Account) -> None:
    account.write(credentials=MFA)
    credentials = account.credentials(typed=["123456"])
    cloud = account.cloud(credentials)
    assert cloud.expires is None
    cloud.renew_credentials()
    expires: datetime | None = cloud.expires
    assert expires is not None
    assert timedelta(minutes=59) < expires - now() <= timedelta(hours=1)
