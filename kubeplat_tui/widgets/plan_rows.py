"""A plan as an outline: actions, riskiest first; modules; resources; attributes; values. No terminal here.

Rows are made when their parent is opened, so a plan of any size costs next to nothing until it is looked at.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from kubeplat_tui.services.config_d import by_origin
from kubeplat_tui.services.terraform.plan import Action, AttributeChange
from kubeplat_tui.widgets.cells import cut_middle
from kubeplat_tui.widgets.safe_text import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubeplat_tui.services.terraform.plan import OutputChange, Plan, ResourceChange
    from kubeplat_tui.services.values import Value
    from kubeplat_tui.widgets.pattern import Pattern

UNKNOWN = "(known after apply)"
SENSITIVE = "(sensitive value)"
NOT_SET = "(not set)"
OPEN_UP_TO = 60
"""Modules of harmless changes begin open where the plan has at most so many resources."""
LONG_VALUE = 60
"""A value longer than this can be opened to be read whole."""
WHOLE_VALUE_LINES = 2000
COMPARED_LINES = 400
"""Longer values are shown one after the other: comparing takes time that grows with the square."""


class Kind(Enum):
    """What a row stands for."""

    SECTION = "section"
    MODULE = "module"
    RESOURCE = "resource"
    ATTRIBUTE = "attribute"
    VALUE = "value"
    OUTPUT = "output"


@dataclass(slots=True, eq=False)
class Row:
    """One row. `children` is None until it is opened for the first time."""

    kind: Kind
    depth: int
    label: str
    action: Action
    parent: Row | None = None
    opens: bool = False
    is_open: bool = False
    children: list[Row] | None = None
    resource: ResourceChange | None = None
    before: str | None = None
    after: str | None = None
    note: str = ""
    forces: bool = False
    count: int = 0
    whole: AttributeChange | OutputChange | None = None
    label_width: int = 0
    """Attributes of one resource are aligned: the width of the widest name among them."""


@dataclass(slots=True)
class PlanOutline:
    """The rows of one plan, and which of them are open."""

    plan: Plan
    roots: list[Row] = field(default_factory=list)
    matching: int = 0
    """How many resources and outputs pass the filter."""
    total: int = 0
    _haystacks: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan) -> PlanOutline:
        """The outline with everything risky open. Make it in a worker: it takes milliseconds."""
        outline = cls(plan)
        outline.arrange(None)
        for change in (*plan.changes, *plan.drift):
            outline._haystacks[id(change)] = _haystack(change)
        return outline

    def arrange(self, pattern: Pattern | None) -> None:
        """Make the rows of what passes the filter; under a filter every module is open."""
        changes = [change for change in self.plan.changes if self._passes(change, pattern)]
        drift = [change for change in self.plan.drift if self._passes(change, pattern)]
        outputs = [output for output in self.plan.outputs if pattern is None or pattern.matches(output.name)]
        self.total = len(self.plan.changes) + len(self.plan.drift) + len(self.plan.outputs)
        self.matching = len(changes) + len(drift) + len(outputs)
        open_all = pattern is not None or len(changes) <= OPEN_UP_TO
        roots = []
        for action in sorted({change.action for change in changes}, key=lambda action: -action.risk):
            chosen = [change for change in changes if change.action is action]
            risky = action.risk > Action.UPDATE.risk
            roots.append(_section(action.word, action, chosen, open_modules=open_all or risky))
        if outputs:
            roots.append(_outputs(outputs))
        if drift:
            section = _section("changed outside Terraform", Action.READ, drift, open_modules=open_all)
            section.is_open = pattern is not None
            roots.append(section)
        if not roots:
            words = "Nothing changes." if pattern is None else "Nothing matches."
            roots.append(Row(Kind.VALUE, 0, words, Action.NO_OP))
        self.roots = roots

    def rows(self) -> list[Row]:
        """The rows that can be seen, in order."""
        return list(_seen(self.roots))

    def toggle(self, row: Row) -> None:
        """Open or close a row."""
        if row.opens:
            row.is_open = not row.is_open
            _children(row)

    def open_all(self) -> None:
        """Open everything down to the attributes; long values stay as they are."""
        self._set_all(self.roots, is_open=True)

    def close_all(self) -> None:
        """Close every section."""
        self._set_all(self.roots, is_open=False)

    def _set_all(self, rows: Iterable[Row], *, is_open: bool) -> None:
        for row in rows:
            if row.kind not in {Kind.SECTION, Kind.MODULE, Kind.RESOURCE}:
                if not is_open:
                    row.is_open = False
                continue
            row.is_open = is_open and row.opens
            if is_open:
                self._set_all(_children(row), is_open=True)
            elif row.children:
                self._set_all(row.children, is_open=False)

    def _passes(self, change: ResourceChange, pattern: Pattern | None) -> bool:
        return pattern is None or pattern.matches(self._haystacks[id(change)])


def _seen(rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        yield row
        if row.is_open:
            yield from _seen(_children(row))


def _section(title: str, action: Action, changes: list[ResourceChange], *, open_modules: bool) -> Row:
    section = Row(Kind.SECTION, 0, title, action, opens=True, is_open=True, count=len(changes))
    headings: dict[tuple[bool, str], list[ResourceChange]] = {}
    for change in changes:  # the user's own files come after kubeplat's modules
        headings.setdefault((bool(change.origin), change.origin or change.module), []).append(change)
    section.children = []
    for (_, heading), members in sorted(headings.items()):
        if not heading:  # what belongs to no module needs no heading
            section.children += [_resource(change, section) for change in members]
            continue
        row = _heading(heading, section, len(members), is_open=open_modules)
        row.children = [_resource(change, row) for change in members]
        section.children.append(row)
    return section


def _heading(label: str, section: Row, count: int, *, is_open: bool) -> Row:
    """The row above what belongs to a module, or to a file of the user's own."""
    return Row(
        Kind.MODULE, 1, plain(label), section.action, section, opens=True, is_open=is_open, count=count
    )


def _resource(change: ResourceChange, parent: Row) -> Row:
    prefix = f"{change.module}." if change.module and not change.origin else ""
    label = change.address.removeprefix(prefix)
    return Row(
        Kind.RESOURCE,
        parent.depth + 1,
        plain(label),
        change.action,
        parent,
        opens=bool(change.attributes),
        resource=change,
        note=plain(_why(change)),
        forces=any(attribute.forces_replacement for attribute in change.attributes),
    )


def _why(change: ResourceChange) -> str:
    """Why it is replaced or destroyed: the attributes that force it, else Terraform's reason."""
    forcing = [attribute.path for attribute in change.attributes if attribute.forces_replacement]
    if forcing:
        more = f" and {len(forcing) - 2} more" if len(forcing) > 2 else ""
        return f"forced by {', '.join(forcing[:2])}{more}"
    return change.reason


def _outputs(outputs: list[OutputChange]) -> Row:
    section = Row(Kind.SECTION, 0, "outputs", Action.NO_OP, opens=True, is_open=True, count=len(outputs))
    width = min(40, max(len(output.name) for output in outputs))
    section.children = []
    for origin, members in by_origin(outputs):
        parent = _heading(origin, section, len(members), is_open=True) if origin else section
        rows = [_change_row(Kind.OUTPUT, one.name, one, one.action, parent, width) for one in members]
        if origin:
            parent.children = rows
        section.children += [parent] if origin else rows
    return section


def _children(row: Row) -> list[Row]:
    if row.children is None:
        if row.resource is not None and row.kind is Kind.RESOURCE:
            row.children = _attributes(row, row.resource)
        elif row.whole is not None:
            row.children = _whole_value(row, row.whole)
        else:
            row.children = []
    return row.children


def _attributes(parent: Row, change: ResourceChange) -> list[Row]:
    width = min(36, max((len(attribute.path) for attribute in change.attributes), default=0))
    # What forces a replacement is what one looks for.
    ordered = sorted(change.attributes, key=lambda attribute: not attribute.forces_replacement)
    return [
        _change_row(Kind.ATTRIBUTE, attribute.path, attribute, change.action, parent, width)
        for attribute in ordered
    ]


def _change_row(  # noqa: PLR0917 - the six of them are the row
    kind: Kind, name: str, change: AttributeChange | OutputChange, action: Action, parent: Row, width: int
) -> Row:
    before = value_text(change.before)
    after = value_text(change.after)
    if change.sensitive:
        before = after = SENSITIVE
    if change.unknown:
        after = UNKNOWN
    long = not change.sensitive and max(len(before), len(after)) > LONG_VALUE
    return Row(
        kind,
        parent.depth + 1,
        plain(name),
        action,
        parent,
        opens=long,
        before=None if action is Action.CREATE else before,
        after=None if action in {Action.DELETE, Action.FORGET} else after,
        forces=isinstance(change, AttributeChange) and change.forces_replacement,
        whole=change if long else None,
        label_width=width,
    )


def value_text(value: Value) -> str:
    """A value on one line, as Terraform writes it: strings in quotes, `null` as `(not set)`."""
    if value is None:
        return NOT_SET
    if isinstance(value, str):
        return f'"{one_line(value)}"'
    return plain(json.dumps(value, ensure_ascii=False))


def _whole_value(parent: Row, change: AttributeChange | OutputChange) -> list[Row]:
    """The whole value in lines; of two values the difference. JSON inside a string is laid out first."""
    before, after = _lines(change.before), _lines(change.after)
    if parent.before is None or change.before is None:
        marked = [(Action.NO_OP, line) for line in after]
    elif parent.after is None or (change.after is None and not change.unknown):
        marked = [(Action.NO_OP, line) for line in before]
    elif change.unknown:
        marked = [(Action.DELETE, line) for line in before]
    else:
        marked = list(_difference(before, after))
    return [
        Row(Kind.VALUE, parent.depth + 1, line, action, parent) for action, line in marked[:WHOLE_VALUE_LINES]
    ]


def _lines(value: Value) -> list[str]:
    """A value in lines that can be compared."""
    if isinstance(value, str):
        try:
            inner = json.loads(value) if value[:1] in {"{", "["} else None
        except ValueError:
            inner = None
        if inner is None:
            return [plain(line) for line in value.splitlines()]
        value = inner
    return plain_lines(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True))


def plain_lines(text: str) -> list[str]:
    """The lines of a text, each safe to show."""
    return [plain(line) for line in text.splitlines()]


def _difference(before: list[str], after: list[str]) -> Iterator[tuple[Action, str]]:
    """Unified difference with three lines around each change."""
    if max(len(before), len(after)) > COMPARED_LINES:
        yield from ((Action.DELETE, line) for line in before)
        yield from ((Action.CREATE, line) for line in after)
        return
    for line in difflib.unified_diff(before, after, lineterm="", n=3):
        if line.startswith(("---", "+++")):
            continue
        if line.startswith("@@"):
            yield Action.READ, "…"
        else:
            yield {"-": Action.DELETE, "+": Action.CREATE}.get(line[0], Action.NO_OP), line[1:]


def _haystack(change: ResourceChange) -> str:
    parts = [change.address, change.action.word, change.reason, change.origin]
    for attribute in change.attributes:
        parts.append(attribute.path)
        if not attribute.sensitive:
            parts += [
                cut_middle(value_text(value), 400)
                for value in (attribute.before, attribute.after)
                if value is not None
            ]
    return "\n".join(parts)
