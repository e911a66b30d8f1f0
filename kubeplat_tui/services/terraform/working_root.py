"""One Terraform root in its working folder: init, plan, apply, as events."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubeplat_tui.services.aws_errors import without_keys
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import DiagnosticRaised, Level, LogLine, Phase, ResourceProgress
from kubeplat_tui.services.pipeline import PartlyDoneError, StoppedError
from kubeplat_tui.services.runs import age_words
from kubeplat_tui.services.terraform.assemble import ERRORED_STATE
from kubeplat_tui.services.terraform.client import FLAG
from kubeplat_tui.services.terraform.plan import Action
from kubeplat_tui.services.terraform.plan_reader import read_plan
from kubeplat_tui.services.terraform.process import Told
from kubeplat_tui.services.terraform.stream import parse, session_ended
from kubeplat_tui.services.workplace import PRIVATE_FILE, private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from kubeplat_tui.services.adopt import Import
    from kubeplat_tui.services.events import Diagnostic, Event, Root
    from kubeplat_tui.services.pipeline import Work
    from kubeplat_tui.services.terraform.client import Toolbox
    from kubeplat_tui.services.terraform.plan import Plan
    from kubeplat_tui.services.terraform.process import TerraformProcess
    from kubeplat_tui.services.terraform.remote_state import StateStore
    from kubeplat_tui.services.terraform.stream import ChangeSummary

LOCK_TIMEOUT = "5s"
STAMP = ".terraform/kubeplat.initialised"
LOCKED = "Error acquiring the state lock"
NOT_LOCKED = "Provider dependency changes detected"
"""What `init -lockfile=readonly` says of a provider that the lock file lacks, or has for nothing."""
NOTHING = {"format_version": "1.2"}
"""A plan without changes, as `show -json` would describe it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a Terraform command ended. `made` and `gone`: what it created and destroyed, with its identity."""

    code: int
    errors: tuple[Diagnostic, ...]
    made: tuple[str, ...]
    gone: tuple[str, ...]
    summary: ChangeSummary | None
    told: bool
    drifted: bool


class WorkingRoot:
    """A root, its folder, and the Terraform that works in it. Only one command runs at a time."""

    def __init__(
        self,
        root: Root,
        work: Work,
        toolbox: Toolbox,
        store: StateStore | None,
        *,
        folder: Path | None = None,
    ) -> None:
        """`folder` is where the root lies, where that is not the environment's usual place."""
        self.root = root
        self._work = work
        self._toolbox = toolbox
        self._store = store
        self.folder = folder or work.site.folders.work / root
        self._terraform = toolbox.in_folder(self.folder)
        self._stamp = self.folder / STAMP
        self._early: tuple[str, TerraformProcess] | None = None

    def begin_init(self, configuration: str) -> None:
        """Start initialising in the background, where that is needed: `init` with the same digest ends it."""
        if self._early is None and not self._is_initialised(configuration):
            self._early = configuration, self._terraform.init()

    def init(self, configuration: str) -> Generator[Event, None, None]:
        """Initialise the folder, unless it was with the same `configuration` (a digest) and Terraform."""
        early, self._early = self._early, None
        if early is not None and early[0] != configuration:
            with early[1]:  # what it prepares is outdated
                early = None
        if early is None and self._is_initialised(configuration):
            return
        self._stamp.unlink(missing_ok=True)
        process = early[1] if early is not None else self._terraform.init()
        ended = yield from self._stream(process, stray=Level.INFO)
        if ended.code != 0:
            raise self._failure("could not be initialised", ended)
        write_private(self._stamp, self._told(configuration))

    def close(self) -> None:
        """End what was started in the background."""
        early, self._early = self._early, None
        if early is not None:
            with early[1]:
                pass

    def push_errored_state(self) -> Generator[Event, None, None]:
        """Save the state that an earlier apply could not save (`errored.tfstate`), where there is one."""
        file = self.folder / ERRORED_STATE
        if not file.is_file():
            return
        yield LogLine(
            text=f"An earlier apply of the {self.root} could not save its state; it is saved now.",
            level=Level.WARNING,
        )
        answer = self._terraform.ask("state push", str(file), lock_timeout=LOCK_TIMEOUT)
        if answer.code != 0:
            raise KubeplatError(
                f"The state of the {self.root} that an earlier apply left in {file} could not be saved.",
                why=" ".join(answer.err.split()),
                todo="Compare it with the one in the state bucket; keep the newer one and remove the file.",
            )
        file.unlink()

    def plan(self, digest: str, *, destroy: bool = False) -> Generator[Event, None, Plan]:
        """Plan into a private file and read it. `digest` is what the plan is bound to."""
        file = private_folder(self._work.folder) / f"{self.root}{'-destroy' if destroy else ''}.tfplan"
        options = {"destroy": FLAG} if destroy else {}
        process = self._terraform.plan(out=str(file), lock_timeout=LOCK_TIMEOUT, **options)
        ended = yield from self._stream(process)
        if ended.code not in {0, 2}:
            raise self._failure("could not be planned", ended)
        file.chmod(PRIVATE_FILE)
        # Reading a plan starts the provider once more: not where there is nothing to read.
        body = NOTHING if ended.code == 0 and not ended.drifted else self._terraform.show(file)
        return read_plan(body, root=self.root, file=file, destroy=destroy, digest=digest)

    def untaint(self, addresses: Sequence[str]) -> Generator[Event, None, None]:
        """Tell the state that what was interrupted while it was made is to be kept (`terraform untaint`)."""
        for address in addresses:
            yield LogLine(text=f"{address} exists: it is kept, not made anew", source=self.root)
            answer = self._terraform.ask("untaint", address, lock_timeout=LOCK_TIMEOUT, no_color=FLAG)
            if answer.code != 0:
                raise KubeplatError(
                    f"{address} exists, but the state could not be told to keep it.",
                    why=" ".join(answer.err.split()),
                    todo="Run again; if it stays, look at the state with terraform state show.",
                )

    def take_over(self, imports: Sequence[Import]) -> Generator[Event, None, None]:
        """Note what exists in the state, one by one, without planning anything (`terraform import`)."""
        for one in imports:
            yield LogLine(
                text=f"{one.address} exists already ({one.id}): noted in the state", source=self.root
            )
            answer = self._terraform.ask(
                "import", one.address, one.id, input=False, lock_timeout=LOCK_TIMEOUT, no_color=FLAG
            )
            if answer.code != 0:
                raise KubeplatError(
                    f"{one.id} exists, but could not be noted in the state as {one.address}.",
                    why=" ".join(answer.err.split()),
                    todo="Remove it by hand if nothing needs it, then try again.",
                )

    def apply(self, plan: Plan) -> Generator[Event, None, Ended]:
        """Apply a saved plan, once: its file is gone afterwards."""
        try:
            ended = yield from self._stream(self._terraform.apply(plan.file, lock_timeout=LOCK_TIMEOUT))
        finally:
            plan.file.unlink(missing_ok=True)
        if ended.code != 0:
            raise self._half_way(plan, ended)
        return ended

    def _stream(self, process: TerraformProcess, stray: Level = Level.ERROR) -> Generator[Event, None, Ended]:
        """Everything that `process` says, as events, and how it ended. Stopping reaches it once."""
        errors: list[Diagnostic] = []
        made: list[str] = []
        gone: list[str] = []
        summary: ChangeSummary | None = None
        told = drifted = False
        work = self._work
        forget = work.stop.when_requested(lambda: process.interrupt("you asked"))
        work.site.cloud.when_lost(lambda: process.give_up("the sandbox ended"))
        try:
            with process:
                for line in process.lines():
                    if isinstance(line, Told):
                        told = True
                        yield from work.stopping()
                        yield LogLine(
                            text=f"Terraform was told to stop: {line.reason}. It ends what it has begun.",
                            source=self.root,
                        )
                        continue
                    if not line.text.strip():
                        continue
                    if line.error:
                        yield LogLine(
                            text=without_keys(line.text.rstrip()), level=Level.WARNING, source=self.root
                        )
                        continue
                    message = parse(line.text, self.root, stray)
                    event = message.event
                    summary = message.summary or summary
                    drifted |= message.kind == "resource_drift"
                    if isinstance(event, DiagnosticRaised) and event.diagnostic.severity is Level.ERROR:
                        errors.append(event.diagnostic)
                    if isinstance(event, ResourceProgress):
                        event = replace(event, estimate=work.estimates.resource(event.address, event.action))
                        if event.phase is Phase.DONE and event.action is Action.CREATE:
                            made.append(
                                f"{event.address} ({event.identity})" if event.identity else event.address
                            )
                        if event.phase is Phase.DONE and event.action is Action.DELETE:
                            gone.append(event.address)
                    yield event
                code = process.wait()
        finally:
            forget()
        return Ended(code, tuple(errors), tuple(made), tuple(gone), summary, told, drifted)

    def _is_initialised(self, configuration: str) -> bool:
        return self._stamp.is_file() and self._stamp.read_bytes() == self._told(configuration)

    def _told(self, configuration: str) -> bytes:
        """What an initialised folder depends on, as a digest."""
        binary = self._toolbox.binary
        told = f"{binary.path} {binary} {self._toolbox.providers} {configuration}"
        return hashlib.sha256(told.encode()).hexdigest().encode()

    def _failure(self, what: str, ended: Ended) -> Exception:
        if ended.told and self._work.stop.requested:
            return StoppedError(
                f"{self._work.verb} was stopped while the {self.root} was planned; nothing was changed."
            )
        if any(LOCKED in one.summary for one in ended.errors):
            return self._locked(ended)
        first = ended.errors[0] if ended.errors else None
        if first is not None and session_ended(ended.errors):
            return KubeplatError(
                f"The {self.root} {what}: the AWS session has ended.",
                why=diagnostic_sentence(first),
                todo=f"{self._renewing()} Nothing was changed.",
            )
        if any(NOT_LOCKED in one.summary for one in ended.errors):
            return KubeplatError(
                f"The {self.root} {what}: it needs other providers than the lock file has.",
                why="A module from elsewhere names one that your files do not, or none of them needs one any more.",
                todo="Bring .terraform.lock.hcl in config.d up to date: `terraform providers lock` there writes it.",
            )
        return KubeplatError(
            f"The {self.root} {what}.",
            why=diagnostic_sentence(first)
            if first
            else f"Terraform ended with status {ended.code} and no message.",
            todo="The log has all of what Terraform said. Nothing was changed.",
        )

    def _half_way(self, plan: Plan, ended: Ended) -> Exception:
        unsaved = ""
        if (self.folder / ERRORED_STATE).is_file():
            if self._work.site.cloud.lost:
                (self.folder / ERRORED_STATE).unlink()
            else:
                unsaved = f" Its state could not be saved and lies in {self.folder / ERRORED_STATE}."
        verb = "destroyed" if plan.destroy else "built"
        done = ended.gone if plan.destroy else ended.made
        left = () if plan.destroy else ended.made
        if ended.told and self._work.stop.requested:
            state = unsaved or " The state is saved and unlocked."
            return StoppedError(
                f"Terraform stopped cleanly: of the {self.root}, {len(done)} resources were {verb}.{state}",
                left,
            )
        if any(LOCKED in one.summary for one in ended.errors):
            return self._locked(ended)
        first = ended.errors[0] if ended.errors else None
        why = (
            diagnostic_sentence(first)
            if first
            else f"Terraform ended with status {ended.code} and no message."
        )
        more = len(ended.errors) - 1
        others = f" {more} more error{'s' if more > 1 else ''} in the log." if more > 0 else ""
        if session_ended(ended.errors):
            saved = " It saves the state first." if unsaved else ""
            return PartlyDoneError(
                f"The {self.root} was {verb} in part only, {len(done)} resources: the AWS session ended on the way.",
                why=f"{why}{others}{unsaved}",
                todo=f"{self._renewing()}{saved} Where it finds the state still locked by this run, "
                f"kubeplat --environment {self._work.name} unlock takes the lock away.",
                left=left,
            )
        return PartlyDoneError(
            f"The {self.root} was {verb} in part only: {len(done)} resources.",
            why=f"{why}{others}{unsaved}",
            todo=f"Put right what it names, then {self._work.verb} again: it continues from here"
            f"{' and saves that state first' if unsaved else ''}.",
            left=left,
        )

    def _renewing(self) -> str:
        name, verb = self._work.name, self._work.verb
        return (
            f"Renew it (kubeplat --environment {name} credentials --renew), then {verb} again: "
            "it continues from here."
        )

    def _locked(self, ended: Ended) -> KubeplatError:
        lock = self._store.lock(self.root) if self._store is not None else None
        if lock is None:
            return KubeplatError(
                f"The state of the {self.root} was locked by another run a moment ago.",
                todo="Try again: the lock is free now.",
            )
        since = ""
        if lock.created is not None:
            from kubeplat_tui.services.events import now

            age = age_words((now() - lock.created).total_seconds())
            since = f" since {lock.created:%Y-%m-%d %H:%M} UTC ({age} ago)"
        return KubeplatError(
            f"The state of the {self.root} is locked by {lock.who or 'somebody'}{since}, "
            f"for {lock.operation or 'work'}.",
            why=f"Lock {lock.id}.",
            todo=f"Wait for that run to end. If it is dead: kubeplat --environment {self._work.name} unlock.",
        )


def diagnostic_sentence(diagnostic: Diagnostic) -> str:
    """A diagnostic in one line: where, what, and the first of the detail."""
    where = diagnostic.address or (f"{diagnostic.file}:{diagnostic.line}" if diagnostic.file else "")
    summary = " ".join(diagnostic.summary.split()).rstrip(".")
    detail = " ".join(diagnostic.detail.split("\n\n")[0].split())
    text = ": ".join(part for part in (where, summary) if part)
    return f"{text}. {detail}".strip() if detail else f"{text}."
