"""Terraform as kubeplat runs it: python-terraform for the commands, one environment per call, streams as
events.

python-terraform 0.10.1 is subclassed because of what it does with Terraform 1.x: it lets children read our
terminal, gives every child the whole environment of this process, puts `-synchronous=false` and `-force` on
command lines, turns every unknown attribute into a command, and logs variables.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import python_terraform

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.terraform import binary as terraform_binary
from kubeplat_tui.services.terraform import provider_mirror
from kubeplat_tui.services.terraform.process import TerraformProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.terraform.binary import TerraformBinary

# Its debug log holds whole command lines and outputs: variables among them. Nothing of it is wanted.
logging.getLogger("python_terraform").disabled = True

KEPT = ("TF_TOKEN_", "TF_PLUGIN_CACHE_", "TF_REGISTRY_")
"""Prefixes of Terraform's own variables that say how to reach a registry. All others would change what a
run does.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended: its exit code and what it said."""

    code: int
    out: str
    err: str


class Terraform(python_terraform.Terraform):  # type: ignore[misc]  # python-terraform publishes no types
    """Terraform in one folder. Its commands never read the terminal and see only the environment given
    here.
    """

    def __init__(
        self,
        folder: Path,
        binary: Path,
        environ: Mapping[str, str],
        *,
        init_speaks_json: bool = True,
        lasting: bool = True,
        login: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`login`: the environment variables with the credentials; asked anew for each command, as they expire."""
        self.environ = dict(environ)
        self._login = login
        self._lasting = lasting
        self.folder = folder
        self._init_form = {"json": FLAG} if init_speaks_json else {}
        super().__init__(working_dir=str(folder), terraform_bin_path=str(binary), is_env_vars_included=False)

    def __getattr__(self, name: str) -> NoReturn:
        """No name runs a command by surprise (python-terraform's would: `__rich__` runs `terraform
        __rich__`).
        """
        raise AttributeError(name)

    def read_state_file(self, file_path: str | None = None) -> None:
        """Read nothing: the state is remote, and is nobody's attribute."""

    def cmd(self, cmd: str, *arguments: str, **options: Any) -> tuple[int, str, str]:
        """Run `terraform cmd` to its end: exit code, stdout, stderr. Options as in python-terraform."""
        with self.start(cmd, *arguments, **options) as process:
            out: list[str] = []
            err: list[str] = []
            for item in process.lines():
                (err if getattr(item, "error", False) else out).append(getattr(item, "text", ""))
            code = process.wait()
        return code, "".join(out), "".join(err)

    def ask(self, cmd: str, *arguments: str, **options: Any) -> Answer:
        """`cmd` as a typed answer."""
        return Answer(*self.cmd(cmd, *arguments, **options))

    def start(self, cmd: str, *arguments: str, **options: Any) -> TerraformProcess:
        """Start `terraform cmd` and return it running. Options as in python-terraform, `-` written as `_`.

        Raises `KubeplatError` where it does not start.
        """
        for name, value in options.items():
            if isinstance(value, dict):
                # python-terraform would write a world-readable file, or keys, on the command line.
                raise TypeError(name)
        return TerraformProcess(
            self.generate_cmd_string(cmd, *arguments, **options),
            self.folder,
            self.environ | dict(self._login()),
            lasting=self._lasting,
        )

    def init(self, **options: Any) -> TerraformProcess:
        """Start `init`: the backend as configured (nothing is migrated), the providers as locked."""
        return self.start(
            "init",
            no_color=FLAG,
            input=False,
            reconfigure=FLAG,
            lockfile="readonly",
            **self._init_form,
            **options,
        )

    def plan(self, **options: Any) -> TerraformProcess:
        """Start `plan`: exit code 0 nothing changes, 1 error, 2 something changes."""
        return self.start("plan", json=FLAG, input=False, detailed_exitcode=FLAG, **options)

    def apply(self, plan: Path, **options: Any) -> TerraformProcess:
        """Start `apply` of a saved plan. There is no other way to apply."""
        return self.start("apply", str(plan), json=FLAG, input=False, **options)

    def destroy(self, *_: Any, **__: Any) -> NoReturn:
        """Refused: what is destroyed is planned with `plan(destroy=True)` first, and that plan is applied."""
        raise TypeError("destroy only by a saved plan")

    def output(self) -> dict[str, Any]:
        """Every output as `{name: {value, type, sensitive}}`. Raises `KubeplatError`."""
        outputs: dict[str, Any] = self._json("output", json=FLAG)
        return outputs

    def show(self, plan: Path) -> Any:
        """A saved plan as parsed JSON (`show -json`). Raises `KubeplatError`."""
        return self._json("show", str(plan), json=FLAG)

    def _json(self, cmd: str, *arguments: str, **options: Any) -> Any:
        answer = self.ask(cmd, *arguments, **options)
        if answer.code == 0:
            try:
                return json.loads(answer.out)
            except ValueError:
                pass
        raise KubeplatError(
            f"terraform {cmd} failed in {self.folder}.",
            why=(answer.err.strip().splitlines() or ["It did not answer with JSON."])[-1],
        )


FLAG = python_terraform.IsFlagged
"""An option without a value."""


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The Terraform to run, and the environment of its commands."""

    binary: TerraformBinary
    environ: Mapping[str, str]
    providers: str
    """Where providers come from, for people."""
    lasting: bool
    """Whether the cloud outlives us."""
    login: Callable[[], Mapping[str, str]] = dict
    """The credentials of a command, as environment variables: as they are when it starts."""

    def in_folder(self, folder: Path) -> Terraform:
        """Terraform working in `folder`."""
        # `init -json` came with Terraform 1.9; OpenTofu went its own way before that.
        speaks_json = self.binary.product is terraform_binary.Product.TERRAFORM
        return Terraform(
            folder,
            self.binary.path,
            self.environ,
            init_speaks_json=speaks_json,
            lasting=self.lasting,
            login=self.login,
        )


def find_toolbox(site: Site, environ: Mapping[str, str] | None = None) -> Toolbox:
    """The Terraform for `site`; the pinned one is fetched where there is none.

    Raises `InputError` where it is too old or cannot be fetched.
    """
    environ = os.environ if environ is None else environ
    binary = terraform_binary.find_or_fetch(site.workplace.cache, environ)
    home = Path(environ.get("HOME") or Path.home())
    configuration = provider_mirror.prepare(site.workplace.cache / "terraform", environ, home)
    return Toolbox(
        binary,
        child_environ(site.cloud.surroundings(configuration.environ(environ))),
        str(configuration.mirror or ""),
        site.cloud.lasting,
        site.cloud.login_environ,
    )


def child_environ(base: Mapping[str, str]) -> dict[str, str]:
    """`base` without what would change Terraform behind our back (TF_CLI_ARGS, TF_VAR_…, TF_LOG,
    TF_WORKSPACE …).
    """
    environ = {
        name: value
        for name, value in base.items()
        if not name.startswith("TF_") or name.startswith(KEPT) or name == provider_mirror.VARIABLE
    }
    environ.update(TF_INPUT="0", TF_IN_AUTOMATION="1", CHECKPOINT_DISABLE="1")
    return environ
