"""The rehearsal's steps about secrets: made, uploaded, fetched, changed, and nowhere else to be found."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kubeplat_tui.services import tokens
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import FileAction, FileChanged, PlanReady, StepFinished, to_the_end
from kubeplat_tui.services.secrets import leaks, steps
from kubeplat_tui.services.secrets.model import State
from kubeplat_tui.services.secrets.store import SecretStore

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from kubeplat_tui.services.events import Event, Outcome
    from kubeplat_tui.services.site import Site

Result = TypeVar("Result")

RENEWED = "apiserver"
TOKEN_USER = "rehearsal"  # noqa: S105 - a user's name
APART = ("secrets", "replaced")
"""What of an environment's state folder is the working copy: the one place on a computer where secrets belong."""

PROVIDERS = "providers"
"""Terraform's plugins in its working folder: hundreds of megabytes of programs."""


class SecretsRehearsal:
    """The secrets of the rehearsal's environment, once it is built. `folder` is all that the rehearsal writes to."""

    def __init__(self, site: Callable[[], Site], folder: Path) -> None:
        self._site = site
        self._folder = folder
        self._began = datetime.now(UTC)
        self._tokens: dict[str, str] = {}
        self._written: list[tuple[str, bytes]] = []
        """What was only there for a while: plans, the arguments of processes."""
        self._before: dict[str, bytes] = {}

    def watch(self, event: Event) -> None:
        """Look at what is there only while a pipeline runs."""
        if isinstance(event, PlanReady):
            self._written += leaks.contents(event.plan.file)
            self._written += _arguments()

    # --- the steps ------------------------------------------------------------------------------------------

    def made(self) -> str:
        """Everything of the bundle is there and valid."""
        store = self._store()
        found = store.findings()
        expect(bool(found), "There are no certificates.")
        bad = [one.sentence for one in found if one.health.value != "valid"]
        expect(not bad, " ".join(bad))
        kinds = Counter(key.partition("/")[0] for key in store.copy.files())
        return f"{kinds.total()} files ({', '.join(f'{n} {kind}' for kind, n in sorted(kinds.items()))})"

    def uploaded(self) -> str:
        """Every object is what is here, and encrypted with the environment's key."""
        store = self._store()
        bucket = store.bucket
        client = self._site().cloud.client("s3")
        here = store.copy.files()
        there = {stored.key for page in bucket.list() for stored in page}
        expect(there >= here.keys(), f"Not in the bucket: {', '.join(sorted(here.keys() - there))}.")
        for key in sorted(here):
            answer = client.get_object(Bucket=bucket.name, Key=key)
            expect(
                (answer["ServerSideEncryption"], answer["SSEKMSKeyId"]) == ("aws:kms", bucket.key_arn),
                f"{key} is not encrypted with the environment's key.",
            )
            digest = hashlib.sha256(answer["Body"].read()).hexdigest()
            expect(digest == here[key].sha256, f"{key} in the bucket is not what is here.")
        return f"{len(here)} objects, each under {bucket.key_arn.rpartition('/')[2]}"

    def fetched(self) -> str:
        """Another computer gets the same files, byte for byte."""
        here = self._contents(self._store())
        elsewhere = self._store(self._folder / "elsewhere")
        transfer = _to_the_end(elsewhere.fetch())
        expect(not transfer.conflicts, f"In conflict: {', '.join(transfer.conflicts)}.")
        there = self._contents(elsewhere)
        differ = sorted(key for key in {*here, *there} if here.get(key) != there.get(key))
        expect(not differ, f"They differ: {', '.join(differ)}.")
        again = _to_the_end(elsewhere.fetch())
        expect(again.unchanged, "A second fetch moved something.")
        return f"{len(there)} files, {transfer.size} bytes, identical"

    def token(self) -> str:
        """A token is added and revoked; a write over what somebody else changed is refused."""
        from kubeplat_tui.services.secrets.refusals import ConflictError

        store = self._store()
        before = store.bucket.get(tokens.KEY)
        data, token = tokens.add(before.data, TOKEN_USER, ("platform:viewers",), now=datetime.now(UTC))
        self._tokens["the token"] = token
        store.bucket.put(tokens.KEY, data, before.stored.etag)
        try:
            store.bucket.put(tokens.KEY, before.data, before.stored.etag)
        except ConflictError:
            pass
        else:
            raise KubeplatError(f"{tokens.KEY} was written over another's change.")
        added = store.bucket.get(tokens.KEY)
        expect(
            any(row.sha256 == tokens.digest(token) for row in tokens.parse(added.data)),
            "The token that was added is not in the bucket.",
        )
        data, revoked = tokens.revoke(added.data, TOKEN_USER)
        store.bucket.put(tokens.KEY, data, added.stored.etag)
        last = store.bucket.get(tokens.KEY).data
        expect(not tokens.parse(last), "The token that was revoked is still in the bucket.")
        expect(token.encode() not in added.data, "The token itself is in its file.")
        _to_the_end(store.fetch((tokens.KEY,)))
        expect(store.copy.read(tokens.KEY) == last, f"{tokens.KEY} here is not what is in the bucket.")
        return f"{revoked[0].short} added and revoked; a stale write was refused"

    def renewed(self) -> str:
        """A certificate gets a new key; nothing else changes."""
        store = self._store()
        before = self._contents(store)
        making = _to_the_end(store.renew((RENEWED,)))
        expect(bool(making.writes), "Nothing was renewed.")
        transfer = _to_the_end(store.upload(tuple(making.writes)))
        expect(set(transfer.moved) == set(making.writes), f"Uploaded: {', '.join(transfer.moved)}.")
        after = self._contents(store)
        changed = {key for key in after if after[key] != before.get(key)}
        expect(changed == set(making.writes), f"Changed: {', '.join(sorted(changed))}.")
        bad = [one.sentence for one in store.findings() if one.health.value != "valid"]
        expect(not bad, " ".join(bad))
        self._before = {key: before[key] for key in changed if key in before}
        states = {file.state for file in store.compare().files}
        expect(states == {State.SAME}, "The bucket and the working copy differ.")
        return ", ".join(sorted(changed))

    def unchanged(self, events: Iterable[Event]) -> None:
        """The run whose events these are left the secrets as they were."""
        for event in events:
            if isinstance(event, StepFinished) and event.step in {
                steps.FETCH.key,
                steps.MAKE.key,
                steps.UPLOAD.key,
            }:
                outcome: Outcome = event.outcome
                expect(outcome.value == "unchanged", f"{event.step} of the second run: {event.summary}.")
            if isinstance(event, FileChanged) and event.action is not FileAction.FETCHED:
                raise KubeplatError(f"The second run changed {event.key}: {event.action}.")

    def nowhere_else(self) -> str:
        """No private material in states, plans, journals, logs, arguments, temporary files."""
        files = self._contents(self._store())
        wanted = leaks.needles(files, self._tokens)
        wanted += leaks.needles({f"{key} before its renewal": data for key, data in self._before.items()})
        places = [*self._written, *_arguments(), *self._states(), *self._files(), *self._temporary()]
        own = files["locked/kubernetes-ca.key"]
        expect(bool(leaks.leaked([("a control", own)], wanted)), "What is there on purpose was not found.")
        found = leaks.leaked(places, wanted)
        expect(not found, f"Found: {'; '.join(found)}.")
        size = sum(len(data) for _, data in places)
        return f"{len(wanted)} forms in {len(places)} places, {size / 2**20:.1f} MiB: none"

    def gone(self) -> str:
        """After a cleanup nothing of a playground's secrets is on this computer."""
        folder = self._site().folders.root
        left = [path.name for path in folder.iterdir() if path.name.startswith(APART)]
        expect(not left, f"Left in {folder}: {', '.join(left)}.")
        return "nothing of them is on this computer"

    # --- their tools ----------------------------------------------------------------------------------------

    def _store(self, state: Path | None = None) -> SecretStore:
        site = self._site()
        if state is not None:
            site = replace(site, workplace=replace(site.workplace, state=state))
        return SecretStore(site)

    def _contents(self, store: SecretStore) -> dict[str, bytes]:
        return {key: store.copy.read(key) for key in store.copy.files()}

    def _states(self) -> Iterator[tuple[str, bytes]]:
        """Every version of every object in the state bucket."""
        site = self._site()
        name = str(site.environment.values["terraform_bucket_name"])
        client = site.cloud.client("s3")
        for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
            for one in page.get("Versions", ()):
                answer = client.get_object(Bucket=name, Key=one["Key"], VersionId=one["VersionId"])
                yield f"{one['Key']} in the state bucket", answer["Body"].read()

    def _files(self) -> Iterator[tuple[str, bytes]]:
        """Everything in the rehearsal's folder but the working copies."""
        for place, folders, names in os.walk(self._folder):
            apart = {name for name in folders if name.startswith(APART) or name == PROVIDERS}
            folders[:] = [name for name in folders if name not in apart]
            for name in names:
                yield from leaks.contents(Path(place) / name)

    def _temporary(self) -> Iterator[tuple[str, bytes]]:
        """What was put into the system's temporary folder since the rehearsal began."""
        for path in Path(tempfile.gettempdir()).iterdir():
            try:
                status = path.lstat()
            except OSError:
                continue
            if status.st_mtime >= self._began.timestamp() and path.is_file():
                yield from leaks.contents(path)


def _arguments() -> Iterator[tuple[str, bytes]]:
    """The arguments of the processes that run now (Linux)."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        yield from leaks.contents(path)


def _to_the_end(events: Generator[Event, None, Result]) -> Result:
    """Play it to its end; what it returns."""
    return to_the_end(events, lambda _: None)


def expect(condition: bool, sentence: str) -> None:
    """Raise `KubeplatError` with `sentence` where the condition does not hold."""
    if not condition:
        raise KubeplatError(sentence)
