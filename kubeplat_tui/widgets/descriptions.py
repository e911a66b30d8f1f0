"""What there is to say of an instance, a volume, a load balancer: the lines of their descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.widgets.cells import Mark, Tone, aws_state, done, failed, moment_and_age, none, warned
from kubeplat_tui.widgets.report import STRONG, ReportLine, blank, fields, heading, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from kubeplat_tui.services.inventory import Instance, Listener, LoadBalancer, Volume


def encrypted(volume: Volume) -> Mark:
    """Whether a volume is encrypted; one that is not is wrong here."""
    return done("yes") if volume.encrypted else warned("no")


def health(balancer: LoadBalancer) -> Mark:
    """How many targets answer: `✔ 3/3`."""
    healthy, targets = balancer.healthy(), balancer.targets()
    if not targets:
        return none("no targets")
    words = f"{healthy}/{targets}"
    if healthy == targets:
        return done(words)
    return failed(words) if not healthy else warned(words)


def instance(one: Instance, volumes: Sequence[Volume], now: datetime, width: int) -> list[ReportLine]:
    """Everything about a machine, with its volumes."""
    own = [volume for volume in volumes if volume.attached_to == one.id]
    lines = list(
        fields(
            [
                ("Id", one.id),
                ("State", str(aws_state(one.state))),
                ("Layer", str(one.layer)),
                ("Private IP", one.private_ip or "none"),
                ("Public IP", one.public_ip or "none"),
                ("Zone", one.zone),
                ("Subnet", one.subnet or "none"),
                ("Type", one.type),
                ("Image", one.image or "unknown"),
                ("Key pair", one.key_name or "none"),
                ("Auto-scaling group", one.auto_scaling_group or "none"),
                ("Launched", moment_and_age(one.launched, now)),
            ],
            width,
        )
    )
    lines += _list("Security groups", one.security_groups, width)
    known = {volume.id: volume for volume in own}
    lines += _list(
        "Volumes",
        [_volume_words(known[name]) if name in known else name for name in {*one.volumes, *known}],
        width,
    )
    lines += _tags(one.tags, width)
    return lines


def volume(one: Volume, machines: Sequence[Instance], now: datetime, width: int) -> list[ReportLine]:
    """Everything about a volume."""
    holder = next((machine.name for machine in machines if machine.id == one.attached_to), "")
    attached = (
        f"{one.attached_to} {holder} as {one.device}".replace("  ", " ") if one.attached_to else "nothing"
    )
    return [
        *fields(
            [
                ("Id", one.id),
                ("State", str(aws_state(one.state))),
                ("Size", f"{one.size} GiB"),
                ("Type", one.type),
                ("Zone", one.zone),
                ("Encrypted", str(encrypted(one))),
                ("NodeID", one.node_id or "none"),
                ("Attached to", attached),
                ("Made", moment_and_age(one.created, now)),
            ],
            width,
        ),
        *_tags(one.tags, width),
    ]


def load_balancer(one: LoadBalancer, now: datetime, width: int) -> list[ReportLine]:
    """Everything about a load balancer; each target with its health and why."""
    lines = list(
        fields(
            [
                ("DNS name", one.dns_name),
                ("Scheme", one.scheme),
                ("State", str(aws_state(one.state))),
                ("Health", str(health(one))),
                ("Type", one.type),
                ("Zones", ", ".join(one.zones)),
                ("Made", moment_and_age(one.created, now)),
                ("ARN", one.arn),
            ],
            width,
        )
    )
    for listener in one.listeners:
        lines += _listener(listener, width)
    lines += _tags(one.tags, width)
    return lines


def _listener(listener: Listener, width: int) -> Iterator[ReportLine]:
    yield blank()
    yield ReportLine(
        ((f"{listener.protocol} {listener.port}", STRONG), (f" → {listener.target_group}", Tone.QUIET)),
        copy=listener.target_group,
    )
    if not listener.targets:
        yield ReportLine((("  ○ no targets", Tone.QUIET),))
    for target in sorted(listener.targets, key=lambda target: (target.health == "healthy", target.id)):
        shown = aws_state(target.health)
        lead = ((f"  {shown.symbol} ", shown.tone), (f"{target.id}:{target.port}  ", Tone.PLAIN))
        why = f": {target.reason}" if target.reason else ""
        yield from sentence(f"{target.health}{why}", width, lead=lead, style=shown.tone)


def _volume_words(one: Volume) -> str:
    return f"{one.id}  {one.size} GiB {one.type}  {one.device}  {one.name}"


def _list(title: str, items: Sequence[str], width: int) -> Iterator[ReportLine]:
    if items:
        yield blank()
        yield heading(title, len(items))
        for item in sorted(items):
            yield from sentence(item, width, lead=(("  ", Tone.PLAIN),))


def _tags(tags: Sequence[tuple[str, str]], width: int) -> Iterator[ReportLine]:
    yield blank()
    yield heading("Tags", len(tags))
    yield from fields(sorted(tags), width)
