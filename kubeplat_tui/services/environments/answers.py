"""A new environment's answers, checked one by one: a sentence for each that is wrong, without a cloud."""

from __future__ import annotations

import difflib
import re
from enum import StrEnum
from typing import TYPE_CHECKING

from kubeplat_tui.services.environments import creation, networks
from kubeplat_tui.services.environments.model import check_free
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.variables.declarations import Declarations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kubeplat_tui.services.environments.creation import NewEnvironment, Suggestion
    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.workplace import Workplace


class Answer(StrEnum):
    """What is asked for, by the name of `NewEnvironment`'s field."""

    NAME = "name"
    PROFILE = "profile"
    ACCOUNT = "account"
    REGION = "region"
    ZONES = "zones"
    NETWORK = "vpc_cidr"
    ACCESS = "access_cidrs"
    PUBLIC_ZONE = "public_zone_name"
    PRIVATE_ZONE = "private_zone_name"
    TEMPLATE = "template"


DECLARED = {
    "environment": Answer.NAME,
    "aws_region": Answer.REGION,
    "aws_account": Answer.ACCOUNT,
    "aws_profile": Answer.PROFILE,
    "vpc_cidr": Answer.NETWORK,
    "ssh_access_list": Answer.ACCESS,
    "kubeapi_access_list": Answer.ACCESS,
    "public_zone_name": Answer.PUBLIC_ZONE,
    "private_zone_name": Answer.PRIVATE_ZONE,
}
"""The variables whose own validations judge an answer."""


def listed(text: str) -> tuple[str, ...]:
    """The words of a list as it is typed, with commas or spaces between them."""
    return tuple(text.replace(",", " ").split())


def problems(
    workplace: Workplace, declarations: Declarations, new: NewEnvironment, known: Suggestion | None
) -> dict[Answer, str]:
    """What is wrong with each answer, the first thing only. `known` is what the cloud told, None while it is asked.

    Names are compared with what is there only where that is known.
    """
    found: dict[Answer, str] = {}
    for answer, sentence in (
        *_declared(declarations, new),
        *_asked(lambda: check_free(workplace.environments, new.name), Answer.NAME),
        *_asked(lambda: creation.zone_letters(new), Answer.ZONES),
        *_asked(lambda: creation.check_clashes(new, declarations), Answer.NETWORK),
        *(_compared(new, known) if known is not None else ()),
    ):
        found.setdefault(answer, sentence)
    if Answer.REGION in found:
        found.pop(Answer.ZONES, None)  # they are those of another region
    return found


def _declared(declarations: Declarations, new: NewEnvironment) -> Iterator[tuple[Answer, str]]:
    """What the declared validations say; an empty answer has a sentence of its own."""
    values: dict[str, Value] = {
        "environment": new.name,
        "aws_region": new.region,
        "aws_profile": new.profile,
        "vpc_cidr": new.vpc_cidr,
        "ssh_access_list": list(new.access_cidrs),
        "kubeapi_access_list": list(new.access_cidrs),
        "public_zone_name": new.public_zone_name,
        **({} if new.sandbox else {"aws_account": new.account}),
        **({"private_zone_name": new.private_zone_name} if new.private_zone_name else {}),
    }
    needed = {
        Answer.NAME: (new.name, "The environment needs a name."),
        Answer.REGION: (new.region, "The environment needs a region."),
        Answer.ACCOUNT: (new.account or new.sandbox, "The number of the AWS account is missing."),
        Answer.ZONES: (new.zones, "Three zones are missing."),
        Answer.NETWORK: (new.vpc_cidr, "The network of the VPC is missing."),
        Answer.PUBLIC_ZONE: (new.public_zone_name, "The DNS zone for the API's public name is missing."),
    }
    if new.account and not re.fullmatch(r"[0-9]{12}", new.account):
        yield Answer.ACCOUNT, "An AWS account's number has 12 digits."
    yield from ((answer, sentence) for answer, (given, sentence) in needed.items() if not given)
    # Only what is asked for, and what its validations look at: the rest takes its time at every letter.
    judging = {name: declarations[name] for name in (*values, "allow_world") if name in declarations}
    given = {name: value for name, value in values.items() if name in judging}
    for problem in Declarations(judging).check(given):
        if problem.variable in given:
            yield DECLARED[problem.variable], problem.message


def _asked(check: Callable[[], object], answer: Answer) -> Iterator[tuple[Answer, str]]:
    """What `check` raises, as this answer's problem."""
    try:
        check()
    except InputError as error:
        yield answer, str(error)


def _compared(new: NewEnvironment, known: Suggestion) -> Iterator[tuple[Answer, str]]:
    """The answers beside what is there."""
    if known.regions and new.region not in known.regions:
        yield (
            Answer.REGION,
            f"There is no region {new.region} for this account.{_nearest(new.region, known.regions)}",
        )
    if new.profile and known.profiles and new.profile not in known.profiles:
        yield (
            Answer.PROFILE,
            f"The AWS files have no profile {new.profile}.{_nearest(new.profile, known.profiles)}",
        )
    if known.region == new.region and known.zones:
        absent = [zone for zone in new.zones if _whole(zone, new.region) not in known.zones]
        if absent:
            names = ", ".join(known.zones)
            yield Answer.ZONES, f"The account cannot use {', '.join(absent)}; it has {names}."
    wanted = networks.network_of(new.vpc_cidr)
    if wanted is not None:
        for taken in known.taken:
            other = networks.network_of(taken.cidr)
            if other is not None and other.overlaps(wanted):
                yield Answer.NETWORK, f"{new.vpc_cidr} overlaps {taken.cidr} of {taken.whose}."
    zone = new.public_zone_name
    if zone and known.public_zones and zone not in known.public_zones and not new.public_zone_create:
        zones = ", ".join(known.public_zones[:3])
        yield Answer.PUBLIC_ZONE, f"The account has no zone {zone}, it has {zones}. Or let it be made."


def _whole(zone: str, region: str) -> str:
    return f"{region}{zone}" if len(zone) == 1 else zone


def _nearest(name: str, names: Sequence[str]) -> str:
    nearest = next(iter(difflib.get_close_matches(name, names, 1, 0.5)), None)
    return f" Did you mean {nearest}?" if nearest else ""
