"""The forward to the Kubernetes API and its kubeconfig: `kubectl` itself goes through it."""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import ssl
import stat
import subprocess
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from kubeplat_tui.services.errors import NotFoundError
from kubeplat_tui.services.pki import bundle, kubeconfigs
from kubeplat_tui.services.pki.names import names_of
from kubeplat_tui.services.secrets.bucket import SecretsBucket
from kubeplat_tui.services.secrets.working_copy import WorkingCopy
from kubeplat_tui.services.ssh.api_forward import ADMIN, kubernetes_api
from kubeplat_tui.services.ssh.forwards import Forwards, ForwardState
from tests.unit.sites import make_site
from tests.unit.ssh_far_side import FarConnections, Seen, echo, no_questions, target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.connections import Connections

API = ("kube.demo.internal", 6443)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The environment's certificates and kubeconfigs, valid now."""
    site = make_site(tmp_path_factory.mktemp("names"))
    return bundle.make_missing(names_of(site), {}, datetime.now(UTC)).writes


@dataclass
class Place:
    """A site with the admin's kubeconfig, and forwards to the far side."""

    site: Site
    far: FarConnections
    forwards: Forwards


@pytest.fixture
def place(tmp_path: Path, files: dict[str, bytes]) -> Iterator[Place]:
    site = make_site(tmp_path)
    WorkingCopy(site.folders.root).commit({ADMIN: files[ADMIN]})
    far = FarConnections()
    forwards = Forwards(cast("Connections", far))
    yield Place(site, far, forwards)
    forwards.close()
    far.close()


class Api(http.server.BaseHTTPRequestHandler):
    """Says its version, and who asks."""

    def do_GET(self) -> None:
        connection = cast("ssl.SSLSocket", self.connection)
        subject = cast("Any", connection.getpeercert())["subject"]
        names = {key: value for part in subject for key, value in part}
        body = json.dumps({"major": "1", "minor": "36", "gitVersion": "v1.36.2", "you": names["commonName"]})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the parent's name
        pass


class Server(http.server.ThreadingHTTPServer):
    """A probe opens a connection and closes it."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextlib.contextmanager
def api(folder: Path, files: dict[str, bytes]) -> Iterator[tuple[str, int]]:
    """An API server with the environment's certificate that wants the client's."""
    for name in ("secure/apiserver.crt", "secure/apiserver.key", "common/kubernetes-ca.crt"):
        (folder / name.rsplit("/", 1)[1]).write_bytes(files[name])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder / "kubernetes-ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / "apiserver.crt", folder / "apiserver.key")
    with Server(("127.0.0.1", 0), Api) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield "127.0.0.1", server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_goes_through_it(place: Place, files: dict[str, bytes], tmp_path: Path) -> None:
    with api(tmp_path, files) as server:
        place.far.far.targets[API] = server
        status, kubeconfig = kubernetes_api(place.site, place.forwards, no_questions())
        assert status.state is ForwardState.OPEN
        environ = {"KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path)}
        kubectl = shutil.which("kubectl") or ""
        said = subprocess.run(
            [kubectl, "get", "--raw", "/version"], env=environ, capture_output=True, check=True
        )
        assert json.loads(said.stdout)["you"] == "kubernetes-admin"
        said = subprocess.run([kubectl, "version"], env=environ, capture_output=True, check=True)
        assert b"v1.36.2" in said.stdout
    assert place.far.far.opened[0] == API


def test_the_kubeconfig_is_private_leaves_the_original_alone_and_goes_with_the_forward(
    place: Place, files: dict[str, bytes]
) -> None:
    with target(echo) as server:
        place.far.far.targets[API] = server
        status, path = kubernetes_api(place.site, place.forwards, no_questions())
        assert path == place.site.folders.ssh / "kubeconfig"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        made, original = (kubeconfigs.parse(ADMIN, data) for data in (path.read_bytes(), files[ADMIN]))
        assert made.server == f"https://127.0.0.1:{status.bound_port}"
        assert made.server_name == "kube.demo.internal"
        assert (made.certificate, made.private, made.authority) == (
            original.certificate,
            original.private,
            original.authority,
        )
        again, same = kubernetes_api(place.site, place.forwards, no_questions())
        assert (again.id, again.bound_port, same) == (status.id, status.bound_port, path)
        place.forwards.stop(status.id)
        assert not path.exists()
        assert WorkingCopy(place.site.folders.root).read(ADMIN) == files[ADMIN]


def test_asked_again_when_it_is_lost_it_comes_back_where_it_was(place: Place) -> None:
    with target(echo) as server:
        place.far.far.targets[API] = server
        status, path = kubernetes_api(place.site, place.forwards, no_questions())
        seen = Seen(place.forwards)
        place.far.made[0].cut()
        seen.until(lambda now: now.state is ForwardState.LOST)
        assert path.exists()
        again, same = kubernetes_api(place.site, place.forwards, no_questions())
        assert (again.state, again.bound_port, same) == (ForwardState.OPEN, status.bound_port, path)
        place.forwards.close()
        assert not path.exists()


def test_two_applications_do_not_take_each_others_kubeconfig(place: Place) -> None:
    other = Forwards(cast("Connections", place.far))
    with target(echo) as server:
        place.far.far.targets[API] = server
        try:
            _, first = kubernetes_api(place.site, place.forwards, no_questions())
            status, second = kubernetes_api(place.site, other, no_questions())
            assert second == first.with_name(f"kubeconfig-{status.bound_port}")
        finally:
            other.close()
        assert first.exists()
        assert not second.exists()


def test_what_a_crash_left_is_written_over(place: Place) -> None:
    left = place.site.folders.ssh / "kubeconfig"
    left.parent.mkdir(parents=True)
    left.write_text("half of")
    with target(echo) as server:
        place.far.far.targets[API] = server
        _, path = kubernetes_api(place.site, place.forwards, no_questions())
        assert path == left
        assert kubeconfigs.parse("it", path.read_bytes()).server_name == "kube.demo.internal"


def test_an_api_that_is_not_there_is_said_and_the_forward_waits_for_it(place: Place) -> None:
    with target(echo) as server:
        place.far.far.targets[API] = server
    status, path = kubernetes_api(place.site, place.forwards, no_questions())
    assert status.state is ForwardState.FAILING
    assert "kube.demo.internal:6443" in status.error
    assert path.exists()


def test_the_buckets_kubeconfig_is_used_and_not_kept(
    place: Place, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bucket:
        def get(self, key: str) -> Any:
            if not there:
                raise NotFoundError("It is not there.")
            return type("Read", (), {"data": files[key]})

        def close(self) -> None:
            pass

    there = False
    monkeypatch.setattr(SecretsBucket, "for_site", lambda _: Bucket())
    WorkingCopy(place.site.folders.root).commit({}, [ADMIN])
    with pytest.raises(NotFoundError, match=r"neither here nor in the bucket"):
        kubernetes_api(place.site, place.forwards, no_questions())
    assert place.forwards.statuses() == ()
    there = True
    with target(echo) as server:
        place.far.far.targets[API] = server
        _, path = kubernetes_api(place.site, place.forwards, no_questions())
        assert kubeconfigs.parse("it", path.read_bytes()).certificate
    assert WorkingCopy(place.site.folders.root).file(ADMIN) is None
