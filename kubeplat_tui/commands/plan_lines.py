"""A plan as lines: riskiest first, by attribute where something existing changes, additions by module."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from kubeplat_tui.commands import text
from kubeplat_tui.services.config_d import by_origin
from kubeplat_tui.services.terraform.plan import Action
from kubeplat_tui.widgets.cells import cut_middle
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.services.terraform.plan import AttributeChange, Plan, ResourceChange
    from kubeplat_tui.services.values import Value

STYLES = {
    Action.DELETE: "red",
    Action.REPLACE: "red",
    Action.FORGET: "yellow",
    Action.UPDATE: "yellow",
    Action.CREATE: "green",
    Action.READ: "dim",
    Action.NO_OP: "dim",
}
BRIEF = (Action.CREATE, Action.READ, Action.NO_OP)
"""Actions that touch nothing that exists: counted by module rather than listed."""

ATTRIBUTES = 12
"""Attributes shown of one resource before a question; the rest is counted."""

SHOWN = 60
"""The longest value shown of an attribute, in columns."""


def lines(plan: Plan, *, every_change: bool) -> Iterator[Text]:
    """The plan for a person. `every_change` lists additions with their attributes; else they are counted."""
    root = plan.root.value
    if plan.empty:
        yield Text(f"Plan for {root}: no changes.", style="bold")
        return
    yield Text(f"Plan for {root}: {plan.summary()}", style="bold")
    for change in plan.drift:
        yield Text(f"  changed outside Terraform: {change.address}", style="yellow")
    brief = (
        [] if every_change or plan.destroy else [change for change in plan.changes if change.action in BRIEF]
    )
    listed = [change for change in plan.changes if every_change or change.action not in BRIEF]
    # What a destroy removes is its name: every attribute going to null says nothing more.
    limit = 0 if plan.destroy else None if every_change else ATTRIBUTES
    for origin, changes in by_origin(listed):
        yield from _heading(origin)
        for change in changes:
            yield from _change(change, limit)
    yield from _by_module(brief)
    yield from _outputs(plan, every_change=every_change)


def _heading(origin: str) -> Iterator[Text]:
    if origin:
        yield Text(f"  {one_line(origin)}", style="bold")


def _outputs(plan: Plan, *, every_change: bool) -> Iterator[Text]:
    """The outputs that change; new ones are counted unless every change is wanted."""
    for origin, outputs in by_origin(plan.outputs):
        new = 0 if every_change else sum(output.action is Action.CREATE for output in outputs)
        if new:
            words = f"outputs of {one_line(origin)}" if origin else "outputs"
            yield Text.assemble((f"  + {new:>3} ", STYLES[Action.CREATE]), words)
        shown = [output for output in outputs if every_change or output.action is not Action.CREATE]
        if shown:
            yield from _heading(origin)
        for output in shown:
            after = "(known after apply)" if output.unknown else text.value(output.after)
            yield Text.assemble(
                (f"  {output.action.sign} ", STYLES[output.action]),
                f"output {output.name} = {'(sensitive)' if output.sensitive else after}",
            )


def _change(change: ResourceChange, limit: int | None) -> Iterator[Text]:
    style = STYLES[change.action]
    reason = f"  ({change.reason})" if change.reason else ""
    yield Text.assemble(
        (f"  {change.action.sign} {change.address}", style), (f"  {change.action.word}{reason}", "dim")
    )
    shown = change.attributes[:limit]
    for attribute in shown:
        yield Text(f"      {_attribute(attribute)}")
    if limit and len(change.attributes) > limit:
        yield Text(f"      and {len(change.attributes) - limit} more", style="dim")


def _attribute(attribute: AttributeChange) -> str:
    if attribute.sensitive:
        return f"{attribute.path}: (sensitive){_forces(attribute)}"
    after = "(known after apply)" if attribute.unknown else _short(attribute.after)
    if attribute.before is None:
        return f"{attribute.path}: {after}{_forces(attribute)}"
    return f"{attribute.path}: {_short(attribute.before)} -> {after}{_forces(attribute)}"


def _short(content: Value) -> str:
    return cut_middle(one_line(text.value(content)), SHOWN)


def _forces(attribute: AttributeChange) -> str:
    return "  forces replacement" if attribute.forces_replacement else ""


def _by_module(changes: list[ResourceChange]) -> Iterator[Text]:
    """One line a module (or a file of the user's own) and action: how many of which type."""
    found: dict[tuple[tuple[bool, str], Action], Counter[str]] = {}
    for change in changes:
        place = bool(change.origin), one_line(change.origin) or change.module
        found.setdefault((place, change.action), Counter())[change.type] += 1
    for ((_, module), action), types in sorted(
        found.items(), key=lambda item: (-item[0][1].risk, item[0][0])
    ):
        listed = ", ".join(f"{name} x{count}" if count > 1 else name for name, count in sorted(types.items()))
        yield Text.assemble(
            (f"  {action.sign} {types.total():>3} ", STYLES[action]),
            f"{module or '(root)'}",
            (f"  {listed}", "dim"),
        )
