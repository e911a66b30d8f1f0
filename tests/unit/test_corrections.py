"""Each correction of the simulated AWS, seen as a client sees it."""

from __future__ import annotations

import base64
import functools
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from kubeplat_tui.sandbox import corrections
from kubeplat_tui.sandbox.corrections.internals import MotoChangedError, mentions, method, replace

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-west-1"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty corrected AWS in this process."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    corrections.apply_all()
    with mock_aws():
        yield


@functools.cache
def client(service: str) -> Any:
    """Making one takes longer than any call of these tests."""
    session: Any = boto3.Session(region_name=REGION)
    return session.client(service, aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture
def vpc() -> str:
    return str(client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def subnets(vpc: str) -> list[str]:
    """One in each of three zones."""
    return [
        client("ec2").create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )["Subnet"]["SubnetId"]
        for n, zone in enumerate("abc")
    ]


@pytest.fixture
def image() -> Any:
    """One of the images that moto has; its root volume is /dev/sda1."""
    return client("ec2").describe_images(ImageIds=["ami-12c6146b"])["Images"][0]


def tagged(*kinds: str, **tags: str) -> list[dict[str, Any]]:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": kind, "Tags": listed} for kind in kinds]


def template(image: Any, **data: Any) -> str:
    return str(
        client("ec2").create_launch_template(
            LaunchTemplateName="machines",
            LaunchTemplateData={"ImageId": image["ImageId"], "InstanceType": "t3.micro", **data},
        )["LaunchTemplate"]["LaunchTemplateId"]
    )


def group(template_id: str, subnets: list[str], size: int = 3, **more: Any) -> None:
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="group",
        MinSize=0,
        MaxSize=9,
        DesiredCapacity=size,
        VPCZoneIdentifier=",".join(subnets),
        LaunchTemplate={"LaunchTemplateId": template_id, "Version": "$Latest"},
        **more,
    )


def machines() -> list[Any]:
    pages = client("ec2").describe_instances(
        Filters=[{"Name": "instance-state-name", "Values": ["running"]}]
    )["Reservations"]
    return [instance for reservation in pages for instance in reservation["Instances"]]


def target_group(vpc: str) -> str:
    return str(
        client("elbv2").create_target_group(Name="api", Protocol="TCP", Port=6443, VpcId=vpc)["TargetGroups"][
            0
        ]["TargetGroupArn"]
    )


def targets(arn: str) -> set[str]:
    found = client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {each["Target"]["Id"] for each in found}


def test_a_conditional_deny_denies_nothing_else() -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="secrets", CreateBucketConfiguration={"LocationConstraint": REGION})
    deny: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::secrets/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="secrets", Policy=json.dumps({"Version": "2012-10-17", "Statement": deny}))
    s3.put_object(Bucket="secrets", Key="key", Body=b"value")
    del deny["Condition"]
    deny["Action"] = "s3:PutObject"
    s3.put_bucket_policy(Bucket="secrets", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    with pytest.raises(ClientError, match=r"Forbidden|AccessDenied"):
        s3.put_object(Bucket="secrets", Key="key", Body=b"value")


def test_a_lifecycle_hook_has_no_role_that_nobody_gave(image: Any, subnets: list[str]) -> None:
    group(template(image), subnets, size=0)
    scaling = client("autoscaling")
    scaling.put_lifecycle_hook(
        LifecycleHookName="drain",
        AutoScalingGroupName="group",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    )
    hook = scaling.describe_lifecycle_hooks(AutoScalingGroupName="group")["LifecycleHooks"][0]
    assert not hook.keys() & {"RoleARN", "NotificationTargetARN"}


def test_a_scaling_policy_is_enabled_and_predicts_nothing(image: Any, subnets: list[str]) -> None:
    group(template(image), subnets, size=0)
    scaling = client("autoscaling")
    scaling.put_scaling_policy(
        AutoScalingGroupName="group",
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 50.0,
        },
    )
    policy = scaling.describe_policies(AutoScalingGroupName="group")["ScalingPolicies"][0]
    assert policy["Enabled"] is True
    assert "PredictiveScalingConfiguration" not in policy


def test_a_classic_load_balancer_keeps_its_draining_timeout() -> None:
    elb = client("elb")
    listener = {"Protocol": "TCP", "LoadBalancerPort": 443, "InstancePort": 443}
    elb.create_load_balancer(LoadBalancerName="old", Listeners=[listener], AvailabilityZones=[f"{REGION}a"])

    def draining(**wanted: Any) -> Any:
        elb.modify_load_balancer_attributes(
            LoadBalancerName="old", LoadBalancerAttributes={"ConnectionDraining": wanted}
        )
        return elb.describe_load_balancer_attributes(LoadBalancerName="old")["LoadBalancerAttributes"][
            "ConnectionDraining"
        ]

    assert draining(Enabled=True, Timeout=60) == {"Enabled": True, "Timeout": 60}
    assert draining(Enabled=False)["Enabled"] is False
    assert draining(Enabled=True)["Timeout"] == 60


def test_a_launch_template_tags_its_machines_with_what_it_says_only(image: Any) -> None:
    ec2 = client("ec2")
    made = ec2.create_launch_template(
        LaunchTemplateName="machines",
        LaunchTemplateData={
            "ImageId": image["ImageId"],
            "TagSpecifications": tagged("instance", "volume", Env="dev"),
        },
        TagSpecifications=tagged("launch-template", Name="own"),
    )["LaunchTemplate"]
    assert made["Tags"] == [{"Key": "Name", "Value": "own"}]
    version = ec2.describe_launch_template_versions(LaunchTemplateId=made["LaunchTemplateId"])
    specifications = version["LaunchTemplateVersions"][0]["LaunchTemplateData"]["TagSpecifications"]
    assert [each["ResourceType"] for each in specifications] == ["instance", "volume"]


def test_a_launch_template_without_tags_for_machines_has_none(image: Any) -> None:
    ec2 = client("ec2")
    ec2.create_launch_template(
        LaunchTemplateName="machines",
        LaunchTemplateData={"ImageId": image["ImageId"]},
        TagSpecifications=tagged("launch-template", Name="own"),
    )
    version = ec2.describe_launch_template_versions(LaunchTemplateName="machines")["LaunchTemplateVersions"][
        0
    ]
    assert not version["LaunchTemplateData"].get("TagSpecifications")


def test_dhcp_options_keep_their_tags() -> None:
    made = client("ec2").create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name", "Values": ["dev.internal"]}],
        TagSpecifications=tagged("dhcp-options", Env="dev"),
    )["DhcpOptions"]
    found = client("ec2").describe_dhcp_options(DhcpOptionsIds=[made["DhcpOptionsId"]])["DhcpOptions"][0]
    assert found["Tags"] == [{"Key": "Env", "Value": "dev"}]


def test_a_rule_that_names_a_group_keeps_its_description(vpc: str) -> None:
    ec2 = client("ec2")
    one, other = (
        ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"]
        for name in ("a", "b")
    )
    pair = {"GroupId": other, "Description": "etcd from b"}
    network = {"CidrIp": "10.0.0.0/16", "Description": "everybody"}
    ec2.authorize_security_group_ingress(
        GroupId=one,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 2379, "ToPort": 2379, "UserIdGroupPairs": [pair]},
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [network]},
        ],
    )
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [one]}])
    described = {each.get("Description") for each in rules["SecurityGroupRules"] if not each["IsEgress"]}
    assert described == {"etcd from b", "everybody"}


def test_a_zone_with_a_vpc_is_private_and_has_it(vpc: str) -> None:
    route53 = client("route53")
    where = {"VPCRegion": REGION, "VPCId": vpc}
    made = route53.create_hosted_zone(Name="dev.internal", CallerReference="1", VPC=where)["HostedZone"]
    found = route53.get_hosted_zone(Id=made["Id"])
    assert found["HostedZone"]["Config"]["PrivateZone"] is True
    assert found["VPCs"] == [where]
    public = route53.create_hosted_zone(Name="example.org", CallerReference="2")["HostedZone"]
    assert route53.get_hosted_zone(Id=public["Id"])["HostedZone"]["Config"]["PrivateZone"] is False


def test_a_group_spreads_its_machines_over_the_zones(image: Any, subnets: list[str]) -> None:
    group(template(image), subnets, size=5)
    used = [each["SubnetId"] for each in machines()]
    assert sorted(used.count(subnet) for subnet in subnets) == [1, 2, 2]
    described = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert described["VPCZoneIdentifier"] == ",".join(subnets)


def test_a_terminated_machine_lets_go_of_what_outlives_it(image: Any, subnets: list[str]) -> None:
    ec2 = client("ec2")
    made = ec2.run_instances(ImageId=image["ImageId"], MinCount=1, MaxCount=1, SubnetId=subnets[0])[
        "Instances"
    ][0]
    interface = ec2.create_network_interface(SubnetId=subnets[0])["NetworkInterface"]["NetworkInterfaceId"]
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=made["InstanceId"], DeviceIndex=1)
    ec2.attach_volume(VolumeId=volume, InstanceId=made["InstanceId"], Device="/dev/sdh")
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    left = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert [(each["NetworkInterfaceId"], each["Status"]) for each in left] == [(interface, "available")]
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    found = ec2.describe_volumes()["Volumes"]
    assert [(each["VolumeId"], each["State"]) for each in found] == [(volume, "available")]
    dead = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"][0]
    assert dead["State"]["Name"] == "terminated"


def test_a_network_acl_keeps_type_and_code_of_icmp(vpc: str) -> None:
    ec2 = client("ec2")
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    entry: dict[str, Any] = {
        "NetworkAclId": acl,
        "RuleNumber": 100,
        "Protocol": "1",
        "RuleAction": "allow",
        "Egress": False,
        "CidrBlock": "0.0.0.0/0",
    }

    def icmp() -> Any:
        entries = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"][0]["Entries"]
        return next(each for each in entries if each["RuleNumber"] == 100)["IcmpTypeCode"]

    ec2.create_network_acl_entry(**entry, IcmpTypeCode={"Type": 3, "Code": 4})
    assert icmp() == {"Type": 3, "Code": 4}
    ec2.replace_network_acl_entry(**entry, IcmpTypeCode={"Type": 8, "Code": -1})
    assert icmp() == {"Type": 8, "Code": -1}


def test_a_group_keeps_its_maintenance_policy(image: Any, subnets: list[str]) -> None:
    policy = {"MinHealthyPercentage": 0, "MaxHealthyPercentage": 100}
    group(template(image), subnets, size=0, InstanceMaintenancePolicy=policy)
    scaling = client("autoscaling")

    def kept() -> Any:
        return scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0].get("InstanceMaintenancePolicy")

    assert kept() == policy
    scaling.update_auto_scaling_group(AutoScalingGroupName="group", MaxSize=8)
    assert kept() == policy
    gone = {"MinHealthyPercentage": -1, "MaxHealthyPercentage": -1}
    scaling.update_auto_scaling_group(AutoScalingGroupName="group", InstanceMaintenancePolicy=gone)
    assert kept() is None


def test_the_load_balancer_follows_the_group(image: Any, vpc: str, subnets: list[str]) -> None:
    arn = target_group(vpc)
    group(template(image), subnets, TargetGroupARNs=[arn])
    before = {each["InstanceId"] for each in machines()}
    assert targets(arn) == before
    client("ec2").terminate_instances(InstanceIds=[min(before)])
    after = {each["InstanceId"] for each in machines()}
    assert len(after - before) == 1
    assert targets(arn) == after
    client("autoscaling").set_desired_capacity(AutoScalingGroupName="group", DesiredCapacity=1)
    left = {each["InstanceId"] for each in machines()}
    assert len(left) == 1
    assert targets(arn) == left


def test_an_instance_refresh_replaces_every_machine(image: Any, vpc: str, subnets: list[str]) -> None:
    arn = target_group(vpc)
    group(template(image), subnets, TargetGroupARNs=[arn])
    scaling = client("autoscaling")
    before = {each["InstanceId"] for each in machines()}
    refresh = scaling.start_instance_refresh(AutoScalingGroupName="group")["InstanceRefreshId"]
    after = {each["InstanceId"] for each in machines()}
    assert len(after) == 3
    assert not after & before
    assert targets(arn) == after
    found = scaling.describe_instance_refreshes(AutoScalingGroupName="group")["InstanceRefreshes"]
    assert [(each["InstanceRefreshId"], each["Status"]) for each in found] == [(refresh, "Successful")]
    with pytest.raises(ClientError, match="ActiveInstanceRefreshNotFound"):
        scaling.cancel_instance_refresh(AutoScalingGroupName="group")


def test_machines_are_what_their_template_says(image: Any, vpc: str, subnets: list[str]) -> None:
    ec2 = client("ec2")
    access = ec2.create_security_group(GroupName="access", Description="d", VpcId=vpc)["GroupId"]
    interface = {"DeviceIndex": 0, "AssociatePublicIpAddress": True, "Groups": [access]}
    root = {"VolumeSize": 10, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True}
    made = template(
        image,
        NetworkInterfaces=[interface],
        MetadataOptions={"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
        BlockDeviceMappings=[{"DeviceName": image["RootDeviceName"], "Ebs": root}],
        TagSpecifications=tagged("instance", "volume", "network-interface", Env="dev"),
    )
    group(made, subnets, size=1)
    (machine,) = machines()
    assert machine["PublicIpAddress"]
    assert machine["MetadataOptions"]["HttpTokens"] == "required"
    assert access in {each["GroupId"] for each in machine["SecurityGroups"]}
    (volume,) = ec2.describe_volumes(Filters=[{"Name": "tag:Env", "Values": ["dev"]}])["Volumes"]
    assert (volume["Size"], volume["Encrypted"]) == (10, True)
    assert [each["DeviceName"] for each in machine["BlockDeviceMappings"]] == [image["RootDeviceName"]]
    (found,) = ec2.describe_network_interfaces(Filters=[{"Name": "tag:Env", "Values": ["dev"]}])[
        "NetworkInterfaces"
    ]
    assert found["Attachment"]["InstanceId"] == machine["InstanceId"]
    ec2.terminate_instances(InstanceIds=[machine["InstanceId"]])
    client("autoscaling").set_desired_capacity(AutoScalingGroupName="group", DesiredCapacity=0)
    assert not ec2.describe_volumes()["Volumes"]
    assert not ec2.describe_network_interfaces()["NetworkInterfaces"]


def test_a_template_without_devices_gets_the_usual_root_volume(image: Any, subnets: list[str]) -> None:
    group(template(image), subnets, size=1)
    (machine,) = machines()
    assert len(machine["BlockDeviceMappings"]) == 1
    assert "PublicIpAddress" not in machine


def test_a_second_version_of_a_template_starts_machines(image: Any, subnets: list[str]) -> None:
    script = base64.b64encode(b"#!/bin/sh\necho one\n").decode()
    other = base64.b64encode(b"#!/bin/sh\necho two\n").decode()
    made = template(image, UserData=script)
    group(made, subnets, size=1)
    client("ec2").create_launch_template_version(
        LaunchTemplateId=made,
        LaunchTemplateData={"ImageId": image["ImageId"], "InstanceType": "t3.micro", "UserData": other},
    )
    client("autoscaling").set_desired_capacity(AutoScalingGroupName="group", DesiredCapacity=2)
    attributes = [
        client("ec2").describe_instance_attribute(InstanceId=each["InstanceId"], Attribute="userData")
        for each in machines()
    ]
    assert sorted(each["UserData"]["Value"] for each in attributes) == sorted([script, other])


def test_tags_are_listed_under_the_types_aws_names(vpc: str, subnets: list[str]) -> None:
    ec2 = client("ec2")
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip", Env="dev"))
    ec2.create_nat_gateway(
        SubnetId=subnets[0],
        AllocationId=address["AllocationId"],
        TagSpecifications=tagged("natgateway", Env="dev"),
    )
    ours = [{"Name": "key", "Values": ["Env"]}]
    assert {tag["ResourceType"] for tag in ec2.describe_tags(Filters=ours)["Tags"]} == {
        "elastic-ip",
        "natgateway",
    }
    only = [*ours, {"Name": "resource-type", "Values": ["natgateway"]}]
    assert [tag["ResourceType"] for tag in ec2.describe_tags(Filters=only)["Tags"]] == ["natgateway"]


def test_a_trail_is_deleted_by_its_arn_too() -> None:
    client("s3").create_bucket(Bucket="audit", CreateBucketConfiguration={"LocationConstraint": REGION})
    trails = client("cloudtrail")
    made = trails.create_trail(Name="dev-audit", S3BucketName="audit")
    trails.delete_trail(Name=made["TrailARN"])
    assert trails.describe_trails()["trailList"] == []
    with pytest.raises(ClientError, match="TrailNotFound"):
        trails.delete_trail(Name="dev-audit")


class Thing:
    def work(self, hard: bool) -> str:
        return "wire" if hard else ""


def test_a_correction_that_no_longer_fits_says_so() -> None:
    method(Thing, "work", "hard")
    mentions(Thing, "work", "wire")
    with pytest.raises(MotoChangedError, match=r"Thing\.play is gone"):
        method(Thing, "play")
    with pytest.raises(MotoChangedError, match="takes hard instead of long"):
        method(Thing, "work", "long")
    with pytest.raises(MotoChangedError, match="does not use socket any more"):
        mentions(Thing, "work", "socket")
    with pytest.raises(MotoChangedError, match="is gone"):
        replace(Thing, "play", None)


def test_corrections_are_applied_once() -> None:
    from moto.ec2.models.instances import Instance

    before = Instance.terminate
    corrections.apply_all()
    assert Instance.terminate is before
