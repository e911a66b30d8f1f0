"""kubeplat in a real container: whose files they are, what nobody sees, and how it stops."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

import kubeplat_tui
from kubeplat_tui.sandbox.door import LocalSandbox, status, stop
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.runs import is_busy
from kubeplat_tui.services.workplace import EnvironmentFolders
from tests.container.conftest import PLAYGROUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.container.conftest import Computer

pytestmark = [pytest.mark.sandbox, pytest.mark.xdist_group("container")]

ENOUGH = 180.0
"""Seconds that are never needed; only a failing test waits so long."""

KEY = "a-key-that-nobody-may-see"


def until(condition: Callable[[], object], what: str) -> None:
    """Look again until `condition` holds."""
    deadline = time.monotonic() + ENOUGH
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, what
        pause.wait(0.1)


def test_image_is_this_version_and_its_labels_say_so(computer: Computer) -> None:
    done = computer.run("version", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["version"] == kubeplat_tui.__version__
    (facts,) = json.loads(computer.ask("image", "inspect", computer.image))
    assert facts["Config"]["Labels"]["org.opencontainers.image.version"] == kubeplat_tui.__version__
    assert facts["Config"]["User"] not in {"", "0", "root"}


def test_exit_status_is_kubeplats(computer: Computer) -> None:
    assert computer.run("no-such-verb").returncode == 2


def test_user_owns_what_is_written_and_the_image_cannot_be_written_to(computer: Computer) -> None:
    done = computer.run("environments", "create", "--playground")
    if done.returncode:  # the older word
        done = computer.run("environments", "new", "--playground")
    assert done.returncode == 0, done.stderr
    made = computer.environments / f"{PLAYGROUND}.tfvars"
    assert made.stat().st_uid == os.getuid()
    done = computer.run("--", "sh", "-c", "id -u; ls /platform/env.tfvars; touch /opt/kubeplat/x /usr/x")
    assert done.stdout.split() == [str(os.getuid()), "/platform/env.tfvars"]
    assert done.stderr.count("Read-only file system") == 2
    written = [path for path in computer.folder.rglob("*") if not path.is_symlink()]
    assert {path.stat().st_uid for path in written} == {os.getuid()}


def test_sandbox_that_is_kept_outlives_its_verb_and_is_the_hosts_too(computer: Computer) -> None:
    done = computer.run("sandbox", "start", AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY=KEY)
    assert done.returncode == 0, done.stderr
    try:
        (name,) = computer.containers()
        assert KEY not in computer.ask("inspect", name)
        found = status(computer.state)
        assert found is not None
        assert found.container == name
        assert f"in the container {name}" in computer.run("sandbox", "status").stdout
        # Nobody takes it for dead: a front end of the host joins it, over the host's own loopback.
        lease = LocalSandbox(computer.state).open()
        try:
            assert Cloud("eu-west-1", None, lease).identity().account
        finally:
            lease.close()
        assert computer.containers() == [name]
    finally:
        assert stop(computer.state)
    until(lambda: not computer.containers(), "the container ends with the sandbox")


def test_stopped_container_ends_the_sandbox_that_it_keeps(computer: Computer) -> None:
    assert computer.run("sandbox", "start").returncode == 0
    (name,) = computer.containers()
    computer.ask("stop", name)
    assert computer.containers() == []
    assert status(computer.state) is None


def test_stopped_container_leaves_terraform_stopped_and_its_lock_released(computer: Computer) -> None:
    """The sandbox is the host's, so that what the container left in it can be looked at."""
    lease = LocalSandbox(computer.state).open()
    folders = EnvironmentFolders(computer.state / PLAYGROUND)

    def applying() -> bool:
        journals = sorted(folders.runs.glob("*/journal.jsonl"))
        return any('"ResourceProgress"' in journal.read_text() for journal in journals)

    try:
        with computer.begin("run", "--yes") as process:
            until(lambda: applying() or process.poll() is not None, "Terraform begins")
            (name,) = computer.containers()
            computer.ask("stop", name)
            out, err = process.communicate(timeout=ENOUGH)
        assert process.returncode == 1, out + err
        assert "Stopping cleanly" in out + err
        assert not is_busy(folders)
        client = Cloud("eu-west-1", None, lease).client("s3")
        keys = [
            entry["Key"]
            for bucket in client.list_buckets()["Buckets"]
            for entry in client.list_objects_v2(Bucket=bucket["Name"]).get("Contents", [])
        ]
        assert [key for key in keys if key.endswith(".tfstate")]
        assert not [key for key in keys if key.endswith(".tflock")]
    finally:
        lease.close()
    until(lambda: not computer.containers(), "the container ends")
