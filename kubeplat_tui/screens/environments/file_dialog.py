"""The wizard's last page: the file as it will be written, and making it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import ScrollableContainer, Vertical
from textual.content import Content
from textual.widgets import Static

from kubeplat_tui import delivered
from kubeplat_tui.actions import bindings
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.tick import Tick

if TYPE_CHECKING:
    from textual.app import App, ComposeResult

    from kubeplat_tui.delivered import Delivered
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.environments.creation import NewEnvironment

KEYS = "^s makes it · tab, space switch · esc goes back"
WITH_KEY = "Make its state bucket and its master key now, too"


@dataclass(frozen=True, slots=True)
class Made:
    """The new environment, what was made for it besides ("" for what was there), and what of that did not work."""

    environment: Environment
    done: tuple[str, ...] = ()
    problem: KubeplatError | None = None

    def tell(self, app: App[int]) -> None:
        """Say all of it."""
        app.notify(
            "\n".join([f"{self.environment.path.name} is made.", *filter(None, self.done)]), markup=False
        )
        if self.problem is not None:
            app.notify(str(self.problem), severity="error", markup=False, timeout=15)


class FileDialog(Dialog[Made]):
    """Shows the file; `ctrl+s` makes it and dismisses with what was made."""

    BINDINGS = bindings("wizard.make")
    DEFAULT_CSS = """
    FileDialog ScrollableContainer { height: 1fr; margin-bottom: 1; scrollbar-size: 0 1; }
    FileDialog ScrollableContainer:focus { background: $panel; }
    FileDialog ScrollableContainer Static { width: auto; text-wrap: nowrap; }
    """

    def __init__(self, new: NewEnvironment, text: str) -> None:
        super().__init__()
        self._new = new
        self._text = text
        self._working = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            yield Static(Content(f"{self._new.name}.tfvars, as it will be written"), classes="title")
            yield ScrollableContainer(Static(highlighted(self._text)))
            yield Tick(WITH_KEY, True)
            yield Static("", classes="problem", markup=False)
        box.border_subtitle = KEYS

    def on_mount(self) -> None:
        self.query_one(ScrollableContainer).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing else while it is made."""
        if action in {"make", "cancel"}:
            return not self._working
        return super().check_action(action, parameters)

    def action_make(self) -> None:
        """Write the file, and make what was ticked."""
        self._working = True
        self.query_one(".problem", Static).update("")
        self.query_one(".box").border_subtitle = "◐ it is being made"
        self.refresh_bindings()
        new, with_key = self._new, self.query_one(Tick).value

        delivered.fetch(
            self,
            f"making {new.name}",
            lambda: self._make(new, with_key=with_key),
            self._finish,
            self._refused,
            group="make",
        )

    def _make(self, new: NewEnvironment, *, with_key: bool) -> Made:
        from kubeplat_tui.services.prerequisites import Key

        intents = self.kubeplat.intents
        environment = intents.make_environment(new)
        if not with_key:
            return Made(environment)
        done: list[str] = []
        try:
            site = intents.open(environment.name)
            for key in (Key.STATE_BUCKET, Key.MASTER_KEY):
                done.append(intents.remedy(site, key))
                site = intents.open(environment.name)  # the key was written into the file
        except KubeplatError as error:  # the environment is there: its checklist makes what is missing
            return Made(environment, tuple(done), error)
        return Made(environment, tuple(done))

    def _finish(self, made: Made) -> None:
        self.dismiss(made)

    def _refused(self, error: KubeplatError) -> None:
        self._working = False
        self.query_one(".problem", Static).update(f"✖ {error}")
        self.query_one(".box").border_subtitle = KEYS
        self.refresh_bindings()

    def on_delivered(self, event: Delivered) -> None:
        """Made, or why not."""
        event.stop()
        event.deliver()


def highlighted(text: str) -> Content:
    """The file with its comments set back."""
    return Content("\n").join([line_of(line) for line in text.rstrip("\n").split("\n")])


def line_of(line: str) -> Content:
    """One line: a comment is quiet, so is what follows a value."""
    if line.lstrip().startswith("#"):
        return Content.assemble((line, "$quiet"))
    value, sign, comment = line.partition(" # ")
    return Content.assemble(value, (f"{sign}{comment}", "$quiet"))
