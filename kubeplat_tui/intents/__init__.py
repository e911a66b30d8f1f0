"""What both front ends ask for: the one list of what kubeplat can do, and where its parts are put together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubeplat_tui.intents.environments import EnvironmentIntents, Listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubeplat_tui.services.cloud import Identity
    from kubeplat_tui.services.credentials.model import CredentialsStatus
    from kubeplat_tui.services.events import Decisions, Event, Output, Root, Stop
    from kubeplat_tui.services.inventory import LoadBalancer, Volume
    from kubeplat_tui.services.replacement.pools import Pool, Scaling
    from kubeplat_tui.services.replacement.targets import Termination
    from kubeplat_tui.services.secrets.store import SecretStore
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.terraform.remote_state import StateLock


__all__ = ["Intents", "Listing"]


class Intents(EnvironmentIntents):
    """One per front end. Every method may block: the application calls them from worker threads only."""

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

    def git_branch(self) -> str:
        """The checkout's branch (or short commit), "" where it is no git checkout. Reads one file, runs nothing.

        `KUBEPLAT_BRANCH` tells it to a container, which has no checkout.
        """
        if told := self._environ.get("KUBEPLAT_BRANCH"):
            return told
        head = self.workplace.terraform.parent / ".git" / "HEAD"
        try:
            text = head.read_text().strip()
        except OSError:
            return ""
        return text.removeprefix("ref: refs/heads/") if text.startswith("ref: ") else text[:8]

    def keep_sandbox(self) -> None:
        """Let the running sandbox outlive its front ends, until `kubeplat sandbox stop`.

        Raises `KubeplatError` where none runs.
        """
        from kubeplat_tui.sandbox.control import Verb, ask
        from kubeplat_tui.sandbox.places import Places
        from kubeplat_tui.services.errors import KubeplatError

        if ask(Places.of(self.workplace.state).control, Verb.KEEP) is None:
            raise KubeplatError("There is no running sandbox to keep.", todo="Open an environment in it.")

    def _as_written(self, site: Site) -> Site:
        """The site with its file as it is now: somebody may have changed it since."""
        return replace(site, environment=self.environment(site.environment.name))
