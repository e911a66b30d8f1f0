"""What the scripts of `bin/` run: `python -P start.py VERB ARGUMENT...`, wherever kubeplat lies."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

OPENSSH = "--openssh"
"""First of the arguments: the others are ssh's."""


def main() -> int:
    """Run the verb; returns its exit code."""
    # In a checkout nobody has installed the package. Last, so that nothing beside it hides a module.
    if importlib.util.find_spec("kubeplat_tui") is None:
        sys.path.append(str(Path(__file__).resolve().parents[2]))
    from kubeplat_tui.__main__ import main as kubeplat

    sys.argv[0] = "kubeplat"
    if sys.argv[1:2] == [OPENSSH]:
        from kubeplat_tui.shell import openssh

        instead = openssh.main(sys.argv[2:])
        if isinstance(instead, int):
            return instead
        sys.argv[1:] = instead
    return kubeplat()


if __name__ == "__main__":
    sys.exit(main())
