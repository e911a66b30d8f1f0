"""A secrets bucket in memory, with the real one's contract: conditional writes, versions, digests."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import itertools
import tempfile
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kubeplat_tui.services.secrets.bucket import Content, SecretsBucket
from kubeplat_tui.services.secrets.model import Stored, Version
from kubeplat_tui.services.secrets.refusals import ConflictError, NotOursError, ObjectAbsentError
from kubeplat_tui.services.secrets.store import SecretStore
from tests.unit.sites import make_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubeplat_tui.services.site import Site

Page = list[Stored]
VersionPage = list[Version]

BEGAN = datetime(2026, 11, 22, 12, tzinfo=UTC)


def sha(data: bytes) -> str:
    """The SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Kept:
    """One version; `data` is None for a delete marker."""

    data: bytes | None
    etag: str
    version: str
    modified: datetime
    ours: bool = True


@dataclass
class MemoryBucket:
    """Objects by key, each with its versions, the newest last."""

    name: str = "demo-secrets-1a2b"
    objects: dict[str, list[Kept]] = field(default_factory=dict)
    without_digest: set[str] = field(default_factory=set)
    before: Callable[[str, str], object] = lambda _call, _key: None
    """Called before every call with its name and key; may raise, or change the bucket."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # --- as somebody else would ---

    def plant(self, key: str, data: bytes | None, *, ours: bool = True) -> Stored:
        """Write (None: delete) without any condition."""
        with self._lock:
            number = next(self._numbers)
            kept = Kept(data, f"etag-{number}", f"v{number}", BEGAN + timedelta(seconds=number), ours)
            self.objects.setdefault(key, []).append(kept)
            return Stored(key, len(data or b""), kept.etag, kept.modified, kept.version)

    def content(self, key: str) -> bytes | None:
        """What is there now."""
        kept = self._current(key)
        return kept.data if kept else None

    @property
    def contents(self) -> dict[str, bytes]:
        """Everything that is there now."""
        return {key: data for key in self.objects if (data := self.content(key)) is not None}

    # --- the contract ---

    def exists(self) -> bool:
        return True

    def list(self, prefix: str = "") -> Iterator[Page]:
        self._called("list", prefix)
        with self._lock:
            found = [
                Stored(key, len(kept.data or b""), kept.etag, kept.modified)
                for key in sorted(self.objects)
                if key.startswith(prefix) and (kept := self._current(key)) is not None
            ]
        for start in range(0, max(len(found), 1), 1000):
            yield found[start : start + 1000]

    def get(self, key: str, version: str = "", *, expected: str = "", foreign: bool = False) -> Content:
        self._called("get", key)
        with self._lock:
            if version:
                kept = next((each for each in self.objects.get(key, ()) if each.version == version), None)
            else:
                kept = self._current(key)
            if kept is None or kept.data is None:
                raise ObjectAbsentError(key, self.name, version)
            if expected and kept.etag != expected:
                raise ConflictError(key, self.head(key))
            if not kept.ours and not foreign:
                raise NotOursError(key, "", "arn:aws:kms:eu-west-2:123456789012:key/ours")
            stored = Stored(key, len(kept.data), kept.etag, kept.modified, kept.version)
            return Content(stored, kept.data, sha(kept.data))

    def head(self, key: str) -> Stored | None:
        kept = self._current(key)
        if kept is None:
            return None
        return Stored(key, len(kept.data or b""), kept.etag, kept.modified, kept.version)

    def digest(self, key: str) -> str:
        self._called("digest", key)
        data = self.content(key)
        if data is None:
            raise ObjectAbsentError(key, self.name)
        return "" if key in self.without_digest else sha(data)

    def put(self, key: str, data: bytes, expected: str) -> Stored:
        self._called("put", key)
        with self._lock:
            there = self.head(key)
            if (there.etag if there else "") != expected:
                if self.content(key) == data and there:
                    return there
                raise ConflictError(key, there)
            return self.plant(key, data)

    def delete(self, key: str, expected: str) -> None:
        self._called("delete", key)
        with self._lock:
            there = self.head(key)
            if there is not None and there.etag != expected:
                raise ConflictError(key, there)
            if there is not None:
                self.plant(key, None)

    def versions(self, prefix: str = "") -> Iterator[VersionPage]:
        yield [
            Version(
                key,
                kept.version,
                kept.etag,
                len(kept.data or b""),
                kept.modified,
                latest=kept is self.objects[key][-1],
                deleted=kept.data is None,
            )
            for key in sorted(self.objects)
            if key.startswith(prefix)
            for kept in reversed(self.objects[key])
        ]

    def restore(self, key: str, version: str, expected: str) -> Stored:
        return self.put(key, self.get(key, version, foreign=True).data, expected)

    def apart(self) -> MemoryBucket:
        return self

    def end(self, *, at_once: bool = False) -> None: ...

    def close(self) -> None: ...

    def _current(self, key: str) -> Kept | None:
        kept = self.objects.get(key)
        return kept[-1] if kept and kept[-1].data is not None else None

    def _called(self, call: str, key: str) -> None:
        self.calls.append((call, key))
        self.before(call, key)


def make_store(folder: Path, bucket: MemoryBucket | None = None) -> SecretStore:
    """A store in `folder` beside `bucket`; two folders with one bucket are two computers."""
    folder.mkdir(exist_ok=True)
    workplace = dataclasses.replace(_site().workplace, state=folder / "state")
    store = SecretStore(dataclasses.replace(_site(), workplace=workplace), {"HOME": str(folder)})
    store._bucket = cast("SecretsBucket", bucket or MemoryBucket())
    return store


@functools.cache
def _site() -> Site:
    """The declarations of the Terraform roots are read once."""
    with tempfile.TemporaryDirectory() as folder:
        return make_site(Path(folder))
