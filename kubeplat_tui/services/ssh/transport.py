"""paramiko's transport, made fit for our use: quick reading, few wake-ups, reasons kept, answers to pings noticed.

It overrides methods that paramiko's documentation leaves out (checked with 5.1), because the public ones drop
what a person has to be told: why a channel was refused, why the server hung up, which signal ended a command.
Nothing outside this module reaches into paramiko.

Sources: RFC 4253 (transport), RFC 4254 (channels, exit-signal), OpenSSH's PROTOCOL (keepalive@openssh.com).
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import paramiko
from paramiko import common
from paramiko.message import Message
from paramiko.packet import Packetizer
from paramiko.ssh_exception import ChannelException, SSHException

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Without a handler of its own, Python would print paramiko's warnings to stderr, over the application's screen.
# What a person needs of them is in the errors raised here.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr")
"""The quickest first: AES-GCM needs no second pass for the checksum."""
MACS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
KEY_EXCHANGES = (
    "mlkem768x25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group14-sha256",
)
HOST_KEYS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
RSA = "ssh-rsa"
"""The name of an RSA key; its signatures go by rsa-sha2-512 and rsa-sha2-256 (RFC 8332)."""

PIECE = 1 << 16
"""Bytes that are read at once: paramiko asks for a packet's head and body one by one."""
WAKE = 1.0
"""Seconds after which an idle thread of paramiko looks around. It needs no more: closing wakes it."""
ENDLESS = 3600.0
"""Seconds: whoever connects has a time limit of its own, and says so when it is over."""
PING = "keepalive@openssh.com"
EXIT_SIGNAL = "exit-signal"
NO_CHANNEL = -1


class Wire(Protocol):
    """What carries the bytes: a socket, or a channel through a bastion."""

    def recv(self, size: int, /) -> bytes: ...
    def send(self, data: bytes, /) -> int: ...
    def settimeout(self, seconds: float | None, /) -> None: ...
    def shutdown(self, how: int, /) -> None: ...
    def close(self) -> None: ...


class ChannelRefusedError(Exception):
    """The other end did not open a channel. `code` as in RFC 4254, 5.1; `text` its own words."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class NoAnswerError(Exception):
    """No answer came in time."""


@dataclass(slots=True)
class Fate:
    """How a channel ended, as the other end said."""

    signal: str = ""
    message: str = ""
    closed: bool = False
    """The other end closed it: the connection was there to the end."""


class Stream:
    """The wire as paramiko reads it. `heard` is when the last bytes came (`time.monotonic`)."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._data = b""
        self._at = 0
        self._reader: threading.Thread | None = None
        self._closed = False  # paramiko looks at it by this name
        self.heard = time.monotonic()

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes; b"" at the end."""
        if self._at >= len(self._data):
            self._reader = threading.current_thread()
            self._data, self._at = self._wire.recv(PIECE), 0
            self.heard = time.monotonic()
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def send(self, data: bytes) -> int:
        """As a socket's."""
        return self._wire.send(data)

    def settimeout(self, seconds: float | None) -> None:
        """As a socket's."""
        self._wire.settimeout(seconds)

    def close(self) -> None:
        """End it; a thread that reads or writes wakes up. Only the reader gives the socket's number back."""
        self._closed = True
        with contextlib.suppress(OSError, EOFError, SSHException):
            self._wire.shutdown(socket.SHUT_RDWR)
        if self._reader in {None, threading.current_thread()} or isinstance(self._wire, paramiko.Channel):
            with contextlib.suppress(OSError, EOFError, SSHException):
                self._wire.close()

    def release(self) -> None:
        """Give everything back; nobody reads any more."""
        self._reader = None
        self.close()


class _Packetizer(Packetizer):
    """paramiko's own starts a thread for a timeout that whoever connects watches already."""

    def start_handshake(self, timeout: float) -> None:
        """Nothing to start."""

    def handshake_timed_out(self) -> bool:
        """Never by itself."""
        return False

    def complete_handshake(self) -> None:
        """Nothing to end."""


_Untyped: Any = paramiko.Transport
"""The published types leave out what is overridden here."""


class SshTransport(_Untyped):  # type: ignore[misc]  # see _Untyped
    """A client's end of an SSH connection over `wire`. `when_ended` is called once, in the transport's thread."""

    _active_check_timeout = WAKE
    saved_exception: Exception | None

    def __init__(
        self, wire: Wire, kinds: Sequence[str], when_ended: Callable[[], None] | None = None
    ) -> None:
        """`kinds`: names of host keys, those wished for first."""
        self.stream = Stream(wire)
        super().__init__(self.stream, packetizer_class=_Packetizer)
        self.banner_timeout = ENDLESS
        self.farewell = ""
        """What the server said when it hung up."""
        self.when_ended = when_ended
        self._waiting: deque[threading.Event] = deque()
        self._ping_lock = threading.Lock()
        self._opening = threading.local()
        self._refusals: dict[int, ChannelRefusedError] = {}
        self._abandoned: set[int] = set()
        self._fates: dict[paramiko.Channel, Fate] = {}
        self._prefer(kinds)
        self._channel_handler_table = {
            **_Untyped._channel_handler_table,  # noqa: SLF001 - it is our base
            common.MSG_CHANNEL_REQUEST: self._channel_request,
            common.MSG_CHANNEL_CLOSE: self._channel_close,
        }

    def _prefer(self, kinds: Sequence[str]) -> None:
        def known(wished: Sequence[str], table: dict[str, object]) -> tuple[str, ...]:
            return tuple(name for name in wished if name in table)

        self._preferred_kex = known(KEY_EXCHANGES, self._kex_info)
        self._preferred_ciphers = known(CIPHERS, self._cipher_info)
        self._preferred_macs = known(MACS, self._mac_info)
        first = [
            name for kind in kinds for name in (("rsa-sha2-512", "rsa-sha2-256") if kind == RSA else (kind,))
        ]
        self._preferred_keys = known(tuple(dict.fromkeys([*first, *HOST_KEYS])), self._key_info)

    # --- its life -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """The reading thread; paramiko starts it."""
        try:
            super().run()
        finally:
            self.stream.release()
            if self.when_ended is not None:
                self.when_ended()

    def end(self) -> None:
        """Close it and everything in it; may be called from any thread, and again. Does not wait."""
        self.active = False
        self.packetizer.close()
        for channel in list(self._channels.values()):
            channel._unlink()  # noqa: SLF001 - as paramiko's own close does
        if not self.is_alive():
            self.stream.release()

    def why(self) -> str:
        """Why it ended, as far as it is known: the server's words, or the system's; "" where neither said a thing."""
        error = self.saved_exception
        if self.farewell:
            return self.farewell
        if isinstance(error, EOFError) or error is None:
            return ""
        if isinstance(error, OSError):
            return error.strerror or str(error)
        return str(error)

    # --- pings --------------------------------------------------------------------------------------------------

    def ask(self, answered: threading.Event) -> None:
        """Send a ping; `answered` is set when its answer has come. Blocks while nothing can be sent."""
        message = Message()
        message.add_byte(common.cMSG_GLOBAL_REQUEST)
        message.add_string(PING)
        message.add_boolean(True)
        with self._ping_lock:  # answers come in the order of the questions (RFC 4254, 4)
            self._waiting.append(answered)
            self._send_user_message(message)

    def _parse_request_success(self, m: Message) -> None:
        self._answered()

    def _parse_request_failure(self, m: Message) -> None:
        self._answered()

    def _answered(self) -> None:
        with contextlib.suppress(IndexError):
            self._waiting.popleft().set()

    # --- channels -----------------------------------------------------------------------------------------------

    def tunnel(self, host: str, port: int, seconds: float) -> paramiko.Channel:
        """A connection from the other end to `host`:`port` (RFC 4254, 7.2).

        Raises `ChannelRefusedError`, `NoAnswerError` after `seconds`, `EOFError` where the connection ended.
        """
        return self._open("direct-tcpip", seconds, target=(host, port))

    def session(self, window: int, seconds: float) -> paramiko.Channel:
        """A session in which at most `window` bytes of output are on the way. Raises as `tunnel` does."""
        return self._open("session", seconds, window=window)

    def fate(self, channel: paramiko.Channel) -> Fate:
        """What is known of the end of `channel`; kept until `forget`."""
        return self._fates.setdefault(channel, Fate())

    def forget(self, channel: paramiko.Channel) -> None:
        """Nobody asks for this channel's end any more."""
        self._fates.pop(channel, None)

    def _open(
        self, kind: str, seconds: float, *, target: tuple[str, int] | None = None, window: int | None = None
    ) -> paramiko.Channel:
        self._opening.number = NO_CHANNEL
        try:
            channel: paramiko.Channel = self.open_channel(
                kind,
                dest_addr=target,
                src_addr=("127.0.0.1", 0) if target else None,
                window_size=window,
                timeout=seconds,
            )
        except (SSHException, EOFError, OSError) as error:
            number = self._opening.number
            refusal = self._refusals.pop(number, None)
            if refusal is not None:
                raise refusal from error
            if not self.active or number == NO_CHANNEL:
                raise EOFError(self.why()) from error
            self._abandoned.add(number)
            raise NoAnswerError from error
        return channel

    def _next_channel(self) -> int:
        # Several threads open channels at once, and paramiko keeps one error for all of them.
        number: int = super()._next_channel()
        self._opening.number = number
        return number

    def _parse_channel_open_failure(self, m: Message) -> None:
        number, code, text = m.get_int(), m.get_int(), m.get_text()
        if number in self._abandoned:
            self._abandoned.discard(number)
        else:
            self._refusals[number] = ChannelRefusedError(code, text)
        m.rewind()
        super()._parse_channel_open_failure(m)
        self.saved_exception = (
            None if isinstance(self.saved_exception, ChannelException) else self.saved_exception
        )

    def _parse_channel_open_success(self, m: Message) -> None:
        number = m.get_int()
        m.rewind()
        super()._parse_channel_open_success(m)
        if number in self._abandoned:
            self._abandoned.discard(number)
            channel = self._channels.get(number)
            if channel is not None:
                channel.close()

    def _channel_request(self, channel: Any, m: Message) -> None:
        if m.get_text() != EXIT_SIGNAL:
            m.rewind()
            m.get_int()  # the channel's number
            channel._handle_request(m)  # noqa: SLF001 - what paramiko would have called
            return
        m.get_boolean()
        fate = self.fate(channel)
        fate.signal = m.get_text()
        m.get_boolean()
        fate.message = m.get_text()
        channel.status_event.set()

    def _channel_close(self, channel: Any, m: Message) -> None:
        if channel in self._fates:
            self._fates[channel].closed = True
        channel._handle_close(m)  # noqa: SLF001 - what paramiko would have called

    def _parse_disconnect(self, m: Message) -> None:
        m.get_int()
        self.farewell = m.get_text().strip()
