"""The tree of both sides as data: what a folder says of what it holds, folds and filters, any keys at all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kubeplat_tui.screens.secrets.looks import expiry, look, readers_of
from kubeplat_tui.screens.secrets.outline import Kind, Outline, Standing
from kubeplat_tui.screens.secrets.outline_maker import newer_side, outline
from kubeplat_tui.services.secrets.model import Comparison, LocalFile, SecretFile, State, Stored
from kubeplat_tui.widgets.cells import byte_size
from kubeplat_tui.widgets.pattern import Pattern
from tests.screens import fake_secrets
from tests.screens.fake_secrets import FakeSecretStore, finding
from tests.screens.fakes import NOW

if TYPE_CHECKING:
    from kubeplat_tui.services.pki.findings import Finding


def outlined(store: FakeSecretStore, findings: list[Finding] | None = None) -> Outline:
    """The outline of a store."""
    return outline(
        store.compare(),
        expiries=store.expiries(),
        findings=store.findings() if findings is None else findings,
        renewable={},
        bucket="bucket",
        key_id="key",
        now=NOW,
    )


def test_the_known_folders_come_first_in_their_order_and_the_machines_last() -> None:
    made = outlined(fake_secrets.playground())
    tops = [node.name for node in made.nodes if node.kind is Kind.FOLDER and node.depth == 0]
    assert tops == ["common", "secure", "compute", "locked", "manifests", "addons", "boot", "etcd", "status"]
    readers = {node.key.rstrip("/"): readers_of(node) for node in made.nodes if node.holds}
    assert readers["locked"] == "people only"
    assert readers["common"] == "secure, compute"
    assert readers["boot"] == "the machines' own"


def test_a_folder_counts_sums_and_shows_the_gravest_and_the_nearest() -> None:
    made = outlined(fake_secrets.playground())
    manifests = made.nodes[made.at["manifests/"]]
    assert (manifests.files, manifests.standing) == (2, Standing.CHANGED_BOTH)
    secure = made.nodes[made.at["secure/"]]
    assert secure.standing is Standing.CHANGED_HERE
    assert str(expiry(secure, NOW)) == "✖ expired"
    bucket = made.nodes[0]
    assert bucket.files == made.files == sum(made.counts.values())
    assert bucket.end == len(made.nodes)
    assert bucket.size == sum(node.size for node in made.nodes if node.kind is Kind.FILE)


def test_what_is_not_in_use_frightens_nobody() -> None:
    store = fake_secrets.playground()
    store.found = [finding("locked/super-admin.kubeconfig", "super-admin", 5, in_use=False)]
    store.until = {"locked/super-admin.kubeconfig": NOW + timedelta(days=5)}
    made = outlined(store)
    assert str(expiry(made.nodes[made.at["locked/super-admin.kubeconfig"]], NOW)) == "▲ 5 d"
    assert made.nodes[made.at["locked/"]].expires is None
    assert made.nodes[0].expires is None


def test_a_finding_knows_better_than_sixty_days_when_it_is_due() -> None:
    store = FakeSecretStore()
    store.put_both("secure/short.crt", b"x")
    store.put_both("secure/untold.crt", b"x")
    store.until = dict.fromkeys(store.here, NOW + timedelta(days=20))
    valid = finding("secure/short.crt", "short", 90)
    made = outlined(store, [valid])
    assert not made.nodes[made.at["secure/short.crt"]].due
    assert made.nodes[made.at["secure/untold.crt"]].due


def test_deleted_is_not_the_same_as_never_there() -> None:
    made = outlined(fake_secrets.playground())
    shown = {key: made.nodes[place].standing for key, place in made.at.items()}
    assert shown["addons/dashboard.yaml"] is Standing.ONLY_HERE
    assert shown["addons/old.yaml"] is Standing.DELETED_THERE
    assert shown["addons/metrics.yaml"] is Standing.ONLY_THERE
    assert shown["locked/notes.txt"] is Standing.DELETED_HERE


def test_the_facts_are_those_of_the_side_that_changed_last() -> None:
    store = fake_secrets.playground()
    made = outlined(store)
    assert look(made.nodes[made.at["secure/tokens.csv"]], NOW).age == "20 min"
    assert look(made.nodes[made.at["manifests/common/namespace.yaml"]], NOW).age == "5 h"
    # Fetched just now, but as old as its object.
    store.put_here("common/etcd-ca.crt", fake_secrets.CERTIFICATE)
    made = outlined(store)
    assert look(made.nodes[made.at["common/etcd-ca.crt"]], NOW).age == "2 d"
    with pytest.raises(ValueError, match="neither side"):
        newer_side(SecretFile("k", State.SAME, None, None))


def test_what_is_no_file_here_is_shown_apart() -> None:
    odd = ["/", "//", "a//b", "secure/", "boot", "boot/", "../x", "secure/\x1b]0;evil\x07"]
    left = tuple(Stored(key, 1, "e", NOW) for key in odd)
    made = outline(
        Comparison((), left), expiries={}, findings=(), renewable={}, bucket="b", key_id="k", now=NOW
    )
    names = [node.name for node in made.nodes]
    assert "other objects" in names
    assert "a//b" in names
    assert not any(ord(letter) < 32 for name in names for letter in name)
    assert made.files == 0
    assert all(node.machines for node in made.nodes[1:])
    assert len(made.rows(lambda _: True, None)) == len(made.nodes)


def test_a_key_of_a_thousand_slashes_stops_nothing() -> None:
    file = SecretFile("a/" * 500 + "z", State.ONLY_THERE, None, Stored("k", 1, "e", NOW))
    made = outline(
        Comparison((file,)), expiries={}, findings=(), renewable={}, bucket="b", key_id="k", now=NOW
    )
    assert made.nodes[-1].file is file


PARTS = some.sampled_from(["a", "b", "secure", "common", "x.crt", "ü", "same"])
KEYS = some.lists(some.lists(PARTS, min_size=1, max_size=5).map("/".join), max_size=40, unique=True)


def compared(keys: list[str]) -> Comparison:
    """Files at these keys, in states that depend on the key's length."""
    states = list(State)
    files = []
    for key in sorted(keys):
        state = states[len(key) % len(states)]
        here = None if state is State.ONLY_THERE else LocalFile(key, Path("/x"), len(key), "s", NOW)
        there = None if state is State.ONLY_HERE else Stored(key, len(key), "e", NOW - timedelta(hours=1))
        files.append(SecretFile(key, state, here, there, known=len(key) % 2 == 0))
    return Comparison(tuple(files))


@given(KEYS)
def test_every_file_stands_once_below_its_folders(keys: list[str]) -> None:
    made = outline(compared(keys), expiries={}, findings=(), renewable={}, bucket="b", key_id="", now=NOW)
    assert sorted(node.key for node in made.nodes if node.kind is Kind.FILE) == sorted(keys)
    for place, node in enumerate(made.nodes):
        assert place < node.end <= len(made.nodes)
        below = made.nodes[place + 1 : node.end]
        if node.holds:
            assert node.files == sum(each.kind is Kind.FILE for each in below)
            assert all(each.key.startswith(node.key) for each in below)
        if place:
            parent = made.nodes[node.parent]
            assert node.parent < place < node.end <= parent.end
    assert [made.nodes[row].key for row in made.rows(lambda _: False, None)] == [""]


@given(KEYS, some.sampled_from(["a", "!a", "secure", "x\\.crt$", "changed", "!same", "nothing at all"]))
def test_a_filter_leaves_the_matches_and_the_folders_on_the_way(keys: list[str], text: str) -> None:
    made = outline(compared(keys), expiries={}, findings=(), renewable={}, bucket="b", key_id="", now=NOW)
    pattern = Pattern.parse(text)
    assert pattern is not None
    passing = made.passing(pattern)
    seen = made.rows(lambda _: True, passing)
    assert {place for place in seen if not made.nodes[place].holds} == passing
    for place in seen[1:]:
        assert made.nodes[place].parent in seen
        if made.nodes[place].holds:
            assert any(place < file < made.nodes[place].end for file in passing)
    assert {file.key for file in made.below(0, passing)} == {made.nodes[place].key for place in passing}


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KiB"),
        (5202, "5.1 KiB"),
        (10_190, "10 KiB"),
        (126_000, "123 KiB"),
        (1_048_000, "1.0 MiB"),
        (5 << 30, "5.0 GiB"),
        (7 << 50, "7168 TiB"),
    ],
)
def test_sizes_are_short(size: int, text: str) -> None:
    assert byte_size(size) == text
