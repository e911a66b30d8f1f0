"""Classic load balancers: the draining timeout is lost.

The API sends `Timeout`, moto looks for `timeout` and puts 300 in its place; and a later call that only
switches draining on or off must keep the timeout there was (Elastic Load Balancing API 2012-06-01,
ConnectionDraining).
"""

from __future__ import annotations

from typing import Any

from moto.elb.models import ELBBackend

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace


def apply() -> None:
    """Hand the timeout on under the name moto looks for."""
    original = method(ELBBackend, "modify_load_balancer_attributes", "load_balancer_name")
    mentions(ELBBackend, "modify_load_balancer_attributes", "connection_draining", "timeout")

    def modify(
        self: Any,
        load_balancer_name: str,
        *arguments: Any,
        connection_draining: dict[str, Any] | None = None,
        **named: Any,
    ) -> None:
        if connection_draining:
            before = self.get_load_balancer(load_balancer_name).attributes.get("connection_draining") or {}
            connection_draining = {key.lower(): value for key, value in connection_draining.items()}
            if "timeout" in before:
                connection_draining.setdefault("timeout", before["timeout"])
        original(self, load_balancer_name, *arguments, connection_draining=connection_draining, **named)

    replace(ELBBackend, "modify_load_balancer_attributes", modify)
