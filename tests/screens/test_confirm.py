"""Decisions: No is the default, Enter alone destroys nothing, what destroys is typed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Button, Static

from kubeplat_tui.screens.build.decisions import AskingDecisions
from kubeplat_tui.services.events import Question
from kubeplat_tui.widgets.confirm import ConfirmDialog, Decision
from tests.screens.waiting import screen_text, until
from tests.screens.widget_app import WidgetApp

if TYPE_CHECKING:
    from typing import Any

    from textual.app import App
    from textual.pilot import Pilot

DESTROY = Decision(
    "Destroy staging?",
    "It is no playground.",
    ("148 resources are destroyed.", "The secrets bucket is emptied."),
    "Destroy",
    "staging",
    destructive=True,
)
MAKE = Decision("Make the bucket?", "There is none.", yes="Make it")
UNTYPED = Decision("Remove the bucket too?", "Nothing else is in it.", yes="Remove", destructive=True)


class Asked:
    """A dialog on the screen, and its answer."""

    def __init__(self, pilot: Pilot[Any], decision: Decision) -> None:
        self.answers: list[str | None] = []
        pilot.app.push_screen(ConfirmDialog(decision), self.answers.append)


async def ask(pilot: Pilot[Any], decision: Decision) -> Asked:
    """Show the dialog."""
    asked = Asked(pilot, decision)
    await until(pilot, lambda: decision.title in screen_text(pilot), "the dialog")
    return asked


def possible(pilot: Pilot[Any]) -> bool:
    """Whether Yes can be chosen."""
    return not pilot.app.screen.query_one("#yes", Button).disabled


def app() -> App[None]:
    """Something below the dialog."""
    return WidgetApp(Static("below"))


@pytest.mark.parametrize("decision", [DESTROY, MAKE, UNTYPED], ids=["typed", "plain", "destructive"])
@pytest.mark.parametrize("key", ["enter", "escape"])
async def test_enter_alone_and_escape_are_no(decision: Decision, key: str) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        asked = await ask(pilot, decision)
        await pilot.press(key)
        await until(pilot, lambda: asked.answers, "the answer")
        assert asked.answers == [None]


@pytest.mark.parametrize(("key", "answer"), [("y", "yes"), ("n", None)])
async def test_a_harmless_question_takes_a_letter(key: str, answer: str | None) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        asked = await ask(pilot, MAKE)
        assert pilot.app.focused is not None
        assert pilot.app.focused.id == "no"
        await pilot.press(key)
        await until(pilot, lambda: asked.answers, "the answer")
        assert asked.answers == [answer]


async def test_what_destroys_is_not_confirmed_by_a_letter() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        asked = await ask(pilot, UNTYPED)
        await pilot.press("y")
        assert not asked.answers
        await pilot.press("tab", "enter")
        await until(pilot, lambda: asked.answers, "the answer")
        assert asked.answers == ["yes"]


async def test_what_destroys_wants_the_name_typed() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        asked = await ask(pilot, DESTROY)
        text = screen_text(pilot)
        assert "Type staging to go on." in text
        assert "148 resources are destroyed." in text
        assert not possible(pilot)
        await pilot.press(*"stagin", "enter")
        assert "That is not staging; nothing was done." in screen_text(pilot)
        assert not asked.answers
        assert not possible(pilot)
        await pilot.press("g")
        assert possible(pilot)
        await pilot.press("x")
        assert not possible(pilot)
        await pilot.press("backspace", "tab", "tab", "enter")
        await until(pilot, lambda: asked.answers, "the answer")
        assert asked.answers == ["staging"]


async def test_no_can_be_chosen_after_the_name_was_typed() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        asked = await ask(pilot, DESTROY)
        await pilot.press(*"staging", "tab", "enter")
        await until(pilot, lambda: asked.answers, "the answer")
        assert asked.answers == [None]


async def test_the_name_and_enter_are_enough() -> None:
    async with app().run_test(size=(60, 20)) as pilot:
        asked = await ask(pilot, DESTROY)
        await pilot.press(*"staging", "enter")
        await until(pilot, lambda: asked.answers, "the answer")
        assert asked.answers == ["staging"]


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
def test_picture(snap_compare: Any, size: tuple[int, int]) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await ask(pilot, DESTROY)
        await pilot.press(*"stag", "enter")

    assert snap_compare(app(), terminal_size=size, run_before=prepare)


# --- the bridge between the pipeline's thread and the person -------------------------------------------


def question(topic: str = "apply-cluster") -> Question:
    """Any question."""
    return Question(topic, "Apply?", "")


def in_thread(decisions: AskingDecisions) -> tuple[threading.Thread, list[str]]:
    """A pipeline that asks."""
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(decisions.answer(question())))
    thread.start()
    return thread, answers


def test_the_pipeline_waits_for_the_person() -> None:
    asked = threading.Event()
    decisions = AskingDecisions(lambda _: asked.set())
    thread, answers = in_thread(decisions)
    assert asked.wait(10)
    assert not answers
    assert decisions.give("yes")
    thread.join(10)
    assert answers == ["yes"]
    assert not decisions.give("yes")


def test_nobody_answers_when_the_application_ends() -> None:
    asked = threading.Event()
    decisions = AskingDecisions(lambda _: asked.set())
    thread, answers = in_thread(decisions)
    assert asked.wait(10)
    decisions.close()
    thread.join(10)
    assert answers == [""]
    assert decisions.answer(question("destroy")) == ""


def test_only_the_first_answer_counts() -> None:
    asked = threading.Event()
    decisions = AskingDecisions(lambda _: asked.set())
    thread, answers = in_thread(decisions)
    assert asked.wait(10)
    assert decisions.give("")
    assert not decisions.give("yes")
    thread.join(10)
    assert answers == [""]
