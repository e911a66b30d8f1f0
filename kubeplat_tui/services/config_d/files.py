"""Reads config.d: which of its files belong to the cluster root, and which to modules that they call.

A file `a.tf` of the folder, or of a folder in it that is only for order, belongs to the root. A folder is a module
where a `module` block names it (`source = "./monitoring"`), or where it lies below a folder called `modules`.
`environments/NAME/` holds what only that environment gets, as if it lay in config.d itself.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.hcl.document import parsed
from kubeplat_tui.services.terraform.configuration_files import LOCK_FILE, configuration_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kubeplat_tui.services.hcl.document import Document

ENVIRONMENTS = "environments"
MODULES = "modules"
HEADING = "config.d: "
VALUE_FILES = (".tfvars", ".tfvars.json")
OVERRIDES = ("override.tf", "override.tf.json")
LOCAL = ("./", "../")
"""What the source of a module on this computer begins with (Terraform, "Module Sources")."""


@dataclass(frozen=True, slots=True)
class UserFile:
    """One file. `label` is its path in config.d, `target` the one in the cluster's working folder."""

    path: Path
    label: str
    target: str
    data: bytes = field(repr=False)
    in_root: bool = False
    """Whether Terraform reads it as a part of the root."""

    @property
    def name(self) -> str:
        """What it is called in sentences."""
        return f"config.d/{self.label}"

    @property
    def heading(self) -> str:
        """What stands above what it declares: in the form, the plan, the outputs."""
        return f"{HEADING}{self.label}"

    def document(self) -> Document:
        """The file, parsed. Raises `InputError` that names the place."""
        return parsed(self.data, self.name)


@dataclass(frozen=True, slots=True)
class ConfigD:
    """The user's files for one environment, those of the root first in the order of their names."""

    files: tuple[UserFile, ...] = ()
    locks: tuple[UserFile, ...] = ()
    """Lock files of the user's own providers."""
    called: frozenset[str] = frozenset()
    """The folders of the modules that the root calls, also by way of others; as paths in the cluster's folder."""

    @property
    def root_files(self) -> tuple[UserFile, ...]:
        """The `.tf` files of the root."""
        return tuple(file for file in self.files if file.in_root)


def read(folder: Path | None, environment: str = "") -> ConfigD:
    """What is in `folder` for `environment` ("": only what every environment gets); nothing where there is no folder.

    Raises `InputError` where a file has no place in it, `KubeplatError` where one cannot be read.
    """
    if folder is None:
        return ConfigD()
    if not folder.is_dir():
        raise InputError(
            f"{folder} is not there, or is no folder.",
            why="Without your own Terraform files a run would destroy what they made.",
            todo="Bring it back, or take KUBEPLAT_CONFIG_D away.",
        )
    everything = list(_found(folder, environment))
    locks = tuple(file for file in everything if posixpath.basename(file.target) == LOCK_FILE)
    found = [file for file in everything if posixpath.basename(file.target) != LOCK_FILE]
    _refuse_twins(found, "has the place of")
    for file in found:
        _refuse_values(file)
    sources = _local_sources(found)
    modules = _modules(found, sources)
    files = [_placed(file, modules) for file in found]
    _refuse_twins(files, "would have the place of")
    files.sort(key=lambda file: (not file.in_root, file.target))
    return ConfigD(tuple(files), locks, _called(sources, modules))


def _found(folder: Path, environment: str) -> Iterator[UserFile]:
    apart = f"{ENVIRONMENTS}/"
    own = f"{apart}{environment}/" if environment else None
    for label, data in configuration_files(folder):
        if own and label.startswith(own):
            yield UserFile(folder / label, label, label.removeprefix(own), data)
        elif not label.startswith(apart):
            yield UserFile(folder / label, label, label, data)


def _refuse_twins(files: Iterable[UserFile], words: str) -> None:
    seen: dict[str, UserFile] = {}
    for file in files:
        earlier = seen.setdefault(file.target, file)
        if earlier is not file:
            raise InputError(
                f"{file.path} {words} {earlier.path}.",
                todo="Give one of them another name: both belong to one root.",
            )


def _refuse_values(file: UserFile) -> None:
    if file.label.endswith(VALUE_FILES):
        raise InputError(
            f"{file.path} holds values of variables.",
            why="Terraform would read them beside the environment's file, without a review.",
            todo="Move the values into the environment's file and remove this one.",
        )


def _modules(files: Iterable[UserFile], sources: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """The folders that are modules: named by a block, or below a folder `modules`."""
    found = {folder for file in files if (folder := _below_modules(file.target))}
    while True:
        more = set(found)
        for target, named in sources.items():
            # What belongs to the root is moved there, so that its sources begin there.
            more |= _folders(posixpath.dirname(target) if is_below(target, found) else "", named)
        if more == found:
            return frozenset(found)
        found = more


def _called(sources: Mapping[str, Sequence[str]], modules: frozenset[str]) -> frozenset[str]:
    """Those of the modules that the root's files reach."""
    found = set[str]()
    while True:
        more = set(found)
        for target, named in sources.items():
            folder = posixpath.dirname(target) if is_below(target, modules) else ""
            if not folder or folder in found:
                more |= _folders(folder, named)
        if more == found:
            return frozenset(found)
        found = more


def _local_sources(files: Iterable[UserFile]) -> dict[str, list[str]]:
    """The folders that each `.tf` file calls as modules, as it writes them."""
    return {
        file.target: [source for source in module_sources(file.document()) if source.startswith(LOCAL)]
        for file in files
        if file.target.endswith(".tf")
    }


def _folders(base: str, sources: Iterable[str]) -> set[str]:
    return {posixpath.normpath(posixpath.join(base, source)) for source in sources}


def module_sources(document: Document) -> Iterator[str]:
    """The sources of the modules that a file calls, as far as they are plain text."""
    for block in document.blocks:
        source = block.attribute("source") if block.type == "module" else None
        if source is not None and isinstance(source.value, str):
            yield source.value


def _below_modules(target: str) -> str:
    """The folder `modules` that a file lies in with the name of the module, "" where it lies in none."""
    parts = target.split("/")[:-1]
    return "/".join(parts[: parts.index(MODULES) + 2]) if MODULES in parts else ""


def is_below(target: str, folders: Iterable[str]) -> bool:
    """Whether a file lies in one of `folders`, at any depth."""
    return any(target.startswith(f"{folder}/") for folder in folders)


def _placed(file: UserFile, modules: Iterable[str]) -> UserFile:
    """The file with its place in the working folder: those of the root lie beside kubeplat's own."""
    name = posixpath.basename(file.target)
    if not name.endswith((".tf", ".tf.json")) or is_below(file.target, modules):
        return file
    if name.endswith(".json"):
        raise InputError(
            f"{file.path} is written in JSON.",
            why="kubeplat reads the root's files to show their variables and to find clashes, and knows HCL only.",
            todo="Write it as a .tf file, or put it into a module.",
        )
    if name in OVERRIDES or name.endswith(tuple(f"_{one}" for one in OVERRIDES)):
        raise InputError(
            f"{file.path} is an override file.",
            why="Terraform would put it over kubeplat's own blocks, without a word of it in the plan.",
            todo="Give it another name; config.d adds to the cluster.",
        )
    return UserFile(file.path, file.label, file.target.replace("/", "-"), file.data, in_root=True)
