"""`kmsctl` and `python -m kubeplat_tui.kmsctl`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run what the process's arguments ask for; returns the exit code."""
    from kubeplat_tui.kmsctl import app

    return app.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
