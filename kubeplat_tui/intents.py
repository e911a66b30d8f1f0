"""What both front ends ask for: the one list of what kubeplat can do, and where its parts are put together."""

from __future__ import annotations

import getpass
import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubeplat_tui.services.credentials.cloud_credentials import SharedCredentials
from kubeplat_tui.services.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kubeplat_tui.services.cloud import Cloud, Identity, SandboxDoor, SandboxStatus
    from kubeplat_tui.services.credentials.model import CredentialQuestions, CredentialsStatus
    from kubeplat_tui.services.environments import Environment, Found
    from kubeplat_tui.services.environments.answers import Answer
    from kubeplat_tui.services.environments.creation import NewEnvironment, Suggestion
    from kubeplat_tui.services.environments.moving import Belongings
    from kubeplat_tui.services.environments.standing import Standing, Viewing
    from kubeplat_tui.services.events import Decisions, Event, Output, Root, Stop
    from kubeplat_tui.services.inventory import Instance, Inventory, LoadBalancer, Volume
    from kubeplat_tui.services.pki.findings import Expiry
    from kubeplat_tui.services.prerequisites import Key, Prerequisite
    from kubeplat_tui.services.replacement.pools import Pool, Scaling
    from kubeplat_tui.services.replacement.targets import Termination
    from kubeplat_tui.services.runs import RunRecord
    from kubeplat_tui.services.secrets.store import SecretStore
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.connections import Connections
    from kubeplat_tui.services.ssh.forwards import Forwards
    from kubeplat_tui.services.terraform.remote_state import StateLock
    from kubeplat_tui.services.variables.declarations import Declarations
    from kubeplat_tui.services.variables.variable_file import VariableFile


@dataclass(frozen=True, slots=True)
class Listing:
    """A row of the environments list: the file as found, and how its last run ended."""

    found: Found
    last_run: RunRecord | None


class Intents:
    """One per front end. Every method may block: the application calls them from worker threads only."""

    def __init__(
        self,
        workplace: Workplace | None = None,
        *,
        sandbox: SandboxDoor | None = None,
        user: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self.workplace = workplace or Workplace.from_environment(self._environ)
        self._door = sandbox
        self._user = user
        self._clouds: dict[str, tuple[tuple[str, ...], Cloud]] = {}
        self._ssh: dict[str, Connections] = {}
        self._forwards: dict[str, Forwards] = {}
        self._declarations: dict[str, tuple[frozenset[tuple[str, int, int]], Declarations]] = {}
        self._looking: Viewing | None = None
        self.credential_questions: CredentialQuestions | None = None
        """Whoever is asked for the codes of MFA devices; set by the front end. None: nobody can be asked."""
        self._credentials = SharedCredentials(lambda: self.credential_questions, self._environ)
        self._lock = threading.Lock()

    # --- environments -------------------------------------------------------------------------------------------

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

    def environment(self, name: str) -> Environment:
        """One environment. Raises `InputError` with the nearest name where there is none, or where it is broken."""
        from kubeplat_tui.services import environments

        return environments.load(self.workplace.environments, name)

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
        from kubeplat_tui.services.environments.standing import Standings

        return Standings(self._viewing().open).read(self.environment(name))

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
        from kubeplat_tui.services.environments import answers, creation

        whole = answers.completed(new)
        return whole, creation.text_of(self.workplace, self.declarations(), whole).decode()

    def copy_environment(self, source: str, name: str) -> Environment:
        """Copy the file of `source` under another name, with buckets, networks and names of its own.

        Raises `InputError` where the name is taken or cannot be one, or the source is broken.
        """
        from kubeplat_tui.services.environments import creation, suggestion

        environment = self.environment(source)
        taken = suggestion.vpcs_of(self._viewing().open, environment)
        return creation.copy(self.workplace, self.declarations(source), source, name, taken)

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

    def create_environment(self, name: str) -> Environment:
        """A new environment from the example. Raises `InputError` where the name is taken or cannot be one."""
        from kubeplat_tui.services import environments

        return environments.create(self.workplace, name)

    @property
    def user(self) -> str:
        """Who the playground is for: `$USER`, else the login name."""
        if self._user:
            return self._user
        named = self._environ.get("USER") or self._environ.get("LOGNAME")
        if named:
            return named
        try:
            return getpass.getuser()
        except (OSError, KeyError):  # a container's user may have no entry in the password file
            return "user"

    def declarations(self, name: str = "") -> Declarations:
        """Every variable that the Terraform roots declare, and the user's own files for environment `name`.

        Read once, and again when a file of the user's was changed.
        """
        from kubeplat_tui.services.terraform.configuration_files import fingerprint
        from kubeplat_tui.services.variables import declarations as variables

        own = self.workplace.config_d
        seen = fingerprint(own) if own is not None else frozenset()
        with self._lock:
            known = self._declarations.get(name)
            if known is None or known[0] != seen:
                known = seen, variables.declared(self.workplace.terraform, own, name)
                self._declarations[name] = known
            return known[1]

    def variable_file(self, name: str) -> VariableFile:
        """The environment's file for the editor; loads also where its values are wrong."""
        from kubeplat_tui.services.variables.variable_file import VariableFile

        return VariableFile.load(self.workplace.environments / f"{name}.tfvars")

    # --- one environment ----------------------------------------------------------------------------------------

    def open(self, name: str) -> Site:
        """The environment `name`, checked and with its cloud; the sandbox is started where it lives there.

        The file is read anew each time; the cloud is kept while the file names the same one. Raises `InputError` with
        every problem of the file, `KubeplatError` where the cloud cannot be opened.
        """
        from kubeplat_tui.services.site import Site
        from kubeplat_tui.services.variables import declarations as variables

        environment = self.environment(name)
        declarations = self.declarations(name)
        variables.check_environment(environment, declarations)
        return Site(self.workplace, environment, self._cloud(environment), declarations, self._environ)

    def plan(self, site: Site, decisions: Decisions, stop: Stop) -> Iterator[Event]:
        """Show what `run` would change; changes nothing."""
        from kubeplat_tui.services import build

        return build.plan(self.open(site.environment.name), decisions, stop)

    def run(self, site: Site, decisions: Decisions, stop: Stop) -> Iterator[Event]:
        """Bring the environment to its plan."""
        from kubeplat_tui.services import build

        return build.run(self.open(site.environment.name), decisions, stop)

    def cleanup(self, site: Site, decisions: Decisions, stop: Stop) -> Iterator[Event]:
        """Take the environment down until nothing is left."""
        from kubeplat_tui.services import cleanup

        return cleanup.cleanup(self.open(site.environment.name), decisions, stop)

    def outputs(self, site: Site) -> tuple[Output, ...]:
        """The outputs of both roots, from the remote state."""
        from kubeplat_tui.services import build

        return build.outputs(site)

    def locks(self, site: Site) -> dict[Root, StateLock]:
        """Terraform's locks on the states of the roots, where they are held."""
        from kubeplat_tui.services.events import Root
        from kubeplat_tui.services.terraform.remote_state import StateStore

        bucket = str(site.environment.values["terraform_bucket_name"])
        store = StateStore(site.cloud, bucket, site.environment.name)
        locks = {root: store.lock(root) for root in Root}
        return {root: lock for root, lock in locks.items() if lock is not None}

    def unlock(self, site: Site, root: Root, lock: StateLock) -> None:
        """Take away a lock whose holder is gone; only while it is still the same one."""
        from kubeplat_tui.services import build

        build.unlock(site, root, lock.id)

    def history(self, name: str) -> list[RunRecord]:
        """Every kept run of environment `name` on this computer, the latest first."""
        from kubeplat_tui.services import runs

        return runs.history(self.workplace, name)

    def instances(self, site: Site) -> list[Instance]:
        """The environment's machines."""
        return self._inventory(site).instances()

    def volumes(self, site: Site) -> list[Volume]:
        """The environment's volumes."""
        return self._inventory(site).volumes()

    def load_balancers(self, site: Site) -> list[LoadBalancer]:
        """The environment's load balancers with the health of their targets."""
        return self._inventory(site).load_balancers()

    def termination(self, site: Site, targets: Sequence[str], *, force: bool = False) -> Termination:
        """The machines that `targets` (layers, ids, names) mean, and whether they may be terminated now."""
        from kubeplat_tui.services.replacement import targets as looking

        return looking.look(site, targets, force=force)

    def terminate(
        self, site: Site, termination: Termination, stop: Stop, *, wait: bool = True
    ) -> Iterator[Event]:
        """Terminate what was looked at, and follow it until every replacement is in service."""
        from kubeplat_tui.services.replacement import terminating

        return terminating.terminate(site, termination, stop, wait=wait)

    def pools(self, site: Site) -> tuple[Pool, ...]:
        """The pools of workers with their sizes and bounds."""
        from kubeplat_tui.services.replacement import pools

        return pools.pools(self._as_written(site))

    def scaling(self, site: Site, desired: int, pool: str = "") -> Scaling:
        """Whether the pool ("": the only one) may have `desired` machines."""
        from kubeplat_tui.services.replacement import pools

        return pools.look(self._as_written(site), desired, pool)

    def scale(self, site: Site, scaling: Scaling, stop: Stop, *, wait: bool = True) -> Iterator[Event]:
        """Give the pool the size that was looked at, and follow it until it has it."""
        from kubeplat_tui.services.replacement import scaling as work

        return work.scale(site, scaling, stop, wait=wait)

    def secrets(self, site: Site) -> SecretStore:
        """The environment's secrets: the bucket and the working copy beside it. Asks nothing yet."""
        from kubeplat_tui.services.secrets.store import SecretStore

        return SecretStore(site, self._environ)

    def ssh(self, site: Site) -> Connections:
        """The connections to the environment's machines: the same object while its cloud is the same."""
        from kubeplat_tui.services.ssh.connections import Connections

        with self._lock:
            known = self._ssh.get(site.environment.name)
            if known is not None and known.site.cloud is site.cloud:
                known.use(site)
                return known
            made = Connections(site, lambda: self.instances(site))
            self._ssh[site.environment.name] = made
        if known is not None:
            known.close()
        return made

    def forwards(self, site: Site) -> Forwards:
        """The environment's port forwards: the same object while its connections are the same."""
        from kubeplat_tui.services.ssh.forwards import Forwards

        connections = self.ssh(site)
        with self._lock:
            known = self._forwards.get(site.environment.name)
            if known is not None and known.connections is connections:
                return known
            made = self._forwards[site.environment.name] = Forwards(connections)
        if known is not None:
            known.close()
        return made

    def expiry(self, name: str) -> Expiry | None:
        """What of environment `name` expires next, as its working copy on this computer has it; None without one.

        Raises `KubeplatError` where that cannot be read.
        """
        from kubeplat_tui.services.secrets.store import local_expiry

        return local_expiry(self.workplace, name)

    def account_cloud(self, region: str, *, profile: str = "", sandbox: bool = False) -> Cloud:
        """A cloud without an environment, which its caller closes; the sandbox is started where that is asked for."""
        from kubeplat_tui.services.cloud import Cloud
        from kubeplat_tui.services.credentials.keys import Wanted

        if sandbox:
            return Cloud(region, None, self._sandbox_door().open())
        wanted = Wanted(profile or None)
        return Cloud(region, wanted.profile, credentials=self._credentials.of(wanted, region))

    def identity(self, site: Site) -> Identity:
        """Whose credentials are used."""
        return site.cloud.identity()

    def credentials(self, site: Site) -> CredentialsStatus:
        """Whose credentials the environment uses, from where, until when. Asks AWS, but never for a code."""
        from kubeplat_tui.services.credentials.caller_identity import checked

        return checked(site.cloud.credentials_status(), site.environment)

    def renew_credentials(self, site: Site) -> None:
        """Get new keys now; may ask for a code. Raises `KubeplatError`: the old ones stay in use."""
        site.cloud.renew_credentials()

    def forget_credentials(self, site: Site) -> int:
        """Take the session tokens out of the keyring and out of this process; how many the keyring had."""
        return site.cloud.forget_credentials()

    # --- the rest -----------------------------------------------------------------------------------------------

    def git_branch(self) -> str:
        """The checkout's branch (or short commit), "" where it is no git checkout. Reads one file, runs nothing.

        `KUBEPLAT_BRANCH` tells it to a container, which has no checkout.
        """
        if told := os.environ.get("KUBEPLAT_BRANCH"):
            return told
        head = self.workplace.terraform.parent / ".git" / "HEAD"
        try:
            text = head.read_text().strip()
        except OSError:
            return ""
        return text.removeprefix("ref: refs/heads/") if text.startswith("ref: ") else text[:8]

    def sandbox_status(self) -> SandboxStatus | None:
        """The running sandbox, or None."""
        from kubeplat_tui.sandbox import door

        return door.status(self.workplace.state)

    def keep_sandbox(self) -> None:
        """Let the running sandbox outlive its front ends, until `kubeplat sandbox stop`.

        Raises `KubeplatError` where none runs.
        """
        from kubeplat_tui.sandbox.control import Verb, ask
        from kubeplat_tui.sandbox.places import Places
        from kubeplat_tui.services.errors import KubeplatError

        if ask(Places.of(self.workplace.state).control, Verb.KEEP) is None:
            raise KubeplatError("There is no running sandbox to keep.", todo="Open an environment in it.")

    def close(self) -> None:
        """Give everything back: the last front end takes its sandbox with it."""
        with self._lock:
            clouds, connections = list(self._clouds.values()), list(self._ssh.values())
            forwards = list(self._forwards.values())
            looking, self._looking = self._looking, None
            self._clouds.clear()
            self._ssh.clear()
            self._forwards.clear()
        for listening in forwards:
            listening.close()
        for each in connections:
            each.close()
        for _, cloud in clouds:
            cloud.close()
        if looking is not None:
            looking.close()

    def _viewing(self) -> Viewing:
        """The clouds that environments are only looked at with; kept, so that their clients are made once."""
        from kubeplat_tui.services.cloud import Clouds
        from kubeplat_tui.services.environments.standing import Viewing

        def endpoint() -> str | None:
            status = self.sandbox_status()
            # One that nobody holds is about to end, and what it holds with it.
            held = status is not None and (status.leases > 0 or status.kept)
            return status.endpoint if status is not None and held else None

        with self._lock:
            if self._looking is None:
                self._looking = Viewing(
                    Clouds(None, self._environ, hurried=True, credentials=self._credentials), endpoint
                )
            return self._looking

    def _check_nothing_is_built(self, name: str) -> None:
        from kubeplat_tui.services.environments import moving

        environment = self.environment(name)
        moving.check_nothing_is_built(environment, self.standing(name), self._viewing().open(environment))

    def _forget(self, name: str) -> None:
        """Give back what is held for an environment that is gone."""
        with self._lock:
            held = self._forwards.pop(name, None), self._ssh.pop(name, None)
            _, cloud = self._clouds.pop(name, ((), None))
        for each in (*held, cloud):
            if each is not None:
                each.close()

    def _sandbox_door(self) -> SandboxDoor:
        if self._door is None:
            from kubeplat_tui.sandbox.door import LocalSandbox

            self._door = LocalSandbox(self.workplace.state)
        return self._door

    def _cloud(self, environment: Environment) -> Cloud:
        from kubeplat_tui.services.cloud import Clouds, wanted_by

        wanted = wanted_by(environment)
        place = (
            str(environment.sandbox),
            environment.region,
            environment.profile,
            wanted.role_arn,
            wanted.mfa_serial,
        )
        with self._lock:
            known = self._clouds.get(environment.name)
            if known and known[0] == place and not known[1].lost:
                return known[1]
            if known:
                known[1].close()
            if environment.sandbox:
                self._sandbox_door()
            cloud = Clouds(self._door, self._environ, credentials=self._credentials).open(environment)
            self._clouds[environment.name] = (place, cloud)
            return cloud

    def _as_written(self, site: Site) -> Site:
        """The site with its file as it is now: somebody may have changed it since."""
        return replace(site, environment=self.environment(site.environment.name))

    def _inventory(self, site: Site) -> Inventory:
        from kubeplat_tui.services.inventory import Inventory

        return Inventory(site.cloud, site.environment.name)

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
