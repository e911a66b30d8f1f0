"""Whose keys these are, by STS; and where STS refuses them, whether the region is what is wrong.

Sources: API reference of GetCallerIdentity; "Specify which AWS Regions your account can use" of the guide to account
management: a region that is not enabled does not know the account's keys.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import (
    ClockError,
    CredentialsError,
    RegionError,
    UnreachableError,
    code_of,
    seconds_ahead,
    translated,
)
from kubeplat_tui.services.cloud import Identity
from kubeplat_tui.services.credentials.files import botocore_session

if TYPE_CHECKING:
    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.credentials.model import CredentialsStatus
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.errors import KubeplatError

HOME_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""By partition: a region that every account has."""

UNKNOWN_THERE = frozenset(
    {
        "AuthFailure",
        "InvalidClientTokenId",
        "OptInRequired",
        "RegionDisabledException",
        "UnrecognizedClientException",
    }
)
"""What a region says that does not know the keys."""


def identity(cloud: Cloud) -> Identity:
    """Who the cloud's keys belong to. Raises `KubeplatError`, `RegionError` where only the region refuses them."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return _asked(cloud.client("sts"))
    except (BotoCoreError, ClientError) as error:
        raise _sentence(cloud, error) from error


def checked(status: CredentialsStatus, environment: Environment) -> CredentialsStatus:
    """`status` with the problem of belonging to another account, where it does."""
    if status.problem:
        return status
    return replace(status, problem=wrong_account(environment, Identity(status.account, status.arn)))


def wrong_account(environment: Environment, found: Identity) -> str:
    """The sentence where the keys belong to another account than the environment; "" where all is well."""
    if found.account == environment.account:
        return ""
    return (
        f"The credentials belong to account {found.account} ({found.arn}), but "
        f"{environment.name} is in account {environment.account}. "
        "Use other credentials, or correct aws_account."
    )


def _asked(client: Any) -> Identity:
    answer = client.get_caller_identity()
    return Identity(answer["Account"], answer["Arn"], seconds_ahead(answer))


def _sentence(cloud: Cloud, error: Exception) -> KubeplatError:
    from botocore.exceptions import InvalidRegionError

    said = translated(error, doing="Asking AWS whose credentials these are")
    if isinstance(error, InvalidRegionError):
        return _no_region(cloud.region)
    if isinstance(said, UnreachableError) and cloud.lasting and not _is_known(cloud.region):
        return _no_region(cloud.region)
    if isinstance(said, CredentialsError) and not isinstance(said, ClockError):
        if code_of(error) in UNKNOWN_THERE and cloud.lasting:
            elsewhere = _elsewhere(cloud)
            if elsewhere is not None:
                return RegionError(
                    f"The region {cloud.region} does not know the credentials, which are good elsewhere "
                    f"(account {elsewhere.account}): the account has not enabled it.",
                    todo=f"Enable {cloud.region} in the account's settings, or correct aws_region.",
                    call=said.call,
                    code=said.code,
                )
        return CredentialsError(_what(said), why=said.why, todo=said.todo, call=said.call, code=said.code)
    return said


def _what(said: CredentialsError) -> str:
    words = {
        "InvalidClientTokenId": "AWS does not know the access key: it was deleted or made inactive, or is mistyped.",
        "SignatureDoesNotMatch": "AWS does not accept the credentials: the secret access key is not the right one.",
    }
    return words.get(said.code, said.what)


def _elsewhere(cloud: Cloud) -> Identity | None:
    """Who the keys belong to as another region says; None where it does not take them either."""
    from botocore.exceptions import BotoCoreError, ClientError

    home = HOME_REGIONS.get(_partition(cloud.region))
    if home is None or home == cloud.region:
        return None
    try:
        return _asked(cloud.client_in(home, "sts"))
    except (BotoCoreError, ClientError):
        return None


def _partition(region: str) -> str:
    from botocore.exceptions import UnknownRegionError

    try:
        return str(botocore_session(None, {}).get_partition_for_region(region))
    except UnknownRegionError:
        return ""


def _is_known(region: str) -> bool:
    session = botocore_session(None, {})
    return any(
        region in session.get_available_regions("ec2", name) for name in session.get_available_partitions()
    )


def _no_region(region: str) -> RegionError:
    import boto3

    return RegionError(
        f"AWS has no region {region}.",
        why=f"Its address does not answer, and boto3 {boto3.__version__} does not know it.",
        todo="Correct aws_region.",
    )
