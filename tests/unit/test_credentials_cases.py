"""Where credentials come from, and the whole sentence for each way in which there are none."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.credentials.keys import Child
from kubeplat_tui.services.credentials.model import Kind
from kubeplat_tui.services.errors import KubeplatError
from tests.unit.credential_cases import KEYS, account, sts_server
from tests.unit.sts_server import DEVICE, KEY_ID, OTHER_ROLE, ROLE, SECRET, SESSION_SECRET, TOKEN, Refusal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.credential_cases import Account

__all__ = ["account", "sts_server"]

VARIABLES = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
SECRETS = (KEY_ID, SECRET, TOKEN, SESSION_SECRET)
SSO = (
    "sso_start_url = https://login.example\nsso_region = eu-west-1\n"
    "sso_account_id = 123456789012\nsso_role_name = r\n"
)
CHAIN = f"[profile work]\nrole_arn = {ROLE}\nsource_profile = base\n[profile base]\n{KEYS}"
PROCESS = (
    f'[profile work]\ncredential_process = {sys.executable} -c "print(chr(123) + '
    '\'\\"Version\\": 1, \\"AccessKeyId\\": \\"AKIAPROCESS\\", \\"SecretAccessKey\\": \\"s\\"\' + chr(125))"\n'
)


@dataclass(frozen=True)
class Case:
    """What is set up, and what is found."""

    kind: Kind
    source: str
    child: Child
    config: str = ""
    credentials: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    role: str = ""
    key: str = "AKIA…MPLE"


FOUND = {
    "variables": Case(
        Kind.ENVIRONMENT,
        "the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        Child.KEYS,
        variables=VARIABLES,
    ),
    "variables before the profile": Case(
        Kind.ENVIRONMENT,
        "the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        Child.KEYS,
        credentials="[work]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n",
        variables=VARIABLES,
    ),
    "a session's variables": Case(
        Kind.ENVIRONMENT,
        "the environment variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
        Child.KEYS,
        variables={**VARIABLES, "AWS_SESSION_TOKEN": TOKEN},
    ),
    "a secret alone does not hide the profile": Case(
        Kind.SHARED_FILE,
        "profile work of ~/.aws/credentials",
        Child.PROFILE,
        credentials=f"[work]\n{KEYS}",
        variables={"AWS_SECRET_ACCESS_KEY": "x"},
    ),
    "a token alone does not hide the profile": Case(
        Kind.SHARED_FILE,
        "profile work of ~/.aws/config",
        Child.PROFILE,
        config=f"[profile work]\n{KEYS}",
        variables={"AWS_SESSION_TOKEN": "x", "AWS_PROFILE": "gone"},
    ),
    "a role by a chain of profiles": Case(
        Kind.ROLE,
        f"role {ROLE} of profile work of ~/.aws/config, assumed with profile base of ~/.aws/config",
        Child.PROFILE,
        config=CHAIN,
        role=ROLE,
        key="ASIA…*",
    ),
    "a role by the variables' keys": Case(
        Kind.ROLE,
        f"role {ROLE} of profile work of ~/.aws/config",
        Child.PROFILE,
        config=f"[profile work]\nrole_arn = {ROLE}\ncredential_source = EcsContainer\n",
        variables={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{endpoint}/container"},
        role=ROLE,
        key="ASIA…*",
    ),
    "a process": Case(
        Kind.PROCESS,
        "profile work of ~/.aws/config (its credential_process)",
        Child.PROFILE,
        config=PROCESS,
        key="AKIA…CESS",
    ),
    "a web identity": Case(
        Kind.WEB_IDENTITY,
        "profile work of ~/.aws/config (web identity)",
        Child.PROFILE,
        config=f"[profile work]\nrole_arn = {ROLE}\nweb_identity_token_file = {{home}}/identity\n",
        role=ROLE,
        key="ASIA…*",
    ),
    "no profile, but a container's role": Case(
        Kind.CONTAINER_ROLE,
        "the role of this container",
        Child.MACHINE,
        variables={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{endpoint}/container"},
        key="ASIA…*",
    ),
    "no profile, but an instance's role": Case(
        Kind.INSTANCE_ROLE,
        "the role of this EC2 instance",
        Child.MACHINE,
        variables={"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{endpoint}"},
        key="ASIA…*",
    ),
    "no profile, but a pod's web identity": Case(
        Kind.WEB_IDENTITY,
        "the web identity of AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN",
        Child.MACHINE,
        variables={"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/identity", "AWS_ROLE_ARN": ROLE},
        key="ASIA…*",
    ),
    "a profile before the container's role": Case(
        Kind.SHARED_FILE,
        "profile work of ~/.aws/credentials",
        Child.PROFILE,
        credentials=f"[work]\n{KEYS}",
        variables={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{endpoint}/container"},
    ),
}


def prepare(
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    config: str,
    credentials: str,
    variables: dict[str, str],
) -> None:
    """Write the files and set the variables of a case."""
    (account.home / "identity").write_text("a token of an identity provider")
    account.write(config.replace("{home}", str(account.home)), credentials)
    for name, value in variables.items():
        monkeypatch.setenv(
            name, value.replace("{endpoint}", account.server.endpoint).replace("{home}", str(account.home))
        )


@pytest.mark.parametrize("case", FOUND.values(), ids=FOUND.keys())
def test_credentials_are_found_in_the_order_people_expect(
    account: Account, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    prepare(account, monkeypatch, case.config, case.credentials, case.variables)
    credentials = account.credentials()
    status = credentials.status()
    assert (status.problem, status.kind, status.source, status.role_arn) == (
        "",
        case.kind,
        case.source,
        case.role,
    )
    assert status.access_key_id.startswith(case.key.rstrip("*"))
    assert credentials.held is not None
    assert credentials.held.child is case.child
    assert not any(secret in repr((credentials.held, status)) for secret in SECRETS)


@dataclass(frozen=True)
class Failure:
    """What is set up, and the sentence that says why there are no credentials."""

    said: str
    config: str = ""
    credentials: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    role: str = ""
    serial: str = ""
    refused: dict[str, Refusal] = field(default_factory=dict)


DENIED = Refusal(
    "AccessDenied",
    f"User: arn:aws:iam::123456789012:user/jest is not authorized to perform: sts:AssumeRole on resource: {ROLE}",
)
EXPIRED = Refusal("ExpiredToken", "The security token included in the request is expired", 400)
FAILURES = {
    "nothing at all": Failure(
        "There are no AWS credentials: AWS_ACCESS_KEY_ID is not set, and there is no profile work. "
        "~/.aws/config and ~/.aws/credentials have none, and this computer has no role of its own. "
        "Set the variables, or make the profile: aws configure --profile work. "
        "aws_profile in the environment's file names another one."
    ),
    "another profile": Failure(
        "There are no AWS credentials: AWS_ACCESS_KEY_ID is not set, and there is no profile work. "
        "~/.aws/config and ~/.aws/credentials have other, and this computer has no role of its own. "
        'AWS_PROFILE names other, which is not asked: to use it, write aws_profile = "other" into '
        "the environment's file. "
        "Set the variables, or make the profile: aws configure --profile work. "
        "aws_profile in the environment's file names another one.",
        credentials=f"[other]\n{KEYS}",
        variables={"AWS_PROFILE": "other"},
    ),
    "a secret alone": Failure(
        "There are no AWS credentials: AWS_ACCESS_KEY_ID is not set, and there is no profile work. "
        "~/.aws/config and ~/.aws/credentials have none, and this computer has no role of its own. "
        "AWS_SECRET_ACCESS_KEY is set, but nothing is without AWS_ACCESS_KEY_ID. "
        "Set the variables, or make the profile: aws configure --profile work. "
        "aws_profile in the environment's file names another one.",
        variables={"AWS_SECRET_ACCESS_KEY": SECRET},
    ),
    "a key id alone": Failure(
        "Only half of the AWS credentials is in the environment variables: AWS_SECRET_ACCESS_KEY is missing. "
        "Set both, or unset AWS_ACCESS_KEY_ID to use the profile.",
        credentials=f"[work]\n{KEYS}",
        variables={"AWS_ACCESS_KEY_ID": KEY_ID},
    ),
    "a session of the variables that is over": Failure(
        "The AWS session of the environment variables has expired, as AWS_CREDENTIAL_EXPIRATION says. "
        "Set new ones and start again, or unset AWS_ACCESS_KEY_ID to use the profile.",
        variables={
            **VARIABLES,
            "AWS_SESSION_TOKEN": TOKEN,
            "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
        },
    ),
    "no time": Failure(
        "AWS_CREDENTIAL_EXPIRATION is no time. Write it as 2030-01-31T12:00:00Z, or unset it.",
        variables={**VARIABLES, "AWS_SESSION_TOKEN": TOKEN, "AWS_CREDENTIAL_EXPIRATION": "soon"},
    ),
    "half a profile": Failure(
        "The profile work of ~/.aws/credentials is not complete: it lacks aws_secret_access_key. "
        "Complete it: aws configure --profile work.",
        credentials=f"[work]\naws_access_key_id = {KEY_ID}\n",
    ),
    "a profile of settings only": Failure(
        "The profile work of ~/.aws/config is not complete: it lacks aws_access_key_id, or where else its keys come "
        "from. Complete it: aws configure --profile work.",
        config="[profile work]\nregion = eu-west-2\n",
    ),
    "a file that is none": Failure(
        "{home}/.aws/config cannot be read as a file of AWS profiles. "
        "Correct it: sections in brackets, then name = value.",
        config="work = what\n",
    ),
    "a chain that ends nowhere": Failure(
        'The profile work of ~/.aws/config is not right. The source_profile "gone" referenced in the profile "work" '
        "does not exist. Correct it.",
        config=f"[profile work]\nrole_arn = {ROLE}\nsource_profile = gone\n",
    ),
    "a chain that goes round": Failure(
        "The profile work of ~/.aws/config is not right. Infinite loop in credential configuration detected. "
        "Attempting to load from profile work which has already been visited. Visited profiles: ['work', 'base']. "
        "Correct it.",
        config=f"[profile work]\nrole_arn = {ROLE}\nsource_profile = base\n"
        f"[profile base]\nrole_arn = {OTHER_ROLE}\nsource_profile = work\n",
    ),
    "an SSO session that was never opened": Failure(
        "The SSO session of the profile work of ~/.aws/config has expired, or was never opened. "
        "Log in: aws sso login --profile work.",
        config=f"[profile work]\n{SSO}",
    ),
    "an SSO session at the beginning of a chain": Failure(
        "The SSO session of the profile work of ~/.aws/config has expired, or was never opened. "
        "Log in: aws sso login --profile base.",
        config=f"[profile work]\nrole_arn = {ROLE}\nsource_profile = base\n[profile base]\n{SSO}",
    ),
    "an SSO session that does not exist": Failure(
        'The profile work of ~/.aws/config is not right. The specified sso-session does not exist: "corp". Correct it.',
        config="[profile work]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = r\n",
    ),
    "a process that fails": Failure(
        "The credential_process of the profile work of ~/.aws/config failed. It says no to AKIA…MPLE and …. "
        "Run the command by hand to see more.",
        config=f"[profile work]\ncredential_process = {sys.executable} -c "
        f"\"import sys; sys.exit('It says no to {KEY_ID} and {SESSION_SECRET}.')\"\n",
    ),
    "a process that is not there": Failure(
        "The credential_process of the profile work of ~/.aws/config failed. "
        "It could not be started: No such file or directory. Run the command by hand to see more.",
        config="[profile work]\ncredential_process = /nowhere/at/all\n",
    ),
    "a process that speaks otherwise": Failure(
        "The credential_process of the profile work of ~/.aws/config failed. It did not answer with JSON. "
        "Run the command by hand to see more.",
        config=f'[profile work]\ncredential_process = {sys.executable} -c "print(1 - 1, 2)"\n',
    ),
    "a login of the AWS CLI": Failure(
        "The profile work of ~/.aws/config is one of aws login, which boto3 reads only with a package that is not "
        "here. Install botocore[crt] beside kubeplat, or let the AWS CLI read it: "
        "credential_process = aws configure export-credentials --profile work.",
        config="[profile work]\nlogin_session = arn:aws:iam::123456789012:user/jest\n",
    ),
    "a role that is refused": Failure(
        f"The role {ROLE} was refused: AWS refused sts:AssumeRole. "
        f"User: arn:aws:iam::123456789012:user/jest is not authorized to perform: sts:AssumeRole on resource: {ROLE}. "
        "Ask the owner of the account to let you assume it: its trust policy, and your own. "
        "Where the role asks for MFA, name the device with mfa_serial or aws_mfa_serial.",
        config=CHAIN,
        refused={"AssumeRole": DENIED},
    ),
    "the file's role on top": Failure(
        f"The role {OTHER_ROLE} was refused: AWS refused sts:AssumeRole. "
        f"User: arn:aws:iam::123456789012:user/jest is not authorized to perform: sts:AssumeRole on resource: {ROLE}. "
        "Ask the owner of the account to let you assume it: its trust policy, and your own. "
        "Where the role asks for MFA, name the device with mfa_serial or aws_mfa_serial.",
        config=CHAIN,
        role=OTHER_ROLE,
        refused={OTHER_ROLE: DENIED},
    ),
    "a base whose session is over": Failure(
        f"Assuming the role {ROLE} failed: the AWS credentials have expired. "
        "The security token included in the request is expired. "
        "Renew them: kubeplat credentials --renew; where it says that it cannot, get new ones there.",
        variables={**VARIABLES, "AWS_SESSION_TOKEN": TOKEN},
        role=ROLE,
        refused={"AssumeRole": EXPIRED},
    ),
    "a code that nobody may be asked for": Failure(
        f"The session needs a code of the MFA device {DEVICE}. "
        "Renew the credentials: kubeplat credentials --renew asks for it.",
        credentials=f"[work]\n{KEYS}mfa_serial = {DEVICE}\n",
    ),
    "a web identity without its file": Failure(
        "{home}/gone could not be read for the profile work of ~/.aws/config. No such file or directory. "
        "Make it readable for you.",
        config=f"[profile work]\nrole_arn = {ROLE}\nweb_identity_token_file = {{home}}/gone\n",
    ),
}


@pytest.mark.parametrize("case", FAILURES.values(), ids=FAILURES.keys())
def test_each_failure_has_its_own_sentence(
    account: Account, monkeypatch: pytest.MonkeyPatch, case: Failure
) -> None:
    prepare(account, monkeypatch, case.config, case.credentials, case.variables)
    account.rules.refused = case.refused
    credentials = account.credentials(role=case.role, serial=case.serial)
    status = credentials.status()
    assert status.problem == case.said.replace("{home}", str(account.home))
    assert status.kind is Kind.NONE
    with pytest.raises(KubeplatError) as raised:
        account.cloud(
            credentials
        ).identity() if not case.refused and "MFA" not in case.said else credentials.current()
    assert not any(secret in repr((status, raised.value, vars(raised.value))) for secret in SECRETS)


def test_there_are_as_many_sentences_as_failures() -> None:
    assert len({case.said for case in FAILURES.values()}) == len(FAILURES)


def write_sso_token(folder: Path, expires: timedelta) -> None:
    """What `aws sso login` leaves for the start URL."""
    import hashlib

    folder.mkdir()
    name = hashlib.sha1(b"https://login.example", usedforsecurity=False).hexdigest()
    until = (datetime.now(UTC) + expires).strftime("%Y-%m-%dT%H:%M:%SZ")
    (folder / f"{name}.json").write_text(
        json.dumps(
            {
                "startUrl": "https://login.example",
                "region": "eu-west-1",
                "accessToken": "t",
                "expiresAt": until,
            }
        )
    )


def test_sso(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.credentials import SSOProvider

    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(account.home / "sso"))
    account.write(f"[profile work]\n{SSO}")
    write_sso_token(account.home / "sso", timedelta(hours=1))
    credentials = account.credentials()
    status = credentials.status()
    assert (status.kind, status.source) == (Kind.SSO, "profile work of ~/.aws/config (SSO)")
    assert status.renews
    assert credentials.environ() == {"AWS_PROFILE": "work"}
    account.rules.refused = {"GetRoleCredentials": Refusal("ForbiddenException", "No access", 403)}
    assert account.status().problem == (
        "SSO gives no keys for the profile work of ~/.aws/config: AWS refused sso:GetRoleCredentials. No access. "
        "Check sso_account_id and sso_role_name, or ask for the role to be assigned to you."
    )
    account.rules.refused = {
        "GetRoleCredentials": Refusal("UnauthorizedException", "Session token not found", 401)
    }
    assert account.status().problem == (
        "The SSO session of the profile work of ~/.aws/config has expired, or was never opened. "
        "Log in: aws sso login --profile work."
    )
