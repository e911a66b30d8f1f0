"""The credentials of everything that is opened: environments that want the same ones share them.

Made at the start, before the first paint: what finds credentials is loaded when somebody wants some.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kubeplat_tui.services.credentials.cloud_credentials import CloudCredentials
    from kubeplat_tui.services.credentials.keys import Wanted
    from kubeplat_tui.services.credentials.model import CredentialQuestions


class SharedCredentials:
    """One for each front end. May be used from any thread."""

    def __init__(
        self, questions: Callable[[], CredentialQuestions | None], environ: Mapping[str, str] | None = None
    ) -> None:
        self._questions = questions
        self._environ = environ
        self._known: dict[Wanted, CloudCredentials] = {}
        self._lock = threading.Lock()

    def of(self, wanted: Wanted, region: str) -> CloudCredentials:
        """The credentials for `wanted`. Whoever comes first says in which region STS is asked."""
        from kubeplat_tui.services.credentials.cloud_credentials import CloudCredentials

        with self._lock:
            if wanted not in self._known:
                self._known[wanted] = CloudCredentials(wanted, region, self._questions, self._environ)
            return self._known[wanted]
