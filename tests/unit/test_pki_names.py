"""The certificates' names, from the settings and their defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.pki.names import ClusterNames, Member, names_of
from tests.unit.sites import make_site

if TYPE_CHECKING:
    from pathlib import Path


def test_the_defaults_give_three_members(tmp_path: Path) -> None:
    assert names_of(make_site(tmp_path)) == ClusterNames(
        environment="demo",
        public_api="kube-demo.demo.test",
        internal_api="kube.demo.internal",
        service_address="10.200.0.1",
        members=(
            Member("0", "etcd0.demo.internal", "10.80.10.100"),
            Member("1", "etcd1.demo.internal", "10.80.11.100"),
            Member("2", "etcd2.demo.internal", "10.80.12.100"),
        ),
    )


def test_without_a_public_load_balancer_there_is_no_public_name(tmp_path: Path) -> None:
    assert names_of(make_site(tmp_path, extra="kubeapi_external_elb = false\n")).public_api == ""


def test_settings_replace_the_defaults(tmp_path: Path) -> None:
    extra = """
service_network = "10.96.0.0/12"
secure_nodes = { "10" = { zone = "a", address = "10.80.10.7" } }
"""
    names = names_of(make_site(tmp_path, extra=extra))
    assert names.service_address == "10.96.0.1"
    assert names.members == (Member("10", "etcd10.demo.internal", "10.80.10.7"),)


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        ('service_network = "ten"', "service_network"),
        ('secure_nodes = { "0" = { zone = "a", address = "here" } }', "secure_nodes"),
        ('secure_nodes = { "a/b" = { zone = "a", address = "10.80.10.7" } }', "secure_nodes"),
        ("secure_nodes = {}", "secure_nodes"),
        ("secure_nodes = []", "secure_nodes"),
        ('kubeapi_external_elb = "perhaps"', "kubeapi_external_elb"),
    ],
)
def test_a_setting_that_gives_no_name_is_refused(tmp_path: Path, extra: str, name: str) -> None:
    with pytest.raises(InputError, match=rf"^{name} of demo"):
        names_of(make_site(tmp_path, extra=f"{extra}\n"))
