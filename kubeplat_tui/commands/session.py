"""What every verb works with: the options given, the intents, and where to print and ask."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from kubeplat_tui.commands.credential_questions import AtTerminal
from kubeplat_tui.commands.json_output import plain
from kubeplat_tui.services.credentials.model import CODE_DIGITS, is_code
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.settings import Colours

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

    from kubeplat_tui.intents import Intents
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.site import Site

ENVIRONMENT_VARIABLE = "KUBEPLAT_ENVIRONMENT"


@dataclass(slots=True)
class Options:
    """The options that every verb takes, before it or after it."""

    environment: str | None = None
    playground: bool = False
    json: bool = False
    yes: bool = False
    mfa_code: str | None = field(default=None, repr=False)

    def add(
        self,
        *,
        environment: str | None,
        playground: bool,
        json: bool,
        yes: bool,
        mfa_code: str | None = None,
    ) -> None:
        """Take what was given at one more place of the command line; the later one wins. Raises `InputError`."""
        if mfa_code is not None:
            if not is_code(mfa_code):
                raise InputError(f"--mfa-code takes the {CODE_DIGITS} digits that the MFA device shows.")
            self.mfa_code = mfa_code
        if environment is not None:
            self.environment = environment
        self.playground |= playground
        self.json |= json
        self.yes |= yes

    def take_mfa_code(self) -> str:
        """The code of `--mfa-code`, once: AWS takes no code twice."""
        code, self.mfa_code = self.mfa_code, None
        return code or ""


@dataclass(slots=True)
class Front:
    """What the command line is started with: how intents are made, and what opens the application."""

    make_intents: Callable[[], Intents]
    open_application: Callable[[Session], int]
    options: Options = field(default_factory=Options)
    code: int | None = None
    """What the verb itself returned; None where it did not come to its end."""


class Session:
    """One verb's work. Closing it gives back what the intents hold."""

    def __init__(self, options: Options, make_intents: Callable[[], Intents]) -> None:
        self.options = options
        self._make_intents = make_intents
        self._intents: Intents | None = None
        self._consoles: dict[bool, Console] = {}
        self.codes = AtTerminal(self)
        """Who gives the codes of MFA devices."""

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back what the intents hold; closing twice is allowed."""
        if self._intents is not None:
            self._intents.close()

    @property
    def intents(self) -> Intents:
        """What kubeplat can do; made at the first use."""
        if self._intents is None:
            self._intents = self._make_intents()
            self._intents.credential_questions = self.codes
        return self._intents

    @property
    def out(self) -> Console:
        """Where results go."""
        return self._console(stderr=False)

    @property
    def err(self) -> Console:
        """Where everything goes that is not the result: notes, questions, the sandbox's badge."""
        return self._console(stderr=True)

    @property
    def can_ask(self) -> bool:
        """Whether a person sits there: what is typed and what is asked both go through a terminal."""
        return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)

    def note(self, text: str) -> None:
        """Say something beside the result."""
        self.err.print(text, style="dim", markup=False, soft_wrap=True)

    def print_json(self, document: dict[str, Any]) -> None:
        """Print the one document that a program reads."""
        print(json.dumps(plain(document), indent=2, ensure_ascii=False), flush=True)

    def environment(self, name: str | None = None) -> Environment:
        """The environment `name`, else the one of the options; the playground is made on its first use.

        Raises `InputError` where none was named: guessing one could destroy the wrong thing.
        """
        if self.options.playground and name is None:
            if self.options.environment is not None:
                raise InputError(
                    "Both --environment and --playground were given.", todo="Leave one of them out."
                )
            return self.intents.playground()
        name = name or self.options.environment or os.environ.get(ENVIRONMENT_VARIABLE)
        if name:
            return self.intents.environment(name)
        raise InputError("No environment was named.", todo=f"Name one with --environment. {self._known()}")

    def environment_name(self) -> str:
        """As `environment`, but only its name; a file that is broken has one, too."""
        if not self.options.playground:
            name = self.options.environment or os.environ.get(ENVIRONMENT_VARIABLE)
            if name and any(listing.found.name == name for listing in self.intents.environments()):
                return name
        return self.environment().name

    def open(self) -> Site:
        """The environment with its cloud. A sandboxed one is announced, on stderr."""
        environment = self.environment()
        self.announce(environment)
        return self.intents.open(environment.name)

    def announce(self, environment: Environment) -> None:
        """Say it where the environment lives in the sandbox."""
        if environment.sandbox:
            self.note(
                f"sandbox: {environment.name} lives on this computer; AWS is simulated, nothing costs money"
            )

    def _known(self) -> str:
        names = [listing.found.name for listing in self.intents.environments()]
        if not names:
            return f"There is none in {self.intents.workplace.environments} yet; --playground makes yours."
        return f"There are: {', '.join(names)}; --playground is yours."

    def _console(self, *, stderr: bool) -> Console:
        if stderr not in self._consoles:
            from rich.console import Console

            stream = sys.stderr if stderr else sys.stdout
            few = _few_colours(self.intents.workplace.config) if _is_terminal(stream) else Colours.AUTO
            self._consoles[stderr] = Console(
                stderr=stderr,
                highlight=False,
                markup=False,
                emoji=False,
                force_terminal=_is_terminal(stream),
                color_system="standard" if few is Colours.SIXTEEN else "auto",
                no_color=True if few is Colours.NONE else None,
            )
        return self._consoles[stderr]


def _few_colours(config: Path) -> Colours:
    """How many colours the person's settings allow, as in the application."""
    from kubeplat_tui.settings import load
    from kubeplat_tui.settings.holding import screen_choice

    return screen_choice(load(config, screen_only=True), os.environ).colours


def _is_terminal(stream: TextIO | None) -> bool:
    """Whether a person is at the other end; what FORCE_COLOR says is about colour, not about people."""
    return stream is not None and stream.isatty()
