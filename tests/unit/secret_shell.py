"""The command line on a real store: its bucket in memory or simulated, its working copy in a temporary folder."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast

from kubeplat_tui.intents import Intents
from kubeplat_tui.services.pki import bundle
from tests.unit.cli_support import Ran, Shell

if TYPE_CHECKING:
    from collections.abc import Generator

    import pytest

    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.pki.names import ClusterNames
    from kubeplat_tui.services.secrets.store import SecretStore
    from kubeplat_tui.services.site import Site
    from tests.screens.fakes import FakeIntents

Result = TypeVar("Result")


class StoreIntents(Intents):
    """Everything as always, but the site and the store are those of the test."""

    def __init__(self, store: SecretStore) -> None:
        super().__init__(store.site.workplace, environ=dict(store.environ))
        self.store = store

    def environment(self, name: str) -> Environment:
        assert name == self.store.site.environment.name
        return self.store.site.environment

    def open(self, name: str) -> Site:
        assert name == self.store.site.environment.name
        return self.store.site

    def secrets(self, site: Site) -> SecretStore:
        assert site is self.store.site
        return self.store


class SecretShell:
    """Verbs on one environment's secrets."""

    def __init__(self, store: SecretStore, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = store
        self._shell = Shell(cast("FakeIntents", StoreIntents(store)), monkeypatch)
        monkeypatch.setenv("KUBEPLAT_ENVIRONMENT", store.site.environment.name)

    def run(self, *arguments: str) -> Ran:
        """Run without a terminal."""
        return self._shell.run(*arguments)

    def at_terminal(self, *arguments: str, typed: tuple[str, ...] = ()) -> Ran:
        """Run at a terminal where the lines `typed` are typed."""
        return self._shell.at_terminal(*arguments, typed=typed)


def ended(work: Generator[Event, None, Result]) -> Result:
    """What comes out of `work`."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result


@cache
def bundle_of(names: ClusterNames) -> dict[str, bytes]:
    """Everything that a first run makes."""
    return bundle.make_missing(names, {}, datetime.now(UTC)).writes


def built(store: SecretStore) -> SecretStore:
    """The store after a first run: everything made, and uploaded."""
    store.copy.commit(bundle_of(store.names))
    assert not ended(store.upload()).conflicts
    return store
