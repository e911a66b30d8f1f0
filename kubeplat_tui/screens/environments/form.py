"""The form of a new environment as data: its fields, what they are filled with, and what their texts answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.environments.answers import Answer, listed
from kubeplat_tui.services.environments.creation import ZONES, NewEnvironment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeplat_tui.services.environments.creation import Suggestion


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the form. `aws_only`: it means nothing in the sandbox."""

    answer: Answer
    label: str
    help: str
    aws_only: bool = False


FIELDS = (
    Field(Answer.NAME, "Name", "Also the file's name. Lower-case letters, digits and hyphens, at most 20."),
    Field(
        Answer.PROFILE,
        "Profile",
        "Of the AWS files, for when the shell holds no credentials. Empty: the environment's name.",
        aws_only=True,
    ),
    Field(
        Answer.ACCOUNT,
        "Account",
        "The AWS account's number. Nothing is changed when the credentials belong to another one.",
        aws_only=True,
    ),
    Field(Answer.REGION, "Region", "The AWS region, as in eu-west-2. → takes what is completed."),
    Field(Answer.ZONES, "Zones", "Three, for one master each: whole names, or letters as in a b c."),
    Field(
        Answer.NETWORK, "Network", "The VPC's addresses, from /16 to /24. They should be nobody else's yet."
    ),
    Field(
        Answer.ACCESS,
        "Access",
        "Networks that may use SSH and the API, as in 203.0.113.7/32. Empty: nobody yet.",
    ),
    Field(Answer.PUBLIC_ZONE, "Public zone", "The DNS zone of the API's public name, as in example.com."),
    Field(
        Answer.PRIVATE_ZONE,
        "Private zone",
        "The DNS zone inside the VPC. Empty: the environment's .internal.",
    ),
    Field(Answer.TEMPLATE, "Template", "What the file is made from: NAME.tfvars.j2 beside the environments."),
)
FOLLOWS_NAME = frozenset({Answer.PUBLIC_ZONE, Answer.PRIVATE_ZONE})
"""What is filled in from the name."""
IN_SANDBOX = "In the sandbox: AWS is simulated, nothing to pay"
MAKE_ZONE = "Make this zone; its parent zone has to delegate it"


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it stands: the text of each field, and the two ticks."""

    texts: Mapping[Answer, str]
    sandbox: bool = False
    make_zone: bool = False

    @property
    def asks(self) -> tuple[str, str, bool]:
        """What a suggestion depends on: region, profile (by default the environment's name), sandbox."""
        profile = self.texts[Answer.PROFILE].strip() or self.texts[Answer.NAME].strip()
        profile = "" if self.sandbox else profile
        return self.texts[Answer.REGION].strip(), profile, self.sandbox

    def answers(self) -> NewEnvironment:
        """The texts as answers, right or wrong."""
        text = {answer: typed.strip() for answer, typed in self.texts.items()}
        return NewEnvironment(
            name=text[Answer.NAME],
            region=text[Answer.REGION],
            account="" if self.sandbox else text[Answer.ACCOUNT],
            zones=listed(text[Answer.ZONES]),
            vpc_cidr=text[Answer.NETWORK],
            public_zone_name=text[Answer.PUBLIC_ZONE],
            profile="" if self.sandbox else text[Answer.PROFILE],
            sandbox=self.sandbox,
            access_cidrs=listed(text[Answer.ACCESS]),
            public_zone_create=self.make_zone,
            private_zone_name=text[Answer.PRIVATE_ZONE],
            template=text[Answer.TEMPLATE],
        )


def suggested(known: Suggestion, name: str, *, sandbox: bool) -> dict[Answer, str]:
    """What the suggestion fills in, and what follows from the name."""
    zone = f"{name}.test" if sandbox and name else next(iter(known.public_zones), "")
    return {
        Answer.PROFILE: known.profile,
        Answer.ACCOUNT: known.account,
        Answer.REGION: known.region,
        Answer.ZONES: ", ".join(known.zones[:ZONES]),
        Answer.NETWORK: known.vpc_cidr,
        Answer.ACCESS: ", ".join(known.access_cidrs),
        Answer.PUBLIC_ZONE: zone,
        Answer.PRIVATE_ZONE: f"{name}.internal" if name else "",
        Answer.TEMPLATE: next(iter(known.templates), ""),
    }
