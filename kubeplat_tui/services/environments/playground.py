"""The playground of each user: made once from its template, and theirs from then on."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from kubeplat_tui.services.cloud import SANDBOX_ACCOUNT
from kubeplat_tui.services.environments import networks, templates
from kubeplat_tui.services.environments.creation import SANDBOX_NETWORK, ZONES
from kubeplat_tui.services.environments.files import create_file, load, parse
from kubeplat_tui.services.environments.listing import playground_name
from kubeplat_tui.services.environments.model import (
    DEFAULT_REGION,
    PLAYGROUND,
    SUFFIX,
    Environment,
)
from kubeplat_tui.services.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeplat_tui.services.workplace import Workplace


def create_playground(
    workplace: Workplace,
    user: str,
    *,
    sandbox: bool,
    account: str = "",
    access_cidrs: Sequence[str] = (),
    region: str = DEFAULT_REGION,
    zones: Sequence[str] = (),
    vpc_cidr: str = "",
) -> Environment:
    """Make the user's playground from its template, exactly once; one that exists is loaded.

    `account`, `access_cidrs` (who may reach it) and `region` are for real AWS only. With three `zones` and a
    `vpc_cidr` its networks lie there; else the template has them.
    """
    name = playground_name(user)
    path = workplace.environments / f"{name}{SUFFIX}"
    if not os.path.lexists(path):
        region = DEFAULT_REGION if sandbox else region
        letters = [zone.removeprefix(region) for zone in zones[:ZONES]]
        known = len(letters) == ZONES and vpc_cidr
        text = templates.rendered(
            templates.find(workplace, templates.PLAY),
            {
                "user": name.removeprefix(PLAYGROUND),
                "environment": name,
                "region": region,
                "account": SANDBOX_ACCOUNT if sandbox else account,
                "sandbox": sandbox,
                "access_cidrs": [SANDBOX_NETWORK] if sandbox else list(access_cidrs),
                "suffix": secrets.token_hex(3),
                "networks": networks.layout(vpc_cidr, letters).settings() if known else {},
            },
        )
        parse(path, text)  # what does not parse is not written
        with contextlib.suppress(InputError):  # another kubeplat made it meanwhile
            create_file(path, text)
    return load(workplace.environments, name)
