"""Kubeconfig files: written with everything embedded, and read back.

Source: Kubernetes' kubeconfig v1 (`clientcmd/api/v1`). None skips the verification of the server's certificate, and
one that does is refused.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kubeplat_tui.services.pki import keys, yaml_text


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """What a kubeconfig's current context says. PEM where bytes; b"" or "" where it says nothing of it.

    `server_name` is what the server's certificate is checked against, where that is not the name in `server`.
    """

    server: str
    authority: bytes
    certificate: bytes = b""
    private: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)
    server_name: str = ""


def render(environment: str, user: str, content: Kubeconfig) -> bytes:
    """A kubeconfig with one context. Cluster and context are named like the environment, the user after both.

    Named so, the contexts of several environments stand in one file beside each other.
    """
    person = f"{environment}-{user}"
    credentials: dict[str, str] = {"token": content.token}
    if content.certificate:
        credentials = {
            "client-certificate-data": _encoded(content.certificate),
            "client-key-data": _encoded(content.private),
        }
    cluster = {"server": content.server, "certificate-authority-data": _encoded(content.authority)}
    if content.server_name:
        cluster["tls-server-name"] = content.server_name
    return yaml_text.dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": environment, "cluster": cluster}],
            "users": [{"name": person, "user": credentials}],
            "contexts": [{"name": environment, "context": {"cluster": environment, "user": person}}],
            "current-context": environment,
        }
    )


def parse(key: str, data: bytes) -> Kubeconfig:
    """The kubeconfig in the file `key`. Raises `KubeplatError` where it is none, is broken, or skips verification."""
    try:
        document = yaml_text.load(data)
    except ValueError as error:
        raise keys.unreadable(key, str(error)) from None
    if not isinstance(document, Mapping) or document.get("kind") != "Config":
        raise keys.unreadable(key, "it is no kubeconfig")
    context = _named(document, "contexts", document.get("current-context"))
    cluster = _named(document, "clusters", context.get("cluster"))
    user = _named(document, "users", context.get("user"))
    if not isinstance(cluster.get("server"), str):
        raise keys.unreadable(key, "its current context leads to no server")
    if cluster.get("insecure-skip-tls-verify"):
        raise keys.foreign(key, "it skips the verification of the server's certificate")
    return Kubeconfig(
        server=str(cluster["server"]),
        authority=_decoded(key, cluster, "certificate-authority-data"),
        certificate=_decoded(key, user, "client-certificate-data"),
        private=_decoded(key, user, "client-key-data"),
        token=str(user.get("token") or ""),
        server_name=str(cluster.get("tls-server-name") or ""),
    )


def _named(document: Mapping[str, object], kind: str, name: object) -> Mapping[str, object]:
    """The part of that name: `clusters: [{name: …, cluster: {…}}]`. Empty where there is none."""
    entries = document.get(kind)
    for entry in entries if isinstance(entries, Sequence) else ():
        if isinstance(entry, Mapping) and entry.get("name") == name:
            part = entry.get(kind.removesuffix("s"))
            return part if isinstance(part, Mapping) else {}
    return {}


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(key: str, part: Mapping[str, object], name: str) -> bytes:
    try:
        return base64.b64decode(str(part.get(name) or ""), validate=True)
    except (binascii.Error, ValueError):
        raise keys.unreadable(key, f"its {name} is not base64") from None
