"""Terraform's own checks and tests, and what it cannot check itself: the two roots against each other."""

from __future__ import annotations

import re

import pytest

from .conftest import TREE, Terraform

ROOTS = ("foundation", "cluster")


def declarations(folder: str) -> dict[str, str]:
    """The text of each variable block of a folder, by name."""
    text = (TREE / folder / "variables.tf").read_text(encoding="utf-8")
    blocks = re.finditer(r'^variable "(\w+)" \{\n.*?^\}\n', text, re.MULTILINE | re.DOTALL)
    return {found[1]: found[0] for found in blocks}


def files_with(pattern: str) -> set[str]:
    """The Terraform files that hold a line of this form, relative to the tree."""
    line = re.compile(pattern, re.MULTILINE)
    paths = (path for path in TREE.rglob("*.tf") if ".terraform" not in path.parts)
    return {
        path.relative_to(TREE).as_posix() for path in paths if line.search(path.read_text(encoding="utf-8"))
    }


def test_formatted(terraform: Terraform) -> None:
    done = terraform(".", "fmt", "-check", "-recursive", "-no-color")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("root", ROOTS)
def test_valid(initialised: Terraform, root: str) -> None:
    done = initialised(root, "validate", "-no-color")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("root", ROOTS)
def test_own_tests_pass(initialised: Terraform, root: str) -> None:
    done = initialised(root, "test", "-no-color")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_shared_settings_are_declared_alike() -> None:
    foundation, cluster = declarations("foundation"), declarations("cluster")
    shared = foundation.keys() & cluster.keys()
    assert {"environment", "aws_region", "aws_account", "kms_master_id", "secure_nodes"} <= shared
    assert {name for name in shared if foundation[name] != cluster[name]} == set()


def test_roots_share_one_lock_file() -> None:
    foundation, cluster = ((TREE / root / ".terraform.lock.hcl").read_bytes() for root in ROOTS)
    assert foundation == cluster


@pytest.mark.parametrize("folder", [*ROOTS, "settings"])
def test_every_setting_is_described_typed_and_never_null(folder: str) -> None:
    for name, text in declarations(folder).items():
        for attribute in ("description", "type", "nullable"):
            assert re.search(rf"^  {attribute}\s+=", text, re.MULTILINE), (
                f"{folder}: {name} has no {attribute}"
            )


def test_example_names_every_setting() -> None:
    text = (TREE.parent / "environments" / "example.tfvars").read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:# )?(\w+)\s+=", text, re.MULTILINE)) | {"ssh_public_key"}
    declared = {name for folder in (*ROOTS, "settings") for name in declarations(folder)}
    assert declared - named == set()


def test_what_holds_data_is_protected_in_the_foundations_root() -> None:
    assert files_with(r"^\s*prevent_destroy\s*=\s*true") == {"foundation/etcd.tf", "foundation/secrets.tf"}


def test_nothing_is_counted() -> None:
    """Lists shift when one is taken out of the middle: resources are made by name."""
    assert files_with(r"^\s*count\s*=") == set()
