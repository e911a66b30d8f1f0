"""An authority and its successor: what each step of a rotation writes. `rotation` tells which step is to be taken.

With kubernetes-ca its intermediate, the kubelets' signer, gets a certificate from the successor for the key it has:
the kubelets' own certificates stay valid through it all. Rotating kubelet-signer-ca replaces the signer's key itself.
kube-controller-manager takes one certificate in the signer's file, so there it is `CLIENT_CA` alone that holds both.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.pki import authorities, certificates, keys, kubeconfigs, leaves
from kubeplat_tui.services.pki.profiles import AUTHORITIES, CLIENT_CA, Authority, is_address, profiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cryptography import x509

    from kubeplat_tui.services.pki.authorities import Signer
    from kubeplat_tui.services.pki.names import ClusterNames
    from kubeplat_tui.services.pki.profiles import AuthorityFiles, Profile

KUBECONFIG = ".kubeconfig"
CERTIFICATE = ".crt"
MOST_NAMED = 6
_SIGNER = AUTHORITIES[Authority.KUBELET_SIGNER]
_SIBLINGS = {
    Authority.KUBERNETES: Authority.KUBELET_SIGNER,
    Authority.KUBELET_SIGNER: Authority.KUBERNETES,
}
"""The two whose certificates are in `CLIENT_CA`."""
_EMBEDDED = re.compile(rb"(certificate-authority-data[\"']?[ \t]*:[ \t]*[\"']?)([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class Succession:
    """One authority's old certificates and its new signer, over the files as they are.

    `new.trusted` are the old ones and the new one, in the order in which the files list them.
    """

    names: ClusterNames
    files: Mapping[str, bytes]
    old: tuple[x509.Certificate, ...]
    new: Signer
    now: datetime

    @property
    def authority(self) -> Authority:
        """Who is succeeded."""
        return self.new.authority

    @property
    def place(self) -> AuthorityFiles:
        """Where the authority lies."""
        return AUTHORITIES[self.authority]

    def introduce(self) -> dict[str, bytes]:
        """The successor put aside, and trusted beside the old authority."""
        return self._trust(self.new.trusted) | {
            self.place.next_key: keys.private_pem(self.new.private),
            self.place.next_certificate: certificates.pem(self.new.certificate),
        }

    def reissue(self) -> dict[str, bytes]:
        """The successor's key in place of the old one, and all that the old one had signed, signed anew."""
        writes = self._trust(self.new.trusted) | {self.place.key: keys.private_pem(self.new.private)}
        if self.authority is Authority.KUBELET_SIGNER:
            writes[self.place.certificate] = certificates.pem(self.new.certificate)
        if self.authority is Authority.KUBERNETES:
            signer = self._resigned()
            writes[_SIGNER.certificate] = certificates.pem(signer)
            writes[CLIENT_CA] = self._client_ca((signer,))
        return writes | self.outstanding()

    def outstanding(self) -> dict[str, bytes]:
        """Every leaf of the table that the successor has not signed yet, signed by it; {} where there is none."""
        issuing = leaves.Issuing(self.names.environment, {self.authority: self.new}, self.now)
        writes: dict[str, bytes] = {}
        for profile in profiles(self.names):
            if profile.authority is self.authority:
                writes |= self._leaf(profile, issuing)
        return writes

    def retire(self) -> dict[str, bytes]:
        """The successor trusted alone. Raises `KubeplatError` while the bundle holds anything the old one signed."""
        skipped = {CLIENT_CA, self.place.certificate, self.place.next_certificate}
        remains = sorted(
            key
            for key in self.files
            if key.endswith((CERTIFICATE, KUBECONFIG))
            and key not in skipped
            and any(map(self._is_of_old, _certificates_in(key, self.files[key])))
        )
        if remains:
            shown = ", ".join(remains[:MOST_NAMED]) + (" and more" if len(remains) > MOST_NAMED else "")
            raise KubeplatError(
                f"The old {self.authority} cannot be retired: it signed {shown}.",
                why="Nothing was changed.",
                todo="Sign anew what is in use (kubeplat certs renew NAME), and delete what is not.",
            )
        return self._trust((self.new.certificate,))

    def _trust(self, trusted: tuple[x509.Certificate, ...]) -> dict[str, bytes]:
        """The files that say who is trusted."""
        writes: dict[str, bytes] = {}
        if self.authority is not Authority.KUBELET_SIGNER:
            writes[self.place.certificate] = certificates.pem(*trusted)
        if self.authority in _SIBLINGS:
            siblings = authorities.trusted(_SIBLINGS[self.authority], self.files)
            writes[CLIENT_CA] = self._client_ca(siblings, retiring=self.old if len(trusted) == 1 else ())
        if self.authority is Authority.KUBERNETES:
            writes |= {key: self._following(key, trusted) for key in self.files if key.endswith(KUBECONFIG)}
        return writes

    def _client_ca(
        self, siblings: Iterable[x509.Certificate], retiring: tuple[x509.Certificate, ...] = ()
    ) -> bytes:
        """What is in it now, with the successor and its siblings; without the old ones and what they signed."""
        present = certificates.load_all(CLIENT_CA, self.files[CLIENT_CA])
        kept = [
            each
            for each in present
            if not retiring or (each not in retiring and (each in siblings or not self._is_of_old(each)))
        ]
        return certificates.pem(*dict.fromkeys((*kept, self.new.certificate, *siblings)))

    def _is_of_old(self, certificate: x509.Certificate) -> bool:
        """Whether the authority signed it, and not by its new certificate."""
        issuers = {each.subject for each in self.new.trusted}
        return certificate.issuer in issuers and not certificates.issued_by(certificate, self.new.certificate)

    def _resigned(self) -> x509.Certificate:
        """A certificate of the successor for the key that the kubelets' signer has."""
        for key in (_SIGNER.certificate, _SIGNER.key):
            if key not in self.files:
                raise missing(key)
        private = authorities.load_key(_SIGNER.key, self.files[_SIGNER.key])
        for present in certificates.load_all(_SIGNER.certificate, self.files[_SIGNER.certificate]):
            if certificates.fits(present, private) and certificates.issued_by(present, self.new.certificate):
                return present
        signer = authorities.make(
            Authority.KUBELET_SIGNER, self.names.environment, self.now, self.new, private
        )
        return signer.certificate

    def _leaf(self, profile: Profile, issuing: leaves.Issuing) -> dict[str, bytes]:
        """A leaf with a new key, for all names it had; {} where it is absent, or was signed anew already."""
        leaf = leaves.read(profile, self.files)
        if leaf is None:
            return {}
        whole = not leaves.why_foreign(profile, leaf, (self.new.certificate,), self.new.trusted)
        if whole and not leaves.why_foreign_copy(profile, leaf, self.files, self.new.trusted):
            return {}
        known = {*profile.dns, *profile.addresses}
        more = [name for name in certificates.names_in(leaf.certificate) if name not in known]
        wanted = dataclasses.replace(
            profile,
            dns=(*profile.dns, *(name for name in more if not is_address(name))),
            addresses=(*profile.addresses, *filter(is_address, more)),
        )
        private = keys.generate()
        certificate = certificates.issue(wanted, private.public_key(), self.new, self.now)
        return leaves.write(wanted, issuing, certificate, private)

    def _following(self, key: str, trusted: Iterable[x509.Certificate]) -> bytes:
        """A kubeconfig that trusts `trusted` wherever it trusted the authority; all else stays byte for byte."""
        alike = {each.subject for each in self.new.trusted}

        def follow(found: re.Match[bytes]) -> bytes:
            try:
                embedded = certificates.load_all(key, base64.b64decode(found[2]))
            except binascii.Error:
                raise keys.unreadable(key, "its certificate-authority-data is not base64") from None
            others = [each for each in embedded if each.subject not in alike]
            if len(others) == len(embedded):
                return found[0]
            return found[1] + base64.b64encode(certificates.pem(*trusted, *others))

        data = _EMBEDDED.sub(follow, self.files[key])
        kubeconfigs.parse(key, data)
        return data


def read(
    names: ClusterNames,
    files: Mapping[str, bytes],
    authority: Authority,
    now: datetime,
    *,
    introduced: bool,
    reissued: bool,
) -> Succession:
    """An authority and its successor, which is made where there is none yet.

    `introduced`, `reissued`: whether those steps were taken, so that the successor has to be there. Raises
    `KubeplatError` where a file that this needs is missing or unreadable.
    """
    present = authorities.trusted(authority, files)
    if not present:
        raise missing(AUTHORITIES[authority].certificate)
    if authority in _SIBLINGS and CLIENT_CA not in files:
        raise missing(CLIENT_CA)
    if reissued:
        successor = authorities.load(authority, files)
    else:
        successor = _successor(names, files, authority, now, must_exist=introduced)
    alike = {successor.certificate.subject, *(each.subject for each in present)}
    if authority is Authority.KUBELET_SIGNER:
        present = certificates.load_all(CLIENT_CA, files[CLIENT_CA])
    old = tuple(each for each in present if each.subject in alike and each != successor.certificate)
    new = dataclasses.replace(successor, trusted=(*old, successor.certificate))
    return Succession(names, files, old, new, now)


def _successor(
    names: ClusterNames, files: Mapping[str, bytes], authority: Authority, now: datetime, *, must_exist: bool
) -> Signer:
    """The successor as an earlier step, or one that was cut short, put it aside; else a new one."""
    place = AUTHORITIES[authority]
    if place.next_key not in files and (must_exist or place.next_certificate in files):
        raise missing(place.next_key)
    private = authorities.load_key(place.next_key, files[place.next_key]) if place.next_key in files else None
    if private is not None and place.next_certificate in files:
        certificate = certificates.load_all(place.next_certificate, files[place.next_certificate])[0]
        if not certificates.fits(certificate, private):
            raise keys.foreign(place.next_certificate, f"{place.next_key} does not fit it")
        return authorities.Signer(authority, certificate, private, (certificate,))
    if must_exist:
        raise missing(place.next_certificate)
    parent = authorities.load(place.parent, files) if place.parent else None
    return authorities.make(authority, names.environment, now, parent, private)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, in hex."""
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex()


def missing(key: str) -> KubeplatError:
    """The sentence for a file that a rotation needs and that is not there."""
    return KubeplatError(
        f"{key} is missing: the rotation cannot go on without it.",
        why="Nothing was changed.",
        todo="Fetch it again (kubeplat fetch-secrets), or restore an earlier version of it in the bucket.",
    )


def _certificates_in(key: str, data: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a `.crt` file, or the client's in a kubeconfig."""
    pem = kubeconfigs.parse(key, data).certificate if key.endswith(KUBECONFIG) else data
    return certificates.load_all(key, pem) if pem else ()
