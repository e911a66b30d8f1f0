"""kubeplat reads and writes HCL as a real Terraform does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.hcl.document import Document
from kubeplat_tui.services.hcl.evaluate import Evaluator
from kubeplat_tui.services.hcl.evaluation_values import EvaluationError, UndecidedError
from kubeplat_tui.services.hcl.functions import FUNCTIONS
from kubeplat_tui.services.hcl.functions.encoding import json_text
from kubeplat_tui.services.hcl.tree import Call, walk
from tests.unit.hcl_expressions import EXPRESSIONS
from tests.unit.hcl_files import READABLE, REFUSED
from tests.unit.hcl_terraform import console, requires_terraform, terraform

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.hcl.tree import Expression
    from kubeplat_tui.services.values import Value

MOST_UNDECIDED = 15


def _parsed(text: str) -> Expression:
    return Document.parse(f"a = {text}\n".encode(), "corpus").attributes[0].expression


def _evaluated(text: str) -> list[Any] | None:
    """`[True, value]`, `[False]` where it fails, None where it is undecided."""
    try:
        value = Evaluator({}).evaluate(_parsed(text))
    except EvaluationError:
        return [False]
    except UndecidedError:
        return None
    return list(json.loads(json_text([True, value]), parse_float=str))


@requires_terraform
def test_expressions_have_the_value_or_the_failure_that_terraform_gives_them(tmp_path: Path) -> None:
    asked = [
        f"jsonencode(concat([can({text})], try([jsondecode(jsonencode({text}))], [])))"
        for text in EXPRESSIONS
    ]
    answers = console(tmp_path, f"[{', '.join(asked)}]")
    assert answers is not None
    theirs = {
        text: json.loads(answer, parse_float=str) for text, answer in zip(EXPRESSIONS, answers, strict=True)
    }
    ours = {text: _evaluated(text) for text in EXPRESSIONS}
    undecided = [text for text, value in ours.items() if value is None]
    different = {
        text: (value, theirs[text]) for text, value in ours.items() if value not in (None, theirs[text])
    }
    assert different == {}
    assert len(undecided) <= MOST_UNDECIDED, undecided


def test_the_corpus_calls_every_function() -> None:
    called = {part.name for text in EXPRESSIONS for part in walk(_parsed(text)) if isinstance(part, Call)}
    assert called >= FUNCTIONS.keys() | {"can", "try"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Terraform root that declares what the corpus of files sets."""
    folder = tmp_path_factory.mktemp("root")
    (folder / "main.tf").write_text('variable "a" { default = null }\nvariable "b" { default = null }\n')
    return folder


def _theirs(root: Path, text: str) -> list[Any] | None:
    (root / "corpus.tfvars").write_bytes(text.encode())
    answer = console(root, "[var.a]", "-var-file=corpus.tfvars")
    return None if answer is None else list(answer)


@requires_terraform
@pytest.mark.parametrize("text", READABLE)
def test_files_are_read_as_terraform_reads_them(root: Path, text: str) -> None:
    assert [Document.parse(text.encode(), "corpus.tfvars").values()["a"]] == _theirs(root, text)


@requires_terraform
@pytest.mark.parametrize("text", REFUSED)
def test_files_that_terraform_refuses_are_refused_with_their_place(root: Path, text: str) -> None:
    assert _theirs(root, text) is None
    with pytest.raises(InputError, match=r"^corpus\.tfvars:\d+:\d+: .*\.") as caught:
        Document.parse(text.encode(), "corpus.tfvars").values()
    assert caught.value.todo


@requires_terraform
def test_what_is_written_is_how_terraform_fmt_would_write_it(tmp_path: Path) -> None:
    document = Document.parse(b"", "written.tfvars")
    nested: Value = {"zone": "a", "size": 3, "list": ["x"], "on": True}
    written: dict[str, Value] = {
        "plain": 'text " \\ ${no} %{no} \n \u00e9 \u0001',
        "number": -1.5,
        "none": None,
        "empty_list": [],
        "empty_map": {},
        "short": ["10.0.0.0/8", "x"],
        "long": [f"10.{number}.0.0/16" for number in range(20)],
        "map": {"a": 1, "long_name": True, "with space": "v", "0": None},
        "maps": {
            "a": nested,
            "bbb": nested,
            "c": {"deep": {"er": [1, {"x": []}]}},
            "d": 1,
            "long": 2,
        },
        "list_of_maps": [nested, {}],
        "list_of_lists": [[1, 2], [], ["x" * 99]],
        "wide": {"name": {f"key{number}": "v" * 20 for number in range(8)}, "b": 1},
    }
    for name, value in written.items():
        document = document.with_value(name, value)
    alone = [document.source.text(each.key.start, each.span.end) + "\n" for each in document.attributes]
    answers = [terraform(tmp_path, "fmt", "-", text=text) for text in alone]
    assert [answer.stdout for answer in answers] == alone
