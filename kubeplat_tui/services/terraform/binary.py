"""The Terraform that builds: the one the user names, one on PATH, or a pinned one, fetched and verified."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPException
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.workplace import cannot_write, private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Progress = Callable[[int, int], None]
    """Called with the bytes received so far and the bytes expected (0: not known)."""

Version = tuple[int, int, int]

NAMED_BY = "KUBEPLAT_TERRAFORM"
MINIMUM: Version = (1, 11, 0)
"""The first Terraform whose S3 backend locks without DynamoDB as a settled feature (1.11 release notes)."""

PINNED: Version = (1, 11, 4)
RELEASES = "https://releases.hashicorp.com/terraform"
CHECKSUMS = {
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
}
"""SHA-256 of the zip of the pinned version, by system: the project's own SHA256SUMS file."""

SOCKET_SECONDS = 30
VERSION_SECONDS = 60
CHUNK = 1 << 18
LARGEST_ZIP = 200 << 20
"""No Terraform zip is near this size; a server that never stops sending is cut off here."""


class Product(StrEnum):
    """Which of the two programs a binary is."""

    TERRAFORM = "Terraform"
    OPENTOFU = "OpenTofu"


@dataclass(frozen=True, slots=True)
class TerraformBinary:
    """A Terraform (or OpenTofu) that has answered with a version that is new enough."""

    path: Path
    version: Version
    product: Product

    def __str__(self) -> str:
        return f"{self.product} {dotted(self.version)}"


def dotted(version: Version) -> str:
    """`(1, 11, 4)` as `1.11.4`."""
    return ".".join(str(part) for part in version)


def system() -> str:
    """This computer as Terraform's releases name it, such as `linux_amd64`."""
    machine = platform.machine().lower()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{platform.system().lower()}_{machine}"


def cached_path(cache: Path) -> Path:
    """Where the fetched Terraform lies (or would lie) below the cache folder."""
    return cache / "terraform" / dotted(PINNED) / "terraform"


def find(
    cache: Path, environ: Mapping[str, str] | None = None, minimum: Version = MINIMUM
) -> TerraformBinary | None:
    """The Terraform to use: `KUBEPLAT_TERRAFORM`, then `terraform` on PATH, then the one fetched earlier.

    None: there is none, and `fetch` may bring it. InputError: the first one found does not run or is too old;
    the others are then not tried, because silently using another Terraform than the user's would surprise.
    """
    environ = os.environ if environ is None else environ
    search = environ.get("PATH", os.defpath)
    named = environ.get(NAMED_BY)
    if named:
        located = shutil.which(Path(named).expanduser(), path=search)
        if located is None:
            raise InputError(
                f"{NAMED_BY} names {named}, which is not a program.",
                todo="Name a terraform or tofu binary, or remove the variable.",
            )
    else:
        located = shutil.which("terraform", path=search)
    if located is not None:
        path = Path(located).absolute()
    elif os.access(cached_path(cache), os.X_OK):
        path = cached_path(cache)
    else:
        return None
    return _examined(path, environ, minimum)


def find_or_fetch(
    cache: Path, environ: Mapping[str, str] | None = None, progress: Progress | None = None
) -> TerraformBinary:
    """What `find` finds, else the pinned Terraform after fetching it (see both for the errors)."""
    return find(cache, environ) or fetch(cache, progress)


def fetch(
    cache: Path,
    progress: Progress | None = None,
    *,
    base_url: str = RELEASES,
    checksums: Mapping[str, str] = CHECKSUMS,
) -> TerraformBinary:
    """Download the pinned Terraform into the cache, verified before it is unpacked.

    Proxies come from the environment and TLS certificates are verified, as urllib does by itself. InputError:
    no release for this computer, or the server cannot be reached. KubeplatError: what came is not what is
    pinned, or it cannot be written; nothing is kept then.
    """
    name = system()
    checksum = checksums.get(name)
    if checksum is None:
        raise InputError(
            f"Terraform is missing, and no pinned release of it fits this computer ({name}).",
            todo=f"Install Terraform {dotted(MINIMUM)} or newer on PATH, or name it in {NAMED_BY}.",
        )
    url = f"{base_url}/{dotted(PINNED)}/terraform_{dotted(PINNED)}_{name}.zip"
    destination = cached_path(cache)
    private_folder(destination.parent)
    try:
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=destination.parent) as folder:
            archive = Path(folder) / "terraform.zip"
            _download(url, archive, progress, checksum=checksum, destination=destination)
            _verify(archive, url, checksum)
            _unpack(archive, destination)
    except OSError as error:
        raise cannot_write(destination, error) from error
    return TerraformBinary(destination, PINNED, Product.TERRAFORM)


def _examined(path: Path, environ: Mapping[str, str], minimum: Version) -> TerraformBinary:
    version = _version(path, environ)
    product = Product.OPENTOFU if "tofu" in path.resolve().name else Product.TERRAFORM
    if version < minimum:
        raise InputError(
            f"{path} is {product} {dotted(version)}, but {dotted(minimum)} or newer is needed.",
            todo=f"Update it, or name a newer terraform or tofu binary in {NAMED_BY}.",
        )
    return TerraformBinary(path, version, product)


def _version(path: Path, environ: Mapping[str, str]) -> Version:
    """Ask the binary for its version. InputError when it does not run or does not answer with one."""
    # Terraform would ask the internet for news, and take arguments and settings meant for other commands.
    unwanted = ("TF_CLI_ARGS", "TF_CLI_ARGS_version", "TF_CLI_CONFIG_FILE", "TF_LOG")
    quiet = {key: value for key, value in environ.items() if key not in unwanted} | {
        "CHECKPOINT_DISABLE": "1"
    }
    try:
        answer = subprocess.run(  # noqa: S603 - an argument list, and the binary is the user's own choice
            [str(path), "version", "-json"],
            env=quiet,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERSION_SECONDS,
            check=True,
        )
        return _parsed_version(answer.stdout)
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout or "").strip().splitlines()
        why = f"It ended with status {error.returncode}" + (f": {lines[0].strip()}" if lines else ".")
    except subprocess.TimeoutExpired:
        why = f"It did not answer within {VERSION_SECONDS} seconds."
    except OSError as error:
        why = f"{error.strerror or error}."
    except ValueError:
        why = "Its answer to `version -json` is not Terraform's."
    raise InputError(
        f"{path} cannot be used as Terraform.",
        why=why,
        todo=f"Repair it, or name another terraform or tofu binary in {NAMED_BY}.",
    )


def _parsed_version(text: str) -> Version:
    """The version in the output of `version -json` (OpenTofu uses the same key). ValueError when absent."""
    answer = json.loads(text)
    told = answer.get("terraform_version") if isinstance(answer, dict) else None
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", told) if isinstance(told, str) else None
    if match is None:
        raise ValueError(text)
    major, minor, patch = (int(part) for part in match.groups())
    return major, minor, patch


def _download(
    url: str, archive: Path, progress: Progress | None, *, checksum: str, destination: Path
) -> None:
    with archive.open("wb", buffering=0) as file:
        try:
            with urllib.request.urlopen(  # noqa: S310 - the address is a constant of this module, https
                url, timeout=SOCKET_SECONDS, context=ssl.create_default_context()
            ) as response:
                expected = int(response.headers.get("Content-Length") or 0)
                received = _copy(response, file, expected, progress, destination)
        except urllib.error.HTTPError as error:
            why = f"The server answered {error.code} {error.reason}."
            error.close()
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            why = f"{getattr(reason, 'strerror', None) or reason or type(reason).__name__}."
        else:
            if received >= expected:
                return
            why = f"The download ended after {received:,} of {expected:,} bytes."
    raise InputError(
        f"Terraform is missing, and {url} could not be downloaded.",
        why=why,
        todo=(
            f"Try again when the network is back; or download that file elsewhere (SHA-256 {checksum}) and "
            f"unpack its `terraform` to {destination}; or install Terraform {dotted(MINIMUM)} or newer "
            f"on PATH, or name one in {NAMED_BY}."
        ),
    )


def _copy(
    response: IO[bytes], file: IO[bytes], expected: int, progress: Progress | None, destination: Path
) -> int:
    received = 0
    while received < LARGEST_ZIP and (block := response.read(CHUNK)):
        try:
            file.write(block)
        except OSError as error:  # a full disk is no fault of the network
            raise cannot_write(destination, error) from error
        received += len(block)
        if progress is not None:
            progress(received, expected)
    return received


def _verify(archive: Path, url: str, checksum: str) -> None:
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != checksum:
        raise KubeplatError(
            f"What {url} sent is not the pinned Terraform; it was deleted unopened.",
            why=f"Its SHA-256 is {found}, and {checksum} is pinned.",
            todo="A proxy may have replaced it: try on another network, or install Terraform yourself "
            f"and name it in {NAMED_BY}.",
        )


def _unpack(archive: Path, destination: Path) -> None:
    """Put the zip's `terraform` in place in one step, executable."""
    unpacked = archive.with_name("terraform")
    try:
        with (
            zipfile.ZipFile(archive) as content,
            content.open("terraform") as source,
            unpacked.open("wb") as target,
        ):
            shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, KeyError) as error:
        raise KubeplatError(
            "The pinned Terraform zip has no `terraform` in it.",
            todo=f"Name another Terraform in {NAMED_BY}.",
        ) from error
    unpacked.chmod(0o755)
    unpacked.replace(destination)
