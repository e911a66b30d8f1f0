"""Instances: moto has nobody who would want to know that one is launched, stopped, rebooted or terminated.

The sandbox's machines do: a machine keeps the key pair's public key it was launched with, whatever becomes of
the pair (cloud-init writes it at the first boot), and ends its sessions when its instance ends.
"""

from __future__ import annotations

import functools
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from moto.ec2.models.instances import Instance
from moto.ec2.models.key_pairs import KeyPair, KeyPairBackend

from kubeplat_tui.sandbox.corrections.internals import attribute, mentions, method, replace

if TYPE_CHECKING:
    from collections.abc import Callable


class Ending(StrEnum):
    """How an instance stops running."""

    REBOOT = "reboot"
    STOP = "stop"
    TERMINATE = "terminate"


_listeners: list[Callable[[str, Ending], None]] = []


def listen(listener: Callable[[str, Ending], None]) -> None:
    """Call `listener(instance id, how)` after each ending, in the thread of the request that caused it."""
    _listeners.append(listener)


def launch_key(instance: Any) -> bytes:
    """The public key, in OpenSSH's form, that `instance` was launched with; b"" for none."""
    return bytes(getattr(instance, "launch_key", b""))


def apply() -> None:
    """Keep the key at launch; tell the endings."""
    start = method(Instance, "__init__", "ec2_backend", "image_id", "user_data", "security_groups")
    mentions(Instance, "__init__", "key_name")
    mentions(KeyPairBackend, "import_key_pair", "key_pairs")
    mentions(KeyPair, "__init__", "material_public")
    attribute(Instance, "state")

    @functools.wraps(start)
    def launch(self: Any, *positional: Any, **named: Any) -> None:
        start(self, *positional, **named)
        pair = self.ec2_backend.key_pairs.get(self.key_name)
        self.launch_key = b"" if pair is None else pair.material_public

    replace(Instance, "__init__", launch)
    for ending in Ending:
        replace(Instance, ending.value, _telling(method(Instance, ending.value), ending))


def _telling(original: Callable[[Any], Any], ending: Ending) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def end(self: Any) -> Any:
        answer = original(self)
        for listener in _listeners:
            listener(self.id, ending)
        return answer

    return end
