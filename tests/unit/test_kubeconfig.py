"""The user's kubeconfig: our context in it and out of it again, everything else as it was."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from kubeplat_tui.services import kubeconfig
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.kubeconfig_text import KubeconfigText

if TYPE_CHECKING:
    from pathlib import Path


def admin(server: str = "https://kube.play.test:443", certificate: str = "Y2VydA==") -> bytes:
    return f"""\
apiVersion: v1
kind: Config
clusters:
- name: play-jest
  cluster:
    server: {server}
    certificate-authority-data: Y2E=
users:
- name: play-jest-admin
  user:
    client-certificate-data: {certificate}
    client-key-data: a2V5
contexts:
- name: play-jest
  context: {{cluster: play-jest, user: play-jest-admin}}
current-context: play-jest
""".encode()


OTHERS = """\
# My own clusters.
apiVersion: v1
kind: Config
preferences: {}
clusters:
  # the one at work
  - name: work
    cluster:
      server: https://work.test   # by the tunnel
      insecure-skip-tls-verify: yes
      x-unknown: 1e3
contexts:
  - name: work
    context: {cluster: work, user: me, namespace: team}
users:
  - name: me
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1
        command: get-token
        args: ["--since", 2026-11-22T00:00:00Z]
      note: |
        two
        lines

# the end
current-context: work
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "home" / ".kube" / "config"


def write(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(0o644)


def read(place: Path) -> Any:
    return yaml.safe_load(place.read_text())


def test_a_new_file_is_private_and_has_the_context(environ: dict[str, str], place: Path) -> None:
    merged = kubeconfig.merge("play-jest", admin(), environ)
    assert merged == kubeconfig.Merged(place, "play-jest", current=True, changed=True)
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700
    document = read(place)
    assert (document["apiVersion"], document["kind"]) == ("v1", "Config")
    assert document["current-context"] == "play-jest"
    assert document["clusters"][0]["cluster"]["server"] == "https://kube.play.test:443"
    assert document["users"][0]["user"]["client-key-data"] == "a2V5"
    assert not place.with_name("config.lock").exists()
    assert kubeconfig.merge("play-jest", admin(), environ).changed is False


def test_what_was_there_stays_with_its_comments(environ: dict[str, str], place: Path) -> None:
    write(place, OTHERS)
    merged = kubeconfig.merge("play-jest", admin(), environ)
    assert not merged.current
    text = place.read_text()
    added = [line for line in text.splitlines() if line not in OTHERS.splitlines()]
    assert [line for line in OTHERS.splitlines() if line not in text.splitlines()] == []
    assert "  - name: play-jest" in added
    assert place.stat().st_mode & 0o777 == 0o600
    document = read(place)
    assert [entry["name"] for entry in document["contexts"]] == ["work", "play-jest"]
    assert document["current-context"] == "work"


def test_removing_gives_back_the_file_as_it_was(environ: dict[str, str], place: Path) -> None:
    write(place, OTHERS)
    kubeconfig.merge("play-jest", admin(), environ)
    kubeconfig.merge("play-other", admin().replace(b"play-jest", b"play-other"), environ)
    assert kubeconfig.remove("play-jest", environ) == place
    assert "play-jest" not in place.read_text()
    assert kubeconfig.remove("play-other", environ) == place
    assert place.read_text() == OTHERS
    assert kubeconfig.remove("play-jest", environ) is None


def test_removing_the_current_context(environ: dict[str, str], place: Path) -> None:
    kubeconfig.merge("play-jest", admin(), environ)
    kubeconfig.remove("play-jest", environ)
    document = read(place)
    assert document["current-context"] == ""
    assert not document["contexts"]
    assert kubeconfig.merge("play-jest", admin(), environ).current


def test_removing_without_a_file(environ: dict[str, str], place: Path) -> None:
    assert kubeconfig.remove("play-jest", environ) is None
    assert not place.parent.exists()


def test_a_renewed_certificate_replaces_ours_and_keeps_what_the_user_set(
    environ: dict[str, str], place: Path
) -> None:
    write(place, OTHERS)
    kubeconfig.merge("play-jest", admin(), environ)
    text = place.read_text().replace(
        "user: play-jest-admin\n", "user: play-jest-admin\n      namespace: mine\n"
    )
    place.write_text(text)
    assert kubeconfig.merge("play-jest", admin(certificate="bmV3"), environ).changed
    document = read(place)
    assert document["contexts"][1]["context"]["namespace"] == "mine"
    assert document["users"][1]["user"]["client-certificate-data"] == "bmV3"
    assert len(document["users"]) == 2


def test_a_context_that_was_renamed_stays_ours(environ: dict[str, str], place: Path) -> None:
    kubeconfig.merge("play-jest", admin(), environ)
    document = read(place)
    document["contexts"][0]["name"] = "mine"
    document["current-context"] = "mine"
    write(place, yaml.safe_dump(document))
    merged = kubeconfig.merge("play-jest", admin(certificate="bmV3"), environ)
    assert (merged.context, merged.current) == ("mine", True)
    assert [entry["name"] for entry in read(place)["contexts"]] == ["mine"]
    kubeconfig.remove("play-jest", environ)
    assert read(place)["current-context"] == ""


def test_somebody_elses_context_of_that_name_is_refused(environ: dict[str, str], place: Path) -> None:
    theirs = OTHERS.replace("work", "play-jest")
    write(place, theirs)
    with pytest.raises(KubeplatError, match="named play-jest already, and kubeplat did not put it there"):
        kubeconfig.merge("play-jest", admin(), environ)
    assert place.read_text() == theirs
    assert kubeconfig.remove("play-jest", environ) is None


def test_the_same_cluster_that_was_copied_by_hand_is_taken_over(environ: dict[str, str], place: Path) -> None:
    write(place, admin().decode())
    assert kubeconfig.merge("play-jest", admin(certificate="bmV3"), environ).current
    document = read(place)
    assert len(document["clusters"]) == len(document["users"]) == len(document["contexts"]) == 1
    assert document["users"][0]["user"]["client-certificate-data"] == "bmV3"


@pytest.mark.parametrize(
    "text",
    [
        "clusters: [",
        "- a list",
        "just words",
        "kind: Secret\nclusters: []\n",
        "clusters: {a: b}\n",
        "a: 1\n---\nb: 2\n",
        "a: \x00",
    ],
)
def test_a_broken_file_is_refused_and_left(environ: dict[str, str], place: Path, text: str) -> None:
    write(place, text)
    for change in (
        lambda: kubeconfig.merge("play-jest", admin(), environ),
        lambda: kubeconfig.remove("play-jest", environ),
    ):
        with pytest.raises(KubeplatError, match="cannot be read"):
            change()
    assert place.read_text() == text
    assert not place.with_name("config.lock").exists()


def test_bytes_that_are_no_text_and_a_folder(environ: dict[str, str], place: Path) -> None:
    write(place, "")
    place.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(KubeplatError, match="cannot be read"):
        kubeconfig.merge("play-jest", admin(), environ)
    place.unlink()
    place.mkdir()
    with pytest.raises(KubeplatError, match="cannot be read"):
        kubeconfig.merge("play-jest", admin(), environ)


@pytest.mark.parametrize("text", ["", "# only this\n", "clusters: null\ncontexts: []\nusers:\n", "{}\n"])
def test_files_with_nothing_in_them(environ: dict[str, str], place: Path, text: str) -> None:
    write(place, text)
    assert kubeconfig.merge("play-jest", admin(), environ).current
    assert [entry["name"] for entry in read(place)["clusters"]] == ["play-jest"]


def test_a_file_of_json_stays_readable(environ: dict[str, str], place: Path) -> None:
    write(place, json.dumps(yaml.safe_load(OTHERS.replace("2026-11-22T00:00:00Z", "now"))))
    kubeconfig.merge("play-jest", admin(), environ)
    document = read(place)
    assert [entry["name"] for entry in document["users"]] == ["me", "play-jest-admin"]
    assert document["clusters"][0]["cluster"]["x-unknown"] == "1e3"


def test_the_first_file_of_kubeconfig_is_written(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    second.write_text(OTHERS)
    environ = {"KUBECONFIG": f"{first}:{second}", "HOME": str(tmp_path / "home")}
    merged = kubeconfig.merge("play-jest", admin(), environ)
    assert (merged.path, merged.current) == (first, False)
    assert second.read_text() == OTHERS
    assert not (tmp_path / "home").exists()


def test_without_a_place_it_is_said() -> None:
    with pytest.raises(InputError, match="neither KUBECONFIG nor HOME"):
        kubeconfig.merge("play-jest", admin(), {})


def test_a_link_stays_a_link(environ: dict[str, str], place: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles"
    real.write_text(OTHERS)
    place.parent.mkdir(parents=True)
    place.symlink_to(real)
    kubeconfig.merge("play-jest", admin(), environ)
    assert place.is_symlink()
    assert "play-jest" in real.read_text()


def test_kubectls_lock_is_respected(
    environ: dict[str, str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(place, OTHERS)
    lock = place.with_name("config.lock")
    lock.touch()
    monkeypatch.setattr(kubeconfig, "PATIENCE", 0.0)
    with pytest.raises(KubeplatError, match="locked by another program"):
        kubeconfig.merge("play-jest", admin(), environ)
    assert lock.exists()
    assert place.read_text() == OTHERS


def test_a_full_disk_leaves_it(environ: dict[str, str], place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place, OTHERS)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KubeplatError, match="could not be written"):
        kubeconfig.merge("play-jest", admin(), environ)
    assert place.read_text() == OTHERS
    assert [path.name for path in place.parent.iterdir()] == ["config"]


def test_an_admin_kubeconfig_that_is_none(environ: dict[str, str], place: Path) -> None:
    for broken in (b"", b"[", b"clusters: []", b"just words"):
        with pytest.raises(KubeplatError, match="admin kubeconfig of play-jest cannot be read"):
            kubeconfig.merge("play-jest", broken, environ)
    assert not place.exists()


NAMES = some.text("abcxyz-. é", min_size=1, max_size=8).filter(lambda name: name != "play-jest")
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(
    names=some.lists(NAMES, max_size=4, unique=True),
    value=VALUES,
    flow=some.sampled_from([None, True, False]),
    indent=some.integers(2, 6),
    comments=some.booleans(),
)
def test_any_kubeconfig_comes_back(
    names: list[str], value: object, flow: bool | None, indent: int, comments: bool
) -> None:
    document = {
        "x": value,
        "clusters": [{"name": name, "cluster": {"server": name, "more": value}} for name in names],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        "users": [{"name": name, "user": {"token": name, "more": value}} for name in names],
    }
    text = yaml.safe_dump(document, default_flow_style=flow, indent=indent, sort_keys=False)
    if comments:
        text = f"# first\n{text}# last\n"
    before = KubeconfigText(text)
    content = {"server": "https://1"}
    after = before.put("clusters", "play-jest", content, None).with_current("play-jest")
    wanted = document | {
        "clusters": [*document["clusters"], {"name": "play-jest", "cluster": content}],  # type: ignore[misc]
        "current-context": "play-jest",
    }
    assert yaml.safe_load(after.text) == wanted
    entry = next(each for each in after.entries() if each.name == "play-jest")
    assert yaml.safe_load(after.without(entry).text) == document | {"current-context": "play-jest"}
