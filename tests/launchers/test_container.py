"""The launchers' container half: what they ask of an engine, what they keep from it, and how they end."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.launchers.checkout import Checkout, make_checkout
from tests.launchers.engine import IMAGE, Engine, make_engine

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("launchers")

KEY, TOKEN = "a-secret-key-with-'quotes'", "line one\nline two"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": KEY, "AWS_SESSION_TOKEN": TOKEN}
NOT_PASSED = {"EDITOR": "emacs", "LS_COLORS": "x", "MY_TOKEN": "mine", "SSH_CONNECTION": "1.2.3.4"}


@dataclass(frozen=True, slots=True)
class Computer:
    """A user with a checkout and an engine."""

    checkout: Checkout
    engine: Engine

    def environ(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in self.checkout.environ.items()
            if not name.startswith(("AWS_", "KUBEPLAT_")) and not name.upper().endswith("_PROXY")
        }
        kept = {
            name: value for name, value in kept.items() if name not in {"SSH_AUTH_SOCK", "NO_COLOR", "USER"}
        }
        return kept | {"PATH": self.engine.path(), "USER": "jest", "TERM": "xterm"}

    def run(
        self, *words: str, more: dict[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Start it with `more` in the environment, and wait for its end."""
        return self.checkout.run(*words, env=self.environ() | (more or {}), cwd=cwd)

    def started(
        self, *words: str, more: dict[str, str] | None = None, cwd: Path | None = None
    ) -> dict[str, Any]:
        """What the engine was asked to run."""
        done = self.run(*words, more=more, cwd=cwd)
        assert done.returncode == 0, done.stderr
        return self.engine.calls()[-1]


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    checkout = make_checkout(tmp_path)
    (checkout.path / "kubeplat_tui" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    return Computer(checkout, make_engine(tmp_path, "podman"))


def values(call: dict[str, Any], option: str) -> list[str]:
    """What the option was given, each time."""
    words = call["arguments"]
    return [words[at + 1] for at, word in enumerate(words) if word == option]


def mounts(call: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """Where in the container which folder of the host is, and whether it can be written to."""
    fields = [mount.split(",") for mount in values(call, "--mount")]
    return {
        target.removeprefix("target="): (source.removeprefix("source="), "readonly" not in rest)
        for _, source, target, *rest in fields
    }


def behind_image(call: dict[str, Any], image: str = IMAGE) -> list[str]:
    """What kubeplat is given in the container."""
    words: list[str] = call["arguments"]
    return words[words.index(image) + 1 :]


def test_verb_and_its_words_arrive(computer: Computer) -> None:
    call = computer.started("run.kube", "-e", "prod", "plan", "two words", "*", "")
    assert behind_image(call) == ["--environment", "prod", "plan", "two words", "*", ""]
    assert "KUBEPLAT_ENVIRONMENT=prod" in values(call, "--env")


def test_keys_are_seen_by_nobody_but_the_container(computer: Computer) -> None:
    proxy = {"HTTPS_PROXY": "http://jest:hidden@proxy:3128"}
    given = CREDENTIALS | proxy
    call = computer.started("play.kube", "--container", "instances", more=given)
    assert dict(entry.split("=", 1) for entry in call["secrets"]) == given
    assert call["modes"] == [0o700, 0o600]
    assert not os.path.lexists(call["folder"])
    # Neither the command line nor the container's description has them, not even their names.
    words = "\n".join(call["arguments"])
    assert not [text for text in (*given, *given.values()) if text in words]


def test_only_what_is_listed_is_passed_on(computer: Computer) -> None:
    more = {"AWS_PROFILE": "play", "NO_COLOR": "1", "LANG": "", **NOT_PASSED}
    call = computer.started("play.kube", "--container", "instances", more=more)
    names = {value.partition("=")[0] for value in values(call, "--env")}
    listed = {"TERM", "USER", "AWS_PROFILE", "NO_COLOR", "XDG_STATE_HOME", "KUBEPLAT_CONTAINER_NAME"}
    assert names - {"COLORTERM", "LC_ALL", "TZ"} == listed
    assert not [text for text in NOT_PASSED.values() if text in " ".join(call["arguments"]).split()]


def test_folders_of_the_host_and_where_they_are(computer: Computer) -> None:
    home = computer.checkout.home
    (home / ".aws" / "sso" / "cache").mkdir(parents=True)
    call = computer.started("play.kube", "--container", "instances")
    found = mounts(call)
    launcher = found.pop("/run/kubeplat/launcher")
    assert launcher == (call["folder"], True)
    assert found == {
        "/platform/environments": (str(computer.checkout.path / "environments"), True),
        f"{home}/.local/state/kubeplat": (f"{home}/.local/state/kubeplat", True),
        "/home/kubeplat/.config/kubeplat": (f"{home}/.config/kubeplat", True),
        "/home/kubeplat/.cache/kubeplat": (f"{home}/.cache/kubeplat/container", True),
        "/home/kubeplat/.aws": (f"{home}/.aws", False),
        "/home/kubeplat/.aws/sso/cache": (f"{home}/.aws/sso/cache", True),
    }
    # They are there before the engine could make them its own, and for their owner only.
    for folder in (".local/state/kubeplat", ".config/kubeplat", ".cache/kubeplat/container"):
        assert (home / folder).stat().st_mode & 0o777 == 0o700


def test_folders_may_be_elsewhere(computer: Computer, tmp_path: Path) -> None:
    named = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("STATE", "CONFIG", "CACHE")}
    (tmp_path / "aws config").write_text("")
    call = computer.started(
        "play.kube", "--container", "instances", cwd=tmp_path,
        more=named | {"KUBEPLAT_ENVIRONMENTS": "mine", "AWS_CONFIG_FILE": "aws config"},
    )  # fmt: skip
    found = mounts(call)
    assert found["/platform/environments"] == (str(tmp_path / "mine"), True)
    assert found[f"{tmp_path}/STATE/kubeplat"] == (f"{tmp_path}/STATE/kubeplat", True)
    assert found["/home/kubeplat/.config/kubeplat"] == (f"{tmp_path}/CONFIG/kubeplat", True)
    assert found["/home/kubeplat/.cache/kubeplat"] == (f"{tmp_path}/CACHE/kubeplat/container", True)
    assert found["/run/kubeplat/AWS_CONFIG_FILE"] == (f"{tmp_path}/aws config", False)
    assert "AWS_CONFIG_FILE=/run/kubeplat/AWS_CONFIG_FILE" in values(call, "--env")


def test_agent_is_there_where_one_listens(
    computer: Computer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "/run/kubeplat/agent" not in mounts(
        computer.started(
            "play.kube", "--container", "instances", more={"SSH_AUTH_SOCK": str(tmp_path / "none")}
        )
    )
    folder = tmp_path / "s"
    folder.mkdir()
    monkeypatch.chdir(folder)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind("agent")
        call = computer.started(
            "play.kube", "--container", "instances", more={"SSH_AUTH_SOCK": str(folder / "agent")}, cwd=folder
        )
    assert mounts(call)["/run/kubeplat/agent"] == (str(folder / "agent"), True)
    assert "SSH_AUTH_SOCK=/run/kubeplat/agent" in values(call, "--env")


def test_folder_whose_name_cannot_be_mapped_is_a_sentence(computer: Computer, tmp_path: Path) -> None:
    done = computer.run(
        "play.kube", "--container", "x", more={"KUBEPLAT_ENVIRONMENTS": str(tmp_path / "a,b")}
    )
    assert done.returncode == 2
    assert "cannot be mapped into a container" in done.stderr
    assert computer.engine.calls() == []


def test_users_own_terraform_is_mapped(computer: Computer, tmp_path: Path) -> None:
    (tmp_path / "work" / "terraform").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    place = "/platform/terraform/config.d"
    call = computer.started("play.kube", "--container", "plan", cwd=tmp_path / "work")
    assert mounts(call)[place] == (str(tmp_path / "work" / "terraform"), False)
    assert f"KUBEPLAT_CONFIG_D={place}" in values(call, "--env")
    call = computer.started(
        "play.kube", "--container", "--config-d", "../other", "plan", cwd=tmp_path / "work"
    )
    assert mounts(call)[place][0].endswith("/other")
    (computer.checkout.path / "terraform").mkdir()
    call = computer.started("play.kube", "--container", "plan", cwd=computer.checkout.path)
    assert place not in mounts(call), "the checkout's own are no additions to it"
    done = computer.run("play.kube", "--container", "--config-d", "nowhere", "plan")
    assert (done.returncode, "--config-d names nowhere" in done.stderr) == (2, True)


def test_container_can_do_little_and_gets_time_to_stop(computer: Computer) -> None:
    call = computer.started("play.kube", "--container", "instances")
    words = call["arguments"]
    assert words[:2] == ["run", "--rm"]
    assert "--read-only" in words
    assert values(call, "--cap-drop") == ["ALL"]
    assert set(values(call, "--security-opt")) == {"no-new-privileges", "label=disable"}
    assert values(call, "--network") == ["host"]
    writable = {each.partition(":")[0] for each in values(call, "--tmpfs")}
    assert writable == {"/tmp", "/run", "/platform", "/home/kubeplat"}  # noqa: S108
    assert int(values(call, "--stop-timeout")[0]) >= 300


def test_user_owns_what_is_written(computer: Computer, tmp_path: Path) -> None:
    ourselves = f"{os.getuid()}:{os.getgid()}"
    call = computer.started("play.kube", "--container", "instances")
    assert values(call, "--user") == [ourselves]
    assert values(call, "--userns") == (["keep-id"] if os.getuid() else [])
    docker = Computer(computer.checkout, make_engine(tmp_path, "docker"))
    call = docker.started("play.kube", "--container", "instances")
    assert (values(call, "--user"), values(call, "--userns")) == ([ourselves], [])
    # A rootless docker's root is the user; its other numbers are nobody's on the host.
    docker.engine.behaves(info="[name=seccomp,profile=builtin name=rootless]")
    assert values(docker.started("play.kube", "--container", "instances"), "--user") == ["0:0"]


def test_branch_is_told(computer: Computer) -> None:
    git = computer.checkout.path / ".git"
    git.mkdir()
    for head, branch in (("ref: refs/heads/feature/x\n", "feature/x"), ("0123456789abcdef\n", "01234567")):
        (git / "HEAD").write_text(head)
        call = computer.started("play.kube", "--container", "instances")
        assert f"KUBEPLAT_BRANCH={branch}" in values(call, "--env")


def test_without_a_terminal_none_is_asked_for_and_what_is_piped_in_arrives(computer: Computer) -> None:
    with computer.checkout.begin("play.kube", "--container", "put", "-", env=computer.environ()) as process:
        out, err = process.communicate("piped in", timeout=60)
    assert (process.returncode, out, err) == (0, "ran\n", "")
    (call,) = computer.engine.calls()
    assert "--interactive" in call["arguments"]
    assert "--tty" not in call["arguments"]
    assert call["read"] == "piped in"


def test_on_a_terminal_the_application_gets_one(computer: Computer) -> None:
    near, far = pty.openpty()
    try:
        with computer.checkout.begin(
            "play.kube", "--container", env=computer.environ(), terminal=far, start_new_session=True
        ) as process:
            os.close(far)
            assert os.read(near, 65536).startswith(b"ran")
        assert process.returncode == 0
    finally:
        os.close(near)
    (call,) = computer.engine.calls()
    assert {"--interactive", "--tty"} <= set(call["arguments"])
    assert call["terminal"] is True
    assert behind_image(call) == ["--playground"]


@pytest.mark.parametrize(("status", "ours"), [(3, 3), (130, 130), (125, 1)])
def test_exit_status_is_kubeplats(computer: Computer, status: int, ours: int) -> None:
    computer.engine.behaves(status=status)
    done = computer.run("play.kube", "--container", "plan")
    assert done.returncode == ours
    assert ("could not start the container" in done.stderr) is (status == 125)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_reach_kubeplat_once_and_its_status_comes_back(computer: Computer, number: int) -> None:
    computer.engine.behaves(wait=True)
    with computer.checkout.begin(
        "play.kube", "--container", "run", env=computer.environ(), start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        assert process.stdout.readline() == "ready\n"
        name = signal.Signals(number).name.removeprefix("SIG")
        process.send_signal(number)
        process.wait(60)
    _, kill = computer.engine.calls()
    assert kill["arguments"][:3] == ["kill", "--signal", name]
    assert kill["arguments"][3].startswith("kubeplat-")
    assert process.returncode == 128 + number


def test_launcher_leaves_a_container_in_which_something_goes_on(computer: Computer) -> None:
    computer.engine.behaves(left=3)
    done = computer.run("play.kube", "--container", "run", "--yes")
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")
    (call,) = computer.engine.calls()
    assert not os.path.lexists(call["folder"])


@pytest.mark.parametrize(
    ("words", "more", "behaviour", "ending"),
    [
        (["run.kube", "-e", "x"], {}, {}, "container"),
        (["play.kube"], {"KUBEPLAT_CONTAINER": "1"}, {}, "container"),
        (["play.kube"], {"KUBEPLAT_IMAGE": IMAGE}, {}, "container"),
        (["play.kube", "--image", "far/away:1"], {}, {}, "container"),
        (["play.kube", "--image=far/away:1"], {"KUBEPLAT_CONTAINER": "0"}, {}, "container"),
        (["play.kube", "--container"], {}, {"images": []}, "podman has no image kubeplat:1.2.3"),
        (["play.kube", "--container"], {}, {"answers": False}, "No container engine answers"),
        (["run.kube", "-e", "x", "--container"], {}, {"images": []}, "Build it with: make"),
        (["play.kube", "--image"], {}, {}, "--image needs the name"),
        (["play.kube", "--image="], {}, {}, "--image needs the name"),
        (["play.kube", "--config-d"], {}, {}, "--config-d needs a folder"),
    ],
)
def test_where_it_runs(
    computer: Computer, words: list[str], more: dict[str, str], behaviour: dict[str, Any], ending: str
) -> None:
    computer.engine.behaves(**behaviour)
    verb = [] if words[-1] in {"--image", "--config-d"} else ["instances"]
    if ending == "container":
        computer.started(*words, *verb, more=more)
        return
    done = computer.run(*words, *verb, more=more)
    assert done.returncode == 2
    assert ending in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert computer.engine.calls() == []


def test_named_engine_is_used_and_a_silent_one_is_passed_over(computer: Computer, tmp_path: Path) -> None:
    docker = make_engine(tmp_path, "docker", answers=False)
    path = computer.engine.path(docker)
    computer.started("play.kube", "--container", "instances", more={"PATH": path})
    docker.behaves()
    computer.run("play.kube", "--container", "instances", more={"PATH": path, "KUBEPLAT_ENGINE": "docker"})
    assert [len(engine.calls()) for engine in (computer.engine, docker)] == [1, 1]


@pytest.fixture
def make() -> str:
    found = shutil.which("make")
    assert found is not None, "make comes with git and Python on every machine that builds this"
    return found


def test_make_builds_the_image_from_what_is_named(computer: Computer, make: str, tmp_path: Path) -> None:
    for name in ("vendor", "certificates", "pip"):
        (tmp_path / name).touch()
    named = {
        "KUBEPLAT_BASE": "mirror/debian:13", "KUBEPLAT_PLATFORM": "linux/arm64",
        "KUBEPLAT_VENDOR": str(tmp_path / "vendor"), "KUBEPLAT_CERTIFICATES": str(tmp_path / "certificates"),
        "KUBEPLAT_PIP_CONFIG": str(tmp_path / "pip"),
    }  # fmt: skip
    call = computer.started(make, cwd=computer.checkout.path, more=named)
    assert call["arguments"][0] == "build"
    assert values(call, "--tag") == [IMAGE]
    assert {"VERSION=1.2.3", "BASE=mirror/debian:13"} <= set(values(call, "--build-arg"))
    assert values(call, "--platform") == ["linux/arm64"]
    assert values(call, "--build-context") == [f"vendor={tmp_path / 'vendor'}"]
    assert len(values(call, "--secret")) == 2
    assert call["arguments"][-1] == str(computer.checkout.path)
    (tmp_path / "vendor").unlink()
    done = computer.run(make, "image", cwd=computer.checkout.path, more=named)
    assert "KUBEPLAT_VENDOR names" in done.stderr


def test_make_push_asks_for_the_registry(computer: Computer, make: str) -> None:
    done = computer.run(make, "push", cwd=computer.checkout.path)
    assert done.returncode == 2
    assert "make push REGISTRY=" in done.stderr
    assert computer.engine.calls() == []
    done = computer.run(make, "push", "REGISTRY=registry.example.org/team/", cwd=computer.checkout.path)
    assert done.returncode == 0, done.stderr
    far = f"registry.example.org/team/{IMAGE}"
    assert [call["arguments"] for call in computer.engine.calls()] == [["tag", IMAGE, far], ["push", far]]
