"""A transfer under way: its SFTP session, how far it is, whether it is to go on, and its errors as sentences."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError, NotFoundError
from kubeplat_tui.services.ssh.model import SshError
from kubeplat_tui.services.ssh.sftp_pipeline import ShrunkError
from kubeplat_tui.services.ssh.stopping import Watch
from kubeplat_tui.services.ssh.transfer_model import (
    Item,
    Kind,
    Machine,
    Skipped,
    TransferProgress,
    Transferred,
    TransferStoppedError,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import paramiko

    Say = Callable[[TransferProgress], None]

PACE = 0.05
"""Seconds between two reports of the same file; its end is always reported."""


class Copy:
    """A transfer under way: how far it is, whether it is to go on, and its errors as sentences."""

    def __init__(
        self,
        connection: Machine,
        name: str,
        say: Say,
        stop: threading.Event | None,
        *,
        overwrite: bool,
    ) -> None:
        self.machine = connection.instance.name or connection.instance.id
        self._connection = connection
        self.name = name
        self.overwrite = overwrite
        self._say = say
        self._stop = stop
        self._begun = time.monotonic()
        self._said = 0.0
        self._files = self._files_done = 0
        self._bytes = self._bytes_done = 0
        self._item: Item | None = None
        self._done = 0
        self._skipped: list[Skipped] = []
        self._sftp: paramiko.SFTPClient | None = None

    @property
    def sftp(self) -> paramiko.SFTPClient:
        """The session; for use within `session`."""
        if self._sftp is None:
            raise SshError(f"There is no session with {self.machine} yet.")
        return self._sftp

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """An SFTP session; a wish to stop ends it within moments, whatever it waits for."""
        from paramiko.ssh_exception import SSHException

        self.check()
        sftp = self._sftp = self._connection.sftp()
        try:
            with self._watched(sftp):
                yield
        except KubeplatError as error:
            if self._stop is not None and self._stop.is_set() and not isinstance(error, TransferStoppedError):
                raise self._stopped() from error
            raise
        finally:
            with contextlib.suppress(
                EOFError, OSError, SSHException
            ):  # gone with its connection: nothing is left to close
                sftp.close()

    def _watched(self, sftp: paramiko.SFTPClient) -> contextlib.AbstractContextManager[object]:
        channel = sftp.get_channel()
        if self._stop is None or channel is None:
            return contextlib.nullcontext()
        return Watch(self._stop, channel.close)

    def check(self) -> None:
        """Raise `TransferStoppedError` where it is to end."""
        if self._stop is not None and self._stop.is_set():
            raise self._stopped()

    def _stopped(self) -> TransferStoppedError:
        return TransferStoppedError(
            f"Copying {self.name} was stopped.",
            why=f"{self._files_done} of {self._files} files are there; none of them is half.",
        )

    @contextlib.contextmanager
    def there(self, path: str, source: object = "") -> Iterator[None]:
        """Errors of the machine about `path`, and of the connection, as sentences."""
        from paramiko.ssh_exception import SSHException

        try:
            yield
        except FileNotFoundError as error:
            raise NotFoundError(f"There is no {path} on {self.machine}.") from error
        except FileExistsError as error:
            raise exists(f"{path} on {self.machine}") from error
        except PermissionError as error:
            raise SshError(
                f"{path} on {self.machine} is not for {self._connection.user} to touch.",
                todo="Take another place, such as /tmp, and move it there by sudo.",
            ) from error
        except ShrunkError as error:
            raise SshError(
                f"{source} became shorter while it was copied.",
                todo="Nothing of it was kept. Copy it when nobody writes to it.",
            ) from error
        except UnicodeError as error:
            raise SshError(
                f"A name in {path} on {self.machine} is not UTF-8.", todo="Rename it there, or leave it out."
            ) from error
        except (EOFError, SSHException) as error:
            raise self._cut_off(error) from error
        except OSError as error:
            channel = self.sftp.get_channel()
            if isinstance(error, ConnectionError) or channel is None or channel.closed:
                raise self._cut_off(error) from error
            raise SshError(
                f"{path} on {self.machine} could not be copied.",
                why=f"The machine says: {error.strerror or error}.",
                todo="Look whether its disk is full: df -h",
            ) from error

    def _cut_off(self, error: BaseException) -> SshError:
        why = self._connection.status.why or f"{error}".strip()
        return SshError(
            f"The connection to {self.machine} ended while {self.name} was copied.",
            why=why,
            todo="Connect again and copy again. A hidden file .kubeplat-*.part may be left on the machine.",
        )

    # --- how far ------------------------------------------------------------------------------------------------

    def expect(self, found: Iterable[Item | Skipped]) -> list[Item]:
        """What is to be copied; it counts from now on."""
        items: list[Item] = []
        for each in found:
            if isinstance(each, Skipped):
                self._skipped.append(each)
            else:
                items.append(each)
        files = [item for item in items if item.kind is Kind.FILE]
        self._files, self._bytes = len(files), sum(item.size for item in files)
        return items

    def begin(self, item: Item, expected: int) -> None:
        """The next file, which may have another size by now."""
        self._item, self._done = item, 0
        self._bytes += item.size - expected
        self._tell()

    def moved(self, count: int) -> None:
        """So many more bytes of it. Raises `TransferStoppedError` where it is to end."""
        self.check()
        self._done += count
        self._bytes_done += count
        if time.monotonic() - self._said >= PACE:
            self._tell()

    def end(self) -> None:
        """The file is there, whole."""
        self._files_done += 1
        self._tell()

    def done(self, target: str) -> Transferred:
        """All of it."""
        seconds = time.monotonic() - self._begun
        return Transferred(target, self._files_done, self._bytes_done, seconds, tuple(self._skipped))

    def _tell(self) -> None:
        if self._item is None:
            return
        self._said = time.monotonic()
        self._say(
            TransferProgress(
                self._item.relative or self.name,
                self._done,
                self._item.size,
                self._files_done,
                self._files,
                self._bytes_done,
                self._bytes,
            )
        )


def exists(place: str) -> InputError:
    return InputError(f"{place} exists already.", todo="Name another place, or say that it may be replaced.")


@contextlib.contextmanager
def here(place: Path) -> Iterator[None]:
    """Errors of this computer about `place`, or what they name themselves, as sentences."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no {_named(error, place)} here.") from error
    except FileExistsError as error:
        raise exists(str(place)) from error
    except OSError as error:
        raise KubeplatError(
            f"{_named(error, place)} here could not be copied.", why=f"{error.strerror or error}."
        ) from error


def _named(error: OSError, place: Path) -> object:
    """The whole path that the error is about; names relative to an opened folder say too little."""
    named = error.filename
    return named if isinstance(named, str) and named.startswith("/") else place
