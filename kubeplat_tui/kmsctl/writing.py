"""`put`, `edit` and `rm`: files into a bucket, changed there, and out of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from kubeplat_tui.kmsctl.command import command
from kubeplat_tui.kmsctl.editing import edit_one
from kubeplat_tui.kmsctl.objects import Objects
from kubeplat_tui.kmsctl.reading import BucketOption
from kubeplat_tui.kmsctl.work import KEY, Work
from kubeplat_tui.services.errors import ExitCode, InputError, KubeplatError, NotFoundError

KmsOption = Annotated[
    str | None,
    typer.Option(
        "--kms",
        "-k",
        help=f"The KMS key's id, ARN or alias [{KEY}, else the environment's, else the bucket's own].",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    command(app, "put")(put)
    command(app, "edit")(edit)
    command(app, "rm", "delete")(rm)


def put(
    work: Work,
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files, or folders with all in them.")],
    *,
    bucket: BucketOption = None,
    kms: KmsOption = None,
    path: Annotated[
        str, typer.Option("--path", "-p", help="The folder in the bucket, in the place of the file's own.")
    ] = "",
    flatten: Annotated[
        bool, typer.Option("--flatten/--no-flatten", help="Leave the folders of the files out.")
    ] = False,
) -> None:
    """Bring files into a bucket, encrypted. A file's key is its path as it was given."""
    if flatten and path:
        raise InputError("--flatten and --path cannot both be given.", todo="Leave one of them out.")
    named = _keys(files, path.strip("/"), flatten=flatten)
    objects = Objects(work.cloud, work.bucket(bucket))
    key_arn = encrypting_key(work, objects, kms)
    for key, file in named.items():
        objects.upload(file, key, key_arn)
        work.records.add(
            f"successfully pushed the file: {file} to s3://{objects.name}/{key}",
            {"action": "put", "path": str(file), "bucket": objects.name, "key": key},
        )


def edit(
    work: Work,
    keys: Annotated[list[str], typer.Argument(metavar="KEY", help="The files; one that is absent is made.")],
    bucket: BucketOption = None,
    kms: KmsOption = None,
    editor: Annotated[
        str | None, typer.Option("--editor", "-e", help="The editor [VISUAL, EDITOR, else vi].")
    ] = None,
) -> None:
    """Change files of a bucket in your editor. Nothing is overwritten that you have not seen."""
    objects = Objects(work.cloud, work.bucket(bucket))
    program = editor or work.environ.get("VISUAL") or work.environ.get("EDITOR") or "vi"
    for key in keys:
        edit_one(work, objects, objects.named(key), program, lambda: encrypting_key(work, objects, kms))


def rm(
    work: Work,
    keys: Annotated[list[str], typer.Argument(metavar="KEY", help="The files.")],
    bucket: BucketOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Delete every version of them, for good. Asks.")
    ] = False,
) -> ExitCode:
    """Delete files. Where the bucket keeps versions they can come back, unless --force is given."""
    objects = Objects(work.cloud, work.bucket(bucket))
    wanted = [objects.named(key) for key in keys]
    if force:
        work.confirm(
            f"Delete every version of {', '.join(wanted)} in the bucket {objects.name}? Nothing brings them back.",
            "yes",
        )
    elif not objects.versioned():
        work.confirm(
            f"The bucket {objects.name} keeps no versions: delete {', '.join(wanted)} for good?", "yes"
        )
    failed = 0
    for key in wanted:
        fields = {"action": "delete", "bucket": objects.name, "path": key}
        try:
            _remove(objects, key, force=force)
        except KubeplatError as error:
            failed += 1
            work.note(f"failed to remove s3://{objects.name}/{key}: {error}")
            if not work.records.text:
                work.records.add("", fields | {"error": str(error)})
            continue
        work.records.add(f"successfully deleted the file s3://{objects.name}/{key}", fields)
    return ExitCode.FAILED if failed else ExitCode.DONE


def encrypting_key(work: Work, objects: Objects, given: str | None) -> str:
    """The ARN of the key to write with: the named one, else the bucket's. Raises `InputError` without one."""
    named = work.key_name(given) or objects.default_key()
    if not named:
        raise InputError(
            f"Without a KMS key nothing is written to {objects.name}.",
            why="No key was named, and the bucket encrypts with none by itself.",
            todo=f"Name one with --kms, or in {KEY}; kmsctl kms ls lists them.",
        )
    return work.key(named).arn


def _remove(objects: Objects, key: str, *, force: bool) -> None:
    if force:
        from kubeplat_tui.services.secrets.bucket import SecretsBucket

        gone = SecretsBucket(objects.cloud, objects.name, "").purge(key) > 0
    elif gone := objects.exists(key):
        objects.delete([key])
    if not gone:
        raise NotFoundError(f"It is not in the bucket {objects.name}.")


def _keys(files: Sequence[Path], path: str, *, flatten: bool) -> dict[str, Path]:
    """The files by the keys they get. Raises `InputError` for what cannot be read or named, and for two of one name."""
    named: dict[str, Path] = {}
    for file in _expanded(files):
        if flatten or path:
            key = f"{path}/{file.name}" if path else file.name
        elif ".." in file.parts:
            raise InputError(
                f"{file} cannot be a key: it leaves the folder.", todo="Give --path or --flatten."
            )
        else:
            key = file.as_posix().lstrip("/")
        if key in named and named[key] != file:
            raise InputError(
                f"{named[key]} and {file} would both become {key}.",
                todo="Put them one after the other, with --path.",
            )
        named[key] = file
    return named


def _expanded(files: Sequence[Path]) -> Iterator[Path]:
    for file in files:
        if file.is_dir():
            yield from sorted(each for each in file.rglob("*") if each.is_file())
        elif file.is_file():
            yield file
        else:
            raise InputError(f"There is no file {file}.", todo="Nothing was written.")
