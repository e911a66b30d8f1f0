"""How a variable is edited, and how what is typed becomes a value."""

from __future__ import annotations

import contextlib
import unicodedata
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.screens.variables import form
from kubeplat_tui.screens.variables.form import Editor
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.variables.declarations import Required, declared
from kubeplat_tui.widgets.cells import cut_end, cut_middle
from tests.screens.fakes import ROOTS

if TYPE_CHECKING:
    from kubeplat_tui.services.values import Value

DECLARED = declared(ROOTS)
REAL = declared(Path(__file__).parents[2] / "terraform")

composed = partial(unicodedata.normalize, "NFC")
"""HCL reads every string so."""

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20).map(composed),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True), inner, max_size=4)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("name", "editor"),
    [
        ("sandbox", Editor.SWITCH),
        ("nat_mode", Editor.CHOICE),
        ("vpc_cidr", Editor.TEXT),
        ("compute_asg_min", Editor.NUMBER),
        ("ssh_access_list", Editor.LINES),
        ("nat_subnets", Editor.PAIRS),
        ("secure_nodes", Editor.HCL),
    ],
)
def test_each_type_has_its_editor(name: str, editor: Editor) -> None:
    variable = DECLARED[name]
    default = None if isinstance(variable.default, Required) else variable.default
    assert form.editor_for(variable, default) is editor


@pytest.mark.parametrize(
    ("name", "value"),
    [("vpc_cidr", "two\nlines"), ("ssh_access_list", "no list"), ("nat_subnets", ["a"]), ("sandbox", "true")],
)
def test_a_value_that_does_not_fit_is_edited_as_it_is_written(name: str, value: Value) -> None:
    assert form.editor_for(DECLARED[name], value) is Editor.HCL


def test_choices_come_from_the_validations() -> None:
    assert form.choices(DECLARED["nat_mode"]) == ("per_az", "single", "none")
    assert form.choices(DECLARED["vpc_cidr"]) == ()
    assert form.choices(REAL["nat_mode"]) == ("per_az", "single", "none")


@given(values)
def test_what_is_shown_for_editing_is_read_back(value: Value) -> None:
    assert form.from_hcl(form.as_hcl(value)) == value


@given(st.lists(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12), max_size=6))
def test_lines_are_read_back(entries: list[str]) -> None:
    assert form.from_lines("\n".join(entries), "string") == entries


@given(st.text(max_size=60))
def test_no_text_breaks_the_expression_editor(text: str) -> None:
    with contextlib.suppress(InputError):
        form.from_hcl(text)


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([("", "x")], "Row 1 has a value but no name."),
        ([("a", "1"), ("a", "2")], "a is there twice."),
        ([("a", "1"), ("b", "x")], "Row 2: x is not a number."),
    ],
)
def test_rows_that_cannot_be_are_named(pairs: list[tuple[str, str]], sentence: str) -> None:
    with pytest.raises(InputError, match="^" + sentence.replace(".", r"\.") + "$"):
        form.from_pairs(pairs, "number")


def test_empty_rows_and_lines_are_none() -> None:
    assert form.from_pairs([("a", "1"), ("", " "), ("", "")], "number") == {"a": 1}
    assert form.from_lines("\n a \n\n", "string") == ["a"]


@given(st.text(max_size=40), st.integers(0, 40))
def test_cut_text_fits(text: str, width: int) -> None:
    from rich.cells import cell_len

    for cut in (cut_middle, cut_end):
        assert cell_len(cut(text, width)) <= max(width, 0) or cell_len(text) <= width
        if cell_len(text) <= width:
            assert cut(text, width) == text


def test_the_middle_gives_way() -> None:
    assert cut_middle("play-jest-kubeapi-5f1d.elb.eu-west-2.amazonaws.com", 21) == "play-jest-…zonaws.com"
