"""Which machine a person means, and whom to log in as on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.inventory import Instance, Layer
from kubeplat_tui.services.ssh.bastions import candidates
from kubeplat_tui.services.ssh.finding import find, successor
from kubeplat_tui.services.ssh.names import short_names
from kubeplat_tui.services.ssh.users import by_image, user_for
from tests.unit.ssh_machines import Lab
from tests.unit.ssh_servers import instance

if TYPE_CHECKING:
    from pathlib import Path

BASTION = instance(1, Layer.BASTION, public="54.1.2.3")
MASTERS = [instance(number) for number in (100, 101, 102)]
WORKER = instance(7, Layer.COMPUTE, name="demo-compute-a")
STOPPED = instance(8, Layer.COMPUTE, name="demo-compute-b", state="stopped")
ALL = [BASTION, *MASTERS, WORKER, STOPPED]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("i-0101", MASTERS[1]),
        ("10.80.10.102", MASTERS[2]),
        ("54.1.2.3", BASTION),
        ("demo-bastion", BASTION),
        ("demo-compute-a", WORKER),
        ("compute-a", WORKER),
        (" secure ", MASTERS[0]),
        ("bastion", BASTION),
        ("compute", WORKER),
        ("i-08", STOPPED),
    ],
)
def test_a_machine_is_found_by_name_id_address_or_layer(text: str, found: Instance) -> None:
    assert find(text, ALL) == found
    assert find(text, ALL[::-1]) == found


def test_a_name_that_fits_several_lists_them() -> None:
    with pytest.raises(InputError, match="demo-secure fits 3 machines") as refusal:
        find("demo-secure", ALL)
    assert all(each.id in refusal.value.why for each in MASTERS)


def test_a_name_that_fits_several_means_the_one_that_runs() -> None:
    gone = replace(WORKER, id="i-0old", state="shutting-down")
    assert find("demo-compute-a", [gone, WORKER]) == WORKER


@pytest.mark.parametrize(
    ("text", "near"), [("demo-bastoin", "demo-bastion"), ("secur", "secure"), ("10.80.10.10", "10.80.10.1")]
)
def test_a_name_that_fits_none_gets_the_nearest(text: str, near: str) -> None:
    machines = ALL if text != "secur" else [BASTION]
    with pytest.raises(InputError) as refusal:
        find(text, machines)
    assert refusal.value.todo.startswith("Did you mean ")
    assert near[:8] in refusal.value.todo


def test_a_layer_without_a_running_machine_says_so() -> None:
    with pytest.raises(InputError, match="No machine of the layer compute is running"):
        find("compute", [STOPPED])
    with pytest.raises(InputError, match="There is no machine in the layer secure"):
        find("secure", [BASTION])
    with pytest.raises(InputError, match="The environment has no machines"):
        find("", [])


def test_bastions_are_taken_in_a_steady_order_and_only_where_they_can_be_reached() -> None:
    others = [instance(3, Layer.BASTION, public="54.1.2.5"), instance(2, Layer.BASTION, public="54.1.2.4")]
    useless = [instance(4, Layer.BASTION), instance(5, Layer.BASTION, public="54.1.2.6", state="pending")]
    wanted = ["i-01", "i-02", "i-03"]
    assert [each.id for each in candidates([*useless, *others, BASTION, *MASTERS])] == wanted
    assert [each.id for each in candidates([BASTION, *others[::-1], *useless])] == wanted


@pytest.mark.parametrize(
    ("image", "user"),
    [
        ("al2023-ami-2023.6.20250101.0-kernel-6.1-x86_64", "ec2-user"),
        ("Flatcar-stable-4081.2.1-hvm", "core"),
        ("fedora-coreos-41.20250105.3.0-x86_64", "core"),
        ("ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20250115", "ubuntu"),
        ("debian-12-amd64-20250115-1993", "admin"),
        ("", "ec2-user"),
    ],
)
def test_the_user_comes_from_the_image_s_name(image: str, user: str) -> None:
    assert by_image(image) == user


def test_an_image_is_looked_up_once_and_a_failure_is_not_kept(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.ec2.images["ami-1"] = "Flatcar-stable"
    machine = replace(MASTERS[0], image="ami-1")
    answer: Any = {"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}
    lab.ec2.error = ClientError(answer, "DescribeImages")
    assert user_for(lab.site, machine) == "ec2-user"
    lab.ec2.error = None
    assert [user_for(lab.site, machine) for _ in range(3)] == ["core"] * 3
    assert lab.ec2.looked_up == 2
    assert user_for(lab.site, replace(machine, image="ami-gone")) == "ec2-user"
    lab.close()


def test_the_short_names_tell_the_machines_of_a_layer_apart() -> None:
    tags = (("Env", "demo"),)
    zones = [replace(MASTERS[0], tags=tags, zone=f"eu-west-2{letter}", id=f"i-0{letter}") for letter in "abc"]
    second = replace(zones[1], id="i-0d", launched=zones[1].launched + timedelta(hours=1))
    going = replace(zones[0], id="i-0old", state="shutting-down")
    other = replace(WORKER, layer=Layer.UNKNOWN, name="jump", id="i-0e")
    machines = [second, going, *zones, other]
    assert short_names(machines) == {
        "i-0a": "secure-a", "i-0b": "secure-b1", "i-0d": "secure-b2", "i-0c": "secure-c",
        "i-0e": "jump", "i-0old": "i-0old",
    }  # fmt: skip
    assert find("secure-a", machines).id == "i-0a"
    assert find("demo-secure-b2", machines).id == "i-0d"
    with pytest.raises(InputError) as refusal:
        find("secure-d", machines)
    assert refusal.value.todo in {f"Did you mean secure-{name}?" for name in ("a", "c")}


def test_a_machine_that_is_gone_has_its_groups_newest_of_the_zone_for_successor() -> None:
    gone = replace(MASTERS[0], auto_scaling_group="demo-secure-a")
    later = gone.launched + timedelta(minutes=5)
    new = replace(gone, id="i-0new", private_ip="10.80.10.9", launched=later)
    elsewhere = replace(new, id="i-0far", auto_scaling_group="demo-secure-b")
    assert successor(gone, [gone, new]) is None
    assert successor(gone, [replace(gone, state="shutting-down"), elsewhere, new]) == new
    assert successor(gone, [elsewhere]) is None
    taken = replace(elsewhere, private_ip=gone.private_ip)
    assert successor(gone, [taken, new]) == taken
    assert successor(gone, [replace(new, state="pending")]) is None
