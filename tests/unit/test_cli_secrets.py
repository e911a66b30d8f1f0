"""`fetch-secrets`, `upload-secrets` and `secrets`: the lines their users know, nothing undone unasked."""

from __future__ import annotations

import io
import json
import os
import signal
from typing import TYPE_CHECKING, BinaryIO, cast

import pytest
import yaml

from kubeplat_tui.services.secrets.model import Side
from kubeplat_tui.services.secrets.store import SecretStore
from tests.screens.fakes import FakeIntents
from tests.unit.cli_support import Shell, plain_environment
from tests.unit.memory_bucket import MemoryBucket

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.secrets.bucket import SecretsBucket
    from kubeplat_tui.services.site import Site

__all__ = ["plain_environment"]
pytestmark = pytest.mark.usefixtures("plain_environment")

E = ("-e", "play-jest")
TOKENS = "secure/tokens.csv"
ADMIN = b"""\
apiVersion: v1
kind: Config
clusters:
- {name: play-jest, cluster: {server: "https://kube.test:443", certificate-authority-data: Y2E=}}
users:
- {name: play-jest-admin, user: {client-certificate-data: Y2VydA==, client-key-data: dG9wLXNlY3JldA==}}
contexts:
- {name: play-jest, context: {cluster: play-jest, user: play-jest-admin}}
current-context: play-jest
"""


class Intents(FakeIntents):
    """A real store beside a bucket in memory."""

    def __init__(self, folder: Path, bucket: MemoryBucket) -> None:
        super().__init__(folder)
        self.bucket = bucket
        self.home = folder / "home"

    def secrets(self, site: Site) -> SecretStore:
        store = SecretStore(site, {"HOME": str(self.home), "PATH": os.environ["PATH"], **self.more})
        store._bucket = cast("SecretsBucket", self.bucket)
        return store

    more: dict[str, str] = {}  # noqa: RUF012 - replaced, never changed


@pytest.fixture
def bucket() -> MemoryBucket:
    return MemoryBucket(name="play-jest-secrets")


@pytest.fixture
def intents(tmp_path: Path, bucket: MemoryBucket) -> Intents:
    return Intents(tmp_path / "place", bucket)


@pytest.fixture
def shell(intents: Intents, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(intents, monkeypatch)


@pytest.fixture
def store(intents: Intents) -> SecretStore:
    return intents.secrets(intents.open("play-jest"))


def test_fetching_in_the_originals_words(shell: Shell, bucket: MemoryBucket, intents: Intents) -> None:
    bucket.plant("addons/calico/deployment.yml", b"kind: Deployment\n")
    bucket.plant("locked/admin.kubeconfig", ADMIN)
    bucket.plant("locked/id_ed25519", b"key")
    ran = shell.run("fetch-secrets", *E)
    assert ran.code == 0
    assert ran.out.splitlines() == [
        f"retrieved the file: {key} and wrote to: secrets/{key}"
        for key in ("addons/calico/deployment.yml", "locked/admin.kubeconfig", "locked/id_ed25519")
    ]
    assert "3 files retrieved" in ran.err
    kubeconfig = intents.home / ".kube" / "config"
    assert f"kubeconfig: context play-jest in {kubeconfig}; kubectl uses it now" in ran.err
    assert "locked/id_ed25519" in ran.err
    assert yaml.safe_load(kubeconfig.read_text())["current-context"] == "play-jest"
    again = shell.run("fetch-secrets", *E)
    assert (again.code, again.out) == (0, "")
    assert "Nothing to do: the working copy is as the bucket is." in again.err


def test_printing_the_kubeconfig_merges_nothing(shell: Shell, bucket: MemoryBucket, intents: Intents) -> None:
    bucket.plant("locked/admin.kubeconfig", ADMIN)
    ran = shell.run("fetch-secrets", "--print", *E)
    assert ran.out == ADMIN.decode()
    assert "retrieved the file: locked/admin.kubeconfig" in ran.err
    assert not intents.home.exists()
    assert shell.run("fetch-secrets", "--print", "--json", *E).code == 2


def test_a_broken_kubeconfig_fails_after_the_fetch(
    shell: Shell, bucket: MemoryBucket, intents: Intents, store: SecretStore
) -> None:
    (intents.home / ".kube").mkdir(parents=True)
    (intents.home / ".kube" / "config").write_text("clusters: [")
    bucket.plant("locked/admin.kubeconfig", ADMIN)
    ran = shell.run("fetch-secrets", *E)
    assert ran.code == 1
    assert "cannot be read" in ran.err
    assert store.copy.read("locked/admin.kubeconfig") == ADMIN
    assert (intents.home / ".kube" / "config").read_text() == "clusters: ["


def test_uploading(shell: Shell, bucket: MemoryBucket, store: SecretStore) -> None:
    store.copy.commit({TOKENS: b"one\n"})
    dry = shell.run("upload-secrets", "--dry-run", *E)
    assert dry.out == f"would upload the file: secrets/{TOKENS} and write to: play-jest-secrets/{TOKENS}\n"
    assert bucket.contents == {}
    ran = shell.run("upload-secrets", *E)
    assert ran.out == f"uploaded the file: secrets/{TOKENS} and wrote to: play-jest-secrets/{TOKENS}\n"
    assert bucket.contents == {TOKENS: b"one\n"}
    again = shell.run("upload-secrets", *E)
    assert (again.code, again.out) == (0, "")
    assert "Nothing to do" in again.err


def test_json_for_programs(shell: Shell, bucket: MemoryBucket) -> None:
    bucket.plant(TOKENS, b"one\n")
    ran = shell.run("fetch-secrets", "--json", *E)
    document = json.loads(ran.out)
    assert document["environment"] == "play-jest"
    assert document["fetched"] == [TOKENS]
    assert document["kubeconfig"] is None
    assert (document["size"], document["conflicts"], document["stopped"]) == (4, [], False)
    assert json.loads(shell.run("upload-secrets", "--json", *E).out)["uploaded"] == []


def test_conflicts_fail_and_say_both_ways_out(shell: Shell, bucket: MemoryBucket, store: SecretStore) -> None:
    store.copy.commit({TOKENS: b"mine\n"})
    bucket.plant(TOKENS, b"theirs\n")
    for verb in ("fetch-secrets", "upload-secrets"):
        ran = shell.run(verb, *E)
        assert ran.code == 1
        assert ran.out == f"left the file: {TOKENS}, which was changed here and in the bucket\n"
        for way in ("secrets diff", "fetch-secrets", "upload-secrets"):
            assert f"kubeplat {way} {TOKENS}" in ran.err
    ran = shell.run("fetch-secrets", TOKENS, "--overwrite", *E)
    assert ran.code == 0
    assert "what was here is kept in" in ran.out
    assert store.copy.read(TOKENS) == b"theirs\n"


def test_deletions_are_listed_and_asked(shell: Shell, bucket: MemoryBucket, store: SecretStore) -> None:
    bucket.plant(TOKENS, b"one\n")
    shell.run("fetch-secrets", *E)
    bucket.plant(TOKENS, None)
    refused = shell.run("fetch-secrets", "--delete", *E)
    assert refused.code == 2
    assert "no terminal to ask at" in refused.err
    no = shell.at_terminal("fetch-secrets", "--delete", *E, typed=["no"])
    assert no.code == 1
    assert "Delete 1 file on this computer?" in no.err
    assert TOKENS in no.err
    assert store.copy.files()
    assert "would delete" in shell.run("fetch-secrets", "--delete", "--dry-run", *E).out
    yes = shell.at_terminal("fetch-secrets", "--delete", *E, typed=["yes"])
    assert yes.code == 0
    assert f"deleted the file: secrets/{TOKENS}" in yes.out
    assert not store.copy.files()


def test_deleting_in_the_bucket(shell: Shell, bucket: MemoryBucket, store: SecretStore) -> None:
    bucket.plant(TOKENS, b"one\n")
    shell.run("fetch-secrets", *E)
    store.remove([TOKENS], Side.HERE)
    ran = shell.run("upload-secrets", "--delete", "--yes", *E)
    assert ran.out == f"deleted the file: play-jest-secrets/{TOKENS}\n"
    assert bucket.contents == {}


def test_only_what_is_named(shell: Shell, bucket: MemoryBucket) -> None:
    for key in ("common/a", "common/b", "secure/c"):
        bucket.plant(key, b"1")
    assert len(shell.run("fetch-secrets", "common/", "--dry-run", *E).out.splitlines()) == 2
    assert len(shell.run("fetch-secrets", "secrets/secure/c", *E).out.splitlines()) == 1
    wrong = shell.run("fetch-secrets", "secure/d", *E)
    assert wrong.code == 2
    assert "Did you mean secure/c?" in wrong.err


def test_ctrl_c_ends_between_two_files(shell: Shell, bucket: MemoryBucket, store: SecretStore) -> None:
    for number in range(200):
        bucket.plant(f"manifests/{number:03}", b"1")

    def pressed(call: str, _: str) -> None:
        if call == "get":
            os.kill(os.getpid(), signal.SIGINT)

    bucket.before = pressed
    ran = shell.run("fetch-secrets", *E)
    assert ran.code == 1
    assert "Stopping" in ran.err
    assert "the working copy is as it was" in ran.err
    assert store.copy.files() == {}
    bucket.before = lambda _call, _key: None
    assert len(shell.run("fetch-secrets", *E).out.splitlines()) == 200


def test_a_reader_that_goes_away(
    shell: Shell, bucket: MemoryBucket, store: SecretStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kubeplat upload-secrets | head -1`: it ends, and what was uploaded is known."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    store.copy.commit({f"manifests/{number}": b"1" for number in range(5)})
    ran = shell._run(["upload-secrets", *E], io.StringIO(), Closed(), io.StringIO())
    assert ran.code in {0, 1}
    monkeypatch.undo()
    assert store.compare().count() == 0


def test_the_list(shell: Shell, bucket: MemoryBucket, store: SecretStore) -> None:
    assert "has no secrets yet" in shell.run("secrets", *E).err
    bucket.plant(TOKENS, b"one\n")
    shell.run("fetch-secrets", *E)
    store.copy.commit({"addons/mine.yaml": b"kind: A\n"})
    lines = shell.run("secrets", "list", *E).out.splitlines()
    assert lines[0].split() == ["Key", "State", "Size", "Age", "Expires"]
    assert lines[1].split()[:3] == ["addons/mine.yaml", "only", "here"]
    assert lines[2].split()[:2] == [TOKENS, "same"]
    assert len(shell.run("secrets", "list", "--changed", *E).out.splitlines()) == 2
    assert len(shell.run("secrets", "list", "secure", *E).out.splitlines()) == 2
    document = json.loads(shell.run("secrets", "--json", *E).out)
    assert [each["state"] for each in document["secrets"]] == ["only here", "same"]
    bucket.plant(TOKENS, None)
    assert "deleted there" in shell.run("secrets", *E).out


def test_the_difference_is_masked(shell: Shell, bucket: MemoryBucket, store: SecretStore) -> None:
    assert "Nothing differs" in shell.run("secrets", "diff", *E).err
    bucket.plant("locked/admin.kubeconfig", ADMIN)
    shell.run("fetch-secrets", *E)
    store.copy.commit({"locked/admin.kubeconfig": ADMIN.replace(b"kube.test", b"kube.new")})
    ran = shell.run("secrets", "diff", *E)
    assert "locked/admin.kubeconfig: changed here" in ran.out
    assert "kube.new" in ran.out
    assert "dG9wLXNlY3JldA" not in ran.out + ran.err
    document = json.loads(shell.run("secrets", "diff", "--json", *E).out)
    assert document["differences"][0]["added"] >= 1


def test_showing_masks_unless_revealed(shell: Shell, bucket: MemoryBucket) -> None:
    bucket.plant("locked/admin.kubeconfig", ADMIN)
    shown = shell.run("secrets", "show", "locked/admin.kubeconfig", *E)
    assert "https://kube.test:443" in shown.out
    assert "dG9wLXNlY3JldA" not in shown.out + shown.err
    assert "--reveal" in shown.err
    assert "dG9wLXNlY3JldA" not in shell.run("secrets", "show", "locked/admin.kubeconfig", "--json", *E).out
    assert shell.run("secrets", "show", "locked/nothing", *E).code == 1
    at_terminal = shell.at_terminal("secrets", "show", "locked/admin.kubeconfig", "--raw", *E)
    assert at_terminal.code == 2
    assert "dG9wLXNlY3JldA" not in at_terminal.out + at_terminal.err
    pipe = Pipe()
    ran = shell._run(
        ["secrets", "show", "locked/admin.kubeconfig", "--raw", *E], io.StringIO(), pipe, io.StringIO()
    )
    assert (ran.code, pipe.bytes.getvalue()) == (0, ADMIN)


class Pipe(io.StringIO):
    """A stream that takes bytes, too."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = io.BytesIO()

    @property
    def buffer(self) -> BinaryIO:
        return self.bytes


def test_versions(shell: Shell, bucket: MemoryBucket) -> None:
    bucket.plant(TOKENS, b"old\n")
    bucket.plant(TOKENS, b"new, longer\n")
    lines = shell.run("secrets", "history", TOKENS, *E).out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["v2", "v1"]
    assert "current" in lines[1]
    assert shell.run("secrets", "history", "nothing", *E).code == 1
    assert shell.run("secrets", "restore", TOKENS, "v1", *E).code == 2
    assert shell.run("secrets", "restore", TOKENS, "v2", "--yes", *E).code == 2
    assert shell.run("secrets", "restore", TOKENS, "v9", "--yes", *E).code == 2
    assert shell.at_terminal("secrets", "restore", TOKENS, "v1", *E, typed=["no"]).code == 1
    assert bucket.content(TOKENS) == b"new, longer\n"
    ran = shell.run("secrets", "restore", TOKENS, "v1", "--yes", *E)
    assert ran.code == 0
    assert bucket.content(TOKENS) == b"old\n"
    shown = shell.run("secrets", "show", TOKENS, "--version", "v2", "--reveal", *E)
    assert "new, longer" in shown.out


def test_deleting_asks_for_the_name(shell: Shell, bucket: MemoryBucket, store: SecretStore) -> None:
    bucket.plant(TOKENS, b"one\n")
    bucket.plant("secure/other", b"two\n")
    shell.run("fetch-secrets", *E)
    assert shell.run("secrets", "delete", TOKENS, *E).code == 2
    assert shell.at_terminal("secrets", "delete", TOKENS, *E, typed=["yes"]).code == 1
    assert bucket.content(TOKENS) == b"one\n"
    ran = shell.at_terminal("secrets", "delete", TOKENS, "--there", *E, typed=["play-jest"])
    assert ran.code == 0
    assert (bucket.content(TOKENS), store.copy.read(TOKENS)) == (None, b"one\n")
    ran = shell.run("secrets", "delete", "secure/", "--yes", *E)
    assert ran.out.splitlines() == [
        "deleted the file: play-jest-secrets/secure/other",
        "deleted the file: secrets/secure/other",
        f"deleted the file: secrets/{TOKENS}",
    ]
    assert (bucket.contents, store.copy.files()) == ({}, {})


def script(folder: Path, text: str) -> str:
    """An editor: a shell script that gets the file as its last argument."""
    path = folder / "editor"
    path.write_text(f"#!/bin/sh\nfor file; do :; done\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_editing(
    shell: Shell, bucket: MemoryBucket, intents: Intents, store: SecretStore, tmp_path: Path
) -> None:
    bucket.plant("manifests/a.yaml", b"kind: A\n")
    intents.more = {"EDITOR": script(tmp_path, 'echo "name: b" >> "$file"'), "XDG_RUNTIME_DIR": str(tmp_path)}
    assert shell.run("secrets", "edit", "manifests/a.yaml", *E).code == 2
    ran = shell.at_terminal("secrets", "edit", "manifests/a.yaml", *E)
    assert ran.code == 0, ran.err
    assert store.copy.read("manifests/a.yaml") == b"kind: A\nname: b\n"
    assert bucket.content("manifests/a.yaml") == b"kind: A\n"
    intents.more["EDITOR"] = script(tmp_path, 'echo "kind: B" > "$file"')
    assert shell.at_terminal("secrets", "edit", "manifests/a.yaml", "--upload", *E).code == 0
    assert bucket.content("manifests/a.yaml") == b"kind: B\n"


def test_editing_without_a_change_or_with_a_failing_editor(
    shell: Shell, bucket: MemoryBucket, intents: Intents, store: SecretStore, tmp_path: Path
) -> None:
    bucket.plant("manifests/a.yaml", b"kind: A\n")
    intents.more = {"EDITOR": "true"}
    ran = shell.at_terminal("secrets", "edit", "manifests/a.yaml", *E)
    assert (ran.code, "is as it was" in ran.err) == (0, True)
    intents.more = {"EDITOR": script(tmp_path, 'echo x > "$file"; exit 3')}
    ran = shell.at_terminal("secrets", "edit", "manifests/a.yaml", *E)
    assert (ran.code, "ended with an error (3)" in ran.err) == (1, True)
    intents.more = {"EDITOR": "no-such-editor-anywhere"}
    ran = shell.at_terminal("secrets", "edit", "manifests/a.yaml", *E)
    assert (ran.code, "cannot be started" in ran.err) == (1, True)
    assert store.copy.read("manifests/a.yaml") == b"kind: A\n"


def test_a_broken_edit_is_asked_about(
    shell: Shell, bucket: MemoryBucket, intents: Intents, store: SecretStore, tmp_path: Path
) -> None:
    bucket.plant(TOKENS, b"")
    intents.more = {"EDITOR": script(tmp_path, 'echo "broken" > "$file"')}
    ran = shell.at_terminal("secrets", "edit", TOKENS, *E, typed=["e", "d"])
    assert ran.code == 0
    assert ran.err.count("edit again") == 2
    assert store.copy.read(TOKENS) == b""
    assert shell.at_terminal("secrets", "edit", TOKENS, *E, typed=["s"]).code == 0
    assert store.copy.read(TOKENS) == b"broken\n"


def test_a_bar_on_a_terminal_and_none_in_a_pipe(shell: Shell, bucket: MemoryBucket) -> None:
    for number in range(50):
        bucket.plant(f"manifests/{number:02}", b"12345")
    ran = shell.at_terminal("fetch-secrets", *E)
    assert "fetching" in ran.err
    again = shell.run("fetch-secrets", *E)
    assert "\x1b" not in again.out + again.err
