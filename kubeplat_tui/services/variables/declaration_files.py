"""Reads the variable blocks of Terraform files."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kubeplat_tui.services import config_d
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.hcl.document import parsed
from kubeplat_tui.services.variables.declarations import REQUIRED, SETTINGS, Validation, Variable
from kubeplat_tui.services.variables.variable_types import ANY, check_default, parse_type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubeplat_tui.services.config_d import UserFile
    from kubeplat_tui.services.hcl.document import Block, Comment, Document
    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.variables.declarations import Required

CLUSTER = "cluster"
ROOTS = (SETTINGS, "foundation", CLUSTER)

_HEADING = re.compile(r"^(?:#|//)[\s=#-]*(?P<words>[^\s=#-][^.:]{0,38}?)[\s=#-]*$")
_DECLARES = re.compile(rb"^\s*variable\s", re.MULTILINE)


def read_declarations(terraform: Path, folder: Path | None, environment: str = "") -> dict[str, Variable]:
    """All declared variables by name, in the order of roots and files.

    Those of the user's files in `folder` (config.d) come last, each file under its own heading. Raises `InputError`
    also where those files declare anything that is declared already.
    """
    own = config_d.read(folder, environment)
    found: dict[str, Variable] = {}
    files = {
        f"{root}/{path.name}": _data(path)
        for root in ROOTS
        for path in sorted((terraform / root).glob("*.tf"))
    }
    config_d.check_names(own, {name: data for name, data in files.items() if name.startswith(f"{CLUSTER}/")})
    for name, data in files.items():
        _merge(found, _read(data, name, name.partition("/")[0]))
    for file in own.root_files:
        _merge(found, (_of_user(variable, file) for variable in _read(file.data, file.name, CLUSTER)))
    if not found:
        raise KubeplatError(
            f"No variables are declared below {terraform}.",
            why="Their declarations are the Terraform files of this program.",
            todo="Get a whole checkout, and start from there.",
        )
    return found


def _merge(found: dict[str, Variable], variables: Iterator[Variable]) -> None:
    for variable in variables:
        earlier = found.get(variable.name)
        found[variable.name] = variable if earlier is None else _together(earlier, variable)


def _together(one: Variable, other: Variable) -> Variable:
    """One variable of two roots. Raises `InputError` where they differ, or are of the same root."""
    if one.roots & other.roots:
        raise InputError(
            f"The variable {one.name} is declared twice: {one.place} and {other.place}.",
            todo="Give yours another name, or remove one of the two.",
        )
    for aspect in ("type", "default", "sensitive", "nullable"):
        if getattr(one, aspect) != getattr(other, aspect):
            raise InputError(
                f"The variable {one.name} has another {aspect} in {other.place} than in {one.place}.",
                todo="Declare it alike in both.",
            )
    texts = {validation.text for validation in one.validations}
    added = tuple(each for each in other.validations if each.text not in texts)
    return replace(one, roots=one.roots | other.roots, validations=one.validations + added)


def _data(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KubeplatError(f"{path} could not be read.", why=f"{error.strerror or error}.") from error


def _of_user(variable: Variable, file: UserFile) -> Variable:
    """A variable of the user's own file, under the heading of that file."""
    return replace(variable, group=file.heading, origin=file.heading)


def _read(data: bytes, name: str, root: str) -> Iterator[Variable]:
    """The variables that one file declares."""
    if not _DECLARES.search(data):
        return
    document = parsed(data, name)
    headings = _headings(document, root, PurePosixPath(name).stem)
    for block in document.blocks:
        if block.type == "variable" and len(block.labels) == 1:
            group = next(words for line, words in reversed(headings) if line < block.line)
            yield _variable(document, block, root, group)


def _variable(document: Document, block: Block, root: str, group: str) -> Variable:
    name = block.labels[0]
    kind = block.attribute("type")
    default = block.attribute("default")
    wanted = ANY if kind is None else parse_type(kind.expression, document.source)
    value: Value | Required = REQUIRED
    if default is not None:
        value = default.value
        check_default(name, value, wanted, document.source, default.span.start)
    return Variable(
        name=name,
        type=wanted,
        description=str(_literal(block, "description", default="")).strip(),
        default=value,
        sensitive=_literal(block, "sensitive", default=False) is True,
        nullable=_literal(block, "nullable", default=True) is True,
        validations=tuple(_validations(document, block)),
        roots=frozenset({root}),
        group=group,
        place=f"{document.source.name}:{block.line}",
    )


def _literal(block: Block, name: str, *, default: Value) -> Value:
    attribute = block.attribute(name)
    return default if attribute is None else attribute.value


def _validations(document: Document, block: Block) -> Iterator[Validation]:
    for inner in block.blocks:
        condition, message = inner.attribute("condition"), inner.attribute("error_message")
        if inner.type == "validation" and condition is not None and message is not None:
            yield Validation(condition.expression, message.expression, document.source)


def _headings(document: Document, root: str, stem: str) -> list[tuple[int, str]]:
    """Headings with their lines: comments of one short line that stand alone.

    Before the first of them it is the file's name, or the root's.
    """
    first = stem.removeprefix("variables").strip("_-") or ("kubeplat" if root == SETTINGS else root)
    headings = [(0, _title(first))]
    lines = {comment.line for comment in document.comments}
    taken = {block.line for block in document.blocks}
    for comment in document.comments:
        words = _heading(comment)
        if words and not {comment.line - 1, comment.line + 1} & lines and comment.line + 1 not in taken:
            headings.append((comment.line, words))
    return headings


def _heading(comment: Comment) -> str:
    match = _HEADING.match(comment.text.strip())
    return "" if match is None else match["words"].strip()


def _title(name: str) -> str:
    words = re.sub(r"[_-]+", " ", name).strip()
    return words[:1].upper() + words[1:]
