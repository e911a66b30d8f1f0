"""The pipeline `cleanup`: an environment's cluster and foundation are destroyed, and what is left is looked
for.

Nothing is destroyed before the environment's name was typed (twice outside a playground), with the plan in
sight. A cleanup that ended half way is continued by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services import kubeconfig, kubectl, master_key, ssh_key, state_backend, state_bucket
from kubeplat_tui.services.aws_errors import AwsError
from kubeplat_tui.services.credentials.guard import enough_life
from kubeplat_tui.services.errors import ExitCode, KubeplatError
from kubeplat_tui.services.events import Level, LogLine, Outcome, Question, Root, Step, Verb
from kubeplat_tui.services.pipeline import DeclinedError, Ending, StepResult, play
from kubeplat_tui.services.preflight import preflight
from kubeplat_tui.services.secrets import forgetting
from kubeplat_tui.services.secrets.working_copy import WorkingCopy
from kubeplat_tui.services.state_backend import KEY_SETTING, StateBackend, write_setting
from kubeplat_tui.services.terraform.assemble import SECRETS_BUCKET
from kubeplat_tui.services.terraform.roots import Roots

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from kubeplat_tui.services.cloud import Identity
    from kubeplat_tui.services.events import Decisions, Event, Stop
    from kubeplat_tui.services.leftovers import Leftover
    from kubeplat_tui.services.pipeline import Events, Work
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.state_bucket import BucketState
    from kubeplat_tui.services.terraform.plan import Plan
    from kubeplat_tui.services.terraform.remote_state import State

PREFLIGHT = Step("preflight", "Check the account and this computer")
PLAN = Step("plan-destroy", "Plan what is destroyed")
CLUSTER = Step("destroy-cluster", "Destroy the cluster")
SECRETS = Step("empty-secrets", "Empty the secrets bucket")
FOUNDATION = Step("destroy-foundation", "Destroy the foundation")
FORGET = Step("forget-secrets", "Forget the secrets here")
STATE = Step("state", "Remove the state")
SWEEP = Step("sweep", "Look for what is left")
STEPS = (PREFLIGHT, PLAN, CLUSTER, SECRETS, FOUNDATION, FORGET, STATE, SWEEP)


@dataclass(frozen=True, slots=True)
class Standing:
    """What exists before the cleanup: key, bucket and states; `secrets` is the secrets bucket's name, or
    "".
    """

    backend: StateBackend
    bucket: BucketState | None
    states: dict[Root, State | None]

    @property
    def secrets(self) -> str:
        """The secrets bucket, as the state knows it: a name from the file alone could be anybody's bucket."""
        state = self.states[Root.FOUNDATION]
        found = state.find(SECRETS_BUCKET.type, SECRETS_BUCKET.name) if state is not None else None
        return str(found.attributes.get("bucket") or "") if found is not None else ""

    def holds(self, root: Root) -> bool:
        """Whether the root's state has anything to destroy."""
        state = self.states[root]
        return state is not None and bool(state.instances)

    @property
    def nothing(self) -> bool:
        """Whether neither a state nor what kubeplat makes for it exists."""
        ours = self.bucket is not None and self.bucket.ours
        key = self.backend.key is not None and self.backend.key.ours
        return not (ours or key or any(self.states.values()))


def cleanup(site: Site, decisions: Decisions, stop: Stop) -> Iterator[Event]:
    """Take the environment down until nothing is left; what is left after all is listed, with exit code 3."""
    return play(site, decisions, stop, verb=Verb.CLEANUP, steps=STEPS, body=_cleanup)


def _cleanup(work: Work) -> Events:
    ready = yield from work.step(PREFLIGHT, preflight(work))
    standing = _look(work, ready.identity)
    if standing.nothing and not _leftovers(work):
        return Ending(Outcome.UNCHANGED, f"Nothing of {work.name} is built: there is nothing to clean up.")
    copy = WorkingCopy(work.site.folders.root)
    state = standing.states[Root.FOUNDATION]
    public_key = ssh_key.built_with(state) or ssh_key.known(copy, state, work.name)
    roots = Roots(
        work,
        ready.toolbox,
        standing.backend.key,
        standing.backend.store,
        public_key=public_key,
        may_destroy=True,
    )
    plans = yield from work.step(PLAN, _plans(roots, standing))
    yield from _confirmed(work, standing, plans, copy)
    yield from _taken_down(work, CLUSTER, roots, plans.get(Root.CLUSTER))
    yield from work.step(SECRETS, _emptied(work, standing.secrets))
    yield from _taken_down(work, FOUNDATION, roots, plans.get(Root.FOUNDATION))
    here = yield from work.step(FORGET, _forgotten(work, standing.secrets, copy))
    kept = yield from work.step(STATE, _state_removed(work, standing))
    left = yield from work.step(SWEEP, _swept(work, kept))
    if left:
        return Ending(
            Outcome.WARNED,
            f"{work.name} is taken down, but {len(left)} thing{'s are' if len(left) > 1 else ' is'} left.",
            " ".join(
                filter(None, ["Look at each: it may cost money. cleanup again looks for them again.", here])
            ),
            ExitCode.LEFT_OVER,
            left=left,
        )
    also = f" {kept.sentence}" if kept.sentence else ""
    return Ending(Outcome.DONE, f"{work.name} is taken down: nothing is left.{also}", here)


def _look(work: Work, identity: Identity) -> Standing:
    site = work.site
    backend = state_backend.find(work, identity)
    name = state_backend.bucket_name(work)
    bucket = state_bucket.find_bucket(site.cloud, identity, name, work.name)
    store = backend.store
    states = {root: store.read(root) if store is not None else None for root in Root}
    return Standing(backend, bucket, states)


def _leftovers(work: Work) -> list[Leftover]:
    from kubeplat_tui.services.inventory import Inventory

    return Inventory(work.site.cloud, work.name).leftovers()


def _plans(roots: Roots, standing: Standing) -> Generator[Event, None, tuple[StepResult, dict[Root, Plan]]]:
    plans = {}
    for root in reversed(Root):
        if standing.holds(root):
            yield from roots.adopt(root)
            plans[root] = yield from roots.plan(root, destroy=True)
    told = "; ".join(f"{root}: {one.summary()}" for root, one in plans.items())
    return StepResult(
        Outcome.DONE if plans else Outcome.UNCHANGED, told or "No state has anything in it"
    ), plans


def _confirmed(
    work: Work, standing: Standing, plans: dict[Root, Plan], copy: WorkingCopy
) -> Generator[Event, None, None]:
    environment = work.site.environment
    where = "the sandbox" if environment.sandbox else f"account {environment.account}, {environment.region}"
    detail = [f"{environment.name} in {where} is destroyed, with all that it holds."]
    detail += [f"The {root}: {one.summary()}." for root, one in plans.items()]
    if standing.secrets:
        detail.append(f"Every version of every object in {standing.secrets} is deleted.")
    detail += _of_secrets_here(work, copy)
    if environment.playground and standing.bucket is not None and standing.bucket.ours:
        detail.append("The state bucket and the key that kubeplat made for it go too.")
    first = Question(
        topic="destroy",
        title=f"Destroy {environment.name}?",
        detail=" ".join(detail),
        expected=environment.name,
        plan=plans.get(Root.CLUSTER) or plans.get(Root.FOUNDATION),
        destructive=True,
    )
    again = Question(
        topic="destroy-again",
        title=f"{environment.name} is no playground. Destroy it all the same?",
        detail=f"This cannot be undone. {' '.join(detail)}",
        expected=environment.name,
        plan=plans.get(Root.FOUNDATION) or plans.get(Root.CLUSTER),
        destructive=True,
    )
    for question in (first,) if environment.playground else (first, again):
        if not (yield from work.ask(question)):
            raise DeclinedError(f"{environment.name} was not destroyed: its name was not typed.")


def _taken_down(work: Work, step: Step, roots: Roots, plan: Plan | None) -> Generator[Event, None, None]:
    if plan is not None and plan.changes:
        yield from enough_life(work, step)
    with work.site.cloud.nobody_asked():
        yield from work.step(step, _destroyed(roots, plan))


def _destroyed(roots: Roots, plan: Plan | None) -> Generator[Event, None, tuple[StepResult, None]]:
    if plan is None or not plan.changes:
        if plan is not None:
            plan.file.unlink(missing_ok=True)
        return StepResult(Outcome.UNCHANGED, "Nothing to destroy"), None
    ended = yield from roots.apply(plan)
    count = ended.summary.remove if ended.summary else len(ended.gone)
    return StepResult(Outcome.DONE, f"{count} resources destroyed"), None


def _emptied(work: Work, bucket: str) -> Generator[Event, None, tuple[StepResult, None]]:
    if not bucket or not state_bucket.exists(work.site.cloud, bucket):
        return StepResult(Outcome.UNCHANGED, "There is none"), None
    total = 0
    for count in state_bucket.empty(work.site.cloud, bucket):
        total += count
        yield LogLine(text=f"{total} versions of objects deleted from {bucket}", source="aws")
    return StepResult(Outcome.DONE if total else Outcome.UNCHANGED, f"{total} versions deleted"), None


def _of_secrets_here(work: Work, copy: WorkingCopy) -> Iterator[str]:
    """What becomes of the secrets on this computer, said before anything happens."""
    count = len(copy.files())
    if count and work.site.environment.playground:
        yield f"The {count} files of its secrets on this computer are removed too."
    elif count:
        yield f"The {count} files of its secrets on this computer stay in {copy.root}."
    yield "Its context leaves your kubeconfig, where kubeplat put it there."


def _forgotten(work: Work, bucket: str, copy: WorkingCopy) -> Generator[Event, None, tuple[StepResult, str]]:
    """The working copy goes with a playground and stays otherwise; the kubeconfig's context goes. What to do by hand.

    Nothing of it is touched while the bucket may still be there.
    """
    done = yield from _context_removed(work)
    if not copy.files():
        return _result(done, "Nothing is here"), ""
    named = bucket or str(work.site.environment.values.get("secrets_bucket_name") or "")
    try:
        there = bool(named) and state_bucket.exists(work.site.cloud, named)
    except AwsError as error:
        there = True
        yield LogLine(text=str(error), level=Level.WARNING)
    if there:
        return _result(done, f"They stay: {named} may still be there"), ""
    if work.site.environment.playground:
        count = forgetting.forget(copy)
        done.append(f"{count} files removed")
        return _result(done, ""), ""
    count = forgetting.keep_alone(copy)
    done.append(f"{count} files kept")
    left = f"Its secrets stay on this computer, in {copy.root}. To remove them: {forgetting.removal(copy)}"
    yield LogLine(text=left)
    return _result(done, ""), left


def _context_removed(work: Work) -> Generator[Event, None, list[str]]:
    """The environment's context leaves the user's kubeconfig; one that cannot be changed ends no cleanup.

    The private kubeconfig goes as a whole: a shell of the environment has it in the place of the user's.
    """
    private = kubectl.private_kubeconfig(work.site.folders.root)
    environ = {name: value for name, value in work.site.environ.items() if value != str(private)}
    try:
        private.unlink(missing_ok=True)
        if not {"HOME", "KUBECONFIG"} & environ.keys():
            return []
        changed = kubeconfig.remove(work.name, environ)
    except (KubeplatError, OSError) as error:
        yield LogLine(text=str(error), level=Level.WARNING)
        return []
    if changed is None:
        return []
    yield LogLine(text=f"The context {work.name} left {changed}")
    return ["context removed"]


def _result(done: list[str], nothing: str) -> StepResult:
    return StepResult(Outcome.DONE if done else Outcome.UNCHANGED, ", ".join(done) or nothing)


@dataclass(frozen=True, slots=True)
class Kept:
    """What of state bucket and key stays on purpose, or only waits for its deletion: no leftovers."""

    arns: frozenset[str]
    sentence: str = ""


def _state_removed(work: Work, standing: Standing) -> Generator[Event, None, tuple[StepResult, Kept]]:
    """This environment's state goes; the bucket and the key go with it where kubeplat made them and nobody
    else is in.
    """
    bucket, key, store = standing.bucket, standing.backend.key, standing.backend.store
    cloud = work.site.cloud
    arns = {key.arn} if key is not None else set()
    if bucket is None or store is None:
        if key is None or not key.ours:
            return StepResult(Outcome.UNCHANGED, "There is none"), Kept(frozenset(arns))
        granted = yield from _may_remove(work, f"the key {key.id}")
        if granted:
            yield from _key_removed(work, standing)
        return StepResult(Outcome.DONE, "Key removed" if granted else "Key kept"), Kept(frozenset(arns))
    partition = key.arn.split(":")[1] if key is not None else "aws"
    arns.add(f"arn:{partition}:s3:::{bucket.name}")
    count = sum(state_bucket.empty(cloud, bucket.name, store.prefix()))
    yield LogLine(text=f"{count} versions of {work.name}'s state deleted from {bucket.name}", source="aws")
    if not bucket.ours:
        sentence = f"The state bucket {bucket.name} was not made by kubeplat for it and stays."
    elif others := state_bucket.other_keys(cloud, bucket.name, store.prefix()):
        sentence = f"The state bucket {bucket.name} and its key stay: {others[0]} is in it."
    elif not (yield from _may_remove(work, f"the bucket {bucket.name} and its key")):
        sentence = f"The state bucket {bucket.name} and its key were kept."
    else:
        state_bucket.remove_bucket(cloud, bucket.name)
        yield LogLine(text=f"The bucket {bucket.name} is removed", source="aws")
        yield from _key_removed(work, standing)
        days = master_key.DELETION_DAYS
        sentence = f"The key is deleted by AWS in {days} days." if key is not None and key.ours else ""
    return StepResult(Outcome.DONE, sentence or "State, bucket and key removed"), Kept(
        frozenset(arns), sentence
    )


def _may_remove(work: Work, what: str) -> Generator[Event, None, bool]:
    """Whether what kubeplat made for the state may go; a playground's first confirmation covered it."""
    if work.site.environment.playground:
        return True
    return (
        yield from work.ask(
            Question(
                topic="remove-state-bucket",
                title=f"Remove {what} too?",
                detail=f"kubeplat made it for {work.name}, and nothing else is in it. "
                "Another run would make it again.",
                destructive=True,
            )
        )
    )


def _key_removed(work: Work, standing: Standing) -> Generator[Event, None, None]:
    key = standing.backend.key
    if key is None or not key.ours:
        return
    master_key.remove_key(work.site.cloud, key, work.name)
    yield LogLine(text=f"The key {key.id} is to be deleted in {master_key.DELETION_DAYS} days", source="aws")
    yield from write_setting(work, KEY_SETTING, "")


def _swept(work: Work, kept: Kept) -> Generator[Event, None, tuple[StepResult, tuple[str, ...]]]:
    """What still carries the environment's tag, but for what stays on purpose."""
    left = []
    for one in _leftovers(work):
        if one.arn not in kept.arns:
            left.append(f"{one.kind} {one.name} ({one.detail or one.arn})")
            yield LogLine(text=f"Left: {left[-1]}", source="aws")
    if left:
        return StepResult(Outcome.WARNED, f"{len(left)} left"), tuple(left)
    return StepResult(Outcome.DONE, "Nothing is left"), ()
