"""Resources as Terraform works on them: by module, what is at work first, with times and estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len

from kubeplat_tui.actions import bindings
from kubeplat_tui.services.events import Phase
from kubeplat_tui.services.terraform.plan import Action
from kubeplat_tui.widgets.cells import Mark, Tone, changing, cut_middle, done, duration, failed, none
from kubeplat_tui.widgets.line_view import LineView
from kubeplat_tui.widgets.plan_tree import TONES, Line

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from textual.binding import BindingType

    from kubeplat_tui.screens.build.state import BuildState, ResourceState
    from kubeplat_tui.services.events import Root
    from kubeplat_tui.widgets.safe_text import Span

WORDS = {
    Action.CREATE: ("adding", "added"),
    Action.DELETE: ("destroying", "destroyed"),
    Action.UPDATE: ("changing", "changed"),
    Action.REPLACE: ("replacing", "replaced"),
    Action.READ: ("reading", "read"),
    Action.FORGET: ("forgetting", "forgotten"),
    Action.NO_OP: ("keeping", "kept"),
}
WORD_WIDTH = 11
BAR = 10
TIME = 8


@dataclass(slots=True)
class Module:
    """The resources of one module of one root, in the order they came."""

    root: Root
    name: str
    members: list[ResourceState]

    @property
    def done(self) -> int:
        """How many are finished."""
        return sum(one.done for one in self.members)

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(one.phase is Phase.FAILED for one in self.members)

    @property
    def active(self) -> int:
        """How many are at work."""
        return sum(one.active for one in self.members)


def mark(resource: ResourceState) -> Mark:
    """How far a resource is: a symbol and a word."""
    doing, did = WORDS[resource.action]
    if resource.phase is Phase.FAILED:
        return failed("failed")
    if resource.active:
        return changing(doing)
    if resource.phase is Phase.DONE:
        return done(did) if resource.done else changing(did)
    return none("waiting")


class ResourceList(LineView):
    """A module that is finished takes one line, unless it is opened; one at work shows its resources."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("plan.toggle", "line.copy")]

    def __init__(self, now: Callable[[], datetime], *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._now = now
        self._state: BuildState | None = None
        self._rows: list[Module | ResourceState] = []
        self._toggled: dict[tuple[Root, str], bool] = {}
        self._user_moved = False

    def show(self, state: BuildState) -> None:
        """Show this run; again whenever something changed."""
        if self._state is not state:
            self._toggled.clear()
            self._user_moved = False
        self._state = state
        here = self._key(self._rows[self.cursor]) if self.cursor < len(self._rows) else None
        self._rows = list(self._arranged(state))
        if not self._user_moved:
            target = next(
                (n for n, row in enumerate(self._rows) if not isinstance(row, Module) and row.active), 0
            )
        else:
            target = next((n for n, row in enumerate(self._rows) if self._key(row) == here), self.cursor)
        self.rows_changed()
        self.cursor = target

    def tick(self) -> None:
        """A second passed: times move on."""
        self._strips.clear()
        self.refresh()

    def _arranged(self, state: BuildState) -> list[Module | ResourceState]:
        modules: dict[tuple[Root, str], Module] = {}
        for resource in state.resources.values():
            key = (resource.root, resource.module)
            modules.setdefault(key, Module(resource.root, resource.module, [])).members.append(resource)
        rows: list[Module | ResourceState] = []
        for key, module in modules.items():
            rows.append(module)
            at_work = module.done < len(module.members) and (module.active > 0 or module.done > 0)
            if self._toggled.get(key, at_work or module.failed > 0):
                members = sorted(module.members, key=_at_work_first)
                rows += members
        return rows

    @staticmethod
    def _key(row: Module | ResourceState) -> tuple[str, str, str]:
        return (
            ("module", row.root, row.name) if isinstance(row, Module) else ("resource", row.root, row.address)
        )

    def count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def row(self, index: int, width: int) -> tuple[str, list[Span]]:
        """One row, drawn."""
        row = self._rows[index]
        line = Line(width)
        if isinstance(row, Module):
            self._module(line, row)
        else:
            self._resource(line, row, width)
        return line.finish()

    def _module(self, line: Line, module: Module) -> None:
        total, finished = len(module.members), module.done
        shown = done("") if finished == total else changing("") if module.active or finished else none("")
        if module.failed:
            shown = failed("")
        line.add(f"{shown.symbol} ", self.style(shown.tone))
        line.add(module.name or f"the {module.root} itself", self.style("strong"))
        line.add(f"  {finished}/{total}", self.style(Tone.QUIET))
        notes = [f"{module.active} at work"] if module.active else []
        notes += [f"{module.failed} failed"] if module.failed else []
        if notes:
            line.add(f"  {', '.join(notes)}", self.style(Tone.BAD if module.failed else Tone.CHANGING))

    def _resource(self, line: Line, resource: ResourceState, width: int) -> None:
        shown = mark(resource)
        elapsed = resource.elapsed(self._now())
        time = duration(elapsed) if resource.phase is not None else ""
        with_bar = width >= 84
        label_width = max(10, width - 6 - WORD_WIDTH - TIME - (BAR + 10 if with_bar else 0))
        label = cut_middle(resource.label, label_width)
        line.add(f"  {shown.symbol} ", self.style(shown.tone))
        line.add(f"{resource.planned.sign} ", self.style(TONES[resource.planned]), self.style("strong"))
        line.add(
            label + " " * (label_width - cell_len(label)),
            self.style(Tone.QUIET if resource.phase is None else Tone.PLAIN),
        )
        line.add(f" {shown.word:<{WORD_WIDTH - 1}}", self.style(shown.tone))
        line.add(f"{time:>{TIME - 1}}", self.style(Tone.PLAIN if resource.active else Tone.QUIET))
        if with_bar and resource.active and resource.estimate:
            filled = min(BAR, round(BAR * elapsed / resource.estimate))
            line.add("  " + "━" * filled, self.style(Tone.CHANGING))
            line.add("┄" * (BAR - filled), self.style(Tone.QUIET))
            over = elapsed > resource.estimate
            line.add(
                " late" if over else f" ~{duration(resource.estimate)}",
                self.style(Tone.WARNING if over else Tone.QUIET),
            )

    # --- keys -------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing works on no rows."""
        if action in {"fold", "copy"}:
            return bool(self._rows)
        return super().check_action(action, parameters)

    def move(self, rows: int) -> None:
        """The view stops following what is at work once a person looks around."""
        self._user_moved = True
        super().move(rows)

    def clicked(self) -> None:
        """A click on the cursor's row is Enter."""
        self.action_fold()

    def action_fold(self) -> None:
        """Open or close the module."""
        row = self._rows[self.cursor]
        root, name = row.root, row.name if isinstance(row, Module) else row.module
        is_open = any(
            not isinstance(one, Module) and (one.root, one.module) == (root, name) for one in self._rows
        )
        self._toggled[root, name] = not is_open
        self._user_moved = True
        if not isinstance(row, Module):
            self.cursor = next(
                n
                for n, one in enumerate(self._rows)
                if isinstance(one, Module) and (one.root, one.name) == (root, name)
            )
        if self._state is not None:
            self.show(self._state)

    def action_copy(self) -> None:
        """Copy the address and what AWS calls it."""
        row = self._rows[self.cursor]
        text = row.name if isinstance(row, Module) else " ".join(filter(None, (row.address, row.identity)))
        self.app.copy_to_clipboard(text)
        self.app.notify(f"Copied: {cut_middle(text, 50)}", markup=False)


def _at_work_first(resource: ResourceState) -> int:
    """Failed, at work, done, waiting."""
    if resource.phase is Phase.FAILED:
        return 0
    if resource.active:
        return 1
    return 2 if resource.phase is Phase.DONE else 3
