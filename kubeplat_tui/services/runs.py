"""The runs of an environment on this computer: a folder and a journal each, one at a time.

A journal is `runs/<UTC time>/journal.jsonl`: every event of the pipeline as one JSON object a line. It is
read by the list of environments (how did the last run end?), by the history, and for estimates of how long
things take.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import shutil
import statistics
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from kubeplat_tui.services import whereabouts
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import Outcome, PlanReady, ResourceProgress, Verb, now
from kubeplat_tui.services.workplace import PRIVATE_FILE, cannot_write, private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.terraform.plan import Action, Plan
    from kubeplat_tui.services.workplace import EnvironmentFolders, Workplace

JOURNAL = "journal.jsonl"
KEPT_RUNS = 50
ESTIMATED_FROM = 10
"""How many of the latest journals the estimates are made from."""

TAIL_BYTES = 1 << 16
"""The last event holds a sentence and the outputs: it fits in this many bytes."""


class BusyError(KubeplatError):
    """Another pipeline works on the environment on this computer."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run as its journal tells it. `outcome` and `finished` are None where it did not come to its end."""

    verb: Verb
    outcome: Outcome | None
    started: datetime
    finished: datetime | None
    sentence: str
    folder: Path


class Journal:
    """Writes the events of one run, each on its line and flushed, readable by their owner only."""

    def __init__(self, path: Path) -> None:
        """Raises `KubeplatError` where the file cannot be made."""
        self.path = path
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
        except OSError as error:
            raise cannot_write(path, error) from error
        self._file: IO[bytes] = os.fdopen(descriptor, "ab", buffering=0)

    def write(self, event: Event) -> None:
        """Append `event`. Raises `KubeplatError` where that fails: a full disk."""
        line = json.dumps(encoded(event), ensure_ascii=False, separators=(",", ":")) + "\n"
        try:
            self._file.write(line.encode())
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def close(self) -> None:
        """Close the file; closing twice is allowed."""
        self._file.close()


class PipelineLock:
    """Only one pipeline works on an environment on this computer at a time.

    The lock is the kernel's (flock(2)): it ends with its process, however that ends, so a stale one cannot
    exist. What the file says is for the sentence only.
    """

    def __init__(self, folders: EnvironmentFolders, verb: str) -> None:
        self._path = folders.root / "pipeline.lock"
        self._verb = verb
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        """Take the lock. Raises `KubeplatError` that says who holds it and since when."""
        private_folder(self._path.parent)
        try:
            file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE), "r+")
        except OSError as error:
            raise cannot_write(self._path, error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read_object(file.read())
            file.close()
            raise _busy(self._path.parent.name, holder) from None
        try:
            file.truncate(0)
            holder = {"pid": os.getpid(), "container": whereabouts.container()}
            json.dump(holder | {"verb": self._verb, "since": now().isoformat()}, file)
            file.flush()
        except OSError as error:
            file.close()
            raise cannot_write(self._path, error) from error
        self._file = file
        return self

    def __exit__(self, *_: object) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None


def is_busy(folders: EnvironmentFolders) -> bool:
    """Whether a pipeline works on the environment right now, on this computer."""
    try:
        with (folders.root / "pipeline.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def new_run_folder(folders: EnvironmentFolders) -> Path:
    """Make the private folder of a new run, named by the time (UTC), and forget the oldest ones."""
    runs = private_folder(folders.runs)
    while True:
        folder = runs / now().strftime("%Y%m%dT%H%M%S.%fZ")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise cannot_write(folder, error) from error
        _prune(runs)
        return folder


def last_run(workplace: Workplace, environment: str) -> RunRecord | None:
    """How the latest run of `environment` on this computer ended; None where there was none."""
    return next(_records(workplace.folders(environment)), None)


def history(workplace: Workplace, environment: str) -> list[RunRecord]:
    """Every kept run of `environment` on this computer, the latest first."""
    return list(_records(workplace.folders(environment)))


class Estimates:
    """How long steps and resources took in earlier runs, in seconds (the median of what is known)."""

    def __init__(self, steps: dict[tuple[str, str], float], resources: dict[tuple[str, str], float]) -> None:
        self._steps = steps
        self._resources = resources

    @classmethod
    def load(cls, folders: EnvironmentFolders) -> Estimates:
        """Read the latest journals. A journal that cannot be read counts for nothing: an estimate is a
        comfort.
        """
        steps: dict[tuple[str, str], list[float]] = defaultdict(list)
        resources: dict[tuple[str, str], list[float]] = defaultdict(list)
        for folder in _run_folders(folders)[:ESTIMATED_FROM]:
            verb = ""
            for entry in read_journal(folder / JOURNAL):
                match entry:
                    case {"event": "PipelineStarted", "verb": str(verb)}:
                        pass
                    case {
                        "event": "StepFinished",
                        "outcome": "done",
                        "step": str(step),
                        "seconds": float(took),
                    }:
                        steps[verb, step].append(took)
                    case {
                        "event": "ResourceProgress",
                        "phase": "done",
                        "address": str(address),
                        "action": str(action),
                        "elapsed": float(took) | int(took),
                    }:
                        resources[resource_type(address), action].append(took)
        return cls(
            {key: statistics.median(values) for key, values in steps.items()},
            {key: statistics.median(values) for key, values in resources.items()},
        )

    def step(self, verb: Verb, step: str) -> float | None:
        """Seconds that `step` took, None where no earlier run tells."""
        return self._steps.get((verb, step))

    def resource(self, address: str, action: Action) -> float | None:
        """Seconds that `action` took on resources of the same type, None where no earlier run tells."""
        return self._resources.get((resource_type(address), action.word))


def resource_type(address: str) -> str:
    """The type in a resource's address: `aws_lb` of `module.api["a.b"].aws_lb.public[0]`."""
    depth, quoted, parts, word = 0, False, [], ""
    for letter in address:
        if letter == '"':
            quoted = not quoted
        elif letter in "[]" and not quoted:
            depth += 1 if letter == "[" else -1
        elif letter == "." and not depth:
            parts.append(word)
            word = ""
        elif not depth:
            word += letter
    parts.append(word)
    return parts[-2] if len(parts) > 1 else parts[-1]


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a journal as JSON objects. A torn line (the program was killed while it wrote) is left
    out.
    """
    try:
        with path.open("rb") as file:
            for line in file:
                entry = _read_object(line)
                if entry:
                    yield entry
    except OSError:
        return


def encoded(event: Event) -> dict[str, Any]:
    """`event` as JSON-like data. Of a plan only what changes is kept, not the values."""
    body: dict[str, Any] = {"event": type(event).__name__}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if isinstance(event, PlanReady) and field.name == "plan":
            value = _encoded_plan(value)
        if isinstance(event, ResourceProgress) and field.name == "action":
            value = value.word
        body[field.name] = _plain(value)
    return body


def _encoded_plan(plan: Plan) -> dict[str, Any]:
    return {
        "root": plan.root,
        "destroy": plan.destroy,
        "summary": plan.summary(),
        "changes": [[change.action.word, change.address] for change in plan.changes],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def _records(folders: EnvironmentFolders) -> Iterator[RunRecord]:
    busy = is_busy(folders)
    for folder in _run_folders(folders):
        record = _record(folder, running=busy)
        if record is not None:
            yield record
            busy = False


def _record(folder: Path, *, running: bool) -> RunRecord | None:
    path = folder / JOURNAL
    first = next(read_journal(path), {})
    try:
        verb, started = Verb(first.get("verb", "")), datetime.fromisoformat(first["at"])
    except (KeyError, ValueError, TypeError):
        return None
    last = _last_entry(path)
    try:
        if last.get("event") == "PipelineFinished":
            finished = datetime.fromisoformat(last["at"])
            return RunRecord(verb, Outcome(last["outcome"]), started, finished, str(last["sentence"]), folder)
    except (KeyError, ValueError, TypeError):
        pass
    sentence = "It is at work." if running else "It ended without a word: the program was killed."
    return RunRecord(verb, None, started, None, sentence, folder)


def _last_entry(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return {}
    return _read_object(lines[-1]) if lines else {}


def _run_folders(folders: EnvironmentFolders) -> list[Path]:
    try:
        return sorted((path for path in folders.runs.iterdir() if path.is_dir()), reverse=True)
    except OSError:
        return []


def _prune(runs: Path) -> None:
    for old in sorted((path for path in runs.iterdir() if path.is_dir()), reverse=True)[KEPT_RUNS:]:
        shutil.rmtree(old, ignore_errors=True)


def _read_object(text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _busy(environment: str, holder: dict[str, Any]) -> BusyError:
    try:
        since = datetime.fromisoformat(str(holder.get("since")))
        age = f" since {since:%H:%M} UTC ({age_words((now() - since).total_seconds())} ago)"
    except (ValueError, TypeError):
        age = ""
    process = whereabouts.process_words(holder.get("pid", "unknown"), holder.get("container") or "")
    return BusyError(
        f"{environment} is being worked on: {holder.get('verb', 'a pipeline')} runs on this computer{age}.",
        why=f"Process {process} holds {environment}'s state folder.",
        todo="Wait for it to end, or stop it there; then try again.",
    )


def age_words(seconds: float) -> str:
    """A duration in words: `40 seconds`, `4 minutes`, `3 hours`, `2 days`."""
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count = int(seconds // size)
        if count >= 1:
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "a moment"
