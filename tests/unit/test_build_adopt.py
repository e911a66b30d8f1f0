"""What an interrupted run made unseen is found by type and name, and never guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from kubeplat_tui.services.adopt import Import, orphans, untagged_orphans
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.events import Root
from kubeplat_tui.services.leftovers import Leftover
from kubeplat_tui.services.terraform.plan import Action, Plan
from kubeplat_tui.services.terraform.plan_reader import IMPORTED, read_plan
from tests.unit.fake_terraform import change
from tests.unit.sites import REGION

EC2 = f"arn:aws:ec2:{REGION}:123456789012"
SUBNET = 'module.network.aws_subnet.tier["a"]'


def plan_of(*changes: dict[str, Any]) -> Plan:
    body = {"format_version": "1.2", "resource_changes": list(changes)}
    return read_plan(body, root=Root.CLUSTER, file=Path("p"), destroy=False, digest="d")


def creation(address: str, type_: str, **after: Any) -> dict[str, Any]:
    return {**change(address, "create", after=after), "type": type_}


def left(kind: str, identity: str, name: str) -> Leftover:
    return Leftover(f"{EC2}:{kind.partition(' ')[2]}/{identity}", kind, name)


def test_the_same_type_and_name_is_taken_over() -> None:
    plan = plan_of(creation(SUBNET, "aws_subnet", tags={"Name": "demo-a"}))
    found = orphans(plan, [left("ec2 subnet", "subnet-1", "demo-a")], frozenset())
    assert found == [Import(SUBNET, "subnet-1")]


@pytest.mark.parametrize("known", ["subnet-1", f"{EC2}:subnet/subnet-1"])
def test_what_the_state_knows_is_left_alone(known: str) -> None:
    plan = plan_of(creation(SUBNET, "aws_subnet", tags={"Name": "demo-a"}))
    assert orphans(plan, [left("ec2 subnet", "subnet-1", "demo-a")], frozenset({known})) == []


def test_a_key_pair_of_another_root_is_left_alone() -> None:
    plan = plan_of(creation("aws_key_pair.mine", "aws_key_pair", key_name="demo"))
    assert orphans(plan, [left("ec2 key-pair", "key-1", "demo")], frozenset({"demo"})) == []


def test_two_of_one_name_are_left_alone() -> None:
    plan = plan_of(creation(SUBNET, "aws_subnet", tags={"Name": "demo-a"}))
    two = [left("ec2 subnet", "subnet-1", "demo-a"), left("ec2 subnet", "subnet-2", "demo-a")]
    assert orphans(plan, two, frozenset()) == []


def test_another_type_of_the_same_name_is_left_alone() -> None:
    plan = plan_of(creation("aws_vpc.main", "aws_vpc", tags={"Name": "demo"}))
    assert orphans(plan, [left("ec2 internet-gateway", "igw-1", "demo")], frozenset()) == []


def test_a_role_is_imported_by_its_name_and_a_balancer_by_its_arn() -> None:
    plan = plan_of(
        creation("aws_iam_role.node", "aws_iam_role", name="demo-node"),
        creation("aws_lb.api", "aws_lb", name="demo-api"),
    )
    arn = f"arn:aws:elasticloadbalancing:{REGION}:123456789012:loadbalancer/net/demo-api/1"
    found = orphans(
        plan,
        [
            Leftover("arn:aws:iam::123456789012:role/demo-node", "iam role", "demo-node"),
            Leftover(arn, "elasticloadbalancing loadbalancer", "demo-api"),
        ],
        frozenset(),
    )
    assert found == [Import("aws_iam_role.node", "demo-node"), Import("aws_lb.api", arn)]


def test_what_is_only_imported_is_shown() -> None:
    entry = change("aws_subnet.a", "no-op", importing={"id": "subnet-1"})
    (found,) = plan_of(entry).changes
    assert (found.action, found.reason) == (Action.UPDATE, IMPORTED)


def test_routes_associations_and_records_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        ec2, route53 = boto3.client("ec2", REGION), boto3.client("route53", REGION)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
            for cidr in ("10.0.0.0/24", "10.0.1.0/24")
        ]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])
        zone = route53.create_hosted_zone(Name="demo.test", CallerReference="x")["HostedZone"]["Id"]
        zone = zone.rpartition("/")[2]
        route53.change_resource_record_sets(
            HostedZoneId=zone,
            ChangeBatch={
                "Changes": [
                    {
                        "Action": "CREATE",
                        "ResourceRecordSet": {
                            "Name": "kube.demo.test",
                            "Type": "A",
                            "TTL": 60,
                            "ResourceRecords": [{"Value": "10.0.0.1"}],
                        },
                    }
                ]
            },
        )
        plan = plan_of(
            creation("aws_route.a", "aws_route", route_table_id=table, destination_cidr_block="0.0.0.0/0"),
            creation("aws_route.b", "aws_route", route_table_id=table, destination_cidr_block="10.9.0.0/16"),
            creation(
                "aws_route_table_association.a",
                "aws_route_table_association",
                route_table_id=table,
                subnet_id=subnets[0],
            ),
            creation(
                "aws_route_table_association.b",
                "aws_route_table_association",
                route_table_id=table,
                subnet_id=subnets[1],
            ),
            creation(
                "aws_route53_record.k", "aws_route53_record", zone_id=zone, name="kube.demo.test", type="A"
            ),
            creation(
                "aws_route53_record.x", "aws_route53_record", zone_id=zone, name="x.demo.test", type="A"
            ),
        )
        assert untagged_orphans(plan, Cloud(REGION, None)) == [
            Import("aws_route.a", f"{table}_0.0.0.0/0"),
            Import("aws_route_table_association.a", f"{subnets[0]}/{table}"),
            Import("aws_route53_record.k", f"{zone}_kube.demo.test_A"),
        ]
