"""The pipelines `plan` and `run`: an environment's foundation and cluster, reviewed and built.

`run`: preflight, state bucket and key, then for each root a plan, a question, and the apply of that very
plan.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kubeplat_tui.services import state_backend
from kubeplat_tui.services.events import Level, LogLine, Outcome, Question, Root, Step, Verb
from kubeplat_tui.services.pipeline import DeclinedError, Ending, StepResult, play
from kubeplat_tui.services.preflight import preflight
from kubeplat_tui.services.terraform.remote_state import StateStore
from kubeplat_tui.services.terraform.roots import Roots

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from kubeplat_tui.services.events import Decisions, Event, Output, Stop
    from kubeplat_tui.services.pipeline import Events, Work
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.terraform.plan import Plan

PREFLIGHT = Step("preflight", "Check the account and this computer")
STATE = Step("state", "State bucket and key")
PLAN_FOUNDATION = Step("plan-foundation", "Plan the foundation")
APPLY_FOUNDATION = Step("apply-foundation", "Build the foundation")
PLAN_CLUSTER = Step("plan-cluster", "Plan the cluster")
APPLY_CLUSTER = Step("apply-cluster", "Build the cluster")
PLANS = {Root.FOUNDATION: PLAN_FOUNDATION, Root.CLUSTER: PLAN_CLUSTER}
APPLIES = {Root.FOUNDATION: APPLY_FOUNDATION, Root.CLUSTER: APPLY_CLUSTER}
RUN_STEPS = (PREFLIGHT, STATE, PLAN_FOUNDATION, APPLY_FOUNDATION, PLAN_CLUSTER, APPLY_CLUSTER)
PLAN_STEPS = (PREFLIGHT, PLAN_FOUNDATION, PLAN_CLUSTER)


def plan(site: Site, decisions: Decisions, stop: Stop) -> Iterator[Event]:
    """Show what `run` would change. Makes nothing and asks nothing, also where no state bucket or key
    exists yet.
    """
    return play(site, decisions, stop, verb=Verb.PLAN, steps=PLAN_STEPS, body=_plan)


def run(site: Site, decisions: Decisions, stop: Stop) -> Iterator[Event]:
    """Bring the environment to what its file says. What exists already is left; a second run changes
    nothing.
    """
    return play(site, decisions, stop, verb=Verb.RUN, steps=RUN_STEPS, body=_run)


def outputs(site: Site) -> tuple[Output, ...]:
    """The outputs of both roots, from their states; () where nothing is built. Raises `KubeplatError`."""
    store = StateStore(
        site.cloud, str(site.environment.values["terraform_bucket_name"]), site.environment.name
    )
    states = [store.read(root) for root in Root]
    return tuple(output for state in states if state is not None for output in state.outputs)


def unlock(site: Site, root: Root, lock_id: str) -> None:
    """Take the lock of a dead run off the root's state: it must still be the lock `lock_id`.

    Raises `KubeplatError` where the state is not locked, or by another run. What Terraform's own
    force-unlock does (S3 backend: the lock object is read, compared and deleted), without needing an
    initialised folder.
    """
    store = StateStore(
        site.cloud, str(site.environment.values["terraform_bucket_name"]), site.environment.name
    )
    store.unlock(root, lock_id)


def _plan(work: Work) -> Events:
    ready = yield from work.step(PREFLIGHT, preflight(work))
    found = state_backend.find(work, ready.identity)
    store = found.store if found.key is not None else None
    built = store is not None and store.read(Root.FOUNDATION) is not None
    if store is None:
        yield LogLine(
            text="There is no state bucket or key yet: this plan is made with an empty state that is "
            "thrown away. A run makes both, after asking.",
            level=Level.WARNING,
        )
    roots = Roots(work, ready.toolbox, found.key, store, foundation_is_there=built)
    plans = []
    for root, step in PLANS.items():
        plans.append((yield from work.step(step, _planned(roots, root))))
    if all(one.empty for one in plans):
        return Ending(Outcome.UNCHANGED, f"No changes: {work.name} is as its file says.")
    told = "; ".join(f"{one.root}: {one.summary()}" for one in plans)
    return Ending(Outcome.DONE, f"A run would change {work.name}: {told}.", "run applies it, after asking.")


def _run(work: Work) -> Events:
    ready = yield from work.step(PREFLIGHT, preflight(work))
    key, store = yield from work.step(STATE, state_backend.ensure(work, ready.identity))
    with contextlib.closing(Roots(work, ready.toolbox, key, store)) as roots:
        changed = yield from _built(work, roots)
    found = outputs(work.site)
    if not changed:
        return Ending(Outcome.UNCHANGED, f"No changes: {work.name} is as its file says.", outputs=found)
    told = "; ".join(f"{one.root}: {one.summary()}" for one in changed)
    return Ending(Outcome.DONE, f"{work.name} is built ({told}).", outputs=found)


def _built(work: Work, roots: Roots) -> Generator[Event, None, list[Plan]]:
    """Both roots, one after the other; the plans that were applied."""
    changed = []
    for root in Root:
        planned = yield from work.step(PLANS[root], _planned(roots, root))
        if planned.empty:
            yield from work.step(APPLIES[root], _nothing_to_do())
            continue
        yield from _approved(work, planned)
        yield from work.step(APPLIES[root], _applied(roots, planned))
        changed.append(planned)
    return changed


def _planned(roots: Roots, root: Root) -> Generator[Event, None, tuple[StepResult, Plan]]:
    made = yield from roots.plan(root)
    if made.empty:
        return StepResult(Outcome.UNCHANGED, "No changes"), made
    return StepResult(Outcome.DONE, made.summary()), made


def _approved(work: Work, planned: Plan) -> Generator[Event, None, None]:
    granted = yield from work.ask(
        Question(
            topic=f"apply-{planned.root}",
            title=f"Apply this plan of the {planned.root}?",
            detail=planned.summary(),
            plan=planned,
        )
    )
    if not granted:
        raise DeclinedError(f"The plan of the {planned.root} was declined: nothing of it was applied.")


def _applied(roots: Roots, planned: Plan) -> Generator[Event, None, tuple[StepResult, None]]:
    if planned.root is Root.FOUNDATION:
        roots.prepare(Root.CLUSTER)
    ended = yield from roots.apply(planned)
    done = ended.summary
    told = f"{done.add} added, {done.change} changed, {done.remove} destroyed" if done else planned.summary()
    return StepResult(Outcome.DONE, told), None


def _nothing_to_do() -> Generator[Event, None, tuple[StepResult, None]]:
    yield from ()
    return StepResult(Outcome.UNCHANGED, "Nothing to do"), None
