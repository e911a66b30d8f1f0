"""`scp`: files and folders to a machine and from it."""

import signal
import stat
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui.commands import machines, text
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.signals import EndedBySignal, Signals
from kubeplat_tui.commands.ssh_questions import AtShell, HostKeyOption
from kubeplat_tui.commands.status_line import StatusLine
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.errors import ExitCode, InputError
from kubeplat_tui.services.ssh.transfer_model import TransferProgress, Transferred, TransferStoppedError
from kubeplat_tui.widgets import cells

if TYPE_CHECKING:
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.connection import Connection


@dataclass(frozen=True, slots=True)
class Place:
    """A path on the machine `machine` (as it was named), or on this computer where that is ""."""

    machine: str
    path: str

    def __str__(self) -> str:
        return f"{self.machine}:{self.path}" if self.machine else self.path


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "scp")(scp)


def scp(
    session: Session,
    *,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Files and folders. MACHINE:PATH is on a machine: its name, id, address or layer; a relative path is "
            "below its home.",
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Where they go, written in the same way.")],
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Folders, too.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    host_key: HostKeyOption = None,
) -> int | None:
    """Copy files to and from machines.

    The way leads through a bastion. Modes and times are kept. A file appears when all of it has arrived; one that
    is there is only replaced with --overwrite. Several sources go into a folder. The exit code is 3 where
    something had to be left out.
    """
    places = [place_of(word) for word in (*sources, target)]
    _check(places[:-1], places[-1], recursive=recursive)
    with Signals() as signals:
        copier = _Copier(session, signals, AtShell(session, host_key or []), recursive, overwrite)
        try:
            done = copier.copy(places[:-1], places[-1])
        except EndedBySignal as ended:
            return ended.exit_code
        except TransferStoppedError as error:
            session.note(str(error))
            return copier.stopped_by
    return _finished(session, copier.site, places[:-1], places[-1], done)


def place_of(word: str) -> Place:
    """What was named. A colon before any slash ends a machine's name, as in scp(1). Raises `InputError`."""
    machine, colon, path = word.partition(":")
    if not colon or "/" in machine:
        return Place("", word)
    if not machine:
        raise InputError(f"{word} names no machine.", todo="Write MACHINE:PATH, or ./:… for a file here.")
    return Place(machine, path)


def _check(sources: list[Place], target: Place, *, recursive: bool) -> None:
    """Raise `InputError` for what can be known to be wrong before anything is connected."""
    if any(bool(source.machine) == bool(target.machine) for source in sources):
        raise InputError(
            "One side of a copy is on a machine, the other on this computer.",
            todo="MACHINE:PATH is on a machine. Nothing was copied.",
        )
    for source in sources:
        if source.machine:
            continue
        path = Path(source.path)
        if not path.exists():
            raise InputError(f"There is no {source.path} here.", todo="Nothing was copied.")
        if path.is_dir() and not recursive:
            raise _is_folder(source)
    if len(sources) > 1 and not target.machine and not Path(target.path).is_dir():
        raise _no_folder(target)


class _Copier:
    """Copies one source after the other, by one connection to each machine."""

    def __init__(
        self, session: Session, signals: Signals, questions: AtShell, recursive: bool, overwrite: bool
    ) -> None:
        self.site = session.open()
        self._session = session
        self._signals = signals
        self._questions = questions
        self._recursive = recursive
        self._overwrite = overwrite
        self._stop = threading.Event()
        self._line = StatusLine(session.err)
        self._connections: dict[str, Connection] = {}

    @property
    def stopped_by(self) -> int:
        """The exit code of the signal that stopped it."""
        return EndedBySignal(self._signals.heard or signal.SIGINT).exit_code

    def copy(self, sources: list[Place], target: Place) -> list[Transferred]:
        """Copy all of them. Raises as `services.ssh.files`, `TransferStoppedError` where a signal asked for it."""
        done: list[Transferred] = []
        try:
            for machine in {place.machine for place in (*sources, target) if place.machine}:
                self._connect(machine)
            with self._signals.waking(self._stop.set):
                if self._signals.heard is not None:
                    raise EndedBySignal(self._signals.heard)
                if len(sources) > 1 and target.machine and not self._is_folder(target):
                    raise _no_folder(target)
                done += [self._one(source, target) for source in sources]
        finally:
            self._line.clear()
            for connection in self._connections.values():
                connection.close()
        return done

    def _one(self, source: Place, target: Place) -> Transferred:
        from kubeplat_tui.services.ssh import files

        if target.machine:
            connection = self._connections[target.machine]
            done = files.put(
                connection,
                Path(source.path),
                target.path,
                overwrite=self._overwrite,
                say=self._say,
                stop=self._stop,
            )
        else:
            connection = self._connections[source.machine]
            if not self._recursive and self._is_folder(source):
                raise _is_folder(source)
            done = files.get(
                connection,
                source.path,
                Path(target.path),
                overwrite=self._overwrite,
                say=self._say,
                stop=self._stop,
            )
        self._line.clear()
        return done

    def _connect(self, machine: str) -> None:
        found = machines.chosen(self._session, self.site, machine)
        connections = self._session.intents.ssh(self.site)
        try:
            self._connections[machine] = connections.connect(found, self._questions, say=self._questions.say)
        finally:
            self._questions.clear()

    def _is_folder(self, place: Place) -> bool:
        """Whether a folder is there; what else is wrong with it, the copy itself tells."""
        from kubeplat_tui.services.ssh import remote_tree

        sftp = self._connections[place.machine].sftp()
        try:
            status = remote_tree.status_of(sftp, remote_tree.path_of(place.path))
        except OSError:
            return False
        finally:
            sftp.close()
        return status is not None and stat.S_ISDIR(status.st_mode or 0)

    def _say(self, progress: TransferProgress) -> None:
        share = f"{100 * progress.bytes_done // progress.bytes} %" if progress.bytes else ""
        count = f"{progress.files_done}/{progress.files} files" if progress.files > 1 else ""
        of = f"{cells.byte_size(progress.bytes_done)} of {cells.byte_size(progress.bytes)}"
        self._line.say("  ".join(filter(None, (share, of, count, progress.name))))


def _finished(
    session: Session, site: "Site", sources: list[Place], target: Place, done: list[Transferred]
) -> ExitCode:
    skipped = [each for one in done for each in one.skipped]
    for each in skipped:
        session.note(f"{each.name} was left out: {each.why}")
    if session.options.json:
        session.print_json(
            {"environment": site.environment.name, "sandbox": site.environment.sandbox, "copied": done}
        )
    else:
        for source, one in zip(sources, done, strict=True):
            count = f"{one.files} files, " if one.files != 1 else ""
            size, took = cells.byte_size(one.bytes), text.duration(one.seconds)
            place = Place(target.machine, one.target)
            session.out.print(f"{source} to {place}: {count}{size} in {took}", soft_wrap=True)
    return ExitCode.LEFT_OVER if skipped else ExitCode.DONE


def _is_folder(place: Place) -> InputError:
    return InputError(f"{place} is a folder.", todo="Add -r to copy it with all that is in it.")


def _no_folder(place: Place) -> InputError:
    return InputError(f"Several things are copied, and {place} is no folder.", todo="Nothing was copied.")
