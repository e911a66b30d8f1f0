"""A kmsctl on an AWS that is simulated in this process."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from kubeplat_tui.kmsctl import app

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

REGION = "eu-west-1"
BUCKET = "our-secrets"


@dataclass
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@dataclass
class Kmsctl:
    """Runs commands in `home`, which is empty at first; `environ` is what the variables are."""

    home: Path
    environ: dict[str, str]
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Ended:
        self.capture.readouterr()
        code = app.main(arguments, self.environ)
        said = self.capture.readouterr()
        return Ended(int(code), said.out, said.err)

    def make(self) -> str:
        """A key and a bucket that it encrypts, both remembered in the variables; gives the key's ARN."""
        key = self("--format", "json", "kms", "create", "--name", "ours").records[0]["arn"]
        self.environ |= {"AWS_KMS_ID": key, "AWS_S3_BUCKET": BUCKET}
        assert self("bucket", "create", "--bucket", BUCKET).code == 0
        return str(key)


@functools.cache
def client(service: str) -> Any:
    """Making one takes longer than any call of these tests."""
    session: Any = boto3.Session(region_name=REGION)
    return session.client(service)


def put(key: str, data: bytes = b"one", **more: Any) -> None:
    client("s3").put_object(Bucket=BUCKET, Key=key, Body=data, **more)


def get(key: str) -> bytes:
    return bytes(client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())


def keys() -> list[str]:
    return [each["Key"] for each in client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]
