"""`ssh-config`: an OpenSSH configuration for the environment, so that plain ssh, rsync and git work."""

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui.commands import machines
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.signals import EndedBySignal, Signals
from kubeplat_tui.commands.ssh_questions import AtShell, HostKeyOption
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.inventory import RUNNING
from kubeplat_tui.services.ssh.model import SshError
from kubeplat_tui.services.workplace import private_folder, write_private

if TYPE_CHECKING:
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site

FILE = "config"


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "ssh-config")(ssh_config)


def ssh_config(
    session: Session,
    write: Annotated[
        bool, typer.Option("--write", help="Keep it in the environment's folder; print how ssh uses it.")
    ] = False,
    scan: Annotated[
        bool, typer.Option("--scan", help="First connect to every machine that is new, and ask for its key.")
    ] = False,
    host_key: HostKeyOption = None,
) -> int | None:
    """Print a configuration for OpenSSH.

    With it plain ssh, scp, rsync and git reach every machine through the bastion, with the host keys that were
    accepted here. OpenSSH refuses machines whose key is not known: --scan connects to those first. Machines that
    are replaced have other ids and addresses: make it again then.
    """
    with Signals():
        try:
            return _config(session, write=write, scan=scan, host_keys=host_key or [])
        except EndedBySignal as ended:
            return ended.exit_code


def _config(session: Session, *, write: bool, scan: bool, host_keys: list[str]) -> int:
    from kubeplat_tui.services.ssh.config_text import openssh_config

    site = session.open()
    running = [one for one in machines.existing(session, site) if one.state == RUNNING]
    failed = _scan(session, site, _new(site, running), host_keys) if scan else []
    text = openssh_config(site, running)
    path = private_folder(site.folders.ssh) / FILE if write else None
    if path is not None:
        write_private(path, text.encode())
    new = _new(site, running)
    if session.options.json:
        session.print_json(
            {
                "environment": site.environment.name,
                "sandbox": site.environment.sandbox,
                "config": text,
                "path": path,
                "unknown": [machine.id for machine in new],
            }
        )
    elif path is not None:
        given = shlex.quote(str(path))
        session.out.print(f"ssh -F {given} {site.environment.name}-bastion", soft_wrap=True)
        if given != str(path):
            # ProxyJump hands it on to a shell as it is (ssh.c of OpenSSH 9.2).
            session.note(f'Its path has to be quoted, so write into ~/.ssh/config: Include "{path}"')
    else:
        print(text, end="")
    if new and not scan:
        session.note(f"OpenSSH refuses {_listed(new)}: no host key is known. --scan asks for them.")
    if site.environment.sandbox:
        session.note(
            "The sandbox's ports change when it starts again: make this again then. It runs on with "
            "`kubeplat sandbox start`."
        )
    return ExitCode.LEFT_OVER if failed else ExitCode.DONE


def _scan(session: Session, site: "Site", new: list["Instance"], host_keys: list[str]) -> list["Instance"]:
    """Connect to each machine that is new, so that its key is asked for; those where it failed."""
    questions = AtShell(session, host_keys)
    connections = session.intents.ssh(site)
    failed = []
    for machine in new:
        try:
            connections.connect(machine, questions, say=questions.say).close()
        except SshError as error:
            questions.clear()
            session.note(f"{machine.name} ({machine.id}): {error}")
            failed.append(machine)
    questions.clear()
    return failed


def _new(site: "Site", running: list["Instance"]) -> list["Instance"]:
    known = machines.known_hosts(site)
    return [machine for machine in running if machine.id not in known]


def _listed(found: list["Instance"]) -> str:
    return ", ".join(f"{machine.name} ({machine.id})" for machine in found)
