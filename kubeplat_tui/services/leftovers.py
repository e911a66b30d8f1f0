"""What still exists of an environment after it was taken down: everything that carries its tags.

No single API of AWS knows everything: EC2's own DescribeTags covers EC2, the Resource Groups Tagging API most
of the rest of the region, and auto-scaling groups, Route 53 and IAM answer for themselves. A tag may outlive
its resource for a while, so what can be asked for its state is asked; what is merely waiting for its deletion
is not left over.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import aws_call, is_absent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kubeplat_tui.services.cloud import Cloud

PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Leftover:
    """One resource that still exists.

    `arn` is its ARN (for EC2's things too); `kind` is the service and type, like `ec2 volume`, `kms key`,
    `iam role`; `name` its tag Name, own name or id; `detail` its state, where it has one.
    """

    arn: str
    kind: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ec2Kind:
    """How one of EC2's types is listed. `gone` are the states in which it only waits for its end."""

    operation: str
    key: str
    id: str
    gone: frozenset[str] = frozenset()
    filters: str = "Filters"
    state: str = "State"


def _ec2(operation: str, key: str, identity: str, **more: Any) -> Ec2Kind:
    return Ec2Kind(f"describe_{operation}", key, identity, **more)


ENDING = frozenset({"deleted", "deleting", "Deleted", "Deleting", "shutting-down", "terminated"})

EC2_KINDS = {
    "dhcp-options": _ec2("dhcp_options", "DhcpOptions", "DhcpOptionsId"),
    "elastic-ip": _ec2("addresses", "Addresses", "AllocationId"),
    "instance": _ec2("instances", "Instances", "InstanceId", gone=ENDING),
    "internet-gateway": _ec2("internet_gateways", "InternetGateways", "InternetGatewayId"),
    "key-pair": _ec2("key_pairs", "KeyPairs", "KeyPairId"),
    "launch-template": _ec2("launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    "natgateway": _ec2("nat_gateways", "NatGateways", "NatGatewayId", gone=ENDING, filters="Filter"),
    "network-acl": _ec2("network_acls", "NetworkAcls", "NetworkAclId"),
    "network-interface": _ec2(
        "network_interfaces", "NetworkInterfaces", "NetworkInterfaceId", state="Status"
    ),
    "route-table": _ec2("route_tables", "RouteTables", "RouteTableId"),
    "security-group": _ec2("security_groups", "SecurityGroups", "GroupId"),
    "security-group-rule": _ec2("security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"),
    "snapshot": _ec2("snapshots", "Snapshots", "SnapshotId"),
    "subnet": _ec2("subnets", "Subnets", "SubnetId"),
    "volume": _ec2("volumes", "Volumes", "VolumeId", gone=ENDING),
    "vpc": _ec2("vpcs", "Vpcs", "VpcId"),
    "vpc-endpoint": _ec2("vpc_endpoints", "VpcEndpoints", "VpcEndpointId", gone=ENDING),
    "vpc-flow-log": _ec2("flow_logs", "FlowLogs", "FlowLogId", filters="Filter"),
}
"""By DescribeTags' own word for the type (EC2 API, TagDescription.ResourceType)."""


def sweep(cloud: Cloud, environment: str) -> list[Leftover]:
    """Everything that still carries the environment's tags, by kind and name.

    Raises `AwsError` where a part could not be read: nothing is called clean that was not looked at.
    """
    with aws_call(f"Looking for what is left of {environment}"), ThreadPoolExecutor(PARALLEL) as pool:
        search = _Search(cloud, environment)
        parts = (
            search.ec2,
            search.tagged,
            search.auto_scaling_groups,
            search.hosted_zones,
            search.roles,
            search.instance_profiles,
            search.policies,
        )
        found = {each.arn: each for part in pool.map(lambda part: list(part()), parts) for each in part}
    return sorted(found.values(), key=lambda each: (each.kind, each.name, each.arn))


class _Search:
    """The searches of one sweep; each gives what it finds, and lets botocore's errors through."""

    def __init__(self, cloud: Cloud, environment: str) -> None:
        self._cloud = cloud
        self._environment = environment
        self._cluster = f"kubernetes.io/cluster/{environment}"
        identity = cloud.identity()
        self._account = identity.account
        self._partition = identity.arn.split(":")[1]  # aws, aws-us-gov, aws-cn

    def ec2(self) -> Iterator[Leftover]:
        """What EC2 has. Its tags outlive it by up to an hour, so each type is listed again by itself."""
        env = _filters({"key": ["Env"], "value": [self._environment]})
        cluster = _filters({"key": [self._cluster]})
        candidates = {
            tag["ResourceId"]: tag["ResourceType"]
            for wanted in (env, cluster)
            for tag in self._pages("ec2", "describe_tags", "Tags", Filters=wanted)
        }
        for type_ in sorted(set(candidates.values())):
            if type_ in EC2_KINDS:
                yield from self._ec2_kind(type_, EC2_KINDS[type_])
            else:
                for identity in (each for each, its_type in candidates.items() if its_type == type_):
                    yield Leftover(self._ec2_arn(type_, identity), f"ec2 {type_}", identity)

    def _ec2_kind(self, type_: str, kind: Ec2Kind) -> Iterator[Leftover]:
        for wanted in ({"tag:Env": [self._environment]}, {"tag-key": [self._cluster]}):
            arguments = {kind.filters: _filters(wanted)}
            for each in self._pages("ec2", kind.operation, kind.key, **arguments):
                state = each.get(kind.state, "")
                state = state.get("Name", "") if isinstance(state, dict) else str(state)
                tags = _names(each.get("Tags") or each.get("TagSet") or [])  # interfaces have the latter
                # Looked at once more: not every kind heeds the filter everywhere.
                if state not in kind.gone and self._ours(tags):
                    identity = each[kind.id]
                    name = tags.get("Name", identity)
                    detail = ", ".join(filter(None, [identity if name != identity else "", state]))
                    yield Leftover(self._ec2_arn(type_, identity), f"ec2 {type_}", name, detail)

    def tagged(self) -> Iterator[Leftover]:
        """What the Resource Groups Tagging API knows of the other services."""
        seen: dict[str, Leftover] = {}
        for wanted in ({"Key": "Env", "Values": [self._environment]}, {"Key": self._cluster}):
            for each in self._pages(
                "resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=[wanted]
            ):
                found = _by_arn(each["ResourceARN"], _names(each.get("Tags", [])))
                if not found.kind.startswith("ec2 "):
                    seen[found.arn] = found
        for found in seen.values():
            state = self._state(found)
            if state is not None:
                yield replace(found, detail=state)

    def _state(self, found: Leftover) -> str | None:
        """The state of a resource, "" where it has none, None where it is gone or only waits for its end."""
        from botocore.exceptions import ClientError

        ask: Callable[[Leftover], str | None] | None = {
            "kms key": self._key_state,
            "s3 bucket": self._bucket_state,
            "elasticloadbalancing loadbalancer": self._load_balancer_state,
            "elasticloadbalancing targetgroup": self._target_group_state,
        }.get(found.kind)
        if ask is None:
            return ""
        try:
            return ask(found)
        except ClientError as error:
            if is_absent(error):
                return None
            raise

    def _key_state(self, found: Leftover) -> str | None:
        metadata = self._cloud.client("kms").describe_key(KeyId=found.arn)["KeyMetadata"]
        state = str(metadata["KeyState"])
        return None if state in {"PendingDeletion", "PendingReplicaDeletion"} else state

    def _bucket_state(self, found: Leftover) -> str:
        self._cloud.client("s3").head_bucket(Bucket=found.name)
        return ""

    def _load_balancer_state(self, found: Leftover) -> str:
        if found.arn.split(":loadbalancer/")[-1].count("/") != 2:
            return ""  # a classic one, which this API does not know
        answer = self._cloud.client("elbv2").describe_load_balancers(LoadBalancerArns=[found.arn])
        return str(answer["LoadBalancers"][0].get("State", {}).get("Code", ""))

    def _target_group_state(self, found: Leftover) -> str:
        self._cloud.client("elbv2").describe_target_groups(TargetGroupArns=[found.arn])
        return ""

    def auto_scaling_groups(self) -> Iterator[Leftover]:
        """Auto-scaling groups; one that is being deleted says so."""
        for each in self._pages("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups"):
            if self._ours(_names(each.get("Tags", []))):
                detail = each.get("Status") or f"{len(each.get('Instances', []))} instances"
                yield Leftover(
                    each["AutoScalingGroupARN"], "autoscaling group", each["AutoScalingGroupName"], detail
                )

    def hosted_zones(self) -> Iterator[Leftover]:
        """Route 53's zones: global, so the tagging API of our region does not know them."""
        route53 = self._cloud.client("route53")
        listed = self._pages("route53", "list_hosted_zones", "HostedZones")
        zones = {each["Id"].rsplit("/", 1)[-1]: each for each in listed}
        for part in _batches(list(zones), 10):
            answer = route53.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=part)
            for each in answer["ResourceTagSets"]:
                if self._ours(_names(each["Tags"])):
                    zone = zones[each["ResourceId"]]
                    where = "private" if zone.get("Config", {}).get("PrivateZone") else "public"
                    arn = f"arn:{self._partition}:route53:::hostedzone/{each['ResourceId']}"
                    yield Leftover(arn, "route53 zone", zone["Name"].rstrip("."), where)

    def roles(self) -> Iterator[Leftover]:
        """IAM's roles. Ours begin with the environment's name: only those are asked for their tags."""
        for each in self._pages("iam", "list_roles", "Roles"):
            yield from self._iam(each, "role", "Role")

    def instance_profiles(self) -> Iterator[Leftover]:
        """IAM's instance profiles."""
        for each in self._pages("iam", "list_instance_profiles", "InstanceProfiles"):
            yield from self._iam(each, "instance profile", "InstanceProfile")

    def policies(self) -> Iterator[Leftover]:
        """IAM's policies that are the account's own."""
        for each in self._pages("iam", "list_policies", "Policies", Scope="Local"):
            yield from self._iam(each, "policy", "Policy")

    def _iam(self, found: dict[str, Any], kind: str, word: str) -> Iterator[Leftover]:
        """The leftover `found` is, if it is ours: IAM's lists leave the tags out (IAM API, ListRoles)."""
        from botocore.exceptions import ClientError

        name = found[f"{word}Name"]
        if not name.startswith(f"{self._environment}-"):
            return
        iam = self._cloud.client("iam")
        try:
            if word == "Policy":
                whole = iam.get_policy(PolicyArn=found["Arn"])
            elif word == "Role":
                whole = iam.get_role(RoleName=name)
            else:
                whole = iam.get_instance_profile(InstanceProfileName=name)
        except ClientError as error:
            if is_absent(error):
                return
            raise
        if self._ours(_names(whole[word].get("Tags", []))):
            yield Leftover(found["Arn"], f"iam {kind}", name)

    def _ours(self, tags: dict[str, str]) -> bool:
        return tags.get("Env") == self._environment or self._cluster in tags

    def _ec2_arn(self, type_: str, identity: str) -> str:
        return f"arn:{self._partition}:ec2:{self._cloud.region}:{self._account}:{type_}/{identity}"

    def _pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        client = self._cloud.client(service)
        if not client.can_paginate(operation):
            yield from getattr(client, operation)(**arguments)[key]
            return
        for page in client.get_paginator(operation).paginate(**arguments):
            if key == "Instances":
                for reservation in page["Reservations"]:
                    yield from reservation["Instances"]
            else:
                yield from page[key]


def _filters(wanted: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": values} for name, values in wanted.items()]


def _names(tags: Iterable[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _by_arn(arn: str, tags: dict[str, str]) -> Leftover:
    """What an ARN itself says: arn:PARTITION:SERVICE:REGION:ACCOUNT:TYPE/ID, TYPE:ID, or a bucket's bare
    name.
    """
    service, _, _, resource = arn.split(":", 5)[2:]
    separator = min((mark for mark in "/:" if mark in resource), key=resource.index, default="")
    type_, _, identity = resource.partition(separator) if separator else ("bucket", "", resource)
    own = identity if service in {"s3", "logs"} else tags.get("Name") or identity.split("/")[-1]
    if service == "elasticloadbalancing" and identity.count("/"):
        own = identity.split("/")[-2]  # …/NAME/ID
    return Leftover(arn, f"{service} {type_}", own)


def _batches(items: list[str], size: int) -> Iterator[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
