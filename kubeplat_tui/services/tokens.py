"""The people's and programs' tokens: `secure/tokens.csv`, which kube-auth reads live.

The file is UTF-8 text, read line by line (a row never spans lines). A line that is blank or begins with `#` is a
comment. Every other line is one CSV row (RFC 4180 quoting) of five fields:

    sha256,user,uid,"group,group",expires

- `sha256`: the SHA-256 of the token's ASCII bytes, 64 hexadecimal digits. The token itself is nowhere in the file.
- `user`, `uid`: what Kubernetes is told (TokenReview `status.user.username` and `.uid`); `uid` may be empty.
- `group,group`: the groups, in quotes where there are several; may be empty.
- `expires`: `YYYY-MM-DDTHH:MM:SSZ` (ISO 8601, UTC), from which moment on the token is refused; empty for never.

Spaces around a field or a group do not count. One hash stands in one row only. A byte order mark at the start is
skipped. For kube-auth: look a token up by its hash, compare in constant time, refuse at `now >= expires`, and keep the
data it has while the file has any line that `parse` would refuse. API servers keep an answer for a minute, so a
revoked token works until the file has reached the masters plus one minute.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY = "secure/tokens.csv"
EMPTY = b"""\
# Tokens of this cluster, read live by kube-auth: sha256 of the token,user,uid,"group,group",expires (UTC, or empty)
# Change it with `kubeplat tokens add` and `kubeplat tokens revoke`.
"""
"""What the file holds before the first token."""

WARN_BEFORE = timedelta(days=7)
TOKEN_BYTES = 32
SHORT = 12
"""How many digits of a hash are shown: enough to tell tokens apart."""
SHORTEST_PREFIX = 6
FIELDS = 5
RESERVED = "system:"
TIME = "%Y-%m-%dT%H:%M:%SZ"

_HASH = re.compile(r"[0-9a-fA-F]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


class TokenState(StrEnum):
    """How a token stands."""

    VALID = "valid"
    DUE = "due"
    """It expires within seven days."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Token:
    """One row. `sha256` in lower-case hex, `expires` UTC or None for never, `line` counted from 1."""

    sha256: str
    user: str
    uid: str
    groups: tuple[str, ...]
    expires: datetime | None
    line: int

    @property
    def short(self) -> str:
        """The first digits of the hash: what lists show and `revoke` takes."""
        return self.sha256[:SHORT]

    def state(self, now: datetime) -> TokenState:
        """How the token stands at `now`."""
        if self.expires is None or now < self.expires - WARN_BEFORE:
            return TokenState.VALID
        return TokenState.DUE if now < self.expires else TokenState.EXPIRED


def digest(token: str) -> str:
    """What stands in the file for `token`: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def parse(data: bytes, name: str = KEY) -> tuple[Token, ...]:
    """Every row, in the file's order. Raises `InputError` with a sentence, `name` and the line for each wrong one."""
    found: dict[str, Token] = {}
    problems: list[str] = []
    for number, line in enumerate(_lines(_text(data, name).removeprefix("\ufeff")), start=1):
        if _is_comment(line):
            continue
        try:
            token = _row(line, number)
            if token.sha256 in found:
                raise ValueError(f"this token stands in line {found[token.sha256].line} already")
        except ValueError as problem:
            problems.append(f"{name}:{number}: {problem}.")
        else:
            found[token.sha256] = token
    if problems:
        raise InputError(
            f"{name} is not right:",
            why="\n".join(problems),
            todo='A row is: sha256 in hex,user,uid,"group,group",expires. Nothing was changed.',
        )
    return tuple(found.values())


def add(
    data: bytes,
    user: str,
    groups: Iterable[str] = (),
    *,
    now: datetime,
    uid: str = "",
    lifetime: timedelta | None = None,
) -> tuple[bytes, str]:
    """The file with one row more at its end, and the new token, which stands nowhere else: show it once.

    Without `uid` it is the one that `user` has in another row, else the user's name. Raises `InputError` for a name
    that cannot be one, for Kubernetes's own names (`system:`), a lifetime that is none, and a file that is broken.
    """
    rows = parse(data)
    user, members = _name(user, "user"), [_name(group, "group") for group in groups]
    uid = uid.strip() or next((row.uid for row in rows if row.user == user and row.uid), user)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    while token.startswith("-"):  # it would be taken for an option of a command
        token = secrets.token_urlsafe(TOKEN_BYTES)
    expires = "" if lifetime is None else _expiry(now, lifetime).strftime(TIME)
    fields = [digest(token), user, _name(uid, "uid"), ",".join(dict.fromkeys(members)), expires]
    text = _text(data, KEY)
    ending = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text or text.endswith("\n") else ending
    return data + f"{gap}{','.join(map(_quoted, fields))}{ending}".encode(), token


def named(data: bytes, who: str) -> tuple[Token, ...]:
    """The rows of the user `who`, or the one whose hash begins with `who` (six digits at least).

    Raises `InputError` with the nearest user where there is none, and where several hashes begin so.
    """
    rows = parse(data)
    found = tuple(row for row in rows if row.user == who)
    if found:
        return found
    if len(who) >= SHORTEST_PREFIX and re.fullmatch("[0-9a-fA-F]+", who):
        found = tuple(row for row in rows if row.sha256.startswith(who.lower()))
    if len(found) > 1:
        raise InputError(
            f"{len(found)} tokens begin with {who}: {', '.join(row.sha256[:20] for row in found)}.",
            todo="Give more digits. Nothing was changed.",
        )
    if not found:
        near = next(iter(difflib.get_close_matches(who, {row.user for row in rows}, 1, 0.5)), None)
        raise InputError(
            f"No token belongs to {who!r}, and no hash begins so.",
            todo=f"Did you mean {near}?" if near else "See `kubeplat tokens list`. Nothing was changed.",
        )
    return found


def revoke(data: bytes, who: str) -> tuple[bytes, tuple[Token, ...]]:
    """The file without the rows that `named` finds, and those rows. All other lines stay as they are."""
    gone = named(data, who)
    lines = {token.line for token in gone}
    kept = (line for number, line in enumerate(_lines(_text(data, KEY)), start=1) if number not in lines)
    return "".join(kept).encode(), gone


def _lines(text: str) -> list[str]:
    """The lines with their endings. Only line feeds end a line: `str.splitlines` would cut names at U+2028."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{name}:{line}: the line is not UTF-8 text.", todo="Nothing was changed."
        ) from error


def _is_comment(line: str) -> bool:
    content = line.strip()
    return not content or content.startswith("#")


def _row(line: str, number: int) -> Token:
    """The token of one line. Raises `ValueError` with what is wrong, which never quotes what may be a token."""
    try:
        fields = [field.strip() for field in next(csv.reader([line], strict=True))]
    except csv.Error as error:
        raise ValueError(f"the quotes are not right ({error})") from error
    if len(fields) != FIELDS:
        raise ValueError(f"a row has {FIELDS} fields, this one has {len(fields)}")
    sha256, user, uid, listed, expires = fields
    if not _HASH.fullmatch(sha256):
        raise ValueError("the first field is no SHA-256: 64 hexadecimal digits, never the token itself")
    groups = tuple(group.strip() for group in listed.split(",")) if listed else ()
    problem = _wrong(user, "user") or next(filter(None, (_wrong(group, "group") for group in groups)), "")
    problem = problem or (_wrong(uid, "uid") if uid else "")
    if problem:
        raise ValueError(problem)
    return Token(sha256.lower(), user, uid, groups, _moment(expires) if expires else None, number)


def _wrong(name: str, what: str) -> str:
    """What is wrong with the name of a user or a group; "" where nothing is."""
    if not name:
        return f"a {what} is empty"
    return "" if name.isprintable() else f"a {what} has a character that cannot be printed"


def _moment(text: str) -> datetime:
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        return datetime.strptime(text, TIME).replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(
            "the last field is no time: write 2027-01-31T12:00:00Z, or nothing for never"
        ) from None


def _name(name: str, what: str) -> str:
    """The name of a user or a group that a new row may have."""
    name = name.strip()
    problem = _wrong(name, what) or (f"a {what} has a comma" if "," in name else "")
    if problem:
        raise InputError(f"The token cannot be made: {problem}.", todo="Nothing was changed.")
    if name.startswith(RESERVED):
        raise InputError(
            f"{name} cannot be the {what} of a token: names with {RESERVED} are Kubernetes's own.",
            todo="For an administrator use the group platform:admins. Nothing was changed.",
        )
    return name


def _expiry(now: datetime, lifetime: timedelta) -> datetime:
    if lifetime <= timedelta():
        raise InputError("A token's lifetime is longer than nothing.", todo="Nothing was changed.")
    try:
        return now.astimezone(UTC) + lifetime
    except OverflowError:
        raise InputError(
            "The token's lifetime ends after the year 9999.", todo="Leave it out for a token without end."
        ) from None


def _quoted(field: str) -> str:
    """`field` as RFC 4180 wants it."""
    if not set(field) & set('",'):
        return field
    escaped = field.replace('"', '""')
    return f'"{escaped}"'
