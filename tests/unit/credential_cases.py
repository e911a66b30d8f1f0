"""An account with its shared files, its STS and its keyring, for tests of credentials."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.credentials.cloud_credentials import CloudCredentials
from kubeplat_tui.services.credentials.keys import Wanted
from tests.unit import keyrings
from tests.unit.sts_server import KEY_ID, SECRET, StsServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kubeplat_tui.services.credentials.model import CredentialsStatus, MfaQuestion
    from tests.unit.sts_server import Rules

REGION = "eu-west-2"
KEYS = f"aws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"


@dataclass
class Codes:
    """A person who types these codes, one after the other, and then nothing."""

    typed: list[str]
    questions: list[MfaQuestion] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def mfa_code(self, question: MfaQuestion) -> str:
        self.questions.append(question)
        self.before()
        return self.typed.pop(0) if self.typed else ""


@dataclass
class Account:
    """The account, as a computer sees it."""

    server: StsServer
    home: Path
    keyring: keyrings.MemoryKeyring
    codes: Codes | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def rules(self) -> Rules:
        return self.server.rules

    def write(self, config: str = "", credentials: str = "") -> None:
        """Write the shared files."""
        folder = self.home / ".aws"
        folder.mkdir(exist_ok=True)
        (folder / "config").write_text(config)
        (folder / "credentials").write_text(credentials)

    def credentials(
        self,
        profile: str | None = "work",
        *,
        role: str = "",
        serial: str = "",
        typed: list[str] | None = None,
    ) -> CloudCredentials:
        """The credentials of an environment; `typed` are the codes that a person will give, None: nobody is there."""
        self.codes = Codes(typed) if typed is not None else None
        codes = self.codes
        return CloudCredentials(Wanted(profile, role, serial), REGION, lambda: codes)

    def cloud(self, credentials: CloudCredentials, region: str = REGION) -> Cloud:
        """A cloud with those credentials."""
        return Cloud(region, credentials.wanted.profile, credentials=credentials)

    def status(self, profile: str | None = "work", **wanted: str) -> CredentialsStatus:
        """What is said without asking anybody."""
        return self.credentials(profile, **wanted).status()  # type: ignore[arg-type]  # role and serial only


@pytest.fixture(scope="module")
def sts_server() -> Iterator[StsServer]:
    """The server; one a module."""
    server = StsServer()
    yield server
    server.close()


@pytest.fixture
def account(sts_server: StsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """A computer without any AWS settings, whose AWS is the server's."""
    from tests.unit.sts_server import Rules

    sts_server.rules = Rules()
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", sts_server.endpoint)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    memory = keyrings.MemoryKeyring()
    with keyrings.using(memory):
        yield Account(sts_server, tmp_path, memory)
