"""The inventory against canned answers: paging, what a machine is made of, and every way AWS can refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import exceptions as boto
from botocore.stub import Stubber

from kubeplat_tui.services.aws_errors import (
    AwsError,
    CredentialsError,
    ForbiddenError,
    ThrottledError,
    UnreachableError,
    aws_call,
    is_absent,
    is_forbidden,
    translated,
)
from kubeplat_tui.services.errors import InputError, KubeplatError, NotFoundError
from kubeplat_tui.services.inventory import LIVE_STATES, Inventory, Layer

if TYPE_CHECKING:
    from collections.abc import Iterator

BORN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))


class StubbedCloud:
    """A cloud whose clients answer from a list, in order, and complain about any other call."""

    region = "eu-west-1"

    def __init__(self) -> None:
        session: Any = boto3.Session(region_name=self.region)
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self.clients = {name: session.client(name, **keys) for name in ("ec2", "elbv2")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def client(self, service: str) -> Any:
        return self.clients[service]


@pytest.fixture
def cloud() -> Iterator[StubbedCloud]:
    made = StubbedCloud()
    yield made
    for stub in made.stubs.values():
        stub.assert_no_pending_responses()


def inventory(cloud: Any) -> Inventory:
    return Inventory(cloud, "dev")


def machine(number: int = 1, **more: Any) -> dict[str, Any]:
    tags = more.pop("tags", {"Env": "dev", "Name": f"dev-compute-{number:04}", "Role": "compute"})
    return {
        "InstanceId": f"i-{number:017x}",
        "State": {"Code": 16, "Name": "running"},
        "LaunchTime": BORN,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        **more,
    }


def ours(*states: str) -> list[dict[str, Any]]:
    return [
        {"Name": "tag:Env", "Values": ["dev"]},
        {"Name": "instance-state-name", "Values": list(states or LIVE_STATES)},
    ]


def test_every_page_of_a_thousand_machines_is_read(cloud: StubbedCloud) -> None:
    pages = [[machine(number) for number in range(start, start + 100)] for start in range(0, 1000, 100)]
    for number, page in enumerate(pages):
        wanted: dict[str, Any] = {"Filters": ours(), "MaxResults": 1000}
        if number:
            wanted["NextToken"] = f"page-{number}"
        answer: dict[str, Any] = {"Reservations": [{"Instances": page[:40]}, {"Instances": page[40:]}]}
        if number < 9:
            answer["NextToken"] = f"page-{number + 1}"
        cloud.stubs["ec2"].add_response("describe_instances", answer, wanted)
    found = inventory(cloud).instances()
    assert len({each.id for each in found}) == 1000
    assert [each.name for each in found] == sorted(each.name for each in found)


def test_a_machine_is_read_whole(cloud: StubbedCloud) -> None:
    full = machine(
        PrivateIpAddress="10.0.0.5",
        PublicIpAddress="54.1.2.3",
        Placement={"AvailabilityZone": "eu-west-1a"},
        InstanceType="t3.micro",
        ImageId="ami-1",
        SubnetId="subnet-1",
        KeyName="key",
        BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeId": "vol-1"}},
            {"DeviceName": "/dev/sdb"},
        ],
        SecurityGroups=[{"GroupId": "sg-1", "GroupName": "access"}],
        tags={"Env": "dev", "Name": "dev-bastion", "Role": "bastion", "aws:autoscaling:groupName": "asg"},
    )
    cloud.stubs["ec2"].add_response("describe_instances", {"Reservations": [{"Instances": [full]}]})
    (found,) = inventory(cloud).instances()
    assert (found.name, found.private_ip, found.public_ip) == ("dev-bastion", "10.0.0.5", "54.1.2.3")
    assert (found.zone, found.type, found.layer) == ("eu-west-1a", "t3.micro", Layer.BASTION)
    assert found.launched == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert found.launched.tzinfo is UTC
    assert (found.volumes, found.security_groups) == (("vol-1",), ("access",))
    assert found.auto_scaling_group == "asg"
    assert dict(found.tags)["Role"] == "bastion"


def test_a_machine_that_has_nothing_yet_is_read_too(cloud: StubbedCloud) -> None:
    bare = machine(State={"Code": 0, "Name": "pending"}, tags={"Env": "dev", "Role": "something else"})
    cloud.stubs["ec2"].add_response("describe_instances", {"Reservations": [{"Instances": [bare]}]})
    (found,) = inventory(cloud).instances()
    assert (found.name, found.private_ip, found.state, found.layer) == ("", "", "pending", Layer.UNKNOWN)


def test_terminated_machines_are_shown_only_when_asked(cloud: StubbedCloud) -> None:
    wanted = {"Filters": ours(*LIVE_STATES, "terminated"), "MaxResults": 1000}
    cloud.stubs["ec2"].add_response("describe_instances", {"Reservations": []}, wanted)
    assert inventory(cloud).instances(include_terminated=True) == []


@pytest.mark.parametrize(
    ("tags", "said"),
    [({"Env": "prod"}, "Its tag Env is prod"), ({}, "It has no tag Env")],
)
def test_a_machine_of_another_environment_is_never_terminated(
    cloud: StubbedCloud, tags: dict[str, str], said: str
) -> None:
    found = machine(tags=tags)
    cloud.stubs["ec2"].add_response("describe_instances", {"Reservations": [{"Instances": [found]}]})
    with pytest.raises(InputError, match=f"does not belong to dev.*{said}.*Nothing was terminated"):
        inventory(cloud).terminate(found["InstanceId"])


def test_a_machine_of_this_environment_is_terminated(cloud: StubbedCloud) -> None:
    wanted = {"InstanceIds": [machine()["InstanceId"]]}
    cloud.stubs["ec2"].add_response(
        "describe_instances", {"Reservations": [{"Instances": [machine()]}]}, wanted
    )
    cloud.stubs["ec2"].add_response("terminate_instances", {}, wanted)
    inventory(cloud).terminate(machine()["InstanceId"])


@pytest.mark.parametrize("code", ["InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"])
def test_a_machine_that_does_not_exist_is_said_to_be_absent(cloud: StubbedCloud, code: str) -> None:
    cloud.stubs["ec2"].add_client_error("describe_instances", code)
    with pytest.raises(NotFoundError, match="There is no instance i-1"):
        inventory(cloud).terminate("i-1")


def test_a_machine_that_is_gone_already_is_said_to_be_absent(cloud: StubbedCloud) -> None:
    dead = machine(State={"Code": 48, "Name": "terminated"})
    cloud.stubs["ec2"].add_response("describe_instances", {"Reservations": [{"Instances": [dead]}]})
    with pytest.raises(NotFoundError, match="any more"):
        inventory(cloud).terminate(dead["InstanceId"])


def arn(name: str) -> str:
    return f"arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/{name}/1"


def balancer(name: str) -> dict[str, Any]:
    return {"LoadBalancerArn": arn(name), "LoadBalancerName": name, "CreatedTime": BORN, "Type": "network"}


def tags_of(*names: str, **tags: str) -> list[dict[str, Any]]:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceArn": arn(name), "Tags": listed} for name in names]


def test_a_load_balancer_that_vanishes_meanwhile_takes_nothing_with_it(cloud: StubbedCloud) -> None:
    elb = cloud.stubs["elbv2"]
    both = [arn("gone"), arn("mine")]
    listed = {"LoadBalancers": [balancer("gone"), balancer("mine")]}
    elb.add_response("describe_load_balancers", listed, {"PageSize": 400})
    elb.add_client_error("describe_tags", "LoadBalancerNotFound", expected_params={"ResourceArns": both})
    elb.add_client_error("describe_tags", "LoadBalancerNotFound", expected_params={"ResourceArns": both[:1]})
    mine = {"TagDescriptions": tags_of("mine", Env="dev")}
    elb.add_response("describe_tags", mine, {"ResourceArns": both[1:]})
    elb.add_client_error("describe_listeners", "LoadBalancerNotFound")
    (found,) = inventory(cloud).load_balancers()
    assert (found.name, found.scheme, found.listeners) == ("mine", "internet-facing", ())


def test_the_tags_of_many_load_balancers_are_read_twenty_at_a_time(cloud: StubbedCloud) -> None:
    elb = cloud.stubs["elbv2"]
    names = [f"lb-{number:02}" for number in range(45)]
    elb.add_response("describe_load_balancers", {"LoadBalancers": [balancer(each) for each in names]})
    for start in (0, 20, 40):
        part = names[start : start + 20]
        elb.add_response("describe_tags", {"TagDescriptions": tags_of(*part, Env="other")})
    assert inventory(cloud).load_balancers() == []


def test_what_kubernetes_made_for_this_cluster_is_ours(cloud: StubbedCloud) -> None:
    elb = cloud.stubs["elbv2"]
    elb.add_response("describe_load_balancers", {"LoadBalancers": [balancer("service")]})
    tags = tags_of("service", **{"kubernetes.io/cluster/dev": "owned"})
    elb.add_response("describe_tags", {"TagDescriptions": tags})
    elb.add_response("describe_listeners", {"Listeners": []})
    assert [each.name for each in inventory(cloud).load_balancers()] == ["service"]


REFUSALS = [
    ("UnauthorizedOperation", ForbiddenError, "not allowed: AWS refused DescribeInstances"),
    ("AccessDenied", ForbiddenError, "not allowed"),
    ("RequestLimitExceeded", ThrottledError, "limits how fast"),
    ("Throttling", ThrottledError, "Wait a moment"),
    ("ExpiredToken", CredentialsError, "have expired"),
    ("RequestExpired", CredentialsError, "have expired"),
    ("AuthFailure", CredentialsError, "no AWS credentials that are accepted"),
    ("InternalError", AwsError, "AWS answered InternalError to DescribeInstances"),
]


@pytest.mark.parametrize(("code", "kind", "said"), REFUSALS, ids=[each[0] for each in REFUSALS])
def test_refusals_are_told_apart(cloud: StubbedCloud, code: str, kind: type[AwsError], said: str) -> None:
    cloud.stubs["ec2"].add_client_error("describe_instances", code, "Because.")
    with pytest.raises(AwsError, match=said) as raised:
        inventory(cloud).instances()
    assert type(raised.value) is kind
    assert (raised.value.call, raised.value.code) == ("DescribeInstances", code)
    assert "Listing the instances" in str(raised.value)
    assert "Because." in raised.value.why


def test_a_refusal_names_the_permission_and_keeps_the_blob_out(cloud: StubbedCloud) -> None:
    said = (
        "You are not authorized to perform this operation. User: arn:aws:iam::1:user/u is not authorized to "
        "perform: ec2:DescribeInstances because no policy allows it. Encoded authorization failure message: "
        + "x"
        * 400
    )
    cloud.stubs["ec2"].add_client_error("describe_instances", "UnauthorizedOperation", said)
    with pytest.raises(ForbiddenError) as raised:
        inventory(cloud).instances()
    assert "permission ec2:DescribeInstances" in raised.value.todo
    assert "xxx" not in str(raised.value)


SILENCES: list[tuple[Exception, type[AwsError]]] = [
    (boto.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), UnreachableError),
    (boto.ReadTimeoutError(endpoint_url="http://127.0.0.1:1"), UnreachableError),
    (boto.ConnectTimeoutError(endpoint_url="http://127.0.0.1:1"), UnreachableError),
    (boto.ProxyConnectionError(proxy_url="http://proxy", error="no"), UnreachableError),
    (boto.NoCredentialsError(), CredentialsError),
    (boto.PartialCredentialsError(provider="env", cred_var="key"), CredentialsError),
    (boto.UnauthorizedSSOTokenError(), CredentialsError),
    (boto.ParamValidationError(report="wrong"), AwsError),
]


@pytest.mark.parametrize(("error", "kind"), SILENCES, ids=[type(each[0]).__name__ for each in SILENCES])
def test_silences_are_told_apart(error: Exception, kind: type[AwsError]) -> None:
    with (
        pytest.raises(AwsError, match="Listing the volumes failed") as raised,
        aws_call("Listing the volumes"),
    ):
        raise error
    assert type(raised.value) is kind
    assert raised.value.__cause__ is error


def test_what_is_a_sentence_already_stays_as_it_is() -> None:
    error = KubeplatError("No.")
    assert translated(error, doing="Anything") is error
    with pytest.raises(ValueError, match="a bug"), aws_call("Anything"):
        raise ValueError("a bug")


def test_absent_and_forbidden_are_different_answers() -> None:
    def refused(code: str) -> boto.ClientError:
        return boto.ClientError({"Error": {"Code": code}}, "HeadBucket")

    assert is_absent(refused("404"))
    assert not is_absent(refused("403"))
    assert is_forbidden(refused("403"))
    assert "It gave no reason." in str(translated(refused("403"), doing="Looking"))
