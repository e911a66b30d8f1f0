"""What a machine's own console output says of its host keys: a second opinion that does not come over the network.

Sources: EC2 API, GetConsoleOutput (the last 64 KiB; `Latest` only on Nitro instances); cloud-init's
cc_ssh_authkey_fingerprints and cc_keys_to_console, which write the two blocks at the first start.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import aws_call, code_of
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.ssh.model import ConsoleAnswer, HostKey

if TYPE_CHECKING:
    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.inventory import Instance

NO_LATEST = frozenset({"UnsupportedOperation", "InvalidParameterCombination", "UnknownParameter"})

_FINGERPRINTS = re.compile(
    r"-----BEGIN SSH HOST KEY FINGERPRINTS-----(.*?)-----END SSH HOST KEY FINGERPRINTS-----", re.DOTALL
)
_KEYS = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}(?![A-Za-z0-9+/])")
# Each line may begin with syslog's or cloud-init's own words.
_KEY = re.compile(r"\b(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+)\s+(AAAA[A-Za-z0-9+/]+={0,2})")


def console_says(cloud: Cloud, instance: Instance, key: HostKey) -> tuple[ConsoleAnswer, str]:
    """Whether the console output of `instance` shows `key`; and, but for MATCHES, a sentence that says why not."""
    try:
        output = _output(cloud, instance)
    except KubeplatError as error:
        return ConsoleAnswer.UNAVAILABLE, f"{error.what} {error.why}".strip()
    return judge(output, key)


def judge(output: str, key: HostKey) -> tuple[ConsoleAnswer, str]:
    """The same for the text of a console. Of several starts the last one counts."""
    named = _named(output)
    if not named:
        what = "has no host keys in it" if output.strip() else "is still empty"
        return ConsoleAnswer.NOT_YET, f"The console output {what}; EC2 shows it minutes after the start."
    if key.fingerprint in named:
        return ConsoleAnswer.MATCHES, ""
    return ConsoleAnswer.DIFFERS, f"The console output names other keys: {', '.join(sorted(named))}."


def _named(output: str) -> set[str]:
    """The fingerprints of the keys that the last complete blocks name."""
    named: set[str] = set()
    for block in _FINGERPRINTS.findall(output)[-1:]:
        named.update(_FINGERPRINT.findall(block))
    for block in _KEYS.findall(output)[-1:]:
        for kind, encoded in _KEY.findall(block):
            try:
                named.add(HostKey(kind, base64.b64decode(encoded, validate=True)).fingerprint)
            except binascii.Error:
                continue  # cut by the console: the other block has its fingerprint
    return named


def _output(cloud: Cloud, instance: Instance) -> str:
    """The console output as text. Raises `KubeplatError`."""
    from botocore.exceptions import ClientError

    with aws_call(f"Reading the console output of {instance.id}"):
        ec2 = cloud.client("ec2")
        try:
            answer = ec2.get_console_output(InstanceId=instance.id, Latest=True)
        except ClientError as error:
            if code_of(error) not in NO_LATEST:
                raise
            answer = ec2.get_console_output(InstanceId=instance.id)
        if not _text(answer):  # the latest may be empty while what was kept of the start is not
            answer = ec2.get_console_output(InstanceId=instance.id)
    return _text(answer)


def _text(answer: dict[str, Any]) -> str:
    return str(answer.get("Output") or "")
