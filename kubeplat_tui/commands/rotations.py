"""`certs rotate-ca`, `certs rotate-encryption`: one step a call, each with what has to happen before the next."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui.commands import following, prompts
from kubeplat_tui.commands.following import UploadOption
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import ConfirmOption
from kubeplat_tui.services.errors import ExitCode, InputError
from kubeplat_tui.services.events import Question
from kubeplat_tui.widgets import cells

if TYPE_CHECKING:
    from kubeplat_tui.services.pki.rotation import Rotation, Subject
    from kubeplat_tui.services.secrets.store import SecretStore
    from kubeplat_tui.services.site import Site


@dataclass(frozen=True, slots=True)
class _Step:
    """One of three steps, before it is taken. `take` does it in the working copy: `writes`, and `deletes`."""

    subject: str
    name: str
    number: int
    does: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    writes: tuple[str, ...]
    deletes: tuple[str, ...]
    command: str
    take: Callable[[], object]

    @property
    def keys(self) -> tuple[str, ...]:
        """Every file that it changes."""
        return (*self.writes, *self.deletes)

    @property
    def last(self) -> bool:
        """Whether it takes something away that cannot be used any more afterwards."""
        return self.number == 3


def rotate_ca(
    session: Session,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="kubernetes-ca, kubelet-signer-ca, etcd-ca, front-proxy-ca, or service-account.",
        ),
    ],
    upload: UploadOption = True,
    confirm: ConfirmOption = None,
) -> ExitCode | None:
    """Replace an authority, one step a call.

    Its successor is trusted beside it; then signs everything anew; then is trusted alone. Each call takes one step and
    says what has to happen on the machines before the next. What a call that was cut short left, the next one finishes.
    """
    from kubeplat_tui.services.pki import rotation, rotation_notes

    chosen = _subject(subject)

    def next_step(store: "SecretStore") -> _Step:
        planned = rotation.step(store.names, store.copy.snapshot(), chosen, datetime.now(UTC))
        return _Step(
            subject=chosen.value,
            name=planned.phase.value,
            number=list(rotation.Phase).index(planned.phase) + 1,
            does=rotation_notes.does(chosen, planned.phase),
            before=rotation_notes.before(chosen, planned.phase),
            after=rotation_notes.after(chosen, planned.phase),
            writes=tuple(planned.making.writes),
            deletes=planned.deletes,
            command=f"kubeplat certs rotate-ca {chosen}",
            take=lambda: following.followed(session, store.rotate(chosen), quiet=upload),
        )

    return _rotate(session, next_step, upload=upload, confirm=confirm)


def rotate_encryption(
    session: Session, upload: UploadOption = True, confirm: ConfirmOption = None
) -> ExitCode | None:
    """Replace the key that encrypts Secrets in etcd, one step a call.

    A new key is added; then it encrypts; then the old one is taken away. Each call takes one step and says what has to
    happen before the next. What a call that was cut short left, the next one finishes.
    """

    from kubeplat_tui.services.pki import encryption

    def next_step(store: "SecretStore") -> _Step:
        before = store.copy.file(encryption.KEY)
        data, step = encryption.step(store.copy.read(encryption.KEY))
        return _Step(
            subject="the encryption key",
            name=step.value,
            number=list(encryption.EncryptionStep).index(step) + 1,
            does=encryption.DOES[step],
            before=encryption.before(step),
            after=encryption.WAIT[step],
            writes=(encryption.KEY,),
            deletes=(),
            command="kubeplat certs rotate-encryption",
            take=lambda: store.save(encryption.KEY, data, before.sha256 if before else ""),
        )

    return _rotate(session, next_step, upload=upload, confirm=confirm)


def under_way(rotation: "Rotation") -> str:
    """A rotation that waits for its next step, as a sentence."""
    return (
        f"{rotation.authority} is being rotated: {rotation.phase} was done on {cells.moment(rotation.taken)}. "
        f"Go on with: kubeplat certs rotate-ca {rotation.authority}"
    )


def _rotate(
    session: Session, next_step: Callable[["SecretStore"], _Step], *, upload: bool, confirm: str | None
) -> ExitCode | None:
    environment = session.environment()
    decisions = prompts.decisions(session, environment, confirm)
    site = session.open()
    store = session.intents.secrets(site)
    pending = following.brought_in_step(session, store)
    if pending:
        return _finish(session, site, store, pending, decisions.answer, upload=upload)
    step = next_step(store)
    question = _question(site, step, upload=upload)
    decisions = prompts.decisions(session, environment, confirm, destroys=step.last)
    if decisions.answer(question) != question.expected:
        session.note("Not confirmed; nothing was changed.")
        return ExitCode.FAILED
    step.take()
    if upload:
        following.uploaded(session, store, step.keys)
    if session.options.json:
        session.print_json(
            following.document(site)
            | {
                "subject": step.subject,
                "step": step.name,
                "number": step.number,
                "files": step.keys,
                "uploaded": upload,
                "before_the_next": step.after,
            }
        )
        return None
    session.out.print(f"Step {step.number} of 3 for {step.subject} is done: {step.name}.")
    if not upload:
        session.out.print(f"It is on this computer only. Upload it with: {step.command}", soft_wrap=True)
    if step.after:
        session.out.print("Before the next step:")
        for each in step.after:
            session.out.print(f"- {each}", soft_wrap=True)
        session.out.print(f"Then: {step.command}")
    else:
        session.out.print("The rotation is done.")
    return None


def _finish(
    session: Session,
    site: "Site",
    store: "SecretStore",
    pending: list[str],
    answer: Callable[[Question], str],
    *,
    upload: bool,
) -> ExitCode | None:
    """Upload what an earlier call left here: the machines have to get one step before the next is taken."""
    if not upload:
        raise InputError(
            f"{following.counted(pending)} here, {pending[0]} among them, did not get into the bucket yet.",
            why="The machines have to follow one step before the next is taken.",
            todo="Leave out --no-upload to upload them. Nothing was changed.",
        )
    question = Question(
        topic="finish-upload",
        title=f"Upload {following.counted(pending)} of {site.environment.name} first, as an earlier call left them?",
        detail=following.listed(pending, upload=True),
    )
    if answer(question) != question.expected:
        session.note("Not confirmed; nothing was changed.")
        return ExitCode.FAILED
    following.uploaded(session, store, pending)
    if session.options.json:
        session.print_json(following.document(site) | {"step": None, "files": pending, "uploaded": True})
    else:
        session.out.print(f"{following.counted(pending)} uploaded. Nothing else was changed.")
        session.out.print("Once the machines have followed, call this again for the next step.")
    return None


def _question(site: "Site", step: _Step, *, upload: bool) -> Question:
    needed = ["", "Before this step:", *(f"- {each}" for each in step.before)] if step.before else []
    return Question(
        topic=f"rotate-{step.name}",
        title=f"Take step {step.number} of 3 for {step.subject} of {site.environment.name}: {step.name}?",
        detail="\n".join(
            [step.does, *needed, "", following.listed(step.writes, upload=upload, deletes=step.deletes)]
        ),
        expected=site.environment.name if step.last else "yes",
        destructive=step.last,
    )


def _subject(name: str) -> "Subject":
    import difflib

    from kubeplat_tui.services.pki.rotation import Subject

    if name in list(Subject):
        return Subject(name)
    near = next(iter(difflib.get_close_matches(name, list(Subject), 1, 0.5)), None)
    raise InputError(
        f"{name} cannot be rotated.",
        todo=f"Did you mean {near}?" if near else f"There are: {', '.join(Subject)}.",
    )
