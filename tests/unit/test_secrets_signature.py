"""Our signature is botocore's, whatever is signed."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest import mock
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services.secrets.signature import signed

AT = datetime(2026, 11, 22, 10, 11, 12, tzinfo=UTC)
HOSTS = ("bucket.s3.eu-west-2.amazonaws.com", "127.0.0.1:4567", "s3.us-gov-west-1.amazonaws.com")

words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30).map(str.strip)


@given(
    method=st.sampled_from(["GET", "HEAD", "PUT", "DELETE"]),
    host=st.sampled_from(HOSTS),
    key=words,
    query=st.dictionaries(words, st.text(max_size=20), max_size=4),
    headers=st.dictionaries(
        st.sampled_from(["if-match", "x-amz-checksum-mode", "x-amz-expected-bucket-owner", "content-type"]),
        values.filter(bool),
        max_size=4,
    ),
    body=st.binary(max_size=100),
    token=st.none() | st.just("a/token+of=a role"),
    region=st.sampled_from(["eu-west-2", "us-gov-west-1"]),
)
def test_it_is_botocores(
    method: str,
    host: str,
    key: str,
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes,
    token: str | None,
    region: str,
) -> None:
    path = "/" + quote(key, safe="/~")
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in query.items())
    encoded = "&".join(f"{name}={value}" for name, value in pairs)
    ours = signed(
        method,
        path,
        encoded,
        headers,
        body,
        host=host,
        access_key="AKIDEXAMPLE",
        secret_key="secret",
        token=token,
        region=region,
        at=AT,
    )
    scheme = "http" if host.startswith("127.") else "https"
    request = AWSRequest(
        method, f"{scheme}://{host}{path}{'?' if encoded else ''}{encoded}", headers=dict(headers), data=body
    )
    signer = S3SigV4Auth(Credentials("AKIDEXAMPLE", "secret", token), "s3", region)
    with mock.patch("botocore.auth.get_current_datetime", return_value=AT.replace(tzinfo=None)):
        signer.add_auth(request)
    theirs = {name.lower(): value for name, value in request.headers.items()}
    assert ours == {name: theirs[name] for name in ours}
    assert ours["authorization"] == theirs["authorization"]
