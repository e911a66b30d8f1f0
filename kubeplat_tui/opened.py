"""What the application remembers of an environment a person looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from kubeplat_tui.screens.base import EnvironmentScreen
    from kubeplat_tui.services.cloud import Identity
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.events import Stop
    from kubeplat_tui.services.site import Site


@dataclass(slots=True)
class RunningBuild:
    """A pipeline at work in this environment: the Build screen sets it and takes it away."""

    verb: str
    since: datetime
    stop: Stop
    step: str = ""


@dataclass(slots=True, eq=False)
class Opened:
    """One environment in this window. `site` is there once its cloud answers; `problem` says why not."""

    name: str
    environment: Environment | None = None
    site: Site | None = None
    problem: KubeplatError | None = None
    opening_since: datetime | None = None
    identity: Identity | None = None
    build: RunningBuild | None = None
    sessions: int = 0
    """SSH sessions that are open (connecting, up or silent): the SSH screen counts them."""
    forwards: int = 0
    """Port forwards that listen."""
    screens: dict[str, EnvironmentScreen] = field(default_factory=dict)
    """Kept while the application runs, by section: a build goes on while another section is looked at."""

    @property
    def keys_expire(self) -> datetime | None:
        """When its credentials end; None where they do not, renew themselves, or are not known yet. Never blocks."""
        if self.site is None:
            return None
        login = self.site.cloud.login
        return None if login is not None and login.renews else self.site.cloud.expires

    @property
    def lost(self) -> bool:
        """Whether its sandbox ended under it."""
        return self.site is not None and self.site.cloud.lost
