"""One farm of SSH servers for a worker's tests, and an environment whose machines they are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.ssh.debian import MissingProgramError
from tests.ssh.farm import Farm
from tests.ssh.namespaces import NoNamespacesError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """The farm. Where this computer cannot make one, its tests say why; in CI that is a failure."""
    try:
        made = Farm(tmp_path_factory.mktemp("farm"))
    except (MissingProgramError, NoNamespacesError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no OpenSSH servers in network namespaces here: {error}")
    yield made
    made.close()
