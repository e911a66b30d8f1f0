"""`bucket`, once `buckets`: list, make, delete."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kubeplat_tui.kmsctl.command import command, group
from kubeplat_tui.kmsctl.objects import absent_bucket
from kubeplat_tui.kmsctl.work import KEY, Work
from kubeplat_tui.kmsctl.writing import KmsOption
from kubeplat_tui.services.aws_errors import aws_call
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.errors import InputError

NAMES = ("bucket", "buckets", "s3")

NameOption = Annotated[
    str | None,
    typer.Option("--name", "-n", "--bucket", "-b", help="The bucket's name; it may stand alone, too."),
]
NameArgument = Annotated[str | None, typer.Argument(metavar="NAME", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    verbs = typer.Typer(help="List, make and delete buckets; alone it lists them.")
    group(verbs, list_)
    command(verbs, "ls", "list")(list_)
    command(verbs, "create")(create)
    command(verbs, "delete", "rm")(delete)
    for name in NAMES:
        app.add_typer(verbs, name=name, hidden=name != NAMES[0])


def list_(work: Work) -> None:
    """List the buckets of the account."""
    with aws_call("Listing the buckets"):
        for page in work.cloud.client("s3").get_paginator("list_buckets").paginate():
            for each in page.get("Buckets", ()):
                made: datetime = each["CreationDate"]
                work.records.add(
                    f"{each['Name']:<42} {made:%d %b %y %H:%M} UTC",
                    {"bucket": each["Name"], "created": made.isoformat()},
                )


def create(work: Work, name: NameArgument = None, option: NameOption = None, kms: KmsOption = None) -> None:
    """Make a bucket: private, versioned, encrypted with the KMS key, reached by TLS only."""
    from kubeplat_tui.services import state_bucket

    name = _named(name, option)
    named_key = work.key_name(kms)
    if state_bucket.exists(work.cloud, name):
        raise InputError(f"The bucket {name} already exists.", todo="Nothing was changed.")
    key = work.key(named_key).arn if named_key else ""
    environment = work.environment
    if environment is not None and environment.values.get("terraform_bucket_name") == name:
        state_bucket.make_bucket(work.cloud, name, environment.name, key)
    else:
        tags = {"Name": name, "Description": "Made by kmsctl"}
        state_bucket.create_bucket(work.cloud, name, key, tags)
    if not key:
        work.note(
            f"no KMS key is named by --kms, {KEY} or the environment: S3's own keys encrypt {name} for now"
        )
    work.records.add(
        f"successfully created the bucket: {name}",
        {"operation": "created", "bucket": name, "created": _now(), "kms": key or None},
    )


def delete(
    work: Work,
    name: NameArgument = None,
    option: NameOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Delete what is in it too, every version. Asks for its name.")
    ] = False,
) -> None:
    """Delete a bucket."""
    from kubeplat_tui.services import state_bucket

    name = _named(name, option)
    if not state_bucket.exists(work.cloud, name):
        raise absent_bucket(name)
    if _holds_something(work.cloud, name):
        if not force:
            raise InputError(
                f"The bucket {name} is not empty, either force (--force) deletion or empty the bucket.",
                why="Earlier versions and delete markers count.",
            )
        work.confirm(f"Delete the bucket {name} with every version of everything in it?", name)
        gone = sum(state_bucket.empty(work.cloud, name))
        work.note(f"deleted {gone} versions in {name}")
    state_bucket.remove_bucket(work.cloud, name)
    work.records.add(
        f"successfully deleted the bucket: {name}", {"operation": "delete", "bucket": name, "deleted": _now()}
    )


def _holds_something(cloud: Cloud, name: str) -> bool:
    with aws_call(f"Listing the bucket {name}"):
        answer: dict[str, Any] = cloud.client("s3").list_object_versions(Bucket=name, MaxKeys=1)
    return bool(answer.get("Versions") or answer.get("DeleteMarkers"))


def _named(argument: str | None, option: str | None) -> str:
    name = option or argument
    if not name or (option and argument and option != argument):
        raise InputError("One bucket has to be named.", todo="Name it with --name.")
    return name


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
