"""What ssh-keygen and kubectl say of the ssh key and the kubeconfigs."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from kubeplat_tui.services.pki import keys
from tests.pki.bundles import NAMES, made, write_to

if TYPE_CHECKING:
    from pathlib import Path

LOCAL = "https://127.0.0.1:6443"
PUBLIC = "https://kube-demo.example.com:443"
INTERNAL = "https://kube.demo.internal:6443"

KUBECONFIGS = {
    "secure/controller-manager.kubeconfig": LOCAL,
    "secure/scheduler.kubeconfig": LOCAL,
    "secure/addons.kubeconfig": LOCAL,
    "secure/bootstrap-kubelet.kubeconfig": LOCAL,
    "compute/bootstrap-kubelet.kubeconfig": INTERNAL,
    "common/kube-proxy.kubeconfig": INTERNAL,
    "locked/admin.kubeconfig": PUBLIC,
    "locked/super-admin.kubeconfig": PUBLIC,
    "secure/token-webhook.kubeconfig": "https://127.0.0.1:8443/authenticate",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_to(tmp_path_factory.mktemp("bundle"), made())


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_ssh_keygen_accepts_the_key(folder: Path) -> None:
    key = folder / "locked/id_ed25519"
    said = run("ssh-keygen", "-l", "-f", str(key))
    assert said.startswith("256 SHA256:")
    assert said.endswith("(ED25519)\n")
    public = (folder / "locked/id_ed25519.pub").read_text()
    assert run("ssh-keygen", "-y", "-f", str(key)).split()[:2] == public.split()[:2]
    assert public.endswith(" demo\n")
    assert run("ssh-keygen", "-l", "-f", str(key.with_suffix(".pub"))).split()[1] == said.split()[1]


def test_the_public_half_is_read_of_a_key_under_a_passphrase(folder: Path, tmp_path: Path) -> None:
    key = tmp_path / "id_ed25519"
    key.touch(mode=0o600)
    key.write_bytes((folder / "locked/id_ed25519").read_bytes())
    run("ssh-keygen", "-q", "-p", "-N", "a passphrase", "-f", str(key))
    public = (folder / "locked/id_ed25519.pub").read_text()
    assert keys.ssh_public("locked/id_ed25519", key.read_bytes()) == " ".join(public.split()[:2])


@pytest.mark.parametrize("key", KUBECONFIGS)
def test_a_kubeconfig_embeds_everything_and_verifies_the_server(folder: Path, key: str) -> None:
    document = yaml.safe_load((folder / key).read_bytes())
    assert document["apiVersion"] == "v1"
    assert document["kind"] == "Config"
    assert document["current-context"] == "demo"
    (context,), (cluster,), (user,) = document["contexts"], document["clusters"], document["users"]
    assert context == {"name": "demo", "context": {"cluster": "demo", "user": user["name"]}}
    assert cluster["name"] == "demo"
    assert set(cluster["cluster"]) == {"server", "certificate-authority-data"}
    assert cluster["cluster"]["server"] == KUBECONFIGS[key]
    root = (folder / "common/kubernetes-ca.crt").read_bytes()
    assert base64.b64decode(cluster["cluster"]["certificate-authority-data"]) == root
    credentials = {"token"} if "bootstrap" in key else {"client-certificate-data", "client-key-data"}
    assert set(user["user"]) == credentials


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl on the PATH")
@pytest.mark.parametrize("key", KUBECONFIGS)
def test_kubectl_reads_a_kubeconfig(folder: Path, key: str) -> None:
    said = run("kubectl", f"--kubeconfig={folder / key}", "config", "view", "--minify", "--raw", "-o", "json")
    view = json.loads(said)
    assert view["clusters"][0]["cluster"]["server"] == KUBECONFIGS[key]
    assert view["contexts"][0]["name"] == NAMES.environment


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl on the PATH")
def test_kubectl_reads_the_bootstrap_tokens_secret(folder: Path) -> None:
    manifest = folder / "addons/bootstrap-token.yaml"
    said = run("kubectl", "label", "--local", "-o", "json", "-f", str(manifest), "read=yes")
    document = json.loads(said)
    token = yaml.safe_load((folder / "compute/bootstrap-kubelet.kubeconfig").read_bytes())
    content = document["stringData"]
    assert document["metadata"]["name"] == f"bootstrap-token-{content['token-id']}"
    assert f"{content['token-id']}.{content['token-secret']}" == token["users"][0]["user"]["token"]
