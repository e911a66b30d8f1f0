"""A new authority in place of an old one, in steps between which everybody keeps trusting everybody.

INTRODUCE makes the successor and lets all trust it beside the old authority; it signs nothing yet. REISSUE signs every
leaf anew with it, both still trusted. RETIRE takes the trust in the old one away. What has to happen on the machines
between them is in `rotation_notes`. The key pair that signs service accounts' tokens goes the same way.

Everything is pure over the files: a step says what to write and what to delete, and the working copy does it at once.
`locked/rotation.json` tells which step was the last, `locked/<name>.next.crt` and `.next.key` keep the successor until
the end. A step that was cut short anywhere, also in the middle of an upload, is simply taken again: what is there of
the successor is used, and nothing is done twice.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.pki import keys, once, succession
from kubeplat_tui.services.pki.bundle import Making
from kubeplat_tui.services.pki.profiles import AUTHORITIES, Authority

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeplat_tui.services.pki.names import ClusterNames

RECORD = "locked/rotation.json"
NEXT_SERVICE_ACCOUNT_KEY = "locked/service-account.next.key"


class Subject(StrEnum):
    """What can be rotated: the authorities, and the key pair that signs service accounts' tokens."""

    KUBERNETES = Authority.KUBERNETES.value
    KUBELET_SIGNER = Authority.KUBELET_SIGNER.value
    ETCD = Authority.ETCD.value
    FRONT_PROXY = Authority.FRONT_PROXY.value
    SERVICE_ACCOUNT = "service-account"


class Phase(StrEnum):
    """The steps of a rotation, in their order."""

    INTRODUCE = "introduce"
    REISSUE = "reissue"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation under way. `phase` is the last step that was taken, `taken` when (UTC).

    The fingerprints are SHA-256 in hex: of the authority's certificate, of the service accounts' public key as PEM.
    """

    authority: Subject
    phase: Phase
    started: datetime
    taken: datetime
    old_fingerprint: str
    new_fingerprint: str


class Step(NamedTuple):
    """What one step does. `rotation` is what is under way after it: None after the last one."""

    making: Making
    deletes: tuple[str, ...]
    rotation: Rotation | None
    phase: Phase


@dataclass(frozen=True, slots=True)
class _Change:
    """What a phase writes, and the fingerprints of the old and the new."""

    writes: dict[str, bytes]
    old: str
    new: str


def current(files: Mapping[str, bytes]) -> Rotation | None:
    """The rotation under way, None where there is none. Raises `KubeplatError` where its record cannot be read."""
    if RECORD not in files:
        return None
    try:
        found = json.loads(files[RECORD])
        return Rotation(
            Subject(found["authority"]),
            Phase(found["phase"]),
            _moment(found["started"]),
            _moment(found["taken"]),
            str(found["old_fingerprint"]),
            str(found["new_fingerprint"]),
        )
    except (ValueError, KeyError, TypeError):
        raise keys.unreadable(RECORD, "it is no record of a rotation") from None


def next_phase(files: Mapping[str, bytes], subject: Subject) -> Phase:
    """Which step of `subject` comes next by the record.

    Raises `InputError` while something else is being rotated, `KubeplatError` where the record cannot be read.
    """
    under_way = current(files)
    if under_way is None:
        return Phase.INTRODUCE
    if under_way.authority is not subject:
        raise InputError(
            f"{under_way.authority} is being rotated; {subject} has to wait.",
            why="Two rotations at once could not be told apart.",
            todo=f"Finish the first one: kubeplat certs rotate-ca {under_way.authority}",
        )
    return Phase.REISSUE if under_way.phase is Phase.INTRODUCE else Phase.RETIRE


def step(names: ClusterNames, files: Mapping[str, bytes], subject: Subject, now: datetime) -> Step:
    """The next step of rotating `subject`; `now` with its time zone. Changes nothing itself.

    Where a leaf that REISSUE signs is still the old authority's, because an upload was cut short or an old version was
    restored, REISSUE is taken once more. Raises `KubeplatError` where a file is unreadable or missing, and instead of
    RETIRE where anything else that the old authority signed is still in the bundle; `InputError` while something else
    is being rotated.
    """
    phase = next_phase(files, subject)
    under_way = current(files)
    if subject is Subject.SERVICE_ACCOUNT:
        change = _service_account(files, phase)
    else:
        phase, change = _authority(names, files, Authority(subject.value), phase, now)
    moment = now.astimezone(UTC).replace(microsecond=0)
    if phase is Phase.RETIRE:
        after, writes = None, change.writes
        deletes = tuple(key for key in (*_next_files(subject), RECORD) if key in files)
    else:
        begun = under_way or Rotation(subject, phase, moment, moment, change.old, change.new)
        after = dataclasses.replace(begun, phase=phase, taken=moment)
        writes, deletes = {**change.writes, RECORD: _record(after)}, ()
    written = {key: data for key, data in writes.items() if files.get(key) != data}
    kept = tuple(key for key in files if key not in written and key not in deletes)
    reasons = dict.fromkeys(written, f"{phase} step of rotating {subject}")
    return Step(Making(written, reasons, kept), deletes, after, phase)


def _authority(
    names: ClusterNames, files: Mapping[str, bytes], authority: Authority, phase: Phase, now: datetime
) -> tuple[Phase, _Change]:
    """The phase that is really next, and what it does."""
    turn = succession.read(
        names,
        files,
        authority,
        now,
        introduced=phase is not Phase.INTRODUCE,
        reissued=phase is Phase.RETIRE,
    )
    if phase is Phase.RETIRE and turn.outstanding():
        phase = Phase.REISSUE
    match phase:
        case Phase.INTRODUCE:
            writes = turn.introduce()
        case Phase.REISSUE:
            writes = turn.reissue()
        case Phase.RETIRE:
            writes = turn.retire()
    old = succession.fingerprint(turn.old[0]) if turn.old else ""
    return phase, _Change(writes, old, succession.fingerprint(turn.new.certificate))


def _service_account(files: Mapping[str, bytes], phase: Phase) -> _Change:
    """API servers accept the tokens of every key in the public file, and sign with the private one."""
    key, public = once.SERVICE_ACCOUNT_KEY, once.SERVICE_ACCOUNT_PUBLIC
    if key not in files:
        raise succession.missing(key)
    present = keys.load(key, files[key])
    if phase is Phase.RETIRE:
        new = present
    elif NEXT_SERVICE_ACCOUNT_KEY in files:
        new = keys.load(NEXT_SERVICE_ACCOUNT_KEY, files[NEXT_SERVICE_ACCOUNT_KEY])
    elif phase is Phase.INTRODUCE:
        new = keys.generate_rsa()
    else:
        raise succession.missing(NEXT_SERVICE_ACCOUNT_KEY)
    old_pem, new_pem = keys.public_pem(present.public_key()), keys.public_pem(new.public_key())
    accepted = keys.load_public(public, files[public]) if public in files else []
    both = b"".join(dict.fromkeys((*accepted, old_pem, new_pem)))
    writes = {public: new_pem if phase is Phase.RETIRE else both}
    if phase is Phase.INTRODUCE:
        writes[NEXT_SERVICE_ACCOUNT_KEY] = keys.private_pem(new)
    if phase is Phase.REISSUE:
        writes[key] = keys.private_pem(new)
    return _Change(writes, hashlib.sha256(old_pem).hexdigest(), hashlib.sha256(new_pem).hexdigest())


def is_of_rotation(key: str) -> bool:
    """Whether the file lasts only as long as a rotation."""
    return key == RECORD or any(key in _next_files(subject) for subject in Subject)


def _next_files(subject: Subject) -> tuple[str, ...]:
    """Where the successor waits."""
    if subject is Subject.SERVICE_ACCOUNT:
        return (NEXT_SERVICE_ACCOUNT_KEY,)
    place = AUTHORITIES[Authority(subject.value)]
    return (place.next_certificate, place.next_key)


def _record(rotation: Rotation) -> bytes:
    document = {
        "authority": rotation.authority.value,
        "phase": rotation.phase.value,
        "started": rotation.started.isoformat(),
        "taken": rotation.taken.isoformat(),
        "old_fingerprint": rotation.old_fingerprint,
        "new_fingerprint": rotation.new_fingerprint,
    }
    return f"{json.dumps(document, indent=2)}\n".encode()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(UTC)
