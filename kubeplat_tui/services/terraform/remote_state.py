"""The Terraform state in its bucket, read directly: what is in it, its outputs, and who holds its lock.

Reading the object takes a moment where Terraform would need seconds and an initialised folder. Version 4 of
the state's format has been the same since Terraform 0.12; another version is refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import aws_call, code_of
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import Output, Root
from kubeplat_tui.services.terraform.assemble import state_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.values import Value

FORMAT = 4
PROVIDER = re.compile(r'provider\["([^"]+)"\]')
"""A resource's provider: `module.a.provider["registry.terraform.io/hashicorp/aws"].alias`."""


@dataclass(frozen=True, slots=True)
class StateInstance:
    """One managed object in the state."""

    address: str
    type: str
    name: str
    attributes: Mapping[str, Value] = field(repr=False)
    tainted: bool = False
    """Its creation did not end well: the next plan would replace it."""


@dataclass(frozen=True, slots=True)
class State:
    """A root's state: the managed objects (no data sources) and the outputs, sensitive ones without their
    value.
    """

    serial: int
    instances: tuple[StateInstance, ...]
    outputs: tuple[Output, ...]
    providers: frozenset[str] = frozenset()
    """The sources of the providers that it needs (`registry.terraform.io/hashicorp/aws`)."""

    def identities(self) -> frozenset[str]:
        """The ids and ARNs of everything in the state."""
        return frozenset(
            str(one.attributes[name])
            for one in self.instances
            for name in ("id", "arn", "key_pair_id", "security_group_rule_id")
            if one.attributes.get(name)
        )

    def find(self, type_: str, name: str) -> StateInstance | None:
        """The first instance of a resource of the root module."""
        address = f"{type_}.{name}"
        return next((one for one in self.instances if one.address.partition("[")[0] == address), None)


@dataclass(frozen=True, slots=True)
class StateLock:
    """Terraform's lock on a state, as the lock object describes it."""

    id: str
    operation: str
    who: str
    created: datetime | None


class StateStore:
    """The state objects of one environment in its state bucket."""

    def __init__(self, cloud: Cloud, bucket: str, environment: str) -> None:
        self._cloud = cloud
        self.bucket = bucket
        self._environment = environment

    def key(self, root: Root) -> str:
        """The key of the root's state."""
        return state_key(self._cloud.region, self._environment, root)

    def prefix(self) -> str:
        """What the keys of this environment begin with."""
        return self.key(Root.FOUNDATION).rpartition("/")[0] + "/"

    def objects(self) -> dict[str, datetime]:
        """The keys of this environment that exist, and when each was written; empty also without a bucket.

        Raises `KubeplatError` where the bucket cannot be listed: nothing is taken for absent then.
        """
        return self._listed(self.prefix())

    def elsewhere(self) -> list[str]:
        """The keys of this environment's states under other regions' names; raises as `objects` does."""
        places = (f"{region}/{self._environment}/" for region in self._regions())
        return [
            key
            for place in places
            if place != self.prefix()
            for key in self._listed(place)
            if key.endswith(".tfstate")
        ]

    def _regions(self) -> list[str]:
        """What the bucket's keys begin with, up to the first slash."""
        pages = self._pages(f"s3://{self.bucket}", Delimiter="/")
        return [one["Prefix"].rstrip("/") for page in pages for one in page.get("CommonPrefixes", ())]

    def _listed(self, prefix: str) -> dict[str, datetime]:
        pages = self._pages(f"s3://{self.bucket}/{prefix}", Prefix=prefix)
        return {one["Key"]: one["LastModified"] for page in pages for one in page.get("Contents", ())}

    def _pages(self, place: str, **of: str) -> list[dict[str, Any]]:
        """Everything that ListObjectsV2 answers for `of`; nothing without a bucket."""
        from botocore.exceptions import ClientError

        with aws_call(f"Listing {place}"):
            try:
                pages = self._cloud.client("s3").get_paginator("list_objects_v2")
                return list(pages.paginate(Bucket=self.bucket, **of))
            except ClientError as error:
                if code_of(error) == "NoSuchBucket":
                    return []
                raise

    def read(self, root: Root) -> State | None:
        """The root's state; None where there is certainly none. Raises `KubeplatError` where it cannot be
        read.
        """
        data = self._get(self.key(root), f"the state of the {root}")
        return None if data is None else parse_state(data, root)

    def lock(self, root: Root) -> StateLock | None:
        """Who holds the root's state (S3 backend, `use_lockfile`: an object beside the state); None:
        nobody.
        """
        data = self._get(f"{self.key(root)}.tflock", f"the lock on the state of the {root}")
        return None if data is None else parse_lock(data)

    def unlock(self, root: Root, lock_id: str) -> None:
        """Remove the lock `lock_id` from the root's state. Raises `KubeplatError` where there is none, or
        another.
        """
        held = self.lock(root)
        if held is None:
            raise KubeplatError(f"The state of the {root} of {self._environment} is not locked.")
        if held.id != lock_id:
            raise KubeplatError(
                f"The state of the {root} is locked by {held.who}, with another lock: it was left alone.",
                todo="Look again who holds it.",
            )
        with aws_call(f"Unlocking the state of the {root}"):
            self._cloud.client("s3").delete_object(Bucket=self.bucket, Key=f"{self.key(root)}.tflock")

    def _get(self, key: str, what: str) -> bytes | None:
        from botocore.exceptions import ClientError

        with aws_call(f"Reading {what} from s3://{self.bucket}/{key}"):
            try:
                answer = self._cloud.client("s3").get_object(Bucket=self.bucket, Key=key)
                return bytes(answer["Body"].read())
            except ClientError as error:
                if code_of(error) in {"NoSuchBucket", "NoSuchKey"}:
                    return None
                raise


def parse_state(data: bytes, root: Root) -> State:
    """A state file (format 4). Raises `KubeplatError` where it is something else."""
    try:
        body = json.loads(data)
        if body["version"] != FORMAT:
            raise ValueError(body["version"])
        return State(
            serial=int(body.get("serial", 0)),
            instances=tuple(
                _instance(resource, instance)
                for resource in body.get("resources") or ()
                if resource.get("mode") == "managed"
                for instance in resource.get("instances") or ()
            ),
            outputs=tuple(
                Output(
                    name=name,
                    value=None if output.get("sensitive") else output.get("value"),
                    sensitive=bool(output.get("sensitive")),
                    root=root,
                )
                for name, output in sorted((body.get("outputs") or {}).items())
            ),
            providers=frozenset(
                source
                for resource in body.get("resources") or ()
                for source in PROVIDER.findall(str(resource.get("provider", "")))
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KubeplatError(
            f"The state of the {root} is not a Terraform state of format {FORMAT}.",
            todo="Look at the object's earlier versions in the state bucket: it is versioned.",
        ) from error


def parse_lock(data: bytes) -> StateLock:
    """A lock object; what it does not tell is ""."""
    try:
        body = json.loads(data)
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    try:
        created = datetime.fromisoformat(str(body.get("Created")))
    except ValueError:
        created = None
    operation = str(body.get("Operation", "")).removeprefix("OperationType").lower()
    return StateLock(str(body.get("ID", "")), operation, str(body.get("Who", "")), created)


def _instance(resource: dict[str, Any], instance: dict[str, Any]) -> StateInstance:
    index = instance.get("index_key")
    suffix = "" if index is None else f"[{json.dumps(index)}]"
    module = f"{resource['module']}." if resource.get("module") else ""
    return StateInstance(
        address=f"{module}{resource['type']}.{resource['name']}{suffix}",
        type=resource["type"],
        name=resource["name"],
        attributes=instance.get("attributes") or {},
        tainted=instance.get("status") == "tainted",
    )
