"""Secrets: the bucket and the working copy as one tree, a preview beside it, and everything that moves them."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from textual.containers import Container, Vertical

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.inventory import InventoryScreen
from kubeplat_tui.screens.secrets.moves import Move, Way
from kubeplat_tui.screens.secrets.outline import Standing
from kubeplat_tui.screens.secrets.preview_pane import PreviewPane
from kubeplat_tui.screens.secrets.previews import LARGEST, Previews
from kubeplat_tui.screens.secrets.progress import ProgressLine
from kubeplat_tui.screens.secrets.reading import Reading, read
from kubeplat_tui.screens.secrets.tree import SecretTree
from kubeplat_tui.screens.secrets.tree_head import TreeHead
from kubeplat_tui.screens.secrets.work import SecretWork
from kubeplat_tui.widgets.state import StateView, empty, failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import ComposeResult

    from kubeplat_tui.opened import Opened
    from kubeplat_tui.screens.secrets.outline import Node
    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.secrets.store import SecretStore

BESIDE = 132
"""From this width on the preview stands beside the tree; on a narrower screen Enter opens it below."""
MANY = 2000
"""Files from which on their number is felt in garbage collections."""
CHANGES = {"fetch", "upload", "edit", "editor", "delete", "renew", "make"}
"""What waits until nothing moves."""
TO_BUILD = "Press 3 to go to Build: it makes the bucket, the secrets, and uploads them."


def rest_from_collecting() -> None:
    """Leave everything that is there now out of Python's full garbage collections, once what is garbage is gone.

    Ten thousand secrets are many objects. They set off full collections, which look at every object of the
    application and its libraries too, and stop the screen for 130 ms each time (measured; 30 ms so, in a worker).
    What goes away later is still freed, for it is in no cycle.
    """
    gc.collect()
    gc.freeze()


class SecretsScreen(InventoryScreen):
    """Reads again by itself while it is looked at, but not while something moves or a dialog is open."""

    section = "secrets"
    BINDINGS = bindings(
        "secrets.fetch",
        "secrets.upload",
        "secrets.edit",
        "secrets.editor",
        "secrets.versions",
        "secrets.reveal",
        "secrets.copy_value",
        "secrets.renew",
        "secrets.make",
        "secrets.delete",
        "secrets.save_list",
        "secrets.stop",
    )
    DEFAULT_CSS = """
    SecretsScreen #sides { height: 1fr; layout: vertical; }
    SecretsScreen #outline { width: 1fr; height: 1fr; }
    SecretsScreen PreviewPane { display: none; height: 60%; width: 1fr; border-top: solid $line; }
    SecretsScreen PreviewPane:focus-within { border-top: solid $primary; }
    SecretsScreen.-previewing PreviewPane { display: block; }
    SecretsScreen.-beside #sides { layout: horizontal; }
    SecretsScreen.-beside PreviewPane {
        display: block; width: 42%; height: 1fr; border-top: none; border-left: solid $line;
    }
    SecretsScreen.-beside PreviewPane:focus-within { border-top: none; border-left: solid $primary; }
    """

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self.reading: Reading | None = None
        self._store: SecretStore | None = None
        self._failure: KubeplatError | None = None

    def compose_body(self) -> ComposeResult:
        """Tree and preview, and a line for what moves."""
        now = self.kubeplat.now
        self.tree_view = SecretTree(now, id="tree")
        self.head = TreeHead(self.tree_view)
        self.pane = PreviewPane(id="preview")
        self.progress = ProgressLine()
        self.previews = Previews(self, self.pane)
        self.work = SecretWork(self)
        yield StateView(
            Container(Vertical(self.head, self.tree_view, id="outline"), self.pane, id="sides"),
            self.progress,
            now=now,
        )

    def on_resize(self) -> None:
        """The preview stands beside the tree where there is room."""
        self.set_class(self.size.width >= BESIDE, "-beside")
        self.head.refresh()
        self._follow()

    def on_unmount(self) -> None:
        """The application ends: what moves is stopped."""
        self.work.stop()

    # --- reading ----------------------------------------------------------------------------------

    def refresh_data(self) -> None:
        """Read now, with the environment's file as it is by now."""
        self._store = None
        super().refresh_data()

    @property
    def refreshes(self) -> bool:
        """Not while something moves: both sides are compared when it is done."""
        return not self.work.busy

    def read_again(self, *, quiet: bool) -> None:
        """Compare both sides; later, where something moves."""
        if self.work.busy:
            self._arm()
            return
        if self.reading is None:
            gc.freeze()  # see `rest_from_collecting`: the libraries are looked at no more while the first is read
        intents, name, known, now = self.kubeplat.intents, self.opened.name, self._store, self.kubeplat.now()

        def work() -> Reading:
            # A build writes the bucket's name into the file: the file is read anew until there is a bucket.
            reading = read(known or intents.secrets(intents.open(name)), now)
            if reading.outline is not None and reading.outline.files > MANY:
                rest_from_collecting()
            return reading

        self.fetch("Reading the secrets", work, self._show, quiet=quiet)

    def _read_when_seen(self) -> None:
        """Not below a dialog: what it is about stays as it is until it is answered."""
        self._due = not self.is_active
        if not self._due and self.opened.site is not None:
            self.read_again(quiet=True)

    def _show(self, reading: Reading) -> None:
        self.reading = reading
        self._store = reading.store if reading.outline is not None else None
        outline = reading.outline
        if outline is None or len(outline.nodes) == 1:
            self._show_nothing(reading)
        else:
            self.head.show_missing(len(reading.missing))
            self.tree_view.show(outline)
            self.show_content()
            if self._failure or reading.problem:
                self.state.show_notice(failed(self._failure or reading.problem))  # type: ignore[arg-type]  # one is
            self._failure = None
            self._follow()
            self.work.offer(reading)
        self._arm()

    def _show_nothing(self, reading: Reading) -> None:
        """There is no bucket yet, or nothing in it and nothing here."""
        if reading.nothing is not None:
            notice = empty(str(reading.nothing.what), TO_BUILD)
        else:
            makes = " Or m: make them now, on this computer." if reading.missing else ""
            notice = empty(f"{self.opened.name} has no secrets yet.", TO_BUILD + makes)
        self.state.show_notice(notice, keep=False)
        self.previews.forget()
        self.refresh_bindings()

    def fail_later(self, error: KubeplatError) -> None:
        """Say what failed above what is there by now."""
        self._failure = error
        self.read_again(quiet=True)

    def show_failure(self, error: KubeplatError) -> None:
        """A failed reading: said in place of the tree, or above the one read before."""
        if self._failure is not None:
            error, self._failure = self._failure, None
        super().show_failure(error)

    # --- the preview ------------------------------------------------------------------------------

    def _follow(self) -> None:
        """The preview follows the cursor, where it is seen."""
        if not self.is_mounted:
            return
        if self.has_class("-beside") or self.has_class("-previewing"):
            self.previews.follow(self.tree_view.current, self._store)
        else:
            self.previews.forget()

    def on_secret_tree_highlighted(self) -> None:
        """Another row."""
        self._follow()
        self.refresh_bindings()

    def on_secret_tree_changed(self) -> None:
        """The title says something else."""
        self.head.refresh()

    def on_secret_tree_opened(self) -> None:
        """Into the preview."""
        self.add_class("-previewing")
        self._follow()
        self.call_after_refresh(self._focus_preview)

    def _focus_preview(self) -> None:
        first = next((each for each in (self.pane, *self.pane.query("*")) if each.focusable), None)
        if first is not None:
            first.focus(scroll_visible=False)

    @property
    def in_preview(self) -> bool:
        """Whether the preview has the keys."""
        return self.focused is not None and self.pane in self.focused.ancestors_with_self

    async def action_back(self) -> None:
        """Out of the preview; else the filter away; else the marks; else back."""
        if self.in_preview or (self.has_class("-previewing") and not self.has_class("-beside")):
            self.remove_class("-previewing")
            self.tree_view.focus(scroll_visible=False)
            self._follow()
        elif not self.tree_view.filter and self.tree_view.marks:
            self.tree_view.clear_marks()
        else:
            await super().action_back()

    # --- keys -------------------------------------------------------------------------------------

    @property
    def filter_target(self) -> Any:
        """The tree."""
        return self.tree_view if self.tree_view.outline is not None and self.state.has_content else None

    def focus_content(self) -> None:
        """The tree takes the keys, where the preview has not got them."""
        if self.focused is None:
            self.tree_view.focus(scroll_visible=False)

    @property
    def own_titles(self) -> Mapping[str, str]:
        """Enter opens a folder, or shows a file."""
        node = self.tree_view.current
        word = "Preview" if node is not None and not node.holds else "Open/close"
        return {**super().own_titles, "secrets.open": word}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what would do something."""
        if action == "stop":
            return self.work.busy
        if action in CHANGES and self.work.busy:
            return False
        possible = self._possible.get(action)
        if possible is None:
            return super().check_action(action, parameters)
        return self.reading is not None and possible(action)

    @property
    def _possible(self) -> dict[str, Callable[[str], bool]]:
        """What decides whether an action would do something now."""
        return {
            "fetch": self._can_move,
            "upload": self._can_move,
            "edit": self._can_edit,
            "editor": self._can_edit,
            "versions": self._has_versions,
            "reveal": lambda _: self.pane.hides and self.previews.shows(self.current),
            "copy_value": lambda _: self.pane.copies and self.previews.shows(self.current),
            "renew": lambda _: bool(self.current and self.current.renews),
            "make": lambda _: bool(self.reading and self.reading.missing),
            "delete": lambda _: bool(self.work.deletable()),
            "save_list": lambda _: self.filter_target is not None,
        }

    @property
    def current(self) -> Node | None:
        """The row under the cursor, while the tree is seen."""
        return self.tree_view.current if self.filter_target is not None else None

    def _can_move(self, action: str) -> bool:
        node = self.current
        if node is None:
            return False
        if self.tree_view.one_by_one:
            return not Move.planned(Way(action), self.tree_view.chosen(), one_by_one=True).nothing
        return node.standing not in {None, Standing.SAME}

    def _can_edit(self, _: str) -> bool:
        node = self.current
        return (
            node is not None and node.file is not None and node.file.here is not None and node.size <= LARGEST
        )

    def _has_versions(self, _: str) -> bool:
        node = self.current
        return node is not None and node.file is not None and (node.file.there is not None or node.file.known)

    def action_fetch(self) -> None:
        """Bring from the bucket."""
        self.work.move(Way.FETCH)

    def action_upload(self) -> None:
        """Bring to the bucket."""
        self.work.move(Way.UPLOAD)

    def action_delete(self) -> None:
        """Delete what is marked, or the file."""
        self.work.delete()

    def action_edit(self) -> None:
        """Edit here."""
        self.work.edit()

    def action_editor(self) -> None:
        """Edit in the person's own editor."""
        self.work.edit_outside()

    def action_versions(self) -> None:
        """The versions in the bucket."""
        self.work.versions()

    def action_reveal(self) -> None:
        """Show what is masked."""
        self.pane.reveal()

    def action_copy_value(self) -> None:
        """Copy a value without showing it."""
        self.pane.copy_value()

    def action_renew(self) -> None:
        """A new certificate."""
        self.work.renew()

    def action_make(self) -> None:
        """What is missing."""
        self.work.make()

    def action_save_list(self) -> None:
        """The list to a file."""
        self.work.save_list()

    def action_stop(self) -> None:
        """Stop what moves."""
        self.work.stop()
