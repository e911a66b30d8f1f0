"""`ssh-key`: the environment's ssh key on this computer, and a passphrase on it."""

from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import group, verb
from kubeplat_tui.services import ssh_passphrase
from kubeplat_tui.services.errors import InputError, NotFoundError
from kubeplat_tui.services.keyring_store import SSH_PASSPHRASE, KeyringStore
from kubeplat_tui.services.ssh_passphrase import KEY, PUBLIC_KEY

if TYPE_CHECKING:
    from kubeplat_tui.services.secrets.working_copy import WorkingCopy


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verbs = typer.Typer(help="The environment's ssh key on this computer.")
    group(verbs, show)
    verb(verbs, "show")(show)
    verb(verbs, "protect")(protect)
    verb(verbs, "unprotect")(unprotect)
    app.add_typer(verbs, name="ssh-key")


def show(session: Session) -> None:
    """Show where the ssh key is, its fingerprint and its public half. Asks no cloud."""
    environment, copy = _opened(session)
    private = _private(copy)
    public = _public(copy)
    protected = ssh_passphrase.is_protected(private)
    if session.options.json:
        return session.print_json(
            {
                "environment": environment,
                "path": copy.path(KEY),
                "fingerprint": ssh_passphrase.fingerprint(public),
                "public_key": public,
                "protected": protected,
            }
        )
    session.out.print(f"key          {copy.path(KEY)}", soft_wrap=True)
    session.out.print(f"fingerprint  {ssh_passphrase.fingerprint(public)}", soft_wrap=True)
    session.out.print(f"passphrase   {'yes' if protected else 'none'}")
    session.out.print(f"public key   {public}", soft_wrap=True)
    return None


def protect(
    session: Session,
    remember: Annotated[
        bool, typer.Option("--remember", help="Keep the passphrase in this computer's keyring.")
    ] = False,
) -> None:
    """Put a passphrase on the ssh key of this computer.

    It is asked for twice, unseen. The key in the bucket stays as it is: KMS guards it there.
    """
    environment, copy = _opened(session)
    private = _private(copy)
    keyring = KeyringStore(environment)
    if remember and not keyring.available():
        raise InputError(
            "There is no keyring to remember the passphrase in.",
            why=keyring.why,
            todo="Leave out --remember. Nothing was changed.",
        )
    if ssh_passphrase.is_protected(private):
        raise InputError(
            "The ssh key has a passphrase already.", todo="Take it off first: kubeplat ssh-key unprotect."
        )
    passphrase = _hidden(session, "New passphrase: ")
    if _hidden(session, "The same again: ") != passphrase:
        raise InputError("The two passphrases are not the same.", todo="Try again. Nothing was changed.")
    protected = ssh_passphrase.protect(private, passphrase)
    if remember:
        # First: a key that is locked by what nobody remembers would be lost on this computer.
        keyring.set(SSH_PASSPHRASE, passphrase)
    copy.protect(KEY, protected)
    _done(session, environment, protected=True, remembered=remember)


def unprotect(session: Session) -> None:
    """Take the passphrase off the ssh key of this computer.

    The keyring is asked for it, and else you are.
    """
    environment, copy = _opened(session)
    private = _private(copy)
    if not ssh_passphrase.is_protected(private):
        raise InputError("The ssh key has no passphrase.", todo="Nothing was changed.")
    keyring = KeyringStore(environment)
    remembered = keyring.get(SSH_PASSPHRASE) if keyring.available() else None
    plain = _opened_by(private, remembered) if remembered else None
    if plain is None:
        plain = ssh_passphrase.unprotect(private, _hidden(session, "Passphrase: "))
    copy.unprotect(KEY, plain)
    if remembered:
        keyring.delete(SSH_PASSPHRASE)
    _done(session, environment, protected=False, remembered=False)


def _opened_by(private: bytes, passphrase: str) -> bytes | None:
    """The key without its passphrase; None where the keyring's is not the right one any more."""
    try:
        return ssh_passphrase.unprotect(private, passphrase)
    except InputError:
        return None


def _done(session: Session, environment: str, *, protected: bool, remembered: bool) -> None:
    if session.options.json:
        session.print_json({"environment": environment, "protected": protected, "remembered": remembered})
    elif protected:
        where = " The keyring remembers it." if remembered else " Nobody but you knows it."
        session.out.print(f"The ssh key of {environment} has a passphrase now.{where}")
    else:
        session.out.print(f"The ssh key of {environment} has no passphrase any more.")


def _opened(session: Session) -> tuple[str, "WorkingCopy"]:
    from kubeplat_tui.services.secrets.working_copy import WorkingCopy

    name = session.environment().name
    return name, WorkingCopy(session.intents.workplace.folders(name).root)


def _private(copy: "WorkingCopy") -> bytes:
    try:
        return copy.read(KEY)
    except NotFoundError as error:
        raise NotFoundError(
            f"The ssh key is not on this computer: there is no {copy.path(KEY)}.",
            todo="Fetch it (kubeplat fetch-secrets); the first run makes it.",
        ) from error


def _public(copy: "WorkingCopy") -> str:
    return copy.read(PUBLIC_KEY).decode(errors="replace").strip()


def _hidden(session: Session, prompt: str) -> str:
    """A passphrase typed without being shown. Raises `InputError` where nobody can be asked, or nothing was typed."""
    import getpass

    if not session.can_ask:
        raise InputError(
            "A passphrase is asked for, and there is no terminal to ask at.", todo="Nothing was changed."
        )
    try:
        typed = getpass.getpass(prompt)
    except (EOFError, KeyboardInterrupt):
        typed = ""
    if not typed:
        raise InputError("No passphrase was typed.", todo="Nothing was changed.")
    return typed
