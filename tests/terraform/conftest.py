"""A copy of the Terraform tree to work in, and a provider to work with."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2] / "terraform"

Terraform = Callable[..., subprocess.CompletedProcess[str]]


def _mirrors() -> Iterator[Path]:
    """Places where an unpacked mirror of the registry is usually kept."""
    yield Path.home() / ".terraform.d" / "plugins"
    yield Path("/usr/share/terraform/plugins")
    yield Path("/usr/local/share/terraform/plugins")
    yield from sorted(Path("/opt").glob("*/"))


def _cli_config(folder: Path) -> Path | None:
    """The user's own configuration if it is there, otherwise one for the first mirror found."""
    own = os.environ.get("TF_CLI_CONFIG_FILE")
    if own and Path(own).is_file():
        return Path(own)
    wanted = Path("registry.terraform.io") / "hashicorp" / "aws"
    mirror = next((place for place in _mirrors() if (place / wanted).is_dir()), None)
    if mirror is None:
        return None
    written = folder / "terraform.rc"
    written.write_text(
        f"""provider_installation {{
  filesystem_mirror {{
    path    = "{mirror}"
    include = ["{wanted}"]
  }}
  direct {{
    exclude = ["{wanted}"]
  }}
}}
""",
        encoding="utf-8",
    )
    return written


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Run terraform in a folder of a copy of the tree, so that the checkout stays as it is."""
    program = shutil.which("terraform")
    if program is None:
        pytest.skip("terraform is not on the PATH")
    folder = tmp_path_factory.mktemp("terraform")
    tree = folder / "terraform"
    shutil.copytree(TREE, tree, symlinks=True, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
    # Nothing of the caller's: credentials would be tried, variables and arguments would change the answers.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
    environment["TF_IN_AUTOMATION"] = "1"
    config = _cli_config(folder)
    if config is not None:
        environment["TF_CLI_CONFIG_FILE"] = str(config)

    def run(place: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments],
            cwd=tree / place,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )

    return run


@pytest.fixture(scope="session")
def initialised(terraform: Terraform) -> Terraform:
    """The same, once both roots have their provider."""
    for root in ("foundation", "cluster"):
        done = terraform(root, "init", "-backend=false", "-input=false", "-lockfile=readonly", "-no-color")
        if done.returncode:
            pytest.skip(f"no AWS provider, neither in a mirror nor from the registry: {done.stderr[-500:]}")
    return terraform
