"""Whether environments' files are right, file by file: for a commit hook and the shell. No cloud is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.environments import templates
from kubeplat_tui.services.environments.creation import NewEnvironment, values_of
from kubeplat_tui.services.environments.model import SUFFIX, TEMPLATE_ENDING, check_name
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.variables.variable_file import VariableFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.variables.declarations import Declarations, Problem

_PLACE = re.compile(r"^[^:\n]*:(\d+)(?::\d+)?: ")
SAMPLE = NewEnvironment(
    name="sample",
    region="eu-west-2",
    account="123456789012",
    zones=("a", "b", "c"),
    vpc_cidr="10.80.0.0/16",
    public_zone_name="sample.example.org",
    access_cidrs=("203.0.113.7/32",),
)
"""What a template is tried with."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong with a file. `line` counts from 1, None where no line is to blame; `variable` may be ""."""

    path: Path
    line: int | None
    variable: str
    sentence: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.sentence}"


def check(paths: Iterable[Path], declarations: Callable[[str], Declarations]) -> list[FileProblem]:
    """Everything wrong with the files at `paths`, in their order; `declarations` gives an environment's by its name.

    Templates are checked by what they make for a sample. Raises `InputError` where the declarations are broken.
    """
    given = list(paths)
    found = [problem for path in given for problem in _of_file(path, declarations)]
    return found + list(_shared_buckets(given))


def _of_environment(path: Path, declarations: Declarations) -> list[FileProblem]:
    """Everything wrong with one environment's file, or with the example, whose name may not be one."""
    try:
        if path.stem not in templates.EXAMPLES:
            check_name(path.stem)
        problems = VariableFile.load(path).problems(declarations)
    except InputError as error:
        return [FileProblem(path, None, "", str(error))]
    return [_told(path, problem) for problem in problems]


def _of_file(path: Path, declarations: Callable[[str], Declarations]) -> Iterator[FileProblem]:
    if path.name == f"{templates.PLAY}{SUFFIX}" or path.name.endswith(TEMPLATE_ENDING):
        yield from _of_template(path, declarations(SAMPLE.name))
    elif path.suffix != SUFFIX:
        yield FileProblem(path, None, "", f"An environment's file is named NAME{SUFFIX}.")
    else:
        yield from _of_environment(path, declarations(path.stem))


def _of_template(path: Path, declarations: Declarations) -> Iterator[FileProblem]:
    try:
        data = templates.rendered(path, values_of(SAMPLE))
    except KubeplatError as error:
        yield FileProblem(path, None, "", str(error))
        return
    made = VariableFile(path.with_name(f"{SAMPLE.name}{SUFFIX}"), data, data)
    for problem in made.problems(declarations):
        told = _told(path, problem)
        where = (
            f"Line {told.line} of what it makes for {SAMPLE.name}"
            if told.line
            else f"What it makes for {SAMPLE.name}"
        )
        yield FileProblem(path, None, told.variable, f"{where}: {told.sentence}")


def _told(path: Path, problem: Problem) -> FileProblem:
    """The problem without the place that the parser puts before its sentence: the path is as it was given."""
    return FileProblem(path, problem.line, problem.variable, _PLACE.sub("", problem.message, count=1))


def _shared_buckets(paths: list[Path]) -> Iterator[FileProblem]:
    """Two environments of one account with one secrets bucket: each would overwrite the other's certificates."""
    seen: dict[tuple[Value, ...], Path] = {}
    for path in paths:
        if path.suffix != SUFFIX or path.stem in templates.EXAMPLES | {templates.PLAY}:
            continue
        try:
            file = VariableFile.load(path)
            values, lines = file.values, file.lines
        except InputError:
            continue  # said already
        bucket = values.get("secrets_bucket_name")
        if not isinstance(bucket, str) or not bucket:
            continue
        place = (bucket, str(values.get("sandbox") in {True, "true"}))
        other = seen.setdefault(place, path)
        if other.resolve() != path.resolve():
            yield FileProblem(
                path,
                lines["secrets_bucket_name"],
                "secrets_bucket_name",
                f"{other.name} has the secrets bucket {bucket}, too: each needs its own.",
            )
