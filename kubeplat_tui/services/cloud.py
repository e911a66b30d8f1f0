"""The one place that knows where an environment lives: real AWS, or the sandbox on this computer.

Everything above asks a `Cloud` for its clients and for the environment of child processes, and cannot tell which it
got.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from kubeplat_tui.services.credentials.cloud_credentials import CloudCredentials
    from kubeplat_tui.services.credentials.keys import Resolved, Wanted
    from kubeplat_tui.services.credentials.model import CredentialsStatus
    from kubeplat_tui.services.credentials.shared import SharedCredentials
    from kubeplat_tui.services.environments import Environment

SANDBOX_ACCOUNT = "123456789012"
"""The account number that moto answers with (and that AWS's own documentation uses)."""

HURRIED_SECONDS = 3
"""What a hurried cloud waits for a connection, and for an answer."""
HURRIED_CONNECTIONS = 32
"""Many environments are asked for at the same time."""


@dataclass(frozen=True, slots=True)
class SandboxStatus:
    """A running sandbox. `started` is UTC, `memory` the resident bytes, `kept` whether it outlives its front
    ends. `pid` counts in its `container` ("" natively), and its port in its `network` (services.whereabouts).
    """

    pid: int
    port: int
    log: Path
    started: datetime
    leases: int
    kept: bool
    memory: int
    container: str = ""
    network: str = ""

    @property
    def endpoint(self) -> str:
        """The simulated AWS."""
        return f"http://127.0.0.1:{self.port}"


class SandboxLease(Protocol):
    """A hold on the running sandbox. It ends with the last lease (or by `kubeplat sandbox stop`)."""

    @property
    def endpoint(self) -> str:
        """The simulated AWS: `http://127.0.0.1:PORT`."""
        ...

    @property
    def lost(self) -> bool:
        """Whether the sandbox ended although this lease was held."""
        ...

    def when_lost(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, from another thread, when the sandbox ends under this lease."""
        ...

    def address(self, host: str, port: int) -> tuple[str, int]:
        """Where on this computer the simulated `host`:`port` is. Blocking, a few milliseconds.

        Raises `OSError` as connecting would: no route to a private address, refused where nothing listens.
        """
        ...

    def close(self) -> None:
        """Give the lease back. Closing twice is allowed."""
        ...


class SandboxDoor(Protocol):
    """How a sandbox is reached; the application hands it in, so that services need not know one."""

    def open(self) -> SandboxLease:
        """Start the sandbox or join the running one.

        Raises `KubeplatError` with a sentence where its packages are missing, its port is taken or it does not start.
        """
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the credentials belong to (AWS STS GetCallerIdentity)."""

    account: str
    arn: str
    ahead: float | None = field(default=None, compare=False)
    """Seconds that AWS's clock is ahead of this computer's; None where AWS did not say its time."""


class Cloud:
    """An environment's AWS. Clients are made once and shared; making them is safe from any thread."""

    def __init__(
        self,
        region: str,
        profile: str | None,
        lease: SandboxLease | None = None,
        *,
        hurried: bool = False,
        credentials: CloudCredentials | None = None,
    ) -> None:
        """`hurried`: what is not answered within seconds is not waited for, and asked once only; nobody is asked for
        a code. `credentials` are those of `profile`, where others share them; None: its own, which ask nobody.
        """
        self.region = region
        self._hurried = hurried
        self._profile = profile
        self._lease = lease
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._session: Any = None
        self._credentials = credentials

    @property
    def lost(self) -> bool:
        """Whether the cloud is gone for good (a sandbox that ended); real AWS never is."""
        return self._lease is not None and self._lease.lost

    @property
    def lasting(self) -> bool:
        """Whether the cloud outlives this process, however that ends; a sandbox may end with it."""
        return self._lease is None

    def when_lost(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, from another thread, when the cloud is gone for good."""
        if self._lease is not None:
            self._lease.when_lost(callback)

    def client(self, service: str) -> Any:
        """The boto3 client of `service`. The first one takes about half a second: never call this in the UI thread."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make_client(service)
            return self._clients[service]

    def client_in(self, region: str, service: str) -> Any:
        """A client of another region, made for one question."""
        with self._lock:
            return self._make_client(service, region)

    def identity(self) -> Identity:
        """Who we are. Raises `KubeplatError` where there are no valid credentials."""
        from kubeplat_tui.services.credentials.caller_identity import identity

        return identity(self)

    def credentials(self) -> Any:
        """What the clients sign with: botocore's credentials, which renew themselves.

        For requests that are signed by hand. They raise `KubeplatError` where there are none.
        """
        with self._lock:
            if self._lease is not None:
                from botocore.credentials import Credentials

                return Credentials("sandbox", "sandbox")
            return self._boto().get_credentials()

    def credentials_status(self) -> CredentialsStatus:
        """Whose credentials are used, from where, until when. Blocking, asks AWS; never asks for a code."""
        from kubeplat_tui.services.credentials.model import CredentialsStatus, Kind

        if self._lease is not None:
            status = CredentialsStatus(Kind.SANDBOX, "the sandbox's own: nothing of yours is used")
        else:
            status = self._own_credentials().status()
        if status.problem:
            return status
        try:
            found = self.identity()
        except KubeplatError as error:
            return replace(status, problem=str(error))
        return replace(status, account=found.account, arn=found.arn)

    def renew_credentials(self) -> None:
        """Get new keys now. Blocking; asks for a code where one is needed. Raises `KubeplatError`: the old ones stay.

        Keys that last are only read again.
        """
        if self._lease is None:
            self._own_credentials().renew()

    def forget_credentials(self) -> int:
        """Take the session tokens out of the keyring and out of this process; how many the keyring had."""
        return self._own_credentials().forget() if self._lease is None else 0

    @property
    def expires(self) -> datetime | None:
        """When the keys in use expire; None where they do not, or nothing was asked yet. Never blocks."""
        login = self.login
        return login.keys.expires if login is not None else None

    @property
    def login(self) -> Resolved | None:
        """The keys in use and how a child process gets them, for the guard before an apply. Never blocks."""
        return self._own_credentials().held if self._lease is None else None

    def nobody_asked(self) -> contextlib.AbstractContextManager[None]:
        """A block in which nobody is asked for a code, whoever needs one: Terraform is in the middle of its work."""
        return self._own_credentials().silence() if self._lease is None else contextlib.nullcontext()

    def ca_bundle(self) -> str:
        """The file of the certificates that boto3 trusts: `AWS_CA_BUNDLE`, the profile's, or its own."""
        from botocore.httpsession import get_cert_path

        with self._lock:
            # boto3 has no other way to its configuration.
            named = self._boto()._session.get_config_variable("ca_bundle")  # noqa: SLF001
        return str(named or os.environ.get("REQUESTS_CA_BUNDLE") or get_cert_path(True))

    def proxy(self, url: str) -> str:
        """The proxy on the way to `url`, as boto3 finds it; "" for none. The sandbox has none before it."""
        from botocore.utils import get_environ_proxies

        return "" if self._lease is not None else get_environ_proxies(url).get(url.partition(":")[0], "")

    def address(self, host: str, port: int) -> tuple[str, int]:
        """Where a client of this computer finds `host`:`port`; on AWS just there. Raises `OSError`."""
        return (host, port) if self._lease is None else self._lease.address(host, port)

    def dial(self, host: str, port: int, seconds: float) -> socket.socket:
        """A TCP connection from this computer: the one way out to the environment's machines. Blocking.

        Raises `OSError` where nothing answers within `seconds`, or nobody listens.
        """
        connection = socket.create_connection(self.address(host, port), timeout=seconds)
        connection.settimeout(None)
        return connection

    def environ(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a child process needs in its environment to talk to this cloud, on top of `base`.

        Blocking, and may ask for a code: keys that expire are in it. Raises `KubeplatError` where there are none.
        """
        return self.surroundings(base) | self.login_environ()

    def surroundings(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """`environ` without anybody's credentials. Never blocks."""
        from kubeplat_tui.services.credentials.keys import NAMES

        environ = dict(os.environ if base is None else base)
        for name in NAMES:
            environ.pop(name, None)
        environ.update(AWS_REGION=self.region, AWS_DEFAULT_REGION=self.region)
        if self._lease is not None:
            # An IP address as endpoint makes the SDKs use path-style S3 by themselves.
            environ.update(
                AWS_ENDPOINT_URL=self._lease.endpoint,
                AWS_EC2_METADATA_DISABLED="true",
                AWS_CONFIG_FILE=os.devnull,
                AWS_SHARED_CREDENTIALS_FILE=os.devnull,
                NO_PROXY=",".join(filter(None, [environ.get("NO_PROXY", ""), "127.0.0.1"])),
            )
        return environ

    def login_environ(self) -> dict[str, str]:
        """The credentials of a child process, as they are now: keys, or the profile that renews itself. Blocking."""
        if self._lease is not None:
            # The simulated AWS asks for keys and checks nothing.
            return {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
        return self._own_credentials().environ()

    def close(self) -> None:
        """Give back what is held. The clients are not usable afterwards."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
        if self._lease is not None:
            self._lease.close()

    def _make_client(self, service: str, region: str | None = None) -> Any:
        from botocore.config import Config

        config = Config(retries={"mode": "standard", "total_max_attempts": 5}, user_agent_extra="kubeplat")
        if self._hurried:
            config = config.merge(
                Config(
                    connect_timeout=HURRIED_SECONDS,
                    read_timeout=HURRIED_SECONDS,
                    max_pool_connections=HURRIED_CONNECTIONS,
                    retries={"mode": "standard", "total_max_attempts": 1},
                )
            )
        if self._lease is not None:
            return self._boto().client(
                service,
                region_name=region,
                config=config.merge(Config(proxies={}, s3={"addressing_style": "path"})),
                endpoint_url=self._lease.endpoint,
                aws_access_key_id="sandbox",
                aws_secret_access_key="sandbox",  # noqa: S106 - see environ
            )
        return self._boto().client(service, region_name=region, config=config)

    def _own_credentials(self) -> CloudCredentials:
        if self._credentials is None:
            from kubeplat_tui.services.credentials.cloud_credentials import CloudCredentials
            from kubeplat_tui.services.credentials.keys import Wanted

            self._credentials = CloudCredentials(Wanted(self._profile), self.region)
        return self._credentials

    def _boto(self) -> Any:
        # The published types know the services by literal names only; ours come as strings.
        if self._session is None:
            import boto3

            from kubeplat_tui.services.credentials.files import botocore_session

            if self._lease is not None:
                core = botocore_session(None, {})
            else:
                core = botocore_session(self._profile, os.environ)
                from kubeplat_tui.services.credentials.renewing import OurProvider, RenewingCredentials

                signing = RenewingCredentials(self._own_credentials(), quiet=self._hurried)
                core.register_component("credential_provider", OurProvider(signing))
            self._session = boto3.Session(botocore_session=core, region_name=self.region)
        return self._session


class Clouds:
    """Opens the cloud that an environment's file names."""

    def __init__(
        self,
        sandbox: SandboxDoor | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        hurried: bool = False,
        credentials: SharedCredentials | None = None,
    ) -> None:
        """`credentials`: whoever else works with the same ones, a code is asked for once. None: nobody is asked."""
        self._sandbox = sandbox
        self._shared = credentials
        self._hurried = hurried
        self._environ = os.environ if environ is None else environ

    def open(self, environment: Environment) -> Cloud:
        """The cloud of `environment`; the sandbox is started where it names that. Raises `KubeplatError`."""
        if environment.sandbox:
            if self._sandbox is None:
                raise KubeplatError(
                    f"{environment.name} lives in the sandbox, and this program was started without one.",
                    todo="Start it with ./play.kube or ./run.kube, which bring the sandbox's packages.",
                )
            return Cloud(environment.region, None, self._sandbox.open(), hurried=self._hurried)
        from kubeplat_tui.services.credentials.shared import SharedCredentials

        shared = self._shared or SharedCredentials(lambda: None, self._environ)
        wanted = wanted_by(environment)
        return Cloud(
            environment.region,
            wanted.profile,
            hurried=self._hurried,
            credentials=shared.of(wanted, environment.region),
        )


def wanted_by(environment: Environment) -> Wanted:
    """The credentials that the environment's file names."""
    from kubeplat_tui.services.credentials.keys import Wanted

    role, serial = (str(environment.values.get(name) or "") for name in ("aws_role_arn", "aws_mfa_serial"))
    return Wanted(environment.profile, role, serial)
