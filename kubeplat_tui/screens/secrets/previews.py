"""Reads the file under the cursor for the preview: one reading at a time, and always the one wanted last."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.screens.secrets.looks import MARKS, differences, readers_of
from kubeplat_tui.screens.secrets.moves import files
from kubeplat_tui.screens.secrets.outline import Kind, Node
from kubeplat_tui.services.secrets.layout import PREFIXES
from kubeplat_tui.services.secrets.model import Side
from kubeplat_tui.widgets.cells import byte_size, moment
from kubeplat_tui.widgets.safe_text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kubeplat_tui.screens.secrets.outline import Outline
    from kubeplat_tui.screens.secrets.preview_pane import PreviewPane
    from kubeplat_tui.screens.secrets.screen import SecretsScreen
    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.secrets.store import SecretStore

LARGEST = 1024 * 1024
"""Bytes: what is larger is no text a person reads, and the machines' snapshots are hundreds of megabytes."""

UNSEEN = 72
"""Cells of a line while the pane has no width yet."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A content to be previewed: which key, on which side, and the state of it, so that a change is noticed."""

    key: str
    side: Side
    state: str


class Previews:
    """Follows the cursor. While one file is read, only the last of those passed over meanwhile is read next."""

    def __init__(self, screen: SecretsScreen, pane: PreviewPane) -> None:
        self._screen = screen
        self._pane = pane
        self._shown: Wanted | str | None = None
        self._wanted: Wanted | None = None
        self._reading = False

    def shows(self, node: Node | None) -> bool:
        """Whether the content of `node` is what is shown."""
        return isinstance(self._shown, Wanted) and self._shown == wanted_of(node)

    def follow(self, node: Node | None, store: SecretStore | None) -> None:
        """The cursor is on `node`."""
        self._wanted = wanted = wanted_of(node)
        if self._pane.revealed and wanted != self._shown:
            self._shown = None
            self._pane.clear()  # at once: nobody looks at it any more
        if node is None or store is None:
            self._say("")
        elif wanted is None:
            self._say(about(node, self._screen.tree_view.outline, self._screen.kubeplat.now()))
        elif wanted != self._shown and not self._reading:
            self._read(store)

    def forget(self) -> None:
        """What is shown may be another content now, or must not be seen any more."""
        self._shown = None
        self._wanted = None
        self._pane.clear()

    def _say(self, words: str) -> None:
        if words == self._shown:
            return
        self._shown = words
        if words:
            self._pane.show_notice("\n".join(self._wrapped(words)))
        else:
            self._pane.clear()
        self._screen.refresh_bindings()

    def _wrapped(self, words: str) -> Iterator[str]:
        """The lines of a text in the width of the pane, which cuts what is longer."""
        width = self._pane.size.width - 4
        for line in words.splitlines():
            yield from textwrap.wrap(plain(line), width if width > 20 else UNSEEN) or [""]

    def _read(self, store: SecretStore) -> None:
        wanted = self._wanted
        if wanted is None:
            return
        self._reading = True

        def done(data: bytes) -> None:
            if wanted == self._wanted:
                self._shown = wanted
                self._pane.show(wanted.key, wanted.side, data)
            self._next(store, wanted)

        def failed(error: KubeplatError) -> None:
            if wanted == self._wanted:
                self._say(str(error))
            self._next(store, wanted)

        self._screen.fetch(
            f"Reading {wanted.key}",
            lambda: store.read(wanted.key, wanted.side),
            done,
            failed=failed,
            group="preview",
            quiet=True,
        )

    def _next(self, store: SecretStore, done: Wanted) -> None:
        self._reading = False
        if self._wanted not in {None, done, self._shown}:
            self._read(store)
        self._screen.refresh_bindings()


def wanted_of(node: Node | None) -> Wanted | None:
    """What is previewed of a node: the working copy's content, the bucket's where there is none here."""
    if node is None or node.holds or node.size > LARGEST:
        return None
    if node.stored is not None:
        return Wanted(node.key, Side.THERE, node.stored.etag)
    if node.file is None:
        return None
    if node.file.here is not None:
        return Wanted(node.key, Side.HERE, node.file.here.sha256)
    return Wanted(node.key, Side.THERE, node.file.there.etag if node.file.there is not None else "")


def about(node: Node, outline: Outline | None, now: datetime) -> str:
    """A folder, the bucket or a large object in words."""
    if not node.holds:
        return f"{node.key} has {byte_size(node.size)}: it is too large to be shown."
    if node.machines:
        return f"{node.name}: {readers_of(node)}. The working copy does not take them."
    lines = [
        node.name if node.kind is Kind.BUCKET else node.key,
        f"{files(node.files)}, {byte_size(node.size)}",
    ]
    prefix = next((each for each in PREFIXES if f"{each.name}/" == node.key), None)
    if prefix is not None:
        lines += [f"Holds {prefix.holds}.", f"Read by: {readers_of(node)}."]
    if node.kind is Kind.BUCKET and outline is not None:
        lines += [f"Encrypted with the KMS key {outline.key_id}.", "", *differences(outline)]
    elif node.standing is not None:
        lines += ["", str(MARKS[node.standing])]
    if node.expires is not None:
        past = node.expires <= now
        lines += ["", f"The first to expire {'expired' if past else 'expires'} on {moment(node.expires)}."]
    return "\n".join(lines)
