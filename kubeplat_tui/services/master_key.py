"""The environment's KMS key: found, made where it is absent, and scheduled for deletion after a cleanup."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import aws_call, code_of
from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kubeplat_tui.services.cloud import Cloud, Identity

MADE_BY = "ManagedBy"
US = "kubeplat"
DELETION_DAYS = 7
"""The shortest wait that KMS allows."""

USABLE = {"Enabled"}


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A KMS key that is enabled. `ours`: made by kubeplat for this environment."""

    id: str
    arn: str
    ours: bool


def alias_of(environment: str) -> str:
    """The alias of the key that kubeplat makes for `environment`."""
    return f"alias/kubeplat-{environment}"


def find_key(cloud: Cloud, named: str, environment: str) -> MasterKey | None:
    """The key `named` (id, ARN or alias); None where it is certainly absent, or "".

    Raises `KubeplatError` where it may not be read, is disabled, or waits for its deletion.
    """
    found = usable_key(cloud, named)
    if found is None:
        return None
    return replace(found, ours=_is_ours(cloud.client("kms"), found.id, environment))


def usable_key(cloud: Cloud, named: str) -> MasterKey | None:
    """As `find_key`, for a key that need not be an environment's: whose it is is not asked."""
    if not named:
        return None
    from botocore.exceptions import ClientError

    kms = cloud.client("kms")
    with aws_call(f"Looking up the KMS key {named}"):
        try:
            found = kms.describe_key(KeyId=named)["KeyMetadata"]
        except ClientError as error:
            if code_of(error) == "NotFoundException":
                return None
            raise
    state = str(found["KeyState"])
    if state == "PendingDeletion":
        when = found.get("DeletionDate")
        raise KubeplatError(
            f"The KMS key {named} is to be deleted{f' on {when:%Y-%m-%d}' if when else ''}.",
            why="What it encrypted cannot be read meanwhile, and never again afterwards.",
            todo="Cancel its deletion (aws kms cancel-key-deletion, then enable-key); "
            'or set kms_master_id = "" to have a new key made.',
        )
    if state not in USABLE:
        raise KubeplatError(
            f"The KMS key {named} is in the state {state}.",
            todo="Enable it (aws kms enable-key), then try again.",
        )
    return MasterKey(found["KeyId"], found["Arn"], ours=False)


def make_key(cloud: Cloud, identity: Identity, environment: str) -> MasterKey:
    """Make the environment's key: it rotates every year, has an alias and tags."""
    made = create_key(
        cloud,
        identity,
        alias=alias_of(environment),
        description=f"Secrets, volumes and Terraform state of the environment {environment}",
        tags=tags_of(environment),
    )
    return replace(made, ours=True)


def create_key(
    cloud: Cloud, identity: Identity, *, alias: str, description: str, tags: Mapping[str, str]
) -> MasterKey:
    """Make a key that an environment can use: it rotates every year and has `alias` (`alias/NAME`)."""
    kms = cloud.client("kms")
    with aws_call("Making the KMS key"):
        made = kms.create_key(
            Description=description,
            KeyUsage="ENCRYPT_DECRYPT",
            KeySpec="SYMMETRIC_DEFAULT",
            Policy=json.dumps(key_policy(identity, cloud.region)),
            Tags=[{"TagKey": key, "TagValue": value} for key, value in tags.items()],
        )["KeyMetadata"]
        kms.create_alias(AliasName=alias, TargetKeyId=made["KeyId"])
        kms.enable_key_rotation(KeyId=made["KeyId"])
    return MasterKey(made["KeyId"], made["Arn"], ours=False)


def remove_key(cloud: Cloud, key: MasterKey, environment: str) -> None:
    """Remove the alias and schedule the key's deletion, which KMS allows no sooner than in seven days."""
    schedule_deletion(cloud, key.id, aliases=[alias_of(environment)], days=DELETION_DAYS)


def schedule_deletion(cloud: Cloud, key_id: str, *, aliases: Iterable[str], days: int) -> None:
    """Remove `aliases` (one that is gone is no error) and have the key deleted after `days` (7 to 30)."""
    from botocore.exceptions import ClientError

    kms = cloud.client("kms")
    with aws_call(f"Removing the KMS key {key_id}"):
        for alias in aliases:
            try:
                kms.delete_alias(AliasName=alias)
            except ClientError as error:
                if code_of(error) != "NotFoundException":
                    raise
        kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=days)


def tags_of(environment: str) -> dict[str, str]:
    """The tags of what kubeplat makes beside Terraform."""
    return {
        "Name": f"kubeplat-{environment}",
        "Env": environment,
        "Description": f"Made by kubeplat for the environment {environment}",
        MADE_BY: US,
    }


def key_policy(identity: Identity, region: str) -> dict[str, Any]:
    """Who may use the key: the account by its IAM policies, and the services that work with it for the
    cluster.

    Source: "Required AWS KMS key policy for use with encrypted volumes" (EC2 Auto Scaling), "Encrypt log
    data in CloudWatch Logs". Auto Scaling's role may not exist yet, so it is named in a condition, not as
    principal.
    """
    partition = identity.arn.split(":")[1]
    account = identity.account
    role = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    scaling = f"arn:{partition}:iam::{account}:role/{role}"
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    by_scaling = {"ArnEquals": {"aws:PrincipalArn": scaling}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Account",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "AutoScalingUse",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": use,
                "Resource": "*",
                "Condition": by_scaling,
            },
            {
                "Sid": "AutoScalingGrant",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "kms:CreateGrant",
                "Resource": "*",
                "Condition": {**by_scaling, "Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
            {
                "Sid": "Logs",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{region}.amazonaws.com"},
                "Action": use,
                "Resource": "*",
                "Condition": {
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": f"arn:{partition}:logs:{region}:{account}:*"
                    }
                },
            },
        ],
    }


def _is_ours(kms: Any, key: str, environment: str) -> bool:
    with aws_call(f"Reading the tags of the KMS key {key}"):
        tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key).get("Tags", ())}
    return tags.get(MADE_BY) == US and tags.get("Env") == environment
