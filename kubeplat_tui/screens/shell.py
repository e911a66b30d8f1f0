"""The terminal lent to a shell in an environment, while the application steps aside."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.shell import foreground, settings
from kubeplat_tui.shell.names import START

if TYPE_CHECKING:
    from textual.app import App

NO_TERMINAL = "This terminal cannot be lent to a shell. In another one: kubeplat -e {} shell"


def open_shell(app: App[Any], environment: str) -> bool:
    """Run `kubeplat shell` for `environment` until it ends; whether there was one. What fails is a notification.

    Call it in the application's thread: it has the terminal meanwhile. What runs in threads goes on.
    """
    command = [sys.executable, "-P", str(START), "--environment", environment, "shell"]
    environ = os.environ | {settings.FROM_APPLICATION: "1"}
    told: list[int] = []
    try:
        with app.suspend():
            foreground.run(command, environ, hangs_up=True, heard=told.append)
    except SuspendNotSupported:
        app.notify(NO_TERMINAL.format(environment), severity="warning", markup=False)
        return False
    except KubeplatError as error:
        app.notify(str(error), severity="error", markup=False)
        return False
    finally:
        if foreground.hung_up():
            told.append(signal.SIGHUP)
        if told:  # the shell was only the first to hear of it
            app.exit(foreground.BY_SIGNAL + told[0])
    return True
