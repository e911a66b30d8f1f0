"""Environments: one `<name>.tfvars` each. Found, loaded, made for a user's playground, and written to."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import secrets
import tempfile
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.cloud import SANDBOX_ACCOUNT
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.hcl.document import Document
from kubeplat_tui.services.workplace import cannot_write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.workplace import Workplace

SUFFIX = ".tfvars"
TEMPLATES = frozenset({"play", "example"})

RESERVED = frozenset({"sandbox"})
"""The sandbox keeps its own files in the state folder of that name."""
PLAYGROUND = "play-"
LONGEST_NAME = 20
"""Load balancers are named `<environment>-kube-internal-elb`; AWS allows them 32 characters."""
_EXAMPLE = re.compile(r"\bexample\b(?!\.(?:com|net|org)\b)")
"""The example's name within a value; RFC 2606 domains are left for a person to change."""
DEFAULT_REGION = "eu-west-2"


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


def discover(folder: Path) -> list[Found]:
    """Every environment of the folder by name, broken ones too; templates are left out.

    A folder that does not exist has none. Raises `KubeplatError` where it cannot be listed.
    """
    found: list[Found] = []
    for path in _files(folder):
        try:
            found.append(Found(path.stem, path, _read(path), None))
        except KubeplatError as error:
            found.append(Found(path.stem, path, None, error))
    return found


def names(folder: Path) -> list[str]:
    """The names of the folder's environments in order; no file is read. Raises as `discover` does."""
    return [path.stem for path in _files(folder)]


def load(folder: Path, name: str) -> Environment:
    """The environment of that name. Raises `InputError` where its file is absent, broken or names another."""
    paths = {path.stem: path for path in _files(folder)}
    if name in paths:
        return _read(paths[name])
    if name in TEMPLATES:
        raise InputError(
            f"{name}{SUFFIX} is a template, not an environment.", todo="Copy it under another name."
        )
    nearest = next(iter(difflib.get_close_matches(name, paths, 1, 0.5)), None)
    todo = (
        f"Did you mean {nearest}?"
        if nearest
        else f"Copy {folder / 'example.tfvars'} to {name}{SUFFIX} there."
    )
    raise InputError(f"There is no environment {name} in {folder}.", todo=todo)


def _files(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise KubeplatError(f"{folder} could not be listed.", why=f"{error.strerror or error}.") from error
    return [
        path
        for path in entries
        if path.suffix == SUFFIX
        and path.stem not in TEMPLATES
        and not path.name.startswith(".")
        and not path.is_dir()
    ]


def _read(path: Path) -> Environment:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} could not be read.", why=f"{error.strerror or error}.") from error
    return _environment(path, data)


def _environment(path: Path, data: bytes) -> Environment:
    document = Document.parse(data, path.name)
    values = document.values()
    name = path.stem
    attribute = document.attribute("environment")
    if name in RESERVED:
        raise InputError(
            f"{name} cannot be an environment's name.",
            why="kubeplat keeps files of its own under that name.",
            todo="Name the file and the environment in it otherwise.",
        )
    if attribute is None:
        raise InputError(
            f"{path.name} does not say which environment it is.",
            todo=f'Write environment = "{name}" into it.',
        )
    if values["environment"] != name:
        raise document.source.error(
            attribute.span.start,
            f"environment is {values['environment']}, but the file is named {name}.",
            why="A copied file would work on the environment it was copied from.",
            todo="Make the two the same.",
        )
    lines = {each.name: each.line for each in document.attributes}
    return Environment(name, path, values, lines)


def playground_name(user: str) -> str:
    """The name of a user's playground: `play-jest`. At most 20 letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", user).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    room = LONGEST_NAME - len(PLAYGROUND)
    return PLAYGROUND + (words[:room].strip("-") or "user")


def create_playground(
    workplace: Workplace,
    user: str,
    *,
    sandbox: bool,
    account: str = "",
    access_cidrs: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Environment:
    """Make the user's playground from its template, exactly once; one that exists is loaded.

    `account` and `access_cidrs` (who may reach it) are for real AWS only. The region is `AWS_DEFAULT_REGION`
    there.
    """
    name = playground_name(user)
    path = workplace.environments / f"{name}{SUFFIX}"
    if not os.path.lexists(path):
        environ = os.environ if environ is None else environ
        region = DEFAULT_REGION if sandbox else environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
        text = _rendered(
            workplace.environments / f"play{SUFFIX}",
            {
                "user": name.removeprefix(PLAYGROUND),
                "environment": name,
                "region": region,
                "account": SANDBOX_ACCOUNT if sandbox else account,
                "sandbox": sandbox,
                "access_cidrs": ["127.0.0.1/32"] if sandbox else list(access_cidrs),
                "suffix": secrets.token_hex(3),
            },
        )
        _environment(path, text)  # what does not parse is not written
        _create(path, text)
    return load(workplace.environments, name)


def create(workplace: Workplace, name: str) -> Environment:
    """Make the file of a new environment from `example.tfvars`, with its name in it and no key yet.

    Raises `InputError` where the name cannot be one or is taken: an existing file is never overwritten.
    """
    if not re.fullmatch(rf"[a-z][a-z0-9-]{{0,{LONGEST_NAME - 1}}}", name) or name in TEMPLATES | RESERVED:
        raise InputError(
            f"{name} cannot be an environment's name.",
            why=f"It has 1 to {LONGEST_NAME} lower-case letters, digits and hyphens, begins with a letter, "
            f"and is none of {', '.join(sorted(TEMPLATES | RESERVED))}.",
        )
    path = workplace.environments / f"{name}{SUFFIX}"
    if os.path.lexists(path):
        raise InputError(f"There is an environment {name} already.", todo=f"Look at {path}; it is unchanged.")
    template = workplace.environments / f"example{SUFFIX}"
    try:
        document = Document.parse(template.read_bytes(), template.name)
    except OSError as error:
        raise KubeplatError(f"The template {template} could not be read.", why=f"{error}.") from error
    _create(path, _renamed(document, name).data)
    return load(workplace.environments, name)


def _renamed(document: Document, name: str) -> Document:
    """The example under another name: two environments must not share a bucket, a zone or a key."""
    for attribute in document.attributes:
        value = attribute.value
        if isinstance(value, str):
            document = document.with_value(attribute.name, _EXAMPLE.sub(name, value))
    return document.with_value("kms_master_id", "")  # the first run makes one


def _rendered(template: Path, values: Mapping[str, Value]) -> bytes:
    import jinja2

    from kubeplat_tui.services.hcl.literals import render

    engine = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - HCL is made here, which HTML's escapes would spoil
    )
    engine.filters["hcl"] = render
    try:
        return engine.from_string(template.read_text(encoding="utf-8")).render(values).encode()
    except (OSError, UnicodeDecodeError) as error:
        raise KubeplatError(
            f"The playground's template {template} could not be read.", why=f"{error}."
        ) from error
    except jinja2.TemplateError as error:
        raise KubeplatError(f"The playground's template {template} is broken.", why=f"{error}.") from error


def _create(path: Path, data: bytes) -> None:
    """Write a new file, readable by its owner only; whole or not at all, and never over another."""
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # somebody else made it meanwhile: theirs stays
            _link(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _link(temporary: Path, path: Path) -> None:
    """Give a complete file its name unless that is taken; raises `FileExistsError`."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links (some mounts into containers)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL, 0o600)
        os.close(descriptor)
        temporary.replace(path)


def set_value(path: Path, name: str, value: Value) -> None:
    """Write one value into an environment's file: only its bytes change; absent, it becomes a new last line.

    Raises `InputError` where the file does not parse; it is unchanged then.
    """
    from kubeplat_tui.services.variables.variable_file import VariableFile

    VariableFile.load(path).with_value(name, value).save()
