"""Which tabs there are, which is looked at, and which stands beside it. No widget: only their keys."""

from __future__ import annotations

MACHINES = "machines"
FORWARDS = "forwards"
FIXED = (MACHINES, FORWARDS)
"""The tabs that are always there, before those of the sessions."""


class Tabs:
    """Keys in the order seen. `beside` is the session that shares the screen with the current one, "" for none."""

    def __init__(self) -> None:
        self.sessions: list[str] = []
        self.current = MACHINES
        self.beside = ""
        self._seen = [MACHINES]
        """The tabs looked at, the latest last."""

    @property
    def all(self) -> list[str]:
        """Every tab."""
        return [*FIXED, *self.sessions]

    @property
    def session(self) -> str:
        """The current tab where it is a session's, else ""."""
        return self.current if self.current in self.sessions else ""

    @property
    def shown(self) -> list[str]:
        """The sessions that are seen now, in their order: none, one, or two."""
        if not self.session:
            return []
        return [key for key in self.sessions if key in {self.current, self.beside}]

    def add(self, key: str) -> None:
        """A new session, after the others; it is looked at."""
        self.sessions.append(key)
        self.go(key)

    def go(self, key: str) -> None:
        """Look at another tab. The one beside it takes this one's place where it is chosen."""
        if key == self.beside:
            self.beside = self.current if self.current in self.sessions else ""
        self.current = key
        self._seen = [*(one for one in self._seen if one != key), key]

    def step(self, by: int) -> None:
        """Look at the tab that many further on, in a ring."""
        tabs = self.all
        self.go(tabs[(tabs.index(self.current) + by) % len(tabs)])

    def remove(self, key: str) -> None:
        """A session is closed: the tab looked at before it comes back."""
        self.sessions.remove(key)
        self._seen = [one for one in self._seen if one != key]
        if self.beside == key:
            self.beside = ""
        if self.current == key:
            self.go(self.beside or next(iter(reversed(self._seen)), MACHINES))
            if self.beside == self.current:
                self.beside = ""

    @property
    def can_split(self) -> bool:
        """Whether there is a second session, or two are seen already."""
        return bool(self.session) and len(self.sessions) > 1

    def split(self) -> None:
        """Show the session that was looked at before beside the current one; where one is, show one alone."""
        if self.beside:
            self.beside = ""
            return
        others = [
            key for key in (*self.sessions, *self._seen) if key in self.sessions and key != self.current
        ]
        self.beside = others[-1] if others else ""
