"""The step that brings about what Terraform's state needs: the KMS key and the state bucket, made after
asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services import master_key, state_bucket
from kubeplat_tui.services.events import Level, LogLine, Outcome, Question, SettingWritten
from kubeplat_tui.services.pipeline import DeclinedError, StepResult
from kubeplat_tui.services.terraform.remote_state import StateStore

if TYPE_CHECKING:
    from collections.abc import Generator

    from kubeplat_tui.services.cloud import Identity
    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.master_key import MasterKey
    from kubeplat_tui.services.pipeline import Work

KEY_SETTING = "kms_master_id"


@dataclass(frozen=True, slots=True)
class StateBackend:
    """Where the states are and what encrypts them. None: absent, and only looked for."""

    key: MasterKey | None
    store: StateStore | None


def bucket_name(work: Work) -> str:
    """The state bucket, as the environment's file names it."""
    return str(work.site.environment.values["terraform_bucket_name"])


def find(work: Work, identity: Identity) -> StateBackend:
    """What there is; nothing is made."""
    site = work.site
    named = str(site.environment.values.get(KEY_SETTING) or "")
    key = master_key.find_key(site.cloud, named, work.name)
    bucket = state_bucket.find_bucket(site.cloud, identity, bucket_name(work), work.name)
    store = StateStore(site.cloud, bucket.name, work.name) if bucket is not None else None
    return StateBackend(key, store)


def ensure(
    work: Work, identity: Identity
) -> Generator[Event, None, tuple[StepResult, tuple[MasterKey, StateStore]]]:
    """Find the key and the bucket, or make them after asking. The key's id is written into the
    environment's file.
    """
    site = work.site
    named = str(site.environment.values.get(KEY_SETTING) or "")
    made: list[str] = []
    key = master_key.find_key(site.cloud, named, work.name)
    if key is None:
        key, how = yield from _new_key(work, identity, named)
        made.append(how)
    name = bucket_name(work)
    bucket = state_bucket.find_bucket(site.cloud, identity, name, work.name)
    if bucket is None:
        granted = yield from work.ask(
            Question(
                topic="make-state-bucket",
                title=f"Make the bucket {name} for Terraform's state?",
                detail=f"There is no such bucket. It is made in {site.cloud.region}: private, versioned, "
                f"encrypted by the key {key.id}, reached by TLS only.",
            )
        )
        if not granted:
            raise DeclinedError(f"Without the bucket {name} nothing can be built; it was not made.")
        yield LogLine(text=f"Making the bucket {name}", source="aws")
        state_bucket.make_bucket(site.cloud, name, work.name, key.arn)
        made.append(f"made the bucket {name}")
    elif bucket.open and bucket.ours:
        yield LogLine(text=f"The bucket {name} lacks {', '.join(bucket.open)}: it gets it now.", source="aws")
        state_bucket.protect_bucket(site.cloud, name, key.arn)
        made.append(f"protected the bucket {name}")
    elif bucket.open:
        yield LogLine(
            text=f"The bucket {name} lacks {', '.join(bucket.open)}. "
            "It was not made by kubeplat and is left as it is.",
            level=Level.WARNING,
        )
    summary = "; ".join(made) or f"{name} and its key are there"
    result = StepResult(Outcome.DONE if made else Outcome.UNCHANGED, summary)
    return result, (key, StateStore(site.cloud, name, work.name))


def _new_key(work: Work, identity: Identity, named: str) -> Generator[Event, None, tuple[MasterKey, str]]:
    """The key that has our alias already, or a new one; each after asking."""
    site = work.site
    alias = master_key.alias_of(work.name)
    absent = f"There is no KMS key {named} in {site.cloud.region}." if named else "The file names no KMS key."
    key = master_key.find_key(site.cloud, alias, work.name)
    if key is not None:
        question = Question(
            topic="use-key",
            title=f"Use the key {key.id}, which has the alias {alias}?",
            detail=f"{absent} This one was made for {work.name} before. Its id is written into "
            f"{site.environment.path.name}.",
        )
    else:
        question = Question(
            topic="make-key",
            title=f"Make a KMS key for {work.name}?",
            detail=f"{absent} A key is made with the alias {alias}; it rotates every year, and its id is "
            f"written into {site.environment.path.name}. "
            "It encrypts the secrets, the etcd volumes and Terraform's state.",
        )
    if not (yield from work.ask(question)):
        raise DeclinedError(
            f"Without a KMS key nothing can be built; {site.environment.path.name} is unchanged."
        )
    how = f"took the key {alias}"
    if key is None:
        yield LogLine(text=f"Making the KMS key {alias}", source="aws")
        key = master_key.make_key(site.cloud, identity, work.name)
        how = f"made the key {alias}"
    yield from write_setting(work, KEY_SETTING, key.id)
    return key, how


def write_setting(work: Work, name: str, value: str) -> Generator[Event, None, None]:
    """Write one value into the environment's file and read it again."""
    from kubeplat_tui.services import environments

    path = work.site.environment.path
    environments.set_value(path, name, value)
    work.reload()
    yield SettingWritten(name=name, value=value, path=path)
