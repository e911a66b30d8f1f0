"""The whole life of a throw-away environment in a sandbox of its own, as a list of steps. Prints nothing.

A later part of the system adds its steps in `Rehearsal.steps`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.commands.json_output import encode
from kubeplat_tui.commands.prompts import Yes
from kubeplat_tui.commands.rehearsed_secrets import SecretsRehearsal, expect
from kubeplat_tui.commands.rehearsed_ssh import SshRehearsal
from kubeplat_tui.intents import Intents
from kubeplat_tui.services.errors import ExitCode, InputError, KubeplatError
from kubeplat_tui.services.events import Outcome, PipelineFinished, PlanReady, Root, Stop
from kubeplat_tui.services.inventory import RUNNING, Inventory, Layer
from kubeplat_tui.services.terraform.plan import Action
from kubeplat_tui.services.workplace import PRIVATE_FILE, Workplace, private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.events import Decisions, Event
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.terraform.plan import Plan
    from kubeplat_tui.services.values import Value

    Pipeline = Callable[[Site, Decisions, Stop], Iterator[Event]]

USER = "rehearsal"
MACHINES = {Layer.SECURE: 3, Layer.COMPUTE: 3, Layer.BASTION: 1}
ENDED_WITHIN = 10.0
"""Seconds that a process gets to end after it was told to."""

LOOK_AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `act` returns what it found, or raises `KubeplatError` where it did not hold."""

    title: str
    act: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Played:
    """How a step went: `seconds` it took, and in `detail` what it found, or why it did not hold."""

    title: str
    held: bool
    seconds: float
    detail: str


class InterruptedRehearsalError(KubeplatError):
    """Somebody asked to stop."""


class Rehearsal:
    """One rehearsal in a private folder of its own. `close` takes everything away that it made."""

    def __init__(self, workplace: Workplace | None = None) -> None:
        """`workplace` is where templates, Terraform roots and the cache are taken from; it is not changed.

        Raises `KubeplatError` where the folder cannot be made.
        """
        given = workplace or Workplace.from_environment()
        # The system's own temporary folder may be shared: this one is readable by its owner only.
        self.folder = Path(tempfile.mkdtemp(prefix="kubeplat-rehearsal-"))
        self.log = self.folder / "rehearsal.log"
        self.workplace = Workplace(
            environments=private_folder(self.folder / "environments"),
            terraform=given.terraform,
            state=private_folder(self.folder / "state"),
            cache=given.cache,
            config=private_folder(self.folder / "config"),
        )
        for template in given.environments.glob("*.tfvars"):
            if template.name in {"play.tfvars", "example.tfvars"}:
                shutil.copy(template, self.workplace.environments)
        # No credentials are passed on: a rehearsal can reach nothing but its sandbox.
        self.intents = Intents(self.workplace, user=USER, environ={"HOME": str(self.folder)})
        self.stop = Stop()
        self._name = ""
        self._sandbox_pid = 0
        self._secrets = SecretsRehearsal(self._site, self.folder)
        self._ssh = SshRehearsal(self.intents, self._site, self.folder)

    def steps(self) -> tuple[Step, ...]:
        """Every step in its order."""
        return (
            Step("make the playground's file", self._make),
            Step("check its variables", self._check),
            Step("start the sandbox", self._start_sandbox),
            Step("refuse bad input", self._refuse_bad_input),
            Step("plan: only additions", self._plan),
            Step("run: build everything", self._run),
            Step("look at the secrets it made", self._secrets.made),
            Step("compare them with the bucket", self._secrets.uploaded),
            Step("fetch them on another computer", self._secrets.fetched),
            Step("add a token and revoke it", self._secrets.token),
            Step("renew a certificate", self._secrets.renewed),
            Step("read the outputs", self._outputs),
            Step("run again: nothing changes", self._run_again),
            Step("list the instances", self._instances),
            Step("refuse an unknown machine, and a way around the bastion", self._ssh.refused),
            Step("run a command on a master, through the bastion", self._ssh.command),
            Step("refuse a changed host key", self._ssh.changed),
            Step("copy a file there and back", self._ssh.files),
            Step("carry bytes through a forward", self._ssh.forward),
            Step("list the volumes", self._volumes),
            Step("list the load balancers", self._load_balancers),
            Step("terminate a machine: it is replaced", self._replace),
            Step("notice by SSH that it was replaced", self._ssh.replaced),
            Step("look for secrets where none may be", self._secrets.nowhere_else),
            Step("cleanup: take everything down", self._cleanup),
            Step("look for secrets that stayed here", self._secrets.gone),
            Step("look for what is left", self._nothing_left),
            Step("stop the sandbox", self._stop_sandbox),
        )

    def play(self) -> Iterator[Played]:
        """Play the steps, each when it is asked for; ends after the first one that did not hold."""
        for step in self.steps():
            began = time.monotonic()
            held = True
            try:
                if self.stop.requested:
                    raise InterruptedRehearsalError("It was interrupted.")
                detail = step.act()
            except KubeplatError as error:
                held, detail = False, str(error)
                self._note({"failed": step.title, "why": detail})
            except Exception as error:  # noqa: BLE001 - a step that breaks did not hold; the log has the traceback
                held, detail = False, f"{type(error).__name__}: {error}"
                self._note({"failed": step.title, "traceback": traceback.format_exc()})
            yield Played(step.title, held, time.monotonic() - began, detail)
            if not held:
                return

    def close(self, *, keep: bool) -> str:
        """Stop the sandbox, remove the folder (unless `keep`); returns what could not be removed."""
        from kubeplat_tui.sandbox import status

        with contextlib.suppress(KubeplatError):
            status.stop(self.workplace.state)
        self.intents.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        left = [str(self.folder)] if not keep and self.folder.exists() else []
        left += [f"process {pid}" for pid in self._processes_left()]
        return ", ".join(left)

    # --- the steps ------------------------------------------------------------------------------------------

    def _make(self) -> str:
        environment = self.intents.playground()
        expect(environment.sandbox, f"{environment.name} does not live in the sandbox.")
        mode = environment.path.stat().st_mode & 0o777
        expect(mode == PRIVATE_FILE, f"{environment.path} is readable by others: {mode:o}.")
        before = environment.path.read_bytes()
        expect(self.intents.playground().path.read_bytes() == before, "The file was made twice.")
        self._name = environment.name
        return environment.name

    def _check(self) -> str:
        declared = self.intents.declarations()
        problems = self.intents.variable_file(self._name).problems(declared)
        expect(not problems, " ".join(problem.message for problem in problems))
        return f"{len(self._environment().values)} of {len(declared)} variables set, all right"

    def _start_sandbox(self) -> str:
        self.intents.open(self._name)
        status = self.intents.sandbox_status()
        if status is None:
            raise KubeplatError("The sandbox was opened and does not run.")
        self._sandbox_pid = status.pid
        return f"{status.endpoint}, process {status.pid}"

    def _refuse_bad_input(self) -> str:
        bad: tuple[tuple[str, Value], ...] = (
            ("ssh_access_list", ["0.0.0.0/0"]),
            ("nat_subnets", self._moved_subnets()),
            ("compute_asg_min", "three"),
            ("compute_asg_mim", 3),
        )
        for name, value in bad:
            self._refused(name, value)
        self.intents.open(self._name)
        return ", ".join(name for name, _ in bad)

    def _plan(self) -> str:
        events = self._played(self.intents.plan)
        plans = _plans(events)
        expect(bool(plans), "There was no plan.")
        for plan in plans:
            other = [
                change.address for change in plan.changes if change.action not in {Action.CREATE, Action.READ}
            ]
            expect(not other, f"The plan of an empty environment touches {', '.join(other)}.")
        return "; ".join(f"{plan.root}: {plan.summary()}" for plan in plans)

    def _run(self) -> str:
        events = self._played(self.intents.run)
        plans = _plans(events)
        expect({plan.root for plan in plans} == set(Root), "Not every root was planned.")
        return "; ".join(f"{plan.root}: {plan.summary()}" for plan in plans)

    def _outputs(self) -> str:
        found = {output.name for output in self.intents.outputs(self._site())}
        missing = {
            "kubeapi_public",
            "kubeapi_public_elb",
            "compute_asg",
            "secrets_bucket",
            "key_name",
        } - found
        expect(not missing, f"Missing outputs: {', '.join(sorted(missing))}.")
        return f"{len(found)} outputs"

    def _run_again(self) -> str:
        events = self._played(self.intents.run)
        self._secrets.unchanged(events)
        for plan in _plans(events):
            addresses = ", ".join(change.address for change in plan.changes)
            expect(
                plan.empty, f"The second run would change the {plan.root}: {plan.summary()} ({addresses})."
            )
        return "no changes in either root, and no secret made or uploaded"

    def _instances(self) -> str:
        machines = self._running()
        for layer, count in MACHINES.items():
            found = [machine for machine in machines if machine.layer is layer]
            expect(len(found) == count, f"{len(found)} {layer} machines run, and {count} should.")
            zones = {machine.zone for machine in found}
            expect(
                len(zones) == count,
                f"The {layer} machines are not in {count} zones: {', '.join(sorted(zones))}.",
            )
        expect(len(machines) == sum(MACHINES.values()), f"{len(machines)} machines run.")
        return ", ".join(f"{count} {layer}" for layer, count in MACHINES.items())

    def _volumes(self) -> str:
        volumes = self.intents.volumes(self._site())
        etcd = [volume for volume in volumes if volume.node_id]
        expect({volume.node_id for volume in etcd} == {"0", "1", "2"}, f"{len(etcd)} volumes carry a NodeID.")
        expect(len({volume.zone for volume in etcd}) == len(etcd), "etcd's volumes share a zone.")
        expect(all(volume.encrypted for volume in volumes), "A volume is not encrypted.")
        return f"{len(etcd)} for etcd, {len(volumes)} in all"

    def _load_balancers(self) -> str:
        found = {balancer.name: balancer for balancer in self.intents.load_balancers(self._site())}
        wanted = {f"{self._name}-kubeapi", f"{self._name}-kube-internal-elb"}
        expect(set(found) == wanted, f"There are: {', '.join(sorted(found)) or 'none'}.")
        return ", ".join(f"{name} ({found[name].scheme})" for name in sorted(found))

    def _replace(self) -> str:
        victim = next(machine for machine in self._running() if machine.layer is Layer.COMPUTE)
        self._ssh.hold(victim)
        self._played(
            lambda site, _, stop: self.intents.terminate(
                site, self.intents.termination(site, [victim.id]), stop
            )
        )
        machines = {machine.id for machine in self._running() if machine.layer is Layer.COMPUTE}
        expect(
            len(machines) == MACHINES[Layer.COMPUTE] and victim.id not in machines,
            f"{victim.id} was not replaced.",
        )
        return f"{victim.id} in {victim.zone}"

    def _cleanup(self) -> str:
        return _finished(self._played(self.intents.cleanup)).sentence

    def _nothing_left(self) -> str:
        from kubeplat_tui.services.aws_errors import is_absent
        from kubeplat_tui.services.terraform.remote_state import StateStore

        site = self._site()
        left = Inventory(site.cloud, self._name).leftovers()
        expect(not left, f"Left by tag: {', '.join(f'{each.kind} {each.name}' for each in left)}.")
        bucket = str(self._environment().values.get("terraform_bucket_name", ""))
        try:
            site.cloud.client("s3").head_bucket(Bucket=bucket)
        except Exception as error:
            if not is_absent(error):
                raise
            return "nothing by tag, and no state bucket"
        store = StateStore(site.cloud, bucket, self._name)
        for root in Root:
            state = store.read(root)
            addresses = [instance.address for instance in state.instances] if state else []
            expect(not addresses, f"Left in the state of the {root}: {', '.join(addresses)}.")
        return "nothing by tag, nothing in either state"

    def _stop_sandbox(self) -> str:
        from kubeplat_tui.sandbox import status

        expect(status.stop(self.workplace.state), "The sandbox ran no more.")
        self.intents.close()
        expect(self.intents.sandbox_status() is None, "The sandbox still answers.")
        left = self._processes_left()
        expect(not left, f"Processes are left: {', '.join(map(str, left))}.")
        return "no process left"

    # --- their tools ----------------------------------------------------------------------------------------

    def _environment(self) -> Environment:
        return self.intents.environment(self._name)

    def _site(self) -> Site:
        return self.intents.open(self._name)

    def _running(self) -> list[Instance]:
        return [machine for machine in self.intents.instances(self._site()) if machine.state == RUNNING]

    def _played(self, pipeline: Pipeline) -> list[Event]:
        """All events of a pipeline that was approved throughout and must end well."""
        site = self._site()
        events: list[Event] = []
        for event in pipeline(site, Yes(site.environment, None), self.stop):
            self._note(json.loads(encode(event)))
            self._secrets.watch(event)
            events.append(event)
        finished = _finished(events)
        if finished.outcome is Outcome.STOPPED:
            raise InterruptedRehearsalError("It was interrupted.")
        if finished.exit_code != ExitCode.DONE:
            raise KubeplatError(finished.sentence, why=", ".join(finished.left), todo=finished.todo)
        return events

    def _refused(self, name: str, value: Value) -> None:
        """Make sure that the environment cannot be opened with this value; the file stays as it was."""
        path = self._environment().path
        good = path.read_bytes()
        try:
            self.intents.variable_file(self._name).with_value(name, value).save()
            self.intents.open(self._name)
        except InputError:
            return
        finally:
            path.write_bytes(good)
        raise KubeplatError(f"{name} = {json.dumps(value)} was not refused.")

    def _moved_subnets(self) -> Value:
        """The subnets as they are, the first one moved out of the VPC."""
        declared = self.intents.declarations()["nat_subnets"].default
        subnets = self._environment().values.get("nat_subnets", declared)
        moved = json.loads(json.dumps(subnets).replace("10.80.", "192.168.", 1))
        expect(moved != subnets, "The subnets are not in 10.80.0.0/16, so none could be moved out.")
        return moved  # type: ignore[no-any-return]  # JSON gives back what went in

    def _note(self, entry: dict[str, object]) -> None:
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
        with open(descriptor, "a", encoding="utf-8") as log:  # noqa: PTH123 - a descriptor with the mode is what there is
            log.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def _processes_left(self) -> list[int]:
        """Those that have not ended a moment after they were told to."""
        deadline = time.monotonic() + ENDED_WITHIN
        pause = threading.Event()
        while (found := self._processes()) and time.monotonic() < deadline:
            pause.wait(LOOK_AGAIN / 10)
        return found

    def _processes(self) -> list[int]:
        """The rehearsal's processes that still run: the sandbox's, and what works in the folder (Linux)."""
        found = {self._sandbox_pid} if self._sandbox_pid and _alive(self._sandbox_pid) else set()
        for link in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                if link.readlink().is_relative_to(self.folder):
                    found.add(int(link.parent.name))
        return sorted(found)


def _plans(events: list[Event]) -> list[Plan]:
    return [event.plan for event in events if isinstance(event, PlanReady)]


def _finished(events: list[Event]) -> PipelineFinished:
    if not events or not isinstance(events[-1], PipelineFinished):
        raise KubeplatError("The pipeline ended without saying how.")
    return events[-1]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
