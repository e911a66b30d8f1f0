"""A connection to one machine: shells, commands, files and tunnels over it, and how it stands."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kubeplat_tui.services.ssh.agent_forwarding import LentAgent
from kubeplat_tui.services.ssh.model import SshError
from kubeplat_tui.services.ssh.routes import tunnel
from kubeplat_tui.services.ssh.shell import WINDOW, Shell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import paramiko

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.ssh.link import Link
    from kubeplat_tui.services.ssh.model import LinkStatus, Size

OPEN_SECONDS = 10.0
SESSION_SECONDS = 15.0
BULK_WINDOW = 2 << 20
"""Bytes on the way of a file, or of a command's output that no person watches: OpenSSH's own size."""
TERM = "xterm-256color"
LOCALE = ("LANG", "LC_")
"""The variables that say which language and which characters a terminal has."""


class Connection:
    """Logged in to `instance` as `user`. Safe from any thread; every method but `close` raises `SshError` when over."""

    def __init__(
        self,
        instance: Instance,
        user: str,
        route: str,
        link: Link,
        *,
        environ: Mapping[str, str],
        when_closed: Callable[[Connection], None] | None = None,
        shared: bool = False,
    ) -> None:
        """`shared`: others use the link too, and closing this connection leaves it."""
        self.instance = instance
        self.user = user
        self.route = route
        self._link = link
        self._lent = LentAgent(environ)
        self._locale = {name: value for name, value in environ.items() if name.startswith(LOCALE) and value}
        self._when_closed = when_closed
        self._shared = shared
        self._shells: set[Shell] = set()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def status(self) -> LinkStatus:
        """How it stands."""
        return self._link.status

    def when_changed(self, callback: Callable[[LinkStatus], None]) -> Callable[[], None]:
        """Call `callback` with every change of the status, from another thread; returns how to stop that."""
        return self._link.when_changed(callback)

    def shell(self, size: Size, *, term: str = TERM, agent: bool = False) -> Shell:
        """The user's login shell on a terminal. `agent`: let the machine use this computer's ssh-agent meanwhile."""
        return self._session("", size, term, agent)

    def command(
        self, command: str, *, size: Size | None = None, term: str = TERM, agent: bool = False
    ) -> Shell:
        """`command`, run by the user's shell; on a terminal where a size is given."""
        return self._session(command, size, term, agent)

    def open(self, host: str, port: int, seconds: float = OPEN_SECONDS) -> paramiko.Channel:
        """A TCP connection that the machine makes to `host`:`port`. Raises `UnreachableError`."""
        self._check()
        return tunnel(self._link, host, port, seconds)

    def sftp(self) -> paramiko.SFTPClient:
        """The machine's files. Close it after use."""
        from paramiko import SFTPClient
        from paramiko.ssh_exception import SSHException

        channel = self._channel(BULK_WINDOW)
        try:
            channel.invoke_subsystem("sftp")
            return SFTPClient(channel)
        except (SSHException, EOFError, OSError) as error:
            channel.close()
            raise self._failed("It has no SFTP (sshd_config's Subsystem sftp).", error) from error

    def ping(self, seconds: float = OPEN_SECONDS) -> float:
        """Seconds to the machine and back. Raises `SshError` where no answer comes in time."""
        self._check()
        return self._link.ping(seconds)

    def close(self) -> None:
        """End it and every shell of it."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            shells = list(self._shells)
        if not self._shared:
            self._link.close()
        for shell in shells:
            shell.close()
        if self._when_closed is not None:
            self._when_closed(self)

    def retire(self) -> None:
        """Count as closed from now on, before it is."""
        if not self._shared:
            self._link.retire()

    # --- sessions -----------------------------------------------------------------------------------------------

    def _session(self, command: str, size: Size | None, term: str, agent: bool) -> Shell:
        from paramiko.ssh_exception import SSHException

        channel = self._channel(WINDOW if size is not None else BULK_WINDOW)
        shell = Shell(channel, self._link, lambda over: self._forget(over, channel))
        with self._lock:
            self._shells.add(shell)
        try:
            if agent:
                self._lent.lend(channel)
            if size is not None:
                # As plain ssh does: whether it is taken is for the machine to say (sshd_config's AcceptEnv).
                for name, value in self._locale.items():
                    channel.set_environment_variable(name, value)
                channel.get_pty(term, size.columns, size.rows)
            if command:
                channel.exec_command(command)
            else:
                channel.invoke_shell()
        except (SSHException, EOFError, OSError) as error:
            shell.close()
            what = "a command" if command else "a shell"
            raise self._failed(f"It does not start {what} for {self.user}.", error) from error
        return shell

    def _channel(self, window: int) -> paramiko.Channel:
        from paramiko.ssh_exception import SSHException

        from kubeplat_tui.services.ssh.transport import ChannelRefusedError, NoAnswerError

        self._check()
        try:
            return self._link.transport.session(window, SESSION_SECONDS)
        except ChannelRefusedError as error:
            raise self._failed(
                f"It says: {error.text or 'nothing'}. sshd_config's MaxSessions limits sessions to 10.", error
            ) from error
        except NoAnswerError as error:
            raise self._failed(f"No answer came within {SESSION_SECONDS:g} seconds.", error) from error
        except (SSHException, EOFError, OSError) as error:
            raise self._failed("", error) from error

    def _forget(self, shell: Shell, channel: paramiko.Channel) -> None:
        self._lent.end(channel)
        with self._lock:
            self._shells.discard(shell)

    def _check(self) -> None:
        if self._closed or not self._link.usable:
            raise SshError(f"The connection to {self._link.name} is over.", why=self._link.status.why)

    def _failed(self, why: str, error: Exception) -> SshError:
        if not self._link.transport.is_active():
            self._link.ended.wait(1.0)
            why = self._link.status.why or "The connection was closed here."
        return SshError(f"No session on {self._link.name}.", why=why or f"{error}", todo="Connect again.")
