"""The versions of a secret in the bucket: what changed between them, and restoring one."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.delivered import Delivered
from kubeplat_tui.screens.secrets.preview_lines import PreviewLines
from kubeplat_tui.services.errors import KubeplatError, NotFoundError
from kubeplat_tui.services.secrets.model import Side
from kubeplat_tui.services.secrets.preview_model import Role, line
from kubeplat_tui.settings import Confirmation
from kubeplat_tui.widgets.cells import Mark, Tone, byte_size, moment_and_age, none, running, warned
from kubeplat_tui.widgets.confirm import Decision
from kubeplat_tui.widgets.confirmations import confirm
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.line_view import LineView
from kubeplat_tui.widgets.plan_tree import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from textual.app import ComposeResult

    from kubeplat_tui.services.secrets.model import Stored, Version
    from kubeplat_tui.services.secrets.text_difference import Difference
    from kubeplat_tui.widgets.safe_text import Span

T = TypeVar("T")
LARGEST = 1024 * 1024
"""Bytes of a version that is compared."""


class Versions(Protocol):
    """What the dialog asks of the store."""

    def history(self, key: str) -> list[Version]:
        """Every version, the newest first, delete markers too."""

    def read(self, key: str, side: Side, version: str = "") -> bytes:
        """A version's content, or the working copy's. Raises `NotFoundError` where there is none."""

    def restore(self, key: str, version: str) -> Stored:
        """Make a version the newest."""


class Against(StrEnum):
    """What a version is compared with."""

    BEFORE = "the version before"
    NEWEST = "the newest version"
    HERE = "the working copy"


class VersionList(LineView):
    """One row a version, the newest first."""

    DEFAULT_CSS = """
    VersionList { height: auto; min-height: 2; max-height: 33%; }
    """

    class Moved(Message):
        """Another version is under the cursor."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.versions: Sequence[Version] = ()
        self._now = now

    def show(self, versions: Sequence[Version]) -> None:
        """Show these, the cursor on the newest."""
        self.versions = versions
        self.styles.height = max(1, len(versions))
        self.cursor = 0
        self.rows_changed()

    @property
    def current(self) -> Version | None:
        """The version under the cursor."""
        return self.versions[self.cursor] if self.versions else None

    def count(self) -> int:
        """How many there are."""
        return len(self.versions)

    def row(self, index: int, width: int) -> tuple[str, list[Span]]:
        """Its state, when, how large, and S3's name of it."""
        version = self.versions[index]
        mark = state(version)
        text = Line(width)
        text.add(f"{mark!s:10}", self.style(mark.tone))
        text.add(f"  {moment_and_age(version.modified, self._now()):34}", self.style(Tone.PLAIN))
        size = "" if version.deleted else byte_size(version.size)
        text.add(f"{size:>8}  ", self.style(Tone.PLAIN))
        text.add(version.version, self.style(Tone.QUIET))
        return text.finish()

    def watch_cursor(self, old: int, new: int) -> None:
        """The difference follows."""
        super().watch_cursor(old, new)
        if old != new:
            self.post_message(self.Moved())


def state(version: Version) -> Mark:
    """What a version is now."""
    if version.deleted:
        return warned("deleted")
    return running("newest") if version.latest else none("older")


def large(box: Vertical) -> None:
    """Give a dialog's box nearly the whole screen: the frame's stylesheet has a size for questions only."""
    box.styles.width, box.styles.max_width, box.styles.height, box.styles.max_height = (
        "96%",
        "96%",
        "94%",
        "94%",
    )
    box.styles.padding = (0, 1)


class HistoryDialog(Dialog[None]):
    """Reads in workers; what is shown of a version is dropped with the dialog."""

    BINDINGS = bindings("history.against", "history.reveal", "history.restore", "dialog.cancel")
    DEFAULT_CSS = """
    HistoryDialog .title { margin-bottom: 0; padding: 0 1; height: 1; }
    HistoryDialog .what { height: 1; margin-top: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, store: Versions, key: str) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._contents: dict[str, bytes | None] = {}
        """What was read, by version; "" is the working copy's."""
        self._against = Against.BEFORE
        self._difference: Difference | None = None
        self._asked = 0

    def compose(self) -> ComposeResult:
        """The versions, and what changed."""
        with Vertical(classes="box") as box:
            yield Static(Content(f"Versions of {self._key}"), classes="title")
            yield VersionList(self.kubeplat.now)
            yield Static(classes="what")
            yield PreviewLines()
        large(box)
        box.border_subtitle = "a compares with · r reveals · R restores · tab · esc closes"

    def on_mount(self) -> None:
        """Read the list."""
        self._list.focus()
        self._read_list()

    def on_unmount(self) -> None:
        """Nothing of it is kept."""
        self._contents.clear()
        self._difference = None

    # --- reading ----------------------------------------------------------------------------------

    @property
    def _list(self) -> VersionList:
        return self.query_one(VersionList)

    @property
    def _lines(self) -> PreviewLines:
        return self.query_one(PreviewLines)

    def _read_list(self) -> None:
        self._say("Reading the versions…")
        self._work(lambda: self._store.history(self._key), self._show_list)

    def _show_list(self, versions: list[Version]) -> None:
        self._list.show(versions)
        self.query_one(".title", Static).update(Content(f"Versions of {self._key} ({len(versions)})"))
        if versions:
            self._compare()
        else:
            self._say("The bucket has no version of it.")

    def on_version_list_moved(self) -> None:
        """Another version."""
        self._compare()

    def _compare(self, *, revealed: bool = False) -> None:
        version = self._list.current
        if version is None:
            return
        before, after = self._sides(version)
        key, now, contents = self._key, self.kubeplat.now(), self._contents
        if not revealed:
            self._difference = None
            self._lines.hide()
            self._say(f"{self._words(version)}…")

        def work() -> Difference:
            from kubeplat_tui.services.secrets.text_difference import difference

            sides = [self._content(one, contents) for one in (before, after)]
            return difference(key, *sides, now=now, revealed=revealed)

        self._work(work, self._reveal if revealed else self._show)

    def _sides(self, version: Version) -> tuple[Version | Side | None, Version | Side | None]:
        """What is compared with what; None: nothing was there yet."""
        versions = self._list.versions
        if self._against is Against.NEWEST:
            return version, versions[0]
        if self._against is Against.HERE:
            return version, Side.HERE
        at = self._list.cursor + 1
        return (versions[at] if at < len(versions) else None), version

    def _content(self, one: Version | Side | None, contents: dict[str, bytes | None]) -> bytes | None:
        if one is None or (not isinstance(one, Side) and one.deleted):
            return None
        name = "" if isinstance(one, Side) else one.version
        if name not in contents:
            if not isinstance(one, Side) and one.size > LARGEST:
                raise KubeplatError("This version is larger than 1 MiB: it is not compared here.")
            try:
                contents[name] = (
                    self._store.read(self._key, Side.HERE)
                    if isinstance(one, Side)
                    else self._store.read(self._key, Side.THERE, name)
                )
            except NotFoundError:
                contents[name] = None
        return contents[name]

    def _show(self, difference: Difference) -> None:
        version = self._list.current
        if version is None:
            return
        self._difference = difference
        self._lines.show(difference.lines)
        whole = self._against is Against.BEFORE and self._sides(version)[0] is None
        self._say(
            self._words(version)
            if whole or version.deleted
            else f"{self._words(version)}: {difference.words}"
        )
        self.refresh_bindings()

    def _reveal(self, difference: Difference) -> None:
        self._lines.show_revealed(difference.lines)

    def _words(self, version: Version) -> str:
        first = self._list.cursor + 1 == len(self._list.versions)
        if self._against is Against.BEFORE:
            if version.deleted:
                return "Deleted: this is what was there"
            return "The first version" if first else "Since the version before"
        return f"From this version to {self._against}"

    # --- actions ----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what would do something."""
        version = self._list.current if self.is_mounted else None
        if action == "against":
            return version is not None
        if action == "reveal":
            return self._difference is not None and self._difference.hides
        if action == "restore":
            return version is not None and not version.latest and not version.deleted
        return super().check_action(action, parameters)

    def action_against(self) -> None:
        """Compare with something else."""
        ways = list(Against)
        self._against = ways[(ways.index(self._against) + 1) % len(ways)]
        self._contents.pop("", None)  # the working copy may have changed meanwhile
        self._compare()

    def action_reveal(self) -> None:
        """Show the secrets for a while; again: hide them."""
        if self._lines.revealed:
            self._lines.hide()
        else:
            self._compare(revealed=True)

    def action_restore(self) -> None:
        """Ask, then make the version the newest."""
        version = self._list.current
        if version is None:
            return
        when = moment_and_age(version.modified, self.kubeplat.now())
        decision = Decision(
            f"Restore the version of {when}?",
            f"A copy of it becomes the newest version of {self._key} in the bucket. All other versions stay, "
            "so this can be taken back. The working copy is not touched: f fetches it.",
            yes="Restore",
        )

        def decided(answer: str | None) -> None:
            if answer is not None:
                self._say("Restoring…")
                self._work(lambda: self._store.restore(self._key, version.version), self._restored)

        confirm(self.app, Confirmation.RESTORE, decision, decided)

    def _restored(self, _: Stored) -> None:
        self.app.notify(f"{self._key} is restored in the bucket; f fetches it.", markup=False)
        self._read_list()

    # --- inside -----------------------------------------------------------------------------------

    def _say(self, words: str) -> None:
        self.query_one(".what", Static).update(Content(words))

    def _fail(self, error: KubeplatError) -> None:
        self._difference = None
        self._say("")
        self._lines.show(
            [line(("✖ ", Role.BAD), error.what), *(line(one) for one in (error.why, error.todo) if one)]
        )
        self.refresh_bindings()

    def _work(self, work: Callable[[], T], show: Callable[[T], None]) -> None:
        """Run `work` in a thread, then `show`, unless something else was wanted meanwhile."""
        self._asked += 1
        asked = self._asked

        def deliver(then: Callable[[], None]) -> None:
            if asked == self._asked and self.is_attached:
                then()

        def run() -> None:
            try:
                result = work()
            except KubeplatError as error:
                failed = error
                self.post_message(Delivered(lambda: deliver(lambda: self._fail(failed))))
            except Exception as error:  # noqa: BLE001 - whatever a library raises must end as a sentence, not a crash
                fault = self.kubeplat.unexpected(f"looking at the versions of {self._key}", error)
                self.post_message(Delivered(lambda: deliver(lambda: self._fail(fault))))
            else:
                self.post_message(Delivered(lambda: deliver(lambda: show(result))))

        self.run_worker(run, thread=True, group="versions", exit_on_error=False)

    def on_delivered(self, event: Delivered) -> None:
        """A worker is done."""
        event.stop()
        event.deliver()
