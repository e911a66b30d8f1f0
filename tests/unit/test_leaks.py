"""The search for private material finds it in every form, and takes nothing public for it."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services.pki import bundle
from kubeplat_tui.services.pki.names import ClusterNames, Member
from kubeplat_tui.services.secrets import leaks

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ClusterNames(
    "demo",
    "kube-demo.demo.test",
    "kube.demo.internal",
    "10.200.0.1",
    (Member("0", "etcd0.demo.internal", "10.80.10.100"),),
)
PUBLIC = (".crt", ".pub", "tokens.csv")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return bundle.make_missing(NAMES, {}, datetime(2026, 11, 22, tzinfo=UTC)).writes


@pytest.fixture(scope="module")
def wanted(files: dict[str, bytes]) -> list[leaks.Needle]:
    return leaks.needles(files)


def found(name: str, data: bytes, wanted: list[leaks.Needle]) -> bool:
    return bool(leaks.leaked([(name, data)], wanted))


def test_every_private_file_is_found_however_it_is_written(
    files: dict[str, bytes], wanted: list[leaks.Needle]
) -> None:
    for key, data in files.items():
        if key.endswith(PUBLIC) or key.endswith("token-webhook.kubeconfig"):
            continue
        written = {
            "as it is": data,
            "in JSON": json.dumps({"content": data.decode()}).encode(),
            "in base64": base64.b64encode(data),
            "in base64 behind something": base64.b64encode(b"x" + data),
            "in hex": data.hex().encode(),
        }
        for how, text in written.items():
            assert found(key, text, wanted), f"{key} {how}"


def test_what_is_public_is_none(files: dict[str, bytes], wanted: list[leaks.Needle]) -> None:
    for key, data in files.items():
        if key.endswith(PUBLIC):
            assert not found(key, data, wanted), key
            assert not found(key, base64.b64encode(data), wanted), key


def test_an_archive_is_looked_into(
    files: dict[str, bytes], wanted: list[leaks.Needle], tmp_path: Path
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tfplan", b"nothing")
        archive.writestr("tfstate", files["locked/etcd-ca.key"])
    path = tmp_path / "cluster.tfplan"
    path.write_bytes(packed.getvalue())
    assert leaks.leaked(leaks.contents(path), wanted) == [f"locked/etcd-ca.key in {path}:tfstate"]
    assert list(leaks.contents(tmp_path / "absent")) == []


@given(st.binary(max_size=40), st.binary(min_size=16, max_size=80), st.binary(max_size=40))
def test_a_value_is_found_wherever_it_begins_in_base64(before: bytes, value: bytes, after: bytes) -> None:
    wanted = leaks.needles({}, {"a token": value.hex()})
    text = value.hex().encode()
    for data in (before + text + after, base64.b64encode(before + text + after)):
        assert leaks.leaked([("a log", data)], wanted) == ["a token in a log"]
