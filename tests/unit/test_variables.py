"""Declared variables and the checks of an environment's values, judged by a real Terraform."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.environments import Environment
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.events import Root
from kubeplat_tui.services.hcl.document import Document
from kubeplat_tui.services.hcl.evaluate import Evaluator
from kubeplat_tui.services.variables import declarations as variables
from kubeplat_tui.services.variables.declarations import REQUIRED, Declarations, Problem
from kubeplat_tui.services.variables.validation import Field, Verdict, variables_in, verdict
from tests.unit.hcl_terraform import requires_terraform, terraform

if TYPE_CHECKING:
    from kubeplat_tui.services.values import Value

TERRAFORM = Path(__file__).parents[2] / "terraform"

RIGHT: dict[str, Value] = {
    "environment": "dev",
    "aws_region": "eu-west-2",
    "aws_account": "123456789012",
    "kms_master_id": "",
    "secrets_bucket_name": "dev-secrets",
    "terraform_bucket_name": "dev-state",
    "public_zone_name": "example.com",
    "private_zone_name": "dev.internal",
    "kubeapi_dns": "kube-dev",
    "kubeapi_internal_dns": "kube",
}


@pytest.fixture(scope="module")
def declared() -> Declarations:
    """The variables of the real roots."""
    return variables.declared(TERRAFORM)


def declare(folder: Path, **files: str) -> Declarations:
    """Declarations of made-up roots: `cluster` is variables.tf, `cluster_network` variables_network.tf."""
    for name, text in files.items():
        root, _, rest = name.partition("_")
        path = folder / root / (f"variables_{rest}.tf" if rest else "variables.tf")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return variables.declared(folder)


def messages(problems: list[Problem]) -> list[str]:
    return [problem.message for problem in problems]


# --- the real roots -----------------------------------------------------------------------------------------


def test_every_setting_of_the_original_is_declared(declared: Declarations) -> None:
    required = {
        "environment", "aws_region", "aws_account", "public_zone_name", "private_zone_name",
        "kms_master_id", "secrets_bucket_name", "terraform_bucket_name", "kubeapi_dns",
        "kubeapi_internal_dns",
    }  # fmt: skip
    defaulted = {
        "aws_profile", "aws_role_arn", "aws_mfa_serial", "sandbox", "ssh_user", "vpc_cidr", "ssh_access_list",
        "kubeapi_access_list", "kubeapi_external_elb",
        "nat_subnets", "secure_subnets", "compute_subnets", "elb_subnets", "mgmt_subnets", "secure_nodes",
        "secure_flavor", "compute_flavor", "compute_asg_min", "compute_asg_max", "bastion_flavor",
        "enable_calico",
    }  # fmt: skip
    assert {name for name, variable in declared.items() if variable.required} == required
    assert declared.keys() >= defaulted
    assert [name for name, variable in declared.items() if not variable.description] == []


def test_every_default_passes_its_own_validations(declared: Declarations) -> None:
    assert declared.check(RIGHT) == []


def test_every_validation_of_the_real_roots_is_decided_here(declared: Declarations) -> None:
    assert declared.left_to_terraform(RIGHT) == []


def test_forms_get_their_fields_from_types_and_validations(declared: Declarations) -> None:
    fields = {name: variable.field for name, variable in declared.items()}
    assert fields["sandbox"] is Field.BOOL
    assert fields["compute_asg_min"] is Field.NUMBER
    assert fields["environment"] is Field.STRING
    assert fields["nat_mode"] is Field.ENUMERATION
    assert declared["nat_mode"].choices == ("per_az", "single", "none")
    assert fields["vpc_cidr"] is Field.CIDR
    assert fields["ssh_access_list"] is Field.CIDR_LIST
    assert fields["nat_subnets"] is Field.MAP
    assert fields["secure_nodes"] is Field.OBJECT_MAP


def test_each_root_gets_what_it_declares(declared: Declarations) -> None:
    values: dict[str, Value] = {**RIGHT, "sandbox": True, "vpc_cidr": "10.80.0.0/16"}
    foundation = declared.for_root(values, Root.FOUNDATION)
    cluster = declared.for_root(values, Root.CLUSTER)
    assert foundation.keys() == {
        "environment",
        "aws_region",
        "aws_account",
        "kms_master_id",
        "secrets_bucket_name",
    }
    assert "vpc_cidr" in cluster
    assert not {
        "sandbox",
        "terraform_bucket_name",
        "aws_profile",
        "aws_role_arn",
        "aws_mfa_serial",
        "ssh_user",
    } & (foundation.keys() | cluster.keys())


WRONG: tuple[dict[str, Value], ...] = (
    {"environment": "Dev"},
    {"environment": "a" * 21},
    {"aws_region": "eu-west-2a"},
    {"aws_account": "1234"},
    {"kms_master_id": "a b"},
    {"secrets_bucket_name": "Secrets"},
    {"max_retries": 0},
    {"max_retries": 1.5},
    {"ssh_access_list": ["0.0.0.0/0"]},
    {"ssh_access_list": ["0.0.0.0/0"], "allow_world": True},
    {"ssh_access_list": ["10.0.0.1/8"], "kubeapi_access_list": ["10.0.0.0/33", "::/0", "x"]},
    {"ssh_access_list": ["10.0.0.0/8", "10.0.0.0/8"]},
    {"vpc_cidr": "10.80.0.0"},
    {"vpc_cidr": "10.90.0.0/16"},
    {"vpc_cidr": "10.80.0.0/8"},
    {"vpc_cidr": "10.80.1.0/16"},
    {"nat_subnets": {"a": "10.80.10.0/24", "b": "10.80.1.0/24", "c": "10.80.2.0/24"}},
    {"nat_subnets": {"a": "10.80.0.0/23", "b": "10.80.1.0/24"}},
    {"elb_subnets": {"a": "10.81.0.0/24", "z9": "x"}},
    {"mgmt_subnets": {}},
    {"secure_subnets": {"a": "10.80.10.0/24", "eu-west-2a": "10.80.11.0/24"}},
    {"secure_nodes": {"a": {"zone": "q", "address": "10.80.10.1"}}},
    {"nat_mode": "several"},
    {"kubeapi_dns": "kube.dev", "kubeapi_internal_dns": "etcd0"},
    {"private_zone_name": "Internal."},
    {"compute_asg_min": 5, "compute_asg_max": 3},
    {"pod_network": "10.80.0.0/16", "service_network": "10.80.4.0/22"},
    {"kubernetes_version": "latest"},
    {"log_retention_days": 8},
    {"secure_data_volume_type": "gp2", "secure_data_volume": 1},
    {"compute_labels": {"a b": "c"}, "compute_pools": {"Pool": {"flavor": "x", "min": 3, "max": 1}}},
)

WRONG_SETTINGS: tuple[dict[str, Value], ...] = (
    {"aws_role_arn": "engineer"},
    {"aws_role_arn": "arn:aws:iam::123456789012:user/jest"},
    {"aws_mfa_serial": "arn:aws:iam::123456789012:user/jest"},
    {"aws_mfa_serial": "123456"},
)
"""Of no root: Terraform never sees them."""


@requires_terraform
@pytest.mark.parametrize("root", [Root.FOUNDATION, Root.CLUSTER])
def test_terraform_finds_the_same_validations_failed(
    tmp_path: Path, declared: Declarations, root: Root
) -> None:
    """The declarations alone make a root without providers: its plan evaluates the validations, no more."""
    shutil.copy(TERRAFORM / root.value / "variables.tf", tmp_path)
    different = {}
    for wrong in WRONG:
        values = declared.for_root({**RIGHT, **wrong}, root)
        (tmp_path / "values.tfvars.json").write_text(json.dumps(values))
        said = terraform(tmp_path, "plan", "-json", "-lock=false", "-var-file=values.tfvars.json")
        diagnostics = [json.loads(line).get("diagnostic") for line in said.stdout.splitlines()]
        theirs = sorted(
            " ".join(each["detail"].split("\n\nThis was checked by")[0].split())
            for each in diagnostics
            if each and each["severity"] == "error"
        )
        ours = sorted(_reached(declared, root, declared.check({**RIGHT, **wrong})))
        if ours != theirs:
            different[json.dumps(wrong)] = (ours, theirs)
    assert different == {}


def _reached(declared: Declarations, root: Root, problems: list[Problem]) -> list[str]:
    """What Terraform gets to: it does not look at a variable whose validations refer to one that failed."""
    failed = {problem.variable for problem in problems if root.value in declared[problem.variable].roots}
    return [
        " ".join(problem.message.split())
        for problem in problems
        if problem.variable in failed and not _refers_to(declared, problem.variable) & failed
    ]


def _refers_to(declared: Declarations, name: str) -> set[str]:
    validations = declared[name].validations
    named = [variables_in(part) for each in validations for part in (each.condition, each.message)]
    return {other for names in named for other in names} - {name}


def test_wrong_values_are_wrong(declared: Declarations) -> None:
    assert [
        wrong
        for wrong in (*WRONG, *WRONG_SETTINGS)
        if not declared.check({**RIGHT, **wrong}) and "allow_world" not in wrong
    ] == []


# --- made-up roots ------------------------------------------------------------------------------------------


def test_problems_are_sentences_with_the_line(tmp_path: Path) -> None:
    declared = declare(
        tmp_path,
        cluster="""
variable "size" { type = number }
variable "vpc_cidr" { default = "10.0.0.0/16" }
variable "nodes" { type = map(object({ address = string })) }
variable "zones" {
  type     = list(string)
  nullable = false
}
""",
    )
    values: dict[str, Value] = {"vpc_cdr": "x", "nodes": {"a": {"address": []}}, "zones": None, "qqq": 1}
    assert declared.check(values, {"nodes": 7, "vpc_cdr": 3}) == [
        Problem("vpc_cdr", "There is no variable vpc_cdr: did you mean vpc_cidr?", 3),
        Problem("qqq", "There is no variable qqq: remove it, or declare it in a file of your own.", None),
        Problem("size", "size is not set, and it has no default.", None),
        Problem("nodes", 'nodes["a"].address must be a string, but is a list.', 7),
        Problem("zones", "zones must not be null: it has no default.", None),
    ]


def test_null_means_the_default_where_null_is_not_allowed(tmp_path: Path) -> None:
    declared = declare(
        tmp_path,
        cluster="""
variable "size" {
  default  = 3
  nullable = false
  validation {
    condition     = var.size == 3
    error_message = "The size is ${var.size}."
  }
}
""",
    )
    assert declared.check({"size": None}) == []
    assert messages(declared.check({"size": 4})) == ["The size is 4."]


def test_validations_see_other_variables_and_say_what_they_say(tmp_path: Path) -> None:
    declared = declare(
        tmp_path,
        cluster="""
variable "min" {
  type    = number
  default = 1
}
variable "max" {
  type    = number
  default = 2
  validation {
    condition     = var.max >= var.min
    error_message = "max is ${var.max}, below min, ${var.min}${"."}"
  }
}
variable "names" {
  type    = set(string)
  default = ["b", "a"]
  validation {
    condition     = join(",", var.names) == "a,b"
    error_message = "wrong: ${jsonencode(var.names)}"
  }
}
""",
    )
    assert declared.check({}) == []
    assert messages(declared.check({"min": "5"})) == ["max is 2, below min, 5."]
    assert messages(declared.check({"names": ["x", "x"]})) == ['wrong: ["x"]']
    assert messages(declared.check({"min": []})) == ["min must be a number, but is a list."]


def test_what_only_terraform_evaluates_neither_passes_nor_fails_here(tmp_path: Path) -> None:
    declared = declare(
        tmp_path,
        cluster="""
variable "text" {
  default = "x"
  validation {
    condition     = sha256(var.text) == "no" || fileexists(var.text)
    error_message = "No."
  }
}
""",
    )
    assert declared.check({}) == []
    assert declared.left_to_terraform({}) == ["text"]
    (validation,) = declared["text"].validations
    assert verdict(validation, Evaluator({"text": "x"})) == (Verdict.UNDECIDED, "")


def test_a_sensitive_value_is_not_in_the_message(tmp_path: Path) -> None:
    declared = declare(
        tmp_path,
        cluster="""
variable "token" {
  type      = string
  sensitive = true
  validation {
    condition     = length(var.token) > 20
    error_message = "${var.token} is short."
  }
}
""",
    )
    (message,) = messages(declared.check({"token": "geheim"}))
    assert "geheim" not in message
    assert message == "token does not hold to its rule: length(var.token) > 20."


def test_a_condition_that_breaks_is_told(tmp_path: Path) -> None:
    declared = declare(
        tmp_path,
        cluster="""
variable "list" {
  default = []
  validation {
    condition     = var.list[0] == "a"
    error_message = "No."
  }
}
""",
    )
    (message,) = messages(declared.check({}))
    assert message.endswith("It could not be evaluated: there is no element 0.")


def test_groups_come_from_headings_and_file_names_and_stay_together(tmp_path: Path) -> None:
    declared = declare(
        tmp_path,
        settings='# What kubeplat reads.\n# No heading.\n\nvariable "sandbox" { default = false }\n',
        foundation='# --- Network ---\n\nvariable "a" {}\n\n# of b\nvariable "b" {}\n\n'
        '# Machines\n\nvariable "c" {}\n',
        cluster='variable "d" {}\n\n# Network\n\nvariable "e" {}\n',
        cluster_load_balancers='variable "f" {}\n',
    )
    assert [(variable.group, name) for name, variable in declared.items()] == [
        ("Kubeplat", "sandbox"),
        ("Network", "a"),
        ("Network", "b"),
        ("Network", "e"),
        ("Machines", "c"),
        ("Cluster", "d"),
        ("Load balancers", "f"),
    ]


def test_a_variable_of_two_roots_is_one_and_must_be_alike(tmp_path: Path) -> None:
    rule = '  validation {\n    condition = VALID\n    error_message = "No."\n  }\n'
    text = f'variable "a" {{\n  type = string\n{rule}}}\n'
    declared = declare(
        tmp_path,
        foundation=text.replace("VALID", 'var.a != "x"'),
        cluster=text.replace("VALID", 'var.a  != "x"'),
    )
    assert declared["a"].roots == {"foundation", "cluster"}
    assert declared["a"].default is REQUIRED
    assert messages(declared.check({"a": "x"})) == ["No."]
    with pytest.raises(
        InputError,
        match=r"a has another type in cluster/variables\.tf:1 than in foundation/variables\.tf:1\.",
    ):
        declare(tmp_path, cluster='variable "a" { type = number }')


def test_the_users_own_files_declare_for_the_cluster(tmp_path: Path) -> None:
    own = tmp_path / "config.d"
    (own / "deep").mkdir(parents=True)
    (own / "deep" / "grafana.tf").write_text('resource "x" "y" {}\nvariable "grafana_size" { default = 1 }\n')
    (own / "broken.txt").write_text("{{{")
    declare(tmp_path, cluster='variable "a" { default = 1 }')
    declared = variables.declared(tmp_path, own)
    assert declared["grafana_size"].roots == {"cluster"}
    assert declared["grafana_size"].group == declared["grafana_size"].origin == "config.d: deep/grafana.tf"
    assert declared["grafana_size"].place == "config.d/deep/grafana.tf:2"
    (own / "twice.tf").write_text('variable "a" {}\n')
    with pytest.raises(
        InputError, match=r"a is declared twice: cluster/variables\.tf:1 and config\.d/twice\.tf:1"
    ):
        variables.declared(tmp_path, own)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('variable "a" {\n  type = strin\n}\n', r"cluster/variables\.tf:2:10: `strin` is not a type\."),
        ('variable "a" {\n  type = string\n', r"cluster/variables\.tf:1:14: `\{` is never closed\."),
        ('variable "a" {\n  type = number\n  default = "x"\n}\n', r"\.tf:3:13: the default of a must be"),
        ('variable "a" {\n  default = var.b\n}\n', r"variables\.tf:2:13: `var\.b` is not a plain value\."),
    ],
)  # fmt: skip
def test_a_broken_declaration_is_told_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        declare(tmp_path, cluster=text)


def test_no_declarations_at_all_is_a_broken_checkout(tmp_path: Path) -> None:
    with pytest.raises(KubeplatError, match="No variables are declared below"):
        variables.declared(tmp_path)


def test_an_environment_is_refused_with_all_its_problems(declared: Declarations) -> None:
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in {**RIGHT, "sandbx": True}.items())
    document = Document.parse(text.replace('"eu-west-2"', '"eu-west-2a"').encode(), "dev.tfvars")
    lines = {attribute.name: attribute.line for attribute in document.attributes}
    environment = Environment("dev", Path("environments/dev.tfvars"), document.values(), lines)
    with pytest.raises(InputError) as caught:
        variables.check_environment(environment, declared)
    assert caught.value.what == "The file of dev has 2 problems; nothing was changed."
    assert "dev.tfvars:11: There is no variable sandbx: did you mean sandbox?" in caught.value.why
    assert "dev.tfvars:2: This is not the name of an AWS region" in caught.value.why
    variables.check_environment(Environment("dev", Path("dev.tfvars"), RIGHT), declared)
