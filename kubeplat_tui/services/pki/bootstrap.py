"""The bootstrap token: what a kubelet shows the API once, to ask for its own certificate. It lives a day.

Source: Kubernetes' "Authenticating with Bootstrap Tokens": `id.secret`, six and sixteen of a-z0-9, and a Secret of
type bootstrap.kubernetes.io/token in kube-system. Three files carry one token, and are only ever made together.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from kubeplat_tui.services.pki import keys, kubeconfigs, yaml_text
from kubeplat_tui.services.pki.profiles import LOCAL_API

if TYPE_CHECKING:
    from kubeplat_tui.services.pki.names import ClusterNames

SECURE = "secure/bootstrap-kubelet.kubeconfig"
COMPUTE = "compute/bootstrap-kubelet.kubeconfig"
SECRET = "addons/bootstrap-token.yaml"  # noqa: S105 - a path
FILES = (SECURE, COMPUTE, SECRET)

NAME = "bootstrap-token"
LIFETIME = timedelta(hours=24)
RENEWED_BELOW = timedelta(hours=12)
GROUP = "system:bootstrappers:platform"

_LETTERS = string.ascii_lowercase + string.digits
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def make(names: ClusterNames, authority: bytes, now: datetime) -> dict[str, bytes]:
    """The three files of a new token. `authority`: the PEM that the kubelets trust the API server by."""
    token_id, token_secret = _random(6), _random(16)
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"bootstrap-token-{token_id}", "namespace": "kube-system"},
        "type": "bootstrap.kubernetes.io/token",
        "stringData": {
            "token-id": token_id,
            "token-secret": token_secret,
            "expiration": f"{now.astimezone(UTC) + LIFETIME:{_TIME}}",
            "usage-bootstrap-authentication": "true",
            "auth-extra-groups": GROUP,
        },
    }

    def kubeconfig(server: str) -> bytes:
        token = f"{token_id}.{token_secret}"
        content = kubeconfigs.Kubeconfig(server, authority, token=token)
        return kubeconfigs.render(names.environment, "bootstrap-kubelet", content)

    return {
        SECURE: kubeconfig(LOCAL_API),
        COMPUTE: kubeconfig(f"https://{names.internal_api}:6443"),
        SECRET: yaml_text.dump(manifest),
    }


def why_new(files: Mapping[str, bytes], authority: bytes, now: datetime) -> str:
    """Why a new token is to be made, "" where the present one is still good.

    Raises `KubeplatError` where one of its files is there but cannot be read.
    """
    read = {key: kubeconfigs.parse(key, files[key]) for key in (SECURE, COMPUTE) if key in files}
    token, expires = _secret(files[SECRET]) if SECRET in files else ("", None)
    absent = [key for key in FILES if key not in files]
    if absent:
        return "absent" if len(absent) == len(FILES) else f"{absent[0]} was absent"
    if any(each.token != token for each in read.values()):
        return "its three files did not hold the same token"
    if any(each.authority != authority for each in read.values()):
        return "it did not name the present authorities"
    if expires is not None and expires - now < RENEWED_BELOW:
        return "less than 12 hours of it were left" if expires > now else "it had expired"
    return ""


def expires(data: bytes) -> datetime:
    """When the token of the Secret ends (UTC). Raises `KubeplatError` where it is no bootstrap token."""
    return _secret(data)[1]


def _secret(data: bytes) -> tuple[str, datetime]:
    """Token and end of the Secret's manifest."""
    try:
        document = yaml_text.load(data)
    except ValueError as error:
        raise keys.unreadable(SECRET, str(error)) from None
    content = document.get("stringData") if isinstance(document, Mapping) else None
    if not isinstance(content, Mapping) or not content.get("token-id") or not content.get("token-secret"):
        raise keys.unreadable(SECRET, "it is no Secret of a bootstrap token")
    try:
        end = datetime.strptime(str(content.get("expiration")), _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise keys.unreadable(SECRET, "its expiration is no time as in 2026-11-23T11:00:00Z") from None
    return f"{content['token-id']}.{content['token-secret']}", end


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
