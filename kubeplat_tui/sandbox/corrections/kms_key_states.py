"""KMS keys: one that is disabled or waits for its deletion works on, and its state changes as nobody may.

AWS refuses every use of such a key, a change that its state does not allow, and a waiting time outside 7 to 30
days ("Key states of AWS KMS keys"; KMS API, DisableKey, EnableKey, ScheduleKeyDeletion, CancelKeyDeletion,
EnableKeyRotation, GetKeyRotationStatus). Those calls take the key's id or its ARN; moto finds it by its id only.
The key that AWS makes for a service is managed by AWS.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time, utcnow
from moto.kms.exceptions import ValidationException
from moto.kms.models import KmsBackend
from moto.kms.responses import KmsResponse

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace

if TYPE_CHECKING:
    from collections.abc import Callable

PENDING = "PendingDeletion"
SHORTEST, LONGEST = 7, 30
ROTATION_DAYS = 365


def apply() -> None:
    """Check the state before each use and each change, and answer with all that AWS says."""
    for name, refused in (
        ("disable_key", {PENDING}),
        ("enable_key", {PENDING}),
        ("enable_key_rotation", {PENDING, "Disabled"}),
    ):
        change = method(KmsBackend, name, "key_id")
        mentions(KmsBackend, name, "keys")
        replace(KmsBackend, name, _changing(change, refused))
    schedule = method(KmsBackend, "schedule_key_deletion", "key_id", "pending_window_in_days")
    mentions(KmsBackend, "schedule_key_deletion", PENDING, "deletion_date")
    replace(KmsBackend, "schedule_key_deletion", _scheduling(schedule))
    cancel = method(KmsBackend, "cancel_key_deletion", "key_id")
    mentions(KmsBackend, "cancel_key_deletion", "Disabled", "deletion_date")
    replace(KmsBackend, "cancel_key_deletion", _cancelling(cancel))
    for name, using in (("encrypt", _encrypting), ("decrypt", _decrypting)):
        replace(KmsBackend, name, using(method(KmsBackend, name)))
    mentions(KmsBackend, "generate_data_key", "encrypt")
    mentions(KmsBackend, "re_encrypt", "encrypt", "decrypt")
    managed = method(KmsBackend, "_generate_default_keys", "alias_name")
    replace(KmsBackend, "_generate_default_keys", _managed_by_aws(managed))
    for answer in (schedule_key_deletion, cancel_key_deletion, get_key_rotation_status):
        method(KmsResponse, answer.__name__)
        mentions(KmsResponse, answer.__name__, "kms_backend", "_validate_cmk_id", "KeyId")
        replace(KmsResponse, answer.__name__, answer)


def usable(key: Any) -> Any:
    """`key`, which must be enabled. Raises what KMS answers where it is not."""
    if key.key_state == PENDING:
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if key.key_state != "Enabled":
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    return key


def _changing(change: Callable[..., Any], refused: set[str]) -> Callable[..., None]:
    def changed(self: Any, key_id: str) -> None:
        key = self.keys[self.get_key_id(key_id)]
        if key.key_state in refused:
            usable(key)
        change(self, key.id)

    return changed


def _scheduling(schedule: Callable[..., Any]) -> Callable[..., Any]:
    def schedule_key_deletion(self: Any, key_id: str, pending_window_in_days: int) -> Any:
        key = self.keys[self.get_key_id(key_id)]
        if not SHORTEST <= pending_window_in_days <= LONGEST:
            raise ValidationException(f"PendingWindowInDays is not from {SHORTEST} to {LONGEST}.")
        if key.key_state == PENDING:
            usable(key)
        return schedule(self, key.id, pending_window_in_days)

    return schedule_key_deletion


def _cancelling(cancel: Callable[..., Any]) -> Callable[..., None]:
    def cancel_key_deletion(self: Any, key_id: str) -> None:
        key = self.keys[self.get_key_id(key_id)]
        if key.key_state != PENDING:
            raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
        cancel(self, key.id)

    return cancel_key_deletion


def _encrypting(encrypt: Callable[..., Any]) -> Callable[..., Any]:
    def checked(self: Any, key_id: str, plaintext: bytes, encryption_context: dict[str, str]) -> Any:
        key = self.keys.get(self.any_id_to_key_id(key_id))
        if key is not None:
            usable(key)
        return encrypt(self, key_id, plaintext, encryption_context)

    return checked


def _decrypting(decrypt: Callable[..., Any]) -> Callable[..., Any]:
    def checked(
        self: Any, ciphertext_blob: bytes, encryption_context: dict[str, str], key_id: str | None = None
    ) -> Any:
        plaintext, arn = decrypt(self, ciphertext_blob, encryption_context, key_id)
        usable(self.keys[self.get_key_id(arn)])
        return plaintext, arn

    return checked


def _managed_by_aws(generate: Callable[..., Any]) -> Callable[..., Any]:
    def generate_default_keys(self: Any, alias_name: str) -> Any:
        made = generate(self, alias_name)
        if made is not None:
            self.keys[made].key_manager = "AWS"
        return made

    return generate_default_keys


def schedule_key_deletion(self: Any) -> str:
    """The ARN, the state and the waiting time with the date."""
    key_id = self._get_param("KeyId")
    days = self._get_param("PendingWindowInDays") or LONGEST
    self._validate_cmk_id(key_id)
    date = self.kms_backend.schedule_key_deletion(key_id, days)
    key = self.kms_backend.describe_key(key_id)
    answer = {"KeyId": key.arn, "DeletionDate": date, "KeyState": PENDING, "PendingWindowInDays": days}
    return json.dumps(answer)


def cancel_key_deletion(self: Any) -> str:
    """The ARN."""
    key_id = self._get_param("KeyId")
    self._validate_cmk_id(key_id)
    self.kms_backend.cancel_key_deletion(key_id)
    return json.dumps({"KeyId": self.kms_backend.describe_key(key_id).arn})


def get_key_rotation_status(self: Any) -> str:
    """Whether the key rotates, how often, and when next."""
    key_id = self._get_param("KeyId")
    self._validate_cmk_id(key_id)
    key = self.kms_backend.describe_key(key_id)
    # A disabled key may be asked, one that waits for its deletion not.
    if key.key_state == PENDING:
        usable(key)
    rotates = self.kms_backend.get_key_rotation_status(key_id)
    answer: dict[str, Any] = {"KeyId": key.arn, "KeyRotationEnabled": rotates}
    if rotates:
        answer["RotationPeriodInDays"] = ROTATION_DAYS
        answer["NextRotationDate"] = unix_time(utcnow() + timedelta(days=ROTATION_DAYS))
    return json.dumps(answer)
