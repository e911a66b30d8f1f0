"""What can be set: the variables that the Terraform roots declare, and whether values fit them.

The Terraform files are the only source: types, descriptions, defaults and validations are read from there,
and the validations are evaluated here so that bad input is refused before Terraform starts.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.variables.variable_types import NotThisTypeError, convert

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.events import Root
    from kubeplat_tui.services.hcl.syntax import Source
    from kubeplat_tui.services.hcl.tree import Expression
    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.variables.validation import Field
    from kubeplat_tui.services.variables.variable_types import VariableType

SETTINGS = "settings"
"""The root whose variables only kubeplat reads; it is never applied."""


class Required(Enum):
    """The default of a variable that has none."""

    REQUIRED = "required"


REQUIRED = Required.REQUIRED


@dataclass(frozen=True, slots=True)
class Validation:
    """A `validation` block: where `condition` is false, `message` says why."""

    condition: Expression
    message: Expression
    source: Source = field(repr=False)

    @property
    def text(self) -> tuple[str, str]:
        """Condition and message as written; two validations with equal texts are the same."""
        parts = (self.condition, self.message)
        first, second = (" ".join(self.source.text(part.start, part.end).split()) for part in parts)
        return first, second


@dataclass(frozen=True, slots=True)
class Variable:
    """One declared variable. `roots` are the roots that declare it; `group` is its heading in a form."""

    name: str
    type: VariableType
    description: str
    default: Value | Required
    sensitive: bool
    nullable: bool
    validations: tuple[Validation, ...]
    roots: frozenset[str]
    group: str
    place: str
    """`file:line` of the (first) declaration."""
    origin: str = ""
    """What declares it, where that is a file of the user's own: `config.d: main.tf`."""

    @property
    def required(self) -> bool:
        """Whether an environment's file must set it."""
        return self.default is REQUIRED

    @property
    def field(self) -> Field:
        """What a form shows for it."""
        from kubeplat_tui.services.variables.validation import field_of

        return field_of(self)

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that its validation lists, empty where none does."""
        from kubeplat_tui.services.variables.validation import choices

        return choices(self)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one variable, as a sentence; `line` counts from 1, None where no file sets it."""

    variable: str
    message: str
    line: int | None = None


class Declarations(Mapping[str, Variable]):
    """All declared variables by name: those of one group together, in the order of the files."""

    def __init__(self, variables: Mapping[str, Variable]) -> None:
        groups: dict[str, int] = {}
        for variable in variables.values():
            groups.setdefault(variable.group, len(groups))
        ordered = sorted(variables.values(), key=lambda variable: groups[variable.group])
        self._variables = {variable.name: variable for variable in ordered}

    def __getitem__(self, name: str) -> Variable:
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def nearest(self, name: str) -> str | None:
        """The declared name most like `name`, None where none is like it."""
        return next(iter(difflib.get_close_matches(name, self._variables, 1, 0.6)), None)

    def for_root(self, values: Mapping[str, Value], root: Root) -> dict[str, Value]:
        """Those of `values` that the root declares, as they are; defaults are not filled in."""
        return {
            name: value
            for name, value in values.items()
            if name in self._variables and root.value in self._variables[name].roots
        }

    def check(self, values: Mapping[str, Value], lines: Mapping[str, int] | None = None) -> list[Problem]:
        """Everything wrong with an environment's values: unknown names, missing ones, types, validations.

        `lines` gives the line that sets a variable. A validation that cannot be evaluated here is left to
        Terraform.
        """
        from kubeplat_tui.services.hcl.evaluate import Evaluator
        from kubeplat_tui.services.variables.validation import failed_validations, scope

        lines = lines or {}
        problems = [self._unknown(name, lines.get(name)) for name in values if name not in self._variables]
        effective, wrong = self._effective(values)
        problems += [Problem(name, sentence, lines.get(name)) for name, sentence in wrong.items()]
        evaluator = Evaluator(scope(effective, self._variables))
        for variable in self._variables.values():
            if variable.name in effective:
                problems += [
                    Problem(variable.name, message, lines.get(variable.name))
                    for message in failed_validations(variable, evaluator, self._variables)
                ]
        return problems

    def left_to_terraform(self, values: Mapping[str, Value]) -> list[str]:
        """The variables with a validation that cannot be evaluated here: only Terraform checks those."""
        from kubeplat_tui.services.hcl.evaluate import Evaluator
        from kubeplat_tui.services.variables.validation import Verdict, scope, verdict

        effective, _ = self._effective(values)
        evaluator = Evaluator(scope(effective, self._variables))
        return [
            name
            for name in effective
            if any(
                verdict(each, evaluator)[0] is Verdict.UNDECIDED for each in self._variables[name].validations
            )
        ]

    def _effective(self, values: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, str]]:
        """The value that each variable gets; where there is none, a sentence that says why."""
        effective: dict[str, Value] = {}
        wrong: dict[str, str] = {}
        for variable in self._variables.values():
            try:
                effective[variable.name] = effective_value(variable, values)
            except NotThisTypeError as error:
                wrong[variable.name] = f"{variable.name}{error.mismatch.where} {error.mismatch.what}."
        return effective, wrong

    def _unknown(self, name: str, line: int | None) -> Problem:
        nearest = self.nearest(name)
        hint = f"did you mean {nearest}?" if nearest else "remove it, or declare it in a file of your own."
        return Problem(name, f"There is no variable {name}: {hint}", line)


def effective_value(variable: Variable, values: Mapping[str, Value]) -> Value:
    """What Terraform would see in the variable. Raises `NotThisTypeError`, also where a value is missing."""
    from kubeplat_tui.services.variables.variable_types import Mismatch

    value: Value | Required = values.get(variable.name, variable.default)
    if value is None and not variable.nullable:
        value = variable.default
        if isinstance(value, Required):
            raise NotThisTypeError(Mismatch("", "must not be null: it has no default"))
    if isinstance(value, Required):
        raise NotThisTypeError(Mismatch("", "is not set, and it has no default"))
    return convert(value, variable.type)


def declared(terraform: Path, config_d: Path | None = None, environment: str = "") -> Declarations:
    """The variables of the roots below `terraform`, and of the user's own files, which belong to the cluster.

    `environment` adds what only that one has of them. Raises `InputError` where a file cannot be parsed, two declare
    one variable differently, or two of the cluster's declare anything of one name.
    """
    from kubeplat_tui.services.variables.declaration_files import read_declarations

    return Declarations(read_declarations(terraform, config_d, environment))


def check_environment(environment: Environment, declarations: Declarations) -> None:
    """Raise `InputError` that lists everything wrong with an environment's values, one problem a line."""
    problems = declarations.check(environment.values, environment.lines)
    if not problems:
        return
    problems.sort(key=lambda problem: problem.line or 0)
    file = environment.path.name
    sentences = [
        f"{file}:{each.line}: {each.message}" if each.line else f"{file}: {each.message}" for each in problems
    ]
    count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
    raise InputError(
        f"The file of {environment.name} has {count}; nothing was changed.",
        why="\n".join(sentences),
        todo=f"Correct {environment.path}, or open its variables.",
    )
