"""What can be asked of the environments before one of them is opened: their files, what stands of them, new ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.intents.held import Held

if TYPE_CHECKING:
    from kubeplat_tui.services.environments import Environment, Found
    from kubeplat_tui.services.environments.answers import Answer
    from kubeplat_tui.services.environments.creation import NewEnvironment, Suggestion
    from kubeplat_tui.services.environments.moving import Belongings
    from kubeplat_tui.services.environments.standing import Standing
    from kubeplat_tui.services.pki.findings import Expiry
    from kubeplat_tui.services.prerequisites import Key, Prerequisite
    from kubeplat_tui.services.runs import RunRecord
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.variables.variable_file import VariableFile


@dataclass(frozen=True, slots=True)
class Listing:
    """A row of the environments list: the file as found, and how its last run ended."""

    found: Found
    last_run: RunRecord | None


class EnvironmentIntents(Held):
    """Makes, copies, renames and deletes environments, and tells how each of them is."""

    def environment_names(self) -> list[str]:
        """The names of the folder's environments, in order; no file is read."""
        from kubeplat_tui.services import environments

        return environments.names(self.workplace.environments)

    def environments(self) -> list[Listing]:
        """Every environment of the folder, good or broken, by name."""
        from kubeplat_tui.services import environments, runs

        return [
            Listing(found, runs.last_run(self.workplace, found.name))
            for found in environments.discover(self.workplace.environments)
        ]

    def playground(self) -> Environment:
        """The user's playground: its file is made from the template exactly once and never overwritten."""
        from kubeplat_tui.services import caller, environments

        name = environments.playground_name(self.user)
        if (self.workplace.environments / f"{name}.tfvars").exists():
            return environments.load(self.workplace.environments, name)
        if not caller.has_playground_credentials(self._environ):
            return environments.create_playground(self.workplace, self.user, sandbox=True)
        account = self._playground_account()
        region = self._environ.get("AWS_DEFAULT_REGION") or environments.DEFAULT_REGION
        found = self.suggest_environment(name, region=region, profile=caller.PLAYGROUND_PROFILE)
        return environments.create_playground(
            self.workplace,
            self.user,
            sandbox=False,
            account=account,
            access_cidrs=found.access_cidrs,
            region=region,
            zones=found.zones,
            vpc_cidr=found.vpc_cidr,
        )

    def standing(self, name: str) -> Standing:
        """What of environment `name` is built, by its remote states. For many threads at the same time.

        Starts nothing and asks nobody; blocks for a few seconds at most. Raises `InputError` for a broken file.
        """
        from kubeplat_tui.services.environments import standing

        return standing.read(self._viewing().open, self.environment(name))

    def suggest_environment(
        self, name: str, *, region: str = "", profile: str = "", sandbox: bool = False
    ) -> Suggestion:
        """What a new environment could be, looked up anew; what could not be learned is in its notes."""
        from kubeplat_tui.services.environments import suggestion

        region = region or suggestion.region_of(self._environ)
        profile = profile or ("" if sandbox else suggestion.profile_for(name, self._environ))
        cloud = self.account_cloud(region, profile=profile or name, sandbox=sandbox)
        try:
            return suggestion.suggest(
                self.workplace,
                self.declarations(name),
                cloud,
                name,
                sandbox=sandbox,
                profile=profile,
                environ=self._environ,
            )
        finally:
            cloud.close()

    def make_environment(self, new: NewEnvironment) -> Environment:
        """Make the file of a new environment from a template; checked before it is written, never over another.

        Raises `InputError` with everything that is wrong.
        """
        from kubeplat_tui.services.environments import creation

        return creation.make(self.workplace, self.declarations(new.name), new)

    def answer_problems(self, new: NewEnvironment, known: Suggestion | None) -> dict[Answer, str]:
        """What is wrong with the answers, by answer; compared with what is there as far as that is `known`."""
        from kubeplat_tui.services.environments import answers

        return answers.problems(self.workplace, self.declarations(), new, known)

    def preview_environment(self, new: NewEnvironment) -> tuple[NewEnvironment, str]:
        """The answers with what was left out, and the file that `make_environment` makes of them."""
        from kubeplat_tui.services.environments import creation

        whole = creation.completed(new)
        return whole, creation.text_of(self.workplace, self.declarations(), whole).decode()

    def copy_environment(self, source: str, name: str) -> Environment:
        """Copy the file of `source` under another name, with buckets, networks and names of its own.

        Raises `InputError` where the name is taken or cannot be one, or the source is broken.
        """
        from kubeplat_tui.services.environments import creation, suggestion

        environment = self.environment(source)
        taken = suggestion.vpcs_of(self._viewing().open, environment)
        return creation.copy(self.workplace, self.declarations(source), source, name, taken)

    def create_environment(self, name: str) -> Environment:
        """A new environment from the example. Raises `InputError` where the name is taken or cannot be one."""
        from kubeplat_tui.services import environments

        return environments.create(self.workplace, name)

    def belongings(self, name: str) -> Belongings:
        """What this computer keeps of an environment: what deleting it would take away."""
        from kubeplat_tui.services.environments import moving

        return moving.belongings(self.workplace, name)

    def rename_environment(self, name: str, new: str) -> Environment:
        """Give an environment of which nothing is built another name, and its private folder.

        Raises `InputError` where something of it is built, or where that is not known.
        """
        from kubeplat_tui.services.environments import moving

        self._check_nothing_is_built(name)
        renamed = moving.rename(self.workplace, self.declarations(name), name, new)
        self._forget(name)
        return renamed

    def delete_environment(self, name: str) -> None:
        """Delete an environment of which nothing is built: file, private folder, keyring entries. Typed before.

        Raises `InputError` where something of it is built, or where that is not known.
        """
        from kubeplat_tui.services.environments import moving

        self._check_nothing_is_built(name)
        moving.delete(self.workplace, name)
        self._forget(name)

    def prerequisites(self, site: Site) -> tuple[Prerequisite, ...]:
        """What the environment needs before its first run, looked up anew; changes nothing."""
        from kubeplat_tui.services import prerequisites

        return prerequisites.prerequisites(self.open(site.environment.name))

    def remedy(self, site: Site, key: Key) -> str:
        """Do what the checklist offers for `key`; a sentence says what was done."""
        from kubeplat_tui.services import prerequisites

        return prerequisites.remedy(self.open(site.environment.name), key)

    def expiry(self, name: str) -> Expiry | None:
        """What of environment `name` expires next, as its working copy on this computer has it; None without one.

        Raises `KubeplatError` where that cannot be read.
        """
        from kubeplat_tui.services.secrets.store import local_expiry

        return local_expiry(self.workplace, name)

    def history(self, name: str) -> list[RunRecord]:
        """Every kept run of environment `name` on this computer, the latest first."""
        from kubeplat_tui.services import runs

        return runs.history(self.workplace, name)

    def variable_file(self, name: str) -> VariableFile:
        """The environment's file for the editor; loads also where its values are wrong."""
        from kubeplat_tui.services.variables.variable_file import VariableFile

        return VariableFile.load(self.workplace.environments / f"{name}.tfvars")

    def _check_nothing_is_built(self, name: str) -> None:
        from kubeplat_tui.services.environments import moving

        environment = self.environment(name)
        moving.check_nothing_is_built(environment, self.standing(name), self._viewing().open(environment))

    def _playground_account(self) -> str:
        """The account that the credentials for a playground belong to. Asks AWS."""
        from kubeplat_tui.services.caller import PLAYGROUND_PROFILE
        from kubeplat_tui.services.environments import DEFAULT_REGION

        region = self._environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
        cloud = self.account_cloud(region, profile=PLAYGROUND_PROFILE)
        try:
            return cloud.identity().account
        finally:
            cloud.close()
