"""What OpenSSL says of every certificate: chains, names, usages and lifetimes, against the table written out here."""

from __future__ import annotations

import re
import subprocess
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import yaml

from kubeplat_tui.services.pki import bundle
from tests.pki.bundles import NAMES, write_to

if TYPE_CHECKING:
    from pathlib import Path

DATE = "%b %d %H:%M:%S %Y GMT"
BOTH = "TLS Web Server Authentication, TLS Web Client Authentication"
SERVER = "TLS Web Server Authentication"
CLIENT = "TLS Web Client Authentication"


@dataclass(frozen=True)
class Row:
    """A line of the table. `names` as OpenSSL prints them; `purposes` of `openssl verify`."""

    file: str
    authority: str
    subject: str
    usage: str
    names: frozenset[str] = frozenset()
    days: int = 365

    @property
    def purposes(self) -> list[str]:
        words = {SERVER: ["sslserver"], CLIENT: ["sslclient"], BOTH: ["sslserver", "sslclient"]}
        return words[self.usage]


def _etcd(number: int, address: str) -> list[Row]:
    name = f"DNS:etcd{number}.demo.internal"
    subject = f"O = etcd, CN = etcd{number}"
    local = {"DNS:localhost", "IP Address:127.0.0.1"}
    fixed = {name, f"IP Address:{address}"}
    return [
        Row(f"secure/etcd-{number}-server.crt", "etcd-ca", subject, BOTH, frozenset(fixed | local)),
        Row(f"secure/etcd-{number}-peer.crt", "etcd-ca", subject, BOTH, frozenset(fixed)),
    ]


API_NAMES = frozenset(
    {
        "DNS:kubernetes",
        "DNS:kubernetes.default",
        "DNS:kubernetes.default.svc",
        "DNS:kubernetes.default.svc.cluster.local",
        "DNS:localhost",
        "DNS:kube-demo.example.com",
        "DNS:kube.demo.internal",
        "IP Address:10.200.0.1",
        "IP Address:127.0.0.1",
        "IP Address:0:0:0:0:0:0:0:1",
        "IP Address:10.80.10.100",
        "IP Address:10.80.11.100",
        "IP Address:10.80.12.100",
    }
)
LOCAL = frozenset({"DNS:localhost", "IP Address:127.0.0.1"})

TABLE = [
    Row("secure/apiserver.crt", "kubernetes-ca", "CN = kube-apiserver", SERVER, API_NAMES),
    Row("secure/apiserver-kubelet-client.crt", "kubernetes-ca", "CN = kubelet-api", CLIENT),
    Row("secure/apiserver-etcd-client.crt", "etcd-ca", "CN = kube-apiserver-etcd-client", CLIENT),
    Row("secure/front-proxy-client.crt", "front-proxy-ca", "CN = front-proxy-client", CLIENT),
    *_etcd(0, "10.80.10.100"),
    *_etcd(1, "10.80.11.100"),
    *_etcd(2, "10.80.12.100"),
    Row("secure/etcd-healthcheck-client.crt", "etcd-ca", "CN = kube-etcd-healthcheck-client", CLIENT),
    Row("secure/kube-auth.crt", "kubernetes-ca", "CN = kube-auth", SERVER, LOCAL),
    Row("secure/kube-auth-client.crt", "kubernetes-ca", "CN = kube-apiserver-webhook", CLIENT),
    Row("secure/token-webhook.kubeconfig", "kubernetes-ca", "CN = kube-apiserver-webhook", CLIENT),
    Row(
        "secure/controller-manager.kubeconfig",
        "kubernetes-ca",
        "CN = system:kube-controller-manager",
        CLIENT,
    ),
    Row("secure/scheduler.kubeconfig", "kubernetes-ca", "CN = system:kube-scheduler", CLIENT),
    Row("secure/addons.kubeconfig", "kubernetes-ca", "CN = platform:addons", CLIENT),
    Row("common/kube-proxy.kubeconfig", "kubernetes-ca", "CN = system:kube-proxy", CLIENT),
    Row("locked/admin.kubeconfig", "kubernetes-ca", "O = platform:admins, CN = kubernetes-admin", CLIENT),
    Row(
        "locked/super-admin.kubeconfig",
        "kubernetes-ca",
        "O = system:masters, CN = kubernetes-super-admin",
        CLIENT,
        days=30,
    ),
]

AUTHORITIES = [
    ("common/kubernetes-ca.crt", "kubernetes-ca", "CA:TRUE, pathlen:1"),
    ("secure/kubelet-signer-ca.crt", "kubelet-signer-ca", "CA:TRUE, pathlen:0"),
    ("common/etcd-ca.crt", "etcd-ca", "CA:TRUE, pathlen:0"),
    ("common/front-proxy-ca.crt", "front-proxy-ca", "CA:TRUE, pathlen:0"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle made now, as OpenSSL judges by its own clock; kubeconfigs' certificates taken out beside them."""
    folder = tmp_path_factory.mktemp("bundle")
    files = bundle.make_missing(NAMES, {}, datetime.now(UTC)).writes
    write_to(folder, files)
    for key, data in files.items():
        user = yaml.safe_load(data)["users"][0]["user"] if key.endswith(".kubeconfig") else {}
        if "client-certificate-data" in user:
            (folder / f"{key}.crt").write_bytes(b64decode(user["client-certificate-data"]))
            (folder / f"{key}.key").write_bytes(b64decode(user["client-key-data"]))
    return folder


def openssl(folder: Path, *arguments: str, fails: bool = False) -> str:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) is fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def certificate(row: Row) -> str:
    return row.file if row.file.endswith(".crt") else f"{row.file}.crt"


def field(text: str, heading: str) -> str:
    """The line below a heading of `openssl x509 -text`, "" without it."""
    found = re.search(rf"{heading}: ?(?:critical)?\n +(.+)", text)
    return found[1].strip() if found else ""


def lifetime(text: str) -> tuple[datetime, float]:
    begin, end = (
        datetime.strptime(re.sub(r" +", " ", found), DATE).replace(tzinfo=UTC)
        for found in re.findall(r"Not (?:Before|After) ?: (.+)", text)
    )
    return begin, (end - begin).total_seconds() / 86400


def test_the_table_is_whole(folder: Path) -> None:
    """Every certificate and kubeconfig of the bundle is a row, an authority, or carries a token."""
    others = {
        "common/client-ca.crt",
        "secure/bootstrap-kubelet.kubeconfig",
        "compute/bootstrap-kubelet.kubeconfig",
    }
    known = {row.file for row in TABLE} | {file for file, _, _ in AUTHORITIES} | others
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix in {".crt", ".kubeconfig"} and ".kubeconfig." not in path.name
    }
    assert found == known


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.file)
def test_a_leaf_is_what_the_table_says(folder: Path, row: Row) -> None:
    file = certificate(row)
    text = openssl(folder, "x509", "-noout", "-text", "-in", file)
    assert f"Subject: {row.subject}\n" in text
    assert f"Issuer: O = demo, CN = {row.authority}\n" in text
    assert field(text, "X509v3 Extended Key Usage") == row.usage
    assert field(text, "X509v3 Key Usage") == "Digital Signature"
    assert "X509v3 Key Usage: critical" in text
    assert field(text, "X509v3 Basic Constraints") == "CA:FALSE"
    assert "X509v3 Basic Constraints: critical" in text
    assert set(filter(None, field(text, "X509v3 Subject Alternative Name").split(", "))) == row.names
    assert "ASN1 OID: prime256v1" in text
    assert "Signature Algorithm: ecdsa-with-SHA256" in text
    begin, days = lifetime(text)
    assert days == row.days
    assert 240 < (datetime.now(UTC) - begin).total_seconds() < 3600


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.file)
def test_a_leaf_is_verified_by_its_authority_alone(folder: Path, row: Row) -> None:
    file = certificate(row)
    chains = {f"common/{name}.crt" for name in ("kubernetes-ca", "etcd-ca", "front-proxy-ca")}
    own = f"common/{row.authority}.crt"
    for purpose in ("sslserver", "sslclient"):
        openssl(
            folder,
            "verify",
            "-x509_strict",
            *("-purpose", purpose, "-CAfile", own, file),
            fails=purpose not in row.purposes,
        )
    for other in sorted(chains - {own}):
        openssl(folder, "verify", "-CAfile", other, file, fails=True)


@pytest.mark.parametrize("row", [row for row in TABLE if row.names], ids=lambda row: row.file)
def test_a_server_is_verified_under_each_of_its_names(folder: Path, row: Row) -> None:
    def verify(name: str, *, fails: bool) -> None:
        kind, _, value = name.partition(":")
        option = "-verify_hostname" if kind == "DNS" else "-verify_ip"
        openssl(
            folder,
            "verify",
            *("-CAfile", f"common/{row.authority}.crt", option, value, certificate(row)),
            fails=fails,
        )

    for name in sorted(row.names):
        verify(name, fails=False)
    verify("DNS:elsewhere.example.com", fails=True)
    verify("IP Address:10.80.99.99", fails=True)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.file)
def test_a_key_fits_its_certificate(folder: Path, row: Row) -> None:
    file = certificate(row)
    own = openssl(folder, "pkey", "-pubout", "-in", f"{file.removesuffix('.crt')}.key")
    assert own == openssl(folder, "x509", "-noout", "-pubkey", "-in", file)


@pytest.mark.parametrize(("file", "name", "constraints"), AUTHORITIES)
def test_an_authority_lives_ten_years_and_signs_only(
    folder: Path, file: str, name: str, constraints: str
) -> None:
    text = openssl(folder, "x509", "-noout", "-text", "-in", file)
    assert f"Subject: O = demo, CN = {name}\n" in text
    assert field(text, "X509v3 Basic Constraints") == constraints
    assert "X509v3 Basic Constraints: critical" in text
    assert field(text, "X509v3 Key Usage") == "Certificate Sign, CRL Sign"
    assert "Extended Key Usage" not in text
    assert lifetime(text)[1] == 3650
    root = "common/kubernetes-ca.crt" if name == "kubelet-signer-ca" else file
    openssl(folder, "verify", "-x509_strict", "-CAfile", root, file)


def test_serial_numbers_are_random_and_long(folder: Path) -> None:
    files = [certificate(row) for row in TABLE if row.file != "secure/token-webhook.kubeconfig"]
    serials = {openssl(folder, "x509", "-noout", "-serial", "-in", file).partition("=")[2] for file in files}
    assert len(serials) == len(files)
    # Of 159 bits: one in 2^40 is shorter than 120.
    assert all(int(serial, 16).bit_length() in range(120, 160) for serial in serials)


def test_authorities_can_be_told_apart_by_key_identifier(folder: Path) -> None:
    root = openssl(folder, "x509", "-noout", "-text", "-in", "common/kubernetes-ca.crt")
    leaf = openssl(folder, "x509", "-noout", "-text", "-in", "secure/apiserver.crt")
    own = field(root, "X509v3 Subject Key Identifier")
    assert own == field(leaf, "X509v3 Authority Key Identifier").removeprefix("keyid:")
    assert own != field(leaf, "X509v3 Subject Key Identifier")


def signed(folder: Path, name: Path, subject: str, by: Path | str, extensions: str) -> None:
    """Make `name`.key, and `name`.crt signed by the authority in `by`.crt and `by`.key."""
    openssl(
        folder,
        *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.csr"),
    )
    name.with_suffix(".extensions").write_text(f"{extensions}\n")
    openssl(
        folder,
        *("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.crt", "-CAkey", f"{by}.key", "-days", "30"),
        *("-extfile", f"{name}.extensions", "-out", f"{name}.crt"),
    )


SIGNER = "secure/kubelet-signer-ca"


def test_what_the_kubelets_signer_signs_is_verified_by_the_client_ca_file(
    folder: Path, tmp_path: Path
) -> None:
    """The kubelet sends its leaf alone: `--client-ca-file` has to hold root and intermediate."""
    leaf = tmp_path / "kubelet"
    signed(
        folder, leaf, "/O=system:nodes/CN=system:node:ip-10-80-20-7", SIGNER, "extendedKeyUsage=clientAuth"
    )
    verify = ("verify", "-purpose", "sslclient", "-CAfile")
    openssl(folder, *verify, "common/client-ca.crt", f"{leaf}.crt")
    openssl(folder, *verify, "common/kubernetes-ca.crt", f"{leaf}.crt", fails=True)


def test_no_authority_counts_below_the_signer(folder: Path, tmp_path: Path) -> None:
    below, leaf = tmp_path / "below", tmp_path / "leaf"
    signed(folder, below, "/CN=another authority", SIGNER, "basicConstraints=critical,CA:TRUE")
    signed(folder, leaf, "/CN=system:node:none", below, "extendedKeyUsage=clientAuth")
    chain = tmp_path / "chain.pem"
    chain.write_bytes((folder / f"{SIGNER}.crt").read_bytes() + (tmp_path / "below.crt").read_bytes())
    verify = ("verify", "-CAfile", "common/kubernetes-ca.crt", "-untrusted", str(chain), f"{leaf}.crt")
    assert "path length constraint exceeded" in openssl(folder, *verify, fails=True)


def test_the_service_accounts_key_is_its_own(folder: Path) -> None:
    key = "secure/service-account.key"
    assert "Private-Key: (2048 bit" in openssl(folder, "pkey", "-noout", "-text", "-in", key)
    public = (folder / "secure/service-account.pub").read_text()
    assert openssl(folder, "pkey", "-pubout", "-in", key) == public
    for row in TABLE:
        assert openssl(folder, "x509", "-noout", "-pubkey", "-in", certificate(row)) != public
