"""Where things lie on this computer: the checkout, the environments, the state."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Mapping

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True, slots=True)
class EnvironmentFolders:
    """The private folders of one environment below the state folder."""

    root: Path

    @property
    def work(self) -> Path:
        """The assembled Terraform roots."""
        return self.root / "work"

    @property
    def reading(self) -> Path:
        """The roots once more, for Terraform's commands that only read: a run beside them is not disturbed."""
        return self.root / "reading"

    @property
    def runs(self) -> Path:
        """One folder a run: its journal and its plans."""
        return self.root / "runs"

    @property
    def secrets(self) -> Path:
        """The working copy of the secrets bucket."""
        return self.root / "secrets"

    @property
    def ssh(self) -> Path:
        """Known host keys, and what `ssh-config` writes."""
        return self.root / "ssh"


@dataclass(frozen=True, slots=True)
class Workplace:
    """Folders that everything else is found in. The checkout's `terraform` folder is never written to."""

    environments: Path
    terraform: Path
    state: Path
    cache: Path
    config: Path
    config_d: Path | None = None
    """The user's own Terraform files, merged into the cluster root."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Workplace:
        """The workplace of this checkout and this user.

        `XDG_STATE_HOME`, `XDG_CACHE_HOME` and `XDG_CONFIG_HOME` are respected (XDG Base Directory Specification 0.8:
        a relative path in them is ignored); `KUBEPLAT_ENVIRONMENTS` names another folder of environment files,
        `KUBEPLAT_CONFIG_D` another one of the user's own Terraform files.
        """
        environ = os.environ if environ is None else environ
        checkout = Path(__file__).resolve().parents[2]
        home = Path(environ.get("HOME") or Path.home())

        def xdg(name: str, fallback: Path) -> Path:
            named = Path(environ.get(name, ""))
            return (named if named.is_absolute() else fallback) / "kubeplat"

        named = environ.get("KUBEPLAT_ENVIRONMENTS")
        config = xdg("XDG_CONFIG_HOME", home / ".config")
        config_d = config / "config.d"
        own = environ.get("KUBEPLAT_CONFIG_D")
        return cls(
            environments=Path(named).absolute() if named else checkout / "environments",
            terraform=checkout / "terraform",
            state=xdg("XDG_STATE_HOME", home / ".local" / "state"),
            cache=xdg("XDG_CACHE_HOME", home / ".cache"),
            config=config,
            config_d=Path(own).absolute() if own else config_d if config_d.is_dir() else None,
        )

    def folders(self, environment: str) -> EnvironmentFolders:
        """The private folders of `environment` (not created)."""
        return EnvironmentFolders(self.state / environment)


def private_folder(path: Path) -> Path:
    """Make `path` (and its parents) readable by its owner only, and return it."""
    try:
        # `parents=True` would give the parents the umask's mode.
        for folder in () if path.is_dir() else reversed([path, *path.parents]):
            if not folder.exists():
                folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        if path.stat().st_mode & 0o077:
            path.chmod(PRIVATE_FOLDER)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def write_private(path: Path, data: bytes) -> None:
    """Write `data` to `path` in one step, readable by its owner only: the old content or the new, never half."""
    private_folder(path.parent)
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> KubeplatError:
    """The sentence for a file or folder that could not be written: a full disk, a wrong owner."""
    return KubeplatError(
        f"{path} could not be written.",
        why=f"{error.strerror or error}.",
        todo="Make room or give yourself the right to write there, then try again; what was there is unchanged.",
    )
