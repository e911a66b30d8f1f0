"""Listing ten thousand objects: how long it takes, and how long it holds up the screen's thread meanwhile.

A thread lists while an event loop beats every two milliseconds; the longest time a beat is late is the longest
block. Beside it: boto3's paginator, on the same quick S3 in memory, in turns.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING
from unittest import mock

from benchmarks.fetch_secrets import BUCKET, REGION, environment_of, server
from benchmarks.result import compared
from benchmarks.secret_files import KEY
from benchmarks.ui_block import Heart
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.secrets.bucket import SecretsBucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.result import Result

COUNT = 10_000
ROUNDS = 7


def measure() -> list[Result]:
    """Several rounds in turns, one unmeasured first."""
    ours: list[tuple[float, float]] = []
    peer: list[tuple[float, float]] = []
    with (
        server("benchmarks.memory_s3", str(COUNT)) as port,
        mock.patch.dict(os.environ, environment_of(port)),
    ):
        cloud = Cloud(REGION, None)
        bucket = SecretsBucket(cloud, BUCKET, KEY)
        paginator = cloud.client("s3").get_paginator("list_objects_v2")
        for _ in range(ROUNDS + 1):
            ours.append(asyncio.run(_watched(lambda: sum(len(page) for page in bucket.list()))))
            peer.append(
                asyncio.run(
                    _watched(lambda: sum(len(page["Contents"]) for page in paginator.paginate(Bucket=BUCKET)))
                )
            )
        bucket.close()
        cloud.close()
    names = (("time", "s", 1), ("longest block of an event loop", "ms", 1000))
    return [
        compared(
            "list secrets",
            f"{COUNT} objects: {name}",
            [each[place] * factor for each in ours[1:]],
            [each[place] * factor for each in peer[1:]],
            unit=unit,
            peer_name="boto3's paginator",
            goal="at most 100 ms" if unit == "ms" else "",
        )
        for place, (name, unit, factor) in enumerate(names)
    ]


async def _watched(listing: Callable[[], int]) -> tuple[float, float]:
    """Seconds that `listing` takes in a thread, and the longest block meanwhile."""
    heart = Heart()
    await asyncio.sleep(0.05)
    heart.take()
    began = time.perf_counter()
    count = await asyncio.to_thread(listing)
    took = time.perf_counter() - began
    block = heart.take()
    heart.stop()
    if count != COUNT:
        raise RuntimeError(f"{count} objects were listed instead of {COUNT}")
    return took, block
