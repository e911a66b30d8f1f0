"""Terraform's machine-readable output, line by line, as typed events.

Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui. Every line is one JSON
object with a `type`; a type that is not known becomes a log line, and a line that is not JSON becomes a log
line of level error.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import tells_expiry, without_keys
from kubeplat_tui.services.events import (
    Diagnostic,
    DiagnosticRaised,
    Level,
    LogLine,
    Phase,
    ResourceProgress,
)
from kubeplat_tui.services.terraform.plan import Action

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubeplat_tui.services.events import Event, Root

PHASES = {
    "apply_start": Phase.STARTED,
    "apply_progress": Phase.PROGRESS,
    "apply_complete": Phase.DONE,
    "apply_errored": Phase.FAILED,
}
ACTIONS = {
    "create": Action.CREATE,
    "read": Action.READ,
    "update": Action.UPDATE,
    "replace": Action.REPLACE,
    "delete": Action.DELETE,
    "forget": Action.FORGET,
    "remove": Action.FORGET,
    "noop": Action.NO_OP,
    "no-op": Action.NO_OP,
}
LEVELS = {
    "trace": Level.DEBUG,
    "debug": Level.DEBUG,
    "info": Level.INFO,
    "warn": Level.WARNING,
    "warning": Level.WARNING,
    "error": Level.ERROR,
}
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
QUIET = {"version", "refresh_start", "refresh_complete", "planned_change", "resource_drift", "outputs"}
"""Messages that are for a searching eye only: the plan itself says the same in a better form."""


@dataclass(frozen=True, slots=True)
class ChangeSummary:
    """How many resources an operation touches: `operation` is `plan`, `apply` or `destroy`."""

    operation: str
    add: int
    change: int
    remove: int


@dataclass(frozen=True, slots=True)
class Message:
    """One line: its `kind` (Terraform's type, "" where there is none), the event for the front ends, and
    the counts.
    """

    kind: str
    event: Event
    summary: ChangeSummary | None = None


def parse(line: str, root: Root, stray: Level = Level.ERROR) -> Message:
    """One line of `terraform … -json`. Never raises: what cannot be understood is passed on as a log line.

    `stray` is the level of a line that is not JSON; `init -json` prints a few of them though all is well.
    """
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        stray_text = without_keys(COLOURS.sub("", line).rstrip())
        return Message("", LogLine(text=stray_text, level=stray, source=root))
    kind = _text(body.get("type"))
    return Message(kind, _event(kind, body, root), _summary(body) if kind == "change_summary" else None)


def _event(kind: str, body: dict[str, Any], root: Root) -> Event:
    text = _text(body.get("@message"))
    if kind in PHASES:
        progress = _progress(PHASES[kind], _object(body.get("hook")), root)
        if progress.action is not Action.READ:
            return progress
        # A data source is looked up: nothing changes.
        return LogLine(text=text or f"Reading {progress.address}", level=Level.DEBUG, source=root)
    if kind == "diagnostic":
        return DiagnosticRaised(root=root, diagnostic=diagnostic(_object(body.get("diagnostic")), text))
    if kind == "provision_progress":
        output = _text(_object(body.get("hook")).get("output"))
        return LogLine(text=output or text, source=root)
    level = Level.DEBUG if kind in QUIET else LEVELS.get(_text(body.get("@level")), Level.INFO)
    return LogLine(text=text or json.dumps(body), level=level, source=root)


def session_ended(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether one of them means that the AWS session has ended."""
    return any(tells_expiry(f"{one.summary} {one.detail}") for one in diagnostics)


def diagnostic(body: dict[str, Any], text: str = "") -> Diagnostic:
    """A diagnostic object, as in the stream and in `validate -json`."""
    place = _object(body.get("range"))
    line = _object(place.get("start")).get("line")
    return Diagnostic(
        severity=Level.WARNING if body.get("severity") == "warning" else Level.ERROR,
        summary=without_keys(_text(body.get("summary")) or text),
        detail=without_keys(_text(body.get("detail"))),
        address=_text(body.get("address")),
        file=_text(place.get("filename")),
        line=line if isinstance(line, int) else None,
    )


def _progress(phase: Phase, hook: dict[str, Any], root: Root) -> ResourceProgress:
    resource = _object(hook.get("resource"))
    key, value = _text(hook.get("id_key")), _text(hook.get("id_value"))
    return ResourceProgress(
        root=root,
        address=_text(resource.get("addr")) or _text(resource.get("resource")),
        action=ACTIONS.get(_text(hook.get("action")), Action.UPDATE),
        phase=phase,
        elapsed=_number(hook.get("elapsed_seconds")),
        identity=f"{key}={value}" if key and value else "",
    )


def _summary(body: dict[str, Any]) -> ChangeSummary:
    changes = _object(body.get("changes"))
    add, change, remove = (int(_number(changes.get(name))) for name in ("add", "change", "remove"))
    return ChangeSummary(_text(changes.get("operation")), add, change, remove)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and abs(value) < 1e15 else 0.0
