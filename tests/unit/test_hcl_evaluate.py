"""The evaluator never guesses and never breaks: a value, a failure that Terraform has too, or undecided."""

from __future__ import annotations

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeplat_tui.services.hcl.document import Document
from kubeplat_tui.services.hcl.evaluate import Evaluator
from kubeplat_tui.services.hcl.evaluation_values import (
    Data,
    EvaluationError,
    UndecidedError,
    set_of,
    value_of,
)
from kubeplat_tui.services.hcl.functions import FUNCTIONS

quiet = settings(database=None, deadline=None, max_examples=100)

texts = st.sampled_from(
    [
        "",
        "a",
        "10.0.0.0/8",
        "fd00::/8",
        "1",
        "-3.5",
        "true",
        "%d",
        "%5.2f %s",
        "%099999d",
        "%[9]v",
        "(a)|b",
        "[a-",
        "é́",
        "a,b",
    ]
) | st.text(max_size=6)
numbers = st.integers(-5, 40) | st.sampled_from([10**30, Fraction(1, 3), Fraction(5, 2), -(10**9)])
plain = st.none() | st.booleans() | numbers | texts
data = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(texts, inner, max_size=3)
        | st.lists(texts, max_size=3).map(set_of)
    ),
    max_leaves=5,
)


@quiet
@given(st.sampled_from(sorted(FUNCTIONS)), st.lists(data, max_size=4))
def test_any_function_takes_any_arguments(name: str, arguments: list[Data]) -> None:
    with contextlib.suppress(EvaluationError, UndecidedError):
        value_of(FUNCTIONS[name](*arguments))


@quiet
@given(st.text("(){}[]|*+?^$.\\ab1-,:<>=!isP&~[:alpha:]\n", max_size=12), st.text("ab1-\n\u00e9", max_size=8))
def test_any_pattern_is_a_pattern_or_a_failure(pattern: str, text: str) -> None:
    for name in ("regex", "regexall"):
        with contextlib.suppress(EvaluationError, UndecidedError):
            FUNCTIONS[name](pattern, text)


@pytest.mark.parametrize(
    "text",
    [
        "local.x",
        "data.aws_ami.x.id",
        "var.unknown",
        "can(var.unknown)",
        "try(var.unknown, 1)",
        "alltrue([true, var.unknown])",
        "[for x in [1] : sha256(x)]",
        "timestamp()",
        "provider::aws::arn_parse(1)",
        "[] == []",
        "false && [][0]",
        "true || [][0]",
        '"%{ if true }x%{ endif }"',
        'regex("\\\\p{L}", "a")',
        "true ? { a = 1 } : { b = 2 }",
    ],
)
def test_what_only_terraform_knows_is_undecided(text: str) -> None:
    expression = Document.parse(f"a = {text}\n".encode(), "x").attributes[0].expression
    with pytest.raises(UndecidedError):
        Evaluator({}).evaluate(expression)


def test_variables_and_loops_are_in_scope() -> None:
    text = '[for key, value in var.map : "${key}-${upper(value)}" if length(value) < var.size]'
    expression = Document.parse(f"a = {text}\n".encode(), "x").attributes[0].expression
    assert Evaluator({"map": {"b": "xx", "a": "x", "c": "xxx"}, "size": 3}).evaluate(expression) == [
        "a-X",
        "b-XX",
    ]
