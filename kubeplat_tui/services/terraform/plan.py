"""A saved Terraform plan as data: only what changes, riskiest first, sensitive values never shown.

Source: https://developer.hashicorp.com/terraform/internals/json-format (format version 1.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.events import Root
    from kubeplat_tui.services.values import Value


class Action(Enum):
    """What is done to a resource: its word, its sign, and how risky it is (higher first)."""

    DELETE = ("destroy", "-", 5)
    REPLACE = ("replace", "±", 4)
    FORGET = ("forget", ".", 3)
    UPDATE = ("change", "~", 2)
    CREATE = ("add", "+", 1)
    READ = ("read", "?", 0)
    NO_OP = ("keep", " ", 0)

    def __init__(self, word: str, sign: str, risk: int) -> None:
        self.word = word
        self.sign = sign
        self.risk = risk


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One attribute that differs. `path` is like `tags.Name` or `ingress[0].cidr`.

    `before` and `after` are None where `sensitive` (hidden) and `after` is None where `unknown` (known after apply).
    """

    path: str
    before: Value
    after: Value
    sensitive: bool = False
    unknown: bool = False
    forces_replacement: bool = False


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource that changes. `module` is "" for the root, else like `module.network`."""

    address: str
    module: str
    type: str
    name: str
    action: Action
    reason: str
    attributes: tuple[AttributeChange, ...]
    origin: str = ""
    """What declares it, where that is a file of the user's own: `config.d: main.tf`."""


@dataclass(frozen=True, slots=True)
class OutputChange:
    """One output that changes."""

    name: str
    action: Action
    before: Value
    after: Value
    sensitive: bool = False
    unknown: bool = False
    origin: str = ""
    """As in `ResourceChange`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A saved plan. `changes` holds what changes only, riskiest first; `drift` what changed outside Terraform."""

    root: Root
    destroy: bool
    file: Path
    changes: tuple[ResourceChange, ...]
    drift: tuple[ResourceChange, ...]
    outputs: tuple[OutputChange, ...]
    variables_digest: str
    """SHA-256 of the variables and configuration the plan was made from: it is applied with those or not at all."""

    def count(self, action: Action) -> int:
        """How many resources this action touches."""
        return sum(change.action is action for change in self.changes)

    @property
    def empty(self) -> bool:
        """Whether applying it would change nothing."""
        return not self.changes and not self.outputs

    def summary(self) -> str:
        """One line, in Terraform's own order: `3 to add, 1 to change, 0 to destroy`; a replacement counts as both."""
        replaced = self.count(Action.REPLACE)
        return (
            f"{self.count(Action.CREATE) + replaced} to add, {self.count(Action.UPDATE)} to change, "
            f"{self.count(Action.DELETE) + replaced} to destroy"
        )
