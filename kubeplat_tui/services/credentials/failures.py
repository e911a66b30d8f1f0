"""Why there are no credentials that work: one sentence for each kind of failure, none of which quotes a key.

Sources: botocore's exceptions; "Common errors" of the STS API; the AWS CLI's guide to `aws sso login` and `aws login`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.aws_errors import (
    CredentialsError,
    ForbiddenError,
    call_of,
    code_of,
    one_line,
    reason,
    translated,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeplat_tui.services.credentials.files import SharedFiles
    from kubeplat_tui.services.errors import KubeplatError

LATE_CODE = (
    "AWS did not accept the code: it is mistyped, has been used already, or is older than half a minute."
)


class WrongCodeError(Exception):
    """AWS did not take the code of an MFA device; another one may do."""

    what = LATE_CODE


class CancelledError(CredentialsError):
    """The person did not want to give a code, or had no right one: nobody is asked again unbidden."""


def nobody_to_ask(serial: str) -> KubeplatError:
    """A code is needed, and there is neither a terminal nor a dialog."""
    return CredentialsError(
        f"The session needs a code of the MFA device {serial}, and there is nobody to ask for it.",
        todo="Give it with --mfa-code CODE, or start this at a terminal.",
    )


def cancelled(serial: str) -> KubeplatError:
    """The question was answered with nothing."""
    return CancelledError(
        f"No code of the MFA device {serial} was given: the session was not opened.",
        todo="Renew the credentials when you have the device at hand.",
    )


def given_up(serial: str, wrong: str) -> KubeplatError:
    """The last attempt was wrong, too."""
    return CancelledError(
        f"No code of the MFA device {serial} was accepted.",
        why=wrong,
        todo="Wait for the device's next code, and renew the credentials. If no code is ever accepted, its clock is "
        "wrong, or mfa_serial names another device.",
    )


def wrong_device(serial: str, error: Exception) -> KubeplatError:
    """AWS knows no such device of this user."""
    return CredentialsError(
        f"AWS does not take codes of the MFA device {serial} from this user.",
        why=reason(error),
        todo="Correct mfa_serial in the profile, or aws_mfa_serial in the environment's file: it is the ARN "
        "that IAM shows under the user's security credentials.",
        call=call_of(error),
        code=code_of(error),
    )


def role_refused(role_arn: str, serial: str, error: Exception) -> KubeplatError:
    """The identity may not assume the role."""
    hint = (
        "" if serial else " Where the role asks for MFA, name the device with mfa_serial or aws_mfa_serial."
    )
    return ForbiddenError(
        f"The role {role_arn} was refused: AWS refused sts:AssumeRole.",
        why=reason(error),
        todo=f"Ask the owner of the account to let you assume it: its trust policy, and your own.{hint}",
        call="AssumeRole",
        code=code_of(error),
    )


def of_sts(error: Exception, role_arn: str) -> KubeplatError:
    """Any other failure of a call of STS. `role_arn` is "" where no role was to be assumed."""
    doing = f"Assuming the role {role_arn}" if role_arn else "Opening a session with the MFA device"
    return translated(error, doing=doing)


def none_at_all(profile: str | None, files: SharedFiles, environ: Mapping[str, str]) -> KubeplatError:
    """Neither variables, nor the profile, nor a machine's role."""
    half = (
        " AWS_SECRET_ACCESS_KEY is set, but nothing is without AWS_ACCESS_KEY_ID."
        if environ.get("AWS_SECRET_ACCESS_KEY")
        else ""
    )
    named = environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
    other = (
        f" AWS_PROFILE names {named}, which is not asked: to use it, write aws_profile = {json.dumps(named)} into "
        "the environment's file."
        if named and profile and named != profile
        else ""
    )
    if profile is None:
        return CredentialsError(
            "There are no AWS credentials.",
            why="AWS_ACCESS_KEY_ID is not set, no profile is the default one, and this computer has no role of its "
            f"own.{half}",
            todo="Set the variables, or name a profile.",
        )
    return CredentialsError(
        f"There are no AWS credentials: AWS_ACCESS_KEY_ID is not set, and there is no profile {profile}.",
        why=f"{files.words} {files.has_words}, and this computer has no role of its own.{half}{other}",
        todo=f"Set the variables, or make the profile: aws configure --profile {profile}. aws_profile in the "
        "environment's file names another one.",
    )


def half_of_the_variables(missing: str) -> KubeplatError:
    """Only one of the two variables is set."""
    return CredentialsError(
        f"Only half of the AWS credentials is in the environment variables: {missing} is missing.",
        todo="Set both, or unset AWS_ACCESS_KEY_ID to use the profile.",
    )


def of_variables_time(error: Exception) -> KubeplatError:
    """The variables hold a session that is over (RuntimeError), or a time that is none (ValueError)."""
    if isinstance(error, ValueError):
        return CredentialsError(
            "AWS_CREDENTIAL_EXPIRATION is no time.", todo="Write it as 2030-01-31T12:00:00Z, or unset it."
        )
    return CredentialsError(
        "The AWS session of the environment variables has expired, as AWS_CREDENTIAL_EXPIRATION says.",
        todo="Set new ones and start again, or unset AWS_ACCESS_KEY_ID to use the profile.",
    )


@dataclass(frozen=True, slots=True)
class _Profile:
    """The profile that failed."""

    name: str
    files: SharedFiles

    @property
    def where(self) -> str:
        return f"profile {self.name} of {self.files.place(self.name)}"

    @property
    def has_process(self) -> bool:
        return bool(self.files.setting(self.name, "credential_process"))


def of_profile(error: Exception, profile: str, files: SharedFiles) -> KubeplatError:
    """Why the profile `profile` gives no keys. `error`: what botocore, the system or a parser raised."""
    failed = _Profile(profile, files)
    for explained in (_of_text, _of_sso, _of_process, _of_answer):
        said = explained(error, failed)
        if said is not None:
            return said
    return CredentialsError(f"The {failed.where} gives no credentials.", why=f"{type(error).__name__}.")


def _of_text(error: Exception, failed: _Profile) -> KubeplatError | None:
    """What is wrong with the files themselves."""
    from botocore import exceptions as boto

    match error:
        case boto.PartialCredentialsError():
            return CredentialsError(
                f"The {failed.where} is not complete: it lacks {error.kwargs.get('cred_var')}.",
                todo=f"Complete it: aws configure --profile {failed.name}.",
            )
        case boto.ConfigParseError():
            return CredentialsError(
                f"{error.kwargs.get('path')} cannot be read as a file of AWS profiles.",
                todo="Correct it: sections in brackets, then name = value.",
            )
        case boto.InvalidConfigError():
            return CredentialsError(
                f"The {failed.where} is not right.", why=_sentence(error), todo="Correct it."
            )
        case OSError() if not failed.has_process:
            return CredentialsError(
                f"{error.filename or failed.files.words} could not be read for the {failed.where}.",
                why=f"{error.strerror or error}.",
                todo="Make it readable for you.",
            )
    return None


def _of_sso(error: Exception, failed: _Profile) -> KubeplatError | None:
    """Sessions that a person opens in a browser."""
    from botocore import exceptions as boto

    login = f"aws sso login --profile {failed.files.sso_profile(failed.name)}"
    match error:
        case boto.SSOTokenLoadError() | boto.UnauthorizedSSOTokenError() | boto.TokenRetrievalError():
            return CredentialsError(
                f"The SSO session of the {failed.where} has expired, or was never opened.",
                todo=f"Log in: {login}.",
            )
        case boto.ClientError() if call_of(error) == "GetRoleCredentials":
            return ForbiddenError(
                f"SSO gives no keys for the {failed.where}: AWS refused sso:GetRoleCredentials.",
                why=reason(error),
                todo="Check sso_account_id and sso_role_name, or ask for the role to be assigned to you.",
                call="GetRoleCredentials",
                code=code_of(error),
            )
        case boto.LoginError():
            return CredentialsError(
                f"The login session of the {failed.where} has expired, or was never opened.",
                why=_sentence(error),
                todo=f"Log in: aws login --profile {failed.name}.",
            )
        case boto.MissingDependencyException():
            return CredentialsError(
                f"The {failed.where} is one of aws login, which boto3 reads only with a package that is not here.",
                todo="Install botocore[crt] beside kubeplat, or let the AWS CLI read it: "
                f"credential_process = aws configure export-credentials --profile {failed.name}.",
            )
    return None


def _of_process(error: Exception, failed: _Profile) -> KubeplatError | None:
    """The program that a profile names."""
    from botocore.credentials import ProcessProvider
    from botocore.exceptions import CredentialRetrievalError

    match error:
        case CredentialRetrievalError() if error.kwargs.get("provider") == ProcessProvider.METHOD:
            why = one_line(str(error.kwargs.get("error_msg") or "")) or "It gave no reason."
        case OSError() if failed.has_process:
            why = f"It could not be started: {error.strerror or error}."
        case ValueError() if failed.has_process:
            why = "It did not answer with JSON."
        case _:
            return None
    return CredentialsError(
        f"The credential_process of the {failed.where} failed.",
        why=why,
        todo="Run the command by hand to see more.",
    )


def _of_answer(error: Exception, failed: _Profile) -> KubeplatError | None:
    """What AWS answered, or that it did not."""
    from botocore.exceptions import BotoCoreError, ClientError

    if call_of(error) == "AssumeRoleWithWebIdentity":
        return translated(error, doing=f"Assuming the role of the {failed.where} with its web identity")
    if isinstance(error, BotoCoreError | ClientError):
        return translated(error, doing=f"Taking the keys of the {failed.where}")
    return None


def of_machine(error: Exception) -> KubeplatError:
    """Why the container's, the instance's or a web identity's role gives no keys."""
    if isinstance(error, OSError):
        return CredentialsError(
            f"{error.filename or 'A file'} could not be read for this computer's role.",
            why=f"{error.strerror or error}.",
        )
    return translated(error, doing="Taking the role of this computer")


def _sentence(error: Exception) -> str:
    said = one_line(str(error))
    return said if said.endswith(".") else f"{said}."
