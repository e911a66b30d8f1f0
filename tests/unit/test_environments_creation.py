"""A new environment in earnest: what is suggested for it, the file that comes of the answers, and copies of one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from kubeplat_tui.services.environments import creation, suggestion, templates
from kubeplat_tui.services.environments.creation import NewEnvironment
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.variables import declarations as variables
from kubeplat_tui.services.workplace import Workplace
from tests.unit.sites import REGION, SETTINGS, LosableCloud

if TYPE_CHECKING:
    from kubeplat_tui.services.variables.declarations import Declarations

CHECKOUT = Path(__file__).parents[2]
NEW = NewEnvironment(
    name="lab",
    region=REGION,
    account="123456789012",
    zones=("eu-west-2a", "eu-west-2b", "eu-west-2c"),
    vpc_cidr="10.81.0.0/16",
    public_zone_name="platform.example.org",
    access_cidrs=("203.0.113.7/32",),
)


@pytest.fixture(scope="module")
def declared() -> Declarations:
    return variables.declared(CHECKOUT / "terraform")


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    folder = tmp_path / "environments"
    folder.mkdir()
    return Workplace(folder, CHECKOUT / "terraform", tmp_path / "s", tmp_path / "c", tmp_path / "k")


def put(workplace: Workplace, name: str, extra: str = "") -> Path:
    path = workplace.environments / f"{name}.tfvars"
    path.write_text(SETTINGS.format(name=name, region=REGION, account="123456789012") + extra)
    return path


# --- made -------------------------------------------------------------------------------------------------------


def test_the_answers_become_a_private_file_that_passes_every_check(
    workplace: Workplace, declared: Declarations
) -> None:
    made = creation.make(workplace, declared, NEW)
    variables.check_environment(made, declared)
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert (made.region, made.account, made.sandbox, made.profile) == (REGION, "123456789012", False, "lab")
    assert made.values["secure_nodes"] == {
        "0": {"zone": "a", "address": "10.81.10.100"},
        "1": {"zone": "b", "address": "10.81.11.100"},
        "2": {"zone": "c", "address": "10.81.12.100"},
    }
    assert str(made.values["terraform_bucket_name"]).startswith("lab-state-")
    assert made.values["kms_master_id"] == ""
    assert "\n\n\n" not in made.path.read_text()


def test_the_sandbox_has_its_own_account_and_a_zone_that_is_made(
    workplace: Workplace, declared: Declarations
) -> None:
    new = replace(NEW, sandbox=True, account="", access_cidrs=(), public_zone_create=True)
    made = creation.make(workplace, declared, new)
    assert (made.sandbox, made.account) == (True, "123456789012")
    assert made.values["public_zone_create"] is True
    assert made.values["ssh_access_list"] == ["127.0.0.1/32"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "Lab"}, "Lab cannot be an environment's name"),
        ({"name": "sandbox"}, "sandbox cannot be an environment's name"),
        ({"name": "sg-1"}, "AWS keeps names that begin with internal- and sg-"),
        ({"region": "london"}, "three different zones of london"),
        ({"account": "1234"}, "An AWS account's number has 12 digits"),
        ({"zones": ("a", "b")}, "needs three different zones of eu-west-2, and a, b was named"),
        ({"zones": ("a", "b", "b")}, "needs three different zones"),
        ({"zones": ()}, "none was named"),
        ({"vpc_cidr": "10.10.0.0/16"}, "overlaps 10.10.0.0/16, the network of the pods"),
        ({"vpc_cidr": "10.200.0.0/20"}, "overlaps 10.200.0.0/16, the network of the services"),
        ({"vpc_cidr": "10.81.0.0/8"}, "is not an IPv4 network"),
        ({"access_cidrs": ("0.0.0.0/0",)}, "lets the whole internet in"),
        ({"access_cidrs": ("home",)}, "is not an IPv4 network"),
        ({"public_zone_name": "Example"}, "not the name of a DNS zone"),
        ({"secrets_bucket_name": "No Bucket"}, "A bucket's name has"),
        ({"template": "fancy"}, "There is no template fancy. There are: environment"),
    ],
)
def test_what_is_wrong_with_the_answers_is_said_and_nothing_is_written(
    workplace: Workplace, declared: Declarations, change: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InputError) as raised:
        creation.make(workplace, declared, replace(NEW, **change))  # type: ignore[arg-type]  # tuples, too
    assert sentence in str(raised.value)
    assert list(workplace.environments.iterdir()) == []


def test_what_is_typed_cannot_leave_its_string(workplace: Workplace, declared: Declarations) -> None:
    with pytest.raises(InputError, match="not the name of a DNS zone"):
        creation.make(workplace, declared, replace(NEW, public_zone_name='a"\nsandbox = true #'))
    new = replace(NEW, profile='x" ${path.root} %{ if true }\n#')
    made = creation.make(workplace, declared, new)
    assert made.values["aws_profile"] == new.profile


def test_a_name_that_is_taken_stays_as_it_is(workplace: Workplace, declared: Declarations) -> None:
    path = put(workplace, "lab")
    before = path.read_bytes()
    with pytest.raises(InputError, match="There is an environment lab already"):
        creation.make(workplace, declared, NEW)
    with pytest.raises(InputError, match="There is an environment lab already"):
        creation.copy(workplace, declared, "lab", "lab")
    assert path.read_bytes() == before


def test_a_template_of_one_s_own_is_offered_and_used(workplace: Workplace, declared: Declarations) -> None:
    own = workplace.environments / "small.tfvars.j2"
    standard = templates.find(workplace, templates.STANDARD).read_text()
    own.write_text(standard + "\ncompute_asg_min = 1 # ours\n")
    assert templates.names(workplace) == ["environment", "small"]
    made = creation.make(workplace, declared, replace(NEW, template="small"))
    assert made.values["compute_asg_min"] == 1
    own.write_text("{{ nothing }}")
    with pytest.raises(KubeplatError, match=r"small\.tfvars\.j2 is broken"):
        creation.make(workplace, declared, replace(NEW, name="lab2", template="small"))


# --- suggested --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("in_process_aws")
def test_a_suggestion_is_looked_up_in_the_account_and_collides_with_nobody(
    workplace: Workplace, declared: Declarations
) -> None:
    put(workplace, "usual")  # says nothing of its network: it has the default
    put(workplace, "other", 'vpc_cidr = "10.81.0.0/16"\n')
    boto3.client("ec2", REGION).create_vpc(CidrBlock="10.82.0.0/16")
    boto3.client("route53").create_hosted_zone(Name="platform.example.org.", CallerReference="1")
    found = suggestion.suggest(
        workplace, declared, LosableCloud(REGION), "lab", own_network=lambda: "203.0.113.7/32"
    )
    assert found.vpc_cidr == "10.83.0.0/16"
    whose = {taken.cidr: taken.whose for taken in found.taken}
    assert (whose["10.80.0.0/16"], whose["10.81.0.0/16"]) == ("usual", "other")
    assert whose["10.82.0.0/16"].startswith("VPC vpc-")
    assert found.zones == ("eu-west-2a", "eu-west-2b", "eu-west-2c")
    assert "eu-west-2" in found.regions
    assert (found.account, found.access_cidrs) == ("123456789012", ("203.0.113.7/32",))
    assert found.public_zones == ("platform.example.org",)
    assert found.notes == ()
    new = replace(NEW, zones=found.zones[:3], vpc_cidr=found.vpc_cidr)
    creation.make(workplace, declared, new)


def test_a_region_with_too_few_zones_is_said(workplace: Workplace, declared: Declarations) -> None:
    class TwoZones(LosableCloud):
        def client(self, service: str) -> TwoZones:
            if service != "ec2":
                raise KubeplatError(f"No {service} today.")
            return self

        def describe_availability_zones(self, **_: object) -> dict[str, list[dict[str, str]]]:
            return {"AvailabilityZones": [{"ZoneName": f"us-west-1{letter}"} for letter in "ca"]}

        def describe_regions(self) -> dict[str, list[dict[str, str]]]:
            return {"Regions": [{"RegionName": "us-west-1"}]}

        def get_paginator(self, _: str) -> TwoZones:
            return self

        def paginate(self) -> list[dict[str, list[str]]]:
            return [{"Vpcs": []}]

    found = suggestion.suggest(workplace, declared, TwoZones("us-west-1"), "lab", own_network=lambda: None)
    assert found.zones == ("us-west-1a", "us-west-1c")
    assert any("us-west-1 has only 2 zones for this account" in note for note in found.notes)
    assert any("own address could not be learned" in note for note in found.notes)


def test_without_an_answer_there_is_still_a_suggestion_and_why_it_is_short(
    workplace: Workplace, declared: Declarations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "gone")

    class Silent(LosableCloud):
        def client(self, service: str) -> None:
            raise KubeplatError(f"No {service} today.")

    found = suggestion.suggest(
        workplace, declared, Silent(REGION), "lab", own_network=lambda: None, environ={"HOME": "/nowhere"}
    )
    assert (found.account, found.zones, found.vpc_cidr) == ("", (), "10.80.0.0/16")
    assert "eu-west-2" in found.regions
    assert {"No ec2 today.", "No route53 today."} <= set(found.notes)


@pytest.mark.parametrize(
    ("files", "keys", "profile"),
    [
        ("", False, ""),
        ("[lab]\n[default]\n", False, ""),
        ("[default]\n[other]\n", False, "default"),
        ("[only]\n", False, "only"),
        ("[one]\n[two]\n", False, ""),
        ("[only]\n", True, ""),
    ],
)
def test_the_profile_is_that_of_the_name_or_the_usual_one(
    tmp_path: Path, files: str, keys: bool, profile: str
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(files)
    environ = {"HOME": str(tmp_path), **({"AWS_ACCESS_KEY_ID": "x"} if keys else {})}
    assert suggestion.profile_for("lab", environ) == profile


# --- copied -----------------------------------------------------------------------------------------------------


def test_a_copy_has_networks_buckets_names_and_key_of_its_own_and_the_comments(
    workplace: Workplace, declared: Declarations
) -> None:
    source = creation.make(workplace, declared, replace(NEW, vpc_cidr="10.96.16.0/20", profile="work"))
    text = source.path.read_text().replace('kms_master_id = ""', 'kms_master_id = "alias/lab"')
    text = text.replace("secure_nodes = {\n", "secure_nodes = { # three of them\n")
    source.path.write_text(text + '\n# our own\ncompute_labels = { team = "lab" }\n')
    made = creation.copy(workplace, declared, "lab", "lab-two")
    variables.check_environment(made, declared)
    assert made.values["vpc_cidr"] == "10.80.0.0/20"
    assert made.values["secure_nodes"]["0"]["address"].startswith("10.80.")  # type: ignore[index,call-overload,union-attr]  # a map
    for name in ("terraform_bucket_name", "secrets_bucket_name", "private_zone_name", "kubeapi_dns"):
        assert str(made.values[name]) != str(source.values[name])
        assert "lab-two" in str(made.values[name])
    assert made.values["kms_master_id"] == ""
    assert made.values["public_zone_name"] == "platform.example.org"
    assert made.values["compute_labels"] == {"team": "lab"}
    assert made.profile == "work"
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert [line for line in made.path.read_text().splitlines() if line.startswith("#")] == [
        *comments,
        "# our own",
    ]
    assert "secure_nodes = { # three of them" in made.path.read_text()


def test_what_a_source_leaves_at_its_default_is_written_where_it_must_differ(
    workplace: Workplace, declared: Declarations
) -> None:
    put(workplace, "prod", "public_zone_create = true\n")
    made = creation.copy(workplace, declared, "prod", "stage")
    variables.check_environment(made, declared)
    assert made.values["vpc_cidr"] == "10.81.0.0/16"
    assert made.values["nat_subnets"] == {"a": "10.81.0.0/24", "b": "10.81.1.0/24", "c": "10.81.2.0/24"}
    assert made.values["public_zone_name"] == "stage.test"
    assert made.values["aws_profile"] == "prod"


def test_only_the_whole_name_is_replaced(workplace: Workplace, declared: Declarations) -> None:
    path = put(workplace, "a")
    path.write_text(
        path.read_text()
        .replace('"a-state-1a2b"', '"acme-terraform"')  # shared by many: states are told apart by their keys
        .replace('"a-secrets-1a2b"', '"acme-data-a-0a1b2c"')
        .replace('"kube-a"', '"api"')
    )
    made = creation.copy(workplace, declared, "a", "b")
    assert made.values["terraform_bucket_name"] == "acme-terraform"
    assert str(made.values["secrets_bucket_name"]).startswith("acme-data-b-")
    assert made.values["secrets_bucket_name"] != "acme-data-b-0a1b2c"
    assert made.values["kubeapi_dns"] == "kube-b"


def test_a_broken_source_is_not_copied(workplace: Workplace, declared: Declarations) -> None:
    put(workplace, "prod", "bastion_count = 99\n")
    with pytest.raises(InputError, match=r"prod\.tfvars:13: bastion_count is a whole number"):
        creation.copy(workplace, declared, "prod", "stage")
    with pytest.raises(InputError, match="There is no environment nobody"):
        creation.copy(workplace, declared, "nobody", "stage")
    assert not (workplace.environments / "stage.tfvars").exists()
