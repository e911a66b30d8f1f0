"""What one front end holds: the clouds of opened environments, their credentials, connections and port forwards."""

from __future__ import annotations

import getpass
import os
import threading
from typing import TYPE_CHECKING

from kubeplat_tui.services.credentials.shared import SharedCredentials
from kubeplat_tui.services.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeplat_tui.services.cloud import Cloud, SandboxDoor, SandboxStatus
    from kubeplat_tui.services.credentials.keys import Wanted
    from kubeplat_tui.services.credentials.model import CredentialQuestions
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.environments.standing import Viewing
    from kubeplat_tui.services.inventory import Instance, Inventory
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.connections import Connections
    from kubeplat_tui.services.ssh.forwards import Forwards
    from kubeplat_tui.services.variables.declarations import Declarations


class Held:
    """Opened at the first use, kept while the environment's file names the same, given back by `close`."""

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
        self._clouds: dict[str, tuple[tuple[bool, str, Wanted], Cloud]] = {}
        self._ssh: dict[str, Connections] = {}
        self._forwards: dict[str, Forwards] = {}
        self._declarations: dict[str, tuple[frozenset[tuple[str, int, int]], Declarations]] = {}
        self._looking: Viewing | None = None
        self.credential_questions: CredentialQuestions | None = None
        """Whoever is asked for the codes of MFA devices; set by the front end. None: nobody can be asked."""
        self._credentials = SharedCredentials(lambda: self.credential_questions, self._environ)
        self._lock = threading.Lock()

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

    def environment(self, name: str) -> Environment:
        """One environment. Raises `InputError` with the nearest name where there is none, or where it is broken."""
        from kubeplat_tui.services import environments

        return environments.load(self.workplace.environments, name)

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

    def account_cloud(self, region: str, *, profile: str = "", sandbox: bool = False) -> Cloud:
        """A cloud without an environment, which its caller closes; the sandbox is started where that is asked for."""
        from kubeplat_tui.services.cloud import Cloud
        from kubeplat_tui.services.credentials.keys import Wanted

        if sandbox:
            return Cloud(region, None, self._sandbox_door().open())
        wanted = Wanted(profile or None)
        return Cloud(region, wanted.profile, credentials=self._credentials.of(wanted, region))

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

    def sandbox_status(self) -> SandboxStatus | None:
        """The running sandbox, or None."""
        from kubeplat_tui.sandbox import door

        return door.status(self.workplace.state)

    def instances(self, site: Site) -> list[Instance]:
        """The environment's machines."""
        return self._inventory(site).instances()

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

    def _forget(self, name: str) -> None:
        """Give back what is held for an environment that is gone."""
        with self._lock:
            held = self._forwards.pop(name, None), self._ssh.pop(name, None)
            _, cloud = self._clouds.pop(name, (None, None))
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

        place = environment.sandbox, environment.region, wanted_by(environment)
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

    def _inventory(self, site: Site) -> Inventory:
        from kubeplat_tui.services.inventory import Inventory

        return Inventory(site.cloud, site.environment.name)
