"""Terraform's CLI configuration: the user's own, or ours, which names an unpacked provider mirror.

Source: Terraform's documentation, "CLI Configuration File": provider_installation, plugin_cache_dir, and
"Implied Local Mirror Directories".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.terraform.binary import system
from kubeplat_tui.services.workplace import private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLE = "TF_CLI_CONFIG_FILE"
PROVIDER = "registry.terraform.io/hashicorp/aws"
PROVIDER_VERSION = "5.100.0"
"""The version that the lock files of the Terraform roots hold."""


@dataclass(frozen=True, slots=True)
class CliConfiguration:
    """Which CLI configuration Terraform is to read."""

    path: Path
    mirror: Path | None
    """The mirror that `path` names; None when providers come from the registry or the file is the user's."""
    own: bool
    """The file was written by kubeplat; False: it is the user's."""

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """`environ` for a Terraform child: `TF_CLI_CONFIG_FILE` set to our file, or as the user has it.

        A variable that names a missing file is dropped: Terraform would warn about it in every command.
        """
        child = {key: value for key, value in environ.items() if key != VARIABLE}
        if self.own:
            child[VARIABLE] = str(self.path)
        elif named_config(environ) is not None:
            child[VARIABLE] = environ[VARIABLE]
        return child


def prepare(
    folder: Path, environ: Mapping[str, str], home: Path, *, root: Path = Path("/")
) -> CliConfiguration:
    """The CLI configuration for this user: theirs where they have one, else one written into `folder`.

    `root` is where `usr` and `opt` are looked for. KubeplatError when `folder` cannot be written.
    """
    users = user_config(environ, home)
    if users is not None:
        return CliConfiguration(users, None, own=False)
    mirror = find_mirror(environ, home, root=root)
    return CliConfiguration(write_cli_config(folder, mirror), mirror, own=True)


def named_config(environ: Mapping[str, str]) -> Path | None:
    """The file that `TF_CLI_CONFIG_FILE` names, where it exists."""
    named = environ.get(VARIABLE)
    return Path(named) if named and Path(named).is_file() else None


def user_config(environ: Mapping[str, str], home: Path) -> Path | None:
    """The CLI configuration that the user made and Terraform would read by itself; None when there is none.

    `credentials.tfrc.json`, which `terraform login` writes, says nothing about providers and does not count.
    """
    named = named_config(environ)
    if named is not None:
        return named
    folder = home / ".terraform.d"
    candidates = [home / ".terraformrc", *sorted(folder.glob("*.tfrc")), *sorted(folder.glob("*.tfrc.json"))]
    return next(
        (path for path in candidates if path.is_file() and path.name != "credentials.tfrc.json"), None
    )


def find_mirror(environ: Mapping[str, str], home: Path, *, root: Path = Path("/")) -> Path | None:
    """A folder with the pinned AWS provider unpacked for this computer, in the usual places.

    None when there is none, or when the user has a CLI configuration: it says where providers come from.
    """
    if user_config(environ, home) is not None:
        return None
    return next((place for place in _places(home, root) if _holds_provider(place)), None)


def write_cli_config(folder: Path, mirror: Path | None) -> Path:
    """Write `terraform.tfrc` into `folder`, private, and return its path.

    With a mirror the AWS provider comes from there and everything else from its registry; without one, what
    the registry gives is kept in `folder/providers`, so that each provider is downloaded once.
    """
    if mirror is None:
        lines = [f"plugin_cache_dir = {json.dumps(str(private_folder(folder / 'providers')))}"]
    else:
        lines = [
            "provider_installation {",
            "  filesystem_mirror {",
            f"    path    = {json.dumps(str(mirror))}",
            f'    include = ["{PROVIDER}"]',
            "  }",
            "  direct {",
            f'    exclude = ["{PROVIDER}"]',
            "  }",
            "}",
        ]
    path = folder / "terraform.tfrc"
    content = ("\n".join([*lines, "disable_checkpoint = true"]) + "\n").encode()
    if not path.is_file() or path.read_bytes() != content:
        write_private(path, content)
    return path


def _places(home: Path, root: Path) -> Iterator[Path]:
    yield home / ".terraform.d" / "plugins"
    yield root / "usr" / "share" / "terraform" / "plugins"
    yield root / "usr" / "local" / "share" / "terraform" / "plugins"
    yield from sorted((root / "opt").glob("*/"))


def _holds_provider(place: Path) -> bool:
    folder = place / PROVIDER / PROVIDER_VERSION / system()
    return any(folder.glob(f"terraform-provider-aws_v{PROVIDER_VERSION}*"))
