"""The environment's secrets as front ends and pipelines use them: the bucket, and the working copy beside it."""

from __future__ import annotations

import contextlib
import threading
from functools import cached_property
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.events import FileAction, FileChanged, now
from kubeplat_tui.services.secrets import differences, fetching, uploading
from kubeplat_tui.services.secrets.model import Side
from kubeplat_tui.services.secrets.working_copy import WorkingCopy

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence
    from datetime import datetime

    from kubeplat_tui.services.events import Event, Stop
    from kubeplat_tui.services.pki.bundle import Making
    from kubeplat_tui.services.pki.findings import Expiry, Finding
    from kubeplat_tui.services.pki.names import ClusterNames
    from kubeplat_tui.services.pki.rotation import Step, Subject
    from kubeplat_tui.services.secrets.bucket import SecretsBucket
    from kubeplat_tui.services.secrets.differences import Compared
    from kubeplat_tui.services.secrets.model import Comparison, LocalFile, Stored, Transfer, Version
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.workplace import Workplace

WITH_CERTIFICATES = (".crt", ".pem", ".cer", ".kubeconfig", ".conf", "kubeconfig")
"""How the files end that can hold a certificate."""


class SecretStore:
    """The secrets of one environment. Making one asks nothing; every method may block, and from any thread.

    `environ` are the user's environment variables (the site's, where none are given): where the kubeconfig is.
    """

    def __init__(self, site: Site, environ: Mapping[str, str] | None = None) -> None:
        self.site = site
        self.environ = site.environ if environ is None else environ
        self.copy = WorkingCopy(site.folders.root)
        self._bucket: SecretsBucket | None = None
        self._making = threading.Lock()
        self._seen: dict[str, Stored] = {}
        self._expiries: dict[str, datetime | None] = {}

    @property
    def bucket(self) -> SecretsBucket:
        """The bucket; the first use asks for the environment's key. Raises `KubeplatError` where there is none."""
        from kubeplat_tui.services.secrets.bucket import SecretsBucket

        with self._making:
            if self._bucket is None:
                self._bucket = SecretsBucket.for_site(self.site)
            return self._bucket

    @cached_property
    def names(self) -> ClusterNames:
        """The names that the certificates carry, by the environment's settings."""
        from kubeplat_tui.services.pki.names import names_of

        return names_of(self.site)

    # --- both sides ---------------------------------------------------------------------------------------------

    def compare(self) -> Comparison:
        """Every key of both sides, and how they compare."""
        return self.compared().comparison

    def compared(self) -> Compared:
        """As `compare`, with why keys are left out. What it learns about what is in step is remembered."""
        there = {stored.key: stored for page in self.bucket.list() for stored in page}
        record = self.copy.record
        compared = differences.compare(
            self.copy.files(),
            there,
            record.in_step,
            digests=lambda keys: self._digests(there, keys),
            protected=record.protected,
            fold=self.copy.fold if self.copy.folds_case else None,
        )
        self._seen = there
        if compared.in_step or compared.forget:
            # Another process may be at work, or the disk be full: then the next comparison learns it again.
            with (
                contextlib.suppress(KubeplatError),
                self.copy.lock("remembering what is in step", patience=0),
            ):
                self.copy.learn(self.copy.record.learned(compared.in_step, compared.forget))
        return compared

    def fetch(
        self,
        keys: Collection[str] | None = None,
        *,
        overwrite: bool = False,
        delete: bool = False,
        dry_run: bool = False,
        stop: Stop | None = None,
    ) -> Generator[Event, None, Transfer]:
        """Take what is new or changed in the bucket (of `keys`, where given), all of it in one step at the end.

        `overwrite` takes it also where the file here was changed, which is then kept below `replaced/`; `delete`
        removes here what was deleted there. What was changed on both sides is otherwise a conflict, and left. A fetch
        that is stopped or fails leaves everything as it was, and what had arrived to the next one.
        """
        return fetching.fetch(self, keys, overwrite=overwrite, delete=delete, dry_run=dry_run, stop=stop)

    def upload(
        self,
        keys: Collection[str] | None = None,
        *,
        overwrite: bool = False,
        delete: bool = False,
        dry_run: bool = False,
        stop: Stop | None = None,
    ) -> Generator[Event, None, Transfer]:
        """Give the bucket what is new or changed here: the mirror of `fetch`.

        Each file is written only over the object that was compared: where somebody was faster it is a conflict, and
        both contents stay where they are. Authorities go first, and nothing follows one that is another one there.
        """
        return uploading.upload(self, keys, overwrite=overwrite, delete=delete, dry_run=dry_run, stop=stop)

    # --- one file -----------------------------------------------------------------------------------------------

    def read(self, key: str, side: Side, version: str = "") -> bytes:
        """The content of one side, or of one version in the bucket. Raises `NotFoundError` where it is absent."""
        if side is Side.HERE and not version:
            return self.copy.read(key)
        return self.bucket.get(key, version).data

    def save(self, key: str, data: bytes, expected_sha256: str) -> LocalFile:
        """Write edited content here. Refuses where the file is not what was edited any more ("": it was absent)."""
        with self.copy.lock(f"saving {key}"):
            here = self.copy.file(key)
            if (here.sha256 if here else "") != expected_sha256:
                raise KubeplatError(
                    f"{key} was changed here while it was edited.",
                    why="Saving would undo that.",
                    todo="Look at it again, and edit it anew; nothing was changed.",
                )
            if self.copy.protected([key]):
                raise InputError(
                    f"{key} lies here under a passphrase.",
                    todo="Take it off first: kubeplat ssh-key unprotect. Nothing was changed.",
                )
            self.copy.commit({key: data})
            saved = self.copy.file(key)
        if saved is None:
            raise KubeplatError(f"{key} was removed by somebody else a moment ago.", todo="Edit it anew.")
        return saved

    def remove(self, keys: Collection[str], side: Side) -> None:
        """Delete on one side. There a delete marker is written, over exactly what was last seen.

        Raises `ConflictError` where an object was changed meanwhile: those before it are deleted.
        """
        if side is Side.HERE:
            with self.copy.lock("deleting files"):
                there = [key for key in keys if self.copy.file(key) is not None]
                self.copy.commit({}, there)
            return
        for key in keys:
            stored = self._seen.get(key) or self.bucket.head(key)
            if stored is not None:
                self.bucket.delete(key, stored.etag)
                self._seen.pop(key, None)

    def history(self, key: str) -> list[Version]:
        """Every version of the key in the bucket, the newest first, delete markers too."""
        found = [each for page in self.bucket.versions(key) for each in page if each.key == key]
        return sorted(found, key=lambda each: (each.latest, each.modified), reverse=True)

    def restore(self, key: str, version: str) -> Stored:
        """Make an older version the newest one there. Here it then counts as changed there, until it is fetched."""
        current = self.bucket.head(key)
        return self.bucket.restore(key, version, current.etag if current else "")

    # --- certificates -------------------------------------------------------------------------------------------

    def expiries(self) -> dict[str, datetime]:
        """When each file here expires that holds a certificate (UTC)."""
        found: dict[str, datetime] = {}
        for key, file in self.copy.files().items():
            if key.endswith(WITH_CERTIFICATES):
                expires = self._expiry(file)
                if expires is not None:
                    found[key] = expires
        return found

    def findings(self) -> list[Finding]:
        """How every certificate and kubeconfig here stands, as the settings want them."""
        from kubeplat_tui.services.pki import findings

        return findings.check(self.names, self.copy.snapshot(), now())

    def make_missing(self) -> Generator[Event, None, Making]:
        """Make what of the bundle is absent here. Raises `KubeplatError` for what is unreadable or foreign."""
        from kubeplat_tui.services.pki import bundle

        with self.copy.lock("making what is missing"):
            making = bundle.make_missing(self.names, self.copy.snapshot(), now())
            yield from self._write(making, FileAction.MADE)
        return making

    def renew(self, which: Sequence[str], extra_names: Sequence[str] = ()) -> Generator[Event, None, Making]:
        """Make certificates and kubeconfigs anew, by their profiles' names, `all` or `due`."""
        from kubeplat_tui.services.pki import renewal

        with self.copy.lock("renewing certificates"):
            making = renewal.renew(self.names, self.copy.snapshot(), which, now(), tuple(extra_names))
            yield from self._write(making, FileAction.RENEWED)
        return making

    def rotate(self, subject: Subject) -> Generator[Event, None, Step]:
        """Take the next step of replacing an authority, or the service accounts' key. Upload it with `delete`."""
        from kubeplat_tui.services.pki import rotation

        with self.copy.lock(f"rotating {subject}"):
            step = rotation.step(self.names, self.copy.snapshot(), subject, now())
            yield from self._write(step.making, FileAction.RENEWED, step.deletes)
        return step

    # --- how ----------------------------------------------------------------------------------------------------

    def _write(
        self, making: Making, action: FileAction, deletes: Collection[str] = ()
    ) -> Generator[Event, None, None]:
        if making.writes or deletes:
            self.copy.commit(making.writes, deletes)
        for key in making.writes:
            yield FileChanged(
                key=key, action=action, path=self.copy.path(key), detail=making.reasons.get(key, "")
            )
        for key in deletes:
            yield FileChanged(key=key, action=FileAction.DELETED_HERE)

    def _digests(self, there: Mapping[str, Stored], keys: Collection[str]) -> dict[str, str]:
        """What S3 keeps; where it keeps nothing the object is read."""
        from kubeplat_tui.services.secrets import transfer
        from kubeplat_tui.services.secrets.refusals import NotOursError

        told = transfer.digests(self.bucket, keys)
        for key in [key for key, sha256 in told.items() if not sha256]:
            try:
                told[key] = self.bucket.get(key, expected=there[key].etag).sha256
            except NotOursError:
                continue  # another key's: whoever fetches it is told
        return told

    def _expiry(self, file: LocalFile) -> datetime | None:
        from kubeplat_tui.services.pki import findings

        if file.sha256 not in self._expiries:
            self._expiries[file.sha256] = findings.expiry_of(file.key, self.copy.read(file.key))
        return self._expiries[file.sha256]


def local_expiry(workplace: Workplace, name: str) -> Expiry | None:
    """What of environment `name` expires next, as its working copy has it; None where that is absent.

    Asks no cloud. Raises `KubeplatError` where the working copy cannot be read.
    """
    from kubeplat_tui.services.pki import findings

    files = WorkingCopy(workplace.folders(name).root).snapshot()
    return findings.nearest(files, now()) if files else None
