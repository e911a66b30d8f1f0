"""config.d: which of the user's own Terraform files are taken, and what is refused before Terraform starts."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from kubeplat_tui.commands import drawing, plan_lines
from kubeplat_tui.services import config_d
from kubeplat_tui.services.config_d import Origins
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.events import Output, Root
from kubeplat_tui.services.terraform.assemble import Assembly, Backend, RootSettings, assemble
from kubeplat_tui.services.terraform.plan import Action, OutputChange, Plan
from kubeplat_tui.services.variables.declarations import declared
from kubeplat_tui.services.workplace import Workplace
from kubeplat_tui.widgets.plan_rows import PlanOutline
from tests.screens.fake_plan import resource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.text import Text

AWS = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.100.0"\n}\n'
RANDOM = 'provider "registry.terraform.io/hashicorp/random" {\n  version = "3.7.2"\n  hashes = [\n    "h1:x",\n  ]\n}\n'
OURS = """\
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {}

variable "environment" {
  type = string
}

locals {
  zones = ["a"]
}

resource "aws_vpc" "main" {}
data "aws_caller_identity" "current" {}
module "network" {
  source = "../modules/network"
}
output "vpc_id" {
  value = 1
}
"""


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    write(tmp_path / "terraform", {"cluster/main.tf": OURS, "cluster/.terraform.lock.hcl": AWS})
    own = tmp_path / "config.d"
    own.mkdir()
    return Workplace(
        environments=tmp_path,
        terraform=tmp_path / "terraform",
        state=tmp_path / "state",
        cache=tmp_path / "cache",
        config=tmp_path / "config",
        config_d=own,
    )


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def assembled(workplace: Workplace, environment: str = "") -> Assembly:
    settings = {Root.CLUSTER: RootSettings({}, Backend("key", "bucket"))}
    return assemble(workplace, settings, environment)


def own(workplace: Workplace, files: dict[str, str]) -> Path:
    assert workplace.config_d is not None
    write(workplace.config_d, files)
    return workplace.config_d


NESTED = {
    "mine.tf": 'module "extra" { source = "./extra" }\n',
    "extra/main.tf": 'module "inner" { source = "./inner" }\nvariable "of_the_module" {}\n',
    "extra/inner/main.tf": "",
    "modules/library/main.tf": 'resource "aws_vpc" "main" {}\n',
    "deep/grafana.tf": 'variable "size" { default = 1 }\n',
    "deep/dashboard.json.tftpl": "{}",
    "notes.md": "",
    "tests/mine.tftest.hcl": "",
}


def test_folders_are_modules_where_they_are_called_and_else_only_for_order(workplace: Workplace) -> None:
    own(workplace, NESTED)
    files = {path.removeprefix("cluster/") for path in assembled(workplace).files}
    assert files == {
        "main.tf",
        "backend.tf",
        "kubeplat.auto.tfvars.json",
        ".terraform.lock.hcl",
        "mine.tf",
        "extra/main.tf",
        "extra/inner/main.tf",
        "modules/library/main.tf",
        "deep-grafana.tf",
        "deep/dashboard.json.tftpl",
        "notes.md",
    }
    variables = declared(workplace.terraform, workplace.config_d)
    assert {name: each.group for name, each in variables.items()} == {
        "environment": "Main",
        "size": "config.d: deep/grafana.tf",
    }


def test_an_environment_has_files_of_its_own(workplace: Workplace) -> None:
    own(
        workplace,
        {"all.tf": "", "environments/prod/only.tf": 'variable "size" {}\n', "environments/x/y.tf": "{"},
    )
    assert "cluster/only.tf" in assembled(workplace, "prod").files
    assert not [path for path in assembled(workplace, "test").files if "only" in path or "y.tf" in path]
    assert "size" in declared(workplace.terraform, workplace.config_d, "prod")
    assert "size" not in declared(workplace.terraform, workplace.config_d, "test")
    own(workplace, {"only.tf": ""})
    with pytest.raises(
        InputError, match=r"config\.d/only\.tf has the place of .*|prod/only\.tf has the place of"
    ):
        assembled(workplace, "prod")


def test_every_change_of_a_file_is_part_of_what_a_plan_is_bound_to(workplace: Workplace) -> None:
    digests = {assembled(workplace).digest(Root.CLUSTER)}
    for change in (
        {"mine.tf": ""},
        {"mine.tf": "locals {}\n"},
        {"deep/x.tftpl": "1"},
        {"modules/a/b.tf": ""},
    ):
        own(workplace, change)
        digests.add(assembled(workplace).digest(Root.CLUSTER))
    assert len(digests) == 5


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('resource "aws_vpc" "main" {}', "resource aws_vpc.main is declared twice: cluster/main.tf:17 and"),
        ('data "aws_caller_identity" "current" {}', "data source aws_caller_identity.current is declared"),
        ('variable "environment" {}', "variable environment is declared twice: cluster/main.tf:9 and"),
        ('output "vpc_id" {}', "output vpc_id is declared twice: cluster/main.tf:22 and"),
        ('module "network" {}', "module network is declared twice: cluster/main.tf:19 and"),
        ("locals {\n  zones = 1\n}", "local value zones is declared twice: cluster/main.tf:14 and"),
        ('provider "aws" {}', "configuration of the provider aws is declared twice: cluster/main.tf:7"),
        ("terraform {\n  required_providers {\n  }\n}", "providers are listed twice: cluster/main.tf:2 and"),
        ('terraform {\n  backend "s3" {}\n}', "backend is declared twice: cluster/backend.tf:"),
    ],
)
def test_a_clash_of_names_is_said_with_both_files(workplace: Workplace, text: str, sentence: str) -> None:
    own(workplace, {"mine.tf": f"{text}\n"})
    with pytest.raises(InputError) as caught:
        assembled(workplace)
    assert sentence in caught.value.what
    assert "config.d/mine.tf:" in caught.value.what
    if "backend" not in text:  # which only the run writes
        with pytest.raises(InputError, match=r"config\.d/mine\.tf:"):
            declared(workplace.terraform, workplace.config_d)


def test_a_clash_between_two_files_of_the_users_is_said_with_both(workplace: Workplace) -> None:
    text = 'resource "aws_x" "y" {}\n'
    own(workplace, {"a.tf": text, "deep/b.tf": f"\n{text}"})
    with pytest.raises(
        InputError, match=r"aws_x\.y is declared twice: config\.d/a\.tf:1 and config\.d/deep/b\.tf:2"
    ):
        assembled(workplace)
    own(workplace, {"a.tf": "", "deep-b.tf": ""})
    with pytest.raises(InputError, match=r"deep/b\.tf would have the place of .*deep-b\.tf"):
        assembled(workplace)


def test_another_alias_of_a_provider_is_no_clash(workplace: Workplace) -> None:
    own(workplace, {"mine.tf": 'provider "aws" {\n  alias = "west"\n}\nmoved {}\nmoved {}\n'})
    assert "cluster/mine.tf" in assembled(workplace).files


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("main.tf", "has the name of"),
        ("kubeplat.auto.tfvars.json", "holds values of variables"),
        ("deep/x.tfvars", "holds values of variables"),
        ("x.tf.json", "is written in JSON"),
        ("main_override.tf", "is an override file"),
        ("deep/override.tf", "is an override file"),
    ],
)
def test_a_file_that_has_no_place_is_refused(workplace: Workplace, name: str, words: str) -> None:
    folder = own(workplace, {name: "{}" if name.endswith("json") else ""})
    with pytest.raises(InputError) as caught:
        assembled(workplace)
    assert words in caught.value.what
    assert str(folder / name) in caught.value.what
    assert caught.value.todo


def test_a_folder_that_is_named_and_gone_is_not_taken_for_empty(workplace: Workplace, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(InputError, match="is not there"):
        assembled(replace(workplace, config_d=gone))
    named = Workplace.from_environment({"HOME": str(tmp_path), "KUBEPLAT_CONFIG_D": str(gone)})
    assert named.config_d == gone
    assert Workplace.from_environment({"HOME": str(tmp_path)}).config_d is None
    (own(workplace, {"a.tf": ""}) / "loop.tf").symlink_to("loop.tf")
    with pytest.raises(KubeplatError, match=r"loop\.tf could not be read"):
        assembled(workplace)


def test_links_to_folders_are_followed_once(workplace: Workplace, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", {"main.tf": ""})
    folder = own(workplace, {"mine.tf": 'module "x" { source = "./x" }\n'})
    (folder / "x").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "again").symlink_to(folder)
    assert {path for path in assembled(workplace).files if "/x/" in path} == {"cluster/x/main.tf"}


# --- providers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ({"a.tf": 'resource "random_id" "x" {}\n'}, "config.d/a.tf:1 needs the provider hashicorp/random,"),
        ({"a.tf": 'provider "tls" {}\n'}, "needs the provider hashicorp/tls,"),
        ({"a.tf": 'data "aws_ami" "x" {\n  provider = other.west\n}\n'}, "needs the provider hashicorp/other,"),
        (
            {
                "a.tf": 'module "m" { source = "./m" }\n',
                "m/v.tf": "terraform {\n  required_providers {\n    flare = {\n"
                '      source = "cloud/flare"\n      configuration_aliases = [flare.x]\n    }\n  }\n}\n',
                "m/main.tf": 'resource "flare_zone" "x" {}\n',
            },
            "config.d/m/v.tf:3 needs the provider cloud/flare,",
        ),
        ({"modules/unused/a.tf": 'resource "random_id" "x" {}\n'}, ""),
        ({"a.tf": 'resource "terraform_data" "x" {}\ndata "aws_vpc" "x" {}\n'}, ""),
    ],
)  # fmt: skip
def test_a_provider_that_is_not_locked_is_said(
    workplace: Workplace, files: dict[str, str], missing: str
) -> None:
    folder = own(workplace, files)
    if not missing:
        assert assembled(workplace).files["cluster/.terraform.lock.hcl"].decode() == AWS
        return
    with pytest.raises(InputError) as caught:
        assembled(workplace)
    assert missing in caught.value.what
    assert str(folder) in caught.value.todo


def test_the_users_lock_file_is_added_as_far_as_it_is_needed(workplace: Workplace) -> None:
    lock = "cluster/.terraform.lock.hcl"
    folder = own(workplace, {".terraform.lock.hcl": f"# mine\n\n{AWS.replace('5.100', '5.99')}\n{RANDOM}"})
    assert assembled(workplace).files[lock].decode() == AWS
    settings = {Root.CLUSTER: RootSettings({}, Backend("key", "bucket"))}
    source = "registry.terraform.io/hashicorp/random"
    assert assemble(workplace, settings, "", {source}).files[lock].decode() == f"{AWS}\n{RANDOM}"
    write(folder, {"a.tf": 'resource "random_id" "x" {}\n'})
    assert assembled(workplace).files[lock].decode() == f"{AWS}\n{RANDOM}"
    write(folder, {"a.tf": 'module "far" { source = "example.com/a/b/c" }\n'})
    assert assembled(workplace).files[lock].decode() == f"{AWS}\n{RANDOM}"


# --- headings -------------------------------------------------------------------------------------


@pytest.fixture
def plan(workplace: Workplace) -> Plan:
    """A plan with changes of kubeplat's and of two files of the user's."""
    own(
        workplace,
        {
            "mine.tf": 'resource "aws_sns_topic" "news" {}\nmodule "extra" { source = "./extra" }\n',
            "extra/main.tf": "",
            "zoo.tf": 'resource "aws_vpc" "zoo" {}\noutput "animals" {}\n',
        },
    )
    changes = (
        resource("aws_vpc.zoo", Action.DELETE),
        resource("module.network.aws_subnet.a", Action.UPDATE),
        resource("aws_vpc.main", Action.CREATE),
        resource("module.extra.aws_x.y", Action.CREATE),
        resource("aws_sns_topic.news[0]", Action.CREATE),
    )
    outputs = (
        OutputChange("animals", Action.CREATE, None, 1),
        OutputChange("vpc_id", Action.CREATE, None, 2),
    )
    made = Plan(Root.CLUSTER, False, Path("p"), changes, (), outputs, "d")
    return Origins.of(config_d.read(workplace.config_d)).marked(made)


def printed(lines: Iterable[Text]) -> str:
    console = Console(file=io.StringIO(), width=100)
    for line in lines:
        console.print(line)
    text = console.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO above
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_a_plan_for_people_has_the_users_files_as_headings(plan: Plan) -> None:
    assert printed(plan_lines.lines(plan, every_change=True)) == (
        "Plan for cluster: 3 to add, 1 to change, 1 to destroy\n"
        "  ~ module.network.aws_subnet.a  change\n"
        "  + aws_vpc.main  add\n"
        "  config.d: mine.tf\n"
        "  + module.extra.aws_x.y  add\n"
        "  + aws_sns_topic.news[0]  add\n"
        "  config.d: zoo.tf\n"
        "  - aws_vpc.zoo  destroy\n"
        "  + output vpc_id = 2\n"
        "  config.d: zoo.tf\n"
        "  + output animals = 1"
    )
    assert printed(plan_lines.lines(plan, every_change=False)).splitlines()[1:] == [
        "  ~ module.network.aws_subnet.a  change",
        "  config.d: zoo.tf",
        "  - aws_vpc.zoo  destroy",
        "  +   1 (root)  aws_vpc",
        "  +   2 config.d: mine.tf  aws_sns_topic, aws_x",
        "  +   1 outputs",
        "  +   1 outputs of config.d: zoo.tf",
    ]


def test_the_plan_tree_has_the_users_files_as_headings(plan: Plan) -> None:
    rows = [(row.depth, row.label, row.count) for row in PlanOutline.of(plan).rows()]
    assert rows == [
        (0, "destroy", 1),
        (1, "config.d: zoo.tf", 1),
        (2, "aws_vpc.zoo", 0),
        (0, "change", 1),
        (1, "module.network", 1),
        (2, "aws_subnet.a", 0),
        (0, "add", 3),
        (1, "aws_vpc.main", 0),
        (1, "config.d: mine.tf", 2),
        (2, "module.extra.aws_x.y", 0),
        (2, "aws_sns_topic.news[0]", 0),
        (0, "outputs", 2),
        (1, "vpc_id", 0),
        (1, "config.d: zoo.tf", 1),
        (2, "animals", 0),
    ]


def test_outputs_stand_under_the_heading_of_their_file(workplace: Workplace) -> None:
    own(workplace, {"zoo.tf": 'output "animals" {}\n'})
    found = tuple(Output(name, "x", sensitive=False, root=Root.CLUSTER) for name in ("animals", "vpc_id"))
    marked = Origins.of(config_d.read(workplace.config_d)).marked_outputs(found)
    assert printed(drawing.outputs(marked)) == "vpc_id  = x\nconfig.d: zoo.tf\nanimals = x"
