"""Instances of the simulated EC2 as the machines see them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from kubeplat_tui.sandbox.corrections import ec2_console_output, instance_events
from kubeplat_tui.sandbox.corrections.instance_events import Ending
from kubeplat_tui.sandbox.machines import instances

pytestmark = pytest.mark.usefixtures("in_process_aws")

PUBLIC = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGLGlfTrEDX8lyIz6pfE5RSvTqjYl1LFgBEWbRfm3SXO somebody"


@pytest.fixture
def ec2() -> Any:
    return boto3.client("ec2", region_name="eu-west-1")


def launch(ec2: Any, **more: Any) -> dict[str, Any]:
    tags = [{"Key": "Name", "Value": "play-bastion"}, {"Key": "Role", "Value": "bastion"}]
    answer = ec2.run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        **more,
    )
    described = ec2.describe_instances(InstanceIds=[answer["Instances"][0]["InstanceId"]])
    return dict(described["Reservations"][0]["Instances"][0])


def test_an_instance_in_our_words(ec2: Any) -> None:
    ec2.import_key_pair(KeyName="ours", PublicKeyMaterial=PUBLIC)
    made = launch(ec2, KeyName="ours")
    found = instances.bastion_at(made["PublicIpAddress"])
    assert found is not None
    assert (found.id, found.name, found.is_bastion) == (made["InstanceId"], "play-bastion", True)
    assert found.vpc == made["VpcId"]
    assert found.address == made["PrivateIpAddress"]
    assert made["PrivateDnsName"] in found.private
    assert found.key == PUBLIC
    assert "ssh-ed25519" not in repr(found)
    assert instances.bastion_at(made["PublicDnsName"]) == found
    assert instances.neighbour_at(made["VpcId"], made["PrivateIpAddress"]) == found
    assert instances.neighbour_at("vpc-other", made["PrivateIpAddress"]) is None
    assert instances.running(made["InstanceId"]) == found


@pytest.mark.parametrize("how", list(Ending))
def test_every_ending_is_told_once_it_has_happened(
    ec2: Any, how: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = launch(ec2)
    heard: list[tuple[str, Ending, bool]] = []
    monkeypatch.setattr(instance_events, "_listeners", [])
    instance_events.listen(lambda who, how: heard.append((who, how, instances.running(who) is not None)))
    getattr(ec2, f"{how.value}_instances")(InstanceIds=[made["InstanceId"]])
    assert heard == [(made["InstanceId"], how, how is Ending.REBOOT)]


def test_an_instance_that_does_not_run_has_no_address(ec2: Any) -> None:
    made = launch(ec2)
    ec2.stop_instances(InstanceIds=[made["InstanceId"]])
    assert instances.bastion_at(made["PublicIpAddress"]) is None
    assert instances.running(made["InstanceId"]) is None


def test_the_console_is_what_the_machine_says(ec2: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = launch(ec2)["InstanceId"]
    monkeypatch.setattr(ec2_console_output, "_says", None)
    assert "Linux version" in ec2.get_console_output(InstanceId=made)["Output"]
    ec2_console_output.show(lambda found: f"this is {found.id}\r\n")
    assert ec2.get_console_output(InstanceId=made, Latest=True)["Output"] == f"this is {made}\r\n"
    ec2_console_output.show(lambda _: "")
    assert "Output" not in ec2.get_console_output(InstanceId=made)
