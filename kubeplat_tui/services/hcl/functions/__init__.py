"""Terraform's functions, as far as they are evaluated here. One that is absent is left to Terraform.

Source: https://developer.hashicorp.com/terraform/language/functions; measured against `terraform console` in
the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.hcl.functions import collections, encoding, network, numbers, text

if TYPE_CHECKING:
    from kubeplat_tui.services.hcl.functions.signature import Function

FUNCTIONS: dict[str, Function] = {
    **collections.FUNCTIONS,
    **encoding.FUNCTIONS,
    **network.FUNCTIONS,
    **numbers.FUNCTIONS,
    **text.FUNCTIONS,
}
"""By name; each takes evaluated arguments. `can` and `try` are the evaluator's."""
