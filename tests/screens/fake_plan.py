"""Plans made up for tests: a small one that holds every kind of change, and one of any size."""

from __future__ import annotations

import json
from pathlib import Path

from kubeplat_tui.services.events import Root
from kubeplat_tui.services.terraform.plan import Action, AttributeChange, OutputChange, Plan, ResourceChange

SECRET = "correct-horse-battery-staple"


def policy(*actions: str) -> str:
    """A policy document, as the AWS provider keeps it: JSON in a string."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Sid": "ReadSecrets", "Effect": "Allow", "Action": list(actions), "Resource": "*"}
            ],
        }
    )


def resource(address: str, action: Action, *attributes: AttributeChange, reason: str = "") -> ResourceChange:
    """One change; module, type and name are taken from the address."""
    parts = address.split(".")
    module = ".".join(parts[:2]) if parts[0] == "module" else ""
    kind, name = (parts[2], parts[3]) if module else (parts[0], parts[1])
    return ResourceChange(address, module, kind, name.partition("[")[0], action, reason, attributes)


def every_kind() -> Plan:
    """Every action, sensitive and unknown values, a policy that differs, drift and outputs."""
    changes = (
        resource(
            'module.security.aws_vpc_security_group_ingress_rule.world["api"]',
            Action.DELETE,
            AttributeChange("cidr_ipv4", "0.0.0.0/0", None),
            AttributeChange("from_port", 443, None),
            reason="its key is gone",
        ),
        resource(
            "module.secure.aws_launch_template.secure",
            Action.REPLACE,
            AttributeChange(
                "image_id", "ami-0aa1b2c3d4e5f6a7b", "ami-0ff9e8d7c6b5a4938", forces_replacement=True
            ),
            AttributeChange("id", "lt-0123456789abcdef0", None, unknown=True),
            AttributeChange("user_data", None, None, sensitive=True),
        ),
        resource(
            "module.iam.aws_iam_role_policy.secure",
            Action.UPDATE,
            AttributeChange("policy", policy("s3:GetObject"), policy("s3:GetObject", "kms:Decrypt")),
            AttributeChange("tags.Owner", None, "platform"),
        ),
        resource(
            'module.network.aws_subnet.private["eu-west-1a"]',
            Action.CREATE,
            AttributeChange("cidr_block", None, "10.20.16.0/20"),
            AttributeChange("id", None, None, unknown=True),
            AttributeChange("map_public_ip_on_launch", None, False),
            AttributeChange("tags.Name", None, "play-jest-private-eu-west-1a"),
        ),
        resource(
            'module.network.aws_subnet.private["eu-west-1b"]',
            Action.CREATE,
            AttributeChange("cidr_block", None, "10.20.32.0/20"),
            AttributeChange("id", None, None, unknown=True),
        ),
        resource(
            "aws_key_pair.machines",
            Action.CREATE,
            AttributeChange("public_key", None, "ssh-ed25519 " + "AAAAC3NzaC1lZDI1NTE5AAAAI" * 6),
        ),
    )
    drift = (
        resource(
            "module.bastion.aws_autoscaling_group.bastion",
            Action.UPDATE,
            AttributeChange("desired_capacity", 1, 0),
        ),
    )
    outputs = (
        OutputChange("api_url", Action.UPDATE, "https://old.example.test", None, unknown=True),
        OutputChange("join_token", Action.CREATE, None, None, sensitive=True),
        OutputChange("zones", Action.CREATE, None, ["eu-west-1a", "eu-west-1b"]),
    )
    return Plan(Root.CLUSTER, False, Path("plan.tfplan"), changes, drift, outputs, "0" * 64)


def of_size(count: int, *, root: Root = Root.CLUSTER) -> Plan:
    """`count` resources to add in ten modules, twenty attributes each."""
    modules = ("api", "audit", "bastion", "compute", "dns", "iam", "network", "secure", "security", "storage")
    changes = tuple(
        resource(
            f"module.{modules[number % 10]}.aws_thing.number_{number:04}",
            Action.CREATE,
            *(
                AttributeChange(f"attribute_{place:02}", None, f"value {place} of {number}")
                for place in range(18)
            ),
            AttributeChange("policy", None, policy("s3:GetObject", f"kms:Decrypt{number}")),
            AttributeChange("id", None, None, unknown=True),
        )
        for number in range(count)
    )
    return Plan(
        root,
        False,
        Path("plan.tfplan"),
        tuple(sorted(changes, key=lambda c: (c.module, c.address))),
        (),
        (),
        "0" * 64,
    )
