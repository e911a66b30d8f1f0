"""Types of variables, and values converted to them as a real Terraform does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.hcl.document import Document
from kubeplat_tui.services.variables.variable_types import NotThisTypeError, VariableType, convert, parse_type
from tests.unit.hcl_terraform import console, requires_terraform, terraform

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.values import Value

NODE = "object({ zone = string, size = optional(number, 20), labels = optional(map(string)) })"

FITTING = (
    ("string", '"x"'),
    ("string", "12"),
    ("string", "1.50"),
    ("string", "1e3"),
    ("string", "true"),
    ("string", "null"),
    ("number", "1.5"),
    ("number", '"12"'),
    ("number", '"1.50"'),
    ("number", '"-3"'),
    ("bool", "true"),
    ("bool", '"true"'),
    ("bool", '"0"'),
    ("bool", '"1"'),
    ("any", '{ a = [1, "x"] }'),
    ("list(string)", '["b", 1, true, "b"]'),
    ("list(string)", "[null]"),
    ("list(string)", "[]"),
    ("list(number)", '["1", 2]'),
    ("list(any)", '[1, "a", true]'),
    ("set(string)", '["b", "a", "b", 1]'),
    ("set(number)", '[10, 9, "9"]'),
    ("map(string)", "{ b = 1, a = true }"),
    ("map(any)", '{ a = 1, b = "x" }'),
    ("map(list(number))", '{ a = ["1"] }'),
    ("tuple([string, number])", '[1, "2"]'),
    (NODE, '{ zone = "a" }'),
    (NODE, '{ zone = 1, size = "5", labels = { x = 1 } }'),
    (NODE, '{ zone = "a", size = null }'),
    (f"map({NODE})", '{ a = { zone = "a" }, b = { zone = "b", size = 1 } }'),
    (f"list({NODE})", '[{ zone = "a" }]'),
    ("object({})", "{}"),
    ("list", '["a"]'),
)

UNFITTING = (
    ("string", '["x"]', " must be a string, but is a list"),
    ("string", "{ a = 1 }", " must be a string, but is a map"),
    ("number", "true", " must be a number, but is a bool"),
    ("number", '"x"', " must be a number, but is text that is none"),
    ("number", '" 1"', " must be a number, but is text that is none"),
    ("number", "[]", " must be a number, but is a list"),
    ("bool", "1", " must be a bool, but is a number"),
    ("bool", '"yes"', " must be true or false, but is other text"),
    ("list(string)", '"x"', " must be a list, but is a string"),
    ("list(string)", "{ a = 1 }", " must be a list, but is a map"),
    ("list(number)", '[1, "x"]', "[1] must be a number, but is text that is none"),
    ("list(list(string))", '[["a"], ["b", []]]', "[1][1] must be a string, but is a list"),
    ("set(string)", '"a"', " must be a set, but is a string"),
    ("map(string)", '["a"]', " must be a map, but is a list"),
    ("map(string)", "{ a = [] }", '["a"] must be a string, but is a list'),
    ("tuple([string])", '["a", "b"]', " must have 1 elements, but has 2"),
    (NODE, "{}", " lacks the attribute zone"),
    (NODE, '{ zone = "a", size = "x" }', ".size must be a number, but is text that is none"),
    (NODE, '["a"]', " must be an object, but is a list"),
    (f"map({NODE})", '{ "a" = { zone = [] } }', '["a"].zone must be a string, but is a list'),
)


def _type(text: str) -> VariableType:
    document = Document.parse(f"type = {text}\n".encode(), "variables.tf")
    return parse_type(document.attributes[0].expression, document.source)


def _value(text: str) -> Value:
    return Document.parse(f"value = {text}\n".encode(), "play.tfvars").values()["value"]


@requires_terraform
def test_values_become_what_terraform_makes_of_them(tmp_path: Path) -> None:
    names = [f"v{number}" for number in range(len(FITTING))]
    declared = [
        f"variable {name} {{ type = {kind} }}\n" for name, (kind, _) in zip(names, FITTING, strict=True)
    ]
    (tmp_path / "main.tf").write_text("".join(declared))
    values = [f"{name} = {value}\n" for name, (_, value) in zip(names, FITTING, strict=True)]
    (tmp_path / "values.tfvars").write_text("".join(values))
    theirs = console(tmp_path, f"[{', '.join(f'var.{name}' for name in names)}]", "-var-file=values.tfvars")
    ours = [convert(_value(value), _type(kind)) for kind, value in FITTING]
    assert ours == theirs


@requires_terraform
def test_values_that_do_not_fit_are_those_that_terraform_refuses(tmp_path: Path) -> None:
    names = [f"v{number}_" for number in range(len(UNFITTING))]
    (tmp_path / "main.tf").write_text(
        "".join(
            f"variable {name} {{ type = {case[0]} }}\n" for name, case in zip(names, UNFITTING, strict=True)
        )
    )
    (tmp_path / "values.tfvars").write_text(
        "".join(f"{name} = {case[1]}\n" for name, case in zip(names, UNFITTING, strict=True))
    )
    said = terraform(tmp_path, "console", "-var-file=values.tfvars", text="1\n").stderr
    assert [name for name in names if f"suitable for var.{name}" not in " ".join(said.split())] == []


@pytest.mark.parametrize(("kind", "value", "sentence"), UNFITTING)
def test_a_value_that_does_not_fit_is_told_by_its_place(kind: str, value: str, sentence: str) -> None:
    with pytest.raises(NotThisTypeError) as caught:
        convert(_value(value), _type(kind))
    mismatch = caught.value.mismatch
    assert f"{mismatch.where} {mismatch.what}" == sentence


def test_an_attribute_that_terraform_would_drop_silently_is_refused() -> None:
    with pytest.raises(NotThisTypeError) as caught:
        convert(_value('{ "0" = { zone = "a", adress = "x" } }'), _type(f"map({NODE})"))
    assert caught.value.mismatch.where == '["0"]'
    assert caught.value.mismatch.what == "has no attribute adress; it has labels, size, zone"


def test_types_are_written_as_in_terraform() -> None:
    for text in (
        "any",
        "map(list(string))",
        "tuple([string, bool])",
        "object({a = string, b = optional(number)})",
    ):
        assert str(_type(text)) == text


@pytest.mark.parametrize("text", ["text", "list(1)", "map(string, string)", '"string"', "optional(string)"])
def test_what_is_no_type_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InputError, match=r"^variables\.tf:1:\d+: .* is not a type\."):
        _type(text)
