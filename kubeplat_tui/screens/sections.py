"""The sections of an environment, in the order of their keys."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from kubeplat_tui.opened import Opened
    from kubeplat_tui.screens.base import EnvironmentScreen


@dataclass(frozen=True, slots=True)
class Section:
    """One section. Its screen is imported when it is first gone to: the first paint waits for none."""

    id: str
    key: str
    title: str
    module: str
    screen: str

    def make(self, opened: Opened) -> EnvironmentScreen:
        """A screen of this section for one environment."""
        made = getattr(import_module(self.module), self.screen)(opened)
        return cast("EnvironmentScreen", made)


SECTIONS: tuple[Section, ...] = (
    Section("overview", "1", "Overview", "kubeplat_tui.screens.overview", "OverviewScreen"),
    Section("variables", "2", "Variables", "kubeplat_tui.screens.variables.screen", "VariablesScreen"),
    Section("build", "3", "Build", "kubeplat_tui.screens.build.screen", "BuildScreen"),
    Section("instances", "4", "Instances", "kubeplat_tui.screens.instances.screen", "InstancesScreen"),
    Section(
        "load_balancers", "5", "Load balancers", "kubeplat_tui.screens.load_balancers", "LoadBalancersScreen"
    ),
    Section("secrets", "6", "Secrets", "kubeplat_tui.screens.secrets.screen", "SecretsScreen"),
    Section("ssh", "7", "SSH", "kubeplat_tui.screens.ssh.screen", "SshScreen"),
)

CHECKLIST = Section("checklist", "", "Checklist", "kubeplat_tui.screens.checklist", "ChecklistScreen")
"""A screen of the overview's: no section of its own, and so without a key among them."""

SECTION = {section.id: section for section in (*SECTIONS, CHECKLIST)}
