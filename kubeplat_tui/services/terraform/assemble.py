"""Assembles the working folder of the Terraform roots: the checkout's files, the user's own, backend and
variables.

The checkout is only read. In the working folder only what differs is written and what vanished is removed,
so that Terraform's own `.terraform` stays and `init` is cheap.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services import config_d
from kubeplat_tui.services.config_d import ConfigD, Origins
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.events import Root
from kubeplat_tui.services.terraform.configuration_files import LOCK_FILE, configuration_files
from kubeplat_tui.services.workplace import cannot_write, private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kubeplat_tui.services.adopt import Import
    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.workplace import Workplace

SHARED = ("modules", "node")
"""Folders beside the roots that they read."""

VARIABLES = "kubeplat.auto.tfvars.json"
BACKEND = "backend.tf"
ERRORED_STATE = "errored.tfstate"
"""Where Terraform leaves a state that it could not save: the only copy, so it is never removed here."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a root's state is: an object in a bucket, or (bucket "") the file `key` on this computer."""

    key: str
    bucket: str = ""
    region: str = ""
    kms_key_arn: str = ""


@dataclass(frozen=True, slots=True)
class BlockName:
    """A resource or data source of a root; `argument` is what a data source looks its object up by."""

    type: str
    name: str
    argument: str = ""


MASTER_KEY = BlockName("aws_kms_key", "master", "key_id")
SECRETS_BUCKET = BlockName("aws_s3_bucket", "secrets", "bucket")
KEY_PAIR = BlockName("aws_key_pair", "environment", "key_name")


@dataclass(frozen=True, slots=True)
class RootSettings:
    """What one root gets besides its files."""

    variables: Mapping[str, Value] = field(repr=False)
    backend: Backend
    may_destroy: bool = False
    """Lift `prevent_destroy`, for a confirmed cleanup."""
    pending: tuple[BlockName, ...] = ()
    """Data sources whose objects an earlier step of the first run makes: for a plan that is only looked
    at.
    """
    imports: tuple[Import, ...] = ()
    """What exists already and is taken into the state."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """The files of the working folder by their path in it (`cluster/main.tf`)."""

    files: Mapping[str, bytes] = field(repr=False)
    origins: Origins = field(default_factory=lambda: Origins({}))
    """What of the cluster the user's own files declare."""

    def digest(self, root: Root) -> str:
        """SHA-256 over everything `root` is planned from: its own files, the shared ones, variables and
        backend.
        """
        total = hashlib.sha256()
        for path in sorted(self.files):
            if path.split("/", 1)[0] in {root, *SHARED}:
                total.update(f"{path}\0{hashlib.sha256(self.files[path]).hexdigest()}\n".encode())
        return total.hexdigest()

    def protected(self, root: Root) -> list[BlockName]:
        """The resources of `root` (not of its modules) that have `prevent_destroy = true`."""
        return _protected(self.files, root)

    def configuration_digest(self, root: Root) -> str:
        """SHA-256 of what `terraform init` looks at: all of `digest` but the values of variables."""
        files = {path: data for path, data in self.files.items() if not path.endswith(VARIABLES)}
        return Assembly(files).digest(root)

    def write(self, work: Path) -> None:
        """Bring the folder `work` to these files. Raises `KubeplatError` where it cannot be written."""
        private_folder(work)
        try:
            for path in _present(work):
                if path.relative_to(work).as_posix() not in self.files and path.name != ERRORED_STATE:
                    path.unlink()
            _remove_empty_folders(work)
        except OSError as error:
            raise cannot_write(work, error) from error
        for name, data in self.files.items():
            path = work / name
            if not path.is_file() or path.read_bytes() != data:
                write_private(path, data)


def assemble(
    workplace: Workplace,
    roots: Mapping[Root, RootSettings],
    environment: str = "",
    known_providers: Collection[str] = (),
) -> Assembly:
    """The working folder for `roots`, with the user's own files for `environment`.

    `known_providers` are those that the cluster's state needs. Raises `InputError` where a file of the user's has the
    name of one of ours, declares what is declared already, or needs a provider that is not locked.
    """
    files: dict[str, bytes] = {}
    for folder in (*SHARED, *roots):
        files.update(
            {f"{folder}/{name}": data for name, data in configuration_files(workplace.terraform / folder)}
        )
    for root, settings in roots.items():
        for name, text in _generated(files, root, settings).items():
            files[f"{root}/{name}"] = text.encode()
    if Root.CLUSTER not in roots:
        return Assembly(files)
    own = config_d.read(workplace.config_d, environment)
    _merge_users(files, own, workplace.terraform)
    lock = f"{Root.CLUSTER}/{LOCK_FILE}"
    if lock in files:
        files[lock] = config_d.lock_file(own, files[lock], known_providers)
    return Assembly(files, Origins.of(own))


def _merge_users(files: dict[str, bytes], own: ConfigD, terraform: Path) -> None:
    ours = {path: data for path, data in files.items() if _is_declaring(path)}
    config_d.check_names(own, ours)
    for file in own.files:
        path = f"{Root.CLUSTER}/{file.target}"
        if path in files:
            theirs = terraform / path
            other = f"{theirs}" if theirs.exists() else f"the {file.target} that kubeplat writes"
            raise InputError(
                f"{file.path} has the name of {other}.",
                todo=f"Give {file.path} another name: both belong to one root.",
            )
        files[path] = file.data


def _is_declaring(path: str) -> bool:
    """Whether a file of the cluster root declares something; an override file only changes what others do."""
    folder, _, name = path.rpartition("/")
    return folder == Root.CLUSTER and name.endswith(".tf") and not name.endswith("_override.tf")


STAND_IN = "terraform_data.kubeplat_pending"
"""The resource that the template `first_plan.tf.j2` adds; no plan for people shows it."""


def _generated(files: Mapping[str, bytes], root: Root, settings: RootSettings) -> dict[str, str]:
    generated = {
        BACKEND: _render("backend.tf.j2", backend=settings.backend),
        VARIABLES: json.dumps(dict(settings.variables), indent=2, sort_keys=True) + "\n",
    }
    if settings.may_destroy:
        generated["kubeplat_destroy_override.tf"] = _render(
            "destroy_override.tf.j2", resources=_protected(files, root)
        )
    if settings.pending:
        generated["kubeplat_first_plan.tf"] = _render("first_plan.tf.j2")
        generated["kubeplat_first_plan_override.tf"] = _render(
            "first_plan_override.tf.j2", pending=settings.pending
        )
    if settings.imports:
        generated["kubeplat_import.tf"] = _render("import.tf.j2", imports=settings.imports)
    return generated


def _protected(files: Mapping[str, bytes], root: Root) -> list[BlockName]:
    """The resources of `root` (not of its modules) that have `prevent_destroy = true`."""
    from kubeplat_tui.services.hcl.document import Document

    found = []
    for path, data in files.items():
        folder, _, name = path.rpartition("/")
        if folder != root or not name.endswith(".tf"):
            continue
        for block in Document.parse(data, name).blocks:
            guards = [one.attribute("prevent_destroy") for one in block.blocks if one.type == "lifecycle"]
            if block.type == "resource" and any(
                guard is not None and guard.value is True for guard in guards
            ):
                found.append(BlockName(*block.labels))
    return found


def _present(work: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, names in os.walk(work):
        folders[:] = [name for name in folders if name != ".terraform"]
        found.extend(Path(place) / name for name in names)
    return found


def _remove_empty_folders(work: Path) -> None:
    for place, folders, names in os.walk(work, topdown=False):
        path = Path(place)
        if not names and not folders and path != work and ".terraform" not in path.parts:
            path.rmdir()


def _render(template: str, **values: object) -> str:
    import jinja2

    loader = jinja2.FileSystemLoader(Path(__file__).parents[2] / "templates")
    environment = jinja2.Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the output is HCL, which the filter `hcl` quotes
    )
    environment.filters["hcl"] = quoted
    return environment.get_template(template).render(**values)


def quoted(text: str) -> str:
    """`text` as an HCL string without templates in it (Terraform language, "Strings and Templates")."""
    # HCL knows \n, \r, \t, \", \\ and \uNNNN; JSON's other two escapes are written as the last.
    plain = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    escaped = re.sub(r"\\\\|\\[bf]", lambda match: SHORT.get(match[0], match[0]), plain)
    return escaped.replace("${", "$${").replace("%{", "%%{")


SHORT = {"\\b": "\\u0008", "\\f": "\\u000c"}


def state_key(region: str, environment: str, root: Root) -> str:
    """The key of a root's state in the state bucket."""
    return f"{region}/{environment}/{root}.tfstate"


def roots_of(settings: Mapping[Root, RootSettings]) -> Sequence[Root]:
    """The roots in the order in which they are built."""
    return [root for root in Root if root in settings]
