"""What `get` does: choose objects, give each a place, write them, and with --sync remember and follow deletions."""

from __future__ import annotations

import contextlib
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.kmsctl.folder import Folder
from kubeplat_tui.kmsctl.objects import Listed
from kubeplat_tui.kmsctl.sync import Record, Written, alone, follow
from kubeplat_tui.services.crew import Stopped, in_parallel, waited_for
from kubeplat_tui.services.errors import ExitCode, InputError, KubeplatError
from kubeplat_tui.services.events import Stop

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import FrameType

    from kubeplat_tui.kmsctl.objects import Objects
    from kubeplat_tui.kmsctl.work import Work

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Getting:
    """Which objects, and where they go."""

    objects: Objects
    paths: tuple[str, ...]
    root: Path
    mode: int
    recursive: bool
    flatten: bool
    pattern: re.Pattern[str]

    def chosen(self) -> dict[str, Listed]:
        """The objects that the paths and the filter name, by key. Markers of folders are no files."""
        found: dict[str, Listed] = {}
        for path in self.paths:
            for each in self.objects.below(path, deep=self.recursive):
                if isinstance(each, Listed) and not each.key.endswith("/") and self.pattern.search(each.key):
                    found[each.key] = each
        return found

    def names(self, key: str) -> bool:
        """Whether the paths and the filter name an object `key`, whether it is there or not."""
        return self.pattern.search(key) is not None and any(
            self._below(path.lstrip("/"), key) for path in self.paths
        )

    def _below(self, path: str, key: str) -> bool:
        folder = path if not path or path.endswith("/") else f"{path}/"
        inside = key.startswith(folder) and (self.recursive or "/" not in key[len(folder) :])
        return inside or key == path


@dataclass(slots=True)
class Getter:
    """One run of `get`."""

    work: Work
    getting: Getting
    folder: Folder
    stop: Stop
    told: set[str] = field(default_factory=set)
    """Keys that cannot be files and were said already."""

    def once(self) -> bool:
        """Write all objects that were chosen. Whether none was left out."""
        places = self._places(self._chosen())
        self._missing(places)
        for _ in self._write(places):
            pass
        return not self.told

    def in_step(self) -> None:
        """Write what is not here as it is in the bucket, and remove what went from there."""
        record = Record(self.getting.root)
        bucket = self.getting.objects.name
        chosen = self._chosen()
        places = self._places(chosen)
        changed = {path: each for path, each in places.items() if not self._is_here(record, path, each)}
        try:
            for path, each, written in self._write(changed):
                record.files[self._relative(path)] = Written(bucket, each.key, each.etag, *written)
            self._follow_deletions(record, chosen, {self._relative(path) for path in places})
        finally:
            record.save()

    def _chosen(self) -> dict[str, Listed]:
        return waited_for(self.getting.chosen, self.stop)

    def _is_here(self, record: Record, path: Path, each: Listed) -> bool:
        known = record.files.get(self._relative(path))
        wanted = (self.getting.objects.name, each.key, each.etag)
        return known is not None and (known.bucket, known.key, known.etag) == wanted and known.untouched(path)

    def _follow_deletions(self, record: Record, chosen: Mapping[str, Listed], kept: set[str]) -> None:
        bucket = self.getting.objects.name
        for relative, known in list(record.files.items()):
            gone = known.bucket == bucket and known.key not in chosen and self.getting.names(known.key)
            if not gone or relative in kept:
                continue
            path = self.getting.root / relative
            del record.files[relative]
            if known.untouched(path):
                self.folder.remove(path)
                self.work.records.add(
                    f"removed the file: {path}, {known.key} is gone from the bucket",
                    {"action": "remove", "bucket": bucket, "source": known.key, "destination": str(path)},
                )
            elif path.exists():
                self.work.note(
                    f"{path} was changed here and is left, though {known.key} is gone from the bucket"
                )

    def _places(self, chosen: Mapping[str, Listed]) -> dict[Path, Listed]:
        """Where each object goes. Raises `InputError` where two would get the same name."""
        places: dict[Path, Listed] = {}
        for key, each in chosen.items():
            path = self.folder.place(key, flatten=self.getting.flatten)
            if path is None:
                if key not in self.told:
                    self.work.note(f"{key!r} cannot be a file and is left out; kmsctl cat shows it")
                self.told.add(key)
            elif path in places:
                raise InputError(
                    f"{places[path].key} and {key} would both become {path}.",
                    todo="Leave --flatten out, or name fewer of them.",
                )
            else:
                places[path] = each
        return places

    def _missing(self, places: Mapping[Path, Listed]) -> None:
        keys = [each.key for each in places.values()]
        for path in self.getting.paths:
            bare = path.strip("/")
            if bare and not any(key == bare or key.startswith(f"{bare}/") for key in (*keys, *self.told)):
                raise KubeplatError(
                    f"There is nothing to get at {path} in the bucket {self.getting.objects.name}.",
                    todo="kmsctl ls lists what there is; folders in folders need --recursive.",
                )

    def _write(self, places: Mapping[Path, Listed]) -> Iterator[tuple[Path, Listed, tuple[int, int]]]:
        """Write the objects; gives each with its size and time (nanoseconds) here."""

        def write(item: tuple[Path, Listed]) -> tuple[Path, Listed, tuple[int, int]]:
            path, each = item
            facts = self.folder.write(path, self._pieces(each.key))
            return path, each, (facts.st_size, facts.st_mtime_ns)

        for path, each, written in in_parallel(write, places.items(), self.stop):
            self.work.records.add(
                f"retrieved the file: {each.key} and wrote to: {path}",
                {
                    "action": "get",
                    "bucket": self.getting.objects.name,
                    "source": each.key,
                    "destination": str(path),
                    "etag": each.etag,
                },
            )
            yield path, each, written

    def _pieces(self, key: str) -> Iterator[bytes]:
        for piece in self.getting.objects.stream(key):
            if self.stop.requested:
                raise Stopped
            yield piece

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.getting.root).as_posix()


def get_once(work: Work, getting: Getting) -> ExitCode:
    """Get the files; keys that cannot be files are left out, and said."""
    with _getter(work, getting) as getter:
        try:
            complete = getter.once()
        except Stopped:
            raise KubeplatError(
                "Interrupted.", why="Every file here is whole: as it was, or as it is in the bucket."
            ) from None
    return ExitCode.DONE if complete else ExitCode.LEFT_OVER


def keep_in_step(work: Work, getting: Getting, interval: float) -> ExitCode:
    """Get what changed, again and again, until a signal comes."""
    with _getter(work, getting) as getter, alone(getting.root):
        with contextlib.suppress(Stopped):
            follow(getter.in_step, interval, getter.stop, work.note)
        work.note("synchronization ended")
    return ExitCode.DONE


@contextlib.contextmanager
def _getter(work: Work, getting: Getting) -> Iterator[Getter]:
    """A run that signals stop."""
    stop = Stop()

    def heard(_: int, __: FrameType | None) -> None:
        stop.request()

    folder = Folder(getting.root, getting.mode)
    folder.make_root()
    before = {number: signal.signal(number, heard) for number in STOPPING}
    try:
        yield Getter(work, getting, folder, stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        folder.discard_partials()
