"""Edits one value: a field, a choice, lines, rows of names and values, an expression. Checked as you type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.variables import form
from kubeplat_tui.screens.variables.form import Editor
from kubeplat_tui.services.errors import InputError

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from kubeplat_tui.screens.variables.form import Field
    from kubeplat_tui.services.values import Value


class ValueEditor(Vertical):
    """Posts `Edited` as you type, then `Taken` or `Cancelled`."""

    BINDINGS = bindings("editor.take", "editor.cancel")
    DEFAULT_CSS = """
    ValueEditor { height: auto; max-height: 100%; padding: 0; display: none; }
    ValueEditor Input, ValueEditor Input:focus { border: none; height: 1; padding: 0; background: $panel; }
    ValueEditor TextArea, ValueEditor TextArea:focus {
        border: none; height: auto; min-height: 3; max-height: 6; padding: 0; background: $panel;
    }
    ValueEditor OptionList, ValueEditor OptionList:focus {
        border: none; height: auto; max-height: 8; padding: 0;
    }
    ValueEditor .hint { color: $quiet; height: auto; }
    ValueEditor .problem { color: $error; height: auto; max-height: 3; }
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

    def __init__(self) -> None:
        super().__init__()
        self.field: Field | None = None
        """What is edited now. The widgets stay when it is done, hidden, for the next one."""
        self._typed_wrongly = False

    def compose(self) -> ComposeResult:
        yield Static("", classes="hint")
        yield Input(compact=True, select_on_focus=False, id="single")
        yield OptionList(compact=True)
        yield TextArea(compact=True)
        yield PairRows()
        yield Static("", classes="problem")

    async def begin(self, field: Field) -> None:
        """Edit this field: show what fits its kind, with its value, and take the keys."""
        self.field = None  # what the widgets say while they are filled is not typed by anybody
        kind = field.editor
        self.query_one(".hint", Static).update(Content(hint(kind)))
        self.query_one(".problem", Static).update("")
        wanted = await self._fill(field, kind)
        for widget in (self._single, self._options, self._area, self._rows):
            widget.display = widget is wanted
        self.display = True
        self.field = field
        first = wanted.query(Input).first() if isinstance(wanted, PairRows) else wanted
        self.call_after_refresh(first.focus)

    def end(self) -> None:
        """Nothing is edited any more."""
        self.field = None
        self.display = False

    async def _fill(self, field: Field, kind: Editor) -> Widget:
        value = field.value
        if kind is Editor.CHOICE:
            names = form.choices(field.variable) if field.variable else ()
            self._options.set_options([Option(Content(name)) for name in names])
            self._options.highlighted = names.index(str(value)) if value in names else 0
            return self._options
        if kind in {Editor.TEXT, Editor.NUMBER}:
            self._single.password = field.sensitive
            self._single.value = form.as_text(value)
            self._single.cursor_position = len(self._single.value)
            return self._single
        if kind is Editor.PAIRS:
            entries = value if isinstance(value, Mapping) else {}
            await self._rows.fill([(key, form.as_text(each)) for key, each in entries.items()])
            return self._rows
        if kind is Editor.LINES:
            lines = value if isinstance(value, Sequence) else ()
            text = "\n".join(form.as_text(line) for line in lines)
        else:
            text = form.as_hcl(value) if field.is_set or value is not None else ""
        self._area.show_line_numbers = kind is Editor.HCL
        self._area.soft_wrap = False
        self._area.load_text(text)
        self._area.move_cursor(self._area.document.end)
        return self._area

    @property
    def _single(self) -> Input:
        return self.query_one("#single", Input)

    @property
    def _options(self) -> OptionList:
        return self.query_one(OptionList)

    @property
    def _area(self) -> TextArea:
        return self.query_one(TextArea)

    @property
    def _rows(self) -> PairRows:
        return self.query_one(PairRows)

    def show_problems(self, sentences: Sequence[str]) -> None:
        """Say what is wrong with the value as typed."""
        if not self._typed_wrongly:
            self.query_one(".problem", Static).update(Content("\n".join(f"✖ {one}" for one in sentences)))

    def value(self, field: Field) -> Value:
        """The value as typed. Raises `InputError`."""
        kind, element = field.editor, element_of(field)
        if kind is Editor.CHOICE:
            names = form.choices(field.variable) if field.variable else ()
            return names[self._options.highlighted or 0]
        if kind in {Editor.TEXT, Editor.NUMBER}:
            return form.from_text(self._single.value, element)
        if kind is Editor.LINES:
            return form.from_lines(self._area.text, element)
        if kind is Editor.PAIRS:
            return form.from_pairs(self._rows.pairs, element)
        return form.from_hcl(self._area.text)

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
        if self.field is not None and self.field.editor is Editor.PAIRS:
            self._rows.go_on(event.input)
        else:
            self.action_take()

    def action_take(self) -> None:
        """Take the value, unless it cannot be one."""
        if self.field is not None and self._look():
            self.post_message(self.Taken(self.value(self.field)))

    def action_cancel(self) -> None:
        """Leave the value as it was."""
        self.post_message(self.Cancelled())

    def _look(self) -> bool:
        if self.field is None:
            return False
        try:
            value = self.value(self.field)
        except InputError as error:
            self._typed_wrongly = True
            self.query_one(".problem", Static).update(Content(f"✖ {error}"))
            return False
        self._typed_wrongly = False
        self.post_message(self.Edited(value))
        return True


def hint(kind: Editor) -> str:
    """What can be typed, and how it is ended."""
    ends = {
        Editor.PAIRS: "enter next field · ^s takes it",
        Editor.LINES: "^s takes it",
        Editor.HCL: "^s takes it",
    }
    return f"{kind.value} · {ends.get(kind, 'enter takes it')} · esc leaves it"


def element_of(field: Field) -> str:
    """The kind of a single value in it: its own, or that of a collection's elements."""
    if field.variable is None:
        return "any"
    kind = field.variable.type
    return str(kind.element.kind if kind.elements else kind.kind)


class PairRows(VerticalScroll):
    """Rows of a name and a value; an empty one at the end becomes an entry when it is filled in."""

    DEFAULT_CSS = """
    PairRows { height: auto; max-height: 10; }
    PairRows Horizontal { height: 1; }
    PairRows .name { width: 1fr; }
    PairRows .equals { width: 3; color: $quiet; content-align: center middle; }
    PairRows .value { width: 2fr; }
    """

    def __init__(self) -> None:
        super().__init__(can_focus=False)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The rows as typed."""
        names, values = self.query(".name"), self.query(".value")
        texts = [[each.value for each in found if isinstance(each, Input)] for found in (names, values)]
        return list(zip(*texts, strict=True))

    async def fill(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Show these rows and an empty one."""
        await self.remove_children()
        await self.mount_all(self._row(name, value) for name, value in [*pairs, ("", "")])

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
