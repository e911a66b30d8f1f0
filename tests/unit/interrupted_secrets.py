"""Interrupts changes of a working copy at every call that changes a disk, in processes forked for it.

`python -m tests.unit.interrupted_secrets HOW WHAT FOLDER`: HOW is `kill` (SIGKILL before the call), `full` (the call
says that the disk is full) or `small` (no file may grow beyond a few bytes, then a few more), WHAT one of `SCENARIOS`.
A process of its own, because forking needs one without threads. Prints how many points there were; one that leaves
something broken ends it with a traceback.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pickle
import resource
import shutil
import signal
import sys
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.secrets.model import Side, State
from kubeplat_tui.services.secrets.transaction import Change
from tests.unit.memory_bucket import Kept, MemoryBucket, make_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.services.secrets.model import Stored
    from kubeplat_tui.services.secrets.store import SecretStore
    from kubeplat_tui.services.secrets.working_copy import WorkingCopy

CALLS = ("fsync", "link", "mkdir", "open", "replace", "rename", "rmdir", "unlink")
DONE, REFUSED, BROKEN = 0, 7, 8

OLD = {f"secure/{number:02}": b"old %d" % number for number in range(4)} | {"locked/gone": b"old"}
NEW = {f"secure/{number:02}": b"new %d" % number for number in range(4)} | {"common/deep/er": b"new"}


class KeptBucket(MemoryBucket):
    """A bucket that outlives its process: every change is in a file at once."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        if path.exists():
            with path.open("rb") as file:
                while True:
                    try:
                        key, kept = pickle.load(file)  # noqa: S301 - written a moment ago by this test
                    except EOFError:
                        break
                    self.objects.setdefault(key, []).append(kept)

    def plant(self, key: str, data: bytes | None, *, ours: bool = True) -> Stored:
        count = sum(map(len, self.objects.values()))
        self._numbers = iter(range(count + 1, count + 2))
        stored = super().plant(key, data, ours=ours)
        kept: Kept = self.objects[key][-1]
        with self.path.open("ab", buffering=0) as file:
            file.write(pickle.dumps((key, kept)))
        return stored


@dataclass(frozen=True)
class Scenario:
    """What is prepared once, what is then done and interrupted, and what must hold afterwards."""

    prepare: Callable[[SecretStore], object]
    do: Callable[[SecretStore], object]
    check: Callable[[SecretStore], object]


def contents(copy: WorkingCopy) -> dict[str, bytes]:
    """Every file, read by a fresh look."""
    return {key: copy.read(key) for key in copy.files()}


def drained(generator: Any) -> None:
    """Play to the end."""
    for _ in generator:
        pass


def one_of(store: SecretStore, *whole: dict[str, bytes]) -> None:
    """The files are exactly one of these sets."""
    found = contents(store.copy)
    if found not in whole:
        raise AssertionError(f"half: {found}")


def _fetched(store: SecretStore) -> None:
    one_of(store, OLD, NEW)
    whole_new = contents(store.copy) == NEW
    states = {file.key: file.state for file in store.compare().files}
    if whole_new and set(states.values()) != {State.SAME}:
        raise AssertionError(f"new files with another record: {states}")
    if State.CHANGED_BOTH in states.values() or State.CHANGED_HERE in states.values():
        raise AssertionError(f"the record does not fit: {states}")
    drained(store.fetch(delete=True))
    one_of(store, NEW)


def _prepare_fetch(store: SecretStore) -> None:
    for key, data in OLD.items():
        store.bucket.plant(key, data)  # type: ignore[attr-defined]  # the fake's own
    drained(store.fetch())
    for key, data in NEW.items():
        store.bucket.plant(key, data)  # type: ignore[attr-defined]  # the fake's own
    store.bucket.plant("locked/gone", None)  # type: ignore[attr-defined]  # the fake's own


def _uploaded(store: SecretStore) -> None:
    one_of(store, NEW)
    there = store.bucket.contents  # type: ignore[attr-defined]  # the fake's own
    if any(there[key] not in {OLD.get(key), NEW.get(key)} for key in there):
        raise AssertionError(f"neither old nor new: {there}")
    drained(store.upload(delete=True))
    states = {file.state for file in store.compare().files}
    if store.bucket.contents != NEW or states != {State.SAME}:  # type: ignore[attr-defined]  # the fake's own
        raise AssertionError(f"not finished: {states}")


def _prepare_upload(store: SecretStore) -> None:
    _prepare_commit(store)
    drained(store.upload())
    store.copy.commit(NEW, ["locked/gone"])


def _prepare_commit(store: SecretStore) -> None:
    store.copy.commit(OLD)


def _committed(store: SecretStore) -> None:
    one_of(store, OLD, NEW)
    store.copy.commit(NEW, ["locked/gone"])
    one_of(store, NEW)


def _saved(store: SecretStore) -> None:
    one_of(store, OLD, OLD | {"secure/00": b"edited"})
    local = store.copy.files()["secure/00"]
    store.save("secure/00", b"edited again", local.sha256)
    if store.read("secure/00", Side.HERE) != b"edited again":
        raise AssertionError("not saved")


def _prepare_rotation(store: SecretStore) -> None:
    drained(store.make_missing())


def _rotate(store: SecretStore) -> None:
    from kubeplat_tui.services.pki.rotation import Subject

    drained(store.rotate(Subject.KUBERNETES))


def _rotated(store: SecretStore) -> None:
    """Either nothing of the step happened or all of it: the bundle fits together, and the next step can be taken."""
    from kubeplat_tui.services.pki import bundle, rotation

    files = store.copy.snapshot()
    making = bundle.make_missing(store.names, files, datetime.now(UTC))
    if making.writes:
        raise AssertionError(f"missing: {sorted(making.writes)}")
    begun = rotation.current(files) is not None
    if begun != ("locked/kubernetes-ca.next.key" in files):
        raise AssertionError("half of the step")
    _rotate(store)
    if rotation.current(store.copy.snapshot()) is None:
        raise AssertionError("the next step was not taken")


def _prepare_recovery(store: SecretStore) -> None:
    _prepare_commit(store)
    with mock.patch.object(Change, "carry_out", _cut_short), contextlib.suppress(KubeplatError):
        store.copy.commit(NEW, ["locked/gone"])


def _cut_short(*_: object) -> None:
    raise KubeplatError("Killed.")


def _recovered(store: SecretStore) -> None:
    one_of(store, NEW)


SCENARIOS = {
    "recovery": Scenario(_prepare_recovery, lambda store: store.copy.files(), _recovered),
    "commit": Scenario(_prepare_commit, lambda store: store.copy.commit(NEW, ["locked/gone"]), _committed),
    "fetch": Scenario(_prepare_fetch, lambda store: drained(store.fetch(delete=True)), _fetched),
    "upload": Scenario(_prepare_upload, lambda store: drained(store.upload(delete=True)), _uploaded),
    "save": Scenario(
        _prepare_commit,
        lambda store: store.save("secure/00", b"edited", store.copy.files()["secure/00"].sha256),
        _saved,
    ),
    "rotation": Scenario(_prepare_rotation, _rotate, _rotated),
}


def interrupt(how: str, at: int) -> None:
    """From now on the call number `at` and all after it end this process, or find the disk full."""
    if how == "small":
        resource.setrlimit(resource.RLIMIT_FSIZE, ((at - 1) * 16, resource.RLIM_INFINITY))
        return
    count = 0

    def instead(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count >= at and how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if count >= at and _needs_room(real.__name__, given):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), given[0] if given else None)
            return real(*given, **named)

        return call

    for name in CALLS:
        setattr(os, name, instead(getattr(os, name)))


def _needs_room(name: str, given: tuple[Any, ...]) -> bool:
    if name == "open":
        return bool(given[1] & (os.O_CREAT | os.O_WRONLY))
    return name not in {"unlink", "rmdir"}


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below, as bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(how: str, what: str, folder: Path) -> int:
    """Interrupt at point 1, 2, 3 … until it comes to its end; how many points there were."""
    scenario = SCENARIOS[what]
    prepared = folder / "prepared"
    scenario.prepare(make_store(prepared, KeptBucket(prepared / "bucket")))
    before = tree(make_store(prepared).copy.root)
    at = 0
    while True:
        at += 1
        place = folder / "place"
        shutil.copytree(prepared, place)
        for note in place.rglob("secrets.redo"):
            note.touch()  # the copied files would look like later ones
        ended = _in_a_child(scenario, how, at, place)
        if ended in {BROKEN, DONE} and (ended == BROKEN or how == "kill"):
            if ended == BROKEN:
                raise AssertionError(f"point {at}: another error than a sentence")
            return at - 1
        store = make_store(place, KeptBucket(place / "bucket"))
        if not (store.copy.folder / "secrets.redo").exists() and ended != DONE and what != "upload":
            now_has = tree(store.copy.root)
            if how != "kill" and now_has != before:
                raise AssertionError(f"point {at}: a sentence was said, and something had changed")
        scenario.check(store)
        _tidy(store, at)
        shutil.rmtree(place)
        if ended == DONE:
            return at - 1


def _in_a_child(scenario: Scenario, how: str, at: int, place: Path) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        store = make_store(place, KeptBucket(place / "bucket"))
        interrupt(how, at)
        scenario.do(store)
        os._exit(DONE)
    except KubeplatError:
        os._exit(REFUSED)
    except BaseException:  # noqa: BLE001 - a forked child must never come back
        traceback.print_exc()
        os._exit(BROKEN)


def _tidy(store: SecretStore, at: int) -> None:
    """Nothing is left behind after the next command."""
    folder = store.copy.folder
    left = [
        path.name
        for path in folder.iterdir()
        if path.name not in {"secrets", "secrets.record", "secrets.lock", "secrets.digests", "secrets.stage"}
    ]
    stage = folder / "secrets.stage"
    left += [path.name for path in stage.iterdir()] if stage.exists() else []
    if left:
        raise AssertionError(f"point {at}: left behind: {left}")
    loose = [path for path in folder.rglob("*") if path.stat().st_mode & 0o077]
    if loose:
        raise AssertionError(f"point {at}: readable by others: {loose}")


if __name__ == "__main__":
    sys.stdout.write(f"{run(sys.argv[1], sys.argv[2], Path(sys.argv[3]))}\n")
