"""The inventory and the sweep against the simulated AWS, with two environments in one account."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from kubeplat_tui.sandbox.door import LocalSandbox, stop
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.errors import InputError, NotFoundError
from kubeplat_tui.services.events import Outcome, Stop
from kubeplat_tui.services.inventory import Inventory, Layer
from kubeplat_tui.services.replacement import targets, terminating
from kubeplat_tui.services.replacement.events import GroupActed, MachineChanged, Standing
from tests.unit.sites import make_site, played

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubeplat_tui.services.inventory import Leftover

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    state = tmp_path_factory.mktemp("state")
    opened = Cloud(REGION, None, LocalSandbox(state).open())
    yield opened
    opened.close()
    stop(state)


@dataclass
class Built:
    """A small environment: what `make` made, for the test to look at and `destroy` to take away."""

    cloud: Cloud
    name: str
    vpc: str = ""
    zone: str = ""

    def tags(self, **more: str) -> list[dict[str, str]]:
        tags = {"Env": self.name, f"kubernetes.io/cluster/{self.name}": "owned", **more}
        return [{"Key": key, "Value": value} for key, value in tags.items()]

    def spec(self, *kinds: str, **more: str) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": self.tags(**more)} for kind in kinds]

    def make(self) -> None:
        ec2 = self.cloud.client("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=self.spec("vpc"))["Vpc"]["VpcId"]
        self.subnets = [
            ec2.create_subnet(
                VpcId=self.vpc,
                CidrBlock=f"10.0.{number}.0/24",
                AvailabilityZone=f"{REGION}{zone}",
                TagSpecifications=self.spec("subnet"),
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate("abc")
        ]
        self.group = ec2.create_security_group(
            GroupName=f"{self.name}-secure",
            Description="Masters",
            VpcId=self.vpc,
            TagSpecifications=self.spec("security-group"),
        )["GroupId"]
        self.make_balancer()
        self.make_machines()
        self.make_data()

    def make_balancer(self) -> None:
        elb = self.cloud.client("elbv2")
        self.targets = elb.create_target_group(
            Name=f"{self.name}-api", Protocol="TCP", Port=6443, VpcId=self.vpc, Tags=self.tags()
        )["TargetGroups"][0]["TargetGroupArn"]
        self.balancer = elb.create_load_balancer(
            Name=f"{self.name}-public", Type="network", Subnets=self.subnets, Tags=self.tags()
        )["LoadBalancers"][0]["LoadBalancerArn"]
        forward = {"Type": "forward", "TargetGroupArn": self.targets}
        elb.create_listener(
            LoadBalancerArn=self.balancer,
            Protocol="TCP",
            Port=443,
            DefaultActions=[forward],
            Tags=self.tags(),
        )

    def make_machines(self) -> None:
        ec2 = self.cloud.client("ec2")
        image = ec2.describe_images(ImageIds=["ami-12c6146b"])["Images"][0]
        root = {"VolumeSize": 20, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True}
        machine = {"Name": f"{self.name}-secure", "Role": "secure"}
        self.template = ec2.create_launch_template(
            LaunchTemplateName=f"{self.name}-secure",
            LaunchTemplateData={
                "ImageId": image["ImageId"],
                "InstanceType": "t3.medium",
                "SecurityGroupIds": [self.group],
                "BlockDeviceMappings": [{"DeviceName": image["RootDeviceName"], "Ebs": root}],
                "TagSpecifications": self.spec("instance", "volume", "network-interface", **machine),
            },
            TagSpecifications=self.spec("launch-template"),
        )["LaunchTemplate"]["LaunchTemplateId"]
        self.cloud.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=f"{self.name}-secure",
            MinSize=3,
            MaxSize=3,
            VPCZoneIdentifier=",".join(self.subnets),
            LaunchTemplate={"LaunchTemplateId": self.template, "Version": "$Latest"},
            TargetGroupARNs=[self.targets],
            Tags=[{**tag, "PropagateAtLaunch": True} for tag in self.tags(**machine)],
        )

    def make_data(self) -> None:
        ec2 = self.cloud.client("ec2")
        self.volume = ec2.create_volume(
            AvailabilityZone=f"{REGION}a",
            Size=10,
            Encrypted=True,
            TagSpecifications=self.spec("volume", Name=f"{self.name}-etcd-0", NodeID="0"),
        )["VolumeId"]
        self.key = self.cloud.client("kms").create_key(
            Tags=[{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in self.tags()]
        )["KeyMetadata"]["KeyId"]
        s3 = self.cloud.client("s3")
        s3.create_bucket(
            Bucket=f"{self.name}-secrets", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        s3.put_bucket_tagging(Bucket=f"{self.name}-secrets", Tagging={"TagSet": self.tags()})
        trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        policy = {"Version": "2012-10-17", "Statement": trust}
        self.cloud.client("iam").create_role(
            RoleName=f"{self.name}-secure", AssumeRolePolicyDocument=json.dumps(policy), Tags=self.tags()
        )
        iam = self.cloud.client("iam")
        iam.create_instance_profile(InstanceProfileName=f"{self.name}-secure", Tags=self.tags())
        read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
        self.policy = iam.create_policy(
            PolicyName=f"{self.name}-secrets",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": read}),
            Tags=self.tags(),
        )["Policy"]["Arn"]
        self.zone = (
            self.cloud.client("route53")
            .create_hosted_zone(
                Name=f"{self.name}.internal",
                CallerReference=self.name,
                VPC={"VPCRegion": REGION, "VPCId": self.vpc},
            )["HostedZone"]["Id"]
            .rsplit("/", 1)[-1]
        )
        self.cloud.client("route53").change_tags_for_resource(
            ResourceType="hostedzone", ResourceId=self.zone, AddTags=self.tags()
        )
        address = ec2.allocate_address(Domain="vpc", TagSpecifications=self.spec("elastic-ip"))
        self.address = address["AllocationId"]
        self.nat = ec2.create_nat_gateway(
            SubnetId=self.subnets[0],
            AllocationId=self.address,
            TagSpecifications=self.spec("natgateway"),
        )["NatGateway"]["NatGatewayId"]

    def destroy(self) -> None:
        ec2 = self.cloud.client("ec2")
        elb = self.cloud.client("elbv2")
        self.cloud.client("autoscaling").delete_auto_scaling_group(
            AutoScalingGroupName=f"{self.name}-secure", ForceDelete=True
        )
        elb.delete_load_balancer(LoadBalancerArn=self.balancer)
        elb.delete_target_group(TargetGroupArn=self.targets)
        ec2.delete_nat_gateway(NatGatewayId=self.nat)
        ec2.release_address(AllocationId=self.address)
        ec2.delete_launch_template(LaunchTemplateId=self.template)
        ec2.delete_volume(VolumeId=self.volume)
        self.cloud.client("s3").delete_bucket(Bucket=f"{self.name}-secrets")
        self.cloud.client("kms").schedule_key_deletion(KeyId=self.key, PendingWindowInDays=7)
        self.cloud.client("iam").delete_role(RoleName=f"{self.name}-secure")
        self.cloud.client("iam").delete_instance_profile(InstanceProfileName=f"{self.name}-secure")
        self.cloud.client("iam").delete_policy(PolicyArn=self.policy)
        self.cloud.client("route53").delete_hosted_zone(Id=self.zone)
        ec2.delete_security_group(GroupId=self.group)
        for subnet in self.subnets:
            ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_vpc(VpcId=self.vpc)


@pytest.fixture(scope="module")
def dev(cloud: Cloud) -> Built:
    """The environment looked at, with another one beside it whose name begins the same."""
    for name in ("dev-two", "dev"):
        built = Built(cloud, name)
        built.make()
    return built


def test_only_this_environments_machines_are_listed(cloud: Cloud, dev: Built) -> None:
    found = Inventory(cloud, "dev").instances()
    assert [each.name for each in found] == ["dev-secure"] * 3
    assert {each.zone for each in found} == {f"{REGION}a", f"{REGION}b", f"{REGION}c"}
    assert {each.layer for each in found} == {Layer.SECURE}
    assert {each.state for each in found} == {"running"}
    assert {each.auto_scaling_group for each in found} == {"dev-secure"}
    assert {each.security_groups for each in found} == {("dev-secure",)}
    assert all(each.private_ip.startswith("10.0.") and len(each.volumes) == 1 for each in found)
    assert {each.subnet for each in found} == set(dev.subnets)


@pytest.mark.usefixtures("dev")
def test_only_this_environments_volumes_are_listed(cloud: Cloud) -> None:
    found = Inventory(cloud, "dev").volumes()
    assert [each.name for each in found] == ["dev-etcd-0", *["dev-secure"] * 3]
    etcd, root = found[:2]
    assert (etcd.size, etcd.encrypted, etcd.node_id, etcd.state, etcd.attached_to) == (
        10,
        True,
        "0",
        "available",
        "",
    )
    assert (root.size, root.encrypted, root.state) == (20, True, "in-use")
    assert root.attached_to in {each.id for each in Inventory(cloud, "dev").instances()}


def test_only_this_environments_load_balancers_are_listed(cloud: Cloud, dev: Built) -> None:
    (found,) = Inventory(cloud, "dev").load_balancers()
    assert (found.arn, found.name, found.scheme, found.type) == (
        dev.balancer,
        "dev-public",
        "internet-facing",
        "network",
    )
    assert found.zones == (f"{REGION}a", f"{REGION}b", f"{REGION}c")
    (listener,) = found.listeners
    assert (listener.protocol, listener.port, listener.target_group) == ("TCP", 443, "dev-api")
    assert {each.id for each in listener.targets} == {each.id for each in Inventory(cloud, "dev").instances()}
    assert (found.healthy(), found.targets()) == (3, 3)


@pytest.mark.usefixtures("dev")
def test_a_terminated_machine_is_replaced_and_another_environments_is_safe(cloud: Cloud) -> None:
    ours, theirs = Inventory(cloud, "dev"), Inventory(cloud, "dev-two")
    stranger = theirs.instances()[0]
    with pytest.raises(InputError, match=r"does not belong to dev\..*dev-two"):
        ours.terminate(stranger.id)
    assert stranger in theirs.instances()
    before = ours.instances()
    ours.terminate(before[0].id)
    after = ours.instances()
    assert len(after) == 3
    assert before[0] not in after
    assert before[0].id in {each.id for each in ours.instances(include_terminated=True)}
    (balancer,) = ours.load_balancers()
    assert {target.id for each in balancer.listeners for target in each.targets} == {
        each.id for each in after
    }
    for absent in (before[0].id, "i-0123456789abcdef0", "nonsense"):
        with pytest.raises(NotFoundError):
            ours.terminate(absent)


@pytest.mark.usefixtures("dev")
def test_a_replacement_is_followed_until_it_is_in_service(cloud: Cloud, tmp_path: Path) -> None:
    site = replace(make_site(tmp_path, "dev"), cloud=cloud)
    victim = Inventory(cloud, "dev").instances()[0]
    events, end = played(terminating.terminate(site, targets.look(site, [victim.id]), Stop()))
    assert end.outcome is Outcome.DONE
    moved = [(one.standing, one.new) for one in events if isinstance(one, MachineChanged)]
    assert moved == [(Standing.TERMINATING, False), (Standing.GONE, False), (Standing.IN_SERVICE, True)]
    new = next(one for one in events if isinstance(one, MachineChanged) and one.new)
    assert (new.machine, new.address) in {
        (one.id, one.private_ip) for one in Inventory(cloud, "dev").instances()
    }
    said = {one.text for one in events if isinstance(one, GroupActed)}
    assert f"Terminating EC2 instance: {victim.id}: successful" in said
    assert f"Launching a new EC2 instance: {new.machine}: successful" in said


def kinds(found: list[Leftover]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for each in found:
        counted[each.kind] = counted.get(each.kind, 0) + 1
    return counted


def test_the_sweep_finds_everything_and_after_a_cleanup_nothing(cloud: Cloud) -> None:
    built = Built(cloud, "short")
    built.make()
    found = Inventory(cloud, "short").leftovers()
    assert kinds(found) == {
        "autoscaling group": 1,
        "ec2 elastic-ip": 1,
        "ec2 instance": 3,
        "ec2 launch-template": 1,
        "ec2 natgateway": 1,
        "ec2 network-interface": 3,
        "ec2 security-group": 1,
        "ec2 subnet": 3,
        "ec2 volume": 4,
        "ec2 vpc": 1,
        "elasticloadbalancing loadbalancer": 1,
        "elasticloadbalancing targetgroup": 1,
        "iam instance profile": 1,
        "iam policy": 1,
        "iam role": 1,
        "kms key": 1,
        "route53 zone": 1,
        "s3 bucket": 1,
    }
    named = {each.kind: each for each in found}
    assert named["route53 zone"].name == "short.internal"
    assert named["route53 zone"].detail == "private"
    assert named["s3 bucket"].arn == "arn:aws:s3:::short-secrets"
    assert named["kms key"].detail == "Enabled"
    assert named["elasticloadbalancing loadbalancer"].name == "short-public"
    assert named["ec2 vpc"].arn == f"arn:aws:ec2:{REGION}:123456789012:vpc/{built.vpc}"
    built.destroy()
    assert Inventory(cloud, "short").leftovers() == []


def test_what_kubernetes_made_is_found_by_the_clusters_name(cloud: Cloud) -> None:
    made = cloud.client("ec2").create_volume(
        AvailabilityZone=f"{REGION}a",
        Size=1,
        TagSpecifications=[
            {"ResourceType": "volume", "Tags": [{"Key": "kubernetes.io/cluster/lone", "Value": "owned"}]}
        ],
    )["VolumeId"]
    (found,) = Inventory(cloud, "lone").leftovers()
    assert (found.kind, found.name, found.detail) == ("ec2 volume", made, "available")
    cloud.client("ec2").delete_volume(VolumeId=made)
    assert Inventory(cloud, "lone").leftovers() == []


def test_an_environment_that_never_was_has_nothing(cloud: Cloud) -> None:
    nothing = Inventory(cloud, "nothing")
    assert nothing.instances() == []
    assert nothing.volumes() == []
    assert nothing.load_balancers() == []
    assert nothing.leftovers() == []
