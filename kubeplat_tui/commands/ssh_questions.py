"""Who answers at a shell what connecting asks: the options given, and the person at the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui.commands import prompts
from kubeplat_tui.commands.status_line import StatusLine
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.events import Question
from kubeplat_tui.services.ssh.model import ConsoleAnswer, HostKeyRefusedError, Passphrase, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeplat_tui.commands.session import Session
    from kubeplat_tui.services.ssh.model import HostKeyQuestion, PassphraseQuestion

FINGERPRINT = "SHA256:"
FIRST = 6
"""Characters of a fingerprint that are typed where the console does not confirm it; as on the screen."""

FINGERPRINT_LENGTH = 50
"""`SHA256:` and the 43 characters of 32 bytes in base64 without padding."""

HostKeyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--host-key",
        metavar="SHA256:...",
        help="Accept a machine that is new only with this host key; once for each new machine on the way.",
    ),
]


class AtShell:
    """Implements `services.ssh.model.Questions`.

    Nothing is accepted silently: a key that was never seen is taken where `--host-key` names it, where `--yes` was
    given and the machine's own console output shows it, or where the person says so.
    """

    def __init__(self, session: Session, host_keys: Sequence[str] = ()) -> None:
        """`host_keys` are the fingerprints of `--host-key`. Raises `InputError` where one cannot be one."""
        for given in host_keys:
            if not given.startswith(FINGERPRINT) or len(given) != FINGERPRINT_LENGTH:
                raise InputError(
                    f"--host-key {given} is no fingerprint of a host key.",
                    todo="It is SHA256: and 43 characters, as `ssh-keygen -l` shows it.",
                )
        self._session = session
        self._named = frozenset(host_keys)
        self._line = StatusLine(session.err)
        self._keep: bool | None = None

    def say(self, what: str) -> None:
        """Show on one line of a terminal what connecting does; the next one takes its place."""
        self._line.say(what)

    def clear(self) -> None:
        """Take that line away."""
        self._line.clear()

    def trust(self, question: HostKeyQuestion) -> bool:
        """Whether the key is the machine's. Raises `HostKeyRefusedError` where nobody can be asked."""
        self.clear()
        machine, shown = question.instance, question.key.fingerprint
        if self._named:
            if shown in self._named:
                return True
            raise HostKeyRefusedError(
                f"The host key of {machine.name} ({machine.id}) is {shown}, which --host-key does not name.",
                todo="Nothing was sent to it. Every machine on the way whose key is new needs a --host-key.",
            )
        if self._session.options.yes and question.console is ConsoleAnswer.MATCHES:
            self._session.note(
                f"The host key of {machine.name} ({machine.id}), {shown}, is accepted: its console output shows it."
            )
            return True
        if self._session.can_ask:
            asked = _asked(question)
            return prompts.ask(self._session, asked) == asked.expected
        raise HostKeyRefusedError(
            f"The host key of {machine.name} ({machine.id}) is not known here: {shown}.",
            why=f"{_console(question)} There is no terminal to ask at.",
            todo="Connect once at a terminal, or name the key with --host-key. --yes takes it where the "
            "console output shows it.",
        )

    def passphrase(self, question: PassphraseQuestion) -> Passphrase | None:
        """What was typed, unseen; None where nothing was, or where nobody can be asked."""
        self.clear()
        session = self._session
        if question.wrong:
            session.note("That passphrase does not open the key.")
        if not session.can_ask:
            session.note(
                f"The ssh key of {question.environment} has a passphrase, and there is no terminal to ask at."
            )
            return None
        typed = _hidden(f"Passphrase of the ssh key of {question.environment}: ")
        if not typed:
            return None
        return Passphrase(typed, remember=question.can_remember and self._remember())

    def _remember(self) -> bool:
        # Asked once: after a wrong passphrase the answer would be the same.
        if self._keep is None:
            question = Question(topic="remember", title="Keep it in this computer's keyring?", detail="")
            self._keep = prompts.ask(self._session, question) == "yes"
        return self._keep


def _hidden(prompt: str) -> str:
    import getpass

    try:
        return getpass.getpass(prompt)
    except EOFError:
        return ""


def _asked(question: HostKeyQuestion) -> Question:
    machine = question.instance
    address = machine.public_ip or machine.private_ip
    title = f"Is this the host key of {machine.name} ({machine.id}, {address})?"
    shown = question.key.fingerprint
    lines = [f"{question.key.kind}  {shown}", _console(question)]
    before = question.before
    if question.verdict is Verdict.REPLACED and before is not None:
        lines.insert(
            0,
            f"Another machine has the address of {before.name} ({before.instance_id}), which is gone: "
            "its auto-scaling group has replaced it.",
        )
    else:
        lines.insert(0, "This machine was never connected to from here.")
    # Where nothing but the person vouches for it, a word that fingers type by themselves is not enough.
    confirmed = question.console is ConsoleAnswer.MATCHES
    expected = "yes" if confirmed else shown.removeprefix(FINGERPRINT)[:FIRST]
    return Question(topic="host-key", title=title, detail="\n".join(lines), expected=expected)


def _console(question: HostKeyQuestion) -> str:
    why = f" ({question.console_why})" if question.console_why else ""
    match question.console:
        case ConsoleAnswer.MATCHES:
            return "The machine's console output shows the same fingerprint."
        case ConsoleAnswer.NOT_YET:
            return f"The machine's console output shows no fingerprints yet{why}."
        case ConsoleAnswer.DIFFERS:
            return f"The machine's console output shows other keys{why}."
        case ConsoleAnswer.UNAVAILABLE:
            return f"The machine's console output could not be read{why}."
