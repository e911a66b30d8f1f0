"""The table of every screen: its cursor is seen wherever it goes."""

from __future__ import annotations

from kubeplat_tui.widgets.columns import Column
from kubeplat_tui.widgets.table import ResourceTable
from tests.screens.widget_app import WidgetApp


async def test_a_row_that_was_filtered_out_is_scrolled_to() -> None:
    table: ResourceTable[str] = ResourceTable([Column("Name", str)], key=str, noun="Rows")
    app = WidgetApp(table)
    async with app.run_test(size=(40, 12)) as pilot:
        table.set_rows([f"row-{number:03}" for number in range(100)])
        table.set_filter("row-001")
        await pilot.pause()
        table.set_filter("")
        table.go_to("row-090")
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        assert any("row-090" in strip.text for strip in strips)
