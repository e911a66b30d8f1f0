"""Making a new environment: a form that the cloud fills in while you type, then the file, then it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.base import BaseScreen
from kubeplat_tui.screens.environments.form import (
    FIELDS,
    FOLLOWS_NAME,
    IN_SANDBOX,
    MAKE_ZONE,
    Field,
    Typed,
    suggested,
)
from kubeplat_tui.services.environments.answers import Answer
from kubeplat_tui.widgets.state import failed, loading, notice_text
from kubeplat_tui.widgets.tick import Tick

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.app import ComposeResult

    from kubeplat_tui.screens.environments.file_dialog import Made
    from kubeplat_tui.services.environments.creation import NewEnvironment, Suggestion
    from kubeplat_tui.widgets.state import Notice


class FieldRow(Horizontal):
    """A label, what is typed, and what is wrong with it: a sign on a narrow screen, the sentence on a wide one."""

    DEFAULT_CSS = """
    FieldRow { height: 1; }
    FieldRow .label { width: 14; color: $quiet; }
    FieldRow Input, FieldRow Input:focus {
        width: 1fr; max-width: 60; height: 1; border: none; padding: 0 1; background: $panel;
    }
    FieldRow Input:focus { background: $cursor; }
    FieldRow .sign { width: 2; padding-left: 1; color: $error; }
    FieldRow .note { display: none; width: 1fr; padding-left: 1; color: $error; text-wrap: nowrap; }
    """

    def __init__(self, field: Field) -> None:
        super().__init__(id=field.answer)
        self.field = field
        self._problem = ""

    def compose(self) -> ComposeResult:
        yield Static(self.field.label, classes="label", markup=False)
        yield Input(compact=True, select_on_focus=False)
        yield Static("", classes="sign", markup=False)
        yield Static("", classes="note", markup=False)

    @property
    def input(self) -> Input:
        """Where it is typed."""
        return self.query_one(Input)

    def show_problem(self, sentence: str) -> None:
        """Say what is wrong, "" for nothing."""
        if sentence != self._problem:
            self._problem = sentence
            self.query_one(".sign", Static).update("✖" if sentence else "", layout=False)
            self.query_one(".note", Static).update(sentence, layout=False)


class NewEnvironmentScreen(BaseScreen, inherit_bindings=False):
    """The form. `ctrl+s` shows the file that would be written; there it is made.

    Nothing leads elsewhere from here than back: what was typed would be lost without a question.
    """

    BINDINGS = bindings(
        "wizard.go_on",
        "wizard.down",
        "wizard.up",
        "wizard.problem",
        "screen.refresh",
        "app.help",
        "screen.back",
        "screen.quit",
    )
    DEFAULT_CSS = """
    NewEnvironmentScreen #title { height: 1; padding: 0 1; }
    NewEnvironmentScreen #fields { height: 1fr; padding: 1 3 0 3; scrollbar-size-vertical: 1; }
    NewEnvironmentScreen.-wide FieldRow .note { display: block; text-overflow: ellipsis; }
    NewEnvironmentScreen Tick { height: 1; margin-left: 14; }
    NewEnvironmentScreen #pane { height: auto; min-height: 5; padding: 0 3; border-top: solid $line; }
    NewEnvironmentScreen #pane VerticalScroll { height: auto; max-height: 6; scrollbar-size-vertical: 1; }
    NewEnvironmentScreen #help, NewEnvironmentScreen #found { height: auto; }
    NewEnvironmentScreen #help.-wrong { color: $error; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: Suggestion | None = None
        self._asked: tuple[str, str, bool] | None = None
        self._filled: dict[Answer, str] = {}
        self._touched: set[Answer] = set()
        self._zone_chosen = False
        self._place_chosen = False
        self._problems: Mapping[Answer, str] = {}
        self._tried = False
        self._notice: Notice | None = None
        self._described = ("", "")

    def compose_body(self) -> ComposeResult:
        yield Static("", id="title")
        with VerticalScroll(id="fields", can_focus=False):
            for field in FIELDS:
                yield FieldRow(field)
                if field.answer is Answer.NAME:
                    yield Tick(IN_SANDBOX, id="sandbox")
                if field.answer is Answer.PUBLIC_ZONE:
                    yield Tick(MAKE_ZONE, id="make_zone")
        with Vertical(id="pane"):
            yield Static("", id="help", markup=False)
            yield VerticalScroll(Static("", id="found"), can_focus=False)

    def on_mount(self) -> None:
        self.set_interval(1, self._tick)
        self._row(Answer.TEMPLATE).display = False  # until there is a choice
        self._row(Answer.NAME).input.focus()
        self._show_problems({})
        self.refresh_data()

    # --- what is typed ----------------------------------------------------------------------------

    @property
    def unsaved(self) -> bool:
        """Whether something was typed that would be lost."""
        return bool(self._touched)

    @property
    def _typed(self) -> Typed:
        return Typed(
            {field.answer: self._row(field.answer).input.value for field in FIELDS},
            sandbox=self.query_one("#sandbox", Tick).value,
            make_zone=self.query_one("#make_zone", Tick).value,
        )

    def _row(self, answer: Answer) -> FieldRow:
        return self.query_one(f"#{answer}", FieldRow)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        answer = self._answer_of(event.input)
        changed = event.value != self._filled.get(answer, "")
        (self._touched.add if changed else self._touched.discard)(answer)
        if answer is Answer.NAME:
            self._fill()
        self._check()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_field(1)

    def on_input_blurred(self, event: Input.Blurred) -> None:
        """A field was left: what it changes in the cloud's answers is asked for."""
        event.stop()
        self._ask()

    def on_tick_changed(self, event: Tick.Changed) -> None:
        event.stop()
        if event.tick.id == "make_zone":
            self._zone_chosen = True
        else:
            self._place_chosen = True
            self._show_place(sandbox=event.tick.value)
        self._fill()
        self._check()

    def _show_place(self, *, sandbox: bool) -> None:
        """Ask only for what the sandbox, or AWS, needs, and look up what fits there."""
        self._touched.discard(Answer.ACCOUNT)  # it is not asked for in the sandbox
        for field in FIELDS:
            if field.aws_only:
                self._row(field.answer).display = not sandbox
        self._ask()

    @staticmethod
    def _answer_of(field: Input) -> Answer:
        row = field.parent
        return row.field.answer if isinstance(row, FieldRow) else Answer.NAME

    # --- what the cloud suggests --------------------------------------------------------------------

    def refresh_data(self) -> None:
        self._asked = None
        self._ask()

    def _ask(self) -> None:
        """Look up suggestions, unless nothing that they depend on has changed, or what it is now is wrong."""
        typed, regions = self._typed, self._known.regions if self._known else ()
        new = typed.answers()
        if typed.asks == self._asked or (regions and new.region and new.region not in regions):
            return
        self._asked = typed.asks
        intents = self.kubeplat.intents
        self._say(loading("Looking up what fits: you can type meanwhile", self.kubeplat.now()))
        self.fetch(
            "Looking up what fits",
            lambda: intents.suggest_environment(
                new.name, region=new.region, profile=new.profile, sandbox=new.sandbox
            ),
            self._take,
            failed=lambda error: self._say(failed(error)),
            group="suggest",
            quiet=True,
        )

    def _take(self, known: Suggestion) -> None:
        if not (known.arn or known.profiles or self._place_chosen):
            self._place_chosen = True
            self.query_one("#sandbox", Tick).value = True  # there is nothing of AWS's on this computer
            self._show_place(sandbox=True)
            return
        self._known = known
        self._say(None)
        for answer, names in ((Answer.REGION, known.regions), (Answer.PROFILE, known.profiles)):
            self._row(answer).input.suggester = SuggestFromList(names) if names else None
        self._row(Answer.TEMPLATE).display = len(known.templates) > 1
        self._fill()
        self._asked = self._typed.asks
        self._check()

    def _fill(self) -> None:
        """Put the suggestions into every field that nobody typed into."""
        typed = self._typed
        if not self._zone_chosen:
            self.query_one("#make_zone", Tick).value = typed.sandbox
        if self._known is None:
            return
        name = typed.texts[Answer.NAME].strip()
        for answer, text in suggested(self._known, name, sandbox=typed.sandbox).items():
            if answer not in self._touched and self._filled.get(answer) != text:
                self._filled[answer] = text
                self._row(answer).input.value = text

    # --- what is wrong ------------------------------------------------------------------------------

    def _check(self) -> None:
        new, known, intents = self._typed.answers(), self._known, self.kubeplat.intents
        self.fetch(
            "Checking the answers",
            lambda: intents.answer_problems(new, known),
            self._show_problems,
            failed=lambda error: self._say(failed(error)),
            group="check",
            quiet=True,
        )

    def _show_problems(self, problems: Mapping[Answer, str]) -> None:
        self._problems = problems
        for row in self.query(FieldRow):
            row.show_problem(self._visible_problem(row))
        self._describe()
        self.refresh_bindings()

    @property
    def _wrong(self) -> list[FieldRow]:
        """The fields with a problem that is shown."""
        return [row for row in self.query(FieldRow) if self._visible_problem(row)]

    def _visible_problem(self, row: FieldRow) -> str:
        """What is wrong with a field.

        Before somebody wants to go on, an empty one is not scolded, nor is one for the name that is wrong.
        """
        answer = row.field.answer
        filled = bool(row.input.value) and (answer in self._touched or answer not in FOLLOWS_NAME)
        return self._problems.get(answer, "") if row.display and (filled or self._tried) else ""

    # --- the pane -----------------------------------------------------------------------------------

    def on_descendant_focus(self, _: events.DescendantFocus) -> None:
        self._describe()

    def _describe(self) -> None:
        wrong = self._wrong
        note = f"  ✖ {len(wrong)} wrong" if wrong else ""
        title = Content.assemble(("New environment", "bold"), (note, "$error"))
        self.query_one("#title", Static).update(title, layout=False)
        row = self.focused.parent if self.focused else None
        help_, problem = "Space switches it.", ""
        if isinstance(row, FieldRow):
            help_, problem = row.field.help, self._visible_problem(row)
        if (help_, problem) != self._described:
            self._described = help_, problem
            help_line = self.query_one("#help", Static)
            help_line.update(f"✖ {problem}" if problem else help_)
            help_line.set_class(bool(problem), "-wrong")

    def _say(self, notice: Notice | None) -> None:
        """Say how the looking up goes; None: what it found."""
        self._notice = notice
        found = self.query_one("#found", Static)
        if notice is not None:
            found.update(notice_text(notice, self.kubeplat.now()))
        elif self._known is not None:
            found.update(found_words(self._known))

    def _tick(self) -> None:
        if self._notice is not None and self._notice.since is not None:
            self._say(self._notice)

    # --- going on and leaving -----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "problem":
            return bool(self._wrong)
        return super().check_action(action, parameters)

    @property
    def own_titles(self) -> Mapping[str, str]:
        return {"screen.refresh": "Look up again", "screen.quit": "Back"}

    def action_field(self, by: int) -> None:
        """Go to another field."""
        (self.focus_next if by > 0 else self.focus_previous)()

    def action_problem(self) -> None:
        """Go to the next field with a problem."""
        wrong = self._wrong
        here = self.focused.parent if self.focused else None
        after = wrong[wrong.index(here) + 1 :] if here in wrong else wrong
        if wrong:
            (after or wrong)[0].input.focus()

    def action_go_on(self) -> None:
        """Show the file, or what is wrong still."""
        self._tried = True
        new, known, intents = self._typed.answers(), self._known, self.kubeplat.intents

        def look() -> tuple[Mapping[Answer, str], tuple[NewEnvironment, str] | None]:
            problems = intents.answer_problems(new, known)
            return problems, None if problems else intents.preview_environment(new)

        def show(looked: tuple[Mapping[Answer, str], tuple[NewEnvironment, str] | None]) -> None:
            problems, file = looked
            self._show_problems(problems)
            if file is None:
                self.action_problem()
            else:
                self._show_file(*file)

        self.fetch(
            "Writing the file",
            look,
            show,
            failed=lambda error: self._say(failed(error)),
            group="check",
            quiet=True,
        )

    def _show_file(self, new: NewEnvironment, text: str) -> None:
        from kubeplat_tui.screens.environments.file_dialog import FileDialog

        self.app.push_screen(FileDialog(new, text), self._made)

    def _made(self, made: Made | None) -> None:
        if made is None:
            return
        from kubeplat_tui.screens.environments.screen import EnvironmentsScreen

        async def open_it() -> None:
            first = self.app.screen_stack[0]
            if isinstance(first, EnvironmentsScreen):
                first.expect(made.environment.name)
            await self.kubeplat.go_home()
            made.tell(self.app)
            await self.kubeplat.go(made.environment.name)

        self.app.call_later(open_it)  # the application does it: this screen cannot wait for its own end

    async def leave(self) -> None:
        """Ask where something was typed, then go."""
        if not self.unsaved:
            await super().leave()
            return
        from kubeplat_tui.widgets.confirm import ConfirmDialog, Decision

        decision = Decision("Leave without making it?", "What you typed is forgotten.", yes="Leave")
        self.app.push_screen(ConfirmDialog(decision), self._leave_if)

    async def _leave_if(self, answer: str | None) -> None:
        if answer:
            await super().leave()


def found_words(known: Suggestion) -> Content:
    """Who asked, and what could not be learned."""
    who = f"Looked up as {known.arn}." if known.arn else "Looked up without an account."
    lines = [Content.assemble(("✔ " if known.arn else "○ ", "$success" if known.arn else "$quiet"), who)]
    lines += [Content.assemble(("▲ ", "$warning"), note) for note in known.notes]
    return Content("\n").join(lines)
