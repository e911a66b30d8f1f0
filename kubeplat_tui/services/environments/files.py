"""The environments' files: found, loaded, made, and written to."""

from __future__ import annotations

import difflib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.environments.listing import environment_files
from kubeplat_tui.services.environments.model import (
    RESERVED,
    SUFFIX,
    TEMPLATES,
    Environment,
    Found,
    taken_name,
)
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.hcl.document import Document
from kubeplat_tui.services.workplace import cannot_write

if TYPE_CHECKING:
    from kubeplat_tui.services.values import Value


def discover(folder: Path) -> list[Found]:
    """Every environment of the folder by name, broken ones too; templates are left out.

    A folder that does not exist has none. Raises `KubeplatError` where it cannot be listed.
    """
    found: list[Found] = []
    for path in environment_files(folder):
        try:
            found.append(Found(path.stem, path, _read(path), None))
        except KubeplatError as error:
            found.append(Found(path.stem, path, None, error))
    return found


def load(folder: Path, name: str) -> Environment:
    """The environment of that name. Raises `InputError` where its file is absent, broken or names another."""
    paths = {path.stem: path for path in environment_files(folder)}
    if name in paths:
        return _read(paths[name])
    if name in TEMPLATES:
        raise InputError(
            f"{name}{SUFFIX} is a template, not an environment.", todo="Copy it under another name."
        )
    nearest = next(iter(difflib.get_close_matches(name, paths, 1, 0.5)), None)
    todo = (
        f"Did you mean {nearest}?"
        if nearest
        else f"Copy {folder / 'example.tfvars'} to {name}{SUFFIX} there."
    )
    raise InputError(f"There is no environment {name} in {folder}.", todo=todo)


def _read(path: Path) -> Environment:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} could not be read.", why=f"{error.strerror or error}.") from error
    return parse(path, data)


def parse(path: Path, data: bytes) -> Environment:
    """The environment that `data` would be in the file `path`. Raises `InputError` with its line where it is none."""
    document = Document.parse(data, path.name)
    values = document.values()
    name = path.stem
    attribute = document.attribute("environment")
    if name in RESERVED:
        raise InputError(
            f"{name} cannot be an environment's name.",
            why="kubeplat keeps files of its own under that name.",
            todo="Name the file and the environment in it otherwise.",
        )
    if attribute is None:
        raise InputError(
            f"{path.name} does not say which environment it is.",
            todo=f'Write environment = "{name}" into it.',
        )
    if values["environment"] != name:
        raise document.source.error(
            attribute.span.start,
            f"environment is {values['environment']}, but the file is named {name}.",
            why="A copied file would work on the environment it was copied from.",
            todo="Make the two the same.",
        )
    lines = {each.name: each.line for each in document.attributes}
    return Environment(name, path, values, lines)


def create_file(path: Path, data: bytes) -> None:
    """Write a new environment's file, readable by its owner only; whole or not at all.

    Raises `InputError` where its name is taken by now, `KubeplatError` where it cannot be written.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _link(temporary, path)
    except FileExistsError as error:
        raise taken_name(path) from error
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _link(temporary: Path, path: Path) -> None:
    """Give a complete file its name unless that is taken; raises `FileExistsError`."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links (some mounts into containers)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL, 0o600)
        os.close(descriptor)
        temporary.replace(path)


def set_value(path: Path, name: str, value: Value) -> None:
    """Write one value into an environment's file: only its bytes change; absent, it becomes a new last line.

    Raises `InputError` where the file does not parse; it is unchanged then.
    """
    from kubeplat_tui.services.variables.variable_file import VariableFile

    VariableFile.load(path).with_value(name, value).save()
