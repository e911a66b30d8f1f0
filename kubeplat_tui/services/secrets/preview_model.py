"""What a preview is made of: lines of pieces to be seen, and values to be copied without being seen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

MASK = "••••••••"
"""Stands for every secret, however long it is."""

# C0, DEL and C1 controls; marks that turn the writing direction or hide text; halves of surrogate pairs.
_UNSAFE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


class Kind(StrEnum):
    """What a file of the bucket is, in words."""

    CERTIFICATE = "certificate"
    KUBECONFIG = "kubeconfig"
    TOKENS = "tokens"
    MANIFEST = "manifest"
    PRIVATE_KEY = "private key"
    PUBLIC_KEY = "public key"
    SSH_PUBLIC = "ssh public key"
    ENCRYPTION = "encryption configuration"
    TEXT = "text"
    BINARY = "binary"


class Role(StrEnum):
    """What a piece of a line is; the front end gives it a colour."""

    PLAIN = "plain"
    QUIET = "quiet"
    STRONG = "strong"
    NAME = "name"
    STRING = "string"
    NUMBER = "number"
    COMMENT = "comment"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    SECRET = "secret"  # noqa: S105 - the name of a role
    """A mask, or in a revealed preview the secret itself."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line, without control characters."""

    text: str
    role: Role = Role.PLAIN


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `pieces` never hold a line break."""

    pieces: tuple[Piece, ...] = ()

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def secret(self) -> bool:
        """Whether it shows a secret, or its mask."""
        return any(piece.role is Role.SECRET for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Value:
    """Something to copy. `name` says what it is and is safe to show; `text` is not where it is `secret`."""

    name: str
    text: str = field(repr=False)
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """A file to look at. `hides`: it holds secrets, which only `revealed` shows."""

    kind: Kind
    title: str
    lines: tuple[Line, ...]
    values: tuple[Value, ...]
    hides: bool = False
    revealed: bool = False


def safe(text: str) -> str:
    """`text` without anything that a terminal obeys: control characters as `�`, tabs as spaces."""
    return text if text.isprintable() else _UNSAFE.sub("�", text.expandtabs(8))


def visible(text: str) -> str:
    """As `safe`, with as many characters as before: a tab stays."""
    return text if text.isprintable() else _UNSAFE.sub("�", text)


def line(*pieces: str | tuple[str, Role]) -> Line:
    """A line of texts, each with its role where it has one. They are made safe."""
    pairs = [(piece, Role.PLAIN) if isinstance(piece, str) else piece for piece in pieces]
    return Line(tuple(Piece(safe(text), role) for text, role in pairs if text))


def heading(text: str) -> Line:
    """The heading of a part."""
    return line((text, Role.STRONG))


def problem(sentence: str) -> Line:
    """Something that is wrong with the file."""
    return line(("✖ ", Role.BAD), sentence)


def fields(rows: list[tuple[str, str | tuple[str, Role]]], indent: int = 2) -> list[Line]:
    """Names and values in two columns."""
    width = max((len(name) for name, _ in rows), default=0)
    return [line((f"{'':{indent}}{name:{width}}  ", Role.NAME), value) for name, value in rows]
