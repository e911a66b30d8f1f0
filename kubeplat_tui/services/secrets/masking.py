"""What in a text is secret, and the text with a mask in its place.

A text that should be YAML or JSON and cannot be read is masked whole: what cannot be understood may be a secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.secrets.preview_model import MASK, Line, Role, line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from kubeplat_tui.services.secrets.yaml_scan import Path, Scalar, Scan

MOST_LINES = 5000
MOST_CHARACTERS = 300_000
LONGEST_LINE = 4000
"""Characters of a line that are shown."""
LONG_WORD = 120
"""A value without spaces and longer than this, such as an embedded certificate, is cut."""

SHORTEST = 7
"""Characters of the shortest text that can look secret: `://a:b@`."""

_SECRET_NAMES = frozenset(
    (
        *(
            "password",
            "passwd",
            "passphrase",
            "secret",
            "secretkey",
            "secretaccesskey",
            "clientsecret",
            "tokensecret",
        ),
        *("token", "idtoken", "accesstoken", "refreshtoken", "authtoken", "bearertoken", "auth"),
        *("clientkeydata", "privatekey", "apikey", "dockerconfigjson", "dockercfg"),
    )
)
_SECRET_ENDS = ("password", "passphrase", "privatekey", "clientsecret", "secretkey", "apikey", "accesstoken")
_VARIABLES = ("token", "secret", "password", "pass", "pwd", "key")
"""What an environment variable with a secret ends with: `name: API_TOKEN`, `value: …` beside it."""
_NO_SECRETS = frozenset(("~", "null", "true", "false"))
_SEPARATORS = re.compile(r"[-_. ]")
_LOOKS_SECRET = re.compile(
    r"""PRIVATE\ KEY-----
      | (?:password|passwd|passphrase|token|secret|api[-_]?key|client-key-data)["']?[ ]*[:=][ ]*["']?[^\s"']{3}
      | "kind"\s*:\s*"Secret" | \bkind:\ +Secret\b
      | ://[^/\s:@]+:[^/\s@]+@                                   # https://user:password@host
      | (?<![\w-])eyJ[\w-]{10,}\.[\w-]{10}                       # a JSON web token
      | (?<![a-z0-9])[a-z0-9]{6}\.[a-z0-9]{16}(?![a-z0-9])       # a bootstrap token
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PEM_SECRET = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*", re.MULTILINE)
_BREAK = re.compile(r"\r\n|\n|\r")
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*\.?\d*(?:[eE][-+]?\d+)?|0x[0-9a-fA-F]+)")
_BASE64_PEM = "LS0tLS1CRUdJTi"
"""What `-----BEGIN ` begins with in base64."""


@dataclass(frozen=True, slots=True)
class Style:
    """How values are written. `mask`: what stands for a secret, None to show it; `shorten`: for a long value."""

    mask: Callable[[str], str] | None
    shorten: Callable[[str], str]

    @property
    def revealed(self) -> bool:
        """Whether secrets are shown."""
        return self.mask is None

    def secret(self, text: str) -> str:
        """A secret, or what stands for it."""
        return text if self.mask is None else self.mask(text)


def _shortened(text: str) -> str:
    return f"{text[:24]}… ({len(text):,} characters)"


MASKED = Style(lambda _: MASK, _shortened)
REVEALED = Style(None, _shortened)


class Numbered:
    """Masks that tell values apart: the same number is the same value. For two texts to be compared."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}

    def style(self, *, revealed: bool) -> Style:
        """Write values like this."""
        return Style(None if revealed else lambda text: f"{MASK} {self._number(text)}", self._shorten)

    def _shorten(self, text: str) -> str:
        return f"{_shortened(text)} {self._number(text)}"

    def _number(self, text: str) -> str:
        # By digest: the masks must not keep the secrets alive.
        digest = hashlib.sha256(text.encode(errors="surrogatepass")).digest()
        return f"#{self._numbers.setdefault(digest, len(self._numbers) + 1)}"


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text, from `start` up to `end`. `secret`: it is masked unless revealed."""

    start: int
    end: int
    role: Role
    secret: bool = False


def looks_secret(text: str) -> bool:
    """Whether a text without a telling name holds a secret all the same."""
    if len(text) < SHORTEST:
        return False
    if text.startswith(_BASE64_PEM):
        return b"PRIVATE KEY" in _decoded(text[:64])
    return _LOOKS_SECRET.search(text) is not None


def secret_name(name: str) -> bool:
    """Whether what is called `name` is a secret."""
    short = _SEPARATORS.sub("", name).lower()
    return short in _SECRET_NAMES or short.endswith(_SECRET_ENDS)


# --- YAML and JSON --------------------------------------------------------------------------------


def secrets_of(scan: Scan) -> set[Scalar]:
    """The values that are secrets: by their key, in a Secret's data, or by what they look like."""
    values = [one for one in scan.scalars if not one.is_key]
    with_secrets = {one.document for one in values if one.path[-1:] == ("kind",) and one.value == "Secret"}
    named = {
        (one.document, (*one.path[:-1], "value"))
        for one in values
        if one.path[-1:] == ("name",) and (secret_name(one.value) or one.value.lower().endswith(_VARIABLES))
    }

    def by_place(path: Path, document: int) -> bool:
        in_data = document in with_secrets and any(key in {"data", "stringData"} for key in path)
        return in_data or (document, path) in named or bool(path and secret_name(str(path[-1])))

    # What an alias brings to a secret's place is a secret where it is written too.
    elsewhere = {
        (alias.document, alias.name) for alias in scan.aliases if by_place(alias.path, alias.document)
    }
    found = set()
    for one in scan.scalars:
        if one.is_key:
            if looks_secret(one.value):
                found.add(one)
            continue
        if not one.value or (not one.quoted and one.value.lower() in _NO_SECRETS):
            continue
        aliased = any((one.document, anchor) in elsewhere for anchor in one.anchors)
        if aliased or by_place(one.path, one.document) or looks_secret(one.value):
            found.add(one)
    return found


def yaml_spans(text: str, scan: Scan, hidden: Collection[Scalar]) -> list[Span]:
    """What the parts of a YAML or JSON text are, comments included, in their order. `hidden`: the secrets."""
    spans: list[Span] = []
    at = 0
    for one in scan.scalars:
        spans += _comments(text, at, one.start)
        at = one.end
        if one.start < one.end:
            spans.append(Span(one.start, one.end, _role(one), one in hidden))
    return [*spans, *_comments(text, at, len(text))]


def _role(scalar: Scalar) -> Role:
    if scalar.is_key:
        return Role.NAME
    plain = scalar.value.lower() in {"true", "false", "null", "~"} or _NUMBER.fullmatch(scalar.value[:40])
    return Role.NUMBER if plain and not scalar.quoted else Role.STRING


def _comments(text: str, start: int, end: int) -> Iterator[Span]:
    for found in _COMMENT.finditer(text, start, end):
        yield Span(found.start(), found.end(), Role.COMMENT, looks_secret(found.group()))


# --- other texts ----------------------------------------------------------------------------------


def text_spans(text: str) -> list[Span]:
    """The secrets that can be told in a text of no known form: private keys, and lines that look like one."""
    spans = [
        Span(found.start(), found.end(), Role.SECRET, secret=True) for found in _PEM_SECRET.finditer(text)
    ]
    inside = iter([*spans, None])
    block = next(inside)
    found_lines = []
    start = 0
    for piece in text.splitlines(keepends=True):
        end = start + len(piece)
        while block is not None and block.end <= start:
            block = next(inside)
        apart = block is None or end <= block.start
        if apart and looks_secret(piece):
            found_lines.append(Span(start, start + len(piece.rstrip("\r\n")), Role.SECRET, secret=True))
        start = end
    return sorted([*spans, *found_lines], key=lambda span: span.start)


def whole(text: str) -> list[Span]:
    """All of it, line by line."""
    return [
        Span(found.start(), found.end(), Role.SECRET, secret=True) for found in re.finditer(r"[^\r\n]+", text)
    ]


# --- lines ----------------------------------------------------------------------------------------


def lines_of(text: str, spans: Iterable[Span], style: Style) -> list[Line]:
    """`text` as lines, its secrets as `style` writes them. `spans` in order, apart.

    At most `MOST_LINES` lines and `MOST_CHARACTERS`, of a line at most `LONGEST_LINE`; what is left out is said.
    """
    made: list[Line] = []
    size = 0
    for row in _rows(_pieces(text, spans, style)):
        if len(made) >= MOST_LINES or size > MOST_CHARACTERS:
            made.append(line(("… the file goes on; the rest is not shown", Role.QUIET)))
            break
        made.append(_line(row))
        size += sum(len(part) for part, _ in row)
    return made


def _rows(pieces: Iterable[tuple[str, Role]]) -> Iterator[list[tuple[str, Role]]]:
    """Pieces line by line."""
    row: list[tuple[str, Role]] = []
    for piece, role in pieces:
        at = 0
        for found in _BREAK.finditer(piece):
            row.append((piece[at : found.start()], role))
            at = found.end()
            yield row
            row = []
        row.append((piece[at:], role))
    if any(part for part, _ in row):
        yield row


def _pieces(text: str, spans: Iterable[Span], style: Style) -> Iterator[tuple[str, Role]]:
    at = 0
    for span in spans:
        if span.start < at:
            continue  # inside the one before
        yield text[at : span.start], Role.QUIET if span.role is not Role.SECRET else Role.PLAIN
        part = text[span.start : span.end]
        at = span.end
        if span.secret:
            body = part.rstrip("\r\n")
            yield style.secret(body), Role.SECRET
            yield part[len(body) :], Role.QUIET
        elif span.role is Role.STRING and len(part) > LONG_WORD and not re.search(r"\s", part.strip()):
            yield style.shorten(part), Role.QUIET
        else:
            yield part, span.role
    yield text[at:], Role.PLAIN


def _line(row: Sequence[tuple[str, Role]]) -> Line:
    kept: list[tuple[str, Role]] = []
    room = LONGEST_LINE
    for text, role in row:
        kept.append((text[:room], role))
        room -= len(text)
        if room < 0:
            kept.append((f"… {-room:,} characters more", Role.QUIET))
            # A secret that was cut off is not on the screen, but that the line holds one is.
            break
    return line(*kept)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text[: len(text) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""
