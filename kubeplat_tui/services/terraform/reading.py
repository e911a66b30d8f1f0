"""Terraform's own commands that only read, in a folder of their own: beside a run, they disturb nothing.

What would change the state or the cloud is refused with the verb that does it with a review. Source: Terraform 1.11,
"Terraform CLI Commands"; OpenTofu 1.9 has the same.
"""

from __future__ import annotations

import contextlib
import fcntl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.workplace import private_folder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from kubeplat_tui.services.events import Event, Root
    from kubeplat_tui.services.site import Site

READS: dict[str, frozenset[str]] = {
    "console": frozenset(),
    "fmt": frozenset(),
    "graph": frozenset(),
    "metadata": frozenset({"functions"}),
    "modules": frozenset(),
    "output": frozenset(),
    "providers": frozenset({"", "schema"}),
    "show": frozenset(),
    "state": frozenset({"list", "show", "pull"}),
    "validate": frozenset(),
    "version": frozenset(),
    "workspace": frozenset({"list", "show"}),
}
"""The commands that are passed on; of some only these subcommands ("": without one)."""

WITHOUT_ROOTS = frozenset({"fmt", "version"})
"""These work where the person is, and need no environment."""

INSTEAD = {
    "apply": "kubeplat run plans, shows the plan, asks, and applies just that plan.",
    "destroy": "kubeplat cleanup shows what goes, asks for the environment's name, and looks for what is left.",
    "plan": "kubeplat plan shows what a run would change.",
    "refresh": "kubeplat plan compares with what is there, and changes nothing.",
    "init": "It is done here by itself.",
    "get": "It is done here by itself.",
    "import": "kubeplat run takes into the state what an interrupted run has made.",
    "force-unlock": "kubeplat unlock shows who holds the lock, and asks.",
    "taint": "kubeplat terminate replaces a machine; its auto-scaling group starts another one.",
    "untaint": "kubeplat run keeps what is protected by itself.",
    "test": "It would build real things beside the environment.",
    "login": "Nothing here needs a registry's account.",
    "logout": "Nothing here needs a registry's account.",
    "state": "What it does not know or no longer has, kubeplat run and kubeplat cleanup find by themselves.",
    "workspace": "An environment is its own file, not a workspace.",
    "providers": "The providers' versions are pinned in the checkout.",
}
"""What to use in the place of what changes something."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A program to run: its command line, its folder (None: where the person is), its environment."""

    arguments: tuple[str, ...]
    folder: Path | None
    environ: Mapping[str, str] = field(repr=False)


def allowed(words: Sequence[str]) -> str:
    """The command in `words`. Raises `InputError` where it changes something, or Terraform has none of that name."""
    given = [word for word in words if not word.startswith("-")]
    if not given:
        raise InputError(
            "No command of Terraform's was named.", todo=f"Those that read are: {', '.join(READS)}."
        )
    command, sub = given[0], given[1] if len(given) > 1 else ""
    if command in READS and (not READS[command] or sub in READS[command]):
        if words[0] != command:
            raise InputError(
                f"terraform {words[0]} before {command} is not passed on.",
                why="The folder and its files are the environment's.",
                todo=f"Begin with the command: {command}.",
            )
        return command
    name = f"{command} {sub}" if READS.get(command) else command
    if command in READS or command in INSTEAD:
        raise InputError(
            f"terraform {name.strip()} is not passed on: nothing changes without a review.",
            todo=INSTEAD.get(command, ""),
        )
    raise InputError(
        f"Terraform has no command {command} that reads.", todo=f"There are: {', '.join(READS)}."
    )


def elsewhere(words: Sequence[str], cache: Path, environ: Mapping[str, str]) -> Invocation:
    """`fmt` or `version`, where the person is."""
    from kubeplat_tui.services.terraform import binary
    from kubeplat_tui.services.terraform.client import child_environ

    program = binary.find_or_fetch(cache, environ)
    return Invocation((str(program.path), *words), None, child_environ(environ))


def prepared(site: Site, root: Root, words: Sequence[str]) -> Generator[Event, None, Invocation]:
    """The reading command `words` in `root`, with its state and credentials; what preparing says are events.

    Where nothing is built yet the state is an empty one. Raises `KubeplatError` where AWS refuses or the root cannot
    be initialised.
    """
    from kubeplat_tui.services import runs, ssh_key, state_backend
    from kubeplat_tui.services.credentials.caller_identity import wrong_account
    from kubeplat_tui.services.events import Root, Stop, Verb
    from kubeplat_tui.services.pipeline import Work
    from kubeplat_tui.services.secrets.store import SecretStore
    from kubeplat_tui.services.terraform.client import find_toolbox
    from kubeplat_tui.services.terraform.roots import Roots
    from kubeplat_tui.services.terraform.working_root import WorkingRoot

    identity = site.cloud.identity()
    if wrong := wrong_account(site.environment, identity):
        raise KubeplatError(wrong)
    folder = site.folders.reading
    work = Work(Verb.PLAN, site, _Nobody(), Stop(), folder, runs.Estimates.load(site.folders))
    found = state_backend.find(work, identity)
    store = found.store if found.key is not None else None
    foundation = store.read(Root.FOUNDATION) if store is not None else None
    key = ssh_key.known(SecretStore(site).copy, foundation, site.environment.name)
    toolbox = find_toolbox(site, site.environ)
    roots = Roots(work, toolbox, found.key, store, public_key=key, foundation_is_there=foundation is not None)
    assembly = roots.assembly()
    with _alone(folder):
        assembly.write(folder)
        working = WorkingRoot(root, work, toolbox, store, folder=folder / root)
        yield from working.init(assembly.configuration_digest(root))
    return Invocation(
        (str(toolbox.binary.path), *words), folder / root, dict(toolbox.environ) | dict(toolbox.login())
    )


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder while its files are written and it is initialised: another reader waits so long."""
    with (private_folder(folder).parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _Nobody:
    """Nothing is asked here."""

    def answer(self, _: object) -> str:
        """No."""
        return ""
