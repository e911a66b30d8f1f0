"""Fetching a thousand secrets beside `aws s3 cp --recursive`, from one endpoint, in turns, both as whole processes.

Two endpoints: the sandbox (moto), which needs a millisecond of processor time for each answer and so bounds both
sides, and an S3 in memory that is quick (`memory_s3`). Each without and with 30 ms of delay for a request and its
answer, 15 ms each way (`delay`). Two of ours: the service alone, which does what the peer does, and the command
that people type, which also takes a lock, compares, keeps a record and puts everything in place at once.

All write into a memory file system where there is one: what a disk takes to make a thousand files differs by the
hour and is the same for both.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.result import compared
from benchmarks.secret_files import KEY, secret_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.result import Result

CHECKOUT = Path(__file__).parents[1]
COUNT = 1000
ROUNDS = 5
ONE_WAY_MS = 15
MEMORY = Path("/dev/shm")  # noqa: S108 - each measurement makes a private folder in it
REGION = "eu-west-2"
BUCKET = "benchmark-secrets"
NAME = "benchmark"
MANY = 64
GOAL = "at most 0.33 times"
PEERS = {
    "peer": "aws s3 cp --recursive --quiet",
    "peer with many": f"the same, max_concurrent_requests = {MANY}",
}

SETTINGS = f"""\
environment = "{NAME}"
aws_region  = "{REGION}"
aws_account = "123456789012"

terraform_bucket_name = "benchmark-state"
secrets_bucket_name   = "{BUCKET}"
kms_master_id         = "{{key}}"

public_zone_name     = "benchmark.test"
private_zone_name    = "benchmark.internal"
kubeapi_dns          = "kube-benchmark"
kubeapi_internal_dns = "kube"
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An S3 with the secrets in it: what to call it, its port, the key they are encrypted with."""

    title: str
    port: int
    key: str


def measure() -> list[Result]:
    """Every endpoint, near and far."""
    aws = subprocess.run(
        [CHECKOUT / "scripts" / "awscli", "--where"], capture_output=True, text=True, check=True
    ).stdout.strip()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="kubeplat-benchmark-") as compiled:
        for there in (_in_memory, _sandbox):
            with there() as endpoint:
                results += _near_and_far(endpoint, aws, Path(compiled))
    return results


def _near_and_far(endpoint: Endpoint, aws: str, compiled: Path) -> list[Result]:
    results = _compared(endpoint, f"from {endpoint.title}", endpoint.port, aws, compiled)
    with server("benchmarks.delay", str(endpoint.port), str(ONE_WAY_MS)) as port:
        results += _compared(endpoint, f"from {endpoint.title}, 30 ms away", port, aws, compiled)
    return results


def _compared(endpoint: Endpoint, title: str, port: int, aws: str, compiled: Path) -> list[Result]:
    """All four in turns; one unmeasured round first."""
    kinds = ("service", "command", *PEERS)
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(ROUNDS + 1):
        for kind in kinds:
            with tempfile.TemporaryDirectory(prefix="kubeplat-benchmark-", dir=place) as folder:
                environ = _environ(Path(folder), port) | {"PYTHONPYCACHEPREFIX": str(compiled)}
                took = _fetch(kind, Path(folder), endpoint, environ, aws)
            if number:
                seconds[kind].append(took)
    alone, typed = "the service alone", "kubeplat fetch-secrets"
    rows = (("service", alone, "peer"), ("service", alone, "peer with many"), ("command", typed, "peer"))
    return [
        compared(
            "fetch secrets",
            f"{COUNT} files {title}: {ours}",
            seconds[kind],
            seconds[peer],
            unit="s",
            peer_name=PEERS[peer],
            goal=GOAL if peer == "peer" and "30 ms" in title else "",
        )
        for kind, ours, peer in rows
    ]


def _fetch(kind: str, folder: Path, endpoint: Endpoint, environ: dict[str, str], aws: str) -> float:
    """Seconds of one process, from its start to its end; everything must have arrived."""
    files = folder / "files"
    if kind == "service":
        command = [sys.executable, "-m", "benchmarks.fetching", REGION, BUCKET, endpoint.key, str(files)]
    elif kind == "command":
        environments = folder / "environments"
        environments.mkdir()
        (environments / f"{NAME}.tfvars").write_text(SETTINGS.format(key=endpoint.key))
        environ["KUBEPLAT_ENVIRONMENTS"] = str(environments)
        files = folder / "kubeplat" / NAME / "secrets"
        command = [sys.executable, "-m", "kubeplat_tui", "fetch-secrets", "-e", NAME]
    else:
        if kind == "peer with many":
            config = folder / "config"
            config.write_text(f"[default]\ns3 =\n  max_concurrent_requests = {MANY}\n")
            environ["AWS_CONFIG_FILE"] = str(config)
        command = [aws, "s3", "cp", "--recursive", "--quiet", f"s3://{BUCKET}", str(files)]
    began = time.monotonic()
    subprocess.run(
        command, cwd=CHECKOUT, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    took = time.monotonic() - began
    arrived = {str(path.relative_to(files)): path.read_bytes() for path in files.rglob("*") if path.is_file()}
    if arrived != secret_files(COUNT):
        raise RuntimeError(f"{kind}: not everything arrived: {len(arrived)} of {COUNT}")
    return took


def _environ(folder: Path, port: int) -> dict[str, str]:
    """The user's, but with nothing of AWS and an empty home; compiled code is kept, as it is where it is installed."""
    hidden = ("AWS_", "XDG_", "KUBEPLAT_", "KUBECONFIG", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return kept | environment_of(port) | {"HOME": str(folder), "XDG_STATE_HOME": str(folder)}


def environment_of(port: int) -> dict[str, str]:
    """What leads an AWS client to an endpoint on this computer."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }


@contextlib.contextmanager
def server(module: str, *arguments: str) -> Iterator[int]:
    """A server of ours in a process of its own; its port."""
    command: Sequence[str] = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else 0)
        finally:
            if process.stdin:
                process.stdin.close()


@contextlib.contextmanager
def _in_memory() -> Iterator[Endpoint]:
    with server("benchmarks.memory_s3", str(COUNT)) as port:
        yield Endpoint("an S3 in memory", port, KEY)


@contextlib.contextmanager
def _sandbox() -> Iterator[Endpoint]:
    """A sandbox of its own, with the secrets in it."""
    from kubeplat_tui.sandbox.door import LocalSandbox, stop
    from kubeplat_tui.services import state_bucket
    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.secrets.bucket import SecretsBucket
    from kubeplat_tui.services.secrets.transfer import Upload, upload

    state = Path(tempfile.mkdtemp(prefix="kubeplat-benchmark-"))
    lease = LocalSandbox(state).open()
    cloud = Cloud(REGION, None, lease)
    try:
        key = str(cloud.client("kms").create_key()["KeyMetadata"]["Arn"])
        state_bucket.make_bucket(cloud, BUCKET, NAME, key)
        files = [Upload(name, data, "") for name, data in secret_files(COUNT).items()]
        for _ in upload(SecretsBucket(cloud, BUCKET, key), files):
            pass
        yield Endpoint("the sandbox", int(lease.endpoint.rpartition(":")[2]), key)
    finally:
        cloud.close()
        stop(state)
        shutil.rmtree(state, ignore_errors=True)
