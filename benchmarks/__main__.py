"""`make bench`: measures everything, prints a table, and JSON for programs. It judges nothing."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import os
import platform
import sys
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from benchmarks.result import Result

ORDER = (
    "first_paint",
    "environment_list",
    "ui_block",
    "log_view",
    "plan_tree",
    "launcher",
    "list_secrets",
    "terminal_frames",
    "ssh_connect",
    "terminal_output",
    "build_time",
    "fetch_secrets",
)
"""Modules with a function `measure() -> list[Result]`, the quick ones first."""

BENCHMARKS = tuple(name for name in ORDER if importlib.util.find_spec(f"benchmarks.{name}"))


def main() -> int:
    """Run the benchmarks that were named (all of them otherwise)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    results: list[Result] = []
    for name in arguments.names or BENCHMARKS:
        began = time.monotonic()
        print(f"{name} …", file=sys.stderr, end="", flush=True)
        results += importlib.import_module(f"benchmarks.{name}").measure()
        print(f" {time.monotonic() - began:.0f} s", file=sys.stderr)
    if arguments.json:
        print(json.dumps({"computer": computer(), "results": [as_json(each) for each in results]}, indent=2))
    else:
        show(results)
    return 0


def computer() -> dict[str, object]:
    """What it was measured on."""
    return {
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "textual": version("textual"),
        "load": round(os.getloadavg()[0], 2),
    }


def as_json(result: Result) -> dict[str, object]:
    """A result with its ratio."""
    return dataclasses.asdict(result) | {"ratio": result.ratio}


def show(results: list[Result]) -> None:
    """The table."""
    table = Table(box=None, pad_edge=False)
    table.add_column("benchmark")
    table.add_column("what", overflow="fold")
    for column in ("ours", "peer", "ratio"):
        table.add_column(column, justify="right")
    table.add_column("goal")
    table.add_column("n", justify="right")
    table.add_column("beside", overflow="fold")
    for each in results:
        table.add_row(
            each.benchmark,
            each.what,
            f"{each.ours:.3g} {each.unit}",
            f"{each.peer:.3g} {each.unit}" if each.peer is not None else "",
            f"{each.ratio:.2f}" if each.ratio is not None else "",
            each.goal,
            str(each.samples),
            each.peer_name,
        )
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    facts = computer()
    console.print(", ".join(f"{name} {fact}" for name, fact in facts.items()), style="dim")


if __name__ == "__main__":
    sys.exit(main())
