"""Who answers a question: the person at the terminal, or `--yes` within its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.text import Text

    from kubeplat_tui.commands.session import Session
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.events import Decisions, Question

OLD_WORDS = {"destroy": "This will DELETE ALL resources, are you sure? (yes/no)"}
"""Sentences that people's scripts wait for, by the question's topic. The yes is the environment's name now."""


class Person:
    """Asks at the terminal."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def answer(self, question: Question) -> str:
        """What was typed; "" where the input ended or ctrl+c was pressed."""
        return ask(self._session, question)


class Nobody:
    """For what asks nothing: declines everything."""

    def answer(self, question: Question) -> str:
        """No."""
        return ""


class Yes:
    """`--yes`: grants every question, but destroys outside a playground only where its name was given."""

    def __init__(self, environment: Environment, confirmed: str | None) -> None:
        self._may_destroy = environment.playground or confirmed == environment.name

    def answer(self, question: Question) -> str:
        """What grants the question, or "" where it destroys and may not."""
        return "" if question.destructive and not self._may_destroy else question.expected


def decisions(
    session: Session, environment: Environment, confirm: str | None, *, destroys: bool = False
) -> Decisions:
    """Who decides for this verb.

    `destroys`: the verb always destroys something. Raises `InputError` before anything is changed where
    nobody can be asked and `--yes` was not given, or where `--yes` is not enough.
    """
    if confirm is not None and confirm != environment.name:
        raise InputError(
            f"--confirm {confirm} does not name the environment, which is {environment.name}.",
            todo="Nothing was changed.",
        )
    if session.options.yes:
        if destroys and not environment.playground and confirm is None:
            raise InputError(
                f"{environment.name} is not a playground: --yes alone does not destroy anything there.",
                todo=f"Add --confirm {environment.name}. Nothing was changed.",
            )
        return Yes(environment, confirm)
    if not session.can_ask:
        raise InputError(
            "This asks before it changes anything, and there is no terminal to ask at.",
            todo="Add --yes to answer yes. Nothing was changed.",
        )
    return Person(session)


def ask(session: Session, question: Question) -> str:
    """Put `question` to the person at the terminal."""
    from rich.text import Text

    session.err.print()
    session.err.print(Text(question.title, style="bold red" if question.destructive else "bold"))
    if question.detail:
        session.err.print(Text(question.detail))
    if question.topic in OLD_WORDS:
        session.err.print(Text(OLD_WORDS[question.topic]))
    choices = (
        "yes/no"
        if question.expected == "yes"
        else f"type {question.expected}; anything else leaves it as it is"
    )
    answer = typed(session, Text(f"({choices}) "))
    return "yes" if question.expected == "yes" and answer.lower() in {"y", "yes"} else answer


def typed(session: Session, shown: Text) -> str:
    """What is typed behind `shown`; "" where the input ended or ctrl+c was pressed."""
    session.err.print(shown, end="", soft_wrap=True)
    session.err.file.flush()
    try:
        return input().strip()
    except (EOFError, KeyboardInterrupt):
        session.err.print()
        return ""


def confirmed(session: Session, question: Question) -> bool:
    """A yes/no question of a verb without a pipeline. Raises `InputError` where nobody can be asked."""
    if session.options.yes:
        return True
    if not session.can_ask:
        raise InputError(
            "This asks before it changes anything, and there is no terminal to ask at.",
            todo="Add --yes to answer yes. Nothing was changed.",
        )
    return ask(session, question) == question.expected


def granted(session: Session, decisions: Decisions, questions: Iterable[Question]) -> bool:
    """Whether every question is answered as expected; says that nothing was changed where one is not."""
    if all(decisions.answer(question) == question.expected for question in questions):
        return True
    session.note("Not confirmed; nothing was changed.")
    return False
