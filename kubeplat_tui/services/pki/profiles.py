"""THE table: every authority, certificate and kubeconfig of a cluster, with its names, usages and lifetime.

Sources: Kubernetes' "PKI certificates and requirements" and its authentication and RBAC pages; etcd's "Transport
security model". The API server knows its callers by these names: a common name is the user, an organization the group.

**etcd's peers** look at a connection's source address: it has to be an address in the caller's certificate, or one that
a DNS name in it resolves to, forwards or backwards (etcd 3.5 and 3.6, `client/pkg/transport/listener_tls.go`). A peer
certificate therefore names the member and its fixed address. A master's first interface has an address that nobody
knows in advance: it is in no certificate, so that peers have to be called from the fixed one (by a route with that
source, or `--feature-gates=SetMemberLocalAddr=true` of etcd 3.6 and the address in the initial-advertise-peer-urls).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeplat_tui.services.pki.names import ClusterNames

YEAR = timedelta(days=365)
AUTHORITY_LIFETIME = 10 * YEAR
LEAF_LIFETIME = YEAR
BREAK_GLASS_LIFETIME = timedelta(days=30)
WARN_BEFORE = timedelta(days=60)
"""So long before its end a certificate of a year's life is warned of."""

ADMINS = "platform:admins"
"""The group that is bound to cluster-admin, and can be unbound; system:masters cannot."""

LOCAL_API = "https://127.0.0.1:6443"
"""The API server of the master itself."""

WEBHOOK = "https://127.0.0.1:8443/authenticate"
"""kube-auth, beside each API server."""


def warned_before(lifetime: timedelta) -> timedelta:
    """How long before its end a certificate is due: 60 days, or a third of its lifetime where that is shorter."""
    return min(WARN_BEFORE, lifetime / 3)


class Authority(StrEnum):
    """The certificate authorities. The kubelets' signer is an intermediate of kubernetes-ca."""

    KUBERNETES = "kubernetes-ca"
    KUBELET_SIGNER = "kubelet-signer-ca"
    ETCD = "etcd-ca"
    FRONT_PROXY = "front-proxy-ca"


@dataclass(frozen=True, slots=True)
class AuthorityFiles:
    """Where an authority lies. `path_length`: how many authorities may follow below it (RFC 5280, 4.2.1.9)."""

    authority: Authority
    certificate: str
    key: str
    path_length: int
    parent: Authority | None = None

    @property
    def next_certificate(self) -> str:
        """Where a rotation keeps the new certificate until everybody trusts it."""
        return f"locked/{self.authority}.next.crt"

    @property
    def next_key(self) -> str:
        """Where a rotation keeps the new key until it signs."""
        return f"locked/{self.authority}.next.key"


AUTHORITIES = {
    each.authority: each
    for each in (
        AuthorityFiles(Authority.KUBERNETES, "common/kubernetes-ca.crt", "locked/kubernetes-ca.key", 1),
        # The one key of an authority that masters hold: kube-controller-manager signs the kubelets' requests.
        AuthorityFiles(
            Authority.KUBELET_SIGNER,
            "secure/kubelet-signer-ca.crt",
            "secure/kubelet-signer-ca.key",
            0,
            Authority.KUBERNETES,
        ),
        AuthorityFiles(Authority.ETCD, "common/etcd-ca.crt", "locked/etcd-ca.key", 0),
        AuthorityFiles(Authority.FRONT_PROXY, "common/front-proxy-ca.crt", "locked/front-proxy-ca.key", 0),
    )
}

CLIENT_CA = "common/client-ca.crt"
"""Who may have signed a client: kubernetes-ca and the kubelets' signer, for the kubelets send their leaf alone."""


class Usage(StrEnum):
    """What a certificate may be used for (extended key usage, RFC 5280, 4.2.1.12)."""

    SERVER = "server"
    CLIENT = "client"


SERVER = (Usage.SERVER,)
CLIENT = (Usage.CLIENT,)
BOTH = (Usage.SERVER, Usage.CLIENT)


@dataclass(frozen=True, slots=True)
class Profile:
    """One leaf certificate: either two files (`certificate`, `key`) or the client of one `kubeconfig`.

    `in_use`: the cluster or its administration stops, in part, when it expires. `dns` and `addresses` are the
    subject's alternative names. A pair may be embedded in a kubeconfig too (`copy`), which follows it.
    """

    name: str
    authority: Authority
    common_name: str
    usages: tuple[Usage, ...]
    organization: str = ""
    lifetime: timedelta = LEAF_LIFETIME
    in_use: bool = True
    dns: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    certificate: str = ""
    key: str = ""
    kubeconfig: str = ""
    copy: str = ""
    server: str = ""
    """The URL in its kubeconfig."""

    @property
    def place(self) -> str:
        """The file that holds the certificate."""
        return self.certificate or self.kubeconfig

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that is made of it."""
        return tuple(filter(None, (self.certificate, self.key, self.kubeconfig, self.copy)))


def _pair(
    name: str,
    authority: Authority,
    common_name: str,
    usages: tuple[Usage, ...],
    organization: str = "",
    *,
    dns: tuple[str, ...] = (),
    addresses: tuple[str, ...] = (),
    copy: str = "",
    server: str = "",
) -> Profile:
    """A certificate with its key, in two files that masters read."""
    return Profile(
        name,
        authority,
        common_name,
        usages,
        organization,
        dns=_distinct(dns),
        addresses=_distinct(addresses),
        certificate=f"secure/{name}.crt",
        key=f"secure/{name}.key",
        copy=copy,
        server=server,
    )


def profiles(names: ClusterNames) -> tuple[Profile, ...]:
    """Every leaf of the cluster, in the order of the table."""
    return (*_api(names), *_etcd(names), *_webhook(), *_kubeconfigs(names))


def _api(names: ClusterNames) -> tuple[Profile, ...]:
    extra_dns = tuple(name for name in names.extra if not is_address(name))
    extra_addresses = tuple(name for name in names.extra if is_address(name))
    dns = (
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "localhost",
        names.public_api,
        names.internal_api,
        *extra_dns,
    )
    addresses = (
        names.service_address,
        "127.0.0.1",
        "::1",
        *(member.address for member in names.members),
        *extra_addresses,
    )
    return (
        _pair("apiserver", Authority.KUBERNETES, "kube-apiserver", SERVER, dns=dns, addresses=addresses),
        _pair("apiserver-kubelet-client", Authority.KUBERNETES, "kubelet-api", CLIENT),
        _pair("apiserver-etcd-client", Authority.ETCD, "kube-apiserver-etcd-client", CLIENT),
        # The aggregated API servers accept this common name alone (--requestheader-allowed-names).
        _pair("front-proxy-client", Authority.FRONT_PROXY, "front-proxy-client", CLIENT),
    )


def _etcd(names: ClusterNames) -> tuple[Profile, ...]:
    found: list[Profile] = []
    for member in names.members:
        name, own, local = f"etcd-{member.id}", f"etcd{member.id}", "127.0.0.1"
        # etcd calls itself through its gateway with the server's certificate: both usages, in both.
        found += [
            _pair(
                f"{name}-server",
                Authority.ETCD,
                own,
                BOTH,
                "etcd",
                dns=(member.name, "localhost"),
                addresses=(local, member.address),
            ),
            _pair(
                f"{name}-peer",
                Authority.ETCD,
                own,
                BOTH,
                "etcd",
                dns=(member.name,),
                addresses=(member.address,),
            ),
        ]
    return (*found, _pair("etcd-healthcheck-client", Authority.ETCD, "kube-etcd-healthcheck-client", CLIENT))


def _webhook() -> tuple[Profile, ...]:
    local = ("localhost",), ("127.0.0.1",)
    return (
        _pair("kube-auth", Authority.KUBERNETES, "kube-auth", SERVER, dns=local[0], addresses=local[1]),
        _pair(
            "kube-auth-client",
            Authority.KUBERNETES,
            "kube-apiserver-webhook",
            CLIENT,
            copy="secure/token-webhook.kubeconfig",
            server=WEBHOOK,
        ),
    )


def _kubeconfigs(names: ClusterNames) -> tuple[Profile, ...]:
    internal = f"https://{names.internal_api}:6443"
    people = f"https://{names.public_api}:443" if names.public_api else internal

    def client(name: str, user: str, folder: str, server: str, organization: str = "") -> Profile:
        return Profile(
            name,
            Authority.KUBERNETES,
            user,
            CLIENT,
            organization,
            kubeconfig=f"{folder}/{name}.kubeconfig",
            server=server,
        )

    return (
        client("controller-manager", "system:kube-controller-manager", "secure", LOCAL_API),
        client("scheduler", "system:kube-scheduler", "secure", LOCAL_API),
        client("addons", "platform:addons", "secure", LOCAL_API),
        client("kube-proxy", "system:kube-proxy", "common", internal),
        client("admin", "kubernetes-admin", "locked", people, ADMINS),
        Profile(
            "super-admin",
            Authority.KUBERNETES,
            "kubernetes-super-admin",
            CLIENT,
            "system:masters",
            lifetime=BREAK_GLASS_LIFETIME,
            in_use=False,
            kubeconfig="locked/super-admin.kubeconfig",
            server=people,
        ),
    )


def is_address(name: str) -> bool:
    """Whether a name is an IP address; it is a DNS name otherwise."""
    import ipaddress

    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """Each once, in their order, without empty ones."""
    return tuple(dict.fromkeys(name for name in names if name))
