"""HCL files: parsed without loss, edited in place, refused with their place."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.hcl.document import Document
from kubeplat_tui.services.hcl.literals import render
from kubeplat_tui.services.hcl.syntax import DEEPEST
from tests.unit.hcl_files import READABLE, REFUSED

if TYPE_CHECKING:
    from kubeplat_tui.services.values import Value

quiet = settings(database=None, deadline=None, max_examples=100)

# Terraform normalizes text (NFC), so only normal text can come back as it was written.
texts = st.text(
    st.characters(codec="utf-8", max_codepoint=0x2FF) | st.sampled_from('${}%\\"\n\t\r\u2028\U0001f600')
)
numbers = st.integers() | st.floats(
    allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300
).filter(lambda number: number == 0 or abs(number) > 1e-300)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def parse(text: str) -> Document:
    return Document.parse(text.encode(), "play.tfvars")


def same(one: Value, other: Value) -> bool:
    """Equal, and true is not 1. A whole number has no fraction in HCL, however it was computed."""
    if isinstance(one, float) and isinstance(other, int) and not isinstance(other, bool):
        return one == float(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


@quiet
@given(values)
@example("$${x}")
@example("%%%{x}")
@example("$$")
@example({"for": 1, "null": 2, "true": 3, "": 4, "1": 5})
def test_a_value_that_is_written_is_read_back(value: Value) -> None:
    document = Document.parse(f"name = {render(value)}\n".encode(), "written")
    assert same(normal(value), document.values()["name"])


def normal(value: Value) -> Value:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, dict):
        return {unicodedata.normalize("NFC", key): normal(item) for key, item in value.items()}
    return value


@quiet
@given(st.sampled_from(READABLE), values)
def test_editing_one_value_leaves_every_other_byte(text: str, value: Value) -> None:
    before = parse(text)
    attribute = before.attributes[0]
    after = before.with_value(attribute.name, value)
    rest = len(before.data) - attribute.span.end
    assert after.data[: attribute.span.start] == before.data[: attribute.span.start]
    assert after.data[len(after.data) - rest :] == before.data[attribute.span.end :]
    assert [each.name for each in after.attributes] == [each.name for each in before.attributes]


@quiet
@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused_with_a_sentence(data: bytes) -> None:
    _values_or_sentence(data)


inserted = st.sampled_from(
    [
        *'"[]{}(),\n=#/*<-$\\.?:0aE!+',
        "",
        "${",
        "${~ ",
        " ~}",
        "%{",
        "%{ if a }",
        "%{ endif }",
        "for a in b : a",
        "<<-A\n",
        "[*]",
        "=>",
    ]
)
damages = st.tuples(st.integers(0, 60), st.integers(0, 3), inserted)


@quiet
@given(st.sampled_from(READABLE + REFUSED), st.lists(damages, min_size=1, max_size=4))
def test_a_damaged_file_is_read_or_refused_with_a_sentence(
    text: str, damage: list[tuple[int, int, str]]
) -> None:
    damaged = bytearray(text.encode())
    for place, length, inserted in damage:
        damaged[place : place + length] = inserted.encode()
    _values_or_sentence(bytes(damaged))


def _values_or_sentence(data: bytes) -> None:
    try:
        Document.parse(data, "random").values()
    except InputError as error:
        assert error.what.startswith("random:")  # noqa: PT017 - whether it raises is up to the bytes


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("a = [1 2]\n", "1:8", "`2]` was not expected here."),
        ("x = 1\na = {\n  b = 1\n", "2:5", "`{` is never closed."),
        ('a = "x\nb = 1\n', "1:5", "the quote is never closed."),
        ("a = ]", "1:5", "`]` closes nothing."),
        ("a = [\n  1\n}", "3:1", "`}` stands where `]` was expected."),
        ("a = 1 b = 2", "1:7", "a new line is missing here."),
        ("a = { x = 1 y = 2 }", "1:13", "a comma or a new line is missing here."),
        ("x = 1\ny = foo bar\nz = 3", "2:9", "`bar` was not expected here."),
        ("x = 1\ny =\nz = 3", "2:4", "a value is missing here."),
        ("a = 1\nb = 2\na = 3", "3:1", "a is set twice; first in line 1."),
        ("a = {\n  x = 1\n  x = 2\n}", "3:3", "x is set twice; first in line 2."),
        ("a = var.b", "1:5", "`var.b` is not a plain value."),
        ('a = "x-${b}"', "1:5", '`"x-${b}"` is not a plain value.'),
        ('# \u00e4\na = "\u00e4" b', "2:9", "`b` was not expected here."),
        ("a = 1e999", "1:5", "1e999 is out of range."),
        ('a = "\\ud800"', "1:6", "there is no character d800."),
        ("network {\n}", "1:1", "a block `network` has no place in a file of values."),
        ('{"a": 1}', "1:1", '`{"a": 1}` was not expected here.'),
        ("a = " + "[" * 99 + "]" * 99, f"1:{5 + DEEPEST}", f"brackets are nested more than {DEEPEST} deep."),
        (
            "a = " + "(" * 60 + "[" * 60 + "]" * 60 + ")" * 60,
            f"1:{5 + DEEPEST}",
            f"brackets are nested more than {DEEPEST} deep.",
        ),
        ("a = 1" + " + 1" * 500, "1:5", "this calculation is too long."),
        ("a = 1\rb = 2", "1:6", "a carriage return stands alone."),
        ("a = 1\x00", "1:6", "the file holds a zero byte."),
    ],
)
def test_errors_name_file_line_and_column_and_what_to_do(text: str, place: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text).values()
    assert caught.value.what == f"play.tfvars:{place}: {sentence}"
    assert caught.value.todo


def test_bytes_that_are_no_text_are_refused_with_their_place() -> None:
    with pytest.raises(InputError, match=r"latin\.tfvars:2:6: the byte 0xe4 is not UTF-8 text\."):
        Document.parse(b'a = 1\nb = "\xe4"', "latin.tfvars")


def test_a_new_value_keeps_comments_order_and_line_ends() -> None:
    before = parse("# first\r\na = 1 # why\r\n\r\nmap = {\r\n  x = 1 # gone\r\n}\r\n")
    after = (
        before.with_value("a", "two")
        .with_value("map", {"x": 1, "long": {"y": {"z": 2}}})
        .with_value("new", True)
    )
    assert after.data.decode() == (
        '# first\r\na = "two" # why\r\n\r\n'
        "map = {\r\n  x = 1\r\n  long = {\r\n    y = { z = 2 }\r\n  }\r\n}\r\nnew = true\r\n"
    )


def test_a_value_is_appended_after_a_last_line_without_end() -> None:
    assert parse("a = 1").with_value("b", [2]).data == b"a = 1\nb = [2]\n"
    assert parse("").with_value("b", None).data == b"b = null\n"


def test_a_removed_value_takes_its_lines_only() -> None:
    document = parse("\ufeff# one\na = {\n  x = 1\n} # with it\n# two\nb = 2")
    assert document.without("a").data.decode() == "\ufeff# one\n# two\nb = 2"
    assert document.without("b").without("a").data.decode() == "\ufeff# one\n# two\n"
    assert document.without("c") is document
    assert parse("\ufeffa = 1\nb = 2").without("a").data.decode() == "\ufeffb = 2"


def test_attributes_know_where_they_stand() -> None:
    document = parse("\n# \u00e4\nname  =  [\n  1\n]\n")
    (attribute,) = document.attributes
    assert (attribute.line, attribute.name) == (3, "name")
    assert document.source.text(attribute.key.start, attribute.key.end) == "name"
    assert document.source.text(attribute.span.start, attribute.span.end) == "[\n  1\n]"


def test_blocks_have_labels_attributes_and_blocks() -> None:
    document = parse('variable "x" {\n  type = string\n  validation {\n    condition = true\n  }\n}\n')
    (block,) = document.blocks
    assert (block.type, block.labels, block.line) == ("variable", ("x",), 1)
    assert [each.name for each in block.attributes] == ["type"]
    assert [each.type for each in block.blocks] == ["validation"]


def test_a_number_that_hcl_cannot_write_is_refused() -> None:
    with pytest.raises(InputError, match="inf is not a number that can be written"):
        render({"a": [math.inf]})
