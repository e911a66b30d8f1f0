"""What the user's files declare: whether a name is taken, and which file a planned change belongs to.

Source: Terraform refuses two declarations of one name in one module ("Duplicate resource configuration" and its like);
here both files are named before Terraform starts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.hcl.document import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kubeplat_tui.services.config_d.files import ConfigD
    from kubeplat_tui.services.events import Output
    from kubeplat_tui.services.hcl.document import Block, Document
    from kubeplat_tui.services.terraform.plan import Plan

KINDS = {
    "variable": "variable",
    "output": "output",
    "module": "module",
    "resource": "resource",
    "data": "data source",
    "ephemeral": "ephemeral resource",
    "check": "check",
}
"""Blocks whose labels are a name that a root has only once, and how sentences call them."""

ONLY_ONE = {"required_providers": "list of providers", "backend": "backend", "cloud": "backend"}
"""Blocks inside `terraform` that a root has only once."""

_MODULE = re.compile(r"module\.([\w-]+)")


class Name(NamedTuple):
    """A name that a root has once: `kind` as sentences call it, `name` "" where the block has none."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()


class Declared(NamedTuple):
    """A name and the line (from 1) that declares it."""

    name: Name
    line: int


def check_names(config_d: ConfigD, ours: Mapping[str, bytes]) -> None:
    """Raise `InputError` where the user's files declare what is declared already, with both places.

    `ours` are kubeplat's own `.tf` files of the cluster root by name (`cluster/main.tf`).
    """
    if not config_d.root_files:
        return
    taken: dict[Name, str] = {}
    for path, data in ours.items():
        for name, line in declared_in(parsed(data, path)):
            taken[name] = f"{path}:{line}"
    for file in config_d.root_files:
        for name, line in declared_in(file.document()):
            place = f"{file.name}:{line}"
            if name in taken:
                raise _clash(name, taken[name], place)
            taken[name] = place


def _clash(name: Name, first: str, second: str) -> InputError:
    if name.kind == ONLY_ONE["required_providers"]:
        return InputError(
            f"The providers are listed twice: {first} and {second}.",
            why="Terraform allows one list a module, and the root's is kubeplat's.",
            todo="Put what needs another provider into a folder of its own with its list, and call it as a module.",
        )
    if name.kind == ONLY_ONE["backend"]:
        return InputError(
            f"The backend is declared twice: {first} and {second}.",
            why="kubeplat keeps the cluster's state in the environment's state bucket.",
            todo="Remove yours.",
        )
    return InputError(
        f"The {name} is declared twice: {first} and {second}.",
        todo="Give yours another name, or remove one of the two.",
    )


def declared_in(document: Document) -> Iterator[Declared]:
    """What one file of a root declares."""
    for block in document.blocks:
        if block.type in KINDS:
            yield Declared(Name(KINDS[block.type], ".".join(block.labels)), block.line)
        elif block.type == "locals":
            for attribute in block.attributes:
                yield Declared(Name("local value", attribute.name), attribute.line)
        elif block.type == "provider":
            yield Declared(_provider(block), block.line)
        elif block.type == "terraform":
            for inner in block.blocks:
                if inner.type in ONLY_ONE:
                    yield Declared(Name(ONLY_ONE[inner.type], ""), inner.line)


def _provider(block: Block) -> Name:
    alias = block.attribute("alias")
    label = ".".join(block.labels)
    return Name("configuration of the provider", f"{label}.{alias.value}" if alias is not None else label)


class HasOrigin(Protocol):
    """What a file of the user's own may have declared."""

    @property
    def origin(self) -> str:
        """The heading of that file, "" where it is kubeplat's own."""


T = TypeVar("T", bound=HasOrigin)


def by_origin(things: Iterable[T]) -> list[tuple[str, list[T]]]:
    """What is shown under each heading: kubeplat's own first ("" as its heading), then file by file, in their order."""
    found: dict[str, list[T]] = {}
    for thing in things:
        found.setdefault(thing.origin, []).append(thing)
    return sorted(found.items(), key=lambda item: item[0])


@dataclass(frozen=True, slots=True)
class Origins:
    """Which of the user's files declares what, by the heading that it stands under."""

    headings: Mapping[Name, str]

    @classmethod
    def of(cls, config_d: ConfigD) -> Origins:
        """Those of the user's files. Raises `InputError` where one cannot be parsed."""
        return cls(
            {name: file.heading for file in config_d.root_files for name, _ in declared_in(file.document())}
        )

    def of_resource(self, module: str, type_: str, name: str) -> str:
        """The heading of a resource; "" where it is kubeplat's own, or no longer declared anywhere.

        `module` is its module's address ("" for the root): what a module holds belongs to the file that calls it.
        """
        called = _MODULE.match(module)
        key = Name(KINDS["module"], called[1]) if called else Name(KINDS["resource"], f"{type_}.{name}")
        return self.headings.get(key, "")

    def of_output(self, name: str) -> str:
        """The heading of an output, "" where it is kubeplat's own."""
        return self.headings.get(Name(KINDS["output"], name), "")

    def marked(self, plan: Plan) -> Plan:
        """The plan of the cluster with the heading of each change."""
        if not self.headings:
            return plan
        changes, drift = (
            tuple(replace(one, origin=self.of_resource(one.module, one.type, one.name)) for one in found)
            for found in (plan.changes, plan.drift)
        )
        outputs = tuple(replace(one, origin=self.of_output(one.name)) for one in plan.outputs)
        return replace(plan, changes=changes, drift=drift, outputs=outputs)

    def marked_outputs(self, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
        """Outputs of the cluster with the heading of each."""
        return tuple(replace(one, origin=self.of_output(one.name)) for one in outputs)
