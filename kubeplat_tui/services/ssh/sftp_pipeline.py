"""A file's content over SFTP with many requests on the way at once: as quick as the line, not as its round trip.

paramiko's own prefetch gives up when the answers overtake the questions, and its pipelined writes lose the errors of
the last hundred of them; so the questions are asked here, through the two methods of its client that both stand on
(`_async_request`, `_read_response`; checked with 4.0 and 5.1). Nothing outside this module reaches into it.

Source: draft-ietf-secsh-filexfer-02 (SFTP 3), sections 3 and 6.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko

AT_ONCE = 64
"""Requests on the way, as OpenSSH's sftp has it."""
READ = 64 * 1024
"""Bytes asked for at once. A server may answer with fewer: the rest is asked for again."""
WRITE = 32 * 1024
"""Bytes written at once: what every server takes (section 3)."""


class ShrunkError(Exception):
    """The file ended before the size it had when the transfer began."""


def read(
    sftp: paramiko.SFTPClient, file: paramiko.SFTPFile, size: int, take: Callable[[bytes, int], None]
) -> None:
    """Give `take` every piece of the first `size` bytes and its offset, in whatever order they come.

    Raises `ShrunkError`, `OSError` for the server's refusals, paramiko's `SSHException` where the connection ends.
    """
    from paramiko.sftp import CMD_READ, int64

    line = _Line(sftp)

    def ask(offset: int, length: int) -> None:
        line.ask(lambda data: arrived(data, offset, length), CMD_READ, _handle(file), int64(offset), length)

    def arrived(data: bytes, offset: int, length: int) -> None:
        if not data:
            raise ShrunkError
        take(data, offset)
        if len(data) < length:
            ask(offset + len(data), length - len(data))

    with line:
        for offset in range(0, size, READ):
            line.wait(AT_ONCE - 1)
            ask(offset, min(READ, size - offset))
        line.wait(0)


def write(
    sftp: paramiko.SFTPClient,
    file: paramiko.SFTPFile,
    size: int,
    give: Callable[[int, int], bytes],
    written: Callable[[int], None],
) -> None:
    """Write `size` bytes; `give` has those of an offset and length, `written` is told how many more are there.

    Raises `ShrunkError` where `give` has none, `OSError` and `SSHException` as `read` does.
    """
    from paramiko.sftp import CMD_WRITE, int64

    line = _Line(sftp)
    with line:
        offset = 0
        while offset < size:
            line.wait(AT_ONCE - 1)
            data = give(offset, min(WRITE, size - offset))
            if not data:
                raise ShrunkError
            count = len(data)
            line.ask(_counted(written, count), CMD_WRITE, _handle(file), int64(offset), data)
            offset += count
        line.wait(0)


def _handle(file: paramiko.SFTPFile) -> bytes:
    handle: Any = file.handle  # the published types take the server's class for it
    return bytes(handle)


def _counted(written: Callable[[int], None], count: int) -> Callable[[bytes], None]:
    return lambda _: written(count)


class _Line:
    """Requests on the way, and what is done with their answers. Those that come after it was left are dropped."""

    def __init__(self, sftp: paramiko.SFTPClient) -> None:
        self._sftp: Any = sftp
        self._waiting: dict[int, Callable[[bytes], None]] = {}

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.clear()

    def ask(self, then: Callable[[bytes], None], command: int, *content: object) -> None:
        """Send a request; `then` has the data of the answer (none where it only says that all is well)."""
        # The answers are read by this thread: none comes between the two statements.
        number = self._sftp._async_request(self, command, *content)  # noqa: SLF001 - see the module
        self._waiting[number] = then

    def wait(self, most: int) -> None:
        """Until at most so many answers are missing. Raises what they say."""
        while len(self._waiting) > most:
            self._sftp._read_response()  # noqa: SLF001 - see the module

    def _async_response(self, kind: int, message: paramiko.Message, number: int) -> None:
        """paramiko's client has an answer."""
        from paramiko.sftp import CMD_DATA

        then = self._waiting.pop(number, None)
        if then is None:
            return
        if kind == CMD_DATA:
            then(message.get_string())
            return
        try:
            self._sftp._convert_status(message)  # noqa: SLF001 - see the module
        except EOFError:
            raise ShrunkError from None
        then(b"")
