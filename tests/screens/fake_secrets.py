"""Secrets that are made up: the store's contract in memory, with every state a file can be in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError, NotFoundError
from kubeplat_tui.services.events import FileAction, FileChanged, Progress
from kubeplat_tui.services.pki.bundle import bundle_keys
from kubeplat_tui.services.pki.findings import Finding, Health
from kubeplat_tui.services.pki.names import ClusterNames, Member
from kubeplat_tui.services.secrets.layout import synced
from kubeplat_tui.services.secrets.model import (
    Comparison,
    LocalFile,
    SecretFile,
    Side,
    State,
    Stored,
    Transfer,
    Version,
)
from tests.screens.fakes import NOW, Behaviour

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence

    from kubeplat_tui.services.events import Event, Stop
    from kubeplat_tui.services.pki.bundle import Making

COPY = Path("/home/jest/.local/state/kubeplat/play-jest/secrets")
BUCKET = "play-jest-secrets-4f21aa"
KEY_ARN = "arn:aws:kms:eu-west-2:123456789012:key/0f6e1d2c-3b4a-4958-8776-a5b4c3d2e1f0"

CERTIFICATE = b"""\
-----BEGIN CERTIFICATE-----
MIIBljCCATygAwIBAgIQTyGqAQIDBAUGBwgJCgsMDTAKBggqhkjOPQQDAjAYMRYw
FAYDVQQDDA1rdWJlcm5ldGVzLWNhMB4XDTI2MTAzMTEyMDUwOVoXDTI3MTAzMTEy
MDUwOVowGTEXMBUGA1UEAwwOa3ViZS1hcGlzZXJ2ZXIwWTATBgcqhkjOPQIBBggq
hkjOPQMBBwNCAATeqStICQYiroQVduP9GTliumUECmXxAfx4zyIUYCJvAbt8Fbjd
uix+pHWsSD2Bz07X8DGMQ87iPVwG8nDbCDf/o2cwZTAMBgNVHRMBAf8EAjAAMBMG
A1UdJQQMMAoGCCsGAQUFBwMBMEAGA1UdEQQ5MDeCCmt1YmVybmV0ZXOCHWt1YmUt
cGxheS1qZXN0LnBsYXktamVzdC50ZXN0hwQKIAABhwR/AAABMAoGCCqGSM49BAMC
A0gAMEUCIQCQV8/C1yvJxJcmoDaDkZM+fK7KeX3/oxnFe4cBhCAVtQIgL/+oIIDJ
8OetBkW6zQYEAKUaAtdhmD1MCKUELB5xH0Q=
-----END CERTIFICATE-----
"""
"""kube-apiserver's of 2026-10-31, one year; names kubernetes, kube-play-jest.play-jest.test, two addresses."""
PRIVATE_KEY = b"""\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglPNVNVSQKDMCIC6+
c+v4Y8r5IcgY5ilMbYkPgH6lPJihRANCAATeqStICQYiroQVduP9GTliumUECmXx
Afx4zyIUYCJvAbt8Fbjduix+pHWsSD2Bz07X8DGMQ87iPVwG8nDbCDf/
-----END PRIVATE KEY-----
"""
"""Made for these tests alone; it opens nothing."""
TOKENS = b"""\
# who,                                                              user,uid,groups,expires
8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4,ann,1001,"kubeplat:admins",
3fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278,ci,1002,"kubeplat:viewers",2027-01-31T00:00:00Z
"""
KUBECONFIG = b"""\
apiVersion: v1
kind: Config
clusters:
- name: play-jest
  cluster:
    server: https://kube-play-jest.play-jest.test:443
    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==
contexts:
- name: play-jest
  context: {cluster: play-jest, user: admin}
current-context: play-jest
users:
- name: admin
  user:
    client-certificate-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==
    client-key-data: dG9wLXNlY3JldC1rZXktb2YtYWRtaW4=
"""
MANIFEST = b"""\
apiVersion: v1
kind: Namespace
metadata:
  name: monitoring
"""
NAMES = ClusterNames(
    environment="play-jest",
    public_api="kube-play-jest.play-jest.test",
    internal_api="kube.play-jest.test",
    service_address="10.32.0.1",
    members=tuple(Member(str(number), f"etcd{number}", f"10.80.10.1{number}") for number in range(3)),
)
SECRETS = (b"dG9wLXNlY3JldC1rZXktb2YtYWRtaW4", b"MIGHAgEAMBMGByqGSM49")
"""Pieces of values that no notification, title or exported list may hold."""


def digest(data: bytes) -> str:
    """The SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Content:
    """One content of a key; `data` is None for a delete marker."""

    data: bytes | None
    modified: datetime
    version: str = ""

    @property
    def etag(self) -> str:
        """As S3 gives it for small objects, without quotes."""
        return hashlib.md5(self.data or b"", usedforsecurity=False).hexdigest()


@dataclass
class FakeBucket:
    """What the screen asks of the bucket itself."""

    behaviour: Behaviour
    name: str = BUCKET
    key_arn: str = KEY_ARN
    there: bool = True

    def exists(self) -> bool:
        """Whether there is a bucket."""
        self.behaviour.enter("bucket.exists")
        return self.there


@dataclass
class FakeSecretStore:
    """Both sides by key. `behaviour` raises errors and waits at gates, by the method's name.

    A gate or error named `move` is met before each file of a fetch or an upload.
    """

    behaviour: Behaviour = field(default_factory=Behaviour)
    here: dict[str, Content] = field(default_factory=dict)
    there: dict[str, list[Content]] = field(default_factory=dict)
    base: dict[str, str] = field(default_factory=dict)
    """The digest of what was in step last."""
    until: dict[str, datetime] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)
    makes: dict[str, bytes] = field(default_factory=dict)
    """What `make_missing` would make."""
    overwritten: list[str] = field(default_factory=list)
    """What was here and was kept aside."""

    names: ClusterNames = NAMES

    def __post_init__(self) -> None:
        self._bucket = FakeBucket(self.behaviour)

    @property
    def bucket(self) -> FakeBucket:
        """The bucket; an error or a gate by this name stands for one that the environment does not name."""
        self.behaviour.enter("bucket")
        return self._bucket

    # --- for tests --------------------------------------------------------------------------------

    def put_here(self, key: str, data: bytes, ago: timedelta = timedelta(0)) -> None:
        """Write a file here."""
        self.here[key] = Content(data, NOW - ago)

    def put_there(self, key: str, data: bytes | None, ago: timedelta = timedelta(0)) -> None:
        """Somebody puts an object, or deletes it (None)."""
        kept = self.there.setdefault(key, [])
        kept.append(Content(data, NOW - ago, f"v{len(kept) + 1}"))

    def put_both(self, key: str, data: bytes, ago: timedelta = timedelta(0)) -> None:
        """Both sides in step."""
        self.put_here(key, data, ago)
        self.put_there(key, data, ago)
        self.base[key] = digest(data)

    def state(self, key: str) -> State | None:
        """How one key compares; None where it is on neither side."""
        here, there = self._here(key), self._there(key)
        if here is None and there is None:
            return None
        if here is None:
            return State.ONLY_THERE
        if there is None:
            return State.ONLY_HERE
        if here == there:
            return State.SAME
        base = self.base.get(key)
        if digest(here) == base:
            return State.CHANGED_THERE
        return State.CHANGED_HERE if digest(there) == base else State.CHANGED_BOTH

    # --- the store's contract ---------------------------------------------------------------------

    def compare(self) -> Comparison:
        """Every key of both sides."""
        self.behaviour.enter("compare")
        keys = sorted(self.here.keys() | self.there.keys())
        files = [
            SecretFile(key, state, self._local(key), self._stored(key), known=key in self.base)
            for key in keys
            if synced(key) and (state := self.state(key)) is not None
        ]
        left = [self._stored(key) for key in keys if not synced(key)]
        return Comparison(tuple(files), tuple(each for each in left if each is not None))

    def fetch(
        self,
        keys: Collection[str] | None = None,
        *,
        overwrite: bool = False,
        delete: bool = False,
        dry_run: bool = False,
        stop: Stop | None = None,
    ) -> Generator[Event, None, Transfer]:
        """From there to here."""
        self.behaviour.enter("fetch")
        takes = {State.ONLY_THERE, State.CHANGED_THERE}
        over = {State.CHANGED_HERE, State.CHANGED_BOTH} if overwrite else set()
        gone = {State.ONLY_HERE} if delete else set()
        return (yield from self._move(keys, Side.HERE, takes | over, over, gone, dry_run, stop))

    def upload(
        self,
        keys: Collection[str] | None = None,
        *,
        overwrite: bool = False,
        delete: bool = False,
        dry_run: bool = False,
        stop: Stop | None = None,
    ) -> Generator[Event, None, Transfer]:
        """From here to there."""
        self.behaviour.enter("upload")
        takes = {State.ONLY_HERE, State.CHANGED_HERE}
        over = {State.CHANGED_THERE, State.CHANGED_BOTH} if overwrite else set()
        gone = {State.ONLY_THERE} if delete else set()
        return (yield from self._move(keys, Side.THERE, takes | over, over, gone, dry_run, stop))

    def read(self, key: str, side: Side, version: str = "") -> bytes:
        """The content of one side, or of one version there."""
        self.behaviour.enter(f"read {key}")
        if version:
            data = next((each.data for each in self.there.get(key, ()) if each.version == version), None)
        else:
            data = self._here(key) if side is Side.HERE else self._there(key)
        if data is None:
            raise NotFoundError(f"There is no {key} {side}.")
        return data

    def save(self, key: str, data: bytes, expected_sha256: str) -> LocalFile:
        """Write here; refuses where it is not what it was."""
        self.behaviour.enter("save")
        here = self._here(key)
        if ("" if here is None else digest(here)) != expected_sha256:
            raise KubeplatError(f"{key} was changed meanwhile.", todo="Look at it again, then edit anew.")
        self.put_here(key, data)
        local = self._local(key)
        assert local is not None
        return local

    def remove(self, keys: Collection[str], side: Side) -> None:
        """Delete on one side; there a delete marker."""
        self.behaviour.enter(f"remove {side} {' '.join(sorted(keys))}")
        for key in keys:
            if side is Side.HERE:
                self.here.pop(key, None)
            else:
                self.put_there(key, None)
            if self.state(key) is None:
                self.base.pop(key, None)

    def history(self, key: str) -> list[Version]:
        """Every version there, the newest first."""
        self.behaviour.enter("history")
        kept = self.there.get(key, [])
        return [
            Version(
                key,
                each.version,
                each.etag,
                len(each.data or b""),
                each.modified,
                latest=each is kept[-1],
                deleted=each.data is None,
            )
            for each in reversed(kept)
        ]

    def restore(self, key: str, version: str) -> Stored:
        """Make a version the newest."""
        self.behaviour.enter("restore")
        data = self.read(key, Side.THERE, version)
        self.put_there(key, data)
        stored = self._stored(key)
        assert stored is not None
        return stored

    def expiries(self) -> dict[str, datetime]:
        """Until when what is here is valid."""
        self.behaviour.enter("expiries")
        return {key: until for key, until in self.until.items() if key in self.here}

    def findings(self) -> list[Finding]:
        """What is found when the certificates are looked at."""
        self.behaviour.enter("findings")
        return list(self.found)

    def make_missing(self) -> Generator[Event, None, Making]:
        """Make what is in `makes`, here."""
        self.behaviour.enter("make_missing")
        made = {key: data for key, data in self.makes.items() if key not in self.here}
        return (yield from self._make(made, FileAction.MADE, "it was missing"))

    def renew(self, which: Sequence[str], extra_names: Sequence[str] = ()) -> Generator[Event, None, Making]:
        """New content for the certificates of these names."""
        del extra_names
        self.behaviour.enter(f"renew {' '.join(which)}")
        renewed = {}
        for name in which:
            finding = next((each for each in self.found if each.name == name), None)
            if finding is None:
                raise InputError(f"There is no certificate {name}.")
            renewed[finding.key] = CERTIFICATE + name.encode() + b"\n"
            self.until[finding.key] = NOW + timedelta(days=365)
        return (yield from self._make(renewed, FileAction.RENEWED, "asked for"))

    # --- behind it --------------------------------------------------------------------------------

    def _move(
        self,
        keys: Collection[str] | None,
        to: Side,
        takes: set[State],
        over: set[State],
        gone: set[State],
        dry_run: bool,
        stop: Stop | None,
    ) -> Generator[Event, None, Transfer]:
        files = [file for file in self.compare().files if keys is None or file.key in keys]
        chosen = [file for file in files if file.state in takes or (file.state in gone and file.known)]
        conflicts = [file.key for file in files if file.state is State.CHANGED_BOTH and not over]
        for key in conflicts:
            yield FileChanged(key=key, action=FileAction.CONFLICT)
        word = "Fetching" if to is Side.HERE else "Uploading"
        total = sum(_size(file) for file in chosen)
        moved: list[str] = []
        deleted: list[str] = []
        size = 0
        for number, file in enumerate(chosen):
            yield Progress(doing=word, done=number, total=len(chosen), size=size, total_size=total)
            self.behaviour.enter("move")
            if stop is not None and stop.requested:
                return Transfer(tuple(moved), tuple(deleted), tuple(conflicts), size, stopped=True)
            removes = file.state in gone
            (deleted if removes else moved).append(file.key)
            size += 0 if removes else _size(file)
            if not dry_run:
                self._carry(file, to, removes=removes, keeps=file.state in over)
            yield FileChanged(key=file.key, action=_action(to, removes=removes))
        yield Progress(doing=word, done=len(moved), total=len(chosen), size=size, total_size=total)
        return Transfer(tuple(moved), tuple(deleted), tuple(conflicts), size)

    def _carry(self, file: SecretFile, to: Side, *, removes: bool, keeps: bool) -> None:
        key = file.key
        if to is Side.HERE:
            data = self._there(key)
            if keeps:
                self.overwritten.append(key)
            if data is None:
                self.here.pop(key, None)
            else:
                self.put_here(key, data)
        else:
            self.put_there(key, self._here(key))
            data = self._here(key)
        if removes or data is None:
            self.base.pop(key, None)
        else:
            self.base[key] = digest(data)

    def _make(
        self, writes: dict[str, bytes], action: FileAction, reason: str
    ) -> Generator[Event, None, Making]:
        from kubeplat_tui.services.pki.bundle import Making

        for number, (key, data) in enumerate(writes.items()):
            yield Progress(doing="Making", done=number, total=len(writes))
            self.behaviour.enter("move")
            self.put_here(key, data)
            yield FileChanged(key=key, action=action, path=COPY / key)
        return Making(dict(writes), dict.fromkeys(writes, reason), ())

    def _here(self, key: str) -> bytes | None:
        content = self.here.get(key)
        return None if content is None else content.data

    def _there(self, key: str) -> bytes | None:
        kept = self.there.get(key)
        return kept[-1].data if kept else None

    def _local(self, key: str) -> LocalFile | None:
        content = self.here.get(key)
        if content is None or content.data is None:
            return None
        return LocalFile(key, COPY / key, len(content.data), digest(content.data), content.modified)

    def _stored(self, key: str) -> Stored | None:
        content = self.there.get(key, [None])[-1]
        if content is None or content.data is None:
            return None
        return Stored(key, len(content.data), content.etag, content.modified, content.version)


def _size(file: SecretFile) -> int:
    side = file.there or file.here
    return 0 if side is None else side.size


def _action(to: Side, *, removes: bool) -> FileAction:
    if to is Side.HERE:
        return FileAction.DELETED_HERE if removes else FileAction.FETCHED
    return FileAction.DELETED_THERE if removes else FileAction.UPLOADED


# --- a playground's secrets -----------------------------------------------------------------------

MISSING = ("secure/kube-auth.crt", "secure/kube-auth.key")
"""What the playground's secrets lack of what a cluster needs."""


def finding(key: str, name: str, days: int | None, *, in_use: bool = True) -> Finding:
    """What is found of one certificate with so many days left; None: it is missing."""
    if days is None:
        health = Health.MISSING
    elif days < 0:
        health = Health.EXPIRED
    else:
        health = Health.DUE if days < 60 else Health.VALID
    expires = None if days is None else NOW + timedelta(days=days, hours=22)
    words = f"{name} is {health}."
    return Finding(key, name, health, f"CN={name}", "CN=kubernetes-ca", expires, days, in_use, words)


def playground(behaviour: Behaviour | None = None) -> FakeSecretStore:
    """Secrets as after a build, and then a few days of two people's work."""
    store = FakeSecretStore(behaviour or Behaviour())
    days = timedelta(days=1)
    for key in bundle_keys(NAMES):
        if key not in MISSING:
            store.put_both(key, content_of(key), 2 * days)
            _find(store, key)
    _differences(store, days)
    store.put_there("boot/play-jest-secure.tar.gz", b"\x1f\x8b" + bytes(5200), 2 * days)
    store.put_there("etcd/0/snapshot.db", bytes(2_400_000), timedelta(hours=3))
    store.put_there("status/10.80.10.100.json", b'{"ready": true}\n', timedelta(minutes=4))
    store.makes = {key: content_of(key) for key in MISSING}
    store.found.append(finding("secure/kube-auth.crt", "kube-auth", None))
    return store


def content_of(key: str) -> bytes:
    """A content of the right kind for a key of the bundle."""
    if key == "locked/id_ed25519.pub":
        return b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI play-jest\n"
    if key == "secure/tokens.csv":
        return TOKENS
    kinds = {"crt": CERTIFICATE, "key": PRIVATE_KEY, "kubeconfig": KUBECONFIG, "yaml": MANIFEST}
    return kinds.get(key.rpartition(".")[2], PRIVATE_KEY)


DAYS = {"etcd-0-peer": 41, "front-proxy-client": -3, "super-admin": 25}
"""The days that are left where it is not about a year (an authority: about ten)."""


def _find(store: FakeSecretStore, key: str) -> None:
    name, _, ending = key.rpartition("/")[2].rpartition(".")
    if ending == "crt" or (ending == "kubeconfig" and name != "bootstrap-kubelet"):
        days = 3648 if name.endswith("-ca") else DAYS.get(name, 362)
        _valid(store, key, name, days, in_use=name != "super-admin")


def _valid(store: FakeSecretStore, key: str, name: str, days: int, *, in_use: bool) -> None:
    found = finding(key, name, days, in_use=in_use)
    assert found.expires is not None
    store.found.append(found)
    store.until[key] = found.expires


def _differences(store: FakeSecretStore, days: timedelta) -> None:
    """One file in every state but the same."""
    store.put_both("secure/tokens.csv", TOKENS, 2 * days)
    store.put_here("secure/tokens.csv", TOKENS + b"# one more\n", timedelta(minutes=20))
    store.put_both("manifests/common/namespace.yaml", MANIFEST, 2 * days)
    store.put_there("manifests/common/namespace.yaml", MANIFEST + b"# theirs\n", timedelta(hours=5))
    store.put_both("manifests/secure/audit.yaml", MANIFEST, 2 * days)
    store.put_here("manifests/secure/audit.yaml", MANIFEST + b"# mine\n", timedelta(hours=1))
    store.put_there("manifests/secure/audit.yaml", MANIFEST + b"# of somebody else\n", timedelta(hours=2))
    store.put_here("addons/dashboard.yaml", MANIFEST, timedelta(minutes=3))
    store.put_there("addons/metrics.yaml", MANIFEST, timedelta(hours=9))
    store.put_both("addons/old.yaml", MANIFEST, 2 * days)
    store.put_there("addons/old.yaml", None, timedelta(hours=4))
    store.put_both("locked/notes.txt", b"what was on the board\n", 2 * days)
    del store.here["locked/notes.txt"]


def many(count: int) -> FakeSecretStore:
    """`count` objects in folders of a hundred, every tenth of them changed."""
    store = FakeSecretStore()
    layers = ("common", "secure", "compute")
    for number in range(count):
        folder = f"manifests/{layers[number % 3]}/app-{number // 100:03}"
        key = f"{folder}/part-{number:05}.yaml"
        store.put_both(key, MANIFEST, timedelta(minutes=number % 9000))
        if number % 10 == 0:
            store.put_here(key, MANIFEST + b"# changed\n")
    return store
