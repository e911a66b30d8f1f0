"""Before Terraform changes anything: do the credentials last as long as it takes?

In the middle of an apply nobody can be asked, and keys that Terraform got by its environment cannot be renewed there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.credentials.keys import Child
from kubeplat_tui.services.events import Level, LogLine, Question, now
from kubeplat_tui.services.pipeline import DeclinedError
from kubeplat_tui.services.runs import age_words

if TYPE_CHECKING:
    from collections.abc import Generator

    from kubeplat_tui.services.events import Event, Step
    from kubeplat_tui.services.pipeline import Work

TOPIC = "credentials-life"
UNKNOWN_SECONDS = 15 * 60.0
"""What is assumed where no earlier run tells how long the step takes."""

MARGIN = 1.25
"""An estimate is the median of earlier runs: half of them took longer."""


def enough_life(work: Work, step: Step) -> Generator[Event, None, None]:
    """Renew the credentials where they may end during `step`: by themselves, or after asking.

    Raises `KubeplatError` where renewing fails, `DeclinedError` where they cannot be renewed and nobody wants to go on;
    nothing of the step is done then.
    """
    cloud = work.site.cloud
    if _lasts(work, step):
        return
    if cloud.login is not None and cloud.login.renews:
        cloud.renew_credentials()
        yield _renewed(work)
        if _lasts(work, step):
            return
    login = cloud.login
    if login is not None and login.by_person and not _lasts(work, step):
        granted = yield from work.ask(
            Question(
                topic=TOPIC,
                title="Renew the AWS session first?",
                detail=f"{_figures(work, step)} Renewing asks for a code of the MFA device {login.mfa_serial}. "
                f"{_else()}",
                yes="Renew first",
                no="Go on without",
            )
        )
        if granted:
            cloud.renew_credentials()
            yield _renewed(work)
        else:
            yield LogLine(text=_figures(work, step), level=Level.WARNING)
        return
    granted = yield from work.ask(
        Question(
            topic=TOPIC,
            title="Go on with an AWS session that may end on the way?",
            detail=f"{_figures(work, step)} It cannot be made longer from here. {_else()}",
            yes="Go on",
        )
    )
    if not granted:
        raise DeclinedError(f"{work.verb} was declined before the step {step.title}: nothing of it was done.")


def _lasts(work: Work, step: Step) -> bool:
    login = work.site.cloud.login
    if login is None or login.child is not Child.KEYS:
        return True  # nothing expires, or Terraform renews what it uses
    estimate = work.estimates.step(work.verb, step.key)
    return login.keys.seconds_left(now()) > (UNKNOWN_SECONDS if estimate is None else estimate * MARGIN)


def _figures(work: Work, step: Step) -> str:
    login = work.site.cloud.login
    left = max(0.0, login.keys.seconds_left(now())) if login is not None else 0.0
    estimate = work.estimates.step(work.verb, step.key)
    takes = (
        f"nobody knows yet how long it takes ({age_words(UNKNOWN_SECONDS)} are assumed)"
        if estimate is None
        else f"it took {age_words(estimate)} in earlier runs"
    )
    return f"{step.title}: {takes}, and the AWS session ends in {age_words(left)}."


def _else() -> str:
    return "If it ends on the way, what exists by then stays, and another run goes on from there."


def _renewed(work: Work) -> LogLine:
    login = work.site.cloud.login
    left = login.keys.seconds_left(now()) if login is not None else 0.0
    return LogLine(text=f"The AWS session is renewed and ends in {age_words(left)}.", source="aws")
