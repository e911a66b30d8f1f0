"""Build: plan, build, clean up. Steps, checks, the plan, its question, the resources, the log, the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Container, Vertical
from textual.widgets import ContentSwitcher

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.base import EnvironmentScreen
from kubeplat_tui.screens.build import log as build_log
from kubeplat_tui.screens.build import summary
from kubeplat_tui.screens.build.controller import BuildController
from kubeplat_tui.screens.build.question_bar import QuestionBar
from kubeplat_tui.screens.build.resources import ResourceList
from kubeplat_tui.screens.build.state import VERBS
from kubeplat_tui.screens.build.steps import MARKS, StepList
from kubeplat_tui.screens.build.views import ViewTabs, views
from kubeplat_tui.services.events import Level, Verb
from kubeplat_tui.widgets.cells import age, warned
from kubeplat_tui.widgets.confirm import ConfirmDialog, Decision
from kubeplat_tui.widgets.log_lines import LogLines
from kubeplat_tui.widgets.log_view import LogView
from kubeplat_tui.widgets.plan_tree import PlanTree
from kubeplat_tui.widgets.report import ReportView
from kubeplat_tui.widgets.state import Notice, StateView, empty

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from textual.app import ComposeResult

    from kubeplat_tui.opened import Opened
    from kubeplat_tui.services.events import Question
    from kubeplat_tui.services.runs import RunRecord

LOG_SIZES = ("", "-large", "-away")
KEYS = "b builds · p only plans · D cleans up. Each shows its plan, then asks."


class BuildScreen(EnvironmentScreen):
    """Lives as long as the application: a pipeline goes on while another screen is looked at."""

    section = "build"
    needs_site = False
    BINDINGS = bindings(
        "build.approve",
        "build.decline",
        "build.run",
        "build.plan",
        "build.stop",
        "build.view",
        "build.view_before",
        "build.log",
        "build.cleanup",
    )
    DEFAULT_CSS = """
    BuildScreen #run { height: 1fr; layout: horizontal; }
    BuildScreen.-narrow #run { layout: vertical; }
    BuildScreen.-vast StepList { width: 42; }
    BuildScreen.-narrow StepList { width: 1fr; height: 2; border-right: none; }
    BuildScreen #view { height: 1fr; }
    BuildScreen #main { height: 1fr; width: 1fr; }
    BuildScreen LogView { height: 30%; min-height: 5; border-top: solid $line; }
    BuildScreen LogView:focus-within { border-top: solid $primary; }
    BuildScreen.-large LogView { height: 75%; }
    BuildScreen.-away LogView { display: none; }
    BuildScreen.-narrow LogView { border-top: none; }
    """
    QUIT_WORDS: ClassVar[str] = (
        "It stops after the resources at work, then kubeplat ends. What exists by then stays."
    )

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self._view = ""
        self._chosen_in = ""
        """The phase in which a person chose a view: it stays until the next phase."""
        self._dialog: ConfirmDialog | None = None
        self._quits = False

    def compose_body(self) -> ComposeResult:
        """Steps beside the views, the question below them, the log below everything."""
        now = self.kubeplat.now
        yield StateView(
            Container(
                StepList(now),
                Vertical(
                    ViewTabs(),
                    ContentSwitcher(
                        ReportView(id="checks"),
                        PlanTree(id="plan"),
                        ResourceList(now, id="resources"),
                        ReportView(id="summary"),
                        id="view",
                    ),
                    QuestionBar(),
                    id="main",
                ),
                id="run",
            ),
            LogView(prefix=True, wrap=True, hang=build_log.HEAD),
            now=now,
        )

    def on_mount(self) -> None:
        """The controller lives with the screen."""
        self.build = BuildController(self.kubeplat, self.opened, self)
        self._ticker = self.set_interval(1, self._tick, pause=True)

    def on_screen_resume(self) -> None:
        """A question that came in the meantime is asked now."""
        if self.build.question is not None:
            self.ask(self.build.question)

    def on_unmount(self) -> None:
        """The application ends."""
        self.build.close()

    # --- nothing has run yet ----------------------------------------------------------------------

    def refresh_data(self) -> None:
        """How the last run ended, where none has run in this window."""
        if self.build.state is None:
            self.fetch(
                "Reading the last run",
                lambda: self.kubeplat.intents.history(self.opened.name),
                self._show_history,
            )

    @property
    def refreshes(self) -> bool:
        """Only the last run is read; a run at work shows itself."""
        return self.build.state is None

    def _show_history(self, runs: Sequence[RunRecord]) -> None:
        if self.build.state is not None:
            return
        if runs:
            self.state.show_notice(last_run(runs[0], self.kubeplat.now()))
        else:
            self.state.show_notice(
                empty(f"Nothing has been built of {self.opened.name} on this computer.", KEYS)
            )
        self.refresh_bindings()

    # --- shown by the controller ------------------------------------------------------------------

    def say(self, texts: list[str], level: Level) -> None:
        """Lines for the log."""
        self.query_one(LogView).append(texts, level)

    def show_state(self) -> None:
        """Something changed: at most once a frame."""
        state = self.build.state
        if state is None:
            return
        self.query_one(StepList).show(state)
        if self.build.question is None and self._chosen_in != state.phase:
            self._go_to_view(state.phase)
        self._show_view()
        self._show_tabs()

    def _show_view(self) -> None:
        """Bring the view that is seen up to date; the others are when they are gone to."""
        state = self.build.state
        if state is None:
            return
        now = self.kubeplat.now()
        if self._view == "checks":
            self.query_one("#checks", ReportView).show(lambda width: summary.checks(state.checks, width))
        elif self._view == "resources":
            self.query_one(ResourceList).show(state)
        elif self._view == "summary":
            self.query_one("#summary", ReportView).show(lambda width: summary.summary(state, now, width))

    def ask(self, question: Question) -> None:
        """The pipeline waits for an answer."""
        if question.plan is not None:
            self.query_one(QuestionBar).ask(question)
            self._go_to_view(f"plan {question.plan.root}")
        self.refresh_bindings()
        if not self.is_current:
            self.app.notify(
                f"{self.opened.name} asks: {question.title} Press 3 to answer.",
                severity="warning",
                markup=False,
            )
        elif question.plan is None:
            # Below another dialog it waits: what is being typed there is no answer to it.
            if self.is_active:
                self._decide(question)
        else:
            self.query_one(PlanTree).focus()

    def question_gone(self) -> None:
        """The question was answered by a stop."""
        self.query_one(QuestionBar).clear()
        self._close_dialog()
        self.refresh_bindings()

    def finished(self) -> None:
        """The pipeline ended."""
        self._ticker.pause()
        self.question_gone()
        self._go_to_view("summary")
        self._show_tabs()
        state = self.build.state
        if self._quits:
            self.app.call_later(self.app.action_quit)
        elif state is not None and state.finished is not None and not self.is_current:
            self.app.notify(f"{self.opened.name}: {state.finished.sentence}", markup=False)
        self.refresh_bindings()

    def _tick(self) -> None:
        """A second passed."""
        if self.is_current and self.build.state is not None:
            self.query_one(StepList).show(self.build.state)
            self.query_one(ResourceList).tick()

    # --- views ------------------------------------------------------------------------------------

    def _go_to_view(self, view: str) -> None:
        state = self.build.state
        if state is None or view == self._view or view not in views(state):
            return
        self._view = view
        kind, _, root = view.partition(" ")
        if kind == "plan":
            plan = next(plan for one, plan in state.plans.items() if one == root)
            tree = self.query_one(PlanTree)
            if tree.plan is not plan:
                tree.show(plan)
        switcher = self.query_one(ContentSwitcher)
        had_focus = self.focused is None or self.focused in switcher.children
        switcher.current = kind
        if had_focus:
            self.query_one(f"#{kind}").focus(scroll_visible=False)
        self._show_view()
        self._show_tabs()

    def _show_tabs(self) -> None:
        state = self.build.state
        if state is not None:
            self.query_one(ViewTabs).show(state, self._view, self.query_one(PlanTree).filter_count)

    def on_plan_tree_changed(self) -> None:
        """The plan's title changed."""
        self._show_tabs()

    def on_view_tabs_chosen(self, event: ViewTabs.Chosen) -> None:
        """A tab was clicked."""
        self._go_to_view(event.view)
        if self.build.state is not None:
            self._chosen_in = self.build.state.phase

    # --- what can be done now ---------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what would do something."""
        idle = not self.build.running
        possible = {
            "run": idle,
            "plan": idle,
            "cleanup": idle,
            "stop": not idle,
            "approve": self.query_one(QuestionBar).asking,
            "decline": self.query_one(QuestionBar).asking,
            "view": self.build.state is not None and len(views(self.build.state)) > 1,
            "log": self.build.state is not None,
        }
        if action in possible:
            return possible[action]
        return super().check_action(action, parameters)

    @property
    def filter_target(self) -> Any:
        """What `/` filters: the log or the plan, whichever has the keys; else the plan where it is seen."""
        if isinstance(self.focused, LogLines | PlanTree):
            return self.focused
        return self.query_one(PlanTree) if self._view.startswith("plan") else None

    async def action_filter(self) -> None:
        """Show the filter's line; the log's begins with what was looked for last."""
        await super().action_filter()
        lines = self.filter_target
        if isinstance(lines, LogLines) and not lines.filter and LogLines.last_filter:
            from kubeplat_tui.widgets.filter_bar import FilterBar

            self.query_one(FilterBar).open(LogLines.last_filter)

    def action_run(self) -> None:
        """Build."""
        self._start(Verb.RUN)

    def action_plan(self) -> None:
        """Only plan."""
        self._start(Verb.PLAN)

    def action_cleanup(self) -> None:
        """Clean up: the pipeline asks for the environment's name before anything is destroyed."""
        self._start(Verb.CLEANUP)

    def _start(self, verb: Verb) -> None:
        elsewhere = self.build.busy_elsewhere()
        if elsewhere:
            self.app.notify(
                f"{elsewhere} is being worked on; one at a time. Wait for it, or stop it there.",
                severity="warning",
            )
            return
        self._view = self._chosen_in = ""
        self.query_one(LogView).clear()
        self.query_one(QuestionBar).clear()
        self.query_one(PlanTree).clear()
        self.build.start(verb)
        self._ticker.resume()
        self.state.show_content()
        self.show_state()
        self.refresh_bindings()

    def action_stop(self) -> None:
        """Ask Terraform to stop cleanly, once."""
        if self.build.request_stop():
            self.question_gone()
            self.app.notify(
                "Stopping: what is at work is finished first. What exists then stays, and is listed.",
                severity="warning",
            )
        else:
            self.app.notify("It is stopping already; what is at work is finished first.", severity="warning")
        self.refresh_bindings()

    def action_view(self, step: int) -> None:
        """The next view, or the one before."""
        state = self.build.state
        if state is None:
            return
        known = views(state)
        at = known.index(self._view) if self._view in known else 0
        self._go_to_view(known[(at + step) % len(known)])
        self._chosen_in = state.phase

    def action_log(self) -> None:
        """Small, large, away."""
        size = next((size for size in LOG_SIZES if size and self.has_class(size)), "")
        following = LOG_SIZES[(LOG_SIZES.index(size) + 1) % len(LOG_SIZES)]
        self.remove_class(*filter(None, LOG_SIZES))
        if following:
            self.add_class(following)
        lines = self.query_one(LogView).lines
        if following == "-large":
            lines.focus()
        elif self.focused is lines or self.focused is None:
            self.query_one(f"#{self.query_one(ContentSwitcher).current}").focus()

    def on_log_lines_save_wanted(self, event: LogLines.SaveWanted) -> None:
        """Ask where to."""
        from kubeplat_tui.screens.save_log import SaveLogDialog

        state = self.build.state
        began = f"-{state.word}-{state.started:%Y%m%d-%H%M%S}" if state is not None else ""
        self.app.push_screen(SaveLogDialog(event.lines, f"{self.opened.name}{began}"))

    # --- the question -----------------------------------------------------------------------------

    def action_approve(self) -> None:
        """Yes, once more asked: by `y`, or by typing what is expected."""
        question = self.build.question
        if question is None:
            return
        if question.plan is not None and question.expected == "yes" and not question.destructive:
            self.query_one(QuestionBar).ask_again()
        else:
            self._decide(question)

    def action_decline(self) -> None:
        """No."""
        self._answer("")

    def on_question_bar_sure(self) -> None:
        """Yes, for sure."""
        self._answer("yes")

    def on_question_bar_back(self) -> None:
        """Not yet."""
        self.query_one(PlanTree).focus()

    def _decide(self, question: Question) -> None:
        if self._dialog is not None:
            return
        words = {"destroy": "Destroy", "destroy-again": "Destroy"}.get(question.topic, question.yes or "Yes")
        typed = "" if question.expected == "yes" else question.expected
        self._dialog = ConfirmDialog(
            Decision(
                question.title,
                question.detail,
                (),
                words,
                expected=typed,
                destructive=question.destructive,
                no=question.no or "No",
            )
        )

        def decided(answer: str | None) -> None:
            self._dialog = None
            if self.build.question is not question:
                return
            if answer is not None or question.plan is None:  # without a plan there is nothing to go back to
                self._answer(answer or "")

        self.app.push_screen(self._dialog, decided)

    def _answer(self, answer: str) -> None:
        self.query_one(QuestionBar).clear()
        self.build.answer(answer)
        self.query_one(PlanTree).focus()
        self.refresh_bindings()

    def _close_dialog(self) -> None:
        if self._dialog is not None and self._dialog.is_current:
            self._dialog.dismiss(None)

    # --- leaving ----------------------------------------------------------------------------------

    def ask_to_quit(self) -> None:
        """A pipeline is at work: stop it cleanly, then quit; or stay."""
        state = self.build.state
        word = state.word if state is not None else "pipeline"
        decision = Decision(
            f"Stop the {word} of {self.opened.name} and quit?", self.QUIT_WORDS, yes="Stop and quit"
        )

        def decided(answer: str | None) -> None:
            if answer is None:
                return
            if not self.build.running:
                self.app.call_later(self.app.action_quit)
                return
            self._quits = True
            self.build.request_stop()
            self.question_gone()

        self.app.push_screen(ConfirmDialog(decision), decided)


def last_run(run: RunRecord, now: datetime) -> Notice:
    """How the last run ended, and what can be done now."""
    when = age(run.started, now) + ("" if run.started == now else " ago")
    mark = MARKS[run.outcome] if run.outcome is not None else warned("not ended")
    return Notice(
        mark.symbol, mark.tone, f"The last {VERBS[run.verb]}, {when}: {mark.word}", run.sentence, KEYS
    )
