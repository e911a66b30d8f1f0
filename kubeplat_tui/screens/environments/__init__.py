"""The list of environments, and making, copying, renaming and deleting them."""

from kubeplat_tui.screens.environments.rows import run_state
from kubeplat_tui.screens.environments.screen import EnvironmentsScreen

__all__ = ["EnvironmentsScreen", "run_state"]
