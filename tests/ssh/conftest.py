"""One farm of SSH servers for a worker's tests, and an environment whose machines they are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.ssh.debian import MissingProgramError
from tests.ssh.driving import Place
from tests.ssh.farm import Farm
from tests.ssh.namespaces import NoNamespacesError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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


@pytest.fixture
def place(farm: Farm, tmp_path: Path) -> Iterator[Place]:
    """An environment on the farm, fresh: no host is known. The farm is as it was made, and is so again afterwards."""
    made = Place.on(farm, tmp_path)
    yield made
    made.close()
