"""`ls`, `get` and `cat`: what lies in a bucket, brought here or shown."""

import base64
import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from kubeplat_tui.kmsctl.command import command
from kubeplat_tui.kmsctl.folder import mode_of
from kubeplat_tui.kmsctl.getting import Getting, get_once, keep_in_step
from kubeplat_tui.kmsctl.objects import Objects
from kubeplat_tui.kmsctl.sync import seconds
from kubeplat_tui.kmsctl.work import Work
from kubeplat_tui.services.errors import ExitCode, InputError

BucketOption = Annotated[
    str | None,
    typer.Option("--bucket", "-b", help="The bucket [AWS_S3_BUCKET, else the environment's secrets bucket]."),
]
PathsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="Objects, or folders with all that is in them; / is the bucket."),
]
OUTPUT_DIR = "KMSCTL_OUTPUT_DIR"


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    command(app, "ls", "list")(list_)
    command(app, "get")(get)
    command(app, "cat")(cat)


def list_(
    work: Work,
    paths: PathsArgument = None,
    bucket: BucketOption = None,
    long: Annotated[bool, typer.Option("--long", "-l", help="With owner, size and time.")] = False,
    recursive: Annotated[
        bool, typer.Option("--recursive/--no-recursive", "-r", help="Go into the folders.")
    ] = True,
) -> ExitCode:
    """List the files in a bucket."""
    objects = Objects(work.cloud, work.bucket(bucket))
    missing = 0
    for path in paths or [""]:
        found = 0
        for each in objects.below(path, deep=recursive, owner=long):
            found += 1
            if isinstance(each, str):
                work.records.add(each, {"key": each})
            elif long:
                when = f"{each.modified:%d %b %y %H:%M} UTC"
                work.records.add(
                    f"{each.owner or '-'} {each.size:<10d} {when:<20} {each.key}",
                    {
                        "key": each.key,
                        "size": each.size,
                        "class": each.storage,
                        "etag": each.etag,
                        "owner": each.owner,
                        "last-modified": each.modified.isoformat(),
                    },
                )
            else:
                work.records.add(each.key, {"key": each.key})
        if path.strip("/") and not found:
            missing += 1
            work.note(f"there is nothing at {path}")
    return ExitCode.FAILED if missing else ExitCode.DONE


def get(
    work: Work,
    paths: PathsArgument = None,
    *,
    bucket: BucketOption = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            "--output-dir", "-d", help=f"The folder to write to [{OUTPUT_DIR}, else secrets]; made if absent."
        ),
    ] = None,
    perms: Annotated[str, typer.Option("--perms", "-p", help="The permissions of the files.")] = "0600",
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Go into the folders below the paths.")
    ] = False,
    flatten: Annotated[
        bool, typer.Option("--flatten/--no-flatten", help="Leave the folders of the bucket out.")
    ] = False,
    sync: Annotated[
        bool, typer.Option("--sync", help="Keep the folder in step with the bucket until it is stopped.")
    ] = False,
    sync_interval: Annotated[
        str, typer.Option(metavar="DURATION", help="How long --sync waits before it looks again.")
    ] = "30s",
    filter_: Annotated[
        str, typer.Option("--filter", "-f", metavar="REGEX", help="Only files whose key has a match.")
    ] = ".*",
) -> ExitCode:
    """Bring files here. What was here under their names is replaced, each file in one step.

    With --sync, files that an earlier --sync wrote here and that are gone from the bucket are removed; others never.
    """
    try:
        pattern = re.compile(filter_)
    except re.error as error:
        raise InputError(f"--filter {filter_} is no regular expression.", why=f"{error}.") from error
    getting = Getting(
        objects=Objects(work.cloud, work.bucket(bucket)),
        paths=tuple(paths or [""]),
        root=output_dir or Path(work.environ.get(OUTPUT_DIR) or "secrets"),
        mode=mode_of(perms),
        recursive=recursive,
        flatten=flatten,
        pattern=pattern,
    )
    if sync:
        return keep_in_step(work, getting, seconds(sync_interval))
    return get_once(work, getting)


def cat(
    work: Work,
    keys: Annotated[list[str], typer.Argument(metavar="KEY", help="The files.")],
    bucket: BucketOption = None,
) -> None:
    """Show what is in files, one after the other."""
    objects = Objects(work.cloud, work.bucket(bucket))
    for key in keys:
        pieces = objects.stream(objects.named(key))
        if work.records.text:
            for piece in pieces:
                _write_out(piece)
        else:
            work.records.add("", {"key": key, **_content(b"".join(pieces))})


def _content(data: bytes) -> dict[str, str]:
    try:
        return {"content": data.decode()}
    except UnicodeDecodeError:
        return {"content-base64": base64.b64encode(data).decode()}


def _write_out(piece: bytes) -> None:
    sys.stdout.flush()
    view = memoryview(piece)
    while view:
        view = view[os.write(sys.stdout.fileno(), view) :]
