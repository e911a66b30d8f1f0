"""How a secret looks in the tree: its state, size, age and expiry, and who may read a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.screens.secrets.outline import GRAVITY, Kind, Node, Standing
from kubeplat_tui.services.secrets.layout import MACHINES_OWN, PREFIXES
from kubeplat_tui.widgets.cells import Mark, Tone, age, byte_size

if TYPE_CHECKING:
    from datetime import datetime

    from kubeplat_tui.screens.secrets.outline import Outline

PEOPLE_ONLY = "people only"
THE_MACHINES = "the machines' own"
NO_FILES_HERE = "no files here"

MARKS = {
    Standing.SAME: Mark("✔", "same", Tone.QUIET),
    Standing.ONLY_HERE: Mark("●", "only here", Tone.ACCENT),
    Standing.ONLY_THERE: Mark("○", "only there", Tone.ACCENT),
    Standing.CHANGED_HERE: Mark("◐", "changed here", Tone.CHANGING),
    Standing.CHANGED_THERE: Mark("◐", "changed there", Tone.CHANGING),
    Standing.DELETED_HERE: Mark("✖", "deleted here", Tone.WARNING),
    Standing.DELETED_THERE: Mark("✖", "deleted there", Tone.WARNING),
    Standing.CHANGED_BOTH: Mark("▲", "both changed", Tone.WARNING),
}
NOTHING = Mark("", "")
LEFT_OUT = Mark("", "left there", Tone.QUIET)
"""An object that the working copy does not take."""


@dataclass(frozen=True, slots=True)
class Look:
    """The cells of a row beside its name."""

    state: Mark
    size: str
    age: str
    expires: Mark


def look(node: Node, now: datetime) -> Look:
    """The cells of `node`."""
    state = MARKS[node.standing] if node.standing is not None else NOTHING
    if node.machines:
        state = LEFT_OUT
    modified = age(node.modified, now) if node.modified is not None else ""
    return Look(state, byte_size(node.size), modified, expiry(node, now))


def expiry(node: Node, now: datetime) -> Mark:
    """The days that are left: `363 d`, `▲ 41 d` when it is due, `✖ expired`; nothing where nothing expires."""
    if node.expires is None:
        return NOTHING
    if node.expires <= now:
        return Mark("✖", "expired", Tone.BAD)
    left = (node.expires - now).total_seconds()
    word = f"{int(left // 86400)} d" if left >= 86400 else f"{int(left // 3600)} h"
    return Mark("▲", word, Tone.WARNING) if node.due else Mark("", word)


def readers_of(node: Node) -> str:
    """Who may read a top-level folder, "" for any other node: `secure, compute`, `people only`."""
    if node.kind is not Kind.FOLDER or node.depth:
        return ""
    if node.machines:
        return THE_MACHINES if node.key.rstrip("/") in MACHINES_OWN else NO_FILES_HERE
    name = node.key.rstrip("/")
    prefix = next((each for each in PREFIXES if each.name == name), None)
    return ", ".join(prefix.readers) or PEOPLE_ONLY if prefix is not None else PEOPLE_ONLY


def differences(outline: Outline) -> list[str]:
    """What differs, the gravest first: `1 both changed`, `3 changed here`."""
    found = sorted(outline.counts, key=lambda standing: -GRAVITY[standing])
    return [f"{outline.counts[one]} {one.value}" for one in found if one is not Standing.SAME]
