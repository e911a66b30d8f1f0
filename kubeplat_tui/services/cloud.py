"""The one place that knows where an environment lives: real AWS, or the sandbox on this computer.

Everything above asks a `Cloud` for its clients and for the environment of child processes, and cannot tell which it
got.
"""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from kubeplat_tui.services.environments import Environment

SANDBOX_ACCOUNT = "123456789012"
"""The account number that moto answers with (and that AWS's own documentation uses)."""

HURRIED_SECONDS = 3
"""What a hurried cloud waits for a connection, and for an answer."""


@dataclass(frozen=True, slots=True)
class SandboxStatus:
    """A running sandbox. `started` is UTC, `memory` the resident bytes, `kept` whether it outlives its front
    ends.
    """

    pid: int
    port: int
    log: Path
    started: datetime
    leases: int
    kept: bool
    memory: int

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


class Cloud:
    """An environment's AWS. Clients are made once and shared; making them is safe from any thread."""

    def __init__(
        self, region: str, profile: str | None, lease: SandboxLease | None = None, *, hurried: bool = False
    ) -> None:
        """`hurried`: what is not answered within seconds is not waited for, and asked once only."""
        self.region = region
        self._hurried = hurried
        self._profile = profile
        self._lease = lease
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._session: Any = None

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

    def identity(self) -> Identity:
        """Who we are. Raises `KubeplatError` where there are no valid credentials."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            caller = self.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise KubeplatError(
                "AWS did not accept the credentials.",
                why=f"{error}",
                todo="Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile named by aws_profile.",
            ) from error
        return Identity(account=caller["Account"], arn=caller["Arn"])

    def credentials(self) -> Any:
        """What the clients sign with: botocore's credentials, which renew themselves; None where there are none.

        For requests that are signed by hand. Raises botocore's `BotoCoreError` where they cannot be read.
        """
        with self._lock:
            if self._lease is not None:
                from botocore.credentials import Credentials

                return Credentials("sandbox", "sandbox")
            return self._boto().get_credentials()

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
        """What a child process (Terraform) needs in its environment to talk to this cloud, on top of `base`."""
        environ = dict(os.environ if base is None else base)
        environ.update(AWS_REGION=self.region, AWS_DEFAULT_REGION=self.region)
        if self._lease is not None:
            # An IP address as endpoint makes the SDKs use path-style S3 by themselves.
            for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"):
                environ.pop(name, None)
            environ.update(
                AWS_ENDPOINT_URL=self._lease.endpoint,
                AWS_ACCESS_KEY_ID="sandbox",
                AWS_SECRET_ACCESS_KEY="sandbox",  # noqa: S106 - the simulated AWS asks for one and checks nothing
                AWS_EC2_METADATA_DISABLED="true",
                AWS_CONFIG_FILE=os.devnull,
                AWS_SHARED_CREDENTIALS_FILE=os.devnull,
                NO_PROXY=",".join(filter(None, [environ.get("NO_PROXY", ""), "127.0.0.1"])),
            )
        elif self._profile:
            environ["AWS_PROFILE"] = self._profile
        return environ

    def close(self) -> None:
        """Give back what is held. The clients are not usable afterwards."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
        if self._lease is not None:
            self._lease.close()

    def _make_client(self, service: str) -> Any:
        from botocore.config import Config

        config = Config(retries={"mode": "standard", "total_max_attempts": 5}, user_agent_extra="kubeplat")
        if self._hurried:
            config = config.merge(
                Config(
                    connect_timeout=HURRIED_SECONDS,
                    read_timeout=HURRIED_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": 1},
                )
            )
        if self._lease is not None:
            return self._boto().client(
                service,
                config=config.merge(Config(proxies={}, s3={"addressing_style": "path"})),
                endpoint_url=self._lease.endpoint,
                aws_access_key_id="sandbox",
                aws_secret_access_key="sandbox",  # noqa: S106 - see environ
            )
        return self._boto().client(service, config=config)

    def _boto(self) -> Any:
        # The published types know the services by literal names only; ours come as strings.
        if self._session is None:
            import boto3
            from botocore.exceptions import ProfileNotFound

            try:
                self._session = boto3.Session(
                    region_name=self.region, profile_name=None if self._lease is not None else self._profile
                )
            except ProfileNotFound as error:
                raise KubeplatError(
                    f"There is no AWS profile named {self._profile}.",
                    why="Neither AWS_ACCESS_KEY_ID is set nor does ~/.aws/credentials or ~/.aws/config have it.",
                    todo="Add the profile, or name another one with aws_profile in the environment's file.",
                ) from error
        return self._session


class Clouds:
    """Opens the cloud that an environment's file names."""

    def __init__(self, sandbox: SandboxDoor | None = None, environ: Mapping[str, str] | None = None) -> None:
        self._sandbox = sandbox
        self._environ = os.environ if environ is None else environ

    def open(self, environment: Environment) -> Cloud:
        """The cloud of `environment`; the sandbox is started where it names that. Raises `KubeplatError`."""
        if environment.sandbox:
            if self._sandbox is None:
                raise KubeplatError(
                    f"{environment.name} lives in the sandbox, and this program was started without one.",
                    todo="Start it with ./play.kube or ./run.kube, which bring the sandbox's packages.",
                )
            return Cloud(environment.region, None, self._sandbox.open())
        # Keys in the environment come first, as the original had it; then the profile.
        profile = None if self._environ.get("AWS_ACCESS_KEY_ID") else environment.profile
        return Cloud(environment.region, profile)
