"""The simulated AWS as a child process: started, shared, lost, kept, stopped, and never left behind."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kubeplat_tui.sandbox import door
from kubeplat_tui.sandbox.control import GoneError, parse, refusal
from kubeplat_tui.sandbox.door import LocalSandbox, child_environ, status, stop
from kubeplat_tui.sandbox.places import SOCKET_PATH_LIMIT, LockBusyError, Places, locked
from kubeplat_tui.services import whereabouts
from kubeplat_tui.services.cloud import SANDBOX_ACCOUNT, Cloud, SandboxStatus
from kubeplat_tui.services.errors import InputError, KubeplatError

if TYPE_CHECKING:
    from collections.abc import Iterator

ENOUGH = 30.0
"""Seconds that are never needed; only a failing test waits so long."""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder whose sandbox is stopped at the end, whatever happened."""
    folder = tmp_path / "state"
    yield folder
    stop(folder)
    wait_ended(folder)


def wait_ended(state: Path) -> None:
    """Return when no child of `state` lives: it holds its lock until the very end."""
    lock = Places.of(state).child_lock
    if lock.exists():
        with locked(lock, seconds=ENOUGH):
            pass


def running(state: Path) -> SandboxStatus:
    found = status(state)
    assert found is not None
    return found


@contextlib.contextmanager
def front_end(state: Path) -> Iterator[subprocess.Popen[str]]:
    """Another front end, a process of its own, that holds a lease; it prints the endpoint."""
    code = (
        "import sys; from pathlib import Path; from kubeplat_tui.sandbox.door import LocalSandbox\n"
        "lease = LocalSandbox(Path(sys.argv[1])).open(); print(lease.endpoint, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_it_starts_serves_and_ends_with_its_last_lease(state: Path) -> None:
    assert status(state) is None
    lease = LocalSandbox(state).open()
    cloud = Cloud("eu-west-1", None, lease)
    assert cloud.identity().account == SANDBOX_ACCOUNT
    policy = cloud.client("iam").get_policy(PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    assert policy["Policy"]["IsAttachable"] is True
    found = running(state)
    assert found.endpoint == lease.endpoint == f"http://127.0.0.1:{found.port}"
    assert found.log == state / "sandbox" / "aws.log"
    assert (found.leases, found.kept) == (1, False)
    assert found.memory > 10_000_000
    assert abs(datetime.now(UTC) - found.started).total_seconds() < ENOUGH
    cloud.close()
    cloud.close()
    wait_ended(state)
    assert status(state) is None
    assert lease.lost is False
    assert not Places.of(state).control.exists()


def test_two_front_ends_share_it_and_it_ends_with_the_second(state: Path) -> None:
    one = LocalSandbox(state).open()
    two = LocalSandbox(state).open()
    assert one.endpoint == two.endpoint
    assert running(state).leases == 2
    one.close()
    assert running(state).leases == 1
    assert Cloud("eu-west-1", None, two).identity().account == SANDBOX_ACCOUNT
    two.close()
    wait_ended(state)


def test_two_that_start_at_the_same_moment_share_one(state: Path) -> None:
    with front_end(state) as one, front_end(state) as two:
        endpoints = {first_line(one), first_line(two)}
        assert endpoints == {running(state).endpoint}
        assert running(state).leases == 2
    wait_ended(state)


def test_a_killed_front_end_leaves_no_child(state: Path) -> None:
    with front_end(state) as process:
        assert first_line(process) == running(state).endpoint
        process.kill()
        process.wait()
        wait_ended(state)
    assert status(state) is None


def test_a_program_started_from_here_does_not_hold_the_lease(state: Path) -> None:
    lease = LocalSandbox(state).open()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as terraform:
        lease.close()
        wait_ended(state)
        assert terraform.poll() is None
        assert terraform.stdin is not None
        terraform.stdin.close()


def test_a_killed_child_is_noticed_and_replaced(state: Path) -> None:
    lease = LocalSandbox(state).open()
    lost = threading.Event()
    calls: list[str] = []
    lease.when_lost(lambda: calls.append("first"))
    lease.when_lost(lost.set)
    before = running(state)
    os.kill(before.pid, signal.SIGKILL)
    assert lost.wait(ENOUGH)
    assert lease.lost is True
    assert calls == ["first"]
    lease.when_lost(lambda: calls.append("late"))
    assert calls == ["first", "late"]
    wait_ended(state)
    assert Places.of(state).control.is_socket()  # a killed process cannot clean up
    assert status(state) is None
    assert stop(state) is False
    with pytest.raises(KubeplatError, match="ended"):
        lease.keep()
    lease.close()
    again = LocalSandbox(state).open()
    assert running(state).pid != before.pid
    assert Cloud("eu-west-1", None, again).identity().account == SANDBOX_ACCOUNT
    again.close()


def test_giving_a_lease_back_is_no_loss(state: Path) -> None:
    other = LocalSandbox(state).open()
    lease = LocalSandbox(state).open()
    calls: list[str] = []
    lease.when_lost(lambda: calls.append("lost"))
    lease.close()
    assert stop(state) is True
    wait_ended(state)
    assert calls == []
    assert lease.lost is False
    other.close()


def test_a_callback_may_close_its_lease(state: Path) -> None:
    lease = LocalSandbox(state).open()
    done = threading.Event()

    def close() -> None:
        lease.close()
        done.set()

    lease.when_lost(close)
    assert stop(state) is True
    assert done.wait(ENOUGH)


def test_kept_it_outlives_its_front_ends_until_it_is_stopped(state: Path) -> None:
    lease = LocalSandbox(state).open()
    lease.keep()
    lease.close()
    found = running(state)
    assert (found.leases, found.kept) == (0, True)
    LocalSandbox(state).open().close()
    assert running(state).pid == found.pid
    assert stop(state) is True
    assert status(state) is None
    assert stop(state) is False
    wait_ended(state)
    left = {path.name for path in (state / "sandbox").iterdir()}
    assert left == {"aws.log", "child.lock", "start.lock"}


def test_asked_to_terminate_it_cleans_up(state: Path) -> None:
    lease = LocalSandbox(state).open()
    os.kill(running(state).pid, signal.SIGTERM)
    wait_ended(state)
    assert not Places.of(state).control.exists()
    lease.close()


def test_the_terminals_interrupt_does_not_reach_it(state: Path) -> None:
    lease = LocalSandbox(state).open()
    assert os.getsid(running(state).pid) != os.getsid(0)
    lease.close()


def test_a_taken_port_is_a_sentence(state: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port}.*Another program listens there.*--port"):
            LocalSandbox(state, port).open()
    wait_ended(state)
    lease = LocalSandbox(state, port).open()
    assert lease.endpoint == f"http://127.0.0.1:{port}"
    lease.close()


def test_another_port_than_the_running_ones_is_refused(state: Path) -> None:
    lease = LocalSandbox(state).open()
    with pytest.raises(InputError, match=f"already runs on port {lease.port}, not on 1"):
        LocalSandbox(state, 1).open()
    assert running(state).leases == 1
    lease.close()


@pytest.mark.parametrize("port", [70_000, -1])
def test_a_number_that_is_no_port_is_refused(state: Path, port: int) -> None:
    with pytest.raises(InputError, match=f"{port} is not a port"):
        LocalSandbox(state, port).open()


def test_a_state_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    assert status(tmp_path / "state") is None
    assert stop(tmp_path / "state") is False
    with pytest.raises(KubeplatError, match="could not be written"):
        LocalSandbox(tmp_path / "state").open()


def test_a_full_disk_is_a_sentence(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def full(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if str(path).endswith("aws.log"):
            raise OSError(28, "No space left on device")
        return opened(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(KubeplatError, match=r"aws\.log could not be written. No space left"):
        LocalSandbox(state).open()


def test_missing_packages_are_named(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(KubeplatError, match=r"moto is missing.*kubeplat\[sandbox\]"):
        LocalSandbox(state).open()
    assert not state.exists()


def test_a_child_that_dies_is_told_with_its_last_words(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho one\necho 'cannot load the library' >&2\n")
    broken.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(KubeplatError, match=r"did not start\. It said last: one \| cannot load the library"):
        LocalSandbox(state).open()


def test_a_child_that_hangs_is_given_up(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(slow))
    monkeypatch.setattr(door, "START_SECONDS", 0.3)
    with pytest.raises(KubeplatError, match="could not be started"):
        LocalSandbox(state).open()


def test_a_state_folder_with_a_long_path_works_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Path(tempfile.mkdtemp(prefix="kp"))
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    deep = tmp_path / ("long" * 30)
    places = Places.of(deep)
    assert len(str(places.folder)) > SOCKET_PATH_LIMIT
    assert places.control.is_relative_to(short)
    try:
        lease = LocalSandbox(deep).open()
        assert running(deep).leases == 1
        assert places.control.parent.stat().st_mode & 0o777 == 0o700
        lease.close()
        wait_ended(deep)
        assert list(short.iterdir()) == []
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir(mode=0o700)
        places.control.parent.symlink_to(elsewhere)
        with pytest.raises(KubeplatError, match="does not belong to you"):
            LocalSandbox(deep).open()
        places.control.parent.unlink()
    finally:
        stop(deep)
        short.rmdir()


def test_its_files_are_their_owners_only(state: Path) -> None:
    lease = LocalSandbox(state).open()
    folder = state / "sandbox"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
    lease.close()


def test_the_log_has_what_went_wrong_and_no_access_log(state: Path) -> None:
    from botocore.exceptions import ClientError

    cloud = Cloud("eu-west-1", None, LocalSandbox(state).open())
    log = running(state).log
    cloud.client("ec2").describe_instances()
    assert log.read_text() == ""
    began = time.monotonic()
    with pytest.raises(ClientError, match="sandbox cannot do this") as refused:
        cloud.client("ec2").create_placement_group(GroupName="near", Strategy="cluster")
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    assert time.monotonic() - began < ENOUGH
    with pytest.raises(ClientError, match="sandbox cannot do this"):
        cloud.client("iam").simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::123456789012:role/any", ActionNames=["ec2:RunInstances"]
        )
    with pytest.raises(ClientError, match="service is not simulated"):
        cloud.client("pricing").get_products(ServiceCode="AmazonEC2")
    assert "sandbox cannot do this" in log.read_text()
    cloud.close()


def test_nothing_of_the_users_settings_reaches_it() -> None:
    environ = {
        "PATH": "/bin",
        "HOME": "/home/user",
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "real",
        "HTTPS_PROXY": "http://proxy",
        "MOTO_ACCOUNT_ID": "1",
        "PYTHONPATH": "/extra",
    }
    child = child_environ(environ)
    assert child["MOTO_ACCOUNT_ID"] == SANDBOX_ACCOUNT
    assert child["PYTHONPATH"].split(os.pathsep)[1:] == ["/extra"]
    assert not child.keys() & {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "HTTPS_PROXY"}
    assert "/home/user" not in child.values()


def test_the_log_turns_before_it_fills_the_disk(tmp_path: Path) -> None:
    code = (
        "import sys, logging; from pathlib import Path; from kubeplat_tui.sandbox import server\n"
        "server.LOG_BYTES = 2000\n"
        "logging.basicConfig(handlers=[server.Log(Path(sys.argv[1]))])\n"
        "for n in range(200): logging.warning('line %d', n)\n"
        "print('printed', flush=True)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "log")], check=True, cwd=Path(__file__).parents[2]
    )
    assert {path.name for path in tmp_path.iterdir()} == {"log", "log.1"}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 4_500
    assert "line 199" in (tmp_path / "log").read_text()
    assert (tmp_path / "log").read_text().endswith("printed\n")


def test_what_the_child_refuses_arrives_as_the_same_error() -> None:
    error = InputError("No.", why="Because.", todo="Do that.")
    with pytest.raises(InputError, match=r"No\. Because\. Do that\."):
        parse(refusal(error))
    with pytest.raises(KubeplatError) as raised:
        parse(refusal(KubeplatError("No.")))
    assert type(raised.value) is KubeplatError


@pytest.mark.parametrize("line", [b"", b"nonsense\n", b"[]\n", b"{}\n", b'{"pid": 1}\n', b'{"log": 3}\n'])
def test_a_stranger_at_the_socket_is_no_sandbox(line: bytes) -> None:
    with pytest.raises(GoneError):
        parse(line)


def test_nonsense_at_the_socket_harms_nobody(state: Path) -> None:
    lease = LocalSandbox(state).open()
    for said in (b"dance\n", b"x" * 5000, b"\xff\xfe\n"):
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(str(Places.of(state).control))
            with contextlib.suppress(OSError):
                stranger.sendall(said)
            stranger.settimeout(ENOUGH)
            with contextlib.suppress(ConnectionError):
                assert stranger.recv(10) == b""
    assert running(state).leases == 1
    lease.close()


def test_a_held_lock_names_its_holder(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "lock", seconds=0, text="4711"),
        pytest.raises(LockBusyError, match=r"held by another process \(4711\)"),
        locked(tmp_path / "lock", seconds=0),
    ):
        pass


def test_one_in_another_network_is_neither_joined_nor_taken_for_dead(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(whereabouts.CONTAINER, "kubeplat-jest-1")
    with contextlib.closing(LocalSandbox(state).open()) as lease:
        monkeypatch.delenv(whereabouts.CONTAINER)
        monkeypatch.setattr(whereabouts, "network", lambda: "another one")
        with pytest.raises(KubeplatError, match="runs in the container kubeplat-jest-1"):
            LocalSandbox(state).open()
        found = status(state)
        assert found is not None
        assert found.container == "kubeplat-jest-1"
        assert Places.of(state).child_lock.read_text() == f"{found.pid} in the container kubeplat-jest-1\n"
        assert not lease.lost
        # It can be stopped from here: it is asked, and no number is signalled.
        monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("a number was signalled"))
        assert stop(state)
    assert status(state) is None
