"""The plan as a tree: riskiest first, attribute by attribute, secrets never."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.terraform.plan import Action, AttributeChange
from kubeplat_tui.widgets.plan_rows import Kind, PlanOutline
from kubeplat_tui.widgets.plan_tree import PlanTree
from tests.screens import fake_plan
from tests.screens.waiting import screen_text, until
from tests.screens.widget_app import WidgetApp

if TYPE_CHECKING:
    from typing import Any

    from textual.pilot import Pilot

    from kubeplat_tui.services.terraform.plan import Plan


async def shown(pilot: Pilot[Any], tree: PlanTree, plan: Plan) -> None:
    """The plan on the screen."""
    tree.show(plan)
    tree.focus()
    await until(pilot, lambda: tree.plan is plan and tree.count(), "the plan")


def everything(tree: PlanTree) -> str:
    """Every row as it is drawn, also those below the screen."""
    return "\n".join(tree.row(index, 200)[0] for index in range(tree.count()))


def labels(tree: PlanTree) -> list[str]:
    """The rows' names."""
    return [row.label for row in tree._rows]


def test_the_riskiest_comes_first() -> None:
    outline = PlanOutline.of(fake_plan.every_kind())
    assert [row.label for row in outline.roots] == [
        "destroy",
        "replace",
        "change",
        "add",
        "outputs",
        "changed outside Terraform",
    ]


async def test_rows_open_down_to_the_whole_value() -> None:
    tree = PlanTree()
    async with WidgetApp(tree).run_test(size=(120, 50)) as pilot:
        await shown(pilot, tree, fake_plan.every_kind())
        text = screen_text(pilot)
        assert "± aws_launch_template.secure  ▲ forced by image_id" in text
        assert "image_id  " not in text
        tree.cursor = labels(tree).index("aws_launch_template.secure")
        await pilot.press("enter")
        text = screen_text(pilot)
        assert '~ image_id   "ami-0aa1b2c3d4e5f6a7b" → "ami-0ff9e8d7c6b5a4938"  ▲ forces replacement' in text
        assert '~ id         "lt-0123456789abcdef0" → (known after apply)' in text
        assert "~ user_data  (sensitive value) → (sensitive value)" in text
        tree.cursor = labels(tree).index("aws_iam_role_policy.secure")
        await pilot.press("l", "l", "l")
        text = screen_text(pilot)
        assert '+         "kms:Decrypt"' in text
        assert '-         "s3:GetObject"' in text
        assert '"2012-10-17"\n' not in text
        await pilot.press("h")
        assert '+         "kms:Decrypt"' not in screen_text(pilot)


async def test_left_and_right_walk_the_tree() -> None:
    tree = PlanTree()
    async with WidgetApp(tree).run_test(size=(120, 50)) as pilot:
        await shown(pilot, tree, fake_plan.every_kind())
        await pilot.press("right", "right", "right", "right")
        assert tree.current is not None
        assert tree.current.label == "cidr_ipv4"
        await pilot.press("left", "left", "left", "left", "left", "left")
        assert tree.cursor == 0
        assert tree.current is not None
        assert not tree.current.is_open
        await pilot.press("enter", "j", "enter")
        assert tree._rows[1].kind is Kind.MODULE
        assert tree._rows[1].is_open
        # Enter on what cannot be opened closes what holds it.
        await pilot.press("j", "enter", "j", "enter")
        assert tree.current is not None
        assert tree.current.kind is Kind.RESOURCE
        assert not tree.current.is_open


async def test_everything_opens_and_closes_and_no_secret_shows() -> None:
    plan = fake_plan.every_kind()
    tree = PlanTree()
    app = WidgetApp(tree)
    async with app.run_test(size=(120, 50)) as pilot:
        await shown(pilot, tree, plan)
        before = tree.count()
        await pilot.press("plus")
        assert tree.count() > before
        for index in range(tree.count()):
            tree.cursor = index
            await pilot.press("y")
        assert "(sensitive value)" in everything(tree)
        copied = "\n".join(app.copied)
        assert "aws_key_pair.machines" in copied
        assert fake_plan.policy("s3:GetObject", "kms:Decrypt").replace('"', "") in copied.replace(
            '"', ""
        ).replace("\\", "")
        await pilot.press("minus")
        assert tree.count() == 6


def test_a_sensitive_value_is_not_even_in_the_rows() -> None:
    # The services leave it out; should one come through all the same, it is not drawn, found or copied.
    change = fake_plan.resource(
        "aws_thing.a",
        Action.UPDATE,
        AttributeChange("token", fake_plan.SECRET, fake_plan.SECRET + "2", sensitive=True),
    )
    plan = fake_plan.of_size(0)
    outline = PlanOutline.of(type(plan)(plan.root, False, plan.file, (change,), (), (), ""))
    outline.open_all()
    assert fake_plan.SECRET not in repr([(row.label, row.before, row.after) for row in outline.rows()])
    assert not outline.rows()[-1].opens
    assert fake_plan.SECRET not in "".join(outline._haystacks.values())


async def test_the_filter_finds_addresses_attributes_and_values() -> None:
    tree = PlanTree()
    async with WidgetApp(tree).run_test(size=(120, 50)) as pilot:
        await shown(pilot, tree, fake_plan.every_kind())
        assert tree.set_filter("kms:Decrypt") == ""
        assert tree.filter_count == "(1/10)"
        await until(pilot, lambda: "aws_key_pair" not in screen_text(pilot), "the filter")
        assert "aws_iam_role_policy.secure" in screen_text(pilot)
        tree.set_filter("!module")
        await until(pilot, lambda: "aws_key_pair" in screen_text(pilot), "the inverted filter")
        assert "module." not in screen_text(pilot)
        assert "no regular expression" in tree.set_filter("(")
        assert tree.filter == "!module"
        tree.set_filter("there is no such thing")
        await until(pilot, lambda: "Nothing matches." in screen_text(pilot), "the sentence")
        tree.set_filter("")
        assert tree.filter_count == ""


async def test_the_plan_asked_for_last_is_the_one_shown() -> None:
    # A cleanup has two plans at once: an outline made late must not take the place of the one in question.
    tree = PlanTree()
    first, second = fake_plan.every_kind(), fake_plan.of_size(300)
    async with WidgetApp(tree).run_test(size=(80, 24)) as pilot:
        for plan in (first, second, first, second, first):
            tree.show(plan)
            assert tree.plan is plan
        await until(pilot, tree.count, "the rows")
        tree._take(PlanOutline.of(second))
        await until(pilot, lambda: "aws_key_pair.machines" in everything(tree), "the first plan")
        assert "aws_thing" not in everything(tree)
        tree.clear()
        tree._take(PlanOutline.of(second))
        assert not tree.count()


async def test_an_empty_plan_says_so() -> None:
    tree = PlanTree()
    async with WidgetApp(tree).run_test(size=(80, 24)) as pilot:
        await shown(pilot, tree, fake_plan.of_size(0))
        assert "Nothing changes." in screen_text(pilot)
        await pilot.press("enter", "plus", "minus", "left", "right")


async def test_a_click_moves_and_a_second_one_opens() -> None:
    tree = PlanTree()
    async with WidgetApp(tree).run_test(size=(120, 50)) as pilot:
        await shown(pilot, tree, fake_plan.every_kind())
        await pilot.click(tree, offset=(10, 2))
        assert tree.cursor == 2
        await pilot.click(tree, offset=(10, 2))
        assert "cidr_ipv4" in screen_text(pilot)


async def test_it_is_read_at_any_width() -> None:
    tree = PlanTree()
    async with WidgetApp(tree).run_test(size=(60, 20)) as pilot:
        await shown(pilot, tree, fake_plan.every_kind())
        await pilot.press("plus")
        for width in (60, 30, 12, 200):
            for index in range(tree.count()):
                text, spans = tree.row(index, width)
                assert len(text) <= width
                assert all(0 <= begin <= end <= len(text) for begin, end, _ in spans)


async def test_a_long_value_is_read_whole() -> None:
    tree = PlanTree()
    async with WidgetApp(tree).run_test(size=(60, 30)) as pilot:
        await shown(pilot, tree, fake_plan.every_kind())
        tree.cursor = labels(tree).index("aws_key_pair.machines")
        await pilot.press("enter", "j", "enter")
        pieces = [row.label for row in tree._rows if row.kind is Kind.VALUE]
        assert "".join(pieces) == "ssh-ed25519 " + "AAAAC3NzaC1lZDI1NTE5AAAAI" * 6
        assert len(pieces) > 1


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
def test_picture(snap_compare: Any, size: tuple[int, int]) -> None:
    tree = PlanTree()

    async def prepare(pilot: Pilot[Any]) -> None:
        await shown(pilot, tree, fake_plan.every_kind())
        tree.cursor = labels(tree).index("aws_launch_template.secure")
        await pilot.press("enter")

    assert snap_compare(WidgetApp(tree), terminal_size=size, run_before=prepare)
