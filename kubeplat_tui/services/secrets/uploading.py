"""An upload: the working copy's files into the bucket, each only over what was compared, authorities first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import FileAction, FileChanged, Level, LogLine, StopRequested, now
from kubeplat_tui.services.secrets import differences
from kubeplat_tui.services.secrets.fetching import DRY_RUN
from kubeplat_tui.services.secrets.model import Transfer
from kubeplat_tui.services.secrets.pace import Pace, ended
from kubeplat_tui.services.secrets.record import InStep

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence

    from kubeplat_tui.services.events import Event, Stop
    from kubeplat_tui.services.secrets.differences import Moves
    from kubeplat_tui.services.secrets.model import SecretFile
    from kubeplat_tui.services.secrets.refusals import ConflictError
    from kubeplat_tui.services.secrets.store import SecretStore
    from kubeplat_tui.services.secrets.transfer import Upload


@dataclass(slots=True)
class _Done:
    """What became of the files so far."""

    in_step: dict[str, InStep] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    size: int = 0

    def transfer(self, stop: Stop | None) -> Transfer:
        return Transfer(
            tuple(self.in_step),
            tuple(self.deleted),
            tuple(self.conflicts),
            self.size,
            stopped=bool(stop and stop.requested),
        )


def upload(
    store: SecretStore,
    keys: Collection[str] | None,
    *,
    overwrite: bool,
    delete: bool,
    dry_run: bool,
    stop: Stop | None,
) -> Generator[Event, None, Transfer]:
    """See `SecretStore.upload`."""
    with store.copy.lock("uploading the secrets"):
        compared = store.compared().comparison
        record = store.copy.record
        moves = differences.uploading(compared, record.in_step, keys, overwrite=overwrite, delete=delete)
        locked = store.copy.protected([file.key for file in moves.files])
        files = [file for file in moves.files if file.key not in locked]
        _refuse_broken(store, {file.key for file in files if file.there is not None})
        for key in sorted(locked):
            yield _under_passphrase(key)
        for file in moves.conflicts:
            yield FileChanged(key=file.key, action=FileAction.CONFLICT, detail=DRY_RUN if dry_run else "")
        done = _Done(conflicts=[file.key for file in moves.conflicts])
        if dry_run:
            return (yield from _foretell(files, moves, done))
        if _of_authorities(done.conflicts):
            yield _stopped_by_authority(done.conflicts)
            return done.transfer(stop)
        try:
            whole = yield from _put(store, files, done, stop)
            if whole:
                yield from _delete(store, moves.deletes, done)
        finally:
            if done.in_step or done.deleted:
                store.copy.learn(record.learned(done.in_step, forget=done.deleted))
        if stop and stop.requested:
            yield StopRequested()
        return done.transfer(stop)


def _refuse_broken(store: SecretStore, keys: Collection[str]) -> None:
    """Raise `KubeplatError` where a broken or foreign file of the bundle would go over the good one there.

    Machines take what is in the bucket: a wrong authority would shut all of them out at once. With an authority's
    file everything that it signed has to fit.
    """
    from kubeplat_tui.services.pki import bundle, findings
    from kubeplat_tui.services.pki.findings import Health

    if _of_authorities(keys):
        try:
            bundle.make_missing(store.names, store.copy.snapshot(), now())
        except KubeplatError as error:
            raise KubeplatError("Nothing was uploaded.", why=str(error)) from error
        return
    if not any(key.endswith((".crt", ".kubeconfig")) for key in keys):
        return
    for found in findings.check(store.names, store.copy.snapshot(), now()):
        if found.key in keys and found.health in {Health.UNREADABLE, Health.FOREIGN}:
            raise KubeplatError("Nothing was uploaded.", why=found.sentence)


def _foretell(files: Sequence[SecretFile], moves: Moves, done: _Done) -> Generator[Event, None, Transfer]:
    """What would be done."""
    for file in files:
        yield FileChanged(key=file.key, action=FileAction.UPLOADED, detail=DRY_RUN)
    for file in moves.deletes:
        yield FileChanged(key=file.key, action=FileAction.DELETED_THERE, detail=DRY_RUN)
    moved = tuple(file.key for file in files)
    deleted = tuple(file.key for file in moves.deletes)
    return Transfer(moved, deleted, tuple(done.conflicts), _size(files))


def _put(
    store: SecretStore, files: Sequence[SecretFile], done: _Done, stop: Stop | None
) -> Generator[Event, None, bool]:
    """Write the files, wave after wave; False where it ended early: stopped, or an authority is another one."""
    from kubeplat_tui.services.pki import bundle
    from kubeplat_tui.services.secrets import transfer
    from kubeplat_tui.services.secrets.refusals import ConflictError

    by_key = {file.key: file for file in files}
    pace = Pace("uploading", len(files), _size(files))
    if files:
        yield pace.now()
    for wave in bundle.upload_waves(by_key):
        sent: dict[str, str] = {}
        before = len(done.conflicts)
        items = _items(store, [by_key[key] for key in wave], sent)
        with ended(transfer.upload(store.bucket, items, stop=stop)) as results:
            for result in results:
                if isinstance(result, ConflictError):
                    done.conflicts.append(result.key)
                    yield FileChanged(key=result.key, action=FileAction.CONFLICT, detail=_theirs(result))
                    yield from pace.step(0)
                    continue
                done.in_step[result.key] = InStep(result.etag, result.version, sent[result.key])
                done.size += result.size
                yield FileChanged(
                    key=result.key, action=FileAction.UPLOADED, path=store.copy.path(result.key)
                )
                yield from pace.step(result.size)
        if _of_authorities(done.conflicts[before:]):
            yield _stopped_by_authority(done.conflicts[before:])
            return False
        if stop and stop.requested:
            return False
    return True


def _items(store: SecretStore, files: Sequence[SecretFile], sent: dict[str, str]) -> Iterator[Upload]:
    """What is to be written, each read when its turn comes; `sent` learns the digest of what was read."""
    from kubeplat_tui.services.secrets.transfer import Upload

    for file in files:
        data = store.copy.read(file.key)
        sent[file.key] = hashlib.sha256(data).hexdigest()
        yield Upload(file.key, data, file.there.etag if file.there else "")


def _delete(store: SecretStore, files: Sequence[SecretFile], done: _Done) -> Generator[Event, None, None]:
    from kubeplat_tui.services.secrets.refusals import ConflictError

    for file in files:
        if file.there is None:
            continue
        try:
            store.bucket.delete(file.key, file.there.etag)
        except ConflictError as conflict:
            done.conflicts.append(file.key)
            yield FileChanged(key=file.key, action=FileAction.CONFLICT, detail=_theirs(conflict))
        else:
            done.deleted.append(file.key)
            yield FileChanged(key=file.key, action=FileAction.DELETED_THERE)


def _of_authorities(keys: Collection[str]) -> list[str]:
    from kubeplat_tui.services.pki.profiles import AUTHORITIES

    theirs = {key for place in AUTHORITIES.values() for key in (place.key, place.certificate)}
    return [key for key in keys if key in theirs]


def _stopped_by_authority(conflicts: Collection[str]) -> LogLine:
    return LogLine(
        text=f"{_of_authorities(conflicts)[0]} is another one in the bucket: nothing that depends on it was "
        "uploaded. Both stay as they are.",
        level=Level.ERROR,
    )


def _under_passphrase(key: str) -> LogLine:
    return LogLine(
        text=f"{key} lies here under a passphrase and is not uploaded like that: kubeplat ssh-key unprotect",
        level=Level.WARNING,
    )


def _theirs(conflict: ConflictError) -> str:
    return f"{conflict.what} {conflict.why}"


def _size(files: Sequence[SecretFile]) -> int:
    return sum(file.here.size for file in files if file.here)
