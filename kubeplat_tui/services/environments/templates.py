"""The templates of environments: Jinja2, which the names, networks and buckets of a new one are put into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.environments.model import SUFFIX, TEMPLATE_ENDING
from kubeplat_tui.services.errors import InputError, KubeplatError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.workplace import Workplace

STANDARD = "environment"
"""What the wizard begins with: `environments/environment.tfvars.j2`."""
PLAY = "play"
"""The playground's, under the name that it has always had: `environments/play.tfvars`."""
EXAMPLES = frozenset({"example"})
"""Complete by themselves, though no environment: what a person copies by hand."""


def names(workplace: Workplace) -> list[str]:
    """The templates there are, the standard one first: kubeplat's own and those of the environments folder."""
    found = {
        path.name.removesuffix(TEMPLATE_ENDING)
        for folder in _folders(workplace)
        for path in folder.glob(f"*{TEMPLATE_ENDING}")
    }
    return sorted(found, key=lambda name: (name != STANDARD, name))


def find(workplace: Workplace, name: str) -> Path:
    """The file of the template `name`: the environments folder's, else kubeplat's own.

    Raises `InputError` where there is none.
    """
    if name not in {STANDARD, PLAY, *names(workplace)}:
        raise InputError(f"There is no template {name}.", todo=f"There are: {', '.join(names(workplace))}.")
    return located(workplace, f"{name}{SUFFIX}" if name == PLAY else f"{name}{TEMPLATE_ENDING}")


def located(workplace: Workplace, file: str) -> Path:
    """Where `file` is: in the environments folder, else among kubeplat's own, whether it is there or not."""
    folders = _folders(workplace)
    return next((folder / file for folder in folders if (folder / file).exists()), folders[-1] / file)


def rendered(template: Path, values: Mapping[str, Value]) -> bytes:
    """The text of `template` with `values` put in. Raises `KubeplatError` where it is absent or broken."""
    import jinja2

    from kubeplat_tui.services.hcl.literals import render

    engine = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - HCL is made here, which HTML's escapes would spoil
    )
    engine.filters["hcl"] = render
    try:
        return engine.from_string(template.read_text(encoding="utf-8")).render(values).encode()
    except (OSError, UnicodeDecodeError) as error:
        raise KubeplatError(f"The template {template} could not be read.", why=f"{error}.") from error
    except jinja2.TemplateError as error:
        raise KubeplatError(f"The template {template} is broken.", why=f"{error}.") from error


def _folders(workplace: Workplace) -> list[Path]:
    """Where templates are looked for. A folder of environments elsewhere need not have copies of kubeplat's own."""
    own = workplace.terraform.parent / "environments"
    return list(dict.fromkeys([workplace.environments, own]))
