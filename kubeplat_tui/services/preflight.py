"""The checks before anything happens: is this the right account, and can it work at all?

A check that cannot be made says "not available": it neither passes nor fails.
"""

from __future__ import annotations

import ipaddress
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services import master_key
from kubeplat_tui.services.aws_errors import SKEW_SECONDS, aws_call, clock_words
from kubeplat_tui.services.credentials.caller_identity import wrong_account
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.events import CheckFinished, CheckState, LogLine, Outcome, Verb, now
from kubeplat_tui.services.pipeline import StepResult
from kubeplat_tui.services.terraform import binary as terraform_binary
from kubeplat_tui.services.terraform import client as terraform
from kubeplat_tui.services.variables import declarations as variables
from kubeplat_tui.services.workplace import private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from kubeplat_tui.services.cloud import Identity
    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.pipeline import Work
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.terraform.client import Toolbox

    Check = tuple[CheckState, str]

ROOM = 256 << 20
"""Bytes that a run may need in the state folder: plans, journal, the copy of the roots."""

PARALLEL = 6
FLAVORS = {
    "secure_flavor": "secure_subnets",
    "compute_flavor": "compute_subnets",
    "bastion_flavor": "mgmt_subnets",
}
"""Which machines stand in which subnets."""

CLOCK_SECONDS = 60
"""So far the clocks may be apart without a word."""

QUOTAS = {"vpc": ("L-F678F1CE", "VPCs"), "ec2": ("L-0263D0A3", "elastic IP addresses")}
"""Service Quotas' codes, by service: what each environment takes from its region."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What the checks found, and everything after them works with."""

    identity: Identity
    toolbox: Toolbox


class _FailedError(Exception):
    """A check failed; the sentence says what to do."""


def preflight(work: Work) -> Generator[Event, None, tuple[StepResult, Ready]]:
    """Every check, as events. Raises `InputError` with all that failed; nothing was changed then."""
    site = work.site
    failed: list[str] = []
    toolbox: Toolbox | None = None
    identity: Identity | None = None
    try:
        if terraform_binary.find(site.workplace.cache) is None:
            pinned = terraform_binary.dotted(terraform_binary.PINNED)
            yield LogLine(text=f"Fetching Terraform {pinned}: this computer has none")
        toolbox = terraform.find_toolbox(site)
        yield _passed("terraform", f"{toolbox.binary} at {toolbox.binary.path}, {_providers(toolbox)}.")
    except InputError as error:
        failed.append(str(error))
        yield CheckFinished(name="terraform", state=CheckState.FAILED, detail=str(error))
    try:
        identity = site.cloud.identity()
        yield _checked("account", _account(site, identity), failed)
        yield _checked("clock", _clock(identity), failed)
    except KubeplatError as error:
        failed.append(str(error))
        yield CheckFinished(name="account", state=CheckState.FAILED, detail=str(error))
    checks: dict[str, Callable[[Site], Check]] = {"variables": _variables, "room": _room}
    if work.verb is not Verb.CLEANUP:
        checks["secrets"] = _secrets
    # Without the right account nothing else is asked: it would be another account's answer.
    if identity is not None and not failed:
        checks |= {
            "region": _region,
            "key": _key,
            "machines": _machines,
            "quotas": _quotas,
            "network": _network,
        }
    with ThreadPoolExecutor(PARALLEL) as pool:
        running = [(name, pool.submit(_guarded, check, site)) for name, check in checks.items()]
        for name, result in running:
            yield _checked(name, result.result(), failed)
    if failed or toolbox is None or identity is None:
        raise InputError(" ".join(failed), why="Nothing was changed.")
    return StepResult(Outcome.DONE, f"{len(checks) + 3} checks made, as {identity.arn}"), Ready(
        identity, toolbox
    )


def _guarded(check: Callable[[Site], Check], site: Site) -> Check:
    """A check's result. AWS refusing or not knowing a question is "not available"; being unreachable
    fails.
    """
    from kubeplat_tui.services.aws_errors import AwsError, UnreachableError

    try:
        return check(site)
    except UnreachableError as error:
        return CheckState.FAILED, str(error)
    except AwsError as error:
        return CheckState.NOT_AVAILABLE, str(error)
    except KubeplatError as error:
        return CheckState.FAILED, str(error)


def _checked(name: str, result: Check, failed: list[str]) -> CheckFinished:
    state, detail = result
    if state is CheckState.FAILED:
        failed.append(detail)
    return CheckFinished(name=name, state=state, detail=detail)


def _passed(name: str, detail: str) -> CheckFinished:
    return CheckFinished(name=name, state=CheckState.PASSED, detail=detail)


def _providers(toolbox: Toolbox) -> str:
    return f"providers from {toolbox.providers}" if toolbox.providers else "providers from their registry"


def _account(site: Site, identity: Identity) -> Check:
    wrong = wrong_account(site.environment, identity)
    return (
        (CheckState.FAILED, wrong) if wrong else (CheckState.PASSED, f"{identity.account} as {identity.arn}.")
    )


def _clock(identity: Identity) -> Check:
    """Whether this computer's time is AWS's, by the Date of an answer: AWS refuses what is signed in another time."""
    if identity.ahead is None:
        return CheckState.NOT_AVAILABLE, "AWS did not say its own time."
    if abs(identity.ahead) <= CLOCK_SECONDS:
        return CheckState.PASSED, f"As AWS's, within {CLOCK_SECONDS} seconds."
    state = CheckState.FAILED if abs(identity.ahead) > SKEW_SECONDS else CheckState.WARNED
    return state, f"This computer's clock is wrong. {clock_words(identity.ahead)} Set it."


def _variables(site: Site) -> Check:
    variables.check_environment(site.environment, site.declarations)
    return CheckState.PASSED, f"{len(site.environment.values)} values in {site.environment.path.name}."


def _room(site: Site) -> Check:
    folder = private_folder(site.folders.root)
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        return (
            CheckState.FAILED,
            f"{folder} has {free >> 20} MiB left, and a run may need {ROOM >> 20} MiB: make room.",
        )
    return CheckState.PASSED, f"{folder} has {free >> 30} GiB left."


def _secrets(site: Site) -> Check:
    """Whether what the cluster uses is valid, as far as this computer's working copy knows."""
    from kubeplat_tui.services.pki import findings
    from kubeplat_tui.services.pki.findings import Health
    from kubeplat_tui.services.pki.names import names_of
    from kubeplat_tui.services.secrets.steps import summed
    from kubeplat_tui.services.secrets.working_copy import WorkingCopy

    try:
        files = WorkingCopy(site.folders.root).snapshot()
        found = findings.check(names_of(site), files, now()) if files else []
    except KubeplatError as error:
        return CheckState.NOT_AVAILABLE, str(error)
    known = [one for one in found if one.expires is not None and one.in_use]
    if not known:
        return CheckState.PASSED, "No certificate is on this computer yet: a run fetches them, or makes them."
    expired = [one for one in known if one.health is Health.EXPIRED]
    if expired:
        return (
            CheckState.FAILED,
            f"{summed(expired)} So this computer's working copy has it: where it was renewed elsewhere, "
            f"kubeplat fetch-secrets -e {site.environment.name} first.",
        )
    due = [one for one in known if one.health is Health.DUE]
    if due:
        return CheckState.WARNED, f"{summed(due)} So this computer's working copy has it."
    first = min(known, key=lambda one: one.expires or now())
    return (
        CheckState.PASSED,
        f"{len(known)} certificates in use are valid in this computer's working copy; "
        f"{first.name} expires first, in {first.days} days.",
    )


def wrong_region(site: Site) -> str:
    """Why the environment's region cannot be used, with what to do; "" where it can. Asks EC2; raises `AwsError`."""
    region = site.environment.region
    with aws_call(f"Looking up the region {region}"):
        found = site.cloud.client("ec2").describe_regions(
            AllRegions=True, Filters=[{"Name": "region-name", "Values": [region]}]
        )["Regions"]
    if not found:
        return f"AWS has no region {region}. Correct aws_region."
    if found[0].get("OptInStatus") == "not-opted-in":
        return f"The account has not enabled the region {region}. Enable it, or use another."
    return ""


def _region(site: Site) -> Check:
    wrong = wrong_region(site)
    return (
        (CheckState.FAILED, wrong) if wrong else (CheckState.PASSED, f"{site.environment.region} is enabled.")
    )


def _key(site: Site) -> Check:
    named = str(site.environment.values.get("kms_master_id") or "")
    key = master_key.find_key(site.cloud, named, site.environment.name)
    if key is None:
        absent = f"There is no KMS key {named}" if named else "No KMS key is named"
        return CheckState.WARNED, f"{absent}: a run asks whether to make one."
    return CheckState.PASSED, f"{key.id} is enabled."


def _machines(site: Site) -> Check:
    """Whether each zone offers the machine types that stand in it (EC2 DescribeInstanceTypeOfferings)."""
    wanted = _wanted_types(site)
    with aws_call("Asking which machine types the zones offer"):
        pages = (
            site.cloud.client("ec2")
            .get_paginator("describe_instance_type_offerings")
            .paginate(
                LocationType="availability-zone",
                Filters=[{"Name": "instance-type", "Values": sorted(wanted)}],
            )
        )
        offered = {
            (one["InstanceType"], one["Location"]) for page in pages for one in page["InstanceTypeOfferings"]
        }
    missing = [
        f"{type_} in {zone}"
        for type_, zones in sorted(wanted.items())
        for zone in sorted(zones)
        if (type_, zone) not in offered
    ]
    if missing:
        return (
            CheckState.FAILED,
            f"AWS does not offer {', '.join(missing)}. Choose another type or other zones.",
        )
    return CheckState.PASSED, f"{', '.join(sorted(wanted))} are offered in every zone."


def _quotas(site: Site) -> Check:
    """Whether one more environment fits into the region's quotas."""
    from botocore.exceptions import ClientError

    ec2 = site.cloud.client("ec2")
    quotas = site.cloud.client("service-quotas")
    with aws_call("Reading the quotas"):
        mine = ec2.describe_vpcs(Filters=[{"Name": "tag:Env", "Values": [site.environment.name]}])["Vpcs"]
        if mine:
            return CheckState.PASSED, "The environment has its VPC already."
        used = {
            "vpc": sum(len(page["Vpcs"]) for page in ec2.get_paginator("describe_vpcs").paginate()),
            "ec2": len(ec2.describe_addresses()["Addresses"]),
        }
        need = {"vpc": 1, "ec2": _nat_gateways(site)}
        short = []
        try:
            for service, (code, noun) in QUOTAS.items():
                answer = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)
                limit = int(answer["Quota"]["Value"])
                if used[service] + need[service] > limit:
                    short.append(
                        f"{noun}: {used[service]} of {limit} are used and {need[service]} more are needed"
                    )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            return CheckState.NOT_AVAILABLE, f"The quotas could not be read: AWS answered {code}."
    if short:
        return (
            CheckState.FAILED,
            f"The region's quotas are too small for {'; '.join(short)}. Ask AWS to raise them.",
        )
    return CheckState.PASSED, "There is room for another VPC and its addresses."


def _network(site: Site) -> Check:
    """Whether another VPC of the region has addresses in common with ours: they could never be connected."""
    ours = ipaddress.ip_network(str(_value(site, "vpc_cidr")), strict=False)
    with aws_call("Listing the VPCs"):
        pages = site.cloud.client("ec2").get_paginator("describe_vpcs").paginate()
        vpcs: list[dict[str, Any]] = [vpc for page in pages for vpc in page["Vpcs"]]
    clashes = []
    for vpc in vpcs:
        tags = {tag["Key"]: tag["Value"] for tag in vpc.get("Tags", ())}
        if tags.get("Env") == site.environment.name:
            continue
        blocks = [one["CidrBlock"] for one in vpc.get("CidrBlockAssociationSet", ())] or [vpc["CidrBlock"]]
        if any(ours.overlaps(ipaddress.ip_network(block)) for block in blocks):
            clashes.append(
                f"{tags.get('Env') or tags.get('Name') or 'unnamed'} ({vpc['VpcId']}, {', '.join(blocks)})"
            )
    if clashes:
        return (
            CheckState.WARNED,
            f"{ours} overlaps {'; '.join(clashes)}: the two networks can never be connected.",
        )
    return CheckState.PASSED, f"No other VPC of the region has addresses in {ours}."


def _nat_gateways(site: Site) -> int:
    mode = _value(site, "nat_mode")
    zones = len(_zones(site, _value(site, "nat_subnets")))
    return {"none": 0, "single": min(1, zones)}.get(str(mode), zones)


def _wanted_types(site: Site) -> dict[str, set[str]]:
    """The machine types by the zones they stand in. Pools of workers take the place of `compute_flavor`."""
    wanted: dict[str, set[str]] = {}
    pools = _value(site, "compute_pools")
    for flavor, subnets in FLAVORS.items():
        type_ = _value(site, flavor)
        if isinstance(type_, str) and type_ and not (flavor == "compute_flavor" and pools):
            wanted.setdefault(type_, set()).update(_zones(site, _value(site, subnets)))
    for pool in pools.values() if isinstance(pools, dict) else ():
        zones = _zones(site, pool.get("zones") or _value(site, "compute_subnets"))
        for type_ in (pool["flavor"], *pool.get("fallbacks", ())):
            wanted.setdefault(str(type_), set()).update(zones)
    return wanted


def _zones(site: Site, zones: Any) -> set[str]:
    """Zones as AWS names them, from a list of them or a map by zone; `a` is short for the region's."""
    region = site.environment.region
    return {name if name.startswith(region) else f"{region}{name}" for name in zones or ()}


def _value(site: Site, name: str) -> Any:
    """The value of a variable: the file's, else its default."""
    variable = site.declarations.get(name)
    return None if variable is None else variables.effective_value(variable, site.environment.values)
