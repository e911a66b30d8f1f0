"""A kubeplat without Terraform, AWS or a clock: the same intents, with answers that are always the same."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kubeplat_tui.intents import Intents, Listing
from kubeplat_tui.services.cloud import Cloud, Identity
from kubeplat_tui.services.environments.creation import NewEnvironment, Suggestion
from kubeplat_tui.services.environments.moving import Belongings
from kubeplat_tui.services.environments.networks import Taken
from kubeplat_tui.services.environments.standing import Built, Standing
from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.events import Outcome, Output, PipelineFinished, Root, Verb
from kubeplat_tui.services.inventory import Instance, Layer
from kubeplat_tui.services.pki.findings import Expiry
from kubeplat_tui.services.replacement.pools import Pool, Scaling
from kubeplat_tui.services.replacement.targets import Termination
from kubeplat_tui.services.runs import RunRecord
from kubeplat_tui.services.site import Site
from kubeplat_tui.services.variables.declarations import check_environment
from kubeplat_tui.services.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kubeplat_tui.services.cloud import SandboxStatus
    from kubeplat_tui.services.credentials.keys import Resolved
    from kubeplat_tui.services.credentials.model import CredentialsStatus
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.events import Decisions, Event, Stop
    from kubeplat_tui.services.inventory import LoadBalancer, Volume
    from kubeplat_tui.services.prerequisites import Key, Prerequisite
    from kubeplat_tui.services.secrets.store import SecretStore
    from kubeplat_tui.services.ssh.connections import Connections
    from kubeplat_tui.services.ssh.forwards import Forwards
    from kubeplat_tui.services.variables.declarations import Declarations
    from kubeplat_tui.services.variables.variable_file import VariableFile
    from tests.screens.fake_secrets import FakeSecretStore
    from tests.screens.fake_ssh import FakeConnections, FakeForwards

NOW = datetime(2026, 11, 2, 14, 5, 9, tzinfo=UTC)
SHOWN_FOLDER = Path("/home/jest/kubeplat/environments")
"""Where the environments seem to lie: pictures must not depend on the test's folder."""
ROOTS = Path(__file__).parent / "roots"
TEMPLATES = Path(__file__).parents[2] / "environments"

PLAYGROUND = """\
# The playground of jest.

environment = "play-jest" # the same as this file's name
sandbox     = true

aws_region  = "eu-west-2"
aws_account = "123456789012"

terraform_bucket_name = "play-jest-state-4f21aa"

# Who may reach it
ssh_access_list = ["127.0.0.1/32"]

# Workers
compute_asg_min = 3
compute_asg_max = 5
nat_mode        = "single"
"""
STAGING = """\
environment           = "staging"
aws_region            = "eu-west-1"
aws_account           = "210987654321"
terraform_bucket_name = "example-staging-state"
"""
BROKEN = """\
environment = "lab"
aws_region  =
aws_account = "210987654321"
"""
FILES = {"lab": BROKEN, "play-jest": PLAYGROUND, "staging": STAGING}


@dataclass(frozen=True, slots=True)
class FakeLogin:
    """The same field as the keys in use."""

    renews: bool


class FakeCloud(Cloud):
    """A cloud that nothing is asked of; `lose` ends it."""

    def __init__(self, region: str) -> None:
        super().__init__(region, None)
        self._lost = False
        self._callbacks: list[Callable[[], None]] = []
        self.ends: datetime | None = None
        """When the credentials do."""
        self.renewing: FakeLogin | None = None

    @property
    def expires(self) -> datetime | None:
        return self.ends

    @property
    def login(self) -> Resolved | None:
        return cast("Resolved | None", self.renewing)

    @property
    def lost(self) -> bool:
        return self._lost

    def when_lost(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def lose(self) -> None:
        """End, as a killed sandbox does; the callbacks run in another thread."""
        self._lost = True
        for callback in self._callbacks:
            thread = threading.Thread(target=callback)
            thread.start()

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class FakeSandbox:
    """The same fields as a running sandbox's status."""

    pid: int = 4242
    port: int = 5001
    log: Path = Path("/home/jest/.local/state/kubeplat/sandbox/sandbox.log")
    started: datetime = NOW - timedelta(minutes=31)
    leases: int = 1
    kept: bool = False
    memory: int = 128 * 1024 * 1024


@dataclass
class Behaviour:
    """What a test may change: errors to raise, gates to wait at, by the method's name."""

    errors: dict[str, Exception] = field(default_factory=dict)
    gates: dict[str, threading.Event] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def enter(self, method: str) -> None:
        """Every fake method begins with this."""
        self.calls.append(method)
        if method in self.gates:
            self.gates[method].wait(10)
        if method in self.errors:
            raise self.errors[method]


def record(
    verb: Verb, outcome: Outcome | None, ago: timedelta, sentence: str, took: timedelta = timedelta(minutes=9)
) -> RunRecord:
    """A run that began `ago`."""
    started = NOW - ago
    return RunRecord(
        verb,
        outcome,
        started,
        started + took if outcome else None,
        sentence,
        Path("/home/jest/.local/state/kubeplat"),
    )


RUNS = {
    "play-jest": [
        record(Verb.RUN, Outcome.DONE, timedelta(hours=2), "play-jest is built: 148 resources were made."),
        record(Verb.RUN, Outcome.FAILED, timedelta(hours=3), "AWS has no more addresses in this region."),
        record(Verb.PLAN, Outcome.DONE, timedelta(hours=4), "148 to add, 0 to change, 0 to destroy."),
    ],
    "staging": [
        record(Verb.CLEANUP, Outcome.DONE, timedelta(days=12), "Nothing of staging is left."),
    ],
}
OUTPUTS = (
    Output("kubeapi_public", "kube-play-jest.play-jest.test", sensitive=False, root=Root.CLUSTER),
    Output(
        "kubeapi_public_elb",
        "play-jest-kubeapi-5f1d9c2ab3e44d10.elb.eu-west-2.amazonaws.com",
        sensitive=False,
        root=Root.CLUSTER,
    ),
    Output("compute_asg", {"default": "play-jest-compute-default"}, sensitive=False, root=Root.CLUSTER),
    Output("enabled_calico", False, sensitive=False, root=Root.CLUSTER),
    Output("vpc_id", "vpc-0a1b2c3d4e5f60718", sensitive=False, root=Root.CLUSTER),
    Output("ssh_key_name", "play-jest", sensitive=False, root=Root.FOUNDATION),
)


def machine(number: int, layer: Layer, state: str = "running") -> Instance:
    """One machine of the playground."""
    zone = "abc"[number % 3]
    third = {Layer.SECURE: 10, Layer.COMPUTE: 20, Layer.BASTION: 110}[layer] + number % 3
    return Instance(
        id=f"i-0{number}c3f5a7b9d1e{list(Layer).index(layer)}f246",
        name=f"play-jest-{layer}",
        private_ip=f"10.80.{third}.{100 + number}",
        public_ip=f"203.0.113.{10 + number}" if layer is Layer.BASTION else "",
        state=state,
        zone=f"eu-west-2{zone}",
        type="t3.small" if layer is Layer.BASTION else "t3.medium",
        launched=NOW - timedelta(hours=1, minutes=50 - number),
        layer=layer,
        tags=(("Name", f"play-jest-{layer}"), ("Env", "play-jest"), ("Role", str(layer))),
    )


INSTANCES = [
    *(machine(number, Layer.SECURE) for number in range(3)),
    *(machine(number, Layer.COMPUTE) for number in range(2)),
    machine(2, Layer.COMPUTE, "pending"),
    machine(0, Layer.BASTION),
]


def suggestion(region: str, profile: str, *, sandbox: bool) -> Suggestion:
    """What the cloud would say of an account with two zones of its own and one environment."""
    account = "123456789012" if sandbox else "210987654321"
    return Suggestion(
        regions=("eu-central-1", "eu-west-1", "eu-west-2"),
        region=region,
        account=account,
        arn=f"arn:aws:iam::{account}:user/jest",
        zones=tuple(f"{region}{letter}" for letter in "abc"),
        vpc_cidr="10.81.0.0/16",
        taken=(Taken("10.80.0.0/16", "staging"),),
        access_cidrs=("127.0.0.1/32",) if sandbox else ("203.0.113.7/32",),
        profile=profile,
        profiles=() if sandbox else ("default", "lab", "staging"),
        templates=("environment",),
        public_zones=() if sandbox else ("example.com", "platform.example.com"),
    )


class FakeIntents(Intents):
    """Reads real files in `folder` and real declarations; the rest is made up here."""

    def __init__(self, folder: Path, *, files: dict[str, str] | None = None) -> None:
        workplace = Workplace(
            environments=folder / "environments",
            terraform=ROOTS,
            state=folder / "state",
            cache=folder / "cache",
            config=folder / "config",
        )
        super().__init__(workplace, user="jest", environ={})
        workplace.environments.mkdir(parents=True)
        for name, text in (FILES if files is None else files).items():
            (workplace.environments / f"{name}.tfvars").write_text(text)
        for template in TEMPLATES.glob("*.j2"):
            (workplace.environments / template.name).write_text(template.read_text())
        self.behaviour = Behaviour()
        self.runs = dict(RUNS)
        self.status: FakeSandbox | None = FakeSandbox()
        self.clouds: dict[str, FakeCloud] = {}
        self.machines = list(INSTANCES)
        self.made_outputs: tuple[Output, ...] = OUTPUTS
        self.balancers: list[LoadBalancer] = []
        self.disks: list[Volume] = []
        self.made_pools: tuple[Pool, ...] = ()
        self.replacement: Callable[[Sequence[str], Stop], Iterator[Event]] = self._going
        """What happens while machines are terminated or a pool is scaled: they only begin to go."""
        self.secret_store: FakeSecretStore | None = None
        """Made at the first `secrets`: a built playground's."""
        self.connections: FakeConnections | None = None
        self.made_forwards: FakeForwards | None = None
        self.expiries: dict[str, Expiry] = {
            "play-jest": Expiry("secure/apiserver.crt", "apiserver", NOW + timedelta(days=363, hours=21))
        }
        self.standings: dict[str, Standing] = {
            "play-jest": Standing(Built.BUILT, 148, NOW - timedelta(hours=2)),
        }
        self.most_at_once = 0
        """Environments whose standing was asked for at the same time."""
        self._at_once = 0
        self._counting = threading.Lock()
        self.pipeline: Callable[[Verb, Site, Decisions, Stop], Iterator[Event]] = lambda *_: iter(())
        self.closed = False
        self.kept = False

    def environment_names(self) -> list[str]:
        self.behaviour.enter("environment_names")
        return super().environment_names()

    def environments(self) -> list[Listing]:
        self.behaviour.enter("environments")
        return [
            Listing(
                replace(listing.found, path=SHOWN_FOLDER / listing.found.path.name),
                next(iter(self.runs.get(listing.found.name, ())), None),
            )
            for listing in super().environments()
        ]

    def playground(self) -> Environment:
        self.behaviour.enter("playground")
        path = self.workplace.environments / "play-jest.tfvars"
        if not path.exists():
            path.write_text(PLAYGROUND)
        return self.environment("play-jest")

    def declarations(self, name: str = "") -> Declarations:
        self.behaviour.enter("declarations")
        return super().declarations(name)

    def variable_file(self, name: str) -> VariableFile:
        self.behaviour.enter("variable_file")
        return super().variable_file(name)

    def open(self, name: str) -> Site:
        self.behaviour.enter("open")
        environment = self.environment(name)
        check_environment(environment, self.declarations())
        cloud = self.clouds.get(name)
        if cloud is None or cloud.lost:
            cloud = self.clouds[name] = FakeCloud(environment.region)
        return Site(self.workplace, environment, cloud, self.declarations())

    def history(self, name: str) -> list[RunRecord]:
        self.behaviour.enter("history")
        return self.runs.get(name, [])

    def plan(self, site: Site, decisions: Decisions, stop: Stop) -> Iterator[Event]:
        return self.pipeline(Verb.PLAN, site, decisions, stop)

    def run(self, site: Site, decisions: Decisions, stop: Stop) -> Iterator[Event]:
        return self.pipeline(Verb.RUN, site, decisions, stop)

    def cleanup(self, site: Site, decisions: Decisions, stop: Stop) -> Iterator[Event]:
        return self.pipeline(Verb.CLEANUP, site, decisions, stop)

    def outputs(self, site: Site) -> tuple[Output, ...]:
        self.behaviour.enter("outputs")
        return self.made_outputs

    def instances(self, site: Site) -> list[Instance]:
        self.behaviour.enter("instances")
        return list(self.machines)

    def volumes(self, site: Site) -> list[Volume]:
        self.behaviour.enter("volumes")
        return list(self.disks)

    def load_balancers(self, site: Site) -> list[LoadBalancer]:
        self.behaviour.enter("load_balancers")
        return list(self.balancers)

    def termination(self, site: Site, targets: Sequence[str], *, force: bool = False) -> Termination:
        self.behaviour.enter(f"termination {' '.join(targets)}{' --force' if force else ''}")
        machines = tuple(one for one in self.machines if {one.id, str(one.layer)} & set(targets))
        return Termination(machines, force)

    def terminate(
        self, site: Site, termination: Termination, stop: Stop, *, wait: bool = True
    ) -> Iterator[Event]:
        ids = [one.id for one in termination.machines]
        self.behaviour.enter(f"terminate {' '.join(ids)}")
        return self.replacement(ids, stop)

    def _going(self, ids: Sequence[str], stop: Stop) -> Iterator[Event]:
        del stop
        self.machines = [
            replace(one, state="shutting-down") if one.id in ids else one for one in self.machines
        ]
        yield PipelineFinished(outcome=Outcome.DONE, exit_code=ExitCode.DONE, sentence="Done.")

    def pools(self, site: Site) -> tuple[Pool, ...]:
        self.behaviour.enter("pools")
        return self.made_pools

    def scaling(self, site: Site, desired: int, pool: str = "") -> Scaling:
        self.behaviour.enter(f"scaling {desired}")
        return Scaling(next(one for one in self.made_pools if pool in {"", one.name}), desired)

    def scale(self, site: Site, scaling: Scaling, stop: Stop, *, wait: bool = True) -> Iterator[Event]:
        self.behaviour.enter(f"scale {scaling.pool.name} {scaling.desired}")
        return self.replacement([], stop)

    def secrets(self, site: Site) -> SecretStore:
        from tests.screens import fake_secrets

        self.behaviour.enter("secrets")
        if self.secret_store is None:
            self.secret_store = fake_secrets.playground(self.behaviour)
        return cast("SecretStore", self.secret_store)

    def ssh(self, site: Site) -> Connections:
        from tests.screens import fake_ssh

        self.behaviour.enter("ssh")
        if self.connections is None:
            self.connections = fake_ssh.FakeConnections()
        return cast("Connections", self.connections)

    def forwards(self, site: Site) -> Forwards:
        from tests.screens import fake_ssh

        self.behaviour.enter("forwards")
        if self.made_forwards is None:
            self.made_forwards = fake_ssh.FakeForwards()
        return cast("Forwards", self.made_forwards)

    def expiry(self, name: str) -> Expiry | None:
        self.behaviour.enter("expiry")
        return self.expiries.get(name)

    def add(self, name: str) -> None:
        """One more environment in the folder, like staging."""
        path = self.workplace.environments / f"{name}.tfvars"
        path.write_text(STAGING.replace('"staging"', f'"{name}"'))

    def standing(self, name: str) -> Standing:
        with self._counting:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self.behaviour.enter(f"standing {name}")
        finally:
            with self._counting:
                self._at_once -= 1
        return self.standings.get(name, Standing(Built.NOTHING))

    def suggest_environment(
        self, name: str, *, region: str = "", profile: str = "", sandbox: bool = False
    ) -> Suggestion:
        self.behaviour.enter("suggest_environment")
        return suggestion(region or "eu-west-1", profile, sandbox=sandbox)

    def preview_environment(self, new: NewEnvironment) -> tuple[NewEnvironment, str]:
        named = replace(
            new,
            terraform_bucket_name=f"{new.name}-state-4f21aa",
            secrets_bucket_name=f"{new.name}-secrets-4f21aa",
        )
        return super().preview_environment(named)

    def make_environment(self, new: NewEnvironment) -> Environment:
        self.behaviour.enter("make_environment")
        path = self.workplace.environments / f"{new.name}.tfvars"
        path.write_text(self.preview_environment(new)[1])
        return self.environment(new.name)

    def remedy(self, site: Site, key: Key) -> str:
        self.behaviour.enter(f"remedy {key}")
        return f"The {key} of {site.environment.name} was made."

    def copy_environment(self, source: str, name: str) -> Environment:
        self.behaviour.enter(f"copy_environment {source} {name}")
        text = (self.workplace.environments / f"{source}.tfvars").read_text()
        (self.workplace.environments / f"{name}.tfvars").write_text(text.replace(source, name))
        return self.environment(name)

    def rename_environment(self, name: str, new: str) -> Environment:
        self.behaviour.enter(f"rename_environment {name} {new}")
        renamed = self.copy_environment(name, new)
        (self.workplace.environments / f"{name}.tfvars").unlink()
        return renamed

    def belongings(self, name: str) -> Belongings:
        self.behaviour.enter("belongings")
        return Belongings(
            file=SHOWN_FOLDER / f"{name}.tfvars",
            folder=Path("/home/jest/.local/state/kubeplat") / name,
            runs=len(self.runs.get(name, ())),
            secrets=41,
            authorities=("secure/ca.key", "secure/etcd-ca.key"),
        )

    def delete_environment(self, name: str) -> None:
        self.behaviour.enter(f"delete_environment {name}")
        (self.workplace.environments / f"{name}.tfvars").unlink()

    def credentials(self, site: Site) -> CredentialsStatus:
        from tests.screens import fake_credentials

        self.behaviour.enter("credentials")
        return fake_credentials.SANDBOX if site.environment.sandbox else fake_credentials.STATUS

    def prerequisites(self, site: Site) -> tuple[Prerequisite, ...]:
        from tests.screens import fake_credentials

        self.behaviour.enter("prerequisites")
        return fake_credentials.ALL_DONE

    def identity(self, site: Site) -> Identity:
        self.behaviour.enter("identity")
        return Identity(site.environment.account, f"arn:aws:iam::{site.environment.account}:user/jest")

    def git_branch(self) -> str:
        return "main"

    def sandbox_status(self) -> SandboxStatus | None:
        self.behaviour.enter("sandbox_status")
        return cast("SandboxStatus | None", self.status)

    def keep_sandbox(self) -> None:
        self.behaviour.enter("keep_sandbox")
        self.kept = True

    def close(self) -> None:
        self.closed = True
