"""Network ACL entries: the ICMP type and code are lost.

Moto's responses ask for `Icmp.Code` and `Icmp.Type`, as they go over the wire; its parser has already given
them the names of the API model, `IcmpTypeCode.Code` and `IcmpTypeCode.Type`. Every second plan then changes
each ACL with an ICMP rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.responses.network_acls import NetworkACLs

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = {"Icmp.Code": "IcmpTypeCode.Code", "Icmp.Type": "IcmpTypeCode.Type"}


def apply() -> None:
    """Let the two responses read the names there are."""
    for name in ("create_network_acl_entry", "replace_network_acl_entry"):
        original = method(NetworkACLs, name)
        mentions(NetworkACLs, name, "_get_param", *NAMES)
        replace(NetworkACLs, name, _corrected(original))


def _corrected(original: Callable[..., Any]) -> Callable[[Any], Any]:
    def respond(self: Any) -> Any:
        read = self._get_param
        # On this request's object only.
        self._get_param = lambda name, default=None: read(NAMES.get(name, name), default)
        return original(self)

    return respond
