"""What a new environment could be: looked up in the account, among the other environments, and on this computer.

Nothing here fails as a whole: what could not be learned is said in a note, and a person fills it in.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from kubeplat_tui.services import caller
from kubeplat_tui.services.aws_errors import aws_call
from kubeplat_tui.services.environments import networks, templates
from kubeplat_tui.services.environments.creation import SANDBOX_NETWORK, ZONES, Suggestion, networks_of
from kubeplat_tui.services.environments.model import DEFAULT_REGION
from kubeplat_tui.services.environments.networks import Taken
from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.environments.model import Environment
    from kubeplat_tui.services.variables.declarations import Declarations
    from kubeplat_tui.services.workplace import Workplace

    Answer = TypeVar("Answer")

PARALLEL = 6


def region_of(environ: Mapping[str, str]) -> str:
    """The region that this shell names, else the usual one."""
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


def profile_for(name: str, environ: Mapping[str, str]) -> str:
    """The profile that a new environment may use: the one of its name, else the only one or the usual one.

    "" where the shell holds keys, which come first, or where there is none.
    """
    known = caller.profiles(environ)
    if name in known or not known or environ.get("AWS_ACCESS_KEY_ID"):
        return ""
    return known[0] if len(known) == 1 else "default" if "default" in known else ""


def suggest(
    workplace: Workplace,
    declarations: Declarations,
    cloud: Cloud,
    name: str,
    *,
    sandbox: bool = False,
    profile: str = "",
    environ: Mapping[str, str] | None = None,
    own_network: Callable[[], str | None] = caller.own_network,
) -> Suggestion:
    """A suggestion for the environment `name` in the account and region of `cloud`. Blocks for a few seconds."""
    notes = _Notes()
    with ThreadPoolExecutor(PARALLEL) as pool:
        identity = pool.submit(notes.tried, cloud.identity)
        regions = pool.submit(notes.tried, lambda: list(_regions(cloud)))
        zones = pool.submit(notes.tried, lambda: list(_zones(cloud)))
        vpcs = pool.submit(notes.tried, lambda: list(_vpcs(cloud)))
        dns = pool.submit(notes.tried, lambda: list(_public_zones(cloud)))
        own = pool.submit(lambda: SANDBOX_NETWORK if sandbox else own_network())
    who, address = identity.result(), own.result()
    taken = (*(one for one, _ in networks_of(workplace, declarations)), *(vpcs.result() or ()))
    used = [network for network in (networks.network_of(one.cidr) for one in taken) if network is not None]
    free = networks.free_network(used)
    usable = tuple(zones.result() or ())
    if zones.result() is not None and len(usable) < ZONES:
        notes.add(
            f"{cloud.region} has only {len(usable)} zones for this account, and an environment needs {ZONES}: "
            "choose another region."
        )
    if address is None:
        notes.add("This computer's own address could not be learned: write your networks yourself.")
    if free is None:
        notes.add("Every private network of a VPC's size is taken: write a smaller one yourself.")
    return Suggestion(
        regions=tuple(regions.result() or _known_regions()),
        region=cloud.region,
        account=who.account if who else "",
        arn=who.arn if who else "",
        zones=usable,
        vpc_cidr=str(free or ""),
        taken=taken,
        access_cidrs=(address,) if address else (),
        profile=profile,
        profiles=() if sandbox else tuple(caller.profiles(os.environ if environ is None else environ)),
        templates=tuple(templates.names(workplace)),
        public_zones=tuple(dns.result() or ()),
        notes=tuple(notes.sentences),
    )


@dataclass
class _Notes:
    """Sentences about what could not be learned, each once."""

    sentences: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def tried(self, ask: Callable[[], Answer]) -> Answer | None:
        """What `ask` answers, None where it failed: that is noted."""
        try:
            return ask()
        except KubeplatError as error:
            self.add(str(error))
            return None


def _regions(cloud: Cloud) -> Iterator[str]:
    """The regions that are enabled in the account (EC2 DescribeRegions answers with those only)."""
    with aws_call("Listing the regions"):
        yield from sorted(one["RegionName"] for one in cloud.client("ec2").describe_regions()["Regions"])


def _known_regions() -> list[str]:
    """The regions that the AWS library knows, without asking anybody."""
    from kubeplat_tui.services.credentials.files import botocore_session

    return sorted(botocore_session(None, {}).get_available_regions("ec2"))


def _zones(cloud: Cloud) -> Iterator[str]:
    """The availability zones that can be used: available, and opted in where that is needed; no local zones."""
    with aws_call(f"Listing the zones of {cloud.region}"):
        answer = cloud.client("ec2").describe_availability_zones(
            Filters=[
                {"Name": "state", "Values": ["available"]},
                {"Name": "opt-in-status", "Values": ["opted-in", "opt-in-not-required"]},
                {"Name": "zone-type", "Values": ["availability-zone"]},
            ]
        )
    yield from sorted(one["ZoneName"] for one in answer["AvailabilityZones"])


def _vpcs(cloud: Cloud) -> Iterator[Taken]:
    with aws_call(f"Listing the VPCs of {cloud.region}"):
        pages = cloud.client("ec2").get_paginator("describe_vpcs").paginate()
        vpcs: list[dict[str, Any]] = [vpc for page in pages for vpc in page["Vpcs"]]
    for vpc in vpcs:
        tags = {tag["Key"]: tag["Value"] for tag in vpc.get("Tags", ())}
        whose = tags.get("Env") or tags.get("Name") or vpc["VpcId"]
        blocks = [one["CidrBlock"] for one in vpc.get("CidrBlockAssociationSet", ())] or [vpc["CidrBlock"]]
        yield from (Taken(block, f"VPC {whose}") for block in blocks)


def vpcs_of(open_cloud: Callable[[Environment], Cloud | None], environment: Environment) -> list[Taken]:
    """The VPCs of an environment's region, as far as they may be seen: none where that is not so."""
    try:
        cloud = open_cloud(environment)
        return list(_vpcs(cloud)) if cloud is not None else []
    except KubeplatError:
        return []


def _public_zones(cloud: Cloud) -> Iterator[str]:
    """The public DNS zones of the account, without the dot at their end."""
    with aws_call("Listing the DNS zones"):
        pages = cloud.client("route53").get_paginator("list_hosted_zones").paginate()
        found = [zone for page in pages for zone in page["HostedZones"] if not zone["Config"]["PrivateZone"]]
    yield from sorted({zone["Name"].rstrip(".") for zone in found})
