"""`sandbox`: the simulated AWS on this computer; and how long the shell's verbs keep it running."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from kubeplat_tui.commands import prompts
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import group, verb
from kubeplat_tui.services.cloud import SandboxStatus
from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.events import Outcome, Question, Verb
from kubeplat_tui.services.whereabouts import process_words
from kubeplat_tui.widgets import cells

STOP = "kubeplat sandbox stop"
MIB = 1 << 20
GONE = {Outcome.DONE, Outcome.UNCHANGED}
"""How a cleanup ends that left nothing."""


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verbs = typer.Typer(help="The simulated AWS on this computer.")
    group(verbs, status)
    verb(verbs, "start")(start)
    verb(verbs, "status")(status)
    verb(verbs, "stop")(stop)
    app.add_typer(verbs, name="sandbox")


def start(
    session: Session,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Where it listens, on 127.0.0.1; a free port if left out."),
    ] = None,
) -> None:
    """Start the sandbox and keep it until it is stopped."""
    from kubeplat_tui.sandbox.door import LocalSandbox

    lease = LocalSandbox(session.intents.workplace.state, port).open()
    try:
        lease.keep()
    finally:
        lease.close()
    status(session)


def status(session: Session) -> None:
    """Show whether the sandbox runs, and where."""
    found = session.intents.sandbox_status()
    if session.options.json:
        return session.print_json({"running": found is not None, "sandbox": found and _document(found)})
    if found is None:
        session.out.print("The sandbox does not run.")
        return None
    now = datetime.now(UTC)
    kept = f"until {STOP}" if found.kept else "as long as somebody uses it"
    for name, value in (
        ("endpoint", found.endpoint),
        ("port", str(found.port)),
        ("pid", process_words(found.pid, found.container)),
        ("started", cells.moment_and_age(found.started, now)),
        ("memory", f"{found.memory / MIB:.0f} MiB"),
        ("in use by", str(found.leases)),
        ("runs", kept),
        ("log", str(found.log)),
    ):
        session.out.print(f"{name:10}{value}", soft_wrap=True)
    return None


def stop(session: Session) -> ExitCode | None:
    """Stop the sandbox.

    Everything built in it is gone. Asks while somebody uses it.
    """
    from kubeplat_tui.sandbox import status as running

    found = session.intents.sandbox_status()
    if found is not None and found.leases and not prompts.confirmed(session, _stop_question(found)):
        session.note("Not confirmed; the sandbox still runs.")
        return ExitCode.FAILED
    stopped = running.stop(session.intents.workplace.state)
    if session.options.json:
        session.print_json({"stopped": stopped})
    else:
        session.out.print("The sandbox is stopped." if stopped else "The sandbox did not run.")
    return None


def say_if_kept(session: Session) -> None:
    """Say that the sandbox keeps running, and how it is stopped."""
    found = session.intents.sandbox_status()
    if found is not None and found.kept:
        session.note(
            f"sandbox: it keeps running with what was built (port {found.port}); stop it with: {STOP}"
        )


def let_go(session: Session, cleaned: str) -> None:
    """Stop the sandbox after `cleaned` was taken down, unless it is used or another one lives there."""
    from kubeplat_tui.sandbox import status as running

    session.close()
    found = session.intents.sandbox_status()
    if found is None or not found.kept:
        return
    others = [name for name in _built_since(session, found.started) if name != cleaned]
    if found.leases or others:
        users = f"{', '.join(others)} was built in it" if others else "somebody else uses it"
        session.note(f"sandbox: it keeps running, because {users}; stop it with: {STOP}")
        return
    running.stop(session.intents.workplace.state)
    session.note("sandbox: nothing is left in it, so it was stopped")


def _built_since(session: Session, started: datetime) -> list[str]:
    """The environments that something was built of in the sandbox since it started, and not taken down."""
    built = []
    for listing in session.intents.environments():
        environment = listing.found.environment
        if environment is None or not environment.sandbox:
            continue
        changes = (run for run in session.intents.history(environment.name) if run.verb is not Verb.PLAN)
        last = next(changes, None)
        gone = last is not None and last.verb is Verb.CLEANUP and last.outcome in GONE
        if last is not None and last.started >= started and not gone:
            built.append(environment.name)
    return built


def _stop_question(found: SandboxStatus) -> Question:
    users = "1 program uses" if found.leases == 1 else f"{found.leases} programs use"
    return Question(
        topic="stop-sandbox",
        title="Stop the sandbox?",
        detail=f"{users} it now, and everything built in it is gone with it.",
    )


def _document(found: SandboxStatus) -> dict[str, object]:
    return {
        "endpoint": found.endpoint,
        "port": found.port,
        "pid": found.pid,
        "container": found.container,
        "started": found.started,
        "memory_bytes": found.memory,
        "leases": found.leases,
        "kept": found.kept,
        "log": found.log,
    }
