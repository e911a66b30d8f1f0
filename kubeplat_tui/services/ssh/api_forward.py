"""The Kubernetes API on a port of this computer, and a kubeconfig that goes there: `kubectl` beside the application.

The bastions reach the API's internal load balancer and know its name by the private zone (reference: the security
rules and the zone of terraform/modules). The certificate is checked against that name, not against 127.0.0.1:
kubeconfig's `tls-server-name` (Kubernetes' `clientcmd/api/v1`).
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubeplat_tui.services.errors import KubeplatError, NotFoundError
from kubeplat_tui.services.pki import kubeconfigs
from kubeplat_tui.services.pki.names import names_of
from kubeplat_tui.services.ssh.forward_model import LOOPBACK, ForwardKind, ForwardSpec, ForwardState
from kubeplat_tui.services.workplace import cannot_write, write_private

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.forward_model import ForwardStatus
    from kubeplat_tui.services.ssh.forwards import Forwards
    from kubeplat_tui.services.ssh.model import Questions

LABEL = "Kubernetes API"
PORT = 6443
ADMIN = "locked/admin.kubeconfig"
FILE = "kubeconfig"
LOOK_SECONDS = 1.0


def kubernetes_api(site: Site, forwards: Forwards, questions: Questions) -> tuple[ForwardStatus, Path]:
    """The forward to the API and the kubeconfig that uses it; those that are there already, where they are.

    The file is the owner's only and goes with the forward; the admin's kubeconfig is only read. Raises `NotFoundError`
    where that is neither here nor in the bucket, and as `Forwards.start` does.
    """
    admin = kubeconfigs.parse(ADMIN, _admin(site))
    status = _forward(site, forwards, questions)
    server = f"https://{LOOPBACK}:{status.bound_port}"
    content = replace(admin, server=server, server_name=names_of(site).internal_api)
    path = _place(site.folders.ssh, status.bound_port)
    try:
        write_private(path, kubeconfigs.render(site.environment.name, "admin", content))
    except KubeplatError:
        forwards.stop(status.id)
        raise
    _remove_with(forwards, status.id, path, server)
    return status, path


def _admin(site: Site) -> bytes:
    """The admin's kubeconfig, from the working copy, else from the bucket; it is not written then."""
    from kubeplat_tui.services.secrets.bucket import SecretsBucket
    from kubeplat_tui.services.secrets.working_copy import WorkingCopy

    copy = WorkingCopy(site.folders.root)
    if copy.file(ADMIN) is not None:
        return copy.read(ADMIN)
    bucket = SecretsBucket.for_site(site)
    try:
        return bucket.get(ADMIN).data
    except NotFoundError as error:
        raise NotFoundError(
            f"{site.environment.name} has no {ADMIN}: neither here nor in the bucket.",
            why=error.what,
            todo="It is made with the cluster's certificates: kubeplat run.",
        ) from error
    finally:
        bucket.close()


def _forward(site: Site, forwards: Forwards, questions: Questions) -> ForwardStatus:
    spec = ForwardSpec(ForwardKind.LOCAL, 0, names_of(site).internal_api, PORT, label=LABEL)
    for status in forwards.statuses():
        if replace(status.spec, bind_port=0) == spec:
            lost = status.state is ForwardState.LOST
            return forwards.restart(status.id, questions) if lost else forwards.probe(status.id)
    return forwards.start(spec, questions)


def _place(folder: Path, port: int) -> Path:
    """`kubeconfig`, unless it leads to the forward of another kubeplat that is at work."""
    path = folder / FILE
    other = _port_in(path)
    if other in {None, port} or not _listens(other):
        return path
    return folder / f"{FILE}-{port}"


def _port_in(path: Path) -> int | None:
    """The port of this computer that the kubeconfig at `path` leads to; None where it is none of ours."""
    try:
        server = urlsplit(kubeconfigs.parse(path.name, path.read_bytes()).server)
        return server.port if server.hostname == LOOPBACK else None
    except (OSError, ValueError, KubeplatError):
        return None


def _listens(port: int | None) -> bool:
    try:
        socket.create_connection((LOOPBACK, port or 0), LOOK_SECONDS).close()
    except OSError:
        return False
    return True


def _remove_with(forwards: Forwards, number: int, path: Path, server: str) -> None:
    """Remove the kubeconfig when the forward is closed, unless another one has taken its place."""

    def look(status: ForwardStatus) -> None:
        if status.id == number and status.state is ForwardState.CLOSED:
            leave()
            remove()

    def remove() -> None:
        try:
            if _port_in(path) == urlsplit(server).port:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error

    leave = forwards.when_changed(look)
    if all(status.id != number for status in forwards.statuses()):  # closed a moment ago
        leave()
        with contextlib.suppress(KubeplatError):
            remove()
