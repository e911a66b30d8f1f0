"""What an environment is: a file of the folder by its name, and what it says of itself."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.values import Value

SUFFIX = ".tfvars"
TEMPLATE_ENDING = f"{SUFFIX}.j2"
TEMPLATES = frozenset({"play", "example"})

RESERVED = frozenset({"sandbox"})
"""The sandbox keeps its own files in the state folder of that name."""
PLAYGROUND = "play-"
LONGEST_NAME = 20
"""Load balancers are named `<environment>-kube-internal-elb`; AWS allows them 32 characters."""
DEFAULT_REGION = "eu-west-2"
LONGEST_BUCKET = 63
_NAME = re.compile(rf"[a-z][a-z0-9-]{{0,{LONGEST_NAME - 1}}}")


@dataclass(frozen=True, slots=True)
class Environment:
    """A loaded environment. `lines` has the line in its file that sets each variable."""

    name: str
    path: Path
    values: Mapping[str, Value]
    lines: Mapping[str, int] = field(default_factory=dict, repr=False)

    @property
    def sandbox(self) -> bool:
        """Whether it lives in the sandbox; without a word about it, it does not."""
        value = self.values.get("sandbox")
        return value is True or value == "true"

    @property
    def region(self) -> str:
        """Its AWS region, "" where the file names none."""
        return self._text("aws_region")

    @property
    def account(self) -> str:
        """The number of its AWS account, "" where the file names none."""
        return self._text("aws_account")

    @property
    def profile(self) -> str:
        """Its profile in the AWS credentials files: the named one, else its name, `play` for playgrounds."""
        return self._text("aws_profile") or ("play" if self.playground else self.name)

    @property
    def playground(self) -> bool:
        """Whether it is somebody's playground, by its file's name."""
        return self.name.startswith(PLAYGROUND)

    def _text(self, name: str) -> str:
        value = self.values.get(name)
        return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the folder: the environment, or the problem that keeps it from being one."""

    name: str
    path: Path
    environment: Environment | None
    problem: KubeplatError | None


def check_name(name: str) -> None:
    """Raise `InputError` where `name` cannot be an environment's."""
    if not _NAME.fullmatch(name) or name in TEMPLATES | RESERVED:
        raise InputError(
            f"{name} cannot be an environment's name.",
            why=f"It has 1 to {LONGEST_NAME} lower-case letters, digits and hyphens, begins with a letter, "
            f"and is none of {', '.join(sorted(TEMPLATES | RESERVED))}.",
        )


def check_free(folder: Path, name: str) -> Path:
    """Where the file of a new environment `name` will be. Raises `InputError` where the name is none, or taken."""
    check_name(name)
    path = folder / f"{name}{SUFFIX}"
    if os.path.lexists(path):
        raise taken_name(path)
    return path


def taken_name(path: Path) -> InputError:
    """The sentence for a name that another environment has."""
    return InputError(
        f"There is an environment {path.stem} already.", todo=f"Look at {path}; it is unchanged."
    )
