"""The variables of an environment: a form made from the declared types, and the file's own text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container, Vertical, VerticalScroll
from textual.widgets import Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.base import EnvironmentScreen
from kubeplat_tui.screens.variables import form
from kubeplat_tui.screens.variables.form import Editor, Field
from kubeplat_tui.screens.variables.words import (
    broken,
    description,
    notes,
    state_cell,
    state_rank,
    value_cell,
)
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.widgets.state import StateView
from kubeplat_tui.widgets.table import Column, ResourceTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from kubeplat_tui.opened import Opened
    from kubeplat_tui.screens.variables.text import VariableText
    from kubeplat_tui.screens.variables.value_editor import ValueEditor
    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.variables.declarations import Declarations, Problem
    from kubeplat_tui.services.variables.variable_file import VariableFile


class FieldTable(ResourceTable[Field]):
    """The form's rows: Enter edits, space switches."""

    BINDINGS = bindings("variables.edit", "variables.toggle")


class VariablesScreen(EnvironmentScreen):
    """Holds the file as edited until it is saved; other sections may be looked at meanwhile."""

    section = "variables"
    needs_site = False
    BINDINGS = bindings(
        "variables.save", "variables.reset", "variables.undo", "variables.problem", "variables.text"
    )
    DEFAULT_CSS = """
    VariablesScreen #form { layout: vertical; height: 1fr; }
    VariablesScreen #pane {
        height: auto; min-height: 7; max-height: 60%; padding: 0 3; border-top: solid $line;
    }
    VariablesScreen #about { height: auto; max-height: 12; }
    VariablesScreen.-editing #about { max-height: 5; }
    VariablesScreen.-editing #pane { max-height: 80%; }
    VariablesScreen.-wide #form { layout: horizontal; }
    VariablesScreen.-wide FieldTable { width: 3fr; }
    VariablesScreen.-wide ValueEditor TextArea { max-height: 24; }
    VariablesScreen.-wide #pane {
        width: 2fr; height: 1fr; max-height: 100%; padding: 1 2; border-top: none; border-left: solid $line;
    }
    VariablesScreen.-wide #about, VariablesScreen.-wide.-editing #about { max-height: 60%; margin-bottom: 1; }
    VariablesScreen.-text StateView { display: none; }
    VariablesScreen VariableText { display: none; }
    VariablesScreen.-text VariableText { display: block; }
    """

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self.file: VariableFile | None = None
        self._declarations: Declarations | None = None
        self._fields: list[Field] = []
        self._problems: Sequence[Problem] = ()

    def compose_body(self) -> ComposeResult:
        table = FieldTable(
            [
                Column("Name", lambda row: row.name, weight=100, shortest=32),
                Column("Value", value_cell, weight=90, shortest=14, longest=70),
                Column("State", state_cell, weight=95, sort=state_rank),
            ],
            key=lambda row: row.name,
            noun="Variables",
            section=lambda row: row.group,
        )
        table.start_at("Value")
        yield StateView(
            Container(
                table,
                Vertical(VerticalScroll(Static(id="words"), id="about", can_focus=False), id="pane"),
                id="form",
            ),
            now=self.kubeplat.now,
        )

    # --- reading and checking -----------------------------------------------------------------------

    @property
    def unsaved(self) -> bool:
        """Whether there are changes that are not in the file."""
        return self.file is not None and self.file.edited

    @property
    def refreshes(self) -> bool:
        """Reading anew would lose what is not saved."""
        return not self.unsaved

    def on_screen_resume(self) -> None:
        if self.file is not None and not self.unsaved and not self._editor:
            self._load(quiet=True)

    def refresh_data(self) -> None:
        self._load(quiet=self.file is not None)

    def _load(self, *, quiet: bool) -> None:
        intents, name = self.kubeplat.intents, self.opened.name
        self.fetch(
            f"Reading the variables of {name}",
            lambda: (intents.declarations(name), intents.variable_file(name)),
            self._loaded,
            quiet=quiet,
        )

    def _loaded(self, read: tuple[Declarations, VariableFile]) -> None:
        if self.unsaved:
            return
        self._declarations, file = read
        self.take(file)

    def take(self, file: VariableFile) -> None:
        """The file is this now: check it in the background, then show it."""
        self.file = file
        self._check(file)
        self.refresh_bindings()

    def _check(self, file: VariableFile) -> None:
        declarations = self._declarations
        if declarations is None:
            return

        def work() -> tuple[Sequence[Problem], list[Field] | InputError]:
            problems = file.problems(declarations)
            try:
                return problems, form.fields(declarations, file, problems)
            except InputError as error:
                return problems, error

        def show(checked: tuple[Sequence[Problem], list[Field] | InputError]) -> None:
            if file is self.file:
                self._show(*checked)

        self.fetch("Checking the variables", work, show, group="check", quiet=True)

    def _show(self, problems: Sequence[Problem], fields: list[Field] | InputError) -> None:
        self._problems = problems
        if isinstance(fields, InputError):
            self._fields = []
            if not self.has_class("-text"):
                self.state.show_notice(broken(fields), keep=False)
        else:
            self._fields = fields
            table = self.query_one(FieldTable)
            table.set_rows(fields)
            table.set_notes(notes(fields))
            if not self.has_class("-text"):
                self.show_content()
            self._describe()
        for text in self._text_tab:
            text.show_problems(problems)
        self.refresh_bindings()

    # --- the row under the cursor -------------------------------------------------------------------

    @property
    def _field(self) -> Field | None:
        return self.query_one(FieldTable).current if self._fields and not self.has_class("-text") else None

    @property
    def _editor(self) -> ValueEditor | None:
        """The editor while it edits something."""
        from kubeplat_tui.screens.variables.value_editor import ValueEditor

        return next((editor for editor in self.query(ValueEditor) if editor.field is not None), None)

    def on_resource_table_highlighted(self) -> None:
        self._describe()
        self.refresh_bindings()

    def _describe(self) -> None:
        field = self._field
        if field is not None:
            self.query_one("#words", Static).update(description(field, editing=self._editor is not None))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        field = self._field
        enabled = {
            "save": self.unsaved,
            "reset": field is not None and field.is_set and not field.missing,
            "undo": field is not None and field.changed,
            "problem": any(each.problems for each in self._fields) and not self.has_class("-text"),
            "text": self.file is not None and self._editor is None,
            "edit": field is not None,
            "switch": field is not None and field.editor in {Editor.SWITCH, Editor.CHOICE},
        }
        if self._editor is not None and (action in enabled or action in {"filter", "refresh", "leave"}):
            return False
        return enabled[action] if action in enabled else super().check_action(action, parameters)

    async def action_edit(self) -> None:
        """Edit the value under the cursor; a yes-or-no one is switched."""
        field = self._field
        if field is None:
            return
        if field.editor is Editor.SWITCH:
            self.action_switch()
            return
        from kubeplat_tui.screens.variables.value_editor import ValueEditor

        if not self.query(ValueEditor):
            await self.query_one("#pane").mount(ValueEditor())
        self.add_class("-editing")
        await self.query_one(ValueEditor).begin(field)
        self.query_one("#words", Static).update(description(field, editing=True))
        self.refresh_bindings()

    def action_switch(self) -> None:
        """Switch a yes-or-no value; take the next of a choice."""
        field = self._field
        if field is None:
            return
        if field.editor is Editor.SWITCH:
            self._set(field.name, not field.value)
        elif field.variable is not None:
            names = form.choices(field.variable)
            at = names.index(str(field.value)) if field.value in names else -1
            self._set(field.name, names[(at + 1) % len(names)])

    def action_reset(self) -> None:
        """Take the variable out of the file."""
        field = self._field
        if field is not None and self.file is not None:
            self.take(self.file.without(field.name))

    def action_undo(self) -> None:
        """Take back what is not saved of this variable."""
        field, file = self._field, self.file
        if field is None or file is None:
            return
        before = file.saved()
        try:
            had = before.is_set(field.name)
            self.take(
                file.with_value(field.name, before.value(field.name)) if had else file.without(field.name)
            )
        except InputError:  # what was on disk could not be parsed: there is nothing to go back to
            self.take(file.without(field.name))

    def action_problem(self) -> None:
        """Go to the next variable with a problem."""
        table = self.query_one(FieldTable)
        rows = table.shown
        here = table.current
        at = rows.index(here) if here in rows else -1
        wrong = next((row for row in [*rows[at + 1 :], *rows[: at + 1]] if row.problems), None)
        if wrong is None:
            table.set_filter("")
            wrong = next(row for row in self._fields if row.problems)
        table.go_to(wrong.name)

    def _set(self, name: str, value: Value) -> None:
        if self.file is not None:
            self.take(self.file.with_value(name, value))

    # --- the editor ---------------------------------------------------------------------------------

    def on_value_editor_edited(self, event: ValueEditor.Edited) -> None:
        event.stop()
        editor, file, declarations = self._editor, self.file, self._declarations
        if editor is None or file is None or declarations is None:
            return
        name, value = editor.field.name if editor.field else "", event.value

        def work() -> list[str]:
            problems = file.with_value(name, value).problems(declarations)
            return [problem.message for problem in problems if problem.variable == name]

        self.fetch("Checking the value", work, editor.show_problems, group="value", quiet=True)

    def on_value_editor_taken(self, event: ValueEditor.Taken) -> None:
        event.stop()
        editor = self._editor
        if editor is not None and editor.field is not None:
            name = editor.field.name
            self._close_editor(editor)
            self._set(name, event.value)

    def on_value_editor_cancelled(self) -> None:
        if self._editor is not None:
            self._close_editor(self._editor)

    def _close_editor(self, editor: ValueEditor) -> None:
        editor.end()
        self.remove_class("-editing")
        self.query_one(FieldTable).focus()
        self._describe()
        self.refresh_bindings()

    # --- the text -----------------------------------------------------------------------------------

    @property
    def _text_tab(self) -> Sequence[VariableText]:
        from kubeplat_tui.screens.variables.text import VariableText

        return list(self.query(VariableText))

    async def action_text(self) -> None:
        """Change between the form and the text."""
        from kubeplat_tui.screens.variables.text import VariableText

        if self.file is None:
            return
        if self.has_class("-text"):
            self.remove_class("-text")
            self.take(self.file.with_text(self._text_tab[0].take_now()))
            self.call_after_refresh(self.query_one(FieldTable).focus)
            return
        if not self._text_tab:
            await self.query_one("#body").mount(VariableText())
        self.add_class("-text")
        text = self._text_tab[0]
        field = self._field_line()
        text.show(self.file.text, field)
        text.show_problems(self._problems)
        self.refresh_bindings()

    def _field_line(self) -> int | None:
        field = self.query_one(FieldTable).current if self._fields else None
        problem = next((each.line for each in self._problems if each.line), None)
        return field.line if field is not None else problem

    def on_variable_text_typed(self, event: VariableText.Typed) -> None:
        event.stop()
        if self.file is not None and event.text != self.file.text:
            self.take(self.file.with_text(event.text))

    # --- saving and leaving -------------------------------------------------------------------------

    def action_save(self) -> None:
        """Show what changed; write it when that is agreed to."""
        from kubeplat_tui.screens.variables.dialogs import DifferenceDialog

        if self.file is not None:
            if self.has_class("-text"):
                self.take(self.file.with_text(self._text_tab[0].take_now()))
            lines = self.file.saved().diff(self.file)
            self.app.push_screen(
                DifferenceDialog(self.file.path.name, lines, len(self._problems)), self._agreed
            )

    def _agreed(self, agreed: bool | None) -> None:
        if agreed and self.file is not None:
            self.fetch(
                "Saving", self.file.save, self._saved, failed=self._not_saved, group="save", quiet=True
            )

    def _saved(self, file: VariableFile) -> None:
        self.app.notify(f"{file.path.name} is saved.", markup=False)
        self.take(file)
        self.kubeplat.reopen(self.opened)
        leave, self._leave_when_saved = self._leave_when_saved, False
        if leave:
            self.call_later(super().leave)

    def _not_saved(self, error: KubeplatError) -> None:
        from kubeplat_tui.screens.variables.dialogs import conflict_dialog

        self._leave_when_saved = False
        self.app.push_screen(conflict_dialog(error), self._conflict)

    def _conflict(self, choice: str | None) -> None:
        from kubeplat_tui.screens.variables.dialogs import keep_beside

        file = self.file
        if choice != "beside" or file is None:
            return
        now = self.kubeplat.now()
        self.fetch("Writing yours beside it", lambda: keep_beside(file, now), self._kept_beside, quiet=True)

    def _kept_beside(self, path: str) -> None:
        self.app.notify(f"Yours is in {path}.", markup=False, timeout=10)
        self.discard()
        self._load(quiet=True)

    def discard(self) -> None:
        """Forget what is not saved."""
        if self.file is not None:
            self.take(self.file.saved())

    _leave_when_saved = False

    async def leave(self) -> None:
        """Ask what becomes of unsaved changes, then go."""
        if not self.unsaved:
            await super().leave()
            return
        from kubeplat_tui.screens.variables.dialogs import unsaved_dialog

        self.app.push_screen(unsaved_dialog(self.opened.name), self._leave_how)

    async def _leave_how(self, choice: str | None) -> None:
        if choice == "save":
            self._leave_when_saved = True
            self.action_save()
        elif choice == "discard":
            self.discard()
            await super().leave()

    async def action_back(self) -> None:
        """From the text to the form, then as everywhere."""
        if self.has_class("-text"):
            await self.action_text()
        else:
            await super().action_back()

    async def action_go(self, section: str) -> None:
        if self.unsaved:
            self.app.notify(
                "What you changed under Variables is kept there, and not saved yet.", markup=False
            )
        await super().action_go(section)
