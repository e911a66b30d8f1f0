"""The S3 bucket that keeps Terraform's state: found, made where it is absent, emptied and removed after a
cleanup.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import FORBIDDEN, aws_call, code_of
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.master_key import MADE_BY, US, tags_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kubeplat_tui.services.cloud import Cloud, Identity

DELETE_BATCH = 1000
"""What one DeleteObjects takes."""

OF_S3 = "AES256"
"""Encryption by keys that S3 keeps to itself (S3 API, PutBucketEncryption)."""


@dataclass(frozen=True, slots=True)
class BucketState:
    """A bucket of this account. `ours`: made by kubeplat for this environment. `open`: what it lacks in
    protection.
    """

    name: str
    ours: bool
    open: tuple[str, ...]


def find_bucket(cloud: Cloud, identity: Identity, name: str, environment: str) -> BucketState | None:
    """The bucket `name`; None where it certainly does not exist.

    Raises `InputError` where it belongs to somebody else or lies in another region.
    """
    from botocore.exceptions import ClientError

    s3 = cloud.client("s3")
    with aws_call(f"Looking up the bucket {name}"):
        try:
            s3.head_bucket(Bucket=name, ExpectedBucketOwner=identity.account)
        except ClientError as error:
            code = code_of(error)
            if code in {"404", "NoSuchBucket"}:
                return None
            if code in FORBIDDEN:
                raise InputError(
                    f"The bucket {name} belongs to somebody else, or you may not use it.",
                    why="Bucket names are unique in the whole world.",
                    todo="Set terraform_bucket_name to another name, or ask the owner of the bucket.",
                ) from error
            if code in {"301", "PermanentRedirect"}:
                raise _other_region(name, cloud.region) from error
            raise
        place = s3.get_bucket_location(Bucket=name).get("LocationConstraint") or "us-east-1"
        if place != cloud.region:
            raise _other_region(name, cloud.region)
        tags = _tags(s3, name)
        lacks = tuple(_lacks(s3, name))
    return BucketState(name, tags.get(MADE_BY) == US and tags.get("Env") == environment, lacks)


def make_bucket(cloud: Cloud, name: str, environment: str, key_arn: str) -> None:
    """Make the environment's bucket: private, versioned, encrypted by the environment's key, TLS only."""
    create_bucket(cloud, name, key_arn, tags_of(environment))


def create_bucket(cloud: Cloud, name: str, key_arn: str, tags: Mapping[str, str]) -> None:
    """Make a bucket that is protected as `protect_bucket` says, with `tags`; without a key S3's own encrypts it."""
    s3 = cloud.client("s3")
    place = (
        {}
        if cloud.region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": cloud.region}}
    )
    with aws_call(f"Making the bucket {name}"):
        s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerEnforced", **place)
        s3.put_bucket_tagging(
            Bucket=name,
            Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]},
        )
    protect_bucket(cloud, name, key_arn)


def protect_bucket(cloud: Cloud, name: str, key_arn: str) -> None:
    """Set everything that protects the bucket. Setting it again changes nothing. `key_arn` "": no key is there yet."""
    s3 = cloud.client("s3")
    encryption = (
        {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn} if key_arn else {"SSEAlgorithm": OF_S3}
    )
    with aws_call(f"Protecting the bucket {name}"):
        s3.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        s3.put_bucket_ownership_controls(
            Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        )
        s3.put_bucket_encryption(
            Bucket=name,
            ServerSideEncryptionConfiguration={
                "Rules": [
                    {
                        "ApplyServerSideEncryptionByDefault": encryption,
                        "BucketKeyEnabled": bool(key_arn),
                    }
                ]
            },
        )
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(tls_only(name, s3.meta.partition)))
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        s3.get_waiter("bucket_exists").wait(Bucket=name)


def tls_only(name: str, partition: str = "aws") -> dict[str, Any]:
    """The bucket policy that refuses whatever does not come by TLS."""
    arn = f"arn:{partition}:s3:::{name}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyWithoutTLS",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def empty(cloud: Cloud, name: str, prefix: str = "") -> Iterator[int]:
    """Delete every version of every object below `prefix`; gives how many went with each batch."""
    s3 = cloud.client("s3")
    with aws_call(f"Emptying the bucket {name}"):
        pages = s3.get_paginator("list_object_versions").paginate(
            Bucket=name, Prefix=prefix, PaginationConfig={"PageSize": DELETE_BATCH}
        )
        for page in pages:
            versions = [
                {"Key": one["Key"], "VersionId": one["VersionId"]}
                for kind in ("Versions", "DeleteMarkers")
                for one in page.get(kind, ())
            ]
            if not versions:
                continue
            answer = s3.delete_objects(Bucket=name, Delete={"Objects": versions, "Quiet": True})
            problems = answer.get("Errors") or ()
            if problems:
                raise KubeplatError(
                    f"{len(problems)} objects of the bucket {name} could not be deleted.",
                    why=f"AWS says of {problems[0].get('Key')}: {problems[0].get('Message')}.",
                    todo="Look for an object lock or a bucket policy that denies it.",
                )
            yield len(versions)


def exists(cloud: Cloud, name: str) -> bool:
    """Whether there is a bucket of that name that we may see."""
    from botocore.exceptions import ClientError

    with aws_call(f"Looking up the bucket {name}"):
        try:
            cloud.client("s3").head_bucket(Bucket=name)
        except ClientError as error:
            if code_of(error) in {"404", "NoSuchBucket"}:
                return False
            raise
    return True


def other_keys(cloud: Cloud, name: str, prefix: str) -> list[str]:
    """Up to a few keys in the bucket (any version) that are not below `prefix`: other environments'
    states.
    """
    with aws_call(f"Listing the bucket {name}"):
        pages = cloud.client("s3").get_paginator("list_object_versions").paginate(Bucket=name)
        return sorted(
            {
                one["Key"]
                for page in pages
                for kind in ("Versions", "DeleteMarkers")
                for one in page.get(kind, ())
                if not one["Key"].startswith(prefix)
            }
        )


def remove_bucket(cloud: Cloud, name: str) -> None:
    """Remove the empty bucket."""
    with aws_call(f"Removing the bucket {name}"):
        cloud.client("s3").delete_bucket(Bucket=name)


def _tags(s3: Any, name: str) -> dict[str, str]:
    from botocore.exceptions import ClientError

    try:
        return {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]}
    except ClientError as error:
        if code_of(error) == "NoSuchTagSet":
            return {}
        raise


def _lacks(s3: Any, name: str) -> Iterator[str]:
    from botocore.exceptions import ClientError

    if s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled":
        yield "versioning"
    try:
        block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        if not all(block.values()):
            yield "a block of all public access"
    except ClientError as error:
        if code_of(error) != "NoSuchPublicAccessBlockConfiguration":
            raise
        yield "a block of all public access"
    try:
        policy = s3.get_bucket_policy(Bucket=name)["Policy"]
        if "aws:SecureTransport" not in policy:
            yield "a policy that demands TLS"
    except ClientError as error:
        if code_of(error) != "NoSuchBucketPolicy":
            raise
        yield "a policy that demands TLS"
    if not _has_own_key(s3, name):
        yield "encryption by a KMS key"


def _has_own_key(s3: Any, name: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        kinds = {rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules}
    except ClientError as error:
        if code_of(error) != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        return False
    return not kinds <= {OF_S3, None}


def _other_region(name: str, region: str) -> InputError:
    return InputError(
        f"The bucket {name} is not in {region}.",
        todo="Set terraform_bucket_name to a bucket of the environment's region, or to a new name.",
    )
