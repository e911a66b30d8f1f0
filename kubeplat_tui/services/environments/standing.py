"""What of an environment is built, as the remote states of its two roots tell: read from S3 only, and quickly.

Many are read at the same time, from many threads. Nothing is started, made or asked for: a sandbox that does not run
holds nothing, and where a person would have to type a code the answer is that it is not known.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from kubeplat_tui.services.cloud import Cloud, Clouds
    from kubeplat_tui.services.environments.model import Environment
    from kubeplat_tui.services.events import Root
    from kubeplat_tui.services.terraform.remote_state import State


class Built(StrEnum):
    """How much of an environment exists, as far as its states say."""

    NOTHING = "nothing"
    PARTLY = "partly"
    """The foundation only, left-overs, or something whose creation did not end well."""
    BUILT = "built"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Standing:
    """What exists of an environment.

    `resources` is the number of managed objects in both states, `changed` when the younger of them was written,
    `locked_by` who holds a lock on one of them ("" for nobody), `why` the sentence where it is not known.
    """

    built: Built
    resources: int = 0
    changed: datetime | None = None
    locked_by: str = ""
    why: str = ""


NOTHING = Standing(Built.NOTHING)
ROOTS = 2
"""The foundation and the cluster."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The running sandbox as somebody who only looks has it: it is not held, and ends when it ends."""

    endpoint: str
    lost: bool = False

    def when_lost(self, callback: Callable[[], None]) -> None:
        """Nobody is told: a visit is over in a moment."""

    def address(self, host: str, port: int) -> tuple[str, int]:
        """No machine is reached from here. Raises `OSError`."""
        raise OSError(f"{host}:{port} is not visited")

    def close(self) -> None:
        """Nothing is held."""


class Viewing:
    """The clouds that environments are only looked at with: one for each region and identity, shared.

    `clouds` opens those of AWS; `endpoint` gives the address of the running sandbox, None where none runs.
    """

    def __init__(self, clouds: Clouds, endpoint: Callable[[], str | None]) -> None:
        self._clouds = clouds
        self._endpoint = endpoint
        self._known: dict[tuple[str, ...], Cloud] = {}
        self._lock = threading.Lock()

    def open(self, environment: Environment) -> Cloud | None:
        """The cloud of `environment`, None where it is a sandbox that does not run. Raises `KubeplatError`."""
        from kubeplat_tui.services.cloud import Cloud

        endpoint = self._endpoint() if environment.sandbox else ""
        if endpoint is None:
            return None
        place = _place(environment, endpoint)
        with self._lock:
            if place not in self._known:
                self._known[place] = (
                    Cloud(environment.region, None, Visit(endpoint), hurried=True)
                    if endpoint
                    else self._clouds.open(environment)
                )
            return self._known[place]

    def close(self) -> None:
        """Give the clients back."""
        with self._lock:
            clouds = list(self._known.values())
            self._known.clear()
        for cloud in clouds:
            cloud.close()


def read(open_cloud: Callable[[Environment], Cloud | None], environment: Environment) -> Standing:
    """What exists of `environment`. Blocks for a few seconds at most; raises nothing that AWS or a file may say.

    `open_cloud` opens an environment's cloud for looking at, None where its sandbox does not run.
    """
    try:
        cloud = open_cloud(environment)
        return NOTHING if cloud is None else look(cloud, environment)
    except KubeplatError as error:
        return Standing(Built.UNKNOWN, why=str(error))


def look(cloud: Cloud, environment: Environment) -> Standing:
    """What exists of `environment` in `cloud`. Raises `KubeplatError` where that cannot be read."""
    from kubeplat_tui.services.events import Root
    from kubeplat_tui.services.terraform.remote_state import StateStore

    bucket = _text(environment.values, "terraform_bucket_name")
    if not bucket or not environment.region:
        raise KubeplatError(
            f"The file of {environment.name} does not say where its state is.",
            todo="Set terraform_bucket_name and aws_region.",
        )
    store = StateStore(cloud, bucket, environment.name)
    objects = store.objects()
    states = {root: store.read(root) for root in Root if store.key(root) in objects}
    locks = [store.lock(root) for root in Root if f"{store.key(root)}.tflock" in objects]
    written = [objects[store.key(root)] for root, state in states.items() if state is not None]
    return Standing(
        _built(states),
        resources=sum(len(state.instances) for state in states.values() if state is not None),
        changed=max(written, default=None),
        locked_by=next((lock.who or "somebody" for lock in locks if lock is not None), ""),
    )


def _built(states: Mapping[Root, State | None]) -> Built:
    full = [state for state in states.values() if state is not None and state.instances]
    if not full:
        return Built.NOTHING
    sound = not any(instance.tainted for state in full for instance in state.instances)
    return Built.BUILT if len(full) == ROOTS and sound else Built.PARTLY


def _place(environment: Environment, endpoint: str) -> tuple[str, ...]:
    """What makes two environments' clouds different: the place, and whose credentials are used there."""
    named = ("aws_role_arn", "aws_mfa_serial")
    return (
        endpoint,
        environment.region,
        "" if endpoint else environment.profile,
        *(_text(environment.values, name) for name in named),
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    return str(values.get(name) or "")
