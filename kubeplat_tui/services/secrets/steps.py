"""The steps of a run that bring the secrets about: fetch what the bucket has, make what is missing, upload it.

Nothing is ever made when the bucket could not be read to its end, and nothing that differs on both sides is touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import Level, LogLine, Outcome, Step, now
from kubeplat_tui.services.pipeline import StepResult, StoppedError
from kubeplat_tui.services.secrets.model import State

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence

    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.pipeline import Work
    from kubeplat_tui.services.pki.findings import Finding
    from kubeplat_tui.services.secrets.model import Comparison, SecretFile
    from kubeplat_tui.services.secrets.store import SecretStore

FETCH = Step("fetch-secrets", "Fetch the secrets")
MAKE = Step("make-secrets", "Make the missing secrets")
UPLOAD = Step("upload-secrets", "Upload the secrets")
LOOK = Step("plan-secrets", "Look at the secrets")
"""The step of `plan`, which changes nothing."""

NAMED = 6
"""As many files are named in a sentence; the others are counted."""

SAID = 2
"""Of so many certificates the sentences are said; the others are counted."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a run would do: how many files it would fetch, make and upload, and what stands in its way."""

    fetched: int
    made: int
    uploaded: int
    conflicts: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Whether a run would leave the secrets as they are."""
        return not (self.fetched or self.made or self.uploaded or self.conflicts)

    def __str__(self) -> str:
        counts = ((self.fetched, "to fetch"), (self.made, "to make"), (self.uploaded, "to upload"))
        words = [f"{count} {what}" for count, what in counts if count]
        words += [f"{len(self.conflicts)} in conflict"] if self.conflicts else []
        return ", ".join(words) or "nothing to do"


def fetched(work: Work, store: SecretStore) -> Generator[Event, None, tuple[StepResult, int]]:
    """What is new or changed in the bucket, all of it or nothing; how many files. What was deleted there, stays here.

    Raises `KubeplatError` where the bucket cannot be read, and for what was changed on both sides.
    """
    from kubeplat_tui.services.pki.rotation import is_of_rotation

    ended = yield from store.fetch(stop=work.stop)
    if ended.stopped:
        raise StoppedError(f"{work.verb} was stopped while the secrets were fetched: the old ones are whole.")
    if ended.conflicts:
        raise conflict(work.name, ended.conflicts)
    comparison = store.compare()
    _raise_if_changed(work, comparison)
    leftovers = [file.key for file in _deleted_there(comparison) if is_of_rotation(file.key)]
    if leftovers:
        # An authority's rotation was ended on another computer; here it would seem to go on.
        yield from store.fetch(leftovers, delete=True, stop=work.stop)
    count = len(ended.moved)
    return StepResult(
        Outcome.DONE if count or leftovers else Outcome.UNCHANGED,
        f"{_files(count)} fetched" if count else "nothing to fetch",
    ), count


def made(work: Work, store: SecretStore) -> Generator[Event, None, tuple[StepResult, int]]:
    """Make what of the bundle is missing; how many files. Warns of what is to be renewed.

    Raises `KubeplatError` where a file is unreadable, foreign or lost: nothing is made then.
    """
    making = yield from store.make_missing()
    concerns = warnings_of(store.findings())
    yield from _warned(concerns)
    count = len(making.writes)
    told = f"{_files(count)} made" if count else "nothing to make"
    if concerns:
        return StepResult(Outcome.WARNED, f"{told}; {len(concerns)} to be renewed"), count
    return StepResult(Outcome.DONE if count else Outcome.UNCHANGED, told), count


def uploaded(work: Work, store: SecretStore) -> Generator[Event, None, tuple[StepResult, int]]:
    """What the bucket does not have yet, and how many files; afterwards it is compared with what S3 holds.

    Raises `KubeplatError` where somebody else was faster, and where the bucket does not hold what was sent.
    """
    comparison = store.compare()
    _raise_if_changed(work, comparison)
    bundle = _bundle(store)
    wanted = [file.key for file in _to_upload(comparison, bundle)]
    for file in _deleted_there(comparison):
        if file.key not in bundle:
            yield LogLine(text=_was_deleted(work.name, file.key), level=Level.WARNING)
    if not wanted:
        return StepResult(Outcome.UNCHANGED, "0 uploaded"), 0
    ended = yield from store.upload(wanted, stop=work.stop)
    if ended.stopped:
        raise StoppedError(
            f"{work.verb} was stopped while the secrets were uploaded.",
            left=(f"{_files(len(ended.moved))} of the secrets in the bucket",) if ended.moved else (),
        )
    if ended.conflicts:
        raise conflict(work.name, ended.conflicts)
    _verify(store, ended.moved)
    left = len(wanted) - len(ended.moved)
    if left:  # under a passphrase here, which the store has said
        return StepResult(Outcome.WARNED, f"{len(ended.moved)} uploaded, {left} left here"), len(ended.moved)
    return StepResult(Outcome.DONE, f"{len(ended.moved)} uploaded and compared"), len(ended.moved)


def looked(
    work: Work, store: SecretStore, *, bucket: bool
) -> Generator[Event, None, tuple[StepResult, Outlook]]:
    """What a run would do with the secrets; nothing is changed on either side.

    `bucket`: whether there is one. Files that a run would fetch are read into memory only.
    """
    from kubeplat_tui.services.pki import bundle as pki
    from kubeplat_tui.services.pki import findings
    from kubeplat_tui.services.secrets import transfer

    files = dict(store.copy.snapshot())
    comparison = store.compare() if bucket else None
    coming = [] if comparison is None else _coming(comparison)
    wanted = [file.there for file in coming if file.there is not None and _in_bundle(file.key)]
    if wanted:
        arriving = transfer.download(store.bucket, wanted, stop=work.stop)
        files |= {content.stored.key: content.data for content in arriving}
    if work.stop.requested:
        raise StoppedError(f"{work.verb} was stopped while it looked at the secrets.")
    conflicts = [] if comparison is None else _keys(comparison, State.CHANGED_BOTH)
    making = pki.make_missing(store.names, files, now())
    concerns = warnings_of(findings.check(store.names, files, now()))
    yield from _warned(concerns)
    if conflicts:
        error = conflict(work.name, conflicts)
        yield LogLine(text=f"A run would stop: {error}", level=Level.WARNING)
    if comparison is None:
        there = len(store.copy.files().keys() - making.writes.keys())
    else:
        there = len({file.key for file in _to_upload(comparison, _bundle(store))} - making.writes.keys())
    outlook = Outlook(len(coming), len(making.writes), there + len(making.writes), tuple(conflicts))
    worried = bool(concerns or conflicts)
    outcome = Outcome.WARNED if worried else Outcome.UNCHANGED if outlook.nothing else Outcome.DONE
    return StepResult(outcome, str(outlook)), outlook


def warnings_of(found: Sequence[Finding]) -> list[Finding]:
    """What of the findings a run warns of: due or expired and in use, and names that the settings need."""
    from kubeplat_tui.services.pki.findings import Health

    return [
        one
        for one in found
        if one.health is Health.NAMES or (one.in_use and one.health in {Health.DUE, Health.EXPIRED})
    ]


def conflict(environment: str, keys: Collection[str]) -> KubeplatError:
    """The sentence for what differs on both sides, with both ways out."""
    several = len(keys) > 1
    return KubeplatError(
        f"{_named(keys)} {'were' if several else 'was'} changed here and in the bucket: "
        f"both {'contents of each ' if several else ''}stay as they are.",
        why="One of them has to be chosen by a person.",
        todo="Compare them on the Secrets screen (6), or: kubeplat secrets diff. Then take the bucket's with "
        f"kubeplat fetch-secrets -e {environment} --overwrite, or this computer's with "
        f"kubeplat upload-secrets -e {environment} --overwrite; and run again.",
    )


def _raise_if_changed(work: Work, comparison: Comparison) -> None:
    """Raise `KubeplatError` where somebody else changed the bucket's side of the bundle since it was fetched."""
    both = _keys(comparison, State.CHANGED_BOTH)
    if both:
        raise conflict(work.name, both)
    came = [file.key for file in _coming(comparison) if _in_bundle(file.key)]
    if came:
        raise KubeplatError(
            f"The secrets in the bucket are being changed meanwhile: {_named(came)}.",
            why="Somebody else is at work there; nothing was uploaded.",
            todo="Run again when they are done.",
        )


def _verify(store: SecretStore, keys: Collection[str]) -> None:
    """Compare what S3 holds with what is here, by its own digests."""
    from kubeplat_tui.services.secrets import transfer

    told = transfer.digests(store.bucket, keys)
    here = store.copy.files()
    differ = [key for key in keys if told.get(key) and (key not in here or here[key].sha256 != told[key])]
    absent = [key for key in keys if key not in told]
    if differ or absent:
        raise KubeplatError(
            f"The bucket does not hold what was uploaded: {_named([*differ, *absent])}.",
            why="Somebody changed it a moment later, there or here.",
            todo="Run again: it compares both sides anew.",
        )


def _to_upload(comparison: Comparison, bundle: Collection[str]) -> Iterator[SecretFile]:
    """What the bucket is to get. What was deleted there comes back only where the cluster needs it."""
    for file in comparison.files:
        new = file.state is State.ONLY_HERE and (not file.known or file.key in bundle)
        if new or file.state is State.CHANGED_HERE:
            yield file


def _coming(comparison: Comparison) -> list[SecretFile]:
    return [file for file in comparison.files if file.state in {State.ONLY_THERE, State.CHANGED_THERE}]


def _deleted_there(comparison: Comparison) -> list[SecretFile]:
    return [file for file in comparison.files if file.state is State.ONLY_HERE and file.known]


def _keys(comparison: Comparison, state: State) -> list[str]:
    return [file.key for file in comparison.files if file.state is state]


def _bundle(store: SecretStore) -> frozenset[str]:
    from kubeplat_tui.services.pki.bundle import bundle_keys

    return frozenset(bundle_keys(store.names))


def _in_bundle(key: str) -> bool:
    """Whether the file may be one that the public-key infrastructure reads."""
    from kubeplat_tui.services.secrets.working_copy import BUNDLE

    return key.partition("/")[0] in BUNDLE


def _was_deleted(environment: str, key: str) -> str:
    return (
        f"{key} was deleted in the bucket and is still here; it was not uploaded again. "
        f"kubeplat fetch-secrets -e {environment} --delete removes it here, "
        f"kubeplat upload-secrets -e {environment} brings it back."
    )


def summed(concerns: Sequence[Finding]) -> str:
    """The sentences of the first few, the most urgent first, and how many more there are."""
    urgent = sorted(concerns, key=lambda one: (one.days is None, one.days))
    more = len(urgent) - SAID
    also = f" {more} more are to be renewed: kubeplat certs check lists them." if more > 0 else ""
    return " ".join(one.sentence for one in urgent[:SAID]) + also


def _warned(concerns: Sequence[Finding]) -> Iterator[LogLine]:
    for one in concerns:
        yield LogLine(text=one.sentence, level=Level.WARNING)


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def _named(keys: Collection[str]) -> str:
    named = sorted(keys)
    more = len(named) - NAMED
    return ", ".join(named[:NAMED]) + (f" and {more} more" if more > 0 else "")
