"""Reads everything that the Secrets screen shows, in a worker: both sides, expiries, what can be renewed or made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.screens.secrets.outline_maker import outline
from kubeplat_tui.services.errors import InputError, KubeplatError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from kubeplat_tui.screens.secrets.outline import Outline
    from kubeplat_tui.services.pki.findings import Finding
    from kubeplat_tui.services.secrets.model import Comparison
    from kubeplat_tui.services.secrets.store import SecretStore


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. `outline` is None where nothing is kept yet: `nothing` says why."""

    store: SecretStore
    outline: Outline | None
    nothing: KubeplatError | None = None
    missing: tuple[str, ...] = ()
    """The files that a cluster needs and that are on neither side."""
    unfetched: int = 0
    """How many that a cluster needs are in the bucket only."""
    problem: KubeplatError | None = None
    """Why no expiry can be told."""


@dataclass(frozen=True, slots=True)
class _Certificates:
    """What the certificates and kubeconfigs of the working copy say."""

    expiries: Mapping[str, datetime]
    findings: Sequence[Finding]
    renewable: Mapping[str, str]
    needed: Sequence[str]


def read(store: SecretStore, now: datetime) -> Reading:
    """Compare both sides and look at the certificates. Raises `KubeplatError` where the bucket cannot be read.

    An environment that was never built has no bucket, or its file names none: that is no failure.
    """
    try:
        bucket = store.bucket
    except (InputError, NotFoundError) as error:
        return Reading(store, None, error)
    try:
        comparison = store.compare()
    except NotFoundError as error:
        return Reading(store, None, error)
    problem = None
    try:
        found = _certificates(store)
    except KubeplatError as error:
        found, problem = _Certificates({}, (), {}, ()), error
    made = outline(
        comparison,
        expiries=found.expiries,
        findings=found.findings,
        renewable=found.renewable,
        bucket=bucket.name,
        key_id=bucket.key_arn.rpartition("/")[2],
        now=now,
    )
    missing, unfetched = _missing(comparison, found.needed)
    return Reading(store, made, None, missing, unfetched, problem)


def _certificates(store: SecretStore) -> _Certificates:
    from kubeplat_tui.services.pki.bundle import bundle_keys
    from kubeplat_tui.services.pki.profiles import profiles

    names = store.names
    renewable = {key: profile.name for profile in profiles(names) for key in profile.files}
    return _Certificates(store.expiries(), store.findings(), renewable, bundle_keys(names))


def _missing(comparison: Comparison, needed: Sequence[str]) -> tuple[tuple[str, ...], int]:
    here = {file.key for file in comparison.files if file.here is not None}
    there = {file.key for file in comparison.files if file.there is not None}
    missing = tuple(key for key in dict.fromkeys(needed) if key not in here | there)
    return missing, sum(key in there - here for key in set(needed))
