"""What kubectl needs for an environment: a kubeconfig of its own, private, beside the environment's state.

The person's ~/.kube/config is neither read nor written, and what kubectl writes (a namespace that was chosen) does not
change the secret that the kubeconfig came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubeplat_tui.services.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.workplace import EnvironmentFolders

ADMIN = "locked/admin.kubeconfig"
DIAL_SECONDS = 3.0
HTTPS = 443


def private_kubeconfig(root: Path) -> Path:
    """Where the kubeconfig of the environment with the private folder `root` is."""
    return root / "kubeconfig"


def prepared(environment: str, folders: EnvironmentFolders) -> Path:
    """The private kubeconfig, with the admin's as the working copy has it now.

    Raises `InputError` where the admin's is not on this computer, `KubeplatError` where one cannot be read.
    """
    from kubeplat_tui.services import kubeconfig
    from kubeplat_tui.services.secrets.working_copy import WorkingCopy

    copy = WorkingCopy(folders.root)
    if copy.file(ADMIN) is None:
        raise InputError(
            f"{environment} has no kubeconfig on this computer.",
            why=f"{ADMIN} is made by a run and is in the secrets bucket then.",
            todo="Fetch it: kubeplat fetch-secrets. Where nothing was built yet: kubeplat run.",
        )
    path = private_kubeconfig(folders.root)
    kubeconfig.merge(environment, copy.read(ADMIN), {"KUBECONFIG": str(path)})
    return path


def answers(site: Site, folders: EnvironmentFolders) -> bool:
    """Whether somebody listens where the admin's kubeconfig leads. Raises `KubeplatError` where it cannot be read."""
    from kubeplat_tui.services.pki import kubeconfigs
    from kubeplat_tui.services.secrets.working_copy import WorkingCopy

    server = urlsplit(kubeconfigs.parse(ADMIN, WorkingCopy(folders.root).read(ADMIN)).server)
    try:
        site.cloud.dial(server.hostname or "", server.port or HTTPS, DIAL_SECONDS).close()
    except OSError:
        return False
    return True
