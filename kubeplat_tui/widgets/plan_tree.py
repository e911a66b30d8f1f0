"""The plan as a tree of only what changes: riskiest first, attribute by attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import work
from textual.message import Message

from kubeplat_tui.actions import bindings
from kubeplat_tui.delivered import Delivered
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.terraform.plan import Action
from kubeplat_tui.widgets.cells import Tone, cut_middle
from kubeplat_tui.widgets.line_view import GUTTER, LineView
from kubeplat_tui.widgets.pattern import Pattern
from kubeplat_tui.widgets.plan_rows import NOT_SET, SENSITIVE, UNKNOWN, Kind, PlanOutline, Row
from kubeplat_tui.widgets.safe_text import Span, wrap

if TYPE_CHECKING:
    from rich.style import Style
    from textual.binding import BindingType

    from kubeplat_tui.services.terraform.plan import Plan

INDENT = 2
ARROW = " → "
FORCES = "▲ forces replacement"
TONES = {
    Action.DELETE: Tone.BAD,
    Action.REPLACE: Tone.WARNING,
    Action.FORGET: Tone.WARNING,
    Action.UPDATE: Tone.CHANGING,
    Action.CREATE: Tone.GOOD,
    Action.READ: Tone.QUIET,
    Action.NO_OP: Tone.PLAIN,
}


class Line:
    """A row put together piece by piece, never wider than the view."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._text = ""
        self._spans: list[Span] = []

    @property
    def room(self) -> int:
        """Cells that are left."""
        return max(0, self._width - cell_len(self._text))

    def add(self, text: str, *styles: Style) -> None:
        """A piece; what does not fit is cut in the middle."""
        start = len(self._text)
        self._text += cut_middle(text, self.room)
        self._spans += [(start, len(self._text), style) for style in styles]

    def finish(self) -> tuple[str, list[Span]]:
        """Text and styles."""
        return self._text, self._spans


class PlanTree(LineView):
    """Shows one plan. The outline is made in a worker; rows are drawn when they are seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("plan.toggle", "plan.into", "plan.out", "plan.open_all", "plan.close_all", "line.copy")
    ]

    class Changed(Message):
        """There is more to say in the title."""

        def __init__(self, tree: PlanTree) -> None:
            super().__init__()
            self.tree = tree

        @property
        def control(self) -> PlanTree:
            """The tree."""
            return self.tree

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=classes)
        self._plan: Plan | None = None
        self._outline: PlanOutline | None = None
        self._rows: list[Row] = []
        self._filter = ""

    @property
    def plan(self) -> Plan | None:
        """The plan that is shown, or will be as soon as its outline is made."""
        return self._plan

    @property
    def filter(self) -> str:
        """The filter as typed."""
        return self._filter

    def show(self, plan: Plan) -> None:
        """Show another plan, as soon as its outline is made; until then none."""
        self._plan = plan
        self._outline = None
        self._arrange()
        self._make_outline(plan)

    @work(thread=True, exclusive=True, group="plan-outline", exit_on_error=False)
    def _make_outline(self, plan: Plan) -> None:
        outline = PlanOutline.of(plan)
        self.post_message(Delivered(lambda: self._take(outline)))

    def on_delivered(self, event: Delivered) -> None:
        """An outline is made."""
        event.stop()
        event.deliver()

    def _take(self, outline: PlanOutline) -> None:
        if outline.plan is not self._plan:
            return  # another one was asked for in the meantime
        self._outline = outline
        self._filter = ""
        self.cursor = 0
        self._arrange()

    def clear(self) -> None:
        """Show nothing."""
        self._plan = self._outline = None
        self._arrange()

    @property
    def filter_count(self) -> str:
        """`(12/500)` under a filter, "" without."""
        if self._outline is None or not self._filter:
            return ""
        return f"({self._outline.matching}/{self._outline.total})"

    def set_filter(self, text: str) -> str:
        """Show only what matches; returns a sentence where `text` is no regular expression."""
        try:
            pattern = Pattern.parse(text)
        except InputError as error:
            return str(error)
        self._filter = text if pattern is not None else ""
        if self._outline is not None:
            self._outline.arrange(pattern)
        self._arrange()
        return ""

    def _arrange(self) -> None:
        here = self.current
        self._rows = self._outline.rows() if self._outline is not None else []
        if here is not None and here in self._rows:
            self.set_reactive(PlanTree.cursor, self._rows.index(here))
        self.rows_changed()
        self.refresh_bindings()
        self.post_message(self.Changed(self))

    # --- rows -------------------------------------------------------------------------------------

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def count(self) -> int:
        """How many rows can be seen."""
        return len(self._rows)

    def row(self, index: int, width: int) -> tuple[str, list[Span]]:
        """One row, drawn."""
        row = self._rows[index]
        line = Line(width)
        line.add(" " * (INDENT * row.depth))
        line.add("▾ " if row.is_open else "▸ " if row.opens else "  ", self.style(Tone.QUIET))
        match row.kind:
            case Kind.SECTION | Kind.MODULE:
                self._heading(line, row)
            case Kind.RESOURCE:
                self._resource(line, row)
            case Kind.ATTRIBUTE | Kind.OUTPUT:
                self._change(line, row)
            case Kind.VALUE:
                sign = row.action.sign if row.action in {Action.DELETE, Action.CREATE} else " "
                line.add(f"{sign} {row.label}", self.style(TONES[row.action]))
        return line.finish()

    def _heading(self, line: Line, row: Row) -> None:
        tone = self.style(TONES[row.action]) if row.kind is Kind.SECTION else self.style(Tone.PLAIN)
        sign = (
            "▲ "
            if row.action is Action.READ
            else f"{row.action.sign} "
            if row.action is not Action.NO_OP
            else ""
        )
        line.add(f"{sign}{row.label}" if row.kind is Kind.SECTION else row.label, tone, self.style("strong"))
        line.add(f" ({row.count})", self.style(Tone.QUIET))

    def _resource(self, line: Line, row: Row) -> None:
        note = f"  {'▲ ' if row.forces else ''}{row.note}" if row.note else ""
        tone = self.style(TONES[row.action])
        line.add(f"{row.action.sign} ", tone, self.style("strong"))
        # The name gives way last: it is cut only where the note is gone already.
        line.add(row.label)
        line.add(
            note if cell_len(note) <= line.room or line.room > 16 else "",
            self.style(Tone.WARNING if row.forces else Tone.QUIET),
        )

    def _change(self, line: Line, row: Row) -> None:
        both = row.before is not None and row.after is not None
        sign, tone = _attribute_sign(row)
        line.add(f"{sign} ", self.style(tone))
        line.add(f"{cut_middle(row.label, row.label_width):<{row.label_width}}  ", self.style(Tone.ACCENT))
        forces = f"  {FORCES}" if line.room > 50 else "  ▲"
        room = line.room - (cell_len(forces) if row.forces else 0)
        if both:
            before, after = _share(row.before or "", row.after or "", room - len(ARROW))
            line.add(before, self._value_style(before))
            line.add(ARROW, self.style(Tone.QUIET))
            line.add(after, self._value_style(after))
        else:
            value = cut_middle(row.after if row.after is not None else row.before or "", max(1, room))
            line.add(value, self._value_style(value))
        if row.forces:
            line.add(forces, self.style(Tone.WARNING))

    def _value_style(self, text: str) -> Style:
        return self.style(Tone.QUIET if text in {UNKNOWN, SENSITIVE, NOT_SET} else Tone.PLAIN)

    # --- keys -------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing works on no rows."""
        if action in {"fold", "open_all", "close_all", "copy"}:
            return bool(self._rows)
        return super().check_action(action, parameters)

    def action_fold(self) -> None:
        """Open or close the row; on a row that cannot be opened, its parent."""
        row = self.current
        if row is None or self._outline is None:
            return
        if not row.opens:
            if row.parent is not None:
                self._close(row.parent)
            return
        self._outline.toggle(row)
        self._wrap_values(row)
        self._arrange()
        if row.is_open and row.children:  # show what was opened, as far as it fits
            height = max(1, self.scrollable_content_region.height)
            last = self.cursor + len(row.children)
            if last >= self.scroll_offset.y + height:
                self.jump(min(self.cursor, last - height + 1))

    def clicked(self) -> None:
        """A click on the cursor's row is Enter."""
        self.action_fold()

    def action_into(self) -> None:
        """Open the row, or go to its first child."""
        row = self.current
        if row is not None and row.opens and not row.is_open:
            self.action_fold()
        elif row is not None and row.is_open:
            self.cursor += 1

    def action_out(self) -> None:
        """Close the row, or go to its parent."""
        row = self.current
        if row is not None and row.is_open:
            self._close(row)
        elif row is not None and row.parent is not None:
            self.cursor = self._rows.index(row.parent)

    def _close(self, row: Row) -> None:
        row.is_open = False
        self.cursor = self._rows.index(row)
        self._arrange()

    def action_open_all(self) -> None:
        """Every attribute of everything."""
        if self._outline is not None:
            self._outline.open_all()
            self._arrange()

    def action_close_all(self) -> None:
        """Only the sections."""
        if self._outline is not None:
            self._outline.close_all()
            self.cursor = 0
            self._arrange()

    def action_copy(self) -> None:
        """Copy the address of the resource, or the whole value of the attribute."""
        row = self.current
        if row is None:
            return
        if row.kind is Kind.RESOURCE and row.resource is not None:
            text = row.resource.address
        else:
            text = row.after or row.before or row.label
        self.app.copy_to_clipboard(text)
        self.app.notify(f"Copied: {cut_middle(text, 50)}", markup=False)

    # --- long values ------------------------------------------------------------------------------

    def _wrap_values(self, row: Row) -> None:
        """Lines of a whole value that are wider than the view become several rows."""
        if not row.is_open or row.whole is None or not row.children:
            return
        width = self.room - GUTTER - INDENT * (row.depth + 1) - 4
        row.children = [
            Row(Kind.VALUE, line.depth, piece, line.action, row)
            for line in row.children
            for piece in wrap(line.label, width)
        ]


def _attribute_sign(row: Row) -> tuple[str, Tone]:
    if row.after is None or row.after == NOT_SET:
        return "-", Tone.BAD
    if row.before is None or row.before == NOT_SET:
        return "+", Tone.GOOD
    return "~", Tone.CHANGING


def _share(before: str, after: str, room: int) -> tuple[str, str]:
    """Both values in `room` cells: a short one leaves its rest to the long one."""
    room = max(2, room)
    if cell_len(before) + cell_len(after) <= room:
        return before, after
    half = room // 2
    if cell_len(before) <= half:
        return before, cut_middle(after, room - cell_len(before))
    if cell_len(after) <= half:
        return cut_middle(before, room - cell_len(after)), after
    return cut_middle(before, half), cut_middle(after, room - half)
