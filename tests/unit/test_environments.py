"""Environments: found, loaded, made for a user, written to."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services import environments
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.variables import declarations as variables
from kubeplat_tui.services.workplace import Workplace

if TYPE_CHECKING:
    from kubeplat_tui.services.environments import Environment

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    """A workplace with the real templates and Terraform roots, and nothing else."""
    folder = tmp_path / "environments"
    folder.mkdir()
    for name in ("play.tfvars", "example.tfvars"):
        shutil.copy(CHECKOUT / "environments" / name, folder)
    return Workplace(
        folder, CHECKOUT / "terraform", tmp_path / "state", tmp_path / "cache", tmp_path / "config"
    )


def write(workplace: Workplace, name: str, text: str) -> Path:
    path = workplace.environments / f"{name}.tfvars"
    path.write_bytes(text.encode())
    return path


# --- found and loaded ---------------------------------------------------------------------------------------


def test_good_and_broken_files_are_found_in_order_and_templates_are_not(workplace: Workplace) -> None:
    write(workplace, "prod", 'environment = "prod"\n')
    write(workplace, "dev", 'environment = "dev"\nx = [1\n')
    write(workplace, "copy", '# from prod\nenvironment = "prod"\n')
    write(workplace, ".dev.tfvars.tmp", "half")
    (workplace.environments / "folder.tfvars").mkdir()
    found = environments.discover(workplace.environments)
    assert [each.name for each in found] == ["copy", "dev", "prod"]
    assert [each.environment is not None for each in found] == [False, False, True]
    assert "copy.tfvars:2:15: environment is prod, but the file is named copy." in str(found[0].problem)
    assert "dev.tfvars:2:5: `[` is never closed." in str(found[1].problem)


def test_a_folder_that_is_not_there_has_no_environments(tmp_path: Path) -> None:
    assert environments.discover(tmp_path / "none") == []


def test_a_file_that_cannot_be_read_is_a_problem_not_an_absence(workplace: Workplace) -> None:
    (workplace.environments / "gone.tfvars").symlink_to("nowhere")
    (found,) = environments.discover(workplace.environments)
    assert found.environment is None
    assert "could not be read" in str(found.problem)


def test_an_environment_knows_where_it_lives(workplace: Workplace) -> None:
    write(workplace, "prod", 'environment = "prod"\naws_region = "eu-west-1"\naws_account = 123456789012\n')
    prod = environments.load(workplace.environments, "prod")
    assert (prod.sandbox, prod.region, prod.account, prod.profile) == (
        False,
        "eu-west-1",
        "123456789012",
        "prod",
    )
    assert not prod.playground
    assert prod.lines == {"environment": 1, "aws_region": 2, "aws_account": 3}


@pytest.mark.parametrize(
    ("text", "sandbox"), [("true", True), ('"true"', True), ("false", False), ('["true"]', False)]
)
def test_only_true_puts_an_environment_in_the_sandbox(workplace: Workplace, text: str, sandbox: bool) -> None:
    write(workplace, "dev", f'environment = "dev"\nsandbox = {text}\naws_profile = "me"\n')
    dev = environments.load(workplace.environments, "dev")
    assert dev.sandbox is sandbox
    assert (dev.region, dev.account, dev.profile) == ("", "", "me")


def test_the_nearest_name_is_offered(workplace: Workplace) -> None:
    write(workplace, "production", 'environment = "production"\n')
    with pytest.raises(InputError, match=r"There is no environment prodction .* Did you mean production\?"):
        environments.load(workplace.environments, "prodction")
    with pytest.raises(InputError, match=r"There is no environment zzz .* Copy .*example\.tfvars"):
        environments.load(workplace.environments, "zzz")
    with pytest.raises(InputError, match=r"play\.tfvars is a template"):
        environments.load(workplace.environments, "play")


def test_a_copied_file_does_not_work_on_the_environment_it_was_copied_from(workplace: Workplace) -> None:
    write(workplace, "mine", 'environment = "prod"\n')
    with pytest.raises(InputError, match=r"environment is prod, but the file is named mine\."):
        environments.load(workplace.environments, "mine")
    write(workplace, "mine", "sandbox = true\n")
    with pytest.raises(InputError, match=r'Write environment = "mine" into it'):
        environments.load(workplace.environments, "mine")


# --- playgrounds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ("jest", "play-jest"),
        ("jest.o'neil", "play-jest-o-neil"),
        ("J\u00fcrgen M", "play-jurgen-m"),
        ("DOMAIN\\Some.Very-Long_Name", "play-domain-some-ver"),
        ("abcdefghijklmn.opq", "play-abcdefghijklmn"),
        ("", "play-user"),
        ("\u6f22", "play-user"),
        ("--", "play-user"),
        ("../../etc", "play-etc"),
        ('x" #', "play-x"),
    ],
)
def test_playground_names_are_names_of_environments(user: str, name: str) -> None:
    assert environments.playground_name(user) == name
    assert len(name) <= environments.LONGEST_NAME


def test_the_playground_is_made_once_and_is_right(workplace: Workplace) -> None:
    made = environments.create_playground(workplace, "jest.o'neil", sandbox=True)
    assert made.name == "play-jest-o-neil"
    assert made.playground
    assert (made.sandbox, made.region, made.account) == (True, "eu-west-2", "123456789012")
    assert made.values["kms_master_id"] == ""
    assert made.path.stat().st_mode & 0o777 == 0o600
    variables.check_environment(made, variables.declared(workplace.terraform))
    first = made.path.read_bytes()
    again = environments.create_playground(workplace, "jest.o'neil", sandbox=True)
    assert again.values == made.values
    assert made.path.read_bytes() == first
    names = {path.name for path in workplace.environments.iterdir()}
    assert names == {"play.tfvars", "example.tfvars", "play-jest-o-neil.tfvars"}


def test_what_the_user_changed_in_the_playground_stays(workplace: Workplace) -> None:
    path = write(workplace, "play-jest", '# mine\nenvironment = "play-jest"\n')
    made = environments.create_playground(workplace, "jest", sandbox=True)
    assert made.values == {"environment": "play-jest"}
    assert path.read_text() == '# mine\nenvironment = "play-jest"\n'


def test_a_broken_playground_is_told_not_replaced(workplace: Workplace) -> None:
    path = write(workplace, "play-jest", "environment = \n")
    with pytest.raises(InputError, match=r"play-jest\.tfvars:1:14: a value is missing here"):
        environments.create_playground(workplace, "jest", sandbox=True)
    assert path.read_text() == "environment = \n"


def test_many_at_once_make_one_playground(workplace: Workplace) -> None:
    start = threading.Barrier(8)
    suffixes: list[object] = []

    def make() -> None:
        start.wait()
        made = environments.create_playground(workplace, "jest", sandbox=True)
        suffixes.append(made.values["secrets_bucket_name"])

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(suffixes) == 8
    assert len(set(map(str, suffixes))) == 1
    assert len(list(workplace.environments.iterdir())) == 3


def test_a_playground_in_an_account_has_what_was_passed_in(workplace: Workplace) -> None:
    made = environments.create_playground(
        workplace,
        "jest",
        sandbox=False,
        account="210987654321",
        access_cidrs=["203.0.113.7/32", "203.0.113.8/32"],
        region="us-east-1",
        zones=("us-east-1b", "us-east-1d", "us-east-1f"),
        vpc_cidr="10.93.0.0/16",
    )
    assert made.values["secure_subnets"] == {"b": "10.93.10.0/24", "d": "10.93.11.0/24", "f": "10.93.12.0/24"}
    assert made.values["nat_mode"] == "single"
    assert (made.sandbox, made.region, made.account) == (False, "us-east-1", "210987654321")
    assert made.values["ssh_access_list"] == ["203.0.113.7/32", "203.0.113.8/32"]
    variables.check_environment(made, variables.declared(workplace.terraform))


def test_a_broken_template_makes_no_playground(workplace: Workplace) -> None:
    template = workplace.environments / "play.tfvars"
    template.write_text("environment = {{ nobody }}\n")
    with pytest.raises(KubeplatError, match=r"template .* is broken"):
        environments.create_playground(workplace, "jest", sandbox=True)
    template.write_text("environment = [\n")
    with pytest.raises(InputError, match="never closed"):
        environments.create_playground(workplace, "jest", sandbox=True)
    template.unlink()
    template.mkdir()
    with pytest.raises(KubeplatError, match="could not be read"):
        environments.create_playground(workplace, "jest", sandbox=True)
    assert not (workplace.environments / "play-jest.tfvars").exists()


def test_a_folder_of_environments_elsewhere_needs_no_copies_of_the_templates(workplace: Workplace) -> None:
    for template in list(workplace.environments.iterdir()):
        template.unlink()
    assert environments.create_playground(workplace, "jest", sandbox=True).name == "play-jest"
    assert environments.create(workplace, "staging").name == "staging"


def test_a_full_disk_leaves_no_half_playground(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(KubeplatError, match="No space left on device"):
        environments.create_playground(workplace, "jest", sandbox=True)
    assert {path.name for path in workplace.environments.iterdir()} == {"play.tfvars", "example.tfvars"}


def test_a_file_system_without_hard_links_gets_a_playground_too(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    made = environments.create_playground(workplace, "jest", sandbox=True)
    assert made.values["environment"] == "play-jest"
    assert len(list(workplace.environments.iterdir())) == 3


# --- from the example ---------------------------------------------------------------------------------------


def test_a_new_environment_is_the_example_under_its_own_name(workplace: Workplace) -> None:
    made = environments.create(workplace, "staging")
    assert made.values["environment"] == "staging"
    assert made.values["terraform_bucket_name"] == "staging-platform-state"
    assert made.values["kms_master_id"] == ""
    assert made.values["public_zone_name"] == "platform.example.org"
    variables.check_environment(made, variables.declared(workplace.terraform))
    comments = [line for line in made.path.read_text().splitlines() if line.startswith("#")]
    example = (workplace.environments / "example.tfvars").read_text()
    assert comments == [line for line in example.splitlines() if line.startswith("#")]


@pytest.mark.parametrize("name", ["play", "example", "Prod", "1st", "", "a" * 21, "../x", "a b"])
def test_a_name_that_cannot_be_one_is_refused(workplace: Workplace, name: str) -> None:
    before = sorted(workplace.environments.iterdir())
    with pytest.raises(InputError, match="cannot be an environment's name"):
        environments.create(workplace, name)
    assert sorted(workplace.environments.iterdir()) == before


def test_a_taken_name_is_refused(workplace: Workplace) -> None:
    path = write(workplace, "prod", "mine")
    with pytest.raises(InputError, match="There is an environment prod already"):
        environments.create(workplace, "prod")
    assert path.read_text() == "mine"


# --- writing ------------------------------------------------------------------------------------------------


def load(path: Path) -> Environment:
    return environments.load(path.parent, path.stem)


def test_one_value_is_written_and_all_else_stays(workplace: Workplace) -> None:
    path = write(workplace, "dev", '# one\r\nenvironment = "dev"\r\nkms_master_id = "" # two\r\n')
    path.chmod(0o640)
    environments.set_value(path, "kms_master_id", "alias/dev")
    environments.set_value(path, "sandbox", True)
    assert path.read_bytes() == (
        b'# one\r\nenvironment = "dev"\r\nkms_master_id = "alias/dev" # two\r\nsandbox = true\r\n'
    )
    assert path.stat().st_mode & 0o777 == 0o640
    assert load(path).sandbox


def test_a_link_stays_a_link(workplace: Workplace, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "real.tfvars"
    target.parent.mkdir()
    target.write_text('environment = "dev"\n')
    path = workplace.environments / "dev.tfvars"
    path.symlink_to(target)
    environments.set_value(path, "sandbox", True)
    assert path.is_symlink()
    assert target.read_text() == 'environment = "dev"\nsandbox = true\n'
    assert [each.name for each in target.parent.iterdir()] == ["real.tfvars"]


def test_a_file_that_does_not_parse_is_not_written(workplace: Workplace) -> None:
    path = write(workplace, "dev", "environment = [")
    with pytest.raises(InputError, match="never closed"):
        environments.set_value(path, "sandbox", True)
    assert path.read_text() == "environment = ["


def test_a_value_that_is_there_already_is_not_written_again(workplace: Workplace) -> None:
    path = write(workplace, "dev", 'environment="dev"\nlist = [ 1,2 ]\n')
    before = path.stat()
    environments.set_value(path, "list", [1, 2])
    assert path.read_text() == 'environment="dev"\nlist = [ 1,2 ]\n'
    assert path.stat().st_ino == before.st_ino
