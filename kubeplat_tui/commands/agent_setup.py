"""`agent-setup`: the environment's ssh key into the running ssh-agent, for a while."""

import os
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from kubeplat_tui.commands import text
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.signals import EndedBySignal, Signals
from kubeplat_tui.commands.ssh_questions import AtShell
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services import ssh_passphrase
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.pki.once import SSH_KEY

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
FORM = re.compile(r"([0-9]{1,9})\s*([a-z]*)")
LONGEST = 2**32 - 1
"""Seconds that the protocol can carry (draft-ietf-sshm-ssh-agent, SSH_AGENT_CONSTRAIN_LIFETIME)."""


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "agent-setup")(agent_setup)


def agent_setup(
    session: Session,
    lifetime: Annotated[
        str, typer.Option("--lifetime", metavar="TIME", help="How long the agent keeps it: 90s, 30m, 8h, 2d.")
    ] = "8h",
) -> int | None:
    """Add the ssh key to the running ssh-agent.

    The agent forgets it after --lifetime. Plain ssh, and `kubeplat ssh -A`, then need no passphrase.
    """
    seconds = seconds_of(lifetime)
    with Signals():
        try:
            _add(session, seconds)
        except EndedBySignal as ended:
            return ended.exit_code
    return None


def seconds_of(lifetime: str) -> int:
    """`8h` in seconds; a number alone is seconds. Raises `InputError`."""
    found = FORM.fullmatch(lifetime.strip().lower())
    unit = UNITS.get(found[2] or "s") if found else None
    seconds = int(found[1]) * unit if found and unit else 0
    if not 0 < seconds <= LONGEST:
        raise InputError(
            f"--lifetime {lifetime} is no time.", todo="It is a number and s, m, h, d or w, such as 8h."
        )
    return seconds


def _add(session: Session, seconds: int) -> None:
    from kubeplat_tui.services.ssh import agent
    from kubeplat_tui.services.ssh.identity import Identity

    # Asked first: nobody wants to type a passphrase for an agent that is not there.
    agent.keys(os.environ)
    site = session.open()
    questions = AtShell(session)
    key = Identity(site).plain(questions, session.note)
    agent.add_key(os.environ, key, f"kubeplat {site.environment.name}", seconds)
    shown = ssh_passphrase.fingerprint(keys.ssh_public(SSH_KEY, key))
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    if session.options.json:
        session.print_json(
            {
                "environment": site.environment.name,
                "sandbox": site.environment.sandbox,
                "fingerprint": shown,
                "seconds": seconds,
                "until": until,
            }
        )
        return
    session.out.print(
        f"The ssh-agent has the key of {site.environment.name} for {text.duration(seconds)}: {shown}",
        soft_wrap=True,
    )
