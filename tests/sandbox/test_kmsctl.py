"""kmsctl as a program of its own: against the sandbox's server, stopped by signals, through kubeplat."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.sandbox.door import LocalSandbox, stop
from kubeplat_tui.services.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.sandbox.lease import Lease

CHECKOUT = Path(__file__).parents[2]
SECONDS = 120
BUCKET = "our-secrets"


@pytest.fixture(scope="module")
def lease(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lease]:
    state = tmp_path_factory.mktemp("state")
    held = LocalSandbox(state).open()
    yield held
    held.close()
    stop(state)


def environ(home: Path, endpoint: str) -> dict[str, str]:
    hidden = ("AWS_", "XDG_", "TF_", "KUBEPLAT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return kept | {
        "HOME": str(home),
        "PYTHONPATH": str(CHECKOUT),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_S3_BUCKET": BUCKET,
        "AWS_KMS_ID": "alias/ours",
        "AWS_MAX_ATTEMPTS": "1",
    }


def run(home: Path, endpoint: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kubeplat_tui.kmsctl", *arguments],
        cwd=home,
        env=environ(home, endpoint),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def begin(home: Path, endpoint: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "kubeplat_tui.kmsctl", *arguments],
        cwd=home,
        env=environ(home, endpoint),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def bucket(lease: Lease, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("first")
    assert run(home, lease.endpoint, "kms", "create", "--name", "ours").returncode == 0
    made = run(home, lease.endpoint, "bucket", "create", "--bucket", BUCKET)
    assert (made.returncode, made.stdout) == (0, f"successfully created the bucket: {BUCKET}\n")


@pytest.mark.usefixtures("bucket")
def test_files_go_there_and_back(lease: Lease, tmp_path: Path) -> None:
    content = os.urandom(1 << 20) * 9
    (tmp_path / "large").write_bytes(content)
    (tmp_path / "small").write_text("a secret\n")
    assert run(tmp_path, lease.endpoint, "put", "--path", "back", "large", "small").returncode == 0
    assert run(tmp_path, lease.endpoint, "get", "-d", "out", "back").returncode == 0
    assert (tmp_path / "out/back/large").read_bytes() == content
    assert (tmp_path / "out/back/large").stat().st_mode & 0o777 == 0o600
    shown = run(tmp_path, lease.endpoint, "cat", "back/small")
    assert (shown.stdout, shown.stderr) == ("a secret\n", "")
    assert run(tmp_path, lease.endpoint, "rm", "back/small", "--force", "--yes").returncode == 0
    assert run(tmp_path, lease.endpoint, "cat", "back/small").returncode == 1


@pytest.mark.usefixtures("bucket")
def test_a_sync_follows_and_ends_cleanly(lease: Lease, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    run(tmp_path, lease.endpoint, "put", "--path", "sync", "a")
    arguments = ("get", "--sync", "--sync-interval", "0.2s", "-d", "out", "sync")
    with begin(tmp_path, lease.endpoint, *arguments) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "retrieved the file: sync/a and wrote to: out/sync/a\n"
        (tmp_path / "a").write_text("two")
        run(tmp_path, lease.endpoint, "put", "--path", "sync", "a")
        assert process.stdout.readline().startswith("retrieved the file: sync/a")
        assert (tmp_path / "out/sync/a").read_text() == "two"
        run(tmp_path, lease.endpoint, "rm", "sync/a")
        assert process.stdout.readline().startswith("removed the file: out/sync/a")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
        assert process.stderr.read() == "kmsctl: synchronization ended\n"


@pytest.mark.parametrize(("sync", "code"), [(["--sync"], 0), ([], 1)], ids=["sync", "once"])
def test_a_dead_network_does_not_hold_it(tmp_path: Path, sync: list[str], code: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with begin(tmp_path, endpoint, "get", *sync, "-r") as process:
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)  # it has asked, and gets no answer
                process.send_signal(signal.SIGTERM)
                assert process.wait(SECONDS) == code
    assert [each.name for each in (tmp_path / "secrets").iterdir()] == ([".kmsctl.lock"] if sync else [])


class HalfAnswers(BaseHTTPRequestHandler):
    """Lists one object, and sends half of it."""

    half_sent = threading.Event()
    go_on = threading.Event()

    def do_GET(self) -> None:
        if "list-type" in self.path:
            body = (
                b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>10</Size>"
                b"<ETag>1</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>"
            )
            self._start(len(body), body)
        else:
            self._start(10, b"half!")
            self.half_sent.set()
            self.go_on.wait(SECONDS)

    def _start(self, size: int, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_file_is_ever_half(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/a").write_text("whole")
    HalfAnswers.half_sent.clear()
    HalfAnswers.go_on.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), HalfAnswers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with begin(tmp_path, f"http://127.0.0.1:{server.server_address[1]}", "get") as process:
                assert HalfAnswers.half_sent.wait(SECONDS)
                process.send_signal(number)
                assert process.wait(SECONDS) == (1 if number is signal.SIGTERM else -number)
        finally:
            HalfAnswers.go_on.set()
            server.shutdown()
    assert (tmp_path / "secrets/a").read_text() == "whole"
    left = [each for each in (tmp_path / "secrets").iterdir() if each.name != "a"]
    assert all(each.name.startswith(".kmsctl-") and each.stat().st_mode & 0o777 == 0o600 for each in left)
    assert not left or number is signal.SIGKILL


def test_an_outage_is_outlived(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    arguments = ("get", "--sync", "--sync-interval", "0.1s", "-r")
    with begin(tmp_path, f"http://127.0.0.1:{port}", *arguments) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert "AWS could not be reached" in said
        assert "Trying again every 0.1 s" in said
        with socket.create_server(("127.0.0.1", port)) as back:
            back.accept()[0].close()  # it tried again
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0


def test_it_reads_an_environment_and_runs_through_kubeplat(tmp_path: Path) -> None:
    checkout = Workplace.from_environment({"HOME": str(tmp_path)}).environments
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "play.tfvars").write_bytes((checkout / "play.tfvars").read_bytes())
    variables = environ(tmp_path, "")
    for name in [each for each in variables if each.startswith("AWS_")]:
        del variables[name]
    variables |= {"KUBEPLAT_ENVIRONMENTS": str(folder), "USER": "kms"}

    def kubeplat(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kubeplat_tui", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False
        )

    try:
        started = kubeplat("sandbox", "start")
        assert started.returncode == 0, started.stderr
        assert kubeplat("--playground", "kmsctl", "kms", "create", "--name", "ours").returncode == 0
        key = ["--kms", "alias/ours"]
        made = kubeplat("--playground", "kmsctl", "bucket", "create", "--bucket", BUCKET, *key)
        assert made.stdout == f"successfully created the bucket: {BUCKET}\n"
        assert "sandbox: play-kms lives on this computer" in made.stderr
        (tmp_path / "a").write_text("one")
        put = kubeplat("kmsctl", "--environment", "play-kms", "put", "-b", BUCKET, *key, "a")
        assert put.returncode == 0, put.stderr
        listed = kubeplat("--playground", "--json", "kmsctl", "ls", "-b", BUCKET)
        assert listed.stdout == '{"key": "a"}\n'
        assert kubeplat("kmsctl", "--help").stdout.startswith("Usage: kmsctl")
        both = kubeplat("kmsctl", "--environment", "play-kms", "--region", "eu-west-1", "ls")
        assert both.returncode == 2
        assert "--environment was given together with an account" in both.stderr
    finally:
        stop(tmp_path / ".local/state/kubeplat")
