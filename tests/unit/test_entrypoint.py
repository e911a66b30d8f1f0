"""The image's first process, outside of one: what it takes over, hands on, waits for and says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from container import entrypoint

CHECKOUT = Path(__file__).resolve().parents[2]
ALONE = """
import os, sys
sys.path.insert(0, {checkout!r})
from container import entrypoint
from pathlib import Path
entrypoint.KUBEPLAT, entrypoint.LAUNCHER, entrypoint.LINGER = "/bin/bash", Path({launcher!r}), {linger}
# In a container these would be all of its processes; here they are our own session's.
entrypoint.processes = lambda: (
    each for each in map(int, filter(str.isdigit, os.listdir("/proc")))
    if each != os.getpid() and session(each) == os.getpid()
)
def session(process):
    try:
        return os.getsid(process)
    except ProcessLookupError:
        return 0
sys.exit(entrypoint.main(["-c", {script!r}]))
"""


@pytest.mark.parametrize(
    ("words", "environ", "name"),
    [
        (["-e", "prod", "plan"], {}, "prod"),
        (["--json", "--environment=prod", "plan"], {}, "prod"),
        (["--environment", "prod"], {"KUBEPLAT_ENVIRONMENT": "other"}, "prod"),
        (["--playground", "shell"], {"USER": "Jest.O"}, "play-jest-o"),
        (["plan", "-e", "x"], {"KUBEPLAT_ENVIRONMENT": "other"}, "other"),
        (["-e"], {}, ""),
        ([], {}, ""),
    ],
)
def test_the_environment_is_the_one_that_was_named(
    words: list[str], environ: dict[str, str], name: str
) -> None:
    assert entrypoint.environment_named(words, environ) == name


def test_places_of_the_original(tmp_path: Path) -> None:
    entrypoint.make_places(tmp_path, ["-e", "prod"], {"XDG_STATE_HOME": "/home/jest/.local/state"})
    assert (tmp_path / "env.tfvars").readlink() == tmp_path / "environments" / "prod.tfvars"
    assert (tmp_path / "secrets").readlink() == Path("/home/jest/.local/state/kubeplat/prod/secrets")


def test_secrets_are_taken_over_and_their_file_is_gone(tmp_path: Path) -> None:
    environ = {"AWS_SESSION_TOKEN": "old"}
    entrypoint.take_secrets(tmp_path, environ)
    assert environ == {"AWS_SESSION_TOKEN": "old"}
    (tmp_path / "secrets").write_bytes(b"AWS_SESSION_TOKEN=one\ntwo=three\0AWS_ACCESS_KEY_ID=AKIA\0")
    entrypoint.take_secrets(tmp_path, environ)
    assert environ == {"AWS_SESSION_TOKEN": "one\ntwo=three", "AWS_ACCESS_KEY_ID": "AKIA"}
    assert list(tmp_path.iterdir()) == []


def test_user_without_a_name_gets_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entrypoint.name_user(tmp_path, tmp_path / "home", "jest")
    assert list(tmp_path.iterdir()) == [], "this one has a name"
    monkeypatch.setattr(os, "getuid", lambda: 4321)
    entrypoint.name_user(tmp_path, tmp_path / "home", "CORP\\jest:x\n")
    assert (
        tmp_path / ".users" / "passwd"
    ).read_text() == f"CORPjestx:x:4321:{os.getgid()}::{tmp_path}/home:/bin/bash\n"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What is signalled to whom: 1 is a sandbox, 2 Terraform, anything else a kubeplat."""
    signals: list[tuple[int, int]] = []
    monkeypatch.setattr(entrypoint, "is_sandbox", lambda process: process == 1)
    monkeypatch.setattr(entrypoint, "is_terraform", lambda process: process == 2)
    monkeypatch.setattr(entrypoint, "send", lambda process, number: signals.append((process, number)))
    return signals


@pytest.mark.parametrize(
    ("left", "told"),
    [
        ([1, 2, 3, 4], [3, 4]),  # the verbs stop Terraform, whose state is in the sandbox
        ([1, 2], []),  # Terraform ends by itself
        ([1, 3], [3]),
        ([1], [1]),
    ],
)
def test_sandbox_is_stopped_last_and_terraform_never(
    sent: list[tuple[int, int]], left: list[int], told: list[int]
) -> None:
    entrypoint.stop(left)
    assert sent == [(process, signal.SIGTERM) for process in told]


on_linux = pytest.mark.skipif(not Path("/proc/self/exe").exists(), reason="the image is a Linux")


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    folder = tmp_path / "launcher"
    folder.mkdir()
    return folder


def begin(script: str, launcher: Path, linger: float = 60.0) -> subprocess.Popen[str]:
    """The first process, with a shell's `script` in kubeplat's place."""
    code = ALONE.format(checkout=str(CHECKOUT), launcher=str(launcher), script=script, linger=linger)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "HOME": str(launcher.parent)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@on_linux
def test_exit_status_and_signals_are_kubeplats(launcher: Path) -> None:
    with begin("exit 3", launcher) as process:
        assert process.wait(60) == 3
    # What stops itself is brought back: there is no shell that could do it.
    with begin("kill -STOP $$; kill -KILL $$", launcher) as process:
        assert process.wait(60) == 128 + signal.SIGKILL
    with begin(
        "trap 'echo told; exit 4' TERM; echo ready; while :; do read -t 1 <> <(:); done", launcher
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.stdout.readline() == "told\n"
        assert process.wait(60) == 4
    assert list(launcher.iterdir()) == []


@on_linux
def test_it_waits_for_what_goes_on_and_tells_the_launcher(launcher: Path) -> None:
    other = f"{sys.executable} -c 'import sys; print(\"at work\", flush=True); sys.stdin.read()'"
    fifo = launcher.parent / "fifo"
    os.mkfifo(fifo)
    with begin(f"{other} <{fifo} & read -t 1 <> <(:); exit 5", launcher, linger=0.0) as process:
        assert process.stdout is not None
        with fifo.open("w"):
            assert process.stdout.readline() == "at work\n"
            left, pause = launcher / "left", threading.Event()
            while not left.exists():
                assert process.poll() is None, "it must not end before the other"
                pause.wait(0.01)
            assert left.read_text() == "5\n"
        assert process.wait(60) == 5
