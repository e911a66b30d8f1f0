"""An environment to run pipelines on: AWS simulated in this process, Terraform played by a fake."""

from __future__ import annotations

import contextlib
import functools
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import boto3

from kubeplat_tui.services import environments
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.events import Outcome, PipelineFinished, StepFinished
from kubeplat_tui.services.site import Site
from kubeplat_tui.services.variables import declarations as variables
from kubeplat_tui.services.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from kubeplat_tui.services.events import Event, Question
    from kubeplat_tui.services.variables.declarations import Declarations

CHECKOUT = Path(__file__).parents[2]
REGION: Literal["eu-west-2"] = "eu-west-2"

SETTINGS = """\
environment = "{name}"
aws_region  = "{region}"
aws_account = "{account}"

terraform_bucket_name = "{name}-state-1a2b"
secrets_bucket_name   = "{name}-secrets-1a2b"
kms_master_id         = "" # the first run fills this in

public_zone_name     = "{name}.test"
private_zone_name    = "{name}.internal"
kubeapi_dns          = "kube-{name}"
kubeapi_internal_dns = "kube"
"""


class LosableCloud(Cloud):
    """A cloud that can go away, as a sandbox does."""

    def __init__(self, region: str) -> None:
        super().__init__(region, None)
        self._gone = threading.Event()
        self._listeners: list[Callable[[], None]] = []

    @property
    def lost(self) -> bool:
        return self._gone.is_set()

    def when_lost(self, callback: Callable[[], None]) -> None:
        self._listeners.append(callback)

    def lose(self) -> None:
        """Go away; tell whoever asked."""
        self._gone.set()
        for callback in self._listeners:
            callback()


def make_site(folder: Path, name: str = "demo", account: str = "123456789012", extra: str = "") -> Site:
    """A site in `folder`, on the checkout's own Terraform roots."""
    place = folder / "environments"
    place.mkdir(exist_ok=True)
    path = place / f"{name}.tfvars"
    path.write_text(SETTINGS.format(name=name, region=REGION, account=account) + extra)
    workplace = Workplace(
        environments=place,
        terraform=CHECKOUT / "terraform",
        state=folder / "state",
        cache=folder / "cache",
        config=folder / "config",
    )
    return Site(
        workplace,
        environments.load(place, name),
        LosableCloud(REGION),
        declared(),
    )


@functools.cache
def declared() -> Declarations:
    """What the checkout's roots declare; read once, for nothing changes it."""
    return variables.declared(CHECKOUT / "terraform")


@dataclass
class Answers:
    """Answers every question as expected, but those whose topic is in `declined`; remembers them."""

    declined: set[str] = field(default_factory=set)
    before: Callable[[Question], None] | None = None
    questions: list[Question] = field(default_factory=list)

    def answer(self, question: Question) -> str:
        self.questions.append(question)
        if self.before is not None:
            self.before(question)
        return "" if question.topic in self.declined else question.expected

    @property
    def topics(self) -> list[str]:
        """What was asked, in order."""
        return [question.topic for question in self.questions]


def with_bucket(events: Iterator[Event], site: Site) -> Iterator[Event]:
    """The events of a run; the secrets bucket comes about when the foundation is applied, or was before."""
    name = str(site.environment.values["secrets_bucket_name"])
    with contextlib.closing(cast("Generator[Event, None, None]", events)) as given:
        for event in given:
            if (
                isinstance(event, StepFinished)
                and event.step == "apply-foundation"
                and event.outcome in {Outcome.DONE, Outcome.UNCHANGED}
            ):
                make_bucket(name)
            yield event


def make_bucket(name: str) -> None:
    """A versioned bucket, where there is none."""
    s3 = boto3.client("s3", REGION)
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def played(events: Iterable[Event]) -> tuple[list[Event], PipelineFinished]:
    """All events of a pipeline, and its last."""
    found = list(events)
    assert isinstance(found[-1], PipelineFinished)
    return found, found[-1]
