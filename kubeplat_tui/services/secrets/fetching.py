"""A fetch: the bucket's files into the working copy, all of them in one step after all have arrived."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.services.events import FileAction, FileChanged, Level, LogLine, StopRequested
from kubeplat_tui.services.secrets import differences
from kubeplat_tui.services.secrets.model import Stored, Transfer
from kubeplat_tui.services.secrets.pace import Pace, ended
from kubeplat_tui.services.secrets.record import InStep

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Mapping
    from pathlib import Path

    from kubeplat_tui.services.events import Event, Stop
    from kubeplat_tui.services.secrets.differences import Moves
    from kubeplat_tui.services.secrets.store import SecretStore

ATTEMPTS = 3
"""How often it begins anew where an object changes while it is fetched; what has arrived is used again."""

DRY_RUN = "dry run"


@dataclass(slots=True)
class _Arrived:
    """What waits in the stage: names and what will be in step, by key."""

    names: dict[str, str] = field(default_factory=dict)
    in_step: dict[str, InStep] = field(default_factory=dict)
    size: int = 0

    def add(self, stored: Stored, name: str, sha256: str) -> None:
        self.names[stored.key] = name
        self.in_step[stored.key] = InStep(stored.etag, stored.version, sha256)
        self.size += stored.size


def fetch(
    store: SecretStore,
    keys: Collection[str] | None,
    *,
    overwrite: bool,
    delete: bool,
    dry_run: bool,
    stop: Stop | None,
) -> Generator[Event, None, Transfer]:
    """See `SecretStore.fetch`."""
    from kubeplat_tui.services.secrets.refusals import ConflictError, ObjectAbsentError

    with store.copy.lock("fetching the secrets"):
        for attempt in range(ATTEMPTS):
            compared = store.compared()
            yield from _left_out(compared.left_out, keys)
            moves = differences.fetching(
                compared.comparison, store.copy.record.in_step, keys, overwrite=overwrite, delete=delete
            )
            conflicts = tuple(file.key for file in moves.conflicts)
            if dry_run:
                yield from _said(moves, store, None, DRY_RUN)
                return Transfer(*_keys(moves), conflicts, _size(moves))
            try:
                arrived = yield from _download(store, moves, stop)
                break
            except (ConflictError, ObjectAbsentError):
                if attempt + 1 == ATTEMPTS:
                    raise
        if arrived is None:
            yield StopRequested()
            return Transfer(conflicts=conflicts, stopped=True)
        record = store.copy.record
        unlocked = [key for key in arrived.names if key in record.protected]
        moved, deleted = _keys(moves)
        kept = None
        if moved or deleted:
            record = record.learned(arrived.in_step, forget=deleted)
            kept = store.copy.change(arrived.names, deleted, record, keep=_kept(moves))
        store.copy.stage.clear()
        yield from _said(moves, store, kept, "")
        for key in unlocked:
            yield LogLine(
                text=f"{key} was changed in the bucket and lies here without its passphrase now: "
                "kubeplat ssh-key protect",
                level=Level.WARNING,
            )
        return Transfer(moved, deleted, conflicts, arrived.size)


def _download(store: SecretStore, moves: Moves, stop: Stop | None) -> Generator[Event, None, _Arrived | None]:
    """Bring everything into the stage; None where it was stopped: what has arrived waits for the next fetch."""
    from kubeplat_tui.services.secrets import transfer

    stage, arrived = store.copy.stage, _Arrived()
    wanted = [file.there for file in moves.files if file.there is not None]
    pace = Pace("fetching", len(wanted), sum(stored.size for stored in wanted))
    missing: list[Stored] = []
    fetched = stage.fetched()
    for stored in wanted:
        found = stage.find(stored, fetched)
        if found is None:
            missing.append(stored)
        else:
            arrived.add(stored, *found)
            yield from pace.step(stored.size)
    if missing:
        yield pace.now()
        with ended(transfer.download(store.bucket, missing, stop=stop)) as contents:
            for content in contents:
                name = stage.keep(content.stored, content.data, content.sha256)
                arrived.add(content.stored, name, content.sha256)
                yield from pace.step(content.stored.size)
    complete = len(arrived.names) == len(wanted)
    return arrived if complete and not (stop and stop.requested) else None


def _left_out(reasons: Mapping[str, str], keys: Collection[str] | None) -> Iterator[LogLine]:
    for key, why in sorted(reasons.items()):
        if why and (keys is None or key in keys):
            yield LogLine(text=why, level=Level.WARNING)


def _said(moves: Moves, store: SecretStore, kept: Path | None, detail: str) -> Iterator[FileChanged]:
    for file in moves.files:
        here = f"what was here is kept in {kept / file.key}" if kept and file.key in moves.replaced else ""
        yield FileChanged(
            key=file.key,
            action=FileAction.FETCHED,
            path=store.copy.path(file.key),
            detail=detail or here,
        )
    for file in moves.deletes:
        yield FileChanged(key=file.key, action=FileAction.DELETED_HERE, detail=detail)
    for file in moves.conflicts:
        yield FileChanged(key=file.key, action=FileAction.CONFLICT, detail=detail)


def _kept(moves: Moves) -> list[str]:
    """What of this computer would be lost otherwise."""
    return [
        file.key
        for file in (*moves.files, *moves.deletes)
        if file.key in moves.replaced and file.here is not None
    ]


def _keys(moves: Moves) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(file.key for file in moves.files), tuple(file.key for file in moves.deletes)


def _size(moves: Moves) -> int:
    return sum(file.there.size for file in moves.files if file.there)
