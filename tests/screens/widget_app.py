"""An application that shows one widget, in our colours and with the frame's stylesheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App

import kubeplat_tui
from kubeplat_tui import themes

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget


class WidgetApp(App[None]):
    """Mounts `widget` alone."""

    CSS_PATH = Path(kubeplat_tui.__file__).parent / "app.tcss"

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        for theme in themes.OURS:
            self.register_theme(theme)
        self.theme = themes.DARK.name
        self.widget = widget
        self.copied: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own colours."""
        return themes.derived(self.current_theme)

    def compose(self) -> ComposeResult:
        """The widget."""
        yield self.widget

    def copy_to_clipboard(self, text: str) -> None:
        """Kept, so that a test can see it."""
        self.copied.append(text)
