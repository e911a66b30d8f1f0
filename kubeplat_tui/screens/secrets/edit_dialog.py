"""Editing a secret's file on the screen: checked, shown as a difference, then given back to be saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.delivered import Delivered
from kubeplat_tui.screens.choice import Choice, ChoiceDialog
from kubeplat_tui.screens.secrets.code_area import CodeArea
from kubeplat_tui.screens.secrets.history_dialog import large
from kubeplat_tui.screens.secrets.preview_lines import PreviewLines
from kubeplat_tui.services.secrets import edit_check
from kubeplat_tui.widgets.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.app import ComposeResult

    from kubeplat_tui.services.secrets.text_difference import Difference

T = TypeVar("T")
MIXED = "its lines end in different ways, or it holds rare line breaks: $EDITOR (E) keeps them"


class SaveDialog(Dialog[bool]):
    """Shows what saving would change, the secrets masked; True on Enter."""

    BINDINGS = bindings("difference.save")
    DEFAULT_CSS = """
    SaveDialog .title { margin-bottom: 0; padding: 0 1; height: auto; }
    SaveDialog .words { padding: 0 1; margin-bottom: 1; color: $quiet; height: auto; }
    """

    def __init__(self, key: str, difference: Difference) -> None:
        super().__init__()
        self._key = key
        self._difference = difference

    def compose(self) -> ComposeResult:
        """The difference."""
        with Vertical(classes="box") as box:
            yield Static(Content(f"Save this to {self._key}?"), classes="title")
            yield Static(Content(f"{self._difference.words}; here only, u uploads it"), classes="words")
            yield PreviewLines()
        large(box)
        box.border_subtitle = "enter saves · esc goes on editing"

    def on_mount(self) -> None:
        """The difference takes the keys."""
        lines = self.query_one(PreviewLines)
        lines.show(self._difference.lines)
        lines.focus()

    def action_agree(self) -> None:
        """Save."""
        self.dismiss(True)


class EditDialog(Dialog[bytes]):
    """Dismisses with the file's new content, or None where nothing is to be saved.

    What is not edited by hand is refused with a sentence. Nothing is written here: the caller saves.
    """

    BINDINGS = bindings("secret_editor.save", "secret_editor.leave")
    DEFAULT_CSS = """
    EditDialog .title { margin-bottom: 0; padding: 0 1; height: 1; }
    EditDialog CodeArea, EditDialog CodeArea:focus { border: none; height: 1fr; padding: 0; }
    """

    def __init__(self, key: str, data: bytes) -> None:
        super().__init__()
        self._key = key
        self._data = data
        self._refused = edit_check.refusal(key, data)
        self._text = "" if self._refused else data.decode()
        self._asking = False

    def compose(self) -> ComposeResult:
        """The text, or why it is not edited."""
        with Vertical(classes="box") as box:
            if not self._refused:
                yield Static(Content(self._key), classes="title")
                area = CodeArea(self._text, self._key)
                if area.text == self._text:
                    yield area
                    large(box)
                    box.border_subtitle = "^s saves · esc leaves"
                    return
                self._refused = f"{self._key} is not edited here: {MIXED}."
            box.border_subtitle = "esc closes"
            yield Static(Content(self._refused))

    def on_mount(self) -> None:
        """The text takes the keys."""
        for area in self.query(CodeArea):
            area.focus()

    def on_unmount(self) -> None:
        """Nothing of it is kept."""
        self._data = b""
        self._text = ""

    @property
    def edited(self) -> bytes:
        """The file as it stands."""
        area = self.query(CodeArea)
        return area.first().text.encode() if area else self._data

    @property
    def unsaved(self) -> bool:
        """Whether leaving would lose something."""
        return self.edited != self._data

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing can be saved of what is refused, or while something is asked."""
        if action == "save":
            return not self._refused and not self._asking
        return super().check_action(action, parameters)

    # --- saving -----------------------------------------------------------------------------------

    def action_save(self) -> None:
        """Check it, show the difference, then give it back."""
        if not self.unsaved:
            self.app.notify("Nothing is changed.")
            return
        key, before, after = self._key, self._data, self.edited
        self._work(
            lambda: edit_check.problems(key, before, after), lambda problems: self._checked(after, problems)
        )

    def _checked(self, after: bytes, problems: tuple[str, ...]) -> None:
        refused = edit_check.refusal(self._key, after)
        if not problems:
            self._show_difference(after)
            return
        ways = [Choice("stay", "Go on editing", "nothing is saved; what you typed stays here")]
        if not refused:
            ways.append(Choice("save", "Save all the same", "the difference is shown first"))

        def chosen(way: str | None) -> None:
            if way == "save":
                self._show_difference(after)

        shown = "\n".join(f"✖ {one}" for one in problems[:20])
        self.app.push_screen(ChoiceDialog("Something is wrong with it.", shown, ways, danger=True), chosen)

    def _show_difference(self, after: bytes) -> None:
        key, before, now = self._key, self._data, self.kubeplat.now()

        def work() -> Difference:
            from kubeplat_tui.services.secrets.text_difference import difference

            return difference(key, before, after, now=now)

        def agreed(save: bool | None) -> None:
            if save:
                self.dismiss(after)

        self._work(work, lambda made: self.app.push_screen(SaveDialog(key, made), agreed))

    # --- leaving ----------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Close; ask first where something would be lost."""
        if self._refused or not self.unsaved:
            self.dismiss(None)
            return

        def chosen(way: str | None) -> None:
            if way == "discard":
                self.dismiss(None)
            elif way == "save":
                self.action_save()

        self.app.push_screen(
            ChoiceDialog(
                f"{self._key} has changes that are not saved.",
                "",
                [
                    Choice("save", "Save", "check it, and show the difference first"),
                    Choice("discard", "Discard", "forget the changes"),
                ],
            ),
            chosen,
        )

    # --- inside -----------------------------------------------------------------------------------

    def _work(self, work: Callable[[], T], show: Callable[[T], object]) -> None:
        """Run `work` in a thread, then `show`; keys wait meanwhile."""
        self._asking = True

        def deliver(result: T) -> None:
            self._asking = False
            if self.is_current:
                show(result)

        def run() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - whatever a library raises must end as a sentence, not a crash
                sentence = str(self.kubeplat.unexpected(f"checking {self._key}", error))
                self.post_message(Delivered(lambda: self._failed(sentence)))
            else:
                self.post_message(Delivered(lambda: deliver(result)))

        self.run_worker(run, thread=True, exclusive=True, group="check", exit_on_error=False)

    def _failed(self, sentence: str) -> None:
        self._asking = False
        self.app.notify(sentence, severity="error", markup=False)

    def on_delivered(self, event: Delivered) -> None:
        """A worker is done."""
        event.stop()
        event.deliver()

    def on_text_area_changed(self, event: events.Event) -> None:
        """The title says whether something is not saved."""
        event.stop()
        state = " · changed" if self.unsaved else ""
        self.query_one(".title", Static).update(Content.assemble(self._key, (state, "$changing")))
