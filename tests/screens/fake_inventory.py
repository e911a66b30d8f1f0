"""Volumes and load balancers of the made-up playground."""

from __future__ import annotations

from datetime import timedelta

from kubeplat_tui.services.inventory import Listener, LoadBalancer, Target, Volume
from tests.screens.fakes import INSTANCES, NOW


def volumes() -> list[Volume]:
    """Three of etcd, attached; one lost and not encrypted."""
    found = [
        Volume(
            id=f"vol-0{number}a4c6e8b2d1f3{number}579",
            name=f"play-jest-etcd-{zone}",
            size=20,
            type="gp3",
            state="in-use",
            zone=f"eu-west-2{zone}",
            encrypted=True,
            attached_to=INSTANCES[number].id,
            device="/dev/xvdf",
            node_id=str(number),
            created=NOW - timedelta(days=2),
            tags=(("Env", "play-jest"), ("Name", f"play-jest-etcd-{zone}"), ("NodeID", str(number))),
        )
        for number, zone in enumerate("abc")
    ]
    found.append(
        Volume(
            id="vol-0ffb2c4d6e8f0a1b2",
            name="play-jest-lost",
            size=120,
            type="gp2",
            state="available",
            zone="eu-west-2a",
            encrypted=False,
            attached_to="",
            device="",
            node_id="",
            created=NOW - timedelta(days=40),
        )
    )
    return found


def balancers() -> list[LoadBalancer]:
    """The API's public and internal one; behind the second a machine does not answer."""

    def target(number: int, health: str = "healthy", reason: str = "") -> Target:
        return Target(INSTANCES[number].id, 6443, health, reason)

    def balancer(name: str, scheme: str, *listeners: Listener) -> LoadBalancer:
        return LoadBalancer(
            arn=f"arn:aws:elasticloadbalancing:eu-west-2:123456789012:loadbalancer/net/{name}/5f1d9c2ab3e44d10",
            name=name,
            scheme=scheme,
            dns_name=f"{name}-5f1d9c2ab3e44d10.elb.eu-west-2.amazonaws.com",
            state="active",
            type="network",
            zones=("eu-west-2a", "eu-west-2b", "eu-west-2c"),
            listeners=listeners,
            created=NOW - timedelta(hours=2),
            tags=(("Env", "play-jest"), ("Name", name)),
        )

    return [
        balancer(
            "play-jest-kubeapi",
            "internet-facing",
            Listener("TCP", 6443, "play-jest-kubeapi", (target(0), target(1), target(2))),
        ),
        balancer(
            "play-jest-kubeapi-int",
            "internal",
            Listener(
                "TCP",
                6443,
                "play-jest-kubeapi-int",
                (
                    target(0),
                    target(1),
                    target(2, "unhealthy", "Health checks failed with these codes: [503]"),
                ),
            ),
            Listener("TCP", 8132, "play-jest-konnectivity", ()),
        ),
    ]
