"""Asks for one line: a tab's name, a file's path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from kubeplat_tui.delivered import Delivered
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.widgets.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult


class TextDialog(Dialog[str]):
    """Dismisses with what was typed once `take` took it. `take` runs in a thread; its error is said in the dialog.

    So does `check` with each letter: it raises `KubeplatError` where what is typed cannot be taken.
    """

    def __init__(
        self,
        title: str,
        value: str,
        *,
        note: str = "",
        verb: str = "takes it",
        take: Callable[[str], object] | None = None,
        check: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._value = value
        self._note = note
        self._verb = verb
        self._take = take
        self._check = check

    def compose(self) -> ComposeResult:
        """Title, field, note."""
        with Vertical(classes="box") as box:
            yield Static(self._title, classes="title", markup=False)
            yield Input(self._value)
            yield Static("", classes="problem", markup=False)
            if self._note:
                yield Static(self._note, classes="quiet", markup=False)
        box.border_subtitle = f"enter {self._verb} · esc cancels"

    def on_mount(self) -> None:
        """The cursor stands at the end."""
        field = self.query_one(Input)
        field.focus()
        field.cursor_position = len(field.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong with it as it is typed."""
        typed, check = event.value.strip(), self._check
        if check is None or not typed:
            self._say("")
        else:
            self._run("check", lambda: check(typed), lambda: self._say(""))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, or say why not."""
        typed, take = event.value.strip(), self._take
        if not typed:
            return
        if take is None:
            self.dismiss(typed)
        else:
            self.workers.cancel_group(self, "check")  # its answer would come after the better one
            self._run("take", lambda: take(typed), lambda: self._taken(typed))

    def _run(self, group: str, do: Callable[[], object], then: Callable[[], None]) -> None:
        """Run `do` in a thread; its error is said, after success comes `then`."""

        def work() -> None:
            worker = get_current_worker()
            deliver = then
            try:
                do()
            except KubeplatError as error:
                sentence = f"✖ {error}"
                deliver = lambda: self._say(sentence)  # noqa: E731 - the other of two ways on
            if not worker.is_cancelled:
                self.post_message(Delivered(deliver))

        self.run_worker(work, thread=True, exclusive=True, group=group, exit_on_error=False)

    def _say(self, sentence: str) -> None:
        self.query_one(".problem", Static).update(sentence)

    def _taken(self, typed: str) -> None:
        self.dismiss(typed)

    def on_delivered(self, event: Delivered) -> None:
        """Taken, or why not."""
        event.stop()
        event.deliver()
