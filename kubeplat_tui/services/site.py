"""An opened environment: its file as read, its cloud, and the folders it works in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.variables.declarations import Declarations
    from kubeplat_tui.services.workplace import EnvironmentFolders, Workplace


@dataclass(frozen=True, slots=True)
class Site:
    """Everything a pipeline or a table needs to know to work on one environment."""

    workplace: Workplace
    environment: Environment
    cloud: Cloud
    declarations: Declarations
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """The user's environment variables (where is the home, where the kubeconfig); without them nothing there is
    touched.
    """

    @property
    def folders(self) -> EnvironmentFolders:
        """The environment's private folders."""
        return self.workplace.folders(self.environment.name)
