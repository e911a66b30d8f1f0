"""What the image fetches is what the rest of the checkout names."""

from __future__ import annotations

import re
from pathlib import Path

from kubeplat_tui.services.terraform.binary import CHECKSUMS, PINNED, RELEASES, dotted

CHECKOUT = Path(__file__).resolve().parents[2]


def downloads() -> dict[str, str]:
    """SHA-256 by address."""
    lines = (CHECKOUT / "container" / "downloads.sha256").read_text().splitlines()
    return {
        address: checksum
        for checksum, address in (line.split() for line in lines if not line.startswith("#"))
    }


def test_terraform_is_the_version_that_a_native_start_fetches() -> None:
    version = dotted(PINNED)
    expected = {
        f"{RELEASES}/{version}/terraform_{version}_{system}.zip": checksum
        for system, checksum in CHECKSUMS.items()
        if system.startswith("linux_")
    }
    assert {url: checksum for url, checksum in downloads().items() if url.startswith(RELEASES)} == expected


def test_kubectl_is_the_clusters_version_on_both_machines() -> None:
    variables = (CHECKOUT / "terraform" / "cluster" / "variables.tf").read_text()
    found = re.search(r'variable "kubernetes_version" \{[^}]*?default\s+=\s+"([^"]+)"', variables)
    assert found is not None
    release = f"https://dl.k8s.io/release/v{found[1]}/bin/linux"
    urls = {url for url in downloads() if "dl.k8s.io" in url}
    assert urls == {f"{release}/amd64/kubectl", f"{release}/arm64/kubectl"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", checksum) for checksum in downloads().values())
