"""A key in the agent that may say no: its owner did not agree, it was not touched, or the agent went away."""

from __future__ import annotations

import struct
from typing import Any

from paramiko.agent import AgentKey
from paramiko.ssh_exception import SSHException


class SteadyKey(AgentKey):
    """An agent's key whose refusal fails as a wrong signature does, so that the next key can be tried.

    paramiko asks for the signature in the connection's own thread, where an error would end the connection.
    """

    refused = False

    def sign_ssh_data(self, data: Any, algorithm: str | None = None) -> Any:
        """The signature; none, which no server takes, where the agent gives none."""
        try:
            return super().sign_ssh_data(data, algorithm)
        except (SSHException, OSError, ValueError, IndexError, struct.error):
            self.refused = True
            return b""
