"""Credentials and prerequisites for the application's tests: staging, with a role behind an MFA device."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from kubeplat_tui.services.credentials.model import CredentialsStatus, Kind, MfaQuestion
from kubeplat_tui.services.prerequisites import TITLES, Key, Prerequisite, State
from tests.screens.fakes import NOW, FakeIntents

if TYPE_CHECKING:
    from kubeplat_tui.services.site import Site

ACCOUNT = "210987654321"
DEVICE = f"arn:aws:iam::{ACCOUNT}:mfa/jest"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Engineer"
QUESTION = MfaQuestion("staging", DEVICE, ROLE, 1)
STATUS = CredentialsStatus(
    Kind.ROLE,
    "profile staging of ~/.aws/config",
    profile="staging",
    role_arn=ROLE,
    mfa_serial=DEVICE,
    access_key_id="ASIA…WXYZ",
    expires=NOW + timedelta(minutes=42, seconds=30),
    cached=True,
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/Engineer/jest",
    renewable=True,
)
SANDBOX = CredentialsStatus(Kind.SANDBOX, "the sandbox on this computer asks for none")


def part(key: Key, state: State, detail: str, remedy: str = "") -> Prerequisite:
    """A row of the checklist."""
    return Prerequisite(key, TITLES[key], state, detail, remedy)


PREREQUISITES = (
    part(Key.CREDENTIALS, State.DONE, f"{STATUS.arn}."),
    part(Key.ACCOUNT, State.DONE, f"{ACCOUNT}, eu-west-1."),
    part(Key.TERRAFORM, State.DONE, "Terraform 1.11.4 at /usr/local/bin/terraform."),
    part(
        Key.ACCESS,
        State.MISSING,
        "198.51.100.7/32 is not in ssh_access_list and kubeapi_access_list: this computer cannot get in.",
        "Add 198.51.100.7/32 to ssh_access_list and kubeapi_access_list",
    ),
    part(
        Key.MASTER_KEY,
        State.MISSING,
        "The file names none.",
        "Make a KMS key, alias kubeplat-staging, and write it into the file",
    ),
    part(
        Key.STATE_BUCKET,
        State.UNKNOWN,
        "Looking up the bucket example-staging-state is not allowed: AWS refused HeadBucket. User jest is not "
        "authorized to perform: s3:ListBucket. Ask the owner of the account for the permission s3:ListBucket, or "
        "use other credentials.",
    ),
    part(
        Key.SECRETS_BUCKET, State.LATER, "The name example-staging-secrets is free: the first run makes it."
    ),
    part(
        Key.PUBLIC_ZONE,
        State.WRONG,
        "The account has no public zone staging.example.com. Name one that it has with public_zone_name.",
    ),
)
ALL_DONE = tuple(replace(one, state=State.DONE, remedy="") for one in PREREQUISITES)


class CredentialIntents(FakeIntents):
    """Each of the new answers can be changed by a test; what is asked for is counted."""

    status_of_keys = STATUS
    prerequisites_found: tuple[Prerequisite, ...] = PREREQUISITES

    def credentials(self, site: Site) -> CredentialsStatus:
        self.behaviour.enter("credentials")
        return self.status_of_keys

    def renew_credentials(self, site: Site) -> None:
        self.behaviour.enter("renew_credentials")
        if self.credential_questions is not None and self.status_of_keys.mfa_serial:
            code = self.credential_questions.mfa_code(QUESTION)
            self.behaviour.calls.append(f"code {code}")
        self.status_of_keys = replace(self.status_of_keys, expires=NOW + timedelta(hours=12), problem="")

    def forget_credentials(self, site: Site) -> int:
        self.behaviour.enter("forget_credentials")
        self.status_of_keys = replace(self.status_of_keys, cached=False)
        return 1

    def prerequisites(self, site: Site) -> tuple[Prerequisite, ...]:
        self.behaviour.enter("prerequisites")
        return self.prerequisites_found

    def remedy(self, site: Site, key: Key) -> str:
        self.behaviour.enter(f"remedy {key}")
        self.prerequisites_found = tuple(
            replace(one, state=State.DONE, remedy="") if one.key is key else one
            for one in self.prerequisites_found
        )
        return f"Done: {key}."
