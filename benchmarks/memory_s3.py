"""A quick S3 in memory, so that a client's own speed can be seen: moto needs a millisecond and more for each answer.

    python -m benchmarks.memory_s3 COUNT        (prints its port, then serves until standard input ends)

It lists and gives out COUNT made-up objects of one bucket and describes their KMS key; nothing else. It checks no
signature. The answers' headers are those of S3 for an object under SSE-KMS.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks.secret_files import KEY, secret_files

PAGE = 1000
DATE = "Sun, 22 Nov 2026 10:00:00 GMT"


class Objects:
    """What there is: finished answers by key, and the rows of a listing."""

    def __init__(self, count: int) -> None:
        self.heads: dict[str, bytes] = {}
        self.bodies = secret_files(count)
        self.rows: list[str] = []
        for key, body in sorted(self.bodies.items()):
            etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
            checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
            self.heads[key] = _head(
                200,
                len(body),
                f'Last-Modified: {DATE}\r\nETag: "{etag}"\r\nAccept-Ranges: bytes\r\n'
                "Content-Type: binary/octet-stream\r\nx-amz-version-id: null\r\n"
                "x-amz-server-side-encryption: aws:kms\r\n"
                f"x-amz-server-side-encryption-aws-kms-key-id: {KEY}\r\n"
                "x-amz-server-side-encryption-bucket-key-enabled: true\r\n"
                f"x-amz-checksum-sha256: {checksum}\r\nx-amz-checksum-type: FULL_OBJECT\r\n",
            )
            self.rows.append(
                f"<Contents><Key>{key}</Key><LastModified>2026-11-22T10:00:00.000Z</LastModified>"
                f"<ETag>&quot;{etag}&quot;</ETag><ChecksumAlgorithm>SHA256</ChecksumAlgorithm>"
                f"<ChecksumType>FULL_OBJECT</ChecksumType><Size>{len(body)}</Size>"
                "<StorageClass>STANDARD</StorageClass></Contents>"
            )

    def page(self, query: str) -> bytes:
        """A page of ListObjectsV2; its token is the place of its first row."""
        start = int(parse_qs(query).get("continuation-token", ["0"])[0])
        rows = self.rows[start : start + PAGE]
        more = start + PAGE < len(self.rows)
        token = f"<NextContinuationToken>{start + PAGE}</NextContinuationToken>" if more else ""
        document = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix></Prefix>'
            f"<KeyCount>{len(rows)}</KeyCount><MaxKeys>{PAGE}</MaxKeys><EncodingType>url</EncodingType>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{''.join(rows)}</ListBucketResult>"
        ).encode()
        return _head(200, len(document), "Content-Type: application/xml\r\n") + document


class Conversation(asyncio.Protocol):
    """One connection, which is kept open."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._come = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio's own promise for a TCP server
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._come += data
        while (end := self._come.find(b"\r\n\r\n")) >= 0:
            head = self._come[:end].decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
            if len(self._come) < end + 4 + length:
                return
            method, target, _ = self._come[:end].decode("latin-1").split("\r\n", 1)[0].split(" ")
            self._come = self._come[end + 4 + length :]
            self._transport.write(self._answer(method, target, head))

    def _answer(self, method: str, target: str, head: str) -> bytes:
        parts = urlsplit(target)
        key = unquote(parts.path).lstrip("/").partition("/")[2]
        if method == "POST" and "x-amz-target" in head:
            return _kms(head)
        if key in self._objects.heads:
            return self._objects.heads[key] + (self._objects.bodies[key] if method == "GET" else b"")
        if method == "HEAD" and not key:
            return _head(200, 0, "x-amz-bucket-region: eu-west-2\r\n")
        if method == "GET" and not key and "list-type=2" in parts.query:
            return self._objects.page(parts.query)
        return _head(404, 0, "")


def _head(status: int, length: int, headers: str) -> bytes:
    return (
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Not Found'}\r\nDate: {DATE}\r\n"
        f"Server: AmazonS3\r\nx-amz-request-id: 0123456789ABCDEF\r\nx-amz-id-2: {'0' * 64}\r\n"
        f"{headers}Content-Length: {length}\r\n\r\n"
    ).encode("latin-1")


def _kms(head: str) -> bytes:
    described = {"KeyMetadata": {"KeyId": KEY.rpartition("/")[2], "Arn": KEY, "KeyState": "Enabled"}}
    said = json.dumps(described if "describekey" in head else {"Tags": [], "Truncated": False}).encode()
    return _head(200, len(said), "Content-Type: application/x-amz-json-1.1\r\n") + said


async def serve(count: int) -> None:
    """Serve until standard input ends."""
    objects = Objects(count)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(objects), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
