"""Whatever two people do to the two sides: nothing that was written is lost unasked, and the sides come together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as some

from kubeplat_tui.services.secrets.differences import why_left_out
from kubeplat_tui.services.secrets.model import Side, State
from tests.unit.memory_bucket import MemoryBucket, make_store

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    import pytest

    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.secrets.model import Transfer
    from kubeplat_tui.services.secrets.store import SecretStore

KEYS = ("common/a", "locked/b", "secure/c")
CONTENTS = (None, b"1", b"2", b"33")
DEEDS = some.lists(
    some.tuples(
        some.sampled_from(["here", "there", "fetch", "upload", "compare"]),
        some.sampled_from(KEYS),
        some.sampled_from(CONTENTS),
    ),
    max_size=12,
)


def played(work: Generator[Event, None, Transfer]) -> Transfer:
    while True:
        try:
            next(work)
        except StopIteration as end:
            transfer: Transfer = end.value
            return transfer


def sides(store: SecretStore, bucket: MemoryBucket) -> tuple[dict[str, bytes], dict[str, bytes]]:
    return {key: store.copy.read(key) for key in store.copy.files()}, bucket.contents


def do(store: SecretStore, bucket: MemoryBucket, deed: str, key: str, content: bytes | None) -> None:
    if deed == "here":
        store.copy.commit({} if content is None else {key: content}, [key] if content is None else [])
    elif deed == "there":
        if content is not None or bucket.content(key) is not None:
            bucket.plant(key, content)
    elif deed == "compare":
        store.compare()
    else:
        move(store, bucket, deed)


def move(store: SecretStore, bucket: MemoryBucket, deed: str) -> None:
    """A fetch or an upload changes its own side only, and of that nothing which was written since the last one."""
    here, there = sides(store, bucket)
    before = {file.key: file for file in store.compare().files}
    done = played(store.fetch() if deed == "fetch" else store.upload())
    after_here, after_there = sides(store, bucket)
    if deed == "fetch":
        assert after_there == there
        changed = {key for key in after_here if after_here[key] != here.get(key)}
        assert changed == {key for key in done.moved if there[key] != here.get(key)}
        takes = {State.ONLY_THERE, State.CHANGED_THERE}
    else:
        assert after_here == here
        changed = {key for key in after_there if after_there[key] != there.get(key)}
        takes = {State.ONLY_HERE, State.CHANGED_HERE}
    assert {before[key].state for key in changed} <= takes
    assert {before[key].state for key in done.conflicts} <= {State.CHANGED_BOTH}
    assert after_here.keys() >= here.keys()
    assert after_there.keys() >= there.keys()


@given(deeds=DEEDS)
@settings(max_examples=40)
def test_two_people_at_work(
    tmp_path_factory: pytest.TempPathFactory, deeds: Iterable[tuple[str, str, bytes]]
) -> None:
    bucket = MemoryBucket()
    store = make_store(tmp_path_factory.mktemp("here"), bucket)
    for deed in deeds:
        do(store, bucket, *deed)
    here, there = sides(store, bucket)
    for file in store.compare().files:
        assert (file.state is State.SAME) is (here.get(file.key) == there.get(file.key))
        assert (file.here is None, file.there is None) == (file.key not in here, file.key not in there)
    conflicts = set(played(store.fetch()).conflicts)
    assert set(played(store.upload()).conflicts) == conflicts
    here, there = sides(store, bucket)
    assert {key for key in {*here, *there} if here.get(key) != there.get(key)} == conflicts
    played(store.fetch(overwrite=True))
    here, there = sides(store, bucket)
    assert here == there
    assert played(store.fetch(overwrite=True, delete=True)).unchanged
    assert played(store.upload(overwrite=True, delete=True)).unchanged


@given(deeds=DEEDS)
@settings(max_examples=20)
def test_a_copy_that_forgot_everything_finds_the_same(
    tmp_path_factory: pytest.TempPathFactory, deeds: Iterable[tuple[str, str, bytes]]
) -> None:
    """The record says only what was the same once: without it nothing that is the same is taken for different."""
    bucket = MemoryBucket()
    store = make_store(tmp_path_factory.mktemp("here"), bucket)
    for deed in deeds:
        do(store, bucket, *deed)
    same = {file.key for file in store.compare().files if file.state is State.SAME}
    (store.copy.folder / "secrets.record").unlink(missing_ok=True)
    states = {file.key: file.state for file in store.compare().files}
    assert {key for key in states if states[key] is State.SAME} == same
    assert not {State.CHANGED_HERE, State.CHANGED_THERE} & set(states.values())
    for key, state in states.items():
        store.read(key, Side.HERE if state is not State.ONLY_THERE else Side.THERE)


PARTS = some.sampled_from(["a", "A", "b", "..", "", "boot", "c~"])
NAMES = some.lists(PARTS, min_size=1, max_size=3).map("/".join)


@given(here=some.sets(NAMES, max_size=5), there=some.sets(NAMES, max_size=8), folds=some.booleans())
def test_what_is_taken_fits_into_one_folder(here: set[str], there: set[str], folds: bool) -> None:
    fold = str.casefold if folds else str
    here = {key for key in here if not why_left_out((), [key])}
    here -= why_left_out((), here, fold).keys()
    taken = there - why_left_out(here, there, str.casefold if folds else None).keys()
    together = {*here, *taken}
    names = {fold(key) for key in together}
    for key in taken:
        assert key in here or not any(fold(key) == fold(other) for other in here)
        assert ".." not in key.split("/")
        assert "" not in key.split("/")
    for name in names:
        assert not any(other.startswith(f"{name}/") for other in names)
    assert len({fold(key) for key in taken}) == len(taken)
