"""What every command works with: the cloud, the bucket and the key that were named, and where to print and ask."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.kmsctl.account import nobody_to_ask, open_account
from kubeplat_tui.kmsctl.options import Format, Options
from kubeplat_tui.kmsctl.records import Records
from kubeplat_tui.services.errors import InputError, KubeplatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeplat_tui.intents import Intents
    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.master_key import MasterKey

BUCKET, KEY, ENVIRONMENT = "AWS_S3_BUCKET", "AWS_KMS_ID", "KUBEPLAT_ENVIRONMENT"


@dataclass(slots=True)
class Front:
    """What one command line was started with. `intents` is given in tests and by kubeplat."""

    options: Options
    environ: Mapping[str, str]
    intents: Intents | None = None


class Work:
    """One command's work. Closing it gives back what it holds."""

    def __init__(self, front: Front) -> None:
        self.options = front.options
        self.environ = front.environ
        self._intents = front.intents
        self._given_intents = front.intents is not None
        self._cloud: Cloud | None = None
        self._environment: Environment | None = None
        wanted = front.options.format or Format.TEXT
        self.records = Records(Format.YAML if wanted is Format.YML else wanted)

    def __enter__(self) -> Work:
        return self

    def __exit__(self, *_: object) -> None:
        if self._environment is None and self._cloud is not None:
            self._cloud.close()
        if self._intents is not None and not self._given_intents:
            self._intents.close()

    @property
    def environment(self) -> Environment | None:
        """The kubeplat environment that was named; a variable names none where the command line names an account.

        Raises `InputError` where both stand on the command line, or there is no such environment.
        """
        if self.options.environment and self.options.name_an_account:
            raise InputError(
                "--environment was given together with an account of its own.",
                why="The environment's file names profile and region.",
                todo="Leave out --profile, --credentials, --access-key, --secret-key and --region, or --environment.",
            )
        name = self.options.environment or (
            None if self.options.name_an_account else self.environ.get(ENVIRONMENT)
        )
        if name and self._environment is None:
            self._environment = self._opened().environment(name)
        return self._environment

    @property
    def cloud(self) -> Cloud:
        """The AWS to work on; the sandbox where the environment lives there."""
        if self._cloud is None:
            environment = self.environment
            if environment is None:
                self._cloud = open_account(self.options, self.environ, self.note)
            else:
                if environment.sandbox:
                    self.note(f"sandbox: {environment.name} lives on this computer; AWS is simulated")
                self._cloud = self._opened().open(environment.name).cloud
                self._check_account(environment, self._cloud)
        return self._cloud

    def bucket(self, given: str | None) -> str:
        """The bucket: `given`, else the environment's, else AWS_S3_BUCKET's. Raises `InputError` without one."""
        name = given or self._setting("secrets_bucket_name", BUCKET)
        if not name:
            raise InputError("No bucket was named.", todo=f"Name one with --bucket, or in {BUCKET}.")
        return name

    def key_name(self, given: str | None) -> str:
        """The KMS key as it was named (id, ARN or alias), "" without one."""
        return given or self._setting("kms_master_id", KEY)

    def key(self, named: str) -> MasterKey:
        """The key `named`, which must be there and enabled."""
        from kubeplat_tui.services.master_key import usable_key

        found = usable_key(self.cloud, named)
        if found is None:
            raise KubeplatError(
                f"There is no KMS key {named} in {self.cloud.region}.", todo="kmsctl kms ls lists the keys."
            )
        return found

    def note(self, text: str) -> None:
        """Say something beside the results."""
        print(f"kmsctl: {text}", file=sys.stderr, flush=True)

    def confirm(self, question: str, expected: str) -> None:
        """Go on only where `expected` is typed, or --yes was given. Raises `InputError` without a terminal."""
        if self.options.yes:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise nobody_to_ask()
        print(
            f"{question}\n(type {expected}; anything else leaves it as it is) ",
            end="",
            file=sys.stderr,
            flush=True,
        )
        try:
            answer = input().strip()
        except EOFError:
            answer = ""
        if answer != expected:
            raise KubeplatError("It was left as it is.")

    @staticmethod
    def _check_account(environment: Environment, cloud: Cloud) -> None:
        """Credentials in the variables may belong to somebody else than the environment."""
        if environment.sandbox or not environment.account:
            return
        found = cloud.identity()
        if found.account != environment.account:
            raise InputError(
                f"The credentials belong to the account {found.account}, and {environment.name} is in "
                f"{environment.account}.",
                todo="Use others, or leave the environment out. Nothing was changed.",
            )

    def _setting(self, name: str, variable: str) -> str:
        """From an environment on the command line, else the variable, else an environment of a variable."""
        if not self.options.environment and self.environ.get(variable):
            return self.environ[variable]
        environment = self.environment
        return str(environment.values.get(name) or "") if environment is not None else ""

    def _opened(self) -> Intents:
        if self._intents is None:
            from kubeplat_tui.commands.session import Options as Given
            from kubeplat_tui.commands.session import Session
            from kubeplat_tui.intents import Intents

            # The session's intents ask for the codes of MFA devices at the terminal.
            self._intents = Session(Given(), lambda: Intents(environ=self.environ)).intents
        return self._intents
