"""Where the keys come from: botocore's own providers in the order people expect, and the sessions opened on top.

Source: boto3's guide "Credentials". What is ours: the order (variables, the named profile, the machine's role), the
code asked by our own prompt, `aws_role_arn` and `aws_mfa_serial` of the environment's file, and that a profile with
`mfa_serial` but no role gets a session of GetSessionToken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import botocore.credentials as boto
from botocore.exceptions import BotoCoreError, ClientError, PartialCredentialsError

from kubeplat_tui.services.credentials import failures
from kubeplat_tui.services.credentials.files import SharedFiles
from kubeplat_tui.services.credentials.keys import Child, Keys, Resolved
from kubeplat_tui.services.credentials.model import Kind
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import now
from kubeplat_tui.services.wording import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.session import Session

    from kubeplat_tui.services.credentials.keys import Wanted
    from kubeplat_tui.services.credentials.sts import StsSessions

KINDS = {
    boto.EnvProvider.METHOD: Kind.ENVIRONMENT,
    boto.SharedCredentialProvider.METHOD: Kind.SHARED_FILE,
    boto.ConfigProvider.METHOD: Kind.SHARED_FILE,
    boto.AssumeRoleProvider.METHOD: Kind.ROLE,
    boto.AssumeRoleWithWebIdentityProvider.METHOD: Kind.WEB_IDENTITY,
    boto.SSOProvider.METHOD: Kind.SSO,
    boto.ProcessProvider.METHOD: Kind.PROCESS,
    boto.LoginProvider.METHOD: Kind.LOGIN,
    boto.ContainerProvider.METHOD: Kind.CONTAINER_ROLE,
    boto.InstanceMetadataProvider.METHOD: Kind.INSTANCE_ROLE,
}
"""What botocore calls its providers."""

CHILD_KEYS = frozenset({Kind.ENVIRONMENT, Kind.LOGIN})
"""What Terraform's AWS provider does not find by itself, or finds in the variables only."""

NOTE = {
    Kind.SSO: " (SSO)",
    Kind.PROCESS: " (its credential_process)",
    Kind.LOGIN: " (aws login)",
    Kind.WEB_IDENTITY: " (web identity)",
}


@dataclass(frozen=True, slots=True)
class _Search:
    """What is looked for, and with what."""

    wanted: Wanted
    session: Session
    region: str
    sessions: StsSessions
    files: SharedFiles
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Base:
    """The keys before a session of the environment's file is opened on them; `serial` is asked for on top."""

    keys: Keys
    kind: Kind
    source: str
    profile: str
    role_arn: str
    serial: str
    child: Child


def resolve(
    wanted: Wanted, session: Session, region: str, sessions: StsSessions, environ: Mapping[str, str]
) -> Resolved:
    """The keys for `wanted`; `session` is a fresh botocore session. Blocking; asks for a code where `sessions` may.

    Raises `KubeplatError`, another one for each kind of failure.
    """
    search = _Search(wanted, session, region, sessions, SharedFiles(session), environ)
    base = _of_variables(environ, wanted.mfa_serial) or _of_profile(search)
    role = wanted.role_arn or base.role_arn
    keys, source, kind, child = base.keys, base.source, base.kind, base.child
    # Keys with a token cannot give a code: whoever opened that session has done it.
    serial = base.serial if not keys.token else ""
    if wanted.role_arn:
        more = {"SerialNumber": serial} if serial else {}
        keys = sessions.assume_role(keys, {"RoleArn": wanted.role_arn, **more})
        source, kind, child = f"role {wanted.role_arn}, assumed with {source}", Kind.ROLE, Child.KEYS
    elif serial:
        keys = sessions.session_token(keys, serial)
        source, child = f"session of the MFA device {serial}, with {source}", Child.KEYS
    if sessions.by_person:
        child = Child.KEYS
    return Resolved(
        keys, kind, source, base.profile, role, sessions.mfa_serial,
        by_person=sessions.by_person, cached=sessions.cached, child=child, made=now(),
    )  # fmt: skip


def _of_variables(environ: Mapping[str, str], mfa_serial: str) -> _Base | None:
    try:
        found = boto.EnvProvider(dict(environ)).load()
        if found is None:
            return None
        keys = _keys(found)
    except PartialCredentialsError as error:
        raise failures.half_of_the_variables(str(error.kwargs.get("cred_var"))) from error
    except (ValueError, RuntimeError) as error:
        raise failures.of_variables_time(error) from error
    names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", *(["AWS_SESSION_TOKEN"] if keys.token else [])]
    source = f"the environment variables {listed(names)}"
    return _Base(keys, Kind.ENVIRONMENT, source, "", "", mfa_serial, Child.KEYS)


def _of_profile(search: _Search) -> _Base:
    wanted, files, environ = search.wanted, search.files, search.environ
    profile = wanted.profile or environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or "default"
    try:
        if not files.has(profile):
            return _of_machine(search.session) or _nothing(wanted, files, environ)
        serial = wanted.mfa_serial or files.setting(profile, "mfa_serial")
        found = _chain(search, profile, serial).load_credentials()
        if found is None:
            raise PartialCredentialsError(
                provider="profile", cred_var="aws_access_key_id, or where else its keys come from"
            )
        keys = _keys(found)
    except KubeplatError:
        raise
    except (BotoCoreError, ClientError, OSError, ValueError, RuntimeError) as error:
        raise failures.of_profile(error, profile, files) from error
    kind = KINDS.get(str(found.method), Kind.SHARED_FILE)
    place = f"profile {profile} of {files.place(profile)}"
    if kind is Kind.ROLE:
        role = files.setting(profile, "role_arn")
        source = f"role {role} of {place}{_assumed_with(profile, files)}"
        return _Base(keys, kind, source, profile, role, "", Child.PROFILE)
    role = files.setting(profile, "role_arn") if kind is Kind.WEB_IDENTITY else ""
    child = Child.KEYS if kind in CHILD_KEYS else Child.PROFILE
    return _Base(keys, kind, f"{place}{NOTE.get(kind, '')}", profile, role, serial, child)


def _assumed_with(profile: str, files: SharedFiles) -> str:
    base = files.base(profile)
    return f", assumed with profile {base} of {files.place(base)}" if base != profile else ""


def _chain(search: _Search, profile: str, serial: str) -> boto.CredentialResolver:
    """Botocore's providers for one profile; the sessions of its roles are opened by ours."""
    session = search.session
    usual = boto.create_credential_resolver(session, region_name=search.region)
    builder = boto.ProfileProviderBuilder(session, cache={}, region_name=search.region)
    sourcer = boto.CanonicalNameCredentialSourcer(
        [
            boto.EnvProvider(),
            usual.get_provider(boto.ContainerProvider.METHOD),
            usual.get_provider(boto.InstanceMetadataProvider.METHOD),
        ]
    )
    roles = boto.AssumeRoleProvider(
        load_config=lambda: session.full_config,
        client_creator=search.sessions.for_chain(profile, search.files.setting(profile, "role_arn"), serial),
        cache={},
        profile_name=profile,
        prompter=lambda _: "",  # the sessions ask, and as often as it takes
        credential_sourcer=sourcer,
        profile_provider_builder=builder,
    )
    return boto.CredentialResolver([roles, *builder.providers(profile_name=profile, disable_env_vars=True)])


def _of_machine(session: Session) -> _Base | None:
    """The role of the pod, the container or the instance that this runs on, where there is one."""
    usual = boto.create_credential_resolver(session)
    builder = boto.ProfileProviderBuilder(session, cache={})
    nobody = " "  # a name that no profile has
    providers = [
        builder.providers(profile_name=nobody, disable_env_vars=False)[0],
        usual.get_provider(boto.ContainerProvider.METHOD),
        usual.get_provider(boto.InstanceMetadataProvider.METHOD),
    ]
    try:
        found = boto.CredentialResolver(providers).load_credentials()
        if found is None:
            return None
        keys = _keys(found)
    except (BotoCoreError, ClientError, OSError, ValueError) as error:
        raise failures.of_machine(error) from error
    kind = KINDS.get(str(found.method), Kind.INSTANCE_ROLE)
    words = {
        Kind.WEB_IDENTITY: "the web identity of AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN",
        Kind.CONTAINER_ROLE: "the role of this container",
    }
    return _Base(keys, kind, words.get(kind, "the role of this EC2 instance"), "", "", "", Child.MACHINE)


def _nothing(wanted: Wanted, files: SharedFiles, environ: Mapping[str, str]) -> _Base:
    raise failures.none_at_all(wanted.profile, files, environ)


def _keys(found: Any) -> Keys:
    """Botocore's credentials as they are now; those that are fetched at their first use are fetched here."""
    frozen = found.get_frozen_credentials()
    # There is no other way to it: botocore keeps the time for itself.
    expires = getattr(found, "_expiry_time", None)
    return Keys(
        frozen.access_key,
        frozen.secret_key,
        frozen.token or "",
        expires.astimezone(UTC) if expires is not None else None,
    )
