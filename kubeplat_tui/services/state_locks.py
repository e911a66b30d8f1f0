"""Terraform's locks on an environment's states: who holds them, and taking away one whose holder is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.events import Root
from kubeplat_tui.services.remote_state import StateStore

if TYPE_CHECKING:
    from kubeplat_tui.services.remote_state import StateLock
    from kubeplat_tui.services.site import Site


def held(site: Site) -> dict[Root, StateLock]:
    """The locks that are held, by root. Raises `KubeplatError` where one could not be read."""
    store = _store(site)
    if store is None:
        return {}
    locks = {root: store.lock(root) for root in Root}
    return {root: lock for root, lock in locks.items() if lock is not None}


def release(site: Site, root: Root, lock: StateLock) -> None:
    """Take away `lock` as `terraform force-unlock` does: only while it is still the same one.

    Raises `InputError` where somebody else holds the root by now, `KubeplatError` where AWS refuses.
    """
    from kubeplat_tui.services.aws_errors import aws_call

    store = _store(site)
    now = store.lock(root) if store else None
    if store is None or now is None:
        return
    if now.id != lock.id:
        raise InputError(
            f"The lock on the {root} is another one by now: {now.who or 'somebody'} holds it.",
            todo="Wait for them; nothing was changed.",
        )
    with aws_call(f"Removing the lock on the state of the {root}"):
        site.cloud.client("s3").delete_object(Bucket=store.bucket, Key=f"{store.key(root)}.tflock")


def _store(site: Site) -> StateStore | None:
    bucket = site.environment.values.get("terraform_bucket_name")
    return (
        StateStore(site.cloud, bucket, site.environment.name) if isinstance(bucket, str) and bucket else None
    )
