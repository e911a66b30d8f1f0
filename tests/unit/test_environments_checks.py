"""Files checked for a commit hook: each problem with its file and line, templates too, and no cloud."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.intents import Intents
from kubeplat_tui.services.environments import checks
from kubeplat_tui.services.variables import declarations as variables
from kubeplat_tui.services.workplace import Workplace
from tests.unit.cli_support import Shell
from tests.unit.sites import REGION, SETTINGS

if TYPE_CHECKING:
    from kubeplat_tui.services.variables.declarations import Declarations

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def declared() -> Declarations:
    return variables.declared(CHECKOUT / "terraform")


def put(folder: Path, name: str, extra: str = "") -> Path:
    path = folder / f"{name}.tfvars"
    path.write_text(SETTINGS.format(name=name, region=REGION, account="123456789012") + extra)
    return path


def sentences(declared: Declarations, *paths: Path) -> list[str]:
    return [str(each) for each in checks.check(paths, lambda _: declared)]


def test_the_files_that_come_with_kubeplat_are_right(declared: Declarations) -> None:
    ours = sorted((CHECKOUT / "environments").glob("*.tfvars.j2"))
    ours += [CHECKOUT / "environments" / f"{name}.tfvars" for name in ("play", "example")]
    assert len(ours) == 3
    assert sentences(declared, *ours) == []


def test_every_problem_has_its_file_and_line_in_the_order_given(
    tmp_path: Path, declared: Declarations
) -> None:
    first = put(tmp_path, "one", "bastion_count = 99\nbastion_flavr = 1\n")
    second = tmp_path / "two.tfvars"
    second.write_text("environment = [\n")
    third = put(tmp_path, "three").rename(tmp_path / "four.tfvars")
    found = sentences(declared, first, second, third)
    assert found[0].startswith(f"{first}:13: bastion_count is a whole number")
    assert found[1] == f"{first}:14: There is no variable bastion_flavr: did you mean bastion_flavor?"
    assert found[2] == f"{second}:1: `[` is never closed. Close it with `]`."
    assert found[3].startswith(f"{third}:1: environment is three, but the file is named four")
    assert len(found) == 4


def test_what_is_no_environment_s_file_is_said(tmp_path: Path, declared: Declarations) -> None:
    named = put(tmp_path, "sandbox")
    absent, text, binary = tmp_path / "absent.tfvars", tmp_path / "notes.txt", tmp_path / "b.tfvars"
    text.write_text("")
    binary.write_bytes(b"\xff\xfe")
    found = sentences(declared, named, absent, text, binary)
    assert "sandbox cannot be an environment's name" in found[0]
    assert f"{absent}: There is no file {absent}." in found[1]
    assert "An environment's file is named NAME.tfvars" in found[2]
    assert "is not UTF-8 text" in found[3]


def test_two_environments_may_not_share_the_secrets_bucket(tmp_path: Path, declared: Declarations) -> None:
    one, two, three = (put(tmp_path, name) for name in ("one", "two", "three"))
    two.write_text(two.read_text().replace("two-secrets", "one-secrets"))
    three.write_text(three.read_text().replace("three-secrets", "one-secrets") + "sandbox = true\n")
    (problem,) = sentences(declared, one, two, three, one)
    assert problem == f"{two}:6: one.tfvars has the secrets bucket one-secrets-1a2b, too: each needs its own."


def test_a_template_is_checked_by_what_it_makes(tmp_path: Path, declared: Declarations) -> None:
    template = tmp_path / "own.tfvars.j2"
    shutil.copy(CHECKOUT / "environments" / "environment.tfvars.j2", template)
    assert sentences(declared, template) == []
    good = template.read_text()
    template.write_text(good + "bastion_count = 99\n")
    assert "of what it makes for sample: bastion_count is a whole number" in sentences(declared, template)[0]
    template.write_text("{% if %}")
    assert f"{template}: The template {template} is broken." in sentences(declared, template)[0]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.delenv("KUBEPLAT_ENVIRONMENT", raising=False)
    folder = tmp_path / "environments"
    folder.mkdir()
    place = Workplace(folder, CHECKOUT / "terraform", tmp_path / "s", tmp_path / "c", tmp_path / "k")
    return Shell(Intents(place, user="jest", environ={}), monkeypatch)  # type: ignore[arg-type]  # the real ones


def test_the_verb_takes_files_as_a_commit_hook_gives_them(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "repository"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    put(elsewhere, "good")
    put(elsewhere, "bad", "bastion_count = 99\n")
    assert shell.run("environments", "check", "good.tfvars").code == 0
    ran = shell.run("environments", "check", "good.tfvars", "bad.tfvars")
    assert (ran.code, ran.err) == (2, "")
    assert ran.out.startswith("bad.tfvars:13: bastion_count")
    document = json.loads(shell.run("environments", "check", "good.tfvars", "bad.tfvars", "--json").out)
    assert [(each["path"], len(each["problems"])) for each in document["files"]] == [
        ("good.tfvars", 0),
        ("bad.tfvars", 1),
    ]


def test_without_a_name_every_environment_is_checked(shell: Shell) -> None:
    folder = shell.intents.workplace.environments
    for name in ("one", "two"):
        put(folder, name)
    assert "2 files are right" in shell.run("environments", "check").out
    put(folder, "two", "bastion_count = 99\n")
    ran = shell.run("environments", "check")
    assert ran.code == 2
    assert ran.out.startswith("two.tfvars:13: ")
    assert shell.run("environments", "check", "-e", "one").code == 0
    assert shell.run("environments", "check", "nobody").code == 2


def test_the_hook_names_a_script_that_exists_and_the_files_it_is_for() -> None:
    import re

    text = (CHECKOUT / ".pre-commit-hooks.yaml").read_text()
    hook = dict(re.findall(r"^[- ] (\w+): (.+)$", text, re.MULTILINE))
    assert (CHECKOUT / hook["entry"].split()[0]).stat().st_mode & 0o111
    wanted = re.compile(hook["files"].strip("'"))
    assert wanted.search("environments/prod.tfvars")
    assert wanted.search("environments/small.tfvars.j2")
    assert not wanted.search("README.md")
