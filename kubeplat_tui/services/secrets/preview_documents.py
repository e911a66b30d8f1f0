"""YAML and JSON in the bucket: kubeconfigs, the encryption configuration, manifests."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.secrets import masking, preview_certificates
from kubeplat_tui.services.secrets.preview_model import (
    Kind,
    Line,
    Preview,
    Role,
    Value,
    heading,
    line,
    problem,
    safe,
)
from kubeplat_tui.services.secrets.yaml_scan import Scan, scan

if TYPE_CHECKING:
    from datetime import datetime

    from kubeplat_tui.services.secrets.masking import Style
    from kubeplat_tui.services.secrets.yaml_scan import Path, Scalar

    Values = dict[Path, str]

STRUCTURED = (".yaml", ".yml", ".json", ".kubeconfig")
MOST = 100
"""Entries of a summary, and values to copy."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text that is, or should be, YAML or JSON. `scan` is None where it cannot be read: `why` says so."""

    kind: Kind
    text: str
    scan: Scan | None
    why: str = ""


def read(key: str, text: str, *, cut: bool = False) -> Document | None:
    """The text read as YAML or JSON; None where neither its name nor its content says that it is.

    `cut`: the file goes on, so what it is cannot be told.
    """
    named = key.endswith(STRUCTURED)
    by_name = Kind.KUBECONFIG if key.endswith(".kubeconfig") else Kind.MANIFEST
    try:
        if cut:
            raise InputError("It is too long to be looked into.")
        found = scan(text)
    except InputError as error:
        return Document(by_name, text, None, str(error)) if named else None
    top = found.values()
    words = {one.path[0] for one in found.scalars if one.path and one.document == 0}
    if top.get(("kind",)) == "Config" and words & {"clusters", "contexts", "users"}:
        return Document(Kind.KUBECONFIG, text, found)
    if top.get(("kind",)) == "EncryptionConfiguration":
        return Document(Kind.ENCRYPTION, text, found)
    return Document(Kind.MANIFEST, text, found) if named or any(one.path for one in found.scalars) else None


def preview(document: Document, style: Style, now: datetime) -> Preview:
    """The text with its secrets masked, below a summary where there is one to make."""
    text, kind, found = document.text, document.kind, document.scan
    if found is None:
        body = masking.lines_of(text, masking.whole(text), style)
        said = [problem(document.why), line(("What cannot be read is masked whole.", Role.QUIET)), line()]
        return Preview(kind, str(kind), (*said, *body), (), hides=True)
    hidden = masking.secrets_of(found)
    spans = masking.yaml_spans(text, found, hidden)
    body = masking.lines_of(text, spans, style)
    title, values = str(kind), _values(found, hidden)
    summary: list[Line] = []
    if kind is Kind.KUBECONFIG:
        title, summary, values = _kubeconfig(found.values(), style, now)
    elif kind is Kind.ENCRYPTION:
        summary = _encryption(found)
    elif kind is Kind.MANIFEST:
        title = _manifest_title(found)
    if summary:
        body = [*summary, line(), heading("The file"), *body]
    hides = any(span.secret for span in spans)
    return Preview(kind, title, tuple(body), tuple(values[:MOST]), hides=hides)


# --- kubeconfigs ----------------------------------------------------------------------------------


def _kubeconfig(values: Values, style: Style, now: datetime) -> tuple[str, list[Line], list[Value]]:
    current = values.get(("current-context",), "")
    lines: list[Line] = [heading("Contexts")]
    for at, name in _named(values, "contexts"):
        cluster = values.get(("contexts", at, "context", "cluster"), "")
        user = values.get(("contexts", at, "context", "user"), "")
        mark = ("● ", Role.GOOD) if name == current else ("○ ", Role.QUIET)
        lines.append(line("  ", mark, (name, Role.STRONG), (f"  {user} at {cluster}", Role.QUIET)))
    lines += [line(), heading("Servers")]
    copies: list[Value] = []
    for at, name in _named(values, "clusters"):
        server = values.get(("clusters", at, "cluster", "server"), "")
        lines.append(line("  ", (name, Role.STRONG), f"  {server}"))
        authority = _decoded(values.get(("clusters", at, "cluster", "certificate-authority-data"), ""))
        lines += _certificate("authority", authority, now)
        if values.get(("clusters", at, "cluster", "insecure-skip-tls-verify"), "").lower() == "true":
            lines.append(line("    ", ("▲ it does not verify the server's certificate", Role.WARNING)))
        copies += [Value(f"server of {name}", server)] if server else []
        copies += [Value(f"authority of {name} (PEM)", authority)] if authority else []
    lines += [line(), heading("Users")]
    for at, name in _named(values, "users"):
        lines.append(line("  ", (name, Role.STRONG)))
        more, secrets = _user(values, at, name, style, now)
        lines += more
        copies = [*secrets, *copies]
    return "kubeconfig", lines, copies


def _user(values: Values, at: int, name: str, style: Style, now: datetime) -> tuple[list[Line], list[Value]]:
    def of(what: str) -> str:
        return values.get(("users", at, "user", what), "")

    certificate = _decoded(of("client-certificate-data"))
    lines = _certificate("certificate", certificate, now)
    copies: list[Value] = []
    secrets = {
        "client key": _decoded(of("client-key-data")),
        "token": of("token"),
        "password": of("password"),
    }
    for what, secret in secrets.items():
        if secret:
            apart = style.revealed and "\n" in secret
            shown = ("in the file below", Role.QUIET) if apart else (style.secret(secret), Role.SECRET)
            lines.append(line((f"    {what:11}  ", Role.NAME), shown))
            copies.append(Value(f"{what} of {name}", secret, secret=True))
    for what in ("client-certificate", "client-key", "tokenFile"):
        if of(what):
            lines.append(line((f"    {what}  ", Role.NAME), of(what)))
    command = values.get(("users", at, "user", "exec", "command"), "")
    if command:
        lines.append(line(("    command      ", Role.NAME), command))
    if certificate:
        copies.append(Value(f"client certificate of {name} (PEM)", certificate))
    return lines, copies


def _certificate(what: str, pem: str, now: datetime) -> list[Line]:
    if not pem:
        return []
    found = preview_certificates.load(pem)
    if found is None:
        return [line((f"    {what:11}  ", Role.NAME), ("✖ it cannot be read", Role.BAD))]
    return [
        line((f"    {what:11}  ", Role.NAME), preview_certificates.name(found.subject)),
        line(
            f"    {'':11}  {found.not_valid_after_utc:%Y-%m-%d}  ", preview_certificates.validity(found, now)
        ),
    ]


def _named(values: Values, part: str) -> list[tuple[int, str]]:
    found = [
        (path[1], value)
        for path, value in values.items()
        if len(path) == 3 and path[0] == part and isinstance(path[1], int) and path[2] == "name"
    ]
    return found[:MOST]


# --- the encryption configuration -----------------------------------------------------------------


def _encryption(scan: Scan) -> list[Line]:
    """Providers in their order: the first one writes, each of them reads."""
    found: dict[tuple[int, int], tuple[str, list[str]]] = {}
    for one in scan.scalars:
        match one.path:
            case ("resources", int(group), "providers", int(at), str(provider)) if one.is_key:
                found.setdefault((group, at), (provider, []))
            case ("resources", int(group), "providers", int(at), str(provider), "keys", int(), "name"):
                if not one.is_key:
                    found.setdefault((group, at), (provider, []))[1].append(one.value)
    lines: list[Line] = [heading("Providers")]
    for (group, at), (provider, keys) in sorted(found.items())[:MOST]:
        first = (group, at) == min(place for place in found if place[0] == group)
        names = ", ".join(keys) or ("as it is" if provider == "identity" else "")
        words = "writes and reads" if first else "reads"
        lines.append(line("  ", (f"{provider:12}", Role.STRONG), names, (f"  {words}", Role.QUIET)))
    return lines


# --- manifests ------------------------------------------------------------------------------------


def _manifest_title(found: Scan) -> str:
    kinds = [one.value for one in found.scalars if not one.is_key and one.path == ("kind",)]
    if not kinds:
        return "manifest"
    words = ", ".join(dict.fromkeys(kinds[:50]))
    return f"{words if len(words) <= 40 else f'{len(kinds)} objects'} manifest"


def _values(found: Scan, hidden: set[Scalar]) -> list[Value]:
    """Every masked value, decoded where it is a Secret's data; a bootstrap token as one."""
    copies: list[Value] = []
    by_name: dict[str, str] = {}
    names = {one.path: one.value for one in found.scalars if not one.is_key and one.path[-1:] == ("name",)}
    for one in [one for one in found.scalars if one in hidden][:MOST]:
        in_data = "data" in one.path[:-1]
        text = (_decoded(one.value) if in_data else "") or one.value
        by_name[str(one.path[-1]) if one.path else ""] = text
        copies.append(Value(_words(one, names), text, secret=True))
    if {"token-id", "token-secret"} <= by_name.keys():
        token = f"{by_name['token-id']}.{by_name['token-secret']}"
        copies.insert(0, Value("bootstrap token", token, secret=True))
    return copies


def _words(one: Scalar, names: Values) -> str:
    """A value's name: its path, with a list's entry by the name it carries."""
    words = []
    for at, part in enumerate(one.path):
        name = names.get((*one.path[: at + 1], "name"), "") if isinstance(part, int) else ""
        words.append(name or str(part))
    return safe(".".join(words[-4:]))[:80] or "the value"


def _decoded(text: str) -> str:
    """What base64 holds, where that is text; "" otherwise."""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
