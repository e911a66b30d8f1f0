"""Errors are sentences: what failed, on what, why, and what to do."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a finished command tells the shell."""

    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    LEFT_OVER = 3
    """Done, but something is left over that a person should look at."""
    NO_CONNECTION = 255
    """`kubeplat ssh` itself failed, as ssh(1) says it; every other code of that verb is the remote command's."""


class KubeplatError(Exception):
    """A failure a person can act on.

    `what` is one sentence that names what failed and on what; `why` the cause as far as it is known; `todo` what
    to do next. None of them carries a secret or a traceback.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, what: str, *, why: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.todo = todo

    def __str__(self) -> str:
        parts = [part.strip() for part in (self.what, self.why, self.todo) if part]
        # A list of problems stands on lines of its own, between what they are about and what to do.
        return ("\n" if any("\n" in part for part in parts) else " ").join(parts)


class InputError(KubeplatError):
    """Bad usage or input: nothing was changed."""

    exit_code = ExitCode.BAD_INPUT


class NotFoundError(KubeplatError):
    """The thing asked for is certainly absent (never raised when it could merely not be read)."""


class LeftOverError(KubeplatError):
    """The work is done, but something remains."""

    exit_code = ExitCode.LEFT_OVER
