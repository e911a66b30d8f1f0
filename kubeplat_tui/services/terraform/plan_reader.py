"""Reads `terraform show -json PLAN` into a `Plan`: what changes only, riskiest first, sensitive values left
out.

Source: https://developer.hashicorp.com/terraform/internals/json-format, "Change Representation" (format
version 1.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.terraform.assemble import STAND_IN
from kubeplat_tui.services.terraform.plan import Action, AttributeChange, OutputChange, Plan, ResourceChange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kubeplat_tui.services.events import Root

Steps = tuple[str | int, ...]
"""A path inside a resource: names and list indexes."""

ACTIONS: dict[tuple[str, ...], Action] = {
    ("no-op",): Action.NO_OP,
    ("create",): Action.CREATE,
    ("read",): Action.READ,
    ("update",): Action.UPDATE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("create", "forget"): Action.REPLACE,
    ("delete",): Action.DELETE,
    ("forget",): Action.FORGET,
}
REASONS = {
    "replace_because_tainted": "an earlier apply did not finish it",
    "replace_because_cannot_update": "it cannot be changed in place",
    "replace_by_request": "its replacement was asked for",
    "replace_by_triggers": "something it follows is replaced",
    "delete_because_no_resource_config": "it is no longer in the configuration",
    "delete_because_wrong_repetition": "it is repeated in another way now",
    "delete_because_count_index": "its index is out of the count now",
    "delete_because_each_key": "its key is gone",
    "delete_because_no_module": "its module is no longer in the configuration",
    "delete_because_no_move_target": "what it would move to is not in the configuration",
    "read_because_config_unknown": "what it reads by is known after apply",
    "read_because_dependency_pending": "what it depends on changes",
}
IMPORTED = "it exists already and is taken into the state"

SUPPORTED_FORMAT = "1"
"""The major version: minor ones only add."""


def read_plan(body: Any, *, root: Root, file: Path, destroy: bool, digest: str) -> Plan:
    """The plan in `body`, the parsed JSON of `terraform show -json`. Raises `KubeplatError` where it is
    none.
    """
    if (
        not isinstance(body, dict)
        or str(body.get("format_version", "")).partition(".")[0] != SUPPORTED_FORMAT
    ):
        raise KubeplatError(
            f"The plan of the {root} could not be read.",
            why=f"Terraform described it in a format other than {SUPPORTED_FORMAT}.x.",
            todo="Use the Terraform version that the documentation names.",
        )
    entries = [one for one in body.get("resource_changes") or () if one.get("address") != STAND_IN]
    return Plan(
        root=root,
        destroy=destroy,
        file=file,
        changes=tuple(sorted(_resources(entries), key=_riskiest_first)),
        drift=tuple(sorted(_resources(body.get("resource_drift")), key=_riskiest_first)),
        outputs=tuple(_outputs(body.get("output_changes"))),
        variables_digest=digest,
    )


def _riskiest_first(change: ResourceChange) -> tuple[int, str, str]:
    return -change.action.risk, change.module, change.address


def _resources(entries: Any) -> Iterator[ResourceChange]:
    for entry in entries or ():
        change = entry["change"]
        action = _action(change["actions"])
        importing = bool(change.get("importing"))
        if action is Action.NO_OP and importing:
            action = Action.UPDATE  # only the state changes, and that is what a person must see
        if action in {Action.NO_OP, Action.READ}:
            continue
        deposed = f" (deposed {entry['deposed']})" if entry.get("deposed") else ""
        yield ResourceChange(
            address=entry["address"] + deposed,
            module=entry.get("module_address", ""),
            type=entry["type"],
            name=entry["name"],
            action=action,
            reason=IMPORTED if importing else REASONS.get(entry.get("action_reason", ""), ""),
            attributes=tuple(attribute_changes(change)),
        )


def _outputs(entries: Any) -> Iterator[OutputChange]:
    for name, change in sorted((entries or {}).items()):
        action = _action(change["actions"])
        if action is Action.NO_OP:
            continue
        sensitive = bool(change.get("before_sensitive") or change.get("after_sensitive"))
        unknown = bool(change.get("after_unknown"))
        yield OutputChange(
            name=name,
            action=action,
            before=None if sensitive else change.get("before"),
            after=None if sensitive or unknown else change.get("after"),
            sensitive=sensitive,
            unknown=unknown,
        )


def _action(words: Sequence[str]) -> Action:
    # A word that a later Terraform adds is shown as a change rather than hidden.
    return ACTIONS.get(tuple(words), Action.UPDATE)


def attribute_changes(change: dict[str, Any]) -> Iterator[AttributeChange]:
    """The leaves that differ between `before` and `after` of a change representation.

    A list of plain values is one leaf. What Terraform marks as sensitive is named, never shown.
    """
    replacing = tuple(tuple(path) for path in change.get("replace_paths") or ())
    both = _Sides(*(change.get(name) for name in SIDES))
    for path, leaf in _differences((), both):
        yield AttributeChange(
            path=_path(path),
            before=None if leaf.sensitive else leaf.before,
            after=None if leaf.sensitive or leaf.unknown else leaf.after,
            sensitive=leaf.sensitive,
            unknown=_has_true(leaf.unknown),
            forces_replacement=any(path[: len(one)] == one or one[: len(path)] == path for one in replacing),
        )


SIDES = ("before", "after", "before_sensitive", "after_sensitive", "after_unknown")


class _Sides(NamedTuple):
    """A place in a change: the value on both sides, and the masks, which have the values' shape."""

    before: Any
    after: Any
    hidden_before: Any
    hidden_after: Any
    unknown: Any

    @property
    def sensitive(self) -> bool:
        return _has_true(self.hidden_before) or _has_true(self.hidden_after)

    def inside(self, step: str | int) -> _Sides:
        masks = (mask if mask is True else _at(mask, step) for mask in self[2:])
        return _Sides(_at(self.before, step), _at(self.after, step), *masks)


def _differences(path: Steps, here: _Sides) -> Iterator[tuple[Steps, _Sides]]:
    """The leaves that differ, with their paths."""
    same = _same(here.before, here.after)
    if not path and isinstance(here.before, dict) and isinstance(here.after, dict):
        # The resource itself has no name among its attributes: a mask over all of it is one over each.
        for step in _steps(here.before, here.after, *here[2:]):
            yield from _differences((step,), here.inside(step))
    elif here.hidden_before is True or here.hidden_after is True:
        if _has_true(here.unknown) or not same:
            yield path, here
    elif here.unknown is True:
        yield path, here
    elif _descends(*here):
        for step in _steps(*here):
            yield from _differences((*path, step), here.inside(step))
    elif not same and not (here.before is None and here.after in ([], {})):
        yield path, here


def _descends(before: Any, after: Any, *masks: Any) -> bool:
    """Whether to look inside: objects and lists of objects, and anything that is partly hidden or unknown."""
    values = [value for value in (before, after) if value is not None]
    if all(isinstance(value, dict) for value in values):
        return bool(values) or any(_has_true(mask) for mask in masks)
    if all(isinstance(value, list) for value in values):
        nested = any(isinstance(item, (dict, list)) for value in values for item in value)
        return nested or any(_has_true(mask) for mask in masks)
    return any(_has_true(mask) for mask in masks)


def _steps(*values: Any) -> list[str | int]:
    names: set[str] = set()
    length = 0
    for value in values:
        if isinstance(value, dict):
            names.update(value)
        elif isinstance(value, list):
            length = max(length, len(value))
    return [*sorted(names), *range(length)]


def _at(value: Any, step: str | int) -> Any:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int):
        return value[step] if step < len(value) else None
    return None


def _has_true(mask: Any) -> bool:
    if isinstance(mask, dict):
        return any(_has_true(item) for item in mask.values())
    if isinstance(mask, list):
        return any(_has_true(item) for item in mask)
    return mask is True


def _same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: `true` is not 1, at any depth."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _path(steps: Steps) -> str:
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("_", "").replace("-", "").isalnum():
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text
