"""How the working copy and the bucket differ, and what a fetch or an upload has to do about it. Decides, does nothing.

Three sides are compared: what is here, what is there, and what was last in step. An object's ETag says whether it was
written since; where it was, its SHA-256 says whether that changed anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.secrets import layout
from kubeplat_tui.services.secrets.local_files import ignored
from kubeplat_tui.services.secrets.model import Comparison, LocalFile, SecretFile, State, Stored
from kubeplat_tui.services.secrets.record import InStep

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    Digests = Callable[[Collection[str]], Mapping[str, str]]
    """The SHA-256 of objects in the bucket, by their keys."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison, what it taught about what is in step, and why keys of the bucket are left out.

    `left_out` has a sentence, or "" where there is nothing to say: the machines' own.
    """

    comparison: Comparison
    in_step: Mapping[str, InStep]
    forget: frozenset[str]
    left_out: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Moves:
    """What a fetch or an upload does. `replaced`: those that undo a change of the other side."""

    files: tuple[SecretFile, ...]
    deletes: tuple[SecretFile, ...]
    conflicts: tuple[SecretFile, ...]
    replaced: frozenset[str]


def compare(
    here: Mapping[str, LocalFile],
    there: Mapping[str, Stored],
    in_step: Mapping[str, InStep],
    *,
    digests: Digests,
    protected: Collection[str] = (),
    fold: Callable[[str], str] | None = None,
) -> Compared:
    """Compare the two sides. `digests` is asked once, for the keys that nothing else decides.

    `protected`: files whose size here says nothing. `fold` makes two keys one that would be one file here.
    """
    here = {key: local for key, local in here.items() if layout.synced(key)}
    left_out = why_left_out(here, there, fold)
    taken = {key: stored for key, stored in there.items() if key not in left_out}
    unclear = [
        key
        for key, stored in taken.items()
        if key in here and _unclear(here[key], stored, in_step.get(key), sized=key not in protected)
    ]
    told = digests(unclear) if unclear else {}
    files: list[SecretFile] = []
    learned: dict[str, InStep] = {}
    for key in sorted({*here, *taken}):
        local, stored, base = here.get(key), taken.get(key), in_step.get(key)
        sha256 = told.get(key, "")
        if stored and _rewritten(local, stored, base, sha256):
            base = learned[key] = InStep(stored.etag, stored.version, sha256)
        state = _state(local, stored, base)
        files.append(SecretFile(key, state, local, stored, known=base is not None))
    forget = frozenset(key for key in in_step if key not in here and key not in there)
    others = tuple(there[key] for key in sorted(left_out))
    return Compared(Comparison(tuple(files), others), learned, forget, left_out)


def why_left_out(
    here: Collection[str], there: Collection[str], fold: Callable[[str], str] | None = None
) -> dict[str, str]:
    """The keys of the bucket that the working copy does not take, each with the sentence that says why."""
    found: dict[str, str] = {}
    for key in there:
        if not layout.synced(key) or ignored(key) or key.endswith("/"):
            found[key] = ""  # the machines' own, an editor's, or a folder's mark as consoles make them
            continue
        try:
            layout.checked_key(key)
        except InputError as error:
            found[key] = str(error)
    rest = [key for key in there if key not in found]
    if fold is not None:
        found |= _one_file(here, rest, fold)
        rest = [key for key in rest if key not in found]
    return found | _file_and_folder(here, rest, fold or str)


def _one_file(here: Collection[str], there: Collection[str], fold: Callable[[str], str]) -> dict[str, str]:
    """Keys that differ only in a way that this file system does not see; the one that is here stays, else the first."""
    stays = {fold(key): key for key in sorted(there, reverse=True)} | {fold(key): key for key in here}
    return {
        key: f"{key} and {stays[fold(key)]} would be one file on this computer: {key} is left out."
        for key in there
        if stays[fold(key)] != key
    }


def _file_and_folder(
    here: Collection[str], there: Collection[str], fold: Callable[[str], str]
) -> dict[str, str]:
    """Of `a` and `a/b` only one can be here: the one that is; else the folder, which holds more."""
    names_here = {fold(key) for key in here}
    names_there = {fold(key): key for key in there}
    folders_here, folders_there = _folders(names_here), _folders(names_there)
    in_the_way = names_here & folders_there
    found: dict[str, str] = {}
    for name in names_there.keys() & (folders_here | (folders_there - names_here)):
        key = names_there[name]
        found[key] = f"{key} cannot be a file here beside what lies below {key}/: {key} is left out."
    for file in in_the_way:
        for name, key in names_there.items():
            if name.startswith(f"{file}/"):
                found[key] = f"{key} cannot be here while {file} is a file: {key} is left out."
    return found


def _folders(names: Iterable[str]) -> set[str]:
    """Every folder that one of these paths lies in."""
    found: set[str] = set()
    for name in names:
        folder = name.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _unclear(local: LocalFile, stored: Stored, base: InStep | None, *, sized: bool) -> bool:
    """Whether only the bucket's digest can tell: it was written since, or nothing was ever in step."""
    if base is not None and stored.etag == base.etag:
        return False
    changed_here = base is not None and local.sha256 != base.sha256
    return changed_here or not sized or local.size == stored.size


def _rewritten(local: LocalFile | None, stored: Stored, base: InStep | None, sha256: str) -> bool:
    """Whether the object was written without changing what is here, or what was last in step."""
    if not sha256 or (base is not None and base.etag == stored.etag):
        return False
    return sha256 in {local.sha256 if local else "", base.sha256 if base else ""}


def _state(local: LocalFile | None, stored: Stored | None, base: InStep | None) -> State:
    if local is None or stored is None:
        return State.ONLY_HERE if local else State.ONLY_THERE
    same_here = base is not None and local.sha256 == base.sha256
    same_there = base is not None and stored.etag == base.etag
    if same_here:
        return State.SAME if same_there else State.CHANGED_THERE
    return State.CHANGED_HERE if same_there else State.CHANGED_BOTH


def fetching(
    compared: Comparison,
    in_step: Mapping[str, InStep],
    keys: Collection[str] | None,
    *,
    overwrite: bool,
    delete: bool,
) -> Moves:
    """What a fetch moves: what is new or changed there; with `delete` it removes here what was deleted there.

    `overwrite` takes their side also where ours was changed.
    """

    def untouched(file: SecretFile) -> bool:
        base = in_step.get(file.key)
        return base is not None and file.here is not None and file.here.sha256 == base.sha256

    return _moves(
        compared,
        keys,
        takes={State.ONLY_THERE, State.CHANGED_THERE},
        over={State.CHANGED_HERE, State.CHANGED_BOTH} if overwrite else set(),
        gone=State.ONLY_HERE if delete else None,
        untouched=untouched,
    )


def uploading(
    compared: Comparison,
    in_step: Mapping[str, InStep],
    keys: Collection[str] | None,
    *,
    overwrite: bool,
    delete: bool,
) -> Moves:
    """What an upload moves: the mirror of `fetching`."""

    def untouched(file: SecretFile) -> bool:
        base = in_step.get(file.key)
        return base is not None and file.there is not None and file.there.etag == base.etag

    return _moves(
        compared,
        keys,
        takes={State.ONLY_HERE, State.CHANGED_HERE},
        over={State.CHANGED_THERE, State.CHANGED_BOTH} if overwrite else set(),
        gone=State.ONLY_THERE if delete else None,
        untouched=untouched,
    )


def _moves(
    compared: Comparison,
    keys: Collection[str] | None,
    *,
    takes: set[State],
    over: set[State],
    gone: State | None,
    untouched: Callable[[SecretFile], bool],
) -> Moves:
    wanted = None if keys is None else set(keys)
    files: list[SecretFile] = []
    deletes: list[SecretFile] = []
    conflicts: list[SecretFile] = []
    replaced: set[str] = set()
    for file in compared.files:
        if wanted is not None and file.key not in wanted:
            continue
        if file.state in over:
            files.append(file)
            replaced.add(file.key)
        elif file.state is gone and file.known:
            if untouched(file):
                deletes.append(file)
            elif over:
                deletes.append(file)
                replaced.add(file.key)
            else:
                conflicts.append(file)
        elif file.state in takes:
            files.append(file)
        elif file.state is State.CHANGED_BOTH:
            conflicts.append(file)
    return Moves(tuple(files), tuple(deletes), tuple(conflicts), frozenset(replaced))
