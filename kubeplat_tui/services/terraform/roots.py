"""The steps that both building and cleaning up take with a Terraform root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services import runs
from kubeplat_tui.services.adopt import orphans, untagged_orphans
from kubeplat_tui.services.aws_errors import AwsError
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import Level, LogLine, Outcome, PlanReady, Root, Verb
from kubeplat_tui.services.inventory import Inventory
from kubeplat_tui.services.master_key import alias_of
from kubeplat_tui.services.terraform.assemble import (
    KEY_PAIR,
    MASTER_KEY,
    SECRETS_BUCKET,
    Backend,
    RootSettings,
    assemble,
)
from kubeplat_tui.services.terraform.plan import Action
from kubeplat_tui.services.terraform.working_root import WorkingRoot

if TYPE_CHECKING:
    from collections.abc import Generator

    from kubeplat_tui.services.adopt import Import
    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.master_key import MasterKey
    from kubeplat_tui.services.pipeline import Work
    from kubeplat_tui.services.terraform.assemble import Assembly, BlockName
    from kubeplat_tui.services.terraform.client import Toolbox
    from kubeplat_tui.services.terraform.plan import Plan
    from kubeplat_tui.services.terraform.remote_state import StateStore
    from kubeplat_tui.services.terraform.working_root import Ended
    from kubeplat_tui.services.values import Value


class Roots:
    """The environment's Terraform roots: assembled, planned, applied. Without a store they are only looked
    at.
    """

    def __init__(
        self,
        work: Work,
        toolbox: Toolbox,
        key: MasterKey | None,
        store: StateStore | None,
        *,
        public_key: str,
        may_destroy: bool = False,
        foundation_is_there: bool = True,
    ) -> None:
        self._work = work
        self._key = key
        self._store = store
        self._public_key = public_key
        self._may_destroy = may_destroy
        self._imports: dict[Root, tuple[Import, ...]] = {}
        self._providers: frozenset[str] | None = None
        self._pending = self._absent(foundation_is_there=foundation_is_there)
        self._working = {root: WorkingRoot(root, work, toolbox, store) for root in Root}

    def plan(self, root: Root, *, destroy: bool = False) -> Generator[Event, None, Plan]:
        """Assemble, initialise and plan `root`; `PlanReady` is told. The plan is bound to what it was made
        from.
        """
        assembly = self.assembly()
        assembly.write(self._work.site.folders.work)
        working = self._working[root]
        yield from working.init(assembly.configuration_digest(root))
        if self._store is not None:
            yield from working.push_errored_state()
            if not destroy:
                yield from self._keep_protected(working, assembly)
        plan = yield from working.plan(assembly.digest(root), destroy=destroy)
        found = () if destroy else (yield from self._orphans(plan))
        if found:
            self._imports[root] = found
            assembly = self.assembly()
            assembly.write(self._work.site.folders.work)
            plan = yield from working.plan(assembly.digest(root))
        if root is Root.CLUSTER:
            plan = assembly.origins.marked(plan)
        yield PlanReady(plan=plan)
        return plan

    def _keep_protected(self, working: WorkingRoot, assembly: Assembly) -> Generator[Event, None, None]:
        """Take over protected things whose creation was interrupted.

        The state has them as tainted: a plan would replace them, which `prevent_destroy` refuses for ever. They
        exist; what may still differ from the configuration, the plan shows as a change.
        """
        state = self._store.read(working.root) if self._store is not None else None
        tainted = [one for one in state.instances if one.tainted] if state is not None else []
        if not tainted:
            return
        protected = {f"{block.type}.{block.name}" for block in assembly.protected(working.root)}
        addresses = [one.address for one in tainted if one.address.partition("[")[0] in protected]
        if addresses and self._work.verb is not Verb.RUN:
            raise KubeplatError(
                f"The last run was stopped while it made {', '.join(addresses)}.",
                why="Until that is taken over, Terraform cannot plan: it would destroy what is protected.",
                todo="Run: it takes it over, and shows the plan before it changes anything.",
            )
        yield from working.untaint(addresses)

    def adopt(self, root: Root) -> Generator[Event, None, None]:
        """Note in the state what an interrupted run made unseen: what is not known cannot be destroyed."""
        if not self._may_have_orphans(root):
            return
        assembly = self.assembly()
        assembly.write(self._work.site.folders.work)
        working = self._working[root]
        yield from working.init(assembly.configuration_digest(root))
        yield from working.push_errored_state()
        try:
            plan = yield from working.plan(assembly.digest(root))
        except KubeplatError as error:
            # A configuration that cannot be planned any more can still be destroyed.
            yield LogLine(
                text=f"What the last run left unseen was not looked for: {error}", level=Level.WARNING
            )
            return
        plan.file.unlink(missing_ok=True)
        yield from working.take_over((yield from self._orphans(plan)))

    def _orphans(self, plan: Plan) -> Generator[Event, None, tuple[Import, ...]]:
        """What `plan` would make although an earlier, interrupted run made it. Looked for only after such a
        run.
        """
        site, store = self._work.site, self._store
        if store is None or not plan.count(Action.CREATE) or not self._may_have_orphans(plan.root):
            return ()
        states = [store.read(root) for root in Root]
        known = frozenset[str]().union(*(state.identities() for state in states if state is not None))
        try:
            leftovers = Inventory(site.cloud, self._work.name).leftovers()
            found = (*orphans(plan, leftovers, known), *untagged_orphans(plan, site.cloud))
        except AwsError as error:
            yield LogLine(
                text=f"Whether the interrupted run left more than the state knows could not be seen: {error}",
                level=Level.WARNING,
            )
            return ()
        for one in found:
            yield LogLine(
                text=f"{one.address} exists already ({one.id}): it is taken into the state.", source=plan.root
            )
        return found

    def _may_have_orphans(self, root: Root) -> bool:
        """Whether the last run was cut short, or anything of the root exists already."""
        records = runs.history(self._work.site.workplace, self._work.name)
        last = next(
            (one for one in records if one.verb is Verb.RUN and one.folder != self._work.folder), None
        )
        if last is not None and last.outcome not in {Outcome.DONE, Outcome.UNCHANGED}:
            return True
        state = self._store.read(root) if self._store is not None else None
        return self._work.verb is Verb.RUN and state is not None and bool(state.instances)

    def prepare(self, root: Root) -> None:
        """Start initialising `root` in the background, while Terraform waits for AWS."""
        assembly = self.assembly()
        assembly.write(self._work.site.folders.work)
        self._working[root].begin_init(assembly.configuration_digest(root))

    def close(self) -> None:
        """End what was started in the background."""
        for working in self._working.values():
            working.close()

    def apply(self, plan: Plan) -> Generator[Event, None, Ended]:
        """Apply a reviewed plan. Refused where the variables or the configuration changed since it was
        made.
        """
        self._work.reload()
        if self.assembly().digest(plan.root) != plan.variables_digest:
            plan.file.unlink(missing_ok=True)
            raise KubeplatError(
                f"The plan of the {plan.root} was not applied: variables or configuration changed since.",
                todo=f"Review a new plan: {self._work.verb} again.",
            )
        return (yield from self._working[plan.root].apply(plan))

    def assembly(self) -> Assembly:
        """The working folder as the environment's file and the checkout say now."""
        site = self._work.site
        settings = {root: self._settings(root) for root in Root}
        return assemble(site.workplace, settings, site.environment.name, self._known_providers())

    def _known_providers(self) -> frozenset[str]:
        """The providers that the cluster's state needs; it is read for those who have files of their own."""
        if self._store is None or self._work.site.workplace.config_d is None:
            return frozenset()
        if self._providers is None:
            state = self._store.read(Root.CLUSTER)
            self._providers = state.providers if state is not None else frozenset()
        return self._providers

    def _settings(self, root: Root) -> RootSettings:
        site = self._work.site
        values: dict[str, Value] = dict(site.environment.values)
        values["ssh_public_key"] = self._public_key
        if self._key is None:
            values["kms_master_id"] = alias_of(self._work.name)
        return RootSettings(
            variables=site.declarations.for_root(values, root),
            backend=self._backend(root),
            may_destroy=self._may_destroy and root is Root.FOUNDATION,
            pending=self._pending[root],
            imports=self._imports.get(root, ()),
        )

    def _backend(self, root: Root) -> Backend:
        if self._store is None or self._key is None:
            return Backend(key=str(self._work.folder / f"{root}.tfstate"))
        return Backend(self._store.key(root), self._store.bucket, self._work.site.cloud.region, self._key.arn)

    def _absent(self, *, foundation_is_there: bool) -> dict[Root, tuple[BlockName, ...]]:
        key = (MASTER_KEY,) if self._key is None else ()
        foundation = () if foundation_is_there else (SECRETS_BUCKET, KEY_PAIR)
        return {Root.FOUNDATION: key, Root.CLUSTER: (*key, *foundation)}
