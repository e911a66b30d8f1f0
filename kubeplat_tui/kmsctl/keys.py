"""`kms`: list, make and delete KMS keys."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from kubeplat_tui.kmsctl.command import command, group
from kubeplat_tui.kmsctl.work import Work
from kubeplat_tui.services.aws_errors import aws_call, code_of, is_absent, is_forbidden
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.crew import in_parallel
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.events import Stop

ALIAS = "alias/"
OF_AWS = "alias/aws/"
SHORTEST, LONGEST = 7, 30
"""Days that KMS lets a key wait for its deletion (KMS API, ScheduleKeyDeletion)."""

NameOption = Annotated[
    str | None, typer.Option("--name", "-n", help="The key's alias, without alias/; it may stand alone, too.")
]
NameArgument = Annotated[str | None, typer.Argument(metavar="NAME", show_default=False)]


@dataclass(frozen=True, slots=True)
class Key:
    """A key as KMS describes it; "" or None is what may not be known with these credentials."""

    id: str
    arn: str
    aliases: tuple[str, ...]
    state: str
    manager: str
    description: str
    deletion: datetime | None
    rotates: bool | None


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    verbs = typer.Typer(help="List, make and delete KMS keys; alone it lists them.")
    group(verbs, list_)
    command(verbs, "ls", "list")(list_)
    command(verbs, "create")(create)
    command(verbs, "delete", "rm")(delete)
    app.add_typer(verbs, name="kms")


def list_(work: Work) -> None:
    """List the keys of the region, a line for each alias: id, alias, state, rotation, description."""
    for key in sorted(keys(work.cloud), key=lambda each: (each.aliases or ("~",), each.id)):
        rotation = {True: "rotates", False: "does not rotate", None: "-"}[key.rotates]
        state = f"{key.state} until {key.deletion:%Y-%m-%d}" if key.deletion else key.state or "-"
        for alias in key.aliases or ("-",):
            work.records.add(
                f"{key.id:<40} {alias:<24} {state:<16} {rotation:<16} {key.description}",
                {
                    "id": key.id,
                    "alias": alias if key.aliases else None,
                    "arn": key.arn,
                    "state": key.state,
                    "manager": key.manager,
                    "rotation": key.rotates,
                    "deletion": key.deletion.isoformat() if key.deletion else None,
                    "description": key.description,
                },
            )


def create(
    work: Work,
    name: NameArgument = None,
    option: NameOption = None,
    description: Annotated[str, typer.Option("--description", "-d", help="What the key is for.")] = "",
) -> None:
    """Make a key that rotates every year, with an alias. Its id is what kms_master_id takes."""
    from kubeplat_tui.services.master_key import create_key

    name = _named(name, option)
    _not_of_aws(name)
    aliases = dict(_aliases(work.cloud))
    if ALIAS + name in aliases:
        raise InputError(
            f"A key alias already exists with this name: {name}",
            why=f"It is that of the key {aliases[ALIAS + name]}.",
            todo="Use that key, or give another name.",
        )
    made = create_key(
        work.cloud,
        work.cloud.identity(),
        alias=ALIAS + name,
        description=description,
        tags={"Name": name, "Description": "Made by kmsctl"},
    )
    work.records.add(
        f"successfully created the key: {name} {made.id}",
        {"alias": name, "id": made.id, "arn": made.arn, "account": made.arn.split(":")[4]},
    )


def delete(
    work: Work,
    name: NameArgument = None,
    option: NameOption = None,
    days: Annotated[
        int, typer.Option(min=SHORTEST, max=LONGEST, help="How many days the key still waits.")
    ] = SHORTEST,
    schedule_deletion: Annotated[
        bool,
        typer.Option(
            "--schedule-deletion/--no-schedule-deletion", help="Delete the key too, not only its alias."
        ),
    ] = True,
) -> None:
    """Take a key's alias away and have the key deleted. Asks."""
    from kubeplat_tui.services import master_key

    name = _named(name, option)
    _not_of_aws(name)
    alias = ALIAS + name
    key_id = dict(_aliases(work.cloud)).get(alias)
    if key_id is None:
        raise KubeplatError(f"There is no KMS key with the alias {alias} in {work.cloud.region}.")
    when = datetime.now(UTC) + timedelta(days=days)
    if schedule_deletion:
        work.confirm(
            f"Delete the KMS key {key_id} ({alias}) on {when:%Y-%m-%d}? From now on nothing that it encrypted can be "
            "read, and after that day never again.",
            name,
        )
        master_key.schedule_deletion(work.cloud, key_id, aliases=[alias], days=days)
        text = f"successfully deleted the kms key: {name}, its deletion is on {when:%Y-%m-%d}"
    else:
        with aws_call(f"Removing {alias}"):
            work.cloud.client("kms").delete_alias(AliasName=alias)
        text = f"successfully deleted the alias: {name}, the key {key_id} stays"
    work.records.add(text, {"alias": alias, "keyId": key_id, "deletion": schedule_deletion})


def keys(cloud: Cloud) -> Iterator[Key]:
    """Every key of the region, with its aliases."""
    by_key: dict[str, list[str]] = defaultdict(list)
    for alias, key_id in _aliases(cloud):
        by_key[key_id].append(alias)
    with aws_call("Listing the KMS keys"):
        pages = cloud.client("kms").get_paginator("list_keys").paginate()
        found = [(each["KeyId"], each["KeyArn"]) for page in pages for each in page["Keys"]]
    return in_parallel(lambda each: _described(cloud, *each, tuple(sorted(by_key[each[0]]))), found, Stop())


def _described(cloud: Cloud, key_id: str, arn: str, aliases: tuple[str, ...]) -> Key:
    from botocore.exceptions import ClientError

    facts: dict[str, Any] = {}
    rotates: bool | None = None
    kms = cloud.client("kms")
    with aws_call(f"Reading the KMS key {key_id}"):
        try:
            facts = kms.describe_key(KeyId=key_id)["KeyMetadata"]
            rotates = kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"]
        except ClientError as error:
            # Not every key can rotate, nor be asked while it waits for its deletion.
            other = {"UnsupportedOperationException", "KMSInvalidStateException"}
            if not (is_forbidden(error) or is_absent(error) or code_of(error) in other):
                raise
    return Key(
        id=key_id,
        arn=arn,
        aliases=aliases,
        state=str(facts.get("KeyState", "")),
        manager=str(facts.get("KeyManager", "")),
        description=str(facts.get("Description", "")),
        deletion=facts.get("DeletionDate"),
        rotates=rotates,
    )


def _aliases(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Every alias with the id of its key; those of AWS that have no key yet are left out."""
    with aws_call("Listing the aliases of the KMS keys"):
        for page in cloud.client("kms").get_paginator("list_aliases").paginate():
            for each in page["Aliases"]:
                if each.get("TargetKeyId"):
                    yield each["AliasName"], each["TargetKeyId"]


def _named(argument: str | None, option: str | None) -> str:
    name = (option or argument or "").removeprefix(ALIAS)
    if not name or (option and argument and option != argument):
        raise InputError("One key has to be named.", todo="Name it with --name.")
    return name


def _not_of_aws(name: str) -> None:
    if name.startswith(OF_AWS.removeprefix(ALIAS)):
        raise InputError(f"{ALIAS}{name} is AWS's own.", todo="Give another name.")
