"""What the form of variables says about a field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from kubeplat_tui.screens.variables import form
from kubeplat_tui.services.variables.declarations import Required
from kubeplat_tui.widgets.cells import Mark, Tone, failed
from kubeplat_tui.widgets.state import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeplat_tui.screens.variables.form import Field
    from kubeplat_tui.services.errors import InputError

HIDDEN = "••••••"


def state_cell(field: Field) -> Mark:
    """A field's state: what is wrong first, then what changed."""
    if field.missing:
        return failed("missing")
    if field.problems:
        return failed("wrong")
    if field.changed:
        return Mark("●", "changed" if field.is_set else "to default", Tone.CHANGING)
    return Mark("", "set") if field.is_set else Mark("", "default", Tone.QUIET)


def state_rank(field: Field) -> float:
    """For sorting by state: what needs a person first."""
    return 0 if field.problems or field.missing else 1 if field.changed else 2 if field.is_set else 3


def value_cell(field: Field) -> Mark:
    """A field's value on one line; a default is quiet."""
    text = (
        HIDDEN if field.sensitive and field.value else "" if field.value is None else form.inline(field.value)
    )
    return Mark("", text, Tone.PLAIN if field.is_set else Tone.QUIET)


def notes(fields: Sequence[Field]) -> tuple[str, ...]:
    """What stands beside the table's title."""
    changed = sum(field.changed for field in fields)
    wrong = sum(bool(field.problems) for field in fields)
    made = [f"{changed} changed" if changed else "", f"✖ {wrong} wrong" if wrong else ""]
    return tuple(note for note in made if note)


def description(field: Field, *, editing: bool) -> Content:
    """What the pane says about a field."""
    variable = field.variable
    kind = str(variable.type) if variable else "not declared"
    parts = [Content.assemble((field.name, "bold"), (f"  {kind}", "$quiet"))]
    if variable is not None and variable.description:
        parts.append(Content(variable.description))
    if not editing:
        parts += [Content.assemble(("✖ ", "$error"), problem.message) for problem in field.problems]
    facts = [("Default", default_words(field))]
    if field.line is not None:
        facts.append(("Line", str(field.line)))
    parts += [Content.assemble((f"{label:9}", "$quiet"), (words, "$quiet")) for label, words in facts]
    return Content("\n").join(parts)


def default_words(field: Field) -> str:
    """The default as it is read."""
    default = field.variable.default if field.variable is not None else Required.REQUIRED
    return "none: it must be set" if isinstance(default, Required) else form.inline(default)


def broken(error: InputError) -> Notice:
    """The file's text cannot be parsed: there is no form."""
    todo = f"{error.todo} Press ctrl+t to correct the text.".strip()
    return Notice("✖", Tone.BAD, error.what, error.why, todo)
