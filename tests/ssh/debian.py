"""Programs the tests need, from this computer, else from Debian's packages: unpacked into a cache, never installed.

Sources: apt-get(8) (`install --download-only`, `Dir::…` of apt.conf(5)), dpkg-deb(1). Nothing of apt's own state is
touched, and no root is needed for it.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import subprocess
from pathlib import Path

SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
"""`ip` and `sshd` are not on an ordinary user's PATH."""

PACKAGES = {
    "ip": "iproute2",
    "sshd": "openssh-server",
    "rsync": "rsync",
    "nsenter": "util-linux",
    "unshare": "util-linux",
}
"""Which package has a program; the others are in `openssh-client`."""

LIBRARIES = ("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*", "usr/lib/*-linux-gnu*/systemd")
FOLDERS = ("usr/sbin", "sbin", "usr/bin", "bin")


class MissingProgramError(Exception):
    """A program that is neither here nor could be fetched; says why."""


def program(name: str, path: str = SYSTEM_PATH, cache: Path | None = None) -> Path:
    """Where `name` is: on `path`, else below `cache`, fetched into it where it is not there yet.

    A fetched one is a script that starts it with its own libraries. Raises `MissingProgramError`.
    """
    found = shutil.which(name, path=path)
    if found:
        return Path(found)
    cache = cache or _cache()
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other workers of the same run wait for the one that fetches
        wrapper = cache / "bin" / name
        if not wrapper.exists():
            package = PACKAGES.get(name, "openssh-client")
            root = _unpacked(package, cache)
            _write_wrapper(wrapper, _inside(root, name, package), root)
        return wrapper


def root_of(name: Path) -> Path | None:
    """The unpacked root behind a fetched program, as `program` gave it; None for one of this computer's own."""
    root = name.parent.parent / PACKAGES.get(name.name, "openssh-client")
    return root if (root / "complete").exists() else None


def _cache() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "kubeplat" / "test-programs"


def _unpacked(package: str, cache: Path) -> Path:
    """The package and whatever it needs that this computer lacks, unpacked below `cache`."""
    root = cache / package
    if (root / "complete").exists():
        return root
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for archive in _downloaded(package, cache):
        _run(["dpkg-deb", "--extract", str(archive), str(root)])
    (root / "complete").touch()
    return root


def _downloaded(package: str, cache: Path) -> list[Path]:
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise MissingProgramError(
            f"{package} is not installed, and there is no apt-get here to fetch it with"
        )
    state, archives = cache / "apt", cache / "apt" / package
    for folder in (state / "lists" / "partial", archives / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    options = [
        f"Dir::State::lists={state / 'lists'}",
        f"Dir::Cache={state}",
        f"Dir::Cache::archives={archives}",
        f"Dir::Log={state}",
        "Debug::NoLocking=true",
        "APT::Sandbox::User=",  # root's apt would give its files away to a user who cannot reach the cache
        "APT::Install-Recommends=false",
        "Acquire::Retries=3",
    ]
    apt = ["apt-get", "-q", *(f"-o{option}" for option in options)]
    install = [*apt, "install", "--download-only", "--reinstall", "--yes", package]
    try:
        _run([*apt, "update"])
        _run(install)
    except MissingProgramError as error:
        raise MissingProgramError(f"{package} is not installed and could not be fetched: {error}") from error
    return sorted(archives.glob("*.deb"))


def _inside(root: Path, name: str, package: str) -> Path:
    for folder in FOLDERS:
        found = root / folder / name
        if found.is_file() and not found.is_symlink():  # /sbin/ip of Debian leads out of the unpacked root
            return found
    raise MissingProgramError(f"Debian's package {package} holds no {name}")


def _write_wrapper(wrapper: Path, program_file: Path, root: Path) -> None:
    libraries = ":".join(str(folder) for pattern in LIBRARIES for folder in sorted(root.glob(pattern)))
    wrapper.parent.mkdir(exist_ok=True)
    wrapper.write_text(
        f'#!/bin/sh\nLD_LIBRARY_PATH={shlex.quote(libraries)} exec {shlex.quote(str(program_file))} "$@"\n'
    )
    wrapper.chmod(0o700)


def _run(command: list[str]) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": SYSTEM_PATH}
    done = subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise MissingProgramError(f"{command[0]}: {lines[-1]}")
