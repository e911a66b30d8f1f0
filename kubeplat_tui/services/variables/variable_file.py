"""An environment's file as the editor holds it: text, values, and saving without losing anybody's work."""

from __future__ import annotations

import difflib
import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.hcl.brackets import BYTE_ORDER_MARK
from kubeplat_tui.services.hcl.document import parsed
from kubeplat_tui.services.variables.declarations import Problem
from kubeplat_tui.services.workplace import cannot_write

if TYPE_CHECKING:
    from kubeplat_tui.services.hcl.document import Document
    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.variables.declarations import Declarations


@dataclass(frozen=True, slots=True)
class VariableFile:
    """A `.tfvars` file, perhaps edited.

    Immutable: each edit makes another one; only `save` touches the disk.
    """

    path: Path
    data: bytes
    on_disk: bytes = field(repr=False)
    """What the file held when it was loaded."""

    @classmethod
    def load(cls, path: Path) -> VariableFile:
        """Load a file; its text need not be valid. Raises `InputError` where it is absent or unreadable."""
        try:
            data = path.read_bytes()
            data.decode()
        except FileNotFoundError as error:
            raise InputError(f"There is no file {path}.", todo="Choose another environment.") from error
        except OSError as error:
            raise InputError(f"{path} could not be read.", why=f"{error.strerror or error}.") from error
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is not UTF-8 text.", todo="Save it as UTF-8.") from error
        return cls(path, data, data)

    @property
    def name(self) -> str:
        """The environment's name: the file's, without its ending."""
        return self.path.stem

    @property
    def text(self) -> str:
        """The text, with the file's own line ends and without a byte order mark."""
        return self.data.removeprefix(BYTE_ORDER_MARK).decode()

    @property
    def edited(self) -> bool:
        """Whether saving would change the file."""
        return self.data != self.on_disk

    @property
    def document(self) -> Document:
        """The parsed text. Raises `InputError` where it is not valid."""
        return parsed(self.data, self.path.name)

    @property
    def values(self) -> dict[str, Value]:
        """All values. Raises `InputError` where the text is not valid."""
        return self.document.values()

    @property
    def lines(self) -> dict[str, int]:
        """The line that sets each variable. Raises `InputError` where the text is not valid."""
        return {attribute.name: attribute.line for attribute in self.document.attributes}

    def is_set(self, name: str) -> bool:
        """Whether the text sets the variable (to null, perhaps)."""
        return self.document.attribute(name) is not None

    def value(self, name: str) -> Value:
        """The value of a variable, None where the text does not set it. Raises `InputError`."""
        attribute = self.document.attribute(name)
        return None if attribute is None else attribute.value

    def with_value(self, name: str, value: Value) -> VariableFile:
        """The file with one value written; all other bytes stay.

        Raises `InputError` where the text is not valid.
        """
        attribute = self.document.attribute(name)
        if attribute is not None and _same(attribute.value, value):
            return self
        return replace(self, data=self.document.with_value(name, value).data)

    def without(self, name: str) -> VariableFile:
        """The file without one variable, which thus has its default. Raises `InputError`."""
        return replace(self, data=self.document.without(name).data)

    def with_text(self, text: str) -> VariableFile:
        """The file with another text; the file's line ends and byte order mark are kept."""
        if b"\r\n" in self.data and "\r\n" not in text:
            text = text.replace("\n", "\r\n")
        mark = BYTE_ORDER_MARK if self.data.startswith(BYTE_ORDER_MARK) else b""
        return replace(self, data=mark + text.encode())

    def problems(self, declarations: Declarations) -> list[Problem]:
        """What is wrong with the text or its values, by line; a text that is not valid has one problem."""
        try:
            values, lines = self.values, self.lines
        except InputError as error:
            return [Problem("", str(error), error_line(error))]
        problems = declarations.check(values, lines)
        named = values.get("environment")
        if isinstance(named, str) and named != self.name:
            message = f"environment is {named}, but the file is named {self.name}: they must be the same."
            problems.append(Problem("environment", message, lines["environment"]))
        return sorted(problems, key=lambda problem: problem.line or 0)

    def diff(self, other: VariableFile) -> list[str]:
        """What `other` changes, as the lines of a unified difference; empty where nothing."""
        before, after = self.text.splitlines(), other.text.splitlines()
        names = f"{self.path.name} (before)", f"{other.path.name} (after)"
        return list(difflib.unified_diff(before, after, names[0], names[1], lineterm=""))

    def saved(self) -> VariableFile:
        """The file as it was loaded: what `diff` compares edits with."""
        return replace(self, data=self.on_disk)

    def save(self) -> VariableFile:
        """Write the text in one step, keeping the file's mode and, where it is a link, the link.

        Raises `InputError` where the file is not what was loaded: neither version is lost then.
        """
        target = self.path.resolve()
        try:
            current = target.read_bytes()
        except OSError as error:
            raise InputError(
                f"{self.path} can no longer be read; your changes were not saved.",
                why=f"{error.strerror or error}.",
            ) from error
        if current != self.on_disk:
            raise InputError(
                f"{self.path} was changed by somebody else since it was loaded; yours was not saved.",
                todo="Copy what you changed, load the file again, and change it there.",
            )
        if self.edited:
            replace_file(target, self.data)
        return replace(self, on_disk=self.data)


def _same(one: Value, other: Value) -> bool:
    """Whether two values are written alike: true is not 1, and the order of keys counts."""
    return repr(one) == repr(other)


def error_line(error: KubeplatError) -> int | None:
    """The line that an error of the parser names."""
    parts = error.what.split(":", 3)
    return int(parts[1]) if len(parts) > 3 and parts[1].isdecimal() else None


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` to the existing `path` in one step, keeping its mode. Raises `KubeplatError`."""
    temporary: Path | None = None
    try:
        mode = path.stat().st_mode & 0o7777
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise cannot_write(path, error) from error
