"""Finding a Terraform, and fetching the pinned one from a server on loopback."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import socket
import stat
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.terraform import binary as terraform_binary
from kubeplat_tui.services.terraform.binary import (
    Product,
    TerraformBinary,
    cached_path,
    fetch,
    find,
    find_or_fetch,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def program(
    path: Path, answer: str = '{"terraform_version": "1.12.3"}', status: int = 0, error: str = ""
) -> Path:
    """A program at `path` that answers every call with `answer`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' '{answer}'\nprintf '%s' '{error}' >&2\nexit {status}\n")
    path.chmod(0o755)
    return path


def test_takes_terraform_from_path(tmp_path: Path) -> None:
    path = program(tmp_path / "bin" / "terraform")
    assert find(tmp_path / "cache", {"PATH": str(path.parent)}) == TerraformBinary(
        path, (1, 12, 3), Product.TERRAFORM
    )


def test_named_binary_goes_before_path_and_may_be_opentofu(tmp_path: Path) -> None:
    on_path = program(tmp_path / "bin" / "terraform")
    tofu = program(tmp_path / "my tools" / "tofu", '{"terraform_version": "1.11.0"}')
    found = find(tmp_path, {"PATH": str(on_path.parent), "KUBEPLAT_TERRAFORM": str(tofu)})
    assert found == TerraformBinary(tofu, (1, 11, 0), Product.OPENTOFU)
    assert str(found) == "OpenTofu 1.11.0"


def test_named_binary_may_be_a_command_on_path(tmp_path: Path) -> None:
    tofu = program(tmp_path / "tofu")
    found = find(tmp_path, {"PATH": str(tmp_path), "KUBEPLAT_TERRAFORM": "tofu"})
    assert found is not None
    assert found.path == tofu


def test_named_binary_that_is_missing_is_refused_though_path_has_one(tmp_path: Path) -> None:
    program(tmp_path / "terraform")
    with pytest.raises(InputError, match=r"KUBEPLAT_TERRAFORM names /nowhere/terraform"):
        find(tmp_path, {"PATH": str(tmp_path), "KUBEPLAT_TERRAFORM": "/nowhere/terraform"})


@pytest.mark.parametrize("version", ["1.10.5", "0.12.31", "1.0.0-dev"])
def test_too_old_names_both_versions(tmp_path: Path, version: str) -> None:
    program(tmp_path / "terraform", json.dumps({"terraform_version": version}))
    with pytest.raises(InputError) as refusal:
        find(tmp_path, {"PATH": str(tmp_path)})
    assert version.removesuffix("-dev") in refusal.value.what
    assert "1.11.0 or newer" in refusal.value.what


@pytest.mark.parametrize(
    ("answer", "status", "error", "why"),
    [
        ("Terraform v1.11.4", 0, "", "not Terraform's"),
        ("{}", 0, "", "not Terraform's"),
        ("[]", 0, "", "not Terraform's"),
        ('{"terraform_version": "newest"}', 0, "", "not Terraform's"),
        (
            "",
            126,
            "No version is set for command terraform\nmore",
            "126: No version is set for command terraform",
        ),
        ("", 3, "", "status 3."),
    ],
)
def test_program_that_does_not_answer_is_refused(
    tmp_path: Path, answer: str, status: int, error: str, why: str
) -> None:
    program(tmp_path / "terraform", answer, status, error)
    with pytest.raises(InputError) as refusal:
        find(tmp_path, {"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert why in refusal.value.why


def test_file_that_cannot_be_executed_is_refused(tmp_path: Path) -> None:
    path = program(tmp_path / "terraform")
    path.write_bytes(b"\x7fELF of another machine")
    with pytest.raises(InputError) as refusal:
        find(tmp_path, {"PATH": str(tmp_path)})
    assert refusal.value.why


def test_asking_for_the_version_leaves_the_users_settings_out(tmp_path: Path) -> None:
    path = tmp_path / "terraform"
    path.write_text('#!/bin/sh\n/usr/bin/env > "$0.env"\necho \'{"terraform_version": "1.11.4"}\'\n')
    path.chmod(0o755)
    find(
        tmp_path,
        {"PATH": str(tmp_path), "TF_CLI_ARGS": "-bad", "TF_CLI_CONFIG_FILE": "/nowhere", "KEPT": "1"},
    )
    seen = path.with_name("terraform.env").read_text().splitlines()
    assert {"KEPT=1", "CHECKPOINT_DISABLE=1"} <= set(seen)
    assert not [line for line in seen if line.startswith("TF_CLI")]


def test_nothing_anywhere_is_none(tmp_path: Path) -> None:
    assert find(tmp_path, {"PATH": str(tmp_path)}) is None


@given(st.text(max_size=40) | st.from_regex(r'\{"terraform_version": "[^"]*"\}', fullmatch=True))
def test_any_answer_gives_a_version_or_value_error(text: str) -> None:
    try:
        version = terraform_binary._parsed_version(text)
    except ValueError:
        return
    assert len(version) == 3
    assert terraform_binary.dotted(version) in text


@dataclass
class Releases:
    """A release server: what it sends, and what it was asked for."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    promised: int | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def checksums(self) -> dict[str, str]:
        return {terraform_binary.system(): hashlib.sha256(self.body).hexdigest()}


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            file.writestr(name, '#!/bin/sh\necho \'{"terraform_version": "1.11.4"}\'\n' + "#" * 100_000)
    return content.getvalue()


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> Iterator[Releases]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    state = Releases(body=archive("LICENSE.txt", "terraform"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            self.send_response(state.status)
            self.send_header(
                "Content-Length", str(len(state.body) if state.promised is None else state.promised)
            )
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the test looks at what was asked."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        server.shutdown()
        thread.join()


def left_in(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_fetches_verifies_and_finds_it_again(tmp_path: Path, releases: Releases) -> None:
    steps: list[tuple[int, int]] = []
    fetched = fetch(
        tmp_path,
        lambda received, expected: steps.append((received, expected)),
        base_url=releases.url,
        checksums=releases.checksums,
    )
    assert fetched.path == cached_path(tmp_path)
    assert stat.S_IMODE(fetched.path.stat().st_mode) == 0o755
    assert stat.S_IMODE(fetched.path.parent.stat().st_mode) == 0o700
    assert releases.asked == [f"/1.11.4/terraform_1.11.4_{terraform_binary.system()}.zip"]
    assert steps[-1] == (len(releases.body), len(releases.body))
    assert left_in(tmp_path) == ["terraform"]
    assert find_or_fetch(tmp_path, {"PATH": "/usr/bin:/bin"}) == fetched
    assert len(releases.asked) == 1


def test_wrong_checksum_is_refused_and_deleted(tmp_path: Path, releases: Releases) -> None:
    with pytest.raises(KubeplatError, match="deleted unopened") as refusal:
        fetch(tmp_path, base_url=releases.url)
    assert terraform_binary.CHECKSUMS[terraform_binary.system()] in refusal.value.why
    assert left_in(tmp_path) == []


def test_truncated_download_is_told_apart(tmp_path: Path, releases: Releases) -> None:
    releases.promised = len(releases.body) + 10
    with pytest.raises(InputError) as refusal:
        fetch(tmp_path, base_url=releases.url, checksums=releases.checksums)
    assert "could not be downloaded" in refusal.value.what
    assert refusal.value.why
    assert left_in(tmp_path) == []


def test_missing_release_says_what_the_server_answered(tmp_path: Path, releases: Releases) -> None:
    releases.status = 404
    with pytest.raises(InputError, match="404") as refusal:
        fetch(tmp_path, base_url=releases.url)
    assert str(cached_path(tmp_path)) in refusal.value.todo
    assert "KUBEPLAT_TERRAFORM" in refusal.value.todo
    assert left_in(tmp_path) == []


def test_unreachable_server_says_where_to_put_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(InputError, match=f"{url}.*{os.strerror(errno.ECONNREFUSED)}") as refusal:
            fetch(tmp_path, base_url=url)
    assert terraform_binary.CHECKSUMS[terraform_binary.system()] in refusal.value.todo
    assert str(cached_path(tmp_path)) in refusal.value.todo


def test_zip_without_terraform_is_refused(tmp_path: Path, releases: Releases) -> None:
    releases.body = archive("LICENSE.txt")
    with pytest.raises(KubeplatError, match="no `terraform` in it"):
        fetch(tmp_path, base_url=releases.url, checksums=releases.checksums)
    assert left_in(tmp_path) == []


def test_interrupted_download_leaves_nothing(tmp_path: Path, releases: Releases) -> None:
    def interrupt(_received: int, _expected: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(tmp_path, interrupt, base_url=releases.url, checksums=releases.checksums)
    assert left_in(tmp_path) == []


def test_full_disk_is_not_blamed_on_the_network(tmp_path: Path, releases: Releases) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full to play the full disk")
    with full.open("wb", buffering=0) as file, pytest.raises(KubeplatError) as refusal:
        terraform_binary._copy(io.BytesIO(b"data"), file, 4, None, cached_path(tmp_path))
    assert os.strerror(errno.ENOSPC) in refusal.value.why


def test_computer_without_a_release_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(InputError, match="riscv64"):
        fetch(tmp_path)
