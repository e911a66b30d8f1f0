"""The working folder: the checkout's files, the user's, backend and variables; written only where it differs."""

from __future__ import annotations

import json
import stat
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.events import Root
from kubeplat_tui.services.hcl.document import Document
from kubeplat_tui.services.terraform import assemble
from kubeplat_tui.services.terraform.assemble import Backend, RootSettings
from kubeplat_tui.services.workplace import Workplace

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.values import Value

REMOTE = Backend("eu-west-2/demo/x.tfstate", "bucket", "eu-west-2", "arn:aws:kms:eu-west-2:1:key/k")
PROTECTED = """\
resource "aws_s3_bucket" "kept" {
  bucket = "b"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_key_pair" "free" {
  lifecycle {
    create_before_destroy = true
  }
}
"""


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    files = {
        "foundation/main.tf": PROTECTED,
        "foundation/.terraform.lock.hcl": "# locked\n",
        "foundation/.terraform/providers/x": "not ours",
        "foundation/tests/names.tftest.hcl": "",
        "cluster/main.tf": "",
        "cluster/terraform.tfstate": "{}",
        "modules/network/main.tf": "",
        "node/boot.sh": "#!/bin/sh\n",
    }
    for name, text in files.items():
        path = tmp_path / "terraform" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Workplace(
        environments=tmp_path,
        terraform=tmp_path / "terraform",
        state=tmp_path / "state",
        cache=tmp_path / "cache",
        config=tmp_path / "config",
    )


def assembled(workplace: Workplace, may_destroy: bool = False, **values: Value) -> assemble.Assembly:
    return assemble.assemble(
        workplace, {root: RootSettings(values, REMOTE, may_destroy=may_destroy) for root in Root}
    )


def test_only_what_belongs_to_a_configuration_is_taken(workplace: Workplace) -> None:
    files = assembled(workplace).files
    assert set(files) == {
        "foundation/main.tf",
        "foundation/.terraform.lock.hcl",
        "foundation/backend.tf",
        "foundation/kubeplat.auto.tfvars.json",
        "cluster/main.tf",
        "cluster/backend.tf",
        "cluster/kubeplat.auto.tfvars.json",
        "modules/network/main.tf",
        "node/boot.sh",
    }


def test_the_backend_has_no_keys_and_a_lock(workplace: Workplace) -> None:
    text = assembled(workplace).files["cluster/backend.tf"].decode()
    block = Document.parse(text.encode(), "backend.tf").blocks[0].blocks[0]
    assert {one.name: one.value for one in block.attributes} == {
        "bucket": "bucket",
        "key": "eu-west-2/demo/x.tfstate",
        "region": "eu-west-2",
        "encrypt": True,
        "kms_key_id": "arn:aws:kms:eu-west-2:1:key/k",
        "use_lockfile": True,
    }


def test_writing_again_touches_nothing_and_keeps_terraforms_own(workplace: Workplace, tmp_path: Path) -> None:
    work = tmp_path / "work"
    assembled(workplace).write(work)
    kept = work / "cluster" / ".terraform" / "providers"
    kept.mkdir(parents=True)
    (work / "cluster" / "errored.tfstate").write_text("the only copy")
    (work / "cluster" / "old.tf").write_text("")
    (work / "cluster" / "gone").mkdir()
    before = (work / "cluster" / "main.tf").stat().st_ino
    assembled(workplace).write(work)
    assert (work / "cluster" / "main.tf").stat().st_ino == before
    assert kept.is_dir()
    assert (work / "cluster" / "errored.tfstate").exists()
    assert not (work / "cluster" / "old.tf").exists()
    assert not (work / "cluster" / "gone").exists()
    assert stat.S_IMODE((work / "cluster" / "kubeplat.auto.tfvars.json").stat().st_mode) == 0o600


def test_the_digest_is_of_everything_the_root_reads(workplace: Workplace) -> None:
    first = assembled(workplace, size=1)
    again = assembled(workplace, size=1)
    other = assembled(workplace, size=2)
    assert first.digest(Root.CLUSTER) == again.digest(Root.CLUSTER)
    assert first.digest(Root.CLUSTER) != other.digest(Root.CLUSTER)
    assert first.configuration_digest(Root.CLUSTER) == other.configuration_digest(Root.CLUSTER)
    (workplace.terraform / "modules" / "network" / "main.tf").write_text("locals {}\n")
    changed = assembled(workplace, size=1)
    assert first.digest(Root.CLUSTER) != changed.digest(Root.CLUSTER)
    (workplace.terraform / "foundation" / "main.tf").write_text("")
    assert assembled(workplace, size=1).digest(Root.CLUSTER) == changed.digest(Root.CLUSTER)


def test_what_is_protected_may_go_in_a_cleanup_only(workplace: Workplace) -> None:
    name = "foundation/kubeplat_destroy_override.tf"
    assert name not in assembled(workplace).files
    override = Document.parse(assembled(workplace, may_destroy=True).files[name], name)
    (block,) = override.blocks
    assert block.labels == ("aws_s3_bucket", "kept")
    (guard,) = block.blocks[0].attributes
    assert (guard.name, guard.value) == ("prevent_destroy", False)


@pytest.mark.parametrize("name", ["main.tf", "backend.tf", "kubeplat.auto.tfvars.json"])
def test_a_file_of_the_users_with_a_name_of_ours_is_refused(
    workplace: Workplace, tmp_path: Path, name: str
) -> None:
    own = tmp_path / "config.d"
    own.mkdir()
    (own / name).write_text("")
    place = Workplace(
        workplace.environments, workplace.terraform, workplace.state, workplace.cache, workplace.config, own
    )
    with pytest.raises(InputError, match=name):
        assembled(place)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_a_plain_string_in_hcl(text: str) -> None:
    document = Document.parse(f"x = {assemble.quoted(text)}\n".encode(), "x.tf")
    assert document.values() == {"x": unicodedata.normalize("NFC", text)}  # as HCL reads every string


def test_variables_are_json(workplace: Workplace) -> None:
    data = assembled(workplace, cidrs=["10.0.0.0/8"]).files["cluster/kubeplat.auto.tfvars.json"]
    assert json.loads(data) == {"cidrs": ["10.0.0.0/8"]}
