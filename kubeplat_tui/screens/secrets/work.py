"""What the Secrets screen does when it is asked to: move, delete, edit, renew, make; one thing at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from kubeplat_tui.screens.secrets import deleting, listing
from kubeplat_tui.screens.secrets.move_dialog import MoveDialog
from kubeplat_tui.screens.secrets.moves import Answer, Move, Way, carry_out, files
from kubeplat_tui.services.events import Stop, to_the_end
from kubeplat_tui.services.secrets.model import Side
from kubeplat_tui.settings import Confirmation
from kubeplat_tui.widgets.confirm import Decision
from kubeplat_tui.widgets.confirmations import confirm

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.screens.secrets.moves import Moved
    from kubeplat_tui.screens.secrets.outline import Node
    from kubeplat_tui.screens.secrets.reading import Reading
    from kubeplat_tui.screens.secrets.screen import SecretsScreen
    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.pki.bundle import Making
    from kubeplat_tui.services.secrets.model import SecretFile
    from kubeplat_tui.services.secrets.store import SecretStore

T = TypeVar("T")
DOING = {Way.FETCH: "Fetching", Way.UPLOAD: "Uploading"}


class SecretWork:
    """Belongs to the screen. Everything that takes time runs in a worker; `busy` while something changes."""

    def __init__(self, screen: SecretsScreen) -> None:
        self._screen = screen
        self._stop: Stop | None = None
        self._offered: tuple[str, frozenset[str]] | None = None
        """What was just made or renewed, to be uploaded once both sides were compared again."""

    @property
    def busy(self) -> bool:
        """Whether something moves."""
        return self._stop is not None

    def stop(self) -> None:
        """Ask what moves to stop."""
        if self._stop is not None:
            self._stop.request()
            self._screen.progress.stopping()

    # --- fetch and upload -------------------------------------------------------------------------

    def move(self, way: Way) -> None:
        """What is marked, else the row and everything below it."""
        tree = self._screen.tree_view
        chosen = tree.chosen()
        move = Move.planned(way, chosen, one_by_one=tree.one_by_one)
        if move.nothing:
            other = "u uploads" if way is Way.FETCH else "f fetches"
            self._say(f"Nothing to {way} among {files(len(chosen))}; {other} what differs.")
        elif move.needs_asking:
            self._ask(move)
        else:
            self._carry_out(move, Answer())

    def offer(self, reading: Reading) -> None:
        """Ask to upload what was just made, now that both sides were compared again."""
        if self._offered is None or reading.outline is None:
            return
        (why, keys), self._offered = self._offered, None
        chosen = [node.file for node in reading.outline.nodes if node.file is not None and node.key in keys]
        move = Move.planned(Way.UPLOAD, chosen, one_by_one=True)
        if not move.nothing and self._screen.is_active:
            self._ask(move, why)

    def _ask(self, move: Move, why: str = "") -> None:
        def decided(answer: Answer | None) -> None:
            if answer is not None:
                self._carry_out(move, answer)

        now = self._screen.kubeplat.now()
        self._screen.app.push_screen(MoveDialog(move, now, why=why), decided)

    def _carry_out(self, move: Move, answer: Answer) -> None:
        def moved(result: Moved) -> None:
            self._screen.tree_view.clear_marks()
            self._say(result.sentence())

        self._do(
            DOING[move.way],
            lambda store, stop: carry_out(store, move, answer, stop, self._screen.progress.tell),
            moved,
        )

    # --- deleting ---------------------------------------------------------------------------------

    def deletable(self) -> list[SecretFile]:
        """The marked files, else the file under the cursor; a folder is not deleted by one key."""
        node = self._screen.current
        return (
            self._screen.tree_view.chosen() if self._screen.tree_view.one_by_one and node is not None else []
        )

    def delete(self) -> None:
        """Ask where and have the name typed, then delete."""
        chosen = self.deletable()

        def remove(sides: tuple[Side, ...]) -> None:
            self._do(
                "Deleting",
                lambda store, _: deleting.remove(store, chosen, sides),
                lambda count: self._say(f"{files(count)} deleted {deleting.WORDS[sides]}."),
            )

        if chosen:
            deleting.ask(self._screen.app, chosen, self._screen.opened.name, remove)

    # --- editing ----------------------------------------------------------------------------------

    def edit(self) -> None:
        """Edit the file under the cursor in a dialog."""
        from kubeplat_tui.screens.secrets.edit_dialog import EditDialog

        def show(node: Node, data: bytes) -> None:
            dialog = EditDialog(node.key, data)
            self._screen.app.push_screen(dialog, lambda edited: self._save(node, data, edited))

        self._with_content(show)

    def edit_outside(self) -> None:
        """Edit the file under the cursor in the person's own editor."""
        from kubeplat_tui.screens.secrets.editor import edit_in_editor

        app = self._screen.kubeplat
        self._with_content(
            lambda node, data: self._save(
                node, data, edit_in_editor(app, node.key, data, chosen=app.settings.editor)
            )
        )

    def _with_content(self, show: Callable[[Node, bytes], None]) -> None:
        node, store = self._screen.current, self._store
        if node is not None and store is not None:
            self._screen.fetch(
                f"Reading {node.key}",
                lambda: store.read(node.key, Side.HERE),
                lambda data: show(node, data),
                failed=self._screen.fail_later,
                group="edit",
                quiet=True,
            )

    def _save(self, node: Node, before: bytes, edited: bytes | None) -> None:
        if edited is None or node.file is None or node.file.here is None:
            return
        if edited == before:
            self._say(f"{node.key} is as it was.")
            return
        expected = node.file.here.sha256
        self._do(
            f"Saving {node.key}",
            lambda store, _: store.save(node.key, edited, expected),
            lambda _: self._say(f"{node.key} is saved here; u uploads it."),
        )

    # --- certificates -----------------------------------------------------------------------------

    def renew(self) -> None:
        """Renew the certificate or kubeconfig under the cursor."""
        node = self._screen.current
        if node is None or not node.renews:
            return
        name = node.renews
        decision = Decision(
            f"Renew {name}?",
            f"A new key and a new certificate for {name} are made here, in the working copy. "
            "Once they are uploaded, the machines take them by themselves.",
            yes="Renew",
        )

        def decided(answer: str | None) -> None:
            if answer is not None:
                self._do(
                    f"Renewing {name}",
                    lambda store, _: to_the_end(store.renew([name]), self._screen.progress.tell),
                    lambda made: self._made(made, f"{name} is renewed here."),
                )

        confirm(self._screen.app, Confirmation.RENEW, decision, decided)

    def make(self) -> None:
        """Make what is missing, the counts first."""
        reading = self._screen.reading
        if reading is None or not reading.missing:
            return
        if reading.unfetched:
            self._say(
                f"{files(reading.unfetched)} that a cluster needs are in the bucket and not here: fetch them first.",
            )
            return
        count = len(reading.missing)
        decision = Decision(
            f"Make {files(count)} that {'is' if count == 1 else 'are'} missing?",
            "They are made here, in the working copy. Nothing that is there is touched.",
            list(reading.missing),
            yes="Make",
        )

        def decided(answer: str | None) -> None:
            if answer is not None:
                self._do(
                    "Making what is missing",
                    lambda store, _: to_the_end(store.make_missing(), self._screen.progress.tell),
                    lambda made: self._made(made, f"{files(len(made.writes))} made here."),
                )

        confirm(self._screen.app, Confirmation.MAKE, decision, decided)

    def _made(self, made: Making, sentence: str) -> None:
        self._offered = (sentence, frozenset(made.writes))
        self._say(sentence)

    # --- versions, list ---------------------------------------------------------------------------

    def versions(self) -> None:
        """The versions of the file under the cursor."""
        from kubeplat_tui.screens.secrets.history_dialog import HistoryDialog

        node, store = self._screen.current, self._store
        if node is not None and store is not None:
            self._screen.app.push_screen(
                HistoryDialog(store, node.key), lambda _: self._screen.read_again(quiet=True)
            )

    def save_list(self) -> None:
        """Ask where the list is written to."""
        from kubeplat_tui.screens.export import ExportDialog

        data = listing.table(self._screen.tree_view.listed(), self._screen.kubeplat.now())
        self._screen.app.push_screen(ExportDialog(data, self._screen.export_name("secrets")))

    # --- one thing at a time ----------------------------------------------------------------------

    @property
    def _store(self) -> SecretStore | None:
        return self._screen.reading.store if self._screen.reading is not None else None

    def _do(self, doing: str, work: Callable[[SecretStore, Stop], T], done: Callable[[T], None]) -> None:
        """Run `work` in a worker with the line at the bottom; then `done`, and both sides are compared again."""
        store = self._store
        if store is None or self._stop is not None:
            return
        stop = self._stop = Stop()
        self._screen.progress.begin(doing)
        self._screen.refresh_bindings()

        def finished(result: T) -> None:
            self._end()
            done(result)
            self._screen.read_again(quiet=True)

        def failed(error: KubeplatError) -> None:
            self._end()
            self._screen.fail_later(error)

        self._screen.fetch(
            doing, lambda: work(store, stop), finished, failed=failed, group="move", quiet=True
        )

    def _end(self) -> None:
        self._stop = None
        self._screen.progress.end()
        self._screen.refresh_bindings()

    def _say(self, sentence: str) -> None:
        self._screen.app.notify(sentence, markup=False)
