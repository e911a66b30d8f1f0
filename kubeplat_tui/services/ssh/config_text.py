"""An OpenSSH configuration for an environment, so that plain `ssh`, `scp`, `rsync` and `git` reach its machines.

Source: ssh_config(5) of OpenSSH 9.2. Every host is known by its instance id and by nothing else, with the keys that
were accepted here; one whose key is not known is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.inventory import RUNNING, Layer
from kubeplat_tui.services.ssh.bastions import candidates
from kubeplat_tui.services.ssh.host_keys import HostKeys
from kubeplat_tui.services.ssh.model import SSH_PORT
from kubeplat_tui.services.ssh.names import short_names
from kubeplat_tui.services.ssh.users import user_for
from kubeplat_tui.services.ssh_key import private_key_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site

ALIVE_SECONDS = 5
ALIVE_COUNT = 4
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""What can be a host without meaning anything to ssh's patterns."""


@dataclass(frozen=True, slots=True)
class _Host:
    """A machine and what it is called: the first name is its own."""

    instance: Instance
    names: tuple[str, ...]


def openssh_config(site: Site, instances: Sequence[Instance]) -> str:
    """The configuration's text. Asks AWS for the images' users; in the sandbox, for the bastion's port.

    A machine is called by its short name after the environment's (`play-jest-secure-a`), by its instance id, by its
    private address, and by its `Name` where it is alone with that; the first of a layer also by the layer.

    Raises `InputError` for a path that OpenSSH cannot be told, `KubeplatError` where the sandbox has no bastion up.
    """
    running = [each for each in instances if each.state == RUNNING and (each.private_ip or each.public_ip)]
    hosts = _hosts(site.environment.name, running, short_names(instances))
    ways_in = {each.id for each in candidates(running)}
    bastion = next((host for each in candidates(running) for host in hosts if host.instance is each), None)
    lines = [
        f"# The machines of {site.environment.name}, by kubeplat. Replaced machines are others: make it again.",
        "# Use it with ssh -F, or Include it in ~/.ssh/config: the way for a path with blanks or quotes,",
        "# because ssh hands -F on to ProxyJump's own ssh as it is.",
    ]
    for host in hosts:
        lines += ["", f"Host {' '.join(host.names)}"]
        lines += [f"  {line}" for line in _way(site, host, bastion, straight=host.instance.id in ways_in)]
        lines += [f"  HostKeyAlias {host.instance.id}", f"  User {user_for(site, host.instance)}"]
    if hosts:
        lines += ["", f"Host {' '.join(name for host in hosts for name in host.names)}"]
        lines += [f"  {line}" for line in _everywhere(site)]
    return "\n".join(lines) + "\n"


def _way(site: Site, host: _Host, bastion: _Host | None, *, straight: bool) -> list[str]:
    """How it is reached: straight from here, or through the bastion."""
    instance = host.instance
    if straight or (bastion is None and instance.public_ip):
        try:
            address, port = site.cloud.address(instance.public_ip, SSH_PORT)
        except OSError as error:
            raise KubeplatError(
                f"{instance.name} ({instance.id}) has no way in at {instance.public_ip}.",
                why=f"{error.strerror or error}.",
                todo="It may just be starting: try again in a moment.",
            ) from error
        return [f"HostName {address}", f"Port {port}"]
    jump = (
        [f"ProxyJump {bastion.names[0]}"] if bastion is not None else ["# No bastion is running: no way in."]
    )
    return [f"HostName {instance.private_ip}", f"Port {SSH_PORT}", *jump]


def _everywhere(site: Site) -> list[str]:
    """What holds for every machine."""
    key = private_key_path(site.folders)
    # Without the key here, the agent may have it.
    identity = [f"IdentityFile {quoted(key)}", "IdentitiesOnly yes"] if key.is_file() else []
    return [
        *identity,
        f"UserKnownHostsFile {quoted(HostKeys(site.folders.ssh).path)}",
        "GlobalKnownHostsFile /dev/null",
        "StrictHostKeyChecking yes",
        "UpdateHostKeys no",
        "CheckHostIP no",
        "ForwardAgent no",
        f"ServerAliveInterval {ALIVE_SECONDS}",
        f"ServerAliveCountMax {ALIVE_COUNT}",
    ]


def quoted(path: Path) -> str:
    """A path as ssh_config takes it. Raises `InputError` where it has what cannot be said there."""
    text = str(path)
    if "${" in text or not text.isprintable():
        raise InputError(
            f"{text!r} cannot stand in an OpenSSH configuration.",
            why="ssh takes ${ for a variable there, and control characters for an end.",
            todo="Keep the state elsewhere: XDG_STATE_HOME.",
        )
    escaped = text.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _hosts(environment: str, instances: Sequence[Instance], shorts: Mapping[str, str]) -> list[_Host]:
    """The machines in the order of their layers and names; a name that two would have is the first one's."""
    taken: set[str] = set()
    hosts = []
    for layer in (Layer.BASTION, Layer.SECURE, Layer.COMPUTE, Layer.UNKNOWN):
        own = f"{environment}-{'other' if layer is Layer.UNKNOWN else layer}"
        for instance in _ordered(layer, instances, shorts):
            wished = [
                *([own] if own not in taken else []),
                f"{environment}-{shorts[instance.id].removeprefix(f'{environment}-')}",
                instance.id,
                instance.name,
                instance.private_ip,
            ]
            names = [name for name in dict.fromkeys(wished) if _NAME.fullmatch(name) and name not in taken]
            taken.update(names)
            hosts.append(_Host(instance, tuple(names)))
    return hosts


def _ordered(layer: Layer, instances: Sequence[Instance], shorts: Mapping[str, str]) -> list[Instance]:
    """The machines of the layer by name; the bastions as they are tried."""
    own = sorted((each for each in instances if each.layer is layer), key=lambda each: shorts[each.id])
    if layer is not Layer.BASTION:
        return own
    first = candidates(instances)
    return [*first, *(each for each in own if each not in first)]
