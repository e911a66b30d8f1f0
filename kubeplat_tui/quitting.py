"""Quitting asks first about what would be lost: a build at work, unsaved variables, SSH sessions, the sandbox."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from kubeplat_tui.delivered import Delivered
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.settings import Confirmation

if TYPE_CHECKING:
    from kubeplat_tui.app import KubeplatApp
    from kubeplat_tui.intents import Intents


def quit_when_told(app: KubeplatApp) -> None:
    """Quit in good order when the system says so: SIGTERM (a stopped container, a computer that shuts down), SIGHUP
    (the terminal's window was closed).

    Otherwise the terminal would keep the last screen, and with it whatever was revealed. A build is asked to stop
    cleanly by its own screen, and the process ends when Terraform has. Sessions and port forwards end with it.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, app.exit, 128 + number)


def quit_asking(app: KubeplatApp) -> None:
    """Quit the application, after whatever must be asked."""
    from kubeplat_tui.screens.environments.wizard import NewEnvironmentScreen

    busy = next((opened for opened in app.opened.values() if opened.build), None)
    if busy is not None:
        app.call_later(_at_the_build, app, busy.name)
        return
    lost = [
        "The new environment is not made yet."
        for screen in app.screen_stack
        if isinstance(screen, NewEnvironmentScreen) and screen.unsaved
    ]
    unsaved = [
        opened.name for opened in app.opened.values() for screen in opened.screens.values() if screen.unsaved
    ]
    if unsaved:
        lost.append(f"The variables of {', '.join(unsaved)} have changes that are not saved.")
    if lost:
        _ask_about_loss(app, " ".join(lost))
    else:
        _look_at_sandbox(app)


async def _at_the_build(app: KubeplatApp, name: str) -> None:
    await app.go(name, "build")
    app.opened[name].screens["build"].ask_to_quit()


def _ask_about_loss(app: KubeplatApp, what: str) -> None:
    from kubeplat_tui.screens.choice import Choice, ChoiceDialog

    def answered(choice: str | None) -> None:
        if choice == "discard":
            _look_at_sandbox(app)

    dialog = ChoiceDialog(
        what,
        "",
        [
            Choice("stay", "Stay", "go back to them"),
            Choice("discard", "Discard", "forget the changes and quit"),
        ],
        danger=True,
    )
    app.push_screen(dialog, answered)


def what_is_open(app: KubeplatApp) -> str:
    """The sessions and forwards that end with the application: `2 SSH sessions (play-jest) and a port forward`."""
    sessions = sum(opened.sessions for opened in app.opened.values())
    forwards = sum(opened.forwards for opened in app.opened.values())
    names = ", ".join(opened.name for opened in app.opened.values() if opened.sessions or opened.forwards)
    parts = [
        f"{count} {noun}{'' if count == 1 else 's'}"
        for count, noun in ((sessions, "SSH session"), (forwards, "port forward"))
        if count
    ]
    return f"{' and '.join(parts)} ({names})" if parts else ""


def _ask_about_sessions(app: KubeplatApp) -> None:
    """Nothing else is to be asked: ask about what is open, or quit."""
    what = what_is_open(app)
    if not what or not app.settings.asks(Confirmation.QUIT_SESSIONS):
        app.exit(0)
        return
    from kubeplat_tui.screens.choice import Choice, ChoiceDialog

    dialog = ChoiceDialog(
        "Quitting closes what is open.",
        f"{what}. What runs in a shell there is hung up on.",
        [Choice("stay", "Stay", "go on working"), Choice("quit", "Quit", "close it all")],
    )
    app.push_screen(dialog, lambda choice: app.exit(0) if choice == "quit" else None)


def _look_at_sandbox(app: KubeplatApp) -> None:
    """Find out in a thread whether the sandbox would end with us, then ask or quit."""
    if not any(opened.site and opened.site.environment.sandbox for opened in app.opened.values()):
        _ask_about_sessions(app)
        return

    def work() -> None:
        try:
            built = built_in_our_sandbox(app.intents)
        except KubeplatError:
            built = []  # a sandbox that does not answer has nothing to keep
        app.post_message(Delivered(lambda: _ask_about_sandbox(app, built)))

    app.run_worker(work, thread=True, exclusive=True, group="quit", exit_on_error=False)


def built_in_our_sandbox(intents: Intents) -> list[str]:
    """The environments that were built in the running sandbox, where it ends with this window; else none."""
    status = intents.sandbox_status()
    if status is None or status.kept or status.leases > 1:
        return []
    names = []
    for listing in intents.environments():
        environment = listing.found.environment
        if environment is None or not environment.sandbox:
            continue
        changes = (run for run in intents.history(environment.name) if str(run.verb) != "plan")
        last = next(changes, None)
        cleaned = (
            last is not None and str(last.verb) == "cleanup" and str(last.outcome) in {"done", "unchanged"}
        )
        if last is not None and last.started >= status.started and not cleaned:
            names.append(environment.name)
    return names


def _ask_about_sandbox(app: KubeplatApp, built: list[str]) -> None:
    if not built:
        _ask_about_sessions(app)
        return
    from kubeplat_tui.screens.choice import Choice, ChoiceDialog

    closed = what_is_open(app)
    dialog = ChoiceDialog(
        "The sandbox and what was built in it end with the last window.",
        f"Built there: {', '.join(built)}." + (f"\nQuitting closes {closed} either way." if closed else ""),
        [
            Choice("keep", "Keep it running", "quit; kubeplat sandbox stop ends it later"),
            Choice("stop", "Stop it", "quit; what was built is gone"),
            Choice("stay", "Stay", "go on working"),
        ],
    )
    app.push_screen(dialog, lambda choice: _end(app, choice))


def _end(app: KubeplatApp, choice: str | None) -> None:
    if choice == "stop":
        app.exit(0)
    elif choice == "keep":

        def work() -> None:
            try:
                app.intents.keep_sandbox()
            except KubeplatError as error:
                sentence = str(error)
                app.post_message(Delivered(lambda: app.notify(sentence, severity="error", markup=False)))
            else:
                app.post_message(Delivered(lambda: app.exit(0)))

        app.run_worker(work, thread=True, exclusive=True, group="quit", exit_on_error=False)
