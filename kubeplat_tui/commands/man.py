"""`man`: the manual, made from the commands' own help."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from kubeplat_tui import __version__
from kubeplat_tui.commands import man_pages
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.errors import ExitCode, InputError
from kubeplat_tui.services.workplace import write_private
from kubeplat_tui.shell import foreground, settings

STAMP = "version"


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "man")(man)


def man(
    session: Session,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[VERB]...", help="The verb; without it: kubeplat itself.")
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option("--write", metavar="FOLDER", help="Write every page into FOLDER/man1, for man to find."),
    ] = None,
) -> int:
    """Show the manual.

    With man(1) where that is installed; into a pipe or a file it goes as roff. In `kubeplat shell` the pages are found
    by man itself: man kubeplat, man kubeplat-ssh.
    """
    if write is not None:
        _write(write, session)
        return ExitCode.DONE
    found = _all()
    named = tuple(words or ())
    if named not in found:
        raise InputError(f"There is no verb {' '.join(named)}.", todo="kubeplat help lists them.")
    if not sys.stdout.isatty():
        print(found[named], end="")
        return ExitCode.DONE
    environ = dict(os.environ)
    settings.leave(environ)
    if shutil.which("man", path=environ.get("PATH")) is None:
        from kubeplat_tui import cli

        cli.build()([*named, "--help"], prog_name="kubeplat", standalone_mode=False)
        return ExitCode.DONE
    folder = pages(session.intents.workplace.cache)
    return foreground.run(["man", str(folder / "man1" / _file(named))], environ)


def pages(cache: Path) -> Path:
    """The folder with the pages of this version, for MANPATH; they are written where they are not there yet."""
    folder = cache / "man"
    stamp = folder / STAMP
    told = f"{__version__} {_newest()}\n".encode()
    if not stamp.is_file() or stamp.read_bytes() != told:
        for words, text in _all().items():
            write_private(folder / "man1" / _file(words), text.encode())
        write_private(stamp, told)
    return folder


def _write(folder: Path, session: Session) -> None:
    place = folder / "man1"
    place.mkdir(parents=True, exist_ok=True)
    found = _all()
    for words, text in found.items():
        (place / _file(words)).write_text(text, encoding="utf-8")
    session.note(f"{len(found)} pages are in {place}.")


def _all() -> dict[tuple[str, ...], str]:
    from kubeplat_tui import cli

    return man_pages.pages(typer.main.get_command(cli.build()))


def _file(words: tuple[str, ...]) -> str:
    return f"{man_pages.page_name(words)}.{man_pages.SECTION}"


def _newest() -> int:
    """When the commands last changed: a checkout keeps its version meanwhile."""
    return max(int(path.stat().st_mtime) for path in Path(__file__).parent.glob("*.py"))
