"""The networks of a new environment: free, complete, and right by the roots' own validations."""

from __future__ import annotations

import itertools
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services.environments import networks
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.variables import declarations as variables

CHECKOUT = Path(__file__).parents[2]
PRIVATE = networks.PRIVATE
anywhere = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False),
    st.one_of(
        st.integers(int(IPv4Address("10.0.0.0")), int(IPv4Address("10.255.255.255"))),
        st.integers(int(IPv4Address("172.16.0.0")), int(IPv4Address("172.31.255.255"))),
        st.integers(int(IPv4Address("192.168.0.0")), int(IPv4Address("192.168.255.255"))),
        st.integers(0, 2**32 - 1),
    ),
    st.integers(4, 32),
)


@given(st.lists(anywhere, max_size=40), st.integers(16, 28))
def test_a_free_network_is_private_of_its_length_and_overlaps_nobody(
    taken: list[IPv4Network], length: int
) -> None:
    free = networks.free_network(taken, length)
    if free is not None:
        assert free.prefixlen == length
        assert any(free.subnet_of(private) for private in PRIVATE)
        assert not any(free.overlaps(each) for each in taken)
    else:
        candidates = itertools.chain.from_iterable(one.subnets(new_prefix=16) for one in PRIVATE)
        assert all(any(each.overlaps(one) for one in taken) for each in candidates)


def test_neighbours_follow_each_other_and_every_range_is_used_before_none_is_free() -> None:
    taken: list[IPv4Network] = []
    while (free := networks.free_network(taken)) is not None:
        taken.append(free)
    assert [str(each) for each in taken[:2]] == ["10.80.0.0/16", "10.81.0.0/16"]
    assert str(taken[176]) == "10.0.0.0/16"  # round the end of 10.0.0.0/8
    assert str(taken[-1]) == "192.168.0.0/16"
    assert len(taken) == len(set(taken)) == 256 + 16 + 1


def test_the_usual_layout_is_that_of_the_declared_defaults() -> None:
    declared = variables.declared(CHECKOUT / "terraform")
    settings = networks.layout("10.80.0.0/16", ["a", "b", "c"]).settings()
    assert settings == {name: declared[name].default for name in settings}


@pytest.mark.parametrize("length", range(16, 25))
def test_a_layout_of_any_size_passes_the_validations_of_the_roots(length: int) -> None:
    declared = variables.declared(CHECKOUT / "terraform")
    layout = networks.layout(f"10.96.0.0/{length}", ["b", "c", "d"])
    values = {"aws_region": "eu-west-2", **layout.settings()}
    assert [one.message for one in declared.check(values) if one.variable in values] == []
    assert [master.zone for master in layout.masters] == ["b", "c", "d"]


@pytest.mark.parametrize("text", ["10.80.0.1/16", "10.80.0.0/15", "10.80.0.0/25", "fd00::/16", "", "x"])
def test_what_is_no_network_of_a_vpc_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="network"):
        networks.check_vpc(text)
