"""What is said of credentials in both front ends, in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.runs import age_words

if TYPE_CHECKING:
    from datetime import datetime

    from kubeplat_tui.services.credentials.model import CredentialsStatus


def until(status: CredentialsStatus, at: datetime) -> str:
    """Until when they last, and what happens then: `14:05 UTC, in 52 minutes; renewed by themselves`."""
    if status.expires is None:
        return "they do not expire, as far as this computer can tell"
    left = (status.expires - at).total_seconds()
    when = f"in {age_words(left)}" if left > 0 else f"{age_words(-left)} ago"
    how = (
        "renewed by themselves"
        if status.renews
        else "a code of the MFA device renews them"
        if status.renewable
        else "renewed where they come from"
    )
    return f"{status.expires:%Y-%m-%d %H:%M} UTC, {when}; {how}"
