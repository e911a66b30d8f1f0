"""Whether a playground may cost money, and from where it may be reached."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services import caller

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("credentials", "[play]\naws_access_key_id = A\n", True),
        ("credentials", "[default]\naws_access_key_id = A\n", False),
        ("config", "[profile play]\nregion = eu-west-2\n", True),
        ("config", "[play]\n", False),
        ("config", "not a section\n", False),
        ("config", "\N{REPLACEMENT CHARACTER}", False),
    ],
)
def test_only_keys_or_the_profile_play_are_credentials_for_a_playground(
    tmp_path: Path, name: str, text: str, expected: bool
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / name).write_text(text, encoding="utf-8")
    assert caller.has_playground_credentials({"HOME": str(tmp_path)}) is expected


def test_keys_in_the_environment_come_first(tmp_path: Path) -> None:
    assert caller.has_playground_credentials({"HOME": str(tmp_path), "AWS_ACCESS_KEY_ID": "A"})
    assert not caller.has_playground_credentials({"HOME": str(tmp_path), "AWS_ACCESS_KEY_ID": ""})


@pytest.fixture
def answers() -> Iterator[tuple[str, list[bytes]]]:
    """A service on loopback, and the list of what it is to answer."""
    bodies: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(bodies[0])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", bodies
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("body", "network"),
    [
        (b"203.0.113.7\n", "203.0.113.7/32"),
        (b"2001:db8::1", "2001:db8::1/128"),
        (b"<html>sign in</html>", None),
        (b"\xff", None),
    ],
)
def test_the_own_address_is_a_network_of_one_or_unknown(
    answers: tuple[str, list[bytes]], body: bytes, network: str | None
) -> None:
    service, bodies = answers
    bodies.append(body)
    assert caller.own_network(service) == network


def test_without_a_network_the_own_address_is_unknown() -> None:
    assert caller.own_network("http://127.0.0.1:9") is None
