"""`environments create`: its options. What is done with them is the wizard's, which is loaded when it is needed."""

from typing import Annotated

import typer

from kubeplat_tui.commands import prompts
from kubeplat_tui.commands.session import Session
from kubeplat_tui.services.events import Question
from kubeplat_tui.services.prerequisites import Key

LOOKED_UP = "looked up if left out"


def create(
    session: Session,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Its name.")] = None,
    *,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Simulated on this computer.")] = False,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="Profile of the AWS files.")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="REGION", help=f"AWS region; {LOOKED_UP}.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="NUMBER", help="AWS account; the caller's if left out.")
    ] = None,
    zone: Annotated[
        list[str] | None, typer.Option("--zone", metavar="ZONE", help=f"One of three zones; {LOOKED_UP}.")
    ] = None,
    network: Annotated[
        str | None,
        typer.Option("--network", metavar="CIDR", help="Network of the VPC; a free one if left out."),
    ] = None,
    access: Annotated[
        list[str] | None,
        typer.Option(
            "--access", metavar="CIDR", help="A network that may reach it; this computer if left out."
        ),
    ] = None,
    public_zone: Annotated[
        str | None, typer.Option("--public-zone", metavar="NAME", help="Public DNS zone of the API's name.")
    ] = None,
    make_public_zone: Annotated[
        bool, typer.Option("--make-public-zone", help="Let the run make that zone.")
    ] = False,
    private_zone: Annotated[
        str | None, typer.Option("--private-zone", metavar="NAME", help="Private DNS zone of the VPC.")
    ] = None,
    template: Annotated[
        str | None, typer.Option("--template", metavar="NAME", help="Template of the file: NAME.tfvars.j2.")
    ] = None,
    make_bucket: Annotated[
        bool, typer.Option("--make-bucket", help="Make the KMS key and the state bucket at once.")
    ] = False,
) -> None:
    """Make a new environment.

    At a terminal, without options, everything is asked for, beginning with what was found out: the account of your
    credentials, zones of the region, a network that nobody else has, your own address. With options or --yes nothing
    is asked, and what was left out is taken from there. The file is checked before it is written, and never written
    over another.
    """
    from kubeplat_tui.commands import environment_wizard as wizard

    given = (profile, region, account, zone, network, access, public_zone, private_zone, template)
    asks = session.can_ask and not session.options.yes and not (any(given) or sandbox or make_public_zone)
    new = wizard.NewEnvironment(
        name=name or "",
        region=region or "",
        account=account or "",
        zones=tuple(zone or ()),
        vpc_cidr=network or "",
        public_zone_name=public_zone or "",
        profile=profile or "",
        sandbox=sandbox,
        access_cidrs=tuple(access or ()),
        public_zone_create=make_public_zone,
        private_zone_name=private_zone or "",
        template=template or wizard.STANDARD,
    )
    new = wizard.Wizard(session).asked(new) if asks else wizard.filled(session, new)
    environment = session.intents.make_environment(new)
    if asks and not new.sandbox:  # what is made in a sandbox goes with it, as soon as this command ends
        make_bucket = prompts.confirmed(
            session,
            Question(
                topic="make-state-bucket",
                title="Make its KMS key and the bucket for Terraform's state now?",
                detail="The first run asks for them, too, if you wait.",
            ),
        )
    done = ""
    if make_bucket:
        done = session.intents.remedy(session.intents.open(environment.name), Key.STATE_BUCKET)
    if session.options.json:
        return session.print_json({"environment": environment.name, "path": environment.path, "done": done})
    session.out.print(f"{environment.name} is at {environment.path}", soft_wrap=True)
    if done:
        session.out.print(done, soft_wrap=True)
    return session.note(
        f"What it still needs: kubeplat --environment {environment.name} environments checklist"
    )
