"""The providers that the user's files need, and the lock file that has them all.

kubeplat's own lock file is never written to: `init` runs with `-lockfile=readonly`, which wants exactly the providers
that are needed (measured with Terraform 1.11: an entry too many is refused like one too few). What the user's files
need besides comes from a `.terraform.lock.hcl` of the user's own in config.d.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from kubeplat_tui.services.config_d.files import LOCAL, module_sources
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.hcl.tree import Literal, Object

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kubeplat_tui.services.config_d.files import ConfigD, UserFile
    from kubeplat_tui.services.hcl.document import Attribute, Block, Document

REGISTRY = "registry.terraform.io"
BUILT_IN = "terraform"
"""The provider of `terraform_data`: a part of Terraform (terraform.io/builtin/terraform)."""

_ENTRY = re.compile(r'^provider "(?P<source>[^"]+)" \{\n.*?^\}\n?', re.MULTILINE | re.DOTALL)


class Need(NamedTuple):
    """A provider's source as lock files have it (`registry.terraform.io/hashicorp/random`), and who needs it."""

    source: str
    file: UserFile
    line: int


def lock_file(config_d: ConfigD, ours: bytes, known: Collection[str] = ()) -> bytes:
    """kubeplat's lock file with the entries of the user's that are needed; `known` are the state's providers.

    Raises `InputError` where one is needed that neither has.
    """
    entries = _entries(ours)
    theirs: dict[str, str] = {}
    for file in config_d.locks:
        theirs.update(_entries(file.data))
    needs = list(_needs(config_d))
    missing = next((need for need in needs if need.source not in entries.keys() | theirs.keys()), None)
    if missing is not None:
        raise _not_locked(missing)
    # A module from elsewhere may need any of them.
    wanted = theirs.keys() if _calls_elsewhere(config_d) else {need.source for need in needs} | set(known)
    added = [theirs[source] for source in sorted((theirs.keys() & wanted) - entries.keys())]
    return b"\n".join([ours, *(entry.rstrip().encode() + b"\n" for entry in added)]) if added else ours


def _not_locked(need: Need) -> InputError:
    source = need.source.removeprefix(f"{REGISTRY}/")
    return InputError(
        f"{need.file.name}:{need.line} needs the provider {source}, which no lock file has.",
        why="kubeplat installs only what is locked by checksum; its own lock file has the AWS provider.",
        todo=f"Run `terraform providers lock` in {need.file.path.parent}: it writes a .terraform.lock.hcl there, "
        "which kubeplat adds to its own.",
    )


def _entries(data: bytes) -> dict[str, str]:
    """The entries of a lock file by source (Terraform, "Dependency Lock File": always written in this form)."""
    text = data.decode(errors="replace").replace("\r\n", "\n")
    return {entry["source"]: entry[0] for entry in _ENTRY.finditer(text)}


def _needs(config_d: ConfigD) -> Iterator[Need]:
    """Every provider that the root's files and the modules that they call use, module by module."""
    modules: dict[str, list[UserFile]] = {}
    for file in config_d.files:
        if file.in_root:
            modules.setdefault("", []).append(file)
        elif file.target.endswith(".tf"):
            modules.setdefault(posixpath.dirname(file.target), []).append(file)
    for folder, files in modules.items():
        if not folder or folder in config_d.called:
            yield from _needs_of([(file, file.document()) for file in files])


def _needs_of(module: list[tuple[UserFile, Document]]) -> Iterator[Need]:
    sources: dict[str, str] = {}
    for file, document in module:
        for name, source, line in _listed(document):
            sources[name] = source
            yield Need(source, file, line)
    for file, document in module:
        for block in document.blocks:
            local = _local_name(block)
            if local not in {"", BUILT_IN}:
                yield Need(sources.get(local, f"{REGISTRY}/hashicorp/{local}"), file, block.line)


def _local_name(block: Block) -> str:
    """What a block's module calls its provider, "" where it needs none."""
    if block.type == "provider" and block.labels:
        return block.labels[0]
    if block.type not in {"resource", "data", "ephemeral"} or not block.labels:
        return ""
    chosen = block.attribute("provider")
    if chosen is None:
        return block.labels[0].partition("_")[0]
    return chosen.source.text(chosen.span.start, chosen.span.end).strip('"').partition(".")[0]


def _listed(document: Document) -> Iterator[tuple[str, str, int]]:
    """The entries of `required_providers`: local name, source, line."""
    for block in document.blocks:
        for inner in block.blocks if block.type == "terraform" else ():
            for attribute in inner.attributes if inner.type == "required_providers" else ():
                yield attribute.name, _whole(_source(attribute) or attribute.name), attribute.line


def _source(attribute: Attribute) -> str:
    """The source in an entry of `required_providers`; beside it there may be what is no plain value."""
    if isinstance(attribute.expression, Object):
        for item in attribute.expression.items:
            if (
                isinstance(item.key, Literal)
                and item.key.value == "source"
                and isinstance(item.value, Literal)
            ):
                return str(item.value.value)
    return ""


def _whole(source: str) -> str:
    """A provider's source with its host and namespace (Terraform, "Provider Requirements")."""
    return {0: f"{REGISTRY}/hashicorp/", 1: f"{REGISTRY}/"}.get(source.count("/"), "") + source


def _calls_elsewhere(config_d: ConfigD) -> bool:
    return any(
        not source.startswith(LOCAL)
        for file in config_d.files
        if file.target.endswith(".tf")
        for source in module_sources(file.document())
    )
