"""One leaf of the bundle: its files written from a key and a certificate, read back, and held against its authority."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.services.pki import certificates, keys, kubeconfigs
from kubeplat_tui.services.pki.profiles import Authority

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cryptography import x509

    from kubeplat_tui.services.pki.authorities import Signer
    from kubeplat_tui.services.pki.profiles import Profile


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate and its private key (None where it is absent), as the files hold them."""

    certificate: x509.Certificate
    private: keys.PrivateKey | None = field(repr=False)
    roots: tuple[x509.Certificate, ...] = ()
    """What its kubeconfig trusts the server by."""


@dataclass(frozen=True, slots=True)
class Issuing:
    """What leaves are issued from: the authorities that sign, for which environment, and when."""

    environment: str
    signers: Mapping[Authority, Signer] = field(repr=False)
    now: datetime

    @property
    def roots(self) -> tuple[x509.Certificate, ...]:
        """What the API server's callers trust: kubernetes-ca, two of them during a rotation."""
        return self.signers[Authority.KUBERNETES].trusted

    @property
    def roots_pem(self) -> bytes:
        """The same as PEM."""
        return certificates.pem(*self.roots)


def read(profile: Profile, files: Mapping[str, bytes]) -> Leaf | None:
    """The leaf in the files, None where its certificate is absent. Raises `KubeplatError` where one cannot be read."""
    place = profile.place
    if place not in files:
        return None
    if profile.kubeconfig:
        content = kubeconfigs.parse(place, files[place])
        if not content.certificate or not content.private:
            raise keys.unreadable(place, "it has no embedded client certificate and key")
        return Leaf(
            certificates.load_all(place, content.certificate)[0],
            keys.load(place, content.private),
            _roots(place, content),
        )
    private = keys.load(profile.key, files[profile.key]) if profile.key in files else None
    return Leaf(certificates.load_all(place, files[place])[0], private)


def read_copy(profile: Profile, files: Mapping[str, bytes]) -> Leaf | None:
    """The leaf that the kubeconfig made of it holds, where its own certificate is absent: an upload was interrupted.

    With its own key where that is there. None without such a kubeconfig; raises `KubeplatError` for a broken one.
    """
    if not profile.copy or profile.copy not in files:
        return None
    content = kubeconfigs.parse(profile.copy, files[profile.copy])
    if not content.certificate or not content.private:
        raise keys.unreadable(profile.copy, "it has no embedded client certificate and key")
    place, pem = (
        (profile.key, files[profile.key]) if profile.key in files else (profile.copy, content.private)
    )
    certificate = certificates.load_all(profile.copy, content.certificate)[0]
    return Leaf(certificate, keys.load(place, pem), _roots(profile.copy, content))


def why_foreign(
    profile: Profile,
    leaf: Leaf,
    issuers: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
) -> str:
    """Why a leaf does not belong to the authorities that are here, "" where it does.

    `issuers` are the certificates of its own authority, `roots` those that its kubeconfig has to trust one of.
    """
    if leaf.private is not None and not certificates.fits(leaf.certificate, leaf.private):
        return f"{profile.key or 'its key'} does not fit its certificate"
    if not certificates.issued_by(leaf.certificate, *issuers):
        return f"the {profile.authority} that is here did not sign it"
    if profile.kubeconfig and not set(leaf.roots) & set(roots):
        return "it trusts none of the authorities that are here"
    return ""


def why_foreign_copy(
    profile: Profile, leaf: Leaf, files: Mapping[str, bytes], roots: Sequence[x509.Certificate]
) -> str:
    """The same for the kubeconfig that a pair is embedded in too, "" where that is absent or right."""
    if profile.copy not in files:
        return ""
    content = kubeconfigs.parse(profile.copy, files[profile.copy])
    embedded = certificates.load_all(profile.copy, content.certificate) if content.certificate else ()
    if leaf.certificate not in embedded[:1]:
        return f"it does not hold the certificate of {profile.certificate}"
    if leaf.private is None or not certificates.fits(embedded[0], keys.load(profile.copy, content.private)):
        return f"it does not hold the key of {profile.certificate}"
    known = set(_roots(profile.copy, content))
    return "" if known & set(roots) else "it trusts none of the authorities that are here"


def write(
    profile: Profile, issuing: Issuing, certificate: x509.Certificate, private: keys.PrivateKey
) -> dict[str, bytes]:
    """Every file of the leaf; its kubeconfig trusts every root that is trusted now."""
    pem, secret = certificates.pem(certificate), keys.private_pem(private)
    written: dict[str, bytes] = {}
    if profile.certificate:
        written |= {profile.certificate: pem, profile.key: secret}
    for place in filter(None, (profile.kubeconfig, profile.copy)):
        content = kubeconfigs.Kubeconfig(profile.server, issuing.roots_pem, pem, secret)
        written[place] = kubeconfigs.render(issuing.environment, profile.name, content)
    return written


def _roots(place: str, content: kubeconfigs.Kubeconfig) -> tuple[x509.Certificate, ...]:
    return certificates.load_all(place, content.authority) if content.authority else ()
