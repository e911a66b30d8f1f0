"""The names of the shell's commands: every file of `bin/`, and what the greeting says of the most used ones."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
BIN = FOLDER / "bin"
START = FOLDER / "start.py"

NAMES = (
    "run",
    "plan",
    "apply",
    "cleanup",
    "terraform.sh",
    "aws-instances",
    "aws-elbs",
    "aws-volumes",
    "aws-terminate",
    "terminate-bastion",
    "terminate-compute",
    "terminate-masters",
    "terminate-layer",
    "scale-compute",
    "fetch-secrets",
    "upload-secrets",
    "agent-setup",
    "show-cert",
    "kmsctl",
    "kubectl",
)
"""Links to `bin/kubeplat`, each a verb of kubeplat's. `bin/ssh` is a script of its own."""

MOST_USED = (
    ("plan, run, cleanup", "what would change; build it; take it down"),
    ("aws-instances, aws-elbs, aws-volumes", "what there is"),
    ("fetch-secrets, upload-secrets", "the secrets bucket and the files in secrets/"),
    ("agent-setup, ssh bastion", "its key for ssh; a shell on a machine, by name or address"),
    ("kubectl, kmsctl, terraform.sh", "the cluster; buckets and keys; what Terraform knows"),
    ("kubeplat help, man kubeplat", "all the others; exit leaves this shell"),
)
"""Commands, and what they are for."""
