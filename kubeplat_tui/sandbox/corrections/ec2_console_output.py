"""Console output: moto shows every instance the same few lines, of a kernel from 2006.

On AWS an image with cloud-init writes its SSH host keys there, which is how one knows them before the first
contact (EC2 user guide, "Get the host key fingerprint"). Here it is what the sandbox's machine says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ec2.responses.general import General

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace

if TYPE_CHECKING:
    from collections.abc import Callable

_says: Callable[[Any], str] | None = None


def show(says: Callable[[Any], str]) -> None:
    """Let `says(instance)` be what an instance's console shows; "" for nothing yet."""
    global _says  # noqa: PLW0603 - moto is one for the process, and so is who answers for it
    _says = says


def apply() -> None:
    """Answer with the machine's own console."""
    original = method(General, "get_console_output")
    mentions(General, "get_console_output", "get_instance", "InstanceId")

    def get_console_output(self: Any) -> Any:
        if _says is None:
            return original(self)
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        text = _says(instance)
        answer: dict[str, Any] = {"InstanceId": instance.id, "Timestamp": utcnow()}
        if text:
            answer["Output"] = Base64EncodedString.from_raw_string(text)
        return ActionResult(answer)

    replace(General, "get_console_output", get_console_output)
