"""The pipelines `plan` and `run`: an environment's foundation, secrets and cluster, reviewed and built.

`run`: preflight, state bucket and key, the ssh key; the foundation, the secrets (fetched, made, uploaded), the
cluster. Each root is a plan, a question, and the apply of that very plan.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kubeplat_tui.services import config_d, ssh_key, state_backend
from kubeplat_tui.services.config_d import Origins
from kubeplat_tui.services.credentials.guard import enough_life
from kubeplat_tui.services.events import Level, LogLine, Outcome, Question, Root, Step, Verb
from kubeplat_tui.services.pipeline import DeclinedError, Ending, StepResult, play
from kubeplat_tui.services.preflight import preflight
from kubeplat_tui.services.secrets import steps as secrets
from kubeplat_tui.services.secrets.store import SecretStore
from kubeplat_tui.services.terraform.assemble import SECRETS_BUCKET
from kubeplat_tui.services.terraform.remote_state import StateStore
from kubeplat_tui.services.terraform.roots import Roots

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from kubeplat_tui.services.events import Decisions, Event, Output, Stop
    from kubeplat_tui.services.pipeline import Events, Work
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.terraform.plan import Plan
    from kubeplat_tui.services.terraform.remote_state import State

PREFLIGHT = Step("preflight", "Check the account and this computer")
STATE = Step("state", "State bucket and key")
PLAN_FOUNDATION = Step("plan-foundation", "Plan the foundation")
APPLY_FOUNDATION = Step("apply-foundation", "Build the foundation")
PLAN_CLUSTER = Step("plan-cluster", "Plan the cluster")
APPLY_CLUSTER = Step("apply-cluster", "Build the cluster")
PLANS = {Root.FOUNDATION: PLAN_FOUNDATION, Root.CLUSTER: PLAN_CLUSTER}
APPLIES = {Root.FOUNDATION: APPLY_FOUNDATION, Root.CLUSTER: APPLY_CLUSTER}
RUN_STEPS = (
    PREFLIGHT,
    STATE,
    ssh_key.STEP,
    PLAN_FOUNDATION,
    APPLY_FOUNDATION,
    secrets.FETCH,
    secrets.MAKE,
    secrets.UPLOAD,
    PLAN_CLUSTER,
    APPLY_CLUSTER,
)
PLAN_STEPS = (PREFLIGHT, PLAN_FOUNDATION, secrets.LOOK, PLAN_CLUSTER)


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
    origins = Origins.of(config_d.read(site.workplace.config_d, site.environment.name))
    states = {root: store.read(root) for root in Root}
    found = {root: state.outputs if state is not None else () for root, state in states.items()}
    return (*found[Root.FOUNDATION], *origins.marked_outputs(found[Root.CLUSTER]))


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
    foundation = store.read(Root.FOUNDATION) if store is not None else None
    if store is None:
        yield LogLine(
            text="There is no state bucket or key yet: this plan is made with an empty state that is "
            "thrown away. A run makes both, after asking.",
            level=Level.WARNING,
        )
    files = SecretStore(work.site)
    public_key = ssh_key.known(files.copy, foundation, work.name)
    built = foundation is not None
    roots = Roots(work, ready.toolbox, found.key, store, public_key=public_key, foundation_is_there=built)
    first = yield from work.step(PLAN_FOUNDATION, _planned(roots, Root.FOUNDATION))
    bucket = _has_bucket(foundation) and files.bucket.exists()
    outlook = yield from work.step(secrets.LOOK, secrets.looked(work, files, bucket=bucket))
    plans = (first, (yield from work.step(PLAN_CLUSTER, _planned(roots, Root.CLUSTER))))
    if all(one.empty for one in plans) and outlook.nothing:
        return Ending(Outcome.UNCHANGED, f"No changes: {work.name} is as its file says.")
    told = f"foundation: {first.summary()}; secrets: {outlook}; cluster: {plans[1].summary()}"
    return Ending(Outcome.DONE, f"A run would change {work.name}: {told}.", "run applies it, after asking.")


def _run(work: Work) -> Events:
    ready = yield from work.step(PREFLIGHT, preflight(work))
    key, store = yield from work.step(STATE, state_backend.ensure(work, ready.identity))
    files = SecretStore(work.site)
    foundation = store.read(Root.FOUNDATION)
    public_key = yield from work.step(ssh_key.STEP, ssh_key.ensure(work, files, foundation))
    with contextlib.closing(Roots(work, ready.toolbox, key, store, public_key=public_key)) as roots:
        first = yield from _built(work, roots, Root.FOUNDATION)
        moved = yield from _with_secrets(work, files)
        second = yield from _built(work, roots, Root.CLUSTER)
    found = outputs(work.site)
    changed = [one for one in (first, second) if one is not None]
    if not (changed or moved):
        return Ending(Outcome.UNCHANGED, f"No changes: {work.name} is as its file says.", outputs=found)
    told = "; ".join([*(f"{one.root}: {one.summary()}" for one in changed), *moved])
    return Ending(Outcome.DONE, f"{work.name} is built ({told}).", outputs=found)


def _has_bucket(foundation: State | None) -> bool:
    return foundation is not None and foundation.find(SECRETS_BUCKET.type, SECRETS_BUCKET.name) is not None


def _with_secrets(work: Work, files: SecretStore) -> Generator[Event, None, list[str]]:
    """The secrets of both sides in step, and complete; in words what that took."""
    fetched = yield from work.step(secrets.FETCH, secrets.fetched(work, files))
    made = yield from work.step(secrets.MAKE, secrets.made(work, files))
    uploaded = yield from work.step(secrets.UPLOAD, secrets.uploaded(work, files))
    counts = ((fetched, "fetched"), (made, "made"), (uploaded, "uploaded"))
    return [f"secrets: {', '.join(told)}"] if (told := [f"{n} {word}" for n, word in counts if n]) else []


def _built(work: Work, roots: Roots, root: Root) -> Generator[Event, None, Plan | None]:
    """One root planned, approved and applied; its plan, None where there was nothing to change."""
    planned = yield from work.step(PLANS[root], _planned(roots, root))
    if planned.empty:
        yield from work.step(APPLIES[root], _nothing_to_do())
        return None
    yield from _approved(work, planned)
    yield from enough_life(work, APPLIES[root])
    with work.site.cloud.nobody_asked():
        yield from work.step(APPLIES[root], _applied(roots, planned))
    return planned


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
