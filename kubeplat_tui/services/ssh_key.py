"""The environment's ssh key pair: made once, for a new environment only; everywhere else it is fetched.

Terraform gets the public half, always derived from the private one and always with the same words, so that a plan is
the same on every computer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import FileAction, FileChanged, Outcome, Step
from kubeplat_tui.services.pipeline import StepResult, StoppedError
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.pki.once import SSH_KEY, SSH_PUBLIC
from kubeplat_tui.services.secrets.steps import conflict
from kubeplat_tui.services.terraform.assemble import KEY_PAIR, SECRETS_BUCKET

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.pipeline import Work
    from kubeplat_tui.services.secrets.store import SecretStore
    from kubeplat_tui.services.secrets.working_copy import WorkingCopy
    from kubeplat_tui.services.terraform.remote_state import State
    from kubeplat_tui.services.workplace import EnvironmentFolders

STEP = Step("ssh-key", "The ssh key pair")


def private_key_path(folders: EnvironmentFolders) -> Path:
    """Where the private key is (or would be): OpenSSH's own format, readable by its owner only."""
    return folders.secrets / SSH_KEY


def public_key(copy: WorkingCopy, environment: str) -> str:
    """The public half of the pair that is here, in OpenSSH's one-line form; "" where there is none.

    Raises `KubeplatError` where the private key is there but cannot be read, or only its public half is there.
    """
    if copy.file(SSH_KEY) is not None:
        return _line(copy.read(SSH_KEY), environment)
    if copy.file(SSH_PUBLIC) is not None:
        raise KubeplatError(
            f"{copy.path(SSH_KEY)} is missing, although its public half is there.",
            todo=f"Put the private key back; or remove {SSH_PUBLIC}, here and in the bucket, to have a new pair made.",
        )
    return ""


def known(copy: WorkingCopy, state: State | None, environment: str) -> str:
    """The public half for a plan that is only looked at, or a cleanup: nothing is asked, made or moved.

    It is this computer's, else the one that the foundation was built with; for an environment without either it is
    that of a key that is thrown away at once: a run makes another one.
    """
    return public_key(copy, environment) or built_with(state) or _line(keys.generate_ssh(), environment)


def ensure(
    work: Work, store: SecretStore, state: State | None
) -> Generator[Event, None, tuple[StepResult, str]]:
    """The step: the pair is here, or fetched, or made where the environment is certainly new; its public half.

    `state` is the foundation's. Raises `KubeplatError` where the bucket cannot be read, and where the foundation was
    built with a pair whose private half is neither here nor in the bucket.
    """
    copy = store.copy
    bucket = state.find(SECRETS_BUCKET.type, SECRETS_BUCKET.name) if state is not None else None
    if bucket is not None and not _is_theirs(copy, state, work.name) and store.bucket.exists():
        fetched = yield from store.fetch((SSH_KEY, SSH_PUBLIC), stop=work.stop)
        if fetched.stopped:
            raise StoppedError("The run was stopped while the ssh key was fetched: nothing was changed.")
        if fetched.conflicts:
            raise conflict(work.name, fetched.conflicts)
        if fetched.moved:
            return StepResult(Outcome.DONE, "fetched from the bucket"), public_key(copy, work.name)
    here = public_key(copy, work.name)
    if here:
        return StepResult(Outcome.UNCHANGED, "it is there"), here
    if built_with(state):
        raise _elsewhere(work.name, copy.path(SSH_KEY))
    return (yield from _made(copy, work.name))


def _is_theirs(copy: WorkingCopy, state: State | None, environment: str) -> bool:
    """Whether the private key is here, and the foundation was not built with another one."""
    if copy.file(SSH_KEY) is None:
        return False
    built = built_with(state).split()[:2]
    return not built or built == public_key(copy, environment).split()[:2]


def _made(copy: WorkingCopy, environment: str) -> Generator[Event, None, tuple[StepResult, str]]:
    with copy.lock("making the ssh key"):
        private = keys.generate_ssh()
        line = _line(private, environment)
        writes = {SSH_KEY: private, SSH_PUBLIC: f"{line}\n".encode()}
        copy.commit(writes)
    for key in writes:
        yield FileChanged(key=key, action=FileAction.MADE, path=copy.path(key))
    return StepResult(Outcome.DONE, "made"), line


def _line(private: bytes, environment: str) -> str:
    return f"{keys.ssh_public(SSH_KEY, private)} {environment}"


def built_with(state: State | None) -> str:
    """The public half that the foundation's state has, "" where it has none."""
    pair = state.find(KEY_PAIR.type, KEY_PAIR.name) if state is not None else None
    found = pair.attributes.get("public_key") if pair is not None else None
    return found if isinstance(found, str) else ""


def _elsewhere(environment: str, place: Path) -> KubeplatError:
    return KubeplatError(
        f"{environment} was built with an ssh key pair that is neither on this computer nor in the bucket.",
        why="A new pair would shut out whoever has the old one; nothing was changed.",
        todo="Run on the computer where it was made: that uploads it. Where it is lost, put a new one here "
        f"(ssh-keygen -t ed25519 -N '' -f {place}): the plan then shows the change.",
    )
