"""A new environment in earnest, asked for at the terminal, or by options and what is looked up for the rest."""

from dataclasses import replace
from typing import Any

from kubeplat_tui.commands.session import Session
from kubeplat_tui.services.environments.answers import Answer, listed
from kubeplat_tui.services.environments.creation import ZONES, NewEnvironment, Suggestion
from kubeplat_tui.services.environments.templates import STANDARD
from kubeplat_tui.services.errors import InputError

__all__ = ["STANDARD", "NewEnvironment", "Wizard", "filled"]


def filled(session: Session, new: NewEnvironment) -> NewEnvironment:
    """The options, and what was looked up for those left out. Raises `InputError` for the first that is wrong."""
    if not new.name:
        raise InputError(
            "The new environment has no name.", todo="Name it: kubeplat environments create NAME."
        )
    known = session.intents.suggest_environment(
        new.name, region=new.region, profile=new.profile, sandbox=new.sandbox
    )
    for note in known.notes:
        session.note(note)
    new = _completed(new, known)
    wrong = session.intents.answer_problems(new, known)
    if wrong:
        raise InputError(" ".join(wrong.values()), todo="Nothing was made.")
    return new


def _completed(new: NewEnvironment, known: Suggestion) -> NewEnvironment:
    zone = new.public_zone_name or _public_zone(new, known)
    return replace(
        new,
        region=new.region or known.region,
        account=new.account or known.account,
        zones=new.zones or known.zones[:ZONES],
        vpc_cidr=new.vpc_cidr or known.vpc_cidr,
        access_cidrs=new.access_cidrs or known.access_cidrs,
        public_zone_name=zone,
        public_zone_create=new.public_zone_create
        or (zone not in known.public_zones and not new.public_zone_name),
        private_zone_name=new.private_zone_name or f"{new.name}.internal",
    )


def _public_zone(new: NewEnvironment, known: Suggestion) -> str:
    """A zone that the account has, else one that can be made and that nobody delegates (RFC 6761)."""
    return known.public_zones[0] if known.public_zones else f"{new.name}.test"


def _answered(new: NewEnvironment, answer: Answer, typed: str) -> NewEnvironment:
    """`new` with one answer as it was typed; lists are written with commas or spaces."""
    is_list = answer in {Answer.ZONES, Answer.ACCESS}
    change: dict[str, Any] = {answer.value: listed(typed) if is_list else typed}
    return replace(new, **change)


class Wizard:
    """Asks one thing after the other; an empty line takes what is suggested."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: Suggestion | None = None

    def asked(self, new: NewEnvironment) -> NewEnvironment:
        """The answers. Raises `InputError` where the person leaves."""
        new = self._field(new, Answer.NAME, "Name", new.name)
        new = replace(new, sandbox=self._yes("In the sandbox, simulated on this computer?", default=False))
        if not new.sandbox:
            new = self._field(new, Answer.PROFILE, "AWS profile (empty: the environment's name)", new.profile)
        known = self._look_up(new)
        region = self._field(replace(new, region=known.region), Answer.REGION, "Region", known.region)
        if region.region != known.region:
            known = self._look_up(region)
        new = _completed(region, known)
        if known.arn:
            self._session.note(f"You are {known.arn}.")
        if not new.sandbox:
            new = self._field(new, Answer.ACCOUNT, "Account", new.account)
        new = self._field(new, Answer.ZONES, "Zones", ", ".join(new.zones))
        new = self._field(new, Answer.NETWORK, "Network of the VPC", new.vpc_cidr)
        new = self._field(new, Answer.ACCESS, "Networks that may reach it", ", ".join(new.access_cidrs))
        new = self._public_zone(new, known)
        new = self._field(new, Answer.PRIVATE_ZONE, "Private zone", new.private_zone_name)
        new, text = self._session.intents.preview_environment(new)
        self._session.err.print(text, soft_wrap=True)
        if not self._yes("Write this file?", default=True):
            raise InputError("Nothing was made.")
        return new

    def _public_zone(self, new: NewEnvironment, known: Suggestion) -> NewEnvironment:
        """The zone; where the account has no such one, whether it shall be made."""
        while True:
            typed = self._typed("Public zone", new.public_zone_name)
            other = replace(new, public_zone_name=typed, public_zone_create=typed not in known.public_zones)
            wrong = self._wrong(other, Answer.PUBLIC_ZONE)
            if wrong:
                self._session.note(wrong)
            elif not other.public_zone_create or self._yes(
                f"The account has no zone {typed}, as far as is known. Let the run make it?", default=True
            ):
                return other
            else:
                return replace(other, public_zone_create=False)

    def _look_up(self, new: NewEnvironment) -> Suggestion:
        self._session.note("Looking around in the account …")
        self._known = self._session.intents.suggest_environment(
            new.name, region=new.region, profile=new.profile, sandbox=new.sandbox
        )
        for note in self._known.notes:
            self._session.note(note)
        return self._known

    def _field(self, new: NewEnvironment, answer: Answer, title: str, suggested: str) -> NewEnvironment:
        """The answers with one more, asked until nothing is wrong with it."""
        while True:
            typed = self._typed(title, suggested)
            other = _answered(new, answer, typed)
            wrong = self._wrong(other, answer)
            if not wrong:
                return other
            self._session.note(wrong)

    def _wrong(self, new: NewEnvironment, answer: Answer) -> str:
        return self._session.intents.answer_problems(new, self._known).get(answer, "")

    def _yes(self, title: str, *, default: bool) -> bool:
        typed = self._typed(f"{title} (yes/no)", "yes" if default else "no")
        return typed.lower() in {"y", "yes"}

    def _typed(self, title: str, suggested: str) -> str:
        """A line, or what is suggested. Raises `InputError` at the end of the input."""
        asked = f"{title} [{suggested}]: " if suggested else f"{title}: "
        self._session.err.print(asked, end="")
        self._session.err.file.flush()
        try:
            return input().strip() or suggested
        except EOFError as error:
            self._session.err.print()
            raise InputError("Nothing was made.") from error
