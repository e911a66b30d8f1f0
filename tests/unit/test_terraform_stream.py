"""Terraform's JSON lines become events, whatever the line is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services.events import (
    DiagnosticRaised,
    Level,
    LogLine,
    Phase,
    ResourceProgress,
    Root,
)
from kubeplat_tui.services.terraform.plan import Action
from kubeplat_tui.services.terraform.stream import PHASES, ChangeSummary, parse

# Recorded from Terraform 1.11.4.
COMPLETE = (
    '{"@level":"info","@message":"terraform_data.a: Creation complete after 0s [id=a9af]","@module":"ui",'
    '"@timestamp":"2026-11-22T13:22:25.166562Z","hook":{"resource":{"addr":"terraform_data.a","module":"",'
    '"resource":"terraform_data.a","implied_provider":"terraform","resource_type":"terraform_data",'
    '"resource_name":"a","resource_key":null},"action":"create","id_key":"id","id_value":"a9af",'
    '"elapsed_seconds":12},"type":"apply_complete"}'
)
SUMMARY = (
    '{"@level":"info","@message":"Apply complete! Resources: 1 added, 2 changed, 3 destroyed.","changes":'
    '{"add":1,"change":2,"import":0,"remove":3,"operation":"apply"},"type":"change_summary"}'
)
LOCKED = (
    '{"@level":"error","@message":"Error: Error acquiring the state lock","diagnostic":{"severity":"error",'
    '"summary":"Error acquiring the state lock","detail":"Error message: 412","address":"aws_vpc.main",'
    '"range":{"filename":"main.tf","start":{"line":7,"column":1,"byte":9},"end":{}}},"type":"diagnostic"}'
)


def test_a_finished_resource_has_its_time_and_identity() -> None:
    event = parse(COMPLETE, Root.CLUSTER).event
    assert isinstance(event, ResourceProgress)
    assert (event.address, event.action, event.phase) == ("terraform_data.a", Action.CREATE, Phase.DONE)
    assert (event.elapsed, event.identity, event.root) == (12.0, "id=a9af", Root.CLUSTER)


def test_the_summary_is_counted() -> None:
    message = parse(SUMMARY, Root.CLUSTER)
    assert message.summary == ChangeSummary("apply", 1, 2, 3)
    assert isinstance(message.event, LogLine)
    assert message.event.text.startswith("Apply complete!")


def test_a_diagnostic_keeps_its_place() -> None:
    event = parse(LOCKED, Root.FOUNDATION).event
    assert isinstance(event, DiagnosticRaised)
    found = event.diagnostic
    assert (found.severity, found.summary) == (Level.ERROR, "Error acquiring the state lock")
    assert (found.address, found.file, found.line) == ("aws_vpc.main", "main.tf", 7)


def test_a_line_that_is_not_json_is_an_error_without_colours() -> None:
    event = parse("\x1b[31mpanic: runtime error\x1b[0m\n", Root.CLUSTER).event
    assert isinstance(event, LogLine)
    assert (event.text, event.level) == ("panic: runtime error", Level.ERROR)


def test_plain_lines_of_init_are_no_errors() -> None:
    event = parse("Successfully configured the backend", Root.CLUSTER, Level.INFO).event
    assert isinstance(event, LogLine)
    assert event.level is Level.INFO


def test_a_type_of_a_later_terraform_is_a_log_line() -> None:
    event = parse('{"@level":"warn","@message":"news","type":"unheard_of"}', Root.CLUSTER).event
    assert isinstance(event, LogLine)
    assert (event.text, event.level) == ("news", Level.WARNING)


def test_reading_a_data_source_is_no_change() -> None:
    event = parse(COMPLETE.replace('"create"', '"read"'), Root.CLUSTER).event
    assert isinstance(event, LogLine)
    assert event.level is Level.DEBUG


@pytest.mark.parametrize("kind", ["planned_change", "refresh_start", "version", "outputs", "resource_drift"])
def test_what_the_plan_tells_better_is_quiet(kind: str) -> None:
    event = parse(json.dumps({"@level": "info", "@message": "x", "type": kind}), Root.CLUSTER).event
    assert isinstance(event, LogLine)
    assert event.level is Level.DEBUG


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from([*PHASES, "diagnostic", "change_summary", "version", "provision_progress", "other"])


@given(st.text())
def test_any_text_becomes_an_event(text: str) -> None:
    assert parse(text, Root.CLUSTER).event.at.tzinfo is not None


@given(kind=KINDS | JSON, hook=JSON, changes=JSON, diagnostic=JSON, text=JSON)
def test_any_json_becomes_an_event(kind: Any, hook: Any, changes: Any, diagnostic: Any, text: Any) -> None:
    body = {"type": kind, "hook": hook, "changes": changes, "diagnostic": diagnostic, "@message": text}
    message = parse(json.dumps(body), Root.CLUSTER)
    assert isinstance(message.event, LogLine | ResourceProgress | DiagnosticRaised)


@given(
    kind=st.sampled_from(sorted(PHASES)),
    resource=st.dictionaries(st.sampled_from(["addr", "resource"]), JSON),
    elapsed=JSON,
    action=JSON.filter(lambda word: word != "read"),
)
def test_any_hook_is_progress(kind: str, resource: Any, elapsed: Any, action: Any) -> None:
    hook = {"resource": resource, "elapsed_seconds": elapsed, "action": action}
    event = parse(json.dumps({"type": kind, "hook": hook}), Root.CLUSTER).event
    assert isinstance(event, ResourceProgress)
    assert event.phase is PHASES[kind]
