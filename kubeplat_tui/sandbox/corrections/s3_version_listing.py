"""ListObjectVersions: every page copies every version of the bucket, and the pages lose some.

Ten thousand objects take minutes. Two versions written within a millisecond change places, so that an old one is
called the latest; and a listing whose marker was deleted meanwhile (emptying a bucket does that) ends early. AWS
lists by key, then from the newest version to the oldest, and goes on behind the marker (S3 API, ListObjectVersions).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from moto.s3.models import FakeDeleteMarker, S3Backend

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL = 1000


def apply() -> None:
    """List anew, from the marker on."""
    parameters = ("bucket_name", "delimiter", "key_marker", "max_keys", "prefix", "version_id_marker")
    method(S3Backend, "list_object_versions", *parameters)
    mentions(S3Backend, "list_object_versions", "iterlists", "is_latest", "next_version_id_marker")
    replace(S3Backend, "list_object_versions", list_object_versions)


def list_object_versions(  # noqa: PLR0917 - moto's signature
    self: Any,
    bucket_name: str,
    delimiter: str | None = None,
    key_marker: str | None = None,
    max_keys: int | None = USUAL,
    prefix: str = "",
    version_id_marker: str | None = None,
) -> tuple[list[Any], list[str], list[Any], str | None, str | None]:
    """Versions, common prefixes, delete markers, and where the next page starts."""
    prefix = prefix or ""
    keys = self.get_bucket(bucket_name).keys
    limit = USUAL if max_keys is None else max_keys
    listed: list[tuple[str, Any]] = []  # a common prefix has no version
    if limit <= 0:
        return [], [], [], None, None
    for name, version in _entries(keys, prefix, delimiter or "", key_marker or "", version_id_marker):
        if len(listed) == limit:
            last_name, last = listed[-1]
            return *_sorted_out(listed), last_name, None if last is None else last.version_id
        listed.append((name, version))
    return *_sorted_out(listed), None, None


def _entries(
    keys: Any, prefix: str, delimiter: str, key_marker: str, version_marker: str | None
) -> Iterator[tuple[str, Any]]:
    names = sorted(dict(keys))
    group = key_marker if delimiter and key_marker.endswith(delimiter) else ""
    for name in names[bisect_left(names, max(prefix, key_marker)) :]:
        if not name.startswith(prefix):
            return
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        if cut >= 0:
            if (common := name[: cut + len(delimiter)]) != group:
                group = common
                yield common, None
            continue
        if name == key_marker and not version_marker:
            continue
        versions = list(reversed(keys.getlist(name, [])))
        for number, version in enumerate(versions):
            version.is_latest = number == 0
        if name == key_marker:
            passed = [version.version_id for version in versions]
            # Where the marker is gone, everything newer went before it.
            start = passed.index(version_marker) + 1 if version_marker in passed else 0
            versions = versions[start:]
        yield from ((name, version) for version in versions)


def _sorted_out(listed: list[tuple[str, Any]]) -> tuple[list[Any], list[str], list[Any]]:
    versions = [each for _, each in listed if each is not None]
    return (
        [each for each in versions if not isinstance(each, FakeDeleteMarker)],
        [name for name, each in listed if each is None],
        [each for each in versions if isinstance(each, FakeDeleteMarker)],
    )
