"""How long a plan takes to be seen, and how long it blocks the keys; beside Textual's Tree with the same rows."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from textual.widgets import Tree

from benchmarks.result import Result
from benchmarks.ui_block import Heart
from kubeplat_tui.widgets.plan_rows import value_text
from kubeplat_tui.widgets.plan_tree import PlanTree
from tests.screens.fake_plan import of_size
from tests.screens.widget_app import WidgetApp

if TYPE_CHECKING:
    from kubeplat_tui.services.terraform.plan import Plan

SIZE = (120, 40)
SIZES = (500, 5_000)


def measure() -> list[Result]:
    """A plan of 500 changes and one of 5,000, twenty attributes each."""
    results = []
    for count in SIZES:
        plan = of_size(count)
        ours, ours_block, opened = asyncio.run(_ours(plan))
        peer, peer_block = asyncio.run(_tree(plan))
        words = f"{count:,} changes of 20 attributes"
        results += [
            Result("plan tree", f"{words} seen", ours * 1000, "ms", peer * 1000, "Textual's Tree"),
            Result(
                "plan tree",
                f"longest block, {words}",
                ours_block * 1000,
                "ms",
                peer_block * 1000,
                "Textual's Tree",
                "at most 50 ms" if count == SIZES[0] else "",
            ),
            Result("plan tree", f"longest block, all of {words} opened", opened * 1000, "ms"),
        ]
    return results


async def _ours(plan: Plan) -> tuple[float, float, float]:
    """Seconds until it is seen, the longest block, the longest block of opening everything."""
    tree = PlanTree()
    async with WidgetApp(tree).run_test(size=SIZE) as pilot:
        await pilot.pause()
        heart = Heart()
        began = time.perf_counter()
        tree.show(plan)
        while not tree.count():  # noqa: ASYNC110 - there is no event to wait for: it is the row that is waited for
            await asyncio.sleep(0.001)
        await pilot.pause()
        seen = time.perf_counter() - began
        block = heart.take()
        tree.action_open_all()
        await pilot.pause()
        opened = heart.take()
        heart.stop()
    return seen, block, opened


async def _tree(plan: Plan) -> tuple[float, float]:
    """The same rows in Textual's own tree."""
    tree: Tree[None] = Tree("plan")
    async with WidgetApp(tree).run_test(size=SIZE) as pilot:
        await pilot.pause()
        heart = Heart()
        began = time.perf_counter()
        await asyncio.sleep(0)
        tree.root.expand()
        modules = {}
        for change in plan.changes:
            if change.module not in modules:
                modules[change.module] = tree.root.add(change.module, expand=True)
            node = modules[change.module].add(change.address)
            for attribute in change.attributes:
                node.add_leaf(f"{attribute.path}  {value_text(attribute.after)}")
        await pilot.pause()
        seen = time.perf_counter() - began
        block = heart.take()
        heart.stop()
    return seen, block
