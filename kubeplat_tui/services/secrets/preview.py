"""A secret's file to look at: what it is and what it says, its secrets masked.

Whatever the bucket holds may be shown: a file is looked into up to a limit, nothing is expanded, nothing raises.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubeplat_tui.services import tokens
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.secrets import layout, masking
from kubeplat_tui.services.secrets.preview_model import (
    Kind,
    Line,
    Preview,
    Role,
    Value,
    fields,
    heading,
    line,
    problem,
)

if TYPE_CHECKING:
    from kubeplat_tui.services.secrets.masking import Style

__all__ = ["Kind", "Line", "Preview", "Role", "Value", "preview", "text_of"]

LIMIT = 1024 * 1024
"""Bytes of a file that are looked into."""
OPEN = frozenset({layout.COMMON, layout.MANIFESTS, layout.ADDONS})
"""Prefixes whose unknown texts are shown: every machine may read them, and manifests are no secrets."""
HEX_BYTES = 256

_SSH = re.compile(r"(?:ssh-[a-z0-9]+|ecdsa-sha2-\S{1,40}|sk-\S{1,60}) +AAAA")
_LOOKS_YAML = re.compile(r"\s*[{\[]|(?:.*\n){0,200}?(?:apiVersion|kind): ")


def preview(key: str, data: bytes, *, revealed: bool = False, now: datetime | None = None) -> Preview:
    """What `data`, the file `key`, is and says. Never raises; time and memory do not grow beyond `LIMIT`.

    Without `revealed` nothing secret is in the lines; it is in the secret ones of `values`, which are for copying.
    """
    made = written(key, data, masking.REVEALED if revealed else masking.MASKED, now or datetime.now(UTC))
    values = list(made.values)
    text = text_of(data)
    if text is not None and len(data) <= LIMIT and text.strip():
        values.append(Value("the whole file", data.decode(errors="replace"), made.hides))
    values.append(Value("SHA-256 of the file", hashlib.sha256(data).hexdigest()))
    return replace(made, values=tuple(values), revealed=revealed and made.hides)


def written(key: str, data: bytes, style: Style, now: datetime) -> Preview:
    """The preview with its secrets as `style` writes them."""
    text = text_of(data)
    cut = len(data) > LIMIT
    if text is None:
        made = _binary(key, data)
    elif not text.strip():
        made = Preview(Kind.TEXT, "empty", (line(("There is nothing in it.", Role.QUIET)),), ())
    else:
        made = _text(key, text, style, cut=cut, now=now)
    if not cut:
        return made
    said = line((f"▲ Only the first MiB of {len(data):,} bytes was looked at.", Role.WARNING))
    return replace(made, lines=(*made.lines, line(), said))


def text_of(data: bytes) -> str | None:
    """The file as text, its first `LIMIT` bytes; None where it is not UTF-8 text."""
    part = data[:LIMIT]
    if b"\0" in part:
        return None
    try:
        return part.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cut = len(data) > LIMIT and error.start >= LIMIT - 3  # a character lies across the limit
        return part[: error.start].decode("utf-8-sig") if cut else None


def _pem_kind(text: str) -> Kind | None:
    if "-----BEGIN " not in text:
        return None
    from kubeplat_tui.services.secrets.preview_certificates import blocks

    labels = {label for label, _ in blocks(text)}
    if any(label.endswith("PRIVATE KEY") for label in labels):
        return Kind.PRIVATE_KEY
    if "CERTIFICATE" in labels:
        return Kind.CERTIFICATE
    return Kind.PUBLIC_KEY if any(label.endswith("PUBLIC KEY") for label in labels) else None


def _text(key: str, text: str, style: Style, *, cut: bool, now: datetime) -> Preview:
    pem = _pem_kind(text)
    if pem is not None:
        return _pem(text, pem, style, now)
    if key.rpartition("/")[2] == tokens.KEY.rpartition("/")[2]:
        return _tokens(key, text, style, now)
    if _SSH.match(text):
        from kubeplat_tui.services.secrets import preview_certificates

        return preview_certificates.ssh_public(text)
    from kubeplat_tui.services.secrets import preview_documents

    if key.endswith(preview_documents.STRUCTURED) or _LOOKS_YAML.match(text):
        document = preview_documents.read(key, text, cut=cut)
        if document is not None:
            return preview_documents.preview(document, style, now)
    return _plain(key, text, style)


def _pem(text: str, kind: Kind, style: Style, now: datetime) -> Preview:
    from kubeplat_tui.services.secrets import preview_certificates as pem

    if kind is Kind.PRIVATE_KEY:
        made = pem.private_key(text, now)
        return _with_body(made, text) if style.revealed else made
    if kind is Kind.CERTIFICATE:
        return pem.certificates(text, now)
    return pem.public_key(text) if kind is Kind.PUBLIC_KEY else pem.ssh_public(text)


def _plain(key: str, text: str, style: Style) -> Preview:
    spans = masking.text_spans(text) if key.partition("/")[0] in OPEN else masking.whole(text)
    shown = masking.lines_of(text, spans, style)
    return Preview(Kind.TEXT, "text", tuple(shown), (), hides=any(span.secret for span in spans))


def _with_body(made: Preview, text: str) -> Preview:
    body = masking.lines_of(text, masking.whole(text), masking.REVEALED)
    return replace(made, lines=(*made.lines, line(), heading("The file"), *body))


def _tokens(key: str, text: str, style: Style, now: datetime) -> Preview:
    try:
        rows = tokens.parse(text.encode(), key)
    except InputError as error:
        said = [problem(sentence) for sentence in (error.why or str(error)).splitlines()[:20]]
        body = masking.lines_of(text, masking.whole(text), style)
        return Preview(Kind.TOKENS, "tokens", (*said, line(), *body), (), hides=True)
    notes = _comments(text, style)
    if not rows:
        none = line(("There is no token in it.", Role.QUIET))
        return Preview(Kind.TOKENS, "no token", (none, *notes), ())
    shown = rows[: masking.MOST_LINES]
    cells = [
        (
            row.user,
            ", ".join(row.groups),
            _expiry(row, now),
            row.sha256 if style.revealed else f"{row.short}…",
        )
        for row in shown
    ]
    widths = [
        max([len(title), *(len(cell[at]) for cell in cells)]) for at, title in enumerate(("user", "groups"))
    ]
    until = max(len("expires"), *(len(cell[2][0]) for cell in cells))
    head = f"{'user':{widths[0]}}  {'groups':{widths[1]}}  {'expires':{until}}  SHA-256 of the token"
    table = [
        line(
            f"{user:{widths[0]}}  {groups:{widths[1]}}  ",
            (f"{expires[0]:{until}}  ", expires[1]),
            (digest, Role.SECRET if style.revealed else Role.QUIET),
        )
        for user, groups, expires, digest in cells
    ]
    title = f"{len(rows)} token{'' if len(rows) == 1 else 's'}"
    values = tuple(Value(f"hash of {row.user}'s token", row.sha256, secret=True) for row in rows[:100])
    return Preview(Kind.TOKENS, title, (line((head, Role.NAME)), *table, *notes), values, hides=True)


def _comments(text: str, style: Style) -> list[Line]:
    """What people wrote beside the rows. Somebody may have kept a token there: what looks like one is masked."""
    notes = "\n".join(each for each in text.splitlines() if each.lstrip().startswith("#"))
    if not notes:
        return []
    return [line(), heading("Comments"), *masking.lines_of(notes, masking.text_spans(notes), style)]


def _expiry(row: tokens.Token, now: datetime) -> tuple[str, Role]:
    if row.expires is None:
        return "never", Role.PLAIN
    words = f"{row.expires:%Y-%m-%d}"
    state = row.state(now)
    if state is tokens.TokenState.EXPIRED:
        return f"✖ {words} expired", Role.BAD
    left = f"{words} in {(row.expires - now).days} d"
    return (f"▲ {left}", Role.WARNING) if state is tokens.TokenState.DUE else (left, Role.PLAIN)


def _binary(key: str, data: bytes) -> Preview:
    lines = fields([("size", f"{len(data):,} bytes"), ("SHA-256", hashlib.sha256(data).hexdigest())])
    if key.partition("/")[0] in OPEN:
        first = data[:HEX_BYTES]
        lines += [line(), heading(f"The first {len(first)} bytes")]
        lines += [
            line((f"{at:04x}  ", Role.QUIET), first[at : at + 16].hex(" ")) for at in range(0, len(first), 16)
        ]
    else:
        lines.append(line(("Its bytes are not shown: it may be a secret.", Role.QUIET)))
    return Preview(Kind.BINARY, "binary", tuple(lines), ())
