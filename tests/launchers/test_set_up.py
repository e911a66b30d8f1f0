"""The first start: the private environment is made once, recovers, is made again when the pins change."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import venv_maker

from tests.launchers.checkout import PACKAGE, Checkout, make_checkout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return make_checkout(tmp_path)


def test_first_start_writes_only_the_cache_and_is_done_again_when_its_python_is_gone(
    checkout: Checkout,
) -> None:
    before = sorted(checkout.path.rglob("*"))
    environ = checkout.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PIP_USER": "1", "PIP_TARGET": "/nowhere"}
    done = checkout.run("play.kube", "help", env=environ)
    assert done.returncode == 0, done.stderr
    stages = done.stderr.splitlines()
    assert [stage.split(":")[0] for stage in stages] == ["kubeplat"] * 4
    assert "Installing the packages: 1" in stages[2]
    assert "Ready" in stages[3]
    assert sorted(checkout.path.rglob("*")) == before
    # pip asks a Rust compiler for its version where there is one; rustup's shim then makes its folder.
    assert {path.name for path in checkout.home.iterdir()} - {".rustup"} == {".cache"}
    assert [path.name for path in checkout.cache.parent.iterdir() if path.name != "pip"] == ["kubeplat"]
    (environment,) = checkout.cache.glob("venv-*/")
    assert environment.stat().st_mode & 0o077 == 0
    command = subprocess.run(
        [environment / "bin" / "kubeplat", "help"], cwd="/", capture_output=True, check=True
    )
    assert b'"arguments": ["help"]' in command.stdout

    for python in (environment / "bin").glob("python*"):
        python.unlink()
    again = checkout.run("play.kube", "help")
    assert again.returncode == 0, again.stderr
    assert "Clearing away an unfinished set-up" in again.stderr


def test_two_first_starts_at_once_make_one_environment(checkout: Checkout) -> None:
    with checkout.begin("play.kube", "help") as one, checkout.begin("run.kube", "-e", "x", "plan") as other:
        said = [process.communicate("", timeout=300) for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), said
    assert sum("Ready" in err for _, err in said) == 1
    assert len(checkout.environments) == 1


def test_change_makes_it_again_and_removes_the_old_one_once_it_is_free(checkout: Checkout) -> None:
    project = checkout.path / "pyproject.toml"
    with checkout.begin("play.kube", "wait") as session:
        assert session.stdout is not None
        assert session.stdout.readline() == "waiting\n"
        first = checkout.environments

        project.write_text(project.read_text() + "[tool.ruff]\nline-length = 1\n")
        checkout.told("play.kube", "help")
        assert checkout.environments == first, "nothing it is made from changed"

        checkout.change_pins("one more line")
        checkout.told("play.kube", "help")
        second = checkout.environments - first
        assert len(second) == 1
        assert first < checkout.environments, "the session still runs from it"

        session.communicate("", timeout=60)
        assert session.returncode == 0
    project.write_text(project.read_text().replace("sandbox = []", f'sandbox = ["{PACKAGE}"]'))
    checkout.told("play.kube", "help")
    assert len(checkout.environments) == 1
    assert not checkout.environments & (first | second)


@contextmanager
def silent_index() -> Iterator[tuple[str, threading.Event]]:
    """A package index that takes questions and never answers; its address, and whether it was asked."""
    asked, over = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            over.wait()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple", asked
        finally:
            over.set()
            server.shutdown()
            thread.join()


def index_needed(checkout: Checkout, url: str) -> dict[str, str]:
    """Let `checkout` need an index, at `url`; the environment to start it with."""
    project = checkout.path / "pyproject.toml"
    lines = [f'    "{PACKAGE}",' if " @ " in line else line for line in project.read_text().splitlines()]
    project.write_text("\n".join([*lines, ""]))
    environ = checkout.environ | {"PIP_INDEX_URL": url, "PIP_RETRIES": "1", "no_proxy": "127.0.0.1"}
    del environ["PIP_NO_INDEX"]
    return environ


def test_interrupted_first_start_begins_again(checkout: Checkout) -> None:
    project = (checkout.path / "pyproject.toml").read_text()
    for sent in (signal.SIGTERM, signal.SIGINT):
        with silent_index() as (url, asked):
            environ = index_needed(checkout, url)
            with checkout.begin("play.kube", "help", env=environ, start_new_session=True) as process:
                assert asked.wait(300)
                os.killpg(process.pid, sent)
                _, err = process.communicate("", timeout=60)
        assert process.returncode not in {0, 1, 2}
        assert "Interrupted. The next start begins the set-up again." in err
        assert "Traceback" not in err
        assert checkout.environments == set()

    (checkout.path / "pyproject.toml").write_text(project)
    checkout.told("play.kube", "help")
    assert len(list(checkout.cache.glob("venv-*/"))) == 1


def test_unreachable_index_is_one_sentence(checkout: Checkout) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        environ = index_needed(checkout, f"http://127.0.0.1:{taken.getsockname()[1]}/simple")
        done = checkout.run("play.kube", "help", env=environ)
    assert done.returncode == 1
    assert "The package index cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_cache_that_cannot_be_written_is_one_sentence(checkout: Checkout) -> None:
    (checkout.home / ".cache").write_text("a file where a folder should be")
    done = checkout.run("play.kube", "help")
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr


def without_python(folder: Path, *shims: str) -> str:
    """A PATH with what a bare system has, and `shims` that run nothing."""
    folder.mkdir()
    for name in ("bash", "sh", "sed", "cat", "cksum", "dirname", "readlink", "rm"):
        program = shutil.which(name)
        assert program is not None
        (folder / name).symlink_to(program)
    for name in shims:
        (folder / name).write_text("#!/bin/sh\nexit 127\n")
        (folder / name).chmod(0o755)
    return str(folder)


def test_without_python_says_what_is_needed(checkout: Checkout, tmp_path: Path) -> None:
    environ = checkout.environ | {"PATH": without_python(tmp_path / "bin", "python3", "python3.12")}
    done = checkout.run("play.kube", "help", env=environ)
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed and not found" in done.stderr
    assert not checkout.cache.exists()


def test_shim_that_does_not_run_is_passed_over(checkout: Checkout, tmp_path: Path) -> None:
    path = without_python(tmp_path / "bin", "python3")
    python = tmp_path / "bin" / "python3.11"
    python.write_text('#!/bin/sh\ncase "$*" in *venv_maker*) echo "3.11 makes it" >&2; exit 1;; esac\n')
    python.chmod(0o755)
    done = checkout.run("play.kube", "help", env=checkout.environ | {"PATH": path})
    assert (done.returncode, done.stderr) == (1, "3.11 makes it\n")


def test_python_may_be_named(checkout: Checkout, tmp_path: Path) -> None:
    environ = checkout.environ | {"KUBEPLAT_PYTHON": str(tmp_path / "nothing")}
    done = checkout.run("play.kube", "help", env=environ)
    assert done.returncode == 2
    assert f"KUBEPLAT_PYTHON names {tmp_path / 'nothing'}" in done.stderr


def order(tmp_path: Path) -> venv_maker.Order:
    (tmp_path / "cache").mkdir()
    return venv_maker.Order(
        tmp_path, tmp_path / "cache" / "venv-x-1", tmp_path / "constraints.txt", ("sandbox",)
    )


def test_python_without_its_venv_parts_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    debian = tmp_path / "python"
    debian.write_text(
        "#!/bin/sh\necho 'not created successfully because ensurepip is not available.'\nexit 1\n"
    )
    debian.chmod(0o755)
    monkeypatch.setattr(sys, "_base_executable", str(debian))
    with pytest.raises(venv_maker.SetUpError, match=r"sudo apt install python3\.\d+-venv"):
        venv_maker.make_empty(order(tmp_path))


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "no room left",
        ),
        (
            "WARNING: x\nERROR: No matching distribution found for y==1\n\n",
            "No matching distribution found for y==1 The",
        ),
        ("", "The log is"),
    ],
)
def test_what_pip_said_becomes_a_reason(tmp_path: Path, log: str, sentence: str) -> None:
    path = tmp_path / "pip.log"
    path.write_text(log)
    assert sentence in venv_maker.reason(path)
