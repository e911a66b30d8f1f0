"""Edits one value: a field, a choice, lines, rows of names and values, an expression. Checked as you type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from kubeplat_tui import variable_form as form
from kubeplat_tui.actions import bindings
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.variable_form import Editor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.widget import Widget

    from kubeplat_tui.services.values import Value
    from kubeplat_tui.variable_form import Field


class ValueEditor(Vertical):
    """Posts `Edited` as you type, then `Taken` or `Cancelled`."""

    BINDINGS = bindings("editor.take", "editor.cancel")
    DEFAULT_CSS = """
    ValueEditor { height: auto; max-height: 100%; padding: 0; }
    ValueEditor Input, ValueEditor Input:focus { border: none; height: 1; padding: 0; background: $panel; }
    ValueEditor TextArea, ValueEditor TextArea:focus {
        border: none; height: 8; padding: 0; background: $panel;
    }
    ValueEditor OptionList, ValueEditor OptionList:focus {
        border: none; height: auto; max-height: 8; padding: 0;
    }
    ValueEditor .hint { color: $quiet; height: auto; }
    ValueEditor .problem { color: $error; height: auto; max-height: 4; }
    """

    class Edited(Message):
        """What is typed is this value now."""

        def __init__(self, value: Value) -> None:
            super().__init__()
            self.value = value

    class Taken(Edited):
        """The value is to be taken."""

    class Cancelled(Message):
        """The value stays as it was."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field
        self._typed_wrongly = False

    def compose(self) -> ComposeResult:
        kind = self.field.editor
        yield Static(Content(self._hint(kind)), classes="hint")
        yield from _COMPOSERS[kind](self.field)
        yield Static("", classes="problem")

    def on_mount(self) -> None:
        first = next(
            widget
            for widget in self.query("*")
            if widget.can_focus and not isinstance(widget, VerticalScroll)
        )
        first.focus()
        if isinstance(first, Input):
            first.cursor_position = len(first.value)
        if isinstance(first, OptionList):
            names = form.choices(self.field.variable) if self.field.variable else ()
            first.highlighted = names.index(str(self.field.value)) if self.field.value in names else 0

    def show_problems(self, sentences: Sequence[str]) -> None:
        """Say what is wrong with the value as typed."""
        if not self._typed_wrongly and self.is_attached:
            self.query_one(".problem", Static).update(Content("\n".join(f"✖ {one}" for one in sentences)))

    def value(self) -> Value:
        """The value as typed. Raises `InputError`."""
        field, kind = self.field, self.field.editor
        element = _element(field)
        if kind is Editor.CHOICE:
            options = self.query_one(OptionList)
            at = options.highlighted or 0
            return form.choices(field.variable)[at] if field.variable else None
        if kind in {Editor.TEXT, Editor.NUMBER}:
            return form.from_text(self.query_one(Input).value, element)
        if kind is Editor.LINES:
            return form.from_lines(self.query_one(TextArea).text, element)
        if kind is Editor.PAIRS:
            return form.from_pairs(self.query_one(PairRows).pairs, element)
        return form.from_hcl(self.query_one(TextArea).text)

    # --- events -------------------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._look()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._look()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._look()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_take()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.field.editor is Editor.PAIRS:
            self.query_one(PairRows).go_on(event.input)
        else:
            self.action_take()

    def action_take(self) -> None:
        """Take the value, unless it cannot be one."""
        if self._look():
            self.post_message(self.Taken(self.value()))

    def action_cancel(self) -> None:
        """Leave the value as it was."""
        self.post_message(self.Cancelled())

    def _look(self) -> bool:
        problem = self.query_one(".problem", Static)
        try:
            value = self.value()
        except InputError as error:
            self._typed_wrongly = True
            problem.update(Content(f"✖ {error}"))
            return False
        self._typed_wrongly = False
        self.post_message(self.Edited(value))
        return True

    @staticmethod
    def _hint(kind: Editor) -> str:
        ends = {
            Editor.LINES: "^s takes it",
            Editor.PAIRS: "enter next row · ^s takes it",
            Editor.HCL: "^s takes it",
        }
        return f"{kind.value} · {ends.get(kind, 'enter takes it')} · esc leaves it"


class PairRows(VerticalScroll):
    """Rows of a name and a value; an empty one at the end becomes an entry when it is filled in."""

    DEFAULT_CSS = """
    PairRows { height: auto; max-height: 10; }
    PairRows Horizontal { height: 1; }
    PairRows .name { width: 1fr; }
    PairRows .equals { width: 3; color: $quiet; content-align: center middle; }
    PairRows .value { width: 2fr; }
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        super().__init__(can_focus=False)
        self._start = pairs

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The rows as typed."""
        names, values = self.query(".name"), self.query(".value")
        texts = [[each.value for each in found if isinstance(each, Input)] for found in (names, values)]
        return list(zip(*texts, strict=True))

    def compose(self) -> ComposeResult:
        for name, value in [*self._start, ("", "")]:
            yield self._row(name, value)

    def go_on(self, field: Input) -> None:
        """Enter: from a name to its value, from a value to the next row, from the last one to a new row."""
        fields = list(self.query(Input))
        at = fields.index(field) + 1
        if at == len(fields):
            row = self._row("", "")
            self.mount(row)
            self.call_after_refresh(lambda: row.query(Input).first().focus())
        else:
            fields[at].focus()

    @staticmethod
    def _row(name: str, value: str) -> Horizontal:
        return Horizontal(
            Input(name, placeholder="name", compact=True, classes="name", select_on_focus=False),
            Static("=", classes="equals"),
            Input(value, placeholder="value", compact=True, classes="value", select_on_focus=False),
        )


def _element(field: Field) -> str:
    if field.variable is None:
        return "any"
    kind = field.variable.type
    return str(kind.element.kind if kind.elements else kind.kind)


def _input(field: Field) -> list[Widget]:
    return [Input(form.as_text(field.value), compact=True, password=field.sensitive, select_on_focus=False)]


def _lines(field: Field) -> list[Widget]:
    entries = field.value if isinstance(field.value, list | tuple) else ()
    return [TextArea("\n".join(form.as_text(entry) for entry in entries), compact=True)]


def _pairs(field: Field) -> list[Widget]:
    entries = field.value if isinstance(field.value, dict) else {}
    return [PairRows([(key, form.as_text(value)) for key, value in entries.items()])]


def _expression(field: Field) -> list[Widget]:
    text = form.as_hcl(field.value) if field.is_set or field.value is not None else ""
    return [TextArea(text, compact=True, show_line_numbers=True)]


def _choice(field: Field) -> list[Widget]:
    names = form.choices(field.variable) if field.variable else ()
    return [OptionList(*(Option(Content(name)) for name in names), compact=True)]


_COMPOSERS: dict[Editor, Callable[[Field], list[Widget]]] = {
    Editor.SWITCH: _expression,
    Editor.CHOICE: _choice,
    Editor.TEXT: _input,
    Editor.NUMBER: _input,
    Editor.LINES: _lines,
    Editor.PAIRS: _pairs,
    Editor.HCL: _expression,
}
