"""Functions of IP networks.

Octets with leading zeros are decimal, as in Terraform (its parser is older than Go's change).
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TypeAlias

from kubeplat_tui.services.hcl.evaluation_values import Data, EvaluationError, UndecidedError, to_int, to_text
from kubeplat_tui.services.hcl.functions.signature import named, takes

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_SIZE = re.compile(r"[0-9]{1,6}")


def _network(data: Data) -> Network:
    return _parsed(to_text(data))


@lru_cache(maxsize=512)
def _parsed(text: str) -> Network:
    address, slash, size = text.partition("/")
    if not slash or _SIZE.fullmatch(size) is None or "%" in address:
        raise EvaluationError(f"{text} is no CIDR")
    if ":" not in address:
        address = _LEADING_ZEROS.sub("", address)
    elif "." in address:
        raise UndecidedError("IPv4 within IPv6")
    try:
        return ipaddress.ip_network(f"{address}/{int(size)}", strict=False)
    except ValueError as error:
        raise EvaluationError(f"{text} is no CIDR") from error


def _address(network: Network, number: int) -> str:
    return str(type(network.network_address)(number))


@takes(_network, to_int)
def cidrhost(network: Network, number: int) -> Data:
    size = network.num_addresses
    if not -size <= number < size:
        raise EvaluationError("the network has not so many addresses")
    return _address(network, int(network.network_address) + (number if number >= 0 else size + number))


@takes(_network)
def cidrnetmask(network: Network) -> Data:
    if network.version != 4:
        raise EvaluationError("IPv6 has no netmasks")
    return str(network.netmask)


def _subnet(network: Network, bits: int, number: int) -> str:
    if bits < 0 or number < 0:
        raise UndecidedError("a negative number of subnets")
    length = network.prefixlen + bits
    if length > network.max_prefixlen or number >= 2**bits:
        raise EvaluationError("the network has not so many subnets")
    start = int(network.network_address) + number * 2 ** (network.max_prefixlen - length)
    return f"{_address(network, start)}/{length}"


@takes(_network, to_int, to_int)
def cidrsubnet(network: Network, bits: int, number: int) -> Data:
    return _subnet(network, bits, number)


FUNCTIONS = named(cidrhost, cidrnetmask, cidrsubnet)
