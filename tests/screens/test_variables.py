"""The variables: edited by kind, checked as typed, shown as a difference, saved without losing anybody's work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.screens.variables.screen import FieldTable
from kubeplat_tui.widgets.footer import live_actions
from tests.screens.driving import notices, press, seen, settle, words, write
from tests.screens.fakes import PLAYGROUND, FakeIntents

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from kubeplat_tui.app import KubeplatApp
    from kubeplat_tui.services.values import Value

    MakeApp = Callable[..., KubeplatApp]

SIZES = [(80, 24), (160, 45)]


def file_of(intents: FakeIntents, name: str = "play-jest") -> Path:
    return intents.workplace.environments / f"{name}.tfvars"


def value_of(app: KubeplatApp, variable: str) -> Value:
    """What the form says."""
    return next(row.value for row in app.screen.query_one(FieldTable).rows if row.name == variable)


async def at(pilot: Pilot[int], variable: str) -> None:
    """Put the cursor on a variable."""
    await settle(pilot)
    pilot.app.screen.query_one(FieldTable).go_to(variable)
    await settle(pilot)


async def save(pilot: Pilot[int]) -> None:
    await press(pilot, "ctrl+s")
    assert "Save this to play-jest.tfvars?" in seen(pilot.app)  # type: ignore[arg-type]  # it is a KubeplatApp
    await press(pilot, "enter")


@pytest.fixture
def app(intents: FakeIntents, make_app: MakeApp) -> KubeplatApp:
    return make_app(intents, start="play-jest")


async def open_variables(pilot: Pilot[int]) -> None:
    await settle(pilot)
    await press(pilot, "2")


async def test_every_variable_stands_in_its_section(app: KubeplatApp) -> None:
    async with app.run_test(size=(160, 45)) as pilot:
        await open_variables(pilot)
        text = seen(app)
    assert "Variables (15)" in text
    assert text.index("Network") < text.index("vpc_cidr") < text.index("Masters") < text.index("secure_nodes")
    assert "[127.0.0.1/32]" in text


async def test_a_switch_is_switched_and_saved_with_the_rest_untouched(
    app: KubeplatApp, intents: FakeIntents
) -> None:
    async with app.run_test() as pilot:
        await open_variables(pilot)
        await at(pilot, "enable_audit")
        await press(pilot, "space")
        assert "● changed" in seen(app)
        assert "1 changed" in seen(app)
        await press(pilot, "ctrl+s")
        assert "+enable_audit = true" in seen(app)
        assert file_of(intents).read_text() == PLAYGROUND
        await press(pilot, "enter")
        assert "play-jest.tfvars is saved." in notices(app)
        assert "variables.save" not in {hint.id for hint in live_actions(app.screen)}
    text = file_of(intents).read_text()
    assert text.startswith(PLAYGROUND)
    assert text.removeprefix(PLAYGROUND).strip() == "enable_audit = true"


async def test_a_choice_is_chosen_from_a_list_or_stepped_through(app: KubeplatApp) -> None:
    async with app.run_test() as pilot:
        await open_variables(pilot)
        await at(pilot, "nat_mode")
        await press(pilot, "enter")
        for choice in ("per_az", "single", "none"):
            assert choice in seen(app)
        await press(pilot, "down", "enter")
        assert value_of(app, "nat_mode") == "none"
        await press(pilot, "space")
        assert value_of(app, "nat_mode") == "per_az"


async def test_text_is_checked_while_it_is_typed(app: KubeplatApp) -> None:
    async with app.run_test() as pilot:
        await open_variables(pilot)
        await at(pilot, "aws_account")
        await press(pilot, "enter")
        await press(pilot, "backspace")
        assert "✖ An AWS account's number has 12 digits" in seen(app)
        await write(pilot, "9")
        assert "12 digits" not in seen(app)
        await press(pilot, "enter")
        assert value_of(app, "aws_account") == "123456789019"


async def test_a_number_is_a_number(app: KubeplatApp) -> None:
    async with app.run_test() as pilot:
        await open_variables(pilot)
        await at(pilot, "compute_asg_min")
        await press(pilot, "enter", "x")
        assert "✖ 3x is not a number." in seen(app)
        await press(pilot, "enter")
        assert "3x is not a number." in seen(app)
        await press(pilot, "backspace", "1", "enter")
        assert value_of(app, "compute_asg_min") == 31


async def test_a_list_is_edited_line_by_line(app: KubeplatApp, intents: FakeIntents) -> None:
    async with app.run_test() as pilot:
        await open_variables(pilot)
        await at(pilot, "ssh_access_list")
        await press(pilot, "enter", "enter")
        await write(pilot, "10.0.0.0/33")
        assert "✖ Every entry must be an IPv4 network" in seen(app)
        await press(pilot, "backspace")
        await press(pilot, "ctrl+s")
        await save(pilot)
    assert 'ssh_access_list = ["127.0.0.1/32", "10.0.0.0/3"]' in " ".join(
        file_of(intents).read_text().split()
    )


async def test_a_map_is_edited_in_rows(app: KubeplatApp, intents: FakeIntents) -> None:
    async with app.run_test() as pilot:
        await open_variables(pilot)
        await at(pilot, "nat_subnets")
        await press(pilot, "enter")
        await press(pilot, *["enter"] * 6)
        await write(pilot, "d")
        await press(pilot, "enter")
        await write(pilot, "10.80.3.0/24")
        await press(pilot, "ctrl+s")
        await save(pilot)
    values = intents.variable_file("play-jest").values
    assert values["nat_subnets"] == {
        "a": "10.80.0.0/24",
        "b": "10.80.1.0/24",
        "c": "10.80.2.0/24",
        "d": "10.80.3.0/24",
    }


async def test_deeper_values_are_edited_as_terraform_writes_them(app: KubeplatApp) -> None:
    async with app.run_test(size=(160, 45)) as pilot:
        await open_variables(pilot)
        await at(pilot, "secure_nodes")
        await press(pilot, "enter")
        assert '"0" = { zone = "a", address = "10.80.10.100" }' in seen(app)
        await press(pilot, "x")
        assert "✖ " in seen(app)
        await press(pilot, "ctrl+s")
        assert "a Terraform expression" in seen(app)
        await press(pilot, "escape")
        assert app.screen.query_one(FieldTable).has_focus
        assert "changed" not in seen(app)


async def test_default_and_undo(app: KubeplatApp) -> None:
    async with app.run_test() as pilot:
        await open_variables(pilot)
        await at(pilot, "compute_asg_max")
        await press(pilot, "r")
        assert "● to default" in seen(app)
        await press(pilot, "u")
        assert "changed" not in seen(app)
        assert "to default" not in seen(app)


async def test_p_goes_from_problem_to_problem(intents: FakeIntents, make_app: MakeApp) -> None:
    file_of(intents).write_text(PLAYGROUND + 'compute_asg_mim = 1\naws_account_id = 5\nvpc_cidr = "x"\n')
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert "has 3 problems" in seen(app)
        await press(pilot, "2")
        assert "✖ 3 wrong" in seen(app)
        visited = []
        for _ in range(4):
            visited.append(app.screen.query_one(FieldTable).current.name)  # type: ignore[union-attr]  # there is a row
            await press(pilot, "p")
        assert set(visited) == {"compute_asg_mim", "aws_account_id", "vpc_cidr"}
        assert "did you mean compute_asg_min?" in seen(app) or "not declared" in seen(app)


async def test_a_broken_file_can_be_corrected_as_text(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="lab")
    async with app.run_test() as pilot:
        await open_variables(pilot)
        assert "✖ lab.tfvars:2" in seen(app)
        assert "Press ctrl+t to correct the text." in seen(app)
        await press(pilot, "ctrl+t")
        assert "line 2" in seen(app)
        await press(pilot, "end")
        await write(pilot, ' "eu-west-1"')
        await _until(pilot, "terraform_bucket_name is not set")
        await press(pilot, "ctrl+t")
        assert "Variables (15)" in seen(app)
        assert "✖ missing" in seen(app)


async def test_a_conflict_keeps_both(app: KubeplatApp, intents: FakeIntents) -> None:
    theirs = PLAYGROUND.replace("compute_asg_max = 5", "compute_asg_max = 9")
    async with app.run_test(size=(160, 45)) as pilot:
        await open_variables(pilot)
        await at(pilot, "enable_audit")
        await press(pilot, "space")
        file_of(intents).write_text(theirs)
        await save(pilot)
        assert "play-jest.tfvars was changed by" in words(app)
        await press(pilot, "enter")  # the harmless choice: go on editing
        assert "● changed" in seen(app)
        assert file_of(intents).read_text() == theirs
        await save(pilot)
        await press(pilot, "down", "enter")
        assert "changed" not in seen(app)
        assert value_of(app, "compute_asg_max") == 9
    assert file_of(intents).read_text() == theirs
    [mine] = intents.workplace.environments.glob("play-jest.tfvars.mine-*")
    assert "enable_audit = true" in mine.read_text()


@pytest.mark.parametrize(
    ("keys", "left", "written"),
    [(["escape"], False, False), (["down", "enter"], True, False), (["enter", "enter"], True, True)],
    ids=["stay", "discard", "save"],
)
async def test_leaving_asks_about_what_is_not_saved(
    app: KubeplatApp, intents: FakeIntents, keys: list[str], left: bool, written: bool
) -> None:
    async with app.run_test() as pilot:
        await open_variables(pilot)
        await at(pilot, "enable_audit")
        await press(pilot, "space", "q")
        assert "have changes that are not saved" in seen(app)
        await press(pilot, *keys)
        assert ("Environments (3)" in seen(app)) is left
    assert ("enable_audit" in file_of(intents).read_text()) is written


async def test_other_sections_may_be_looked_at_meanwhile(app: KubeplatApp) -> None:
    async with app.run_test() as pilot:
        await open_variables(pilot)
        await at(pilot, "enable_audit")
        await press(pilot, "space", "1")
        assert any("not saved yet" in notice for notice in notices(app))
        await press(pilot, "2")
        assert "1 changed" in seen(app)


async def test_what_somebody_else_wrote_is_read_when_nothing_is_edited(
    app: KubeplatApp, intents: FakeIntents
) -> None:
    async with app.run_test() as pilot:
        await open_variables(pilot)
        file_of(intents).write_text(PLAYGROUND.replace("compute_asg_max = 5", "compute_asg_max = 9"))
        await press(pilot, "ctrl+r")
        assert value_of(app, "compute_asg_max") == 9


async def test_a_big_form_is_quick(tmp_path: Path, make_app: MakeApp) -> None:
    """One editor at a time: the widgets on the screen do not grow with the variables."""
    few, many = (FakeIntents(tmp_path / name) for name in ("few", "many"))
    roots = tmp_path / "roots"
    for root in ("settings", "foundation", "cluster"):
        (roots / root).mkdir(parents=True)
        text = (few.workplace.terraform / root / "variables.tf").read_text()
        more = [
            f'variable "more_{number}" {{\n  type    = string\n  default = "x"\n}}\n' for number in range(200)
        ]
        (roots / root / "variables.tf").write_text(text + "\n".join(more if root == "cluster" else []))
    object.__setattr__(many.workplace, "terraform", roots)
    counts = []
    for intents in (few, many):
        app = make_app(intents, start="play-jest")
        async with app.run_test() as pilot:
            await open_variables(pilot)
            counts.append((len(app.screen.query("*")), len(app.screen.query_one(FieldTable).rows)))
    assert counts[0][1] == 15
    assert counts[1][1] == 215
    assert counts[0][0] == counts[1][0]


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize(
    "keys",
    [[], ["space", "ctrl+s"], ["ctrl+t"], ["5", "enter"], ["7", "enter"]],
    ids=["form", "difference", "text", "choice", "expression"],
)
def test_picture(
    app: KubeplatApp, snap_compare: Callable[..., bool], size: tuple[int, int], keys: list[str]
) -> None:
    places = {"5": "nat_mode", "7": "secure_nodes"}

    async def begin(pilot: Pilot[int]) -> None:
        await open_variables(pilot)
        await at(pilot, "enable_audit" if "space" in keys else "aws_region")
        for key in keys:
            if key in places:
                await at(pilot, places[key])
            else:
                await press(pilot, key)
        for area in app.screen.query("TextArea"):
            area.cursor_blink = False  # type: ignore[attr-defined]  # a TextArea

    assert snap_compare(app, terminal_size=size, run_before=begin)


async def _until(pilot: Pilot[int], text: str) -> None:
    """Wait until `text` is seen: the text is looked at a moment after the last key."""
    for _ in range(200):
        await settle(pilot)
        if text in seen(pilot.app):  # type: ignore[arg-type]  # it is a KubeplatApp
            return
    pytest.fail(f"never seen: {text}\n{seen(pilot.app)}")  # type: ignore[arg-type]  # it is a KubeplatApp
