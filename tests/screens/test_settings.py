"""The settings file while the application runs: a saved change is taken over, a mistake is said and costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui import themes
from kubeplat_tui.app import KubeplatApp
from kubeplat_tui.pace import paced
from kubeplat_tui.settings import Colours, Confirmation, parse
from kubeplat_tui.settings.holding import screen_choice, textual_variables
from kubeplat_tui.widgets.confirm import ConfirmDialog, Decision
from kubeplat_tui.widgets.confirmations import confirm
from tests.screens.driving import notices, press, seen, settle
from tests.screens.fakes import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

    from tests.screens.fakes import FakeIntents

    MakeApp = Callable[..., KubeplatApp]


def save(intents: FakeIntents, text: str) -> None:
    intents.workplace.config.mkdir(parents=True, exist_ok=True)
    (intents.workplace.config / "config.toml").write_text(text)


async def look(pilot: Pilot[int], app: KubeplatApp) -> str:
    """Come back to the terminal, as after editing elsewhere; what is said about the settings then."""
    app.clear_notifications()
    app.on_app_focus()
    await settle(pilot)
    return " ".join(notices(app))


async def test_a_saved_change_is_taken_over_and_a_mistake_changes_nothing(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    app = make_app(intents)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert await look(pilot, app) == ""
        own = '[themes.mine]\naccent = "#ff0000"\n'
        save(intents, f'theme = "mine"\nrefresh = 60\n[keymap]\n"table.sort" = "s"\n{own}')
        assert await look(pilot, app) == "Taken over: theme, refresh, keymap, themes."
        assert (app.theme, app.settings.refresh, app.current_theme.accent) == ("mine", 60.0, "#ff0000")
        await press(pilot, "s")
        assert "Name ↑" in seen(app)

        save(intents, f'theme = "mine"\n{own.replace("#ff0000", "#00ff00")}[ssh]\nprefix = "f12"\n')
        said = await look(pilot, app)
        assert said == "Taken over: refresh, keymap, themes. From the next start on: ssh.prefix."
        assert app.current_theme.accent == "#00ff00"

        save(intents, 'theme = "light"\nrefresh = 1\n')
        said = await look(pilot, app)
        assert "config.toml:2: refresh must be 0 or at least 2" in said
        assert "config.toml:1: There is no theme light" in said
        assert "Nothing of it is taken over" in said
        assert (app.theme, app.settings.refresh) == ("mine", 15.0)
        save(intents, "theme = [")
        assert "config.toml:1: this is not TOML" in await look(pilot, app)
        assert app.theme == "mine"

        (intents.workplace.config / "config.toml").unlink()
        assert await look(pilot, app) == "Taken over: theme, themes. From the next start on: ssh.prefix."
        assert app.theme == "kubeplat-dark"
        assert "mine" not in app.available_themes


async def test_a_question_is_left_out_unless_it_destroys(intents: FakeIntents, make_app: MakeApp) -> None:
    save(intents, "[confirmations]\npaste = false\n")
    app = make_app(intents)
    async with app.run_test() as pilot:
        await settle(pilot)
        answers: list[str | None] = []
        confirm(app, Confirmation.PASTE, Decision("Paste?", ""), answers.append)
        assert answers == ["yes"]
        for question, decision in (
            (Confirmation.RENEW, Decision("Renew?", "")),
            (Confirmation.PASTE, Decision("Gone?", "", destructive=True)),
            (Confirmation.PASTE, Decision("Gone?", "", expected="play-jest")),
        ):
            confirm(app, question, decision, answers.append)
            await pilot.pause()
            assert isinstance(app.screen, ConfirmDialog)
            await press(pilot, "escape")
        assert answers == ["yes", None, None, None]


async def test_few_colours_have_their_own_theme_and_keep_the_chosen_one(intents: FakeIntents) -> None:
    text = '# mine\ntheme = "nord"\n'
    save(intents, text)
    app = KubeplatApp(intents, now=lambda: NOW, colours=Colours.SIXTEEN, slow_link=True)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert app.theme == themes.SIXTEEN.name
        assert "✔ built" in seen(app)
        assert paced(app.screen, 0.05) == 0.5
        save(intents, f"{text}refresh = 60\n")
        assert await look(pilot, app) == "Taken over: refresh."
        assert app.theme == themes.SIXTEEN.name
    assert (intents.workplace.config / "config.toml").read_text() == f"{text}refresh = 60\n"


async def test_without_colours_no_colour_is_sent(intents: FakeIntents) -> None:
    with textual_variables(screen_choice(parse('[screen]\ncolours = "none"'), {})):
        app = KubeplatApp(intents, now=lambda: NOW, colours=Colours.NONE)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "▌ lab" in seen(app)
        styles = [one.style for line in app.screen._compositor.render_strips() for one in line if one.style]
        assert any(style.bold for style in styles)
        colours = {colour for style in styles for colour in (style.color, style.bgcolor)}
        assert {colour.name for colour in colours if colour is not None} <= {"default"}
