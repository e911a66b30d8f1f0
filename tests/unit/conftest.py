"""What several unit tests stand on."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
from botocore.loaders import JSONFileLoader

from tests.unit.fake_terraform import FakeTerraform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@functools.cache
def _read(full_path: str, open_method: Any) -> Any:
    return _read_anew(JSONFileLoader(), full_path, open_method)


# Each session of boto3 reads the descriptions of AWS's services again; here hundreds of sessions are made. That of S3
# is changed by a client that is made of it, so each gets its own.
_read_anew = JSONFileLoader._load_file  # type: ignore[attr-defined]  # its types leave it out
JSONFileLoader._load_file = lambda own, path, open_method: (  # type: ignore[attr-defined]
    _read_anew(own, path, open_method) if "/s3" in path else _read(path, open_method)
)


@pytest.fixture
def in_process_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """AWS simulated in this process, corrected as in the sandbox, empty; an empty HOME."""
    from moto import mock_aws

    from kubeplat_tui.sandbox import corrections

    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "TF_CLI_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("HOME", str(tmp_path))
    corrections.apply_all()
    with mock_aws():
        yield


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTerraform:
    """A Terraform that does nothing yet, and is the one that pipelines find."""
    fake = FakeTerraform.install(tmp_path / "bin")
    monkeypatch.setenv("KUBEPLAT_TERRAFORM", str(fake.program))
    return fake
