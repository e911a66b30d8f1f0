"""What is asked before machines are terminated or a pool gets another size; the answer is the environment's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.events import Question
from kubeplat_tui.services.inventory import Layer

if TYPE_CHECKING:
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.replacement.pools import Scaling
    from kubeplat_tui.services.replacement.targets import Termination

LISTED = 6
"""Machines named in a question: it has to fit into a dialog of a small terminal."""


def termination(environment: Environment, looked_at: Termination) -> tuple[Question, ...]:
    """Once in a playground, twice elsewhere."""
    detail = "\n".join([*_machine_lines(looked_at), *aftermath(looked_at)])
    return _asked(environment, "terminate", f"Terminate {looked_at.words}?", detail)


def scaling(environment: Environment, looked_at: Scaling) -> tuple[Question, ...]:
    """Once; twice where machines go outside a playground."""
    pool, group = looked_at.pool, looked_at.pool.group
    title = f"Scale the pool {pool.name} from {group.desired} to {looked_at.desired} machines?"
    if looked_at.shrinks:
        detail = "Its auto-scaling group chooses which machines go; what is on their root volumes is lost."
        return _asked(environment, "scale", title, detail)
    detail = "Each machine more costs money from its start on; a run leaves the size as it is."
    return (_question(environment, "scale", title, detail),)


def _machine_lines(looked_at: Termination) -> list[str]:
    """The machines, a line each, where they are several."""
    machines = looked_at.machines
    if len(machines) == 1:
        return []
    lines = [f"{one.name}  {one.id}  {one.private_ip or '-'}  {one.zone}" for one in machines[:LISTED]]
    return lines + ([f"and {len(machines) - LISTED} more"] if len(machines) > LISTED else [])


def aftermath(looked_at: Termination) -> list[str]:
    """What becomes of them and of what they held, a line each."""
    machines = looked_at.machines
    volumes = "its root volume" if len(machines) == 1 else "their root volumes"
    lines = [f"What is on {volumes} is lost."]
    alone = [one.id for one in machines if not one.auto_scaling_group]
    if len(alone) < len(machines):
        lines.append("The auto-scaling group starts another machine for each.")
    if alone:
        names = "" if len(alone) == len(machines) else f" for {', '.join(alone[:LISTED])}"
        lines.append(f"Nothing starts another machine{names}: no auto-scaling group has it.")
    masters = sum(one.layer is Layer.SECURE for one in machines)
    if masters > 1:
        lines.append("Masters go one after the other: each once the replacement before it is in service.")
    if any(one.layer is Layer.BASTION for one in machines):
        lines.append("SSH sessions through a bastion that goes end.")
    if looked_at.force and masters:
        lines.append("Forced: whether the other masters are there is not looked at.")
    return lines


def _asked(environment: Environment, topic: str, title: str, detail: str) -> tuple[Question, ...]:
    first = _question(environment, topic, title, detail, destructive=True)
    if environment.playground:
        return (first,)
    again = _question(
        environment,
        f"{topic}-again",
        f"{environment.name} is not a playground. Really? {title}",
        "",
        destructive=True,
    )
    return first, again


def _question(
    environment: Environment, topic: str, title: str, detail: str, *, destructive: bool = False
) -> Question:
    return Question(
        topic=topic, title=title, detail=detail, expected=environment.name, destructive=destructive
    )
