"""Manual pages made from the commands' own help: what `--help` says, as roff.

Source: groff_man(7) and man-pages(7). Only macros that mandoc (macOS, the BSDs) knows as well.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, Protocol

from kubeplat_tui import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAME = "kubeplat"
SECTION = 1
FILES = (
    (
        "environments/NAME.tfvars",
        "The settings of the environment NAME; KUBEPLAT_ENVIRONMENTS names another folder.",
    ),
    (
        "$XDG_STATE_HOME/kubeplat/NAME/",
        "What belongs to it on this computer, private: journals of its runs, the working copy of its secrets, known "
        "host keys. ~/.local/state where XDG_STATE_HOME is not set.",
    ),
    (
        "$XDG_CONFIG_HOME/kubeplat/config.toml",
        "The application's settings. ~/.config where XDG_CONFIG_HOME is not set.",
    ),
)
VARIABLES = (
    ("KUBEPLAT_ENVIRONMENT", "The environment to work on, where no option names one."),
    ("KUBEPLAT_ENVIRONMENTS", "The folder of the environments' files."),
    ("KUBEPLAT_TERRAFORM", "The Terraform or OpenTofu to use."),
    (
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN",
        "Credentials; they come before any profile.",
    ),
    ("NO_COLOR", "Without colours."),
)

ROFF = str.maketrans(
    {"\\": "\\e", "-": "\\-", "`": "\\(ga", "'": "\\(aq", '"': "\\(dq", "^": "\\(ha", "~": "\\(ti"}
)
"""What roff would take for something else."""


class Command(Protocol):
    """A verb or a group of them, as Typer makes it. Which classes these are changes with its versions."""

    name: str | None
    help: str | None
    short_help: str | None
    hidden: bool
    params: list[Any]


def page_name(words: tuple[str, ...]) -> str:
    """The name of the page of a verb: `kubeplat-ssh-key-show`; of kubeplat itself without words."""
    return "-".join((NAME, *words))


def pages(root: Command) -> dict[tuple[str, ...], str]:
    """Every page as roff, by the verb's words. `root` is the whole command line."""
    found: dict[tuple[str, ...], str] = {}
    for words, command in _walk(root, ()):
        found[words] = "\n".join(_page(words, command)) + "\n"
    return found


def _walk(command: Command, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Command]]:
    yield words, command
    for name, each in _verbs(command).items():
        yield from _walk(each, (*words, name))


def _verbs(command: Command) -> dict[str, Command]:
    verbs: dict[str, Command] = getattr(command, "commands", {})
    return {name: each for name, each in verbs.items() if not each.hidden}


def _page(words: tuple[str, ...], command: Command) -> Iterator[str]:
    summary, *rest = _paragraphs(command)
    name = page_name(words)
    verbs = _verbs(command)
    yield f'.TH {escaped(name.upper())} {SECTION} "" "kubeplat {__version__}" "kubeplat"'
    yield ".SH NAME"
    yield f"{escaped(name)} \\- {escaped(summary.rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield f".B {escaped(' '.join((NAME, *words)))}"
    yield escaped(" ".join(_usage(command)))
    yield from _description(rest)
    for title, kind in (("ARGUMENTS", "argument"), ("OPTIONS", "option")):
        yield from _items(title, [r for each in command.params if (r := _record(command, each, kind))])
    yield from _items("COMMANDS", [(verb, _paragraphs(each)[0]) for verb, each in verbs.items()])
    if not words:
        yield from _items("FILES", FILES)
        yield from _items("ENVIRONMENT", VARIABLES)
    yield from _see_also(words, verbs)


def _description(paragraphs: Sequence[str]) -> Iterator[str]:
    if paragraphs:
        yield ".SH DESCRIPTION"
        yield "\n.PP\n".join(map(escaped, paragraphs))


def _items(title: str, items: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A section with a term and what it means, again and again; nothing without any."""
    if items:
        yield f".SH {title}"
    for term, text in items:
        yield f".TP\n\\fB{escaped(term)}\\fR\n{escaped(text)}"


def _see_also(words: tuple[str, ...], verbs: Mapping[str, Command]) -> Iterator[str]:
    names = [*([page_name(words[:-1])] if words else []), *(page_name((*words, verb)) for verb in verbs)]
    if names:
        yield ".SH SEE ALSO"
    for number, name in enumerate(names, 1):
        yield f".BR {escaped(name)} ({SECTION}){',' if number < len(names) else ''}"


def _paragraphs(command: Command) -> list[str]:
    """The help as paragraphs; the first is one sentence."""
    text = inspect.cleandoc(command.help or command.short_help or "").replace("\b\n", "")
    found = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]
    return found or [f"{command.name}."]


def _usage(command: Any) -> list[str]:
    pieces: list[str] = command.collect_usage_pieces(_context(command))
    return pieces


def _record(command: Any, parameter: Any, kind: str) -> tuple[str, str] | None:
    """What `--help` says of a parameter of the kind: how it is written and what it is for. None for what is hidden."""
    if parameter.param_type_name != kind:
        return None
    record: tuple[str, str] | None = parameter.get_help_record(_context(command))
    return record if record and record[1] else None


def _context(command: Any) -> Any:
    return command.context_class(command, info_name=command.name)


def escaped(text: str) -> str:
    """Plain text as roff takes it: backslashes, dashes that stay dashes, and no control line."""
    line = text.translate(ROFF)
    return f"\\&{line}" if line.startswith(".") else line
