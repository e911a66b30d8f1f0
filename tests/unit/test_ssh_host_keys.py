"""The host keys that were accepted: what a key is to us, and the file that OpenSSH reads too."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.inventory import Layer
from kubeplat_tui.services.ssh import known_hosts
from kubeplat_tui.services.ssh.host_keys import HostKeys
from kubeplat_tui.services.ssh.model import HostKey, HostKeyRefusedError, KnownHost, Verdict
from tests.unit.ssh_servers import ecdsa, ed25519, host_key, instance

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
MASTER, OTHER = instance(100), instance(101)
KEY, ANOTHER, THIRD = host_key(ed25519()), host_key(ed25519()), host_key(ecdsa())


@pytest.fixture
def keys(tmp_path: Path) -> HostKeys:
    return HostKeys(tmp_path / "ssh")


def line(host: str, key: HostKey = KEY, comment: str = "") -> str:
    return f"{host} {key.kind} {base64.b64encode(key.blob).decode()} {comment}".rstrip()


def put(keys: HostKeys, *lines: str) -> None:
    keys.path.parent.mkdir(parents=True, exist_ok=True)
    keys.path.write_text("".join(f"{each}\n" for each in lines))


def test_a_machine_is_new_then_known_then_changed(keys: HostKeys) -> None:
    assert keys.judge(MASTER, KEY) == (Verdict.NEW, None)
    keys.accept(MASTER, KEY, NOW)
    known = KnownHost("i-0100", "demo-secure", "10.80.10.100", KEY, NOW)
    assert keys.judge(MASTER, KEY) == (Verdict.KNOWN, known)
    assert keys.judge(MASTER, ANOTHER) == (Verdict.CHANGED, known)
    assert keys.judge(MASTER, THIRD) == (Verdict.CHANGED, known)
    assert keys.judge(OTHER, ANOTHER) == (Verdict.NEW, None)
    assert keys.known() == (known,)
    assert keys.kinds("i-0100") == ("ssh-ed25519",)


def test_another_machine_at_a_known_address_is_a_replacement(keys: HostKeys) -> None:
    keys.accept(MASTER, KEY, NOW)
    fresh = replace(MASTER, id="i-0fresh")
    verdict, before = keys.judge(fresh, ANOTHER)
    assert verdict is Verdict.REPLACED
    assert before is not None
    assert before.instance_id == "i-0100"
    keys.accept(fresh, ANOTHER, NOW + timedelta(days=1))
    assert [host.instance_id for host in keys.known()] == ["i-0fresh"]
    assert keys.judge(fresh, ANOTHER)[0] is Verdict.KNOWN


def test_a_replacement_that_shows_its_predecessor_s_key_is_asked_about_too(keys: HostKeys) -> None:
    """An image with host keys baked in: another machine all the same."""
    keys.accept(MASTER, KEY, NOW)
    assert keys.judge(replace(MASTER, id="i-0fresh"), KEY)[0] is Verdict.REPLACED


def test_bastions_are_known_at_their_public_address(keys: HostKeys) -> None:
    bastion = instance(1, Layer.BASTION, public="54.1.2.3")
    keys.accept(bastion, KEY, NOW)
    assert keys.known()[0].address == "54.1.2.3"
    moved = replace(bastion, id="i-0fresh", private_ip="10.80.10.2")
    assert keys.judge(moved, ANOTHER)[0] is Verdict.REPLACED


def test_a_machine_without_an_address_replaces_nobody(keys: HostKeys) -> None:
    keys.accept(replace(MASTER, private_ip=""), KEY, NOW)
    assert keys.judge(replace(OTHER, private_ip=""), ANOTHER) == (Verdict.NEW, None)
    assert keys.known()[0].address == ""


def test_accepting_twice_leaves_one_line(keys: HostKeys) -> None:
    keys.accept(MASTER, KEY, NOW)
    keys.accept(MASTER, KEY, NOW + timedelta(days=1))
    assert [host.accepted for host in keys.known()] == [NOW + timedelta(days=1)]


def test_the_file_is_private_and_openssh_finds_the_machine_in_it(keys: HostKeys) -> None:
    keys.accept(MASTER, KEY, NOW)
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.path.parent.stat().st_mode) == 0o700
    program = shutil.which("ssh-keygen")
    if program is None:
        pytest.skip("there is no ssh-keygen here")
    found = subprocess.run(
        [program, "-l", "-F", "i-0100", "-f", keys.path], capture_output=True, text=True, check=True
    )
    assert KEY.fingerprint in found.stdout
    subprocess.run([program, "-H", "-f", keys.path], capture_output=True, check=True)
    assert "i-0100" not in keys.path.read_text()
    assert keys.judge(MASTER, KEY)[0] is Verdict.KNOWN
    assert keys.judge(MASTER, ANOTHER)[0] is Verdict.CHANGED
    assert keys.known() == ()
    subprocess.run([program, "-R", "i-0100", "-f", keys.path], capture_output=True, check=True)
    assert keys.judge(MASTER, ANOTHER)[0] is Verdict.NEW


def test_lines_that_openssh_wrote_are_understood(keys: HostKeys) -> None:
    salt = b"s" * 20
    digest = hmac.new(salt, b"i-0100", hashlib.sha1).digest()
    hashed = f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
    put(keys, "# written by ssh", "", line(hashed, THIRD), line("i-0100,10.80.10.100"), line("i-07", ANOTHER))
    assert keys.judge(MASTER, THIRD)[0] is Verdict.KNOWN
    assert keys.judge(MASTER, KEY)[0] is Verdict.KNOWN
    assert keys.judge(MASTER, ANOTHER)[0] is Verdict.CHANGED
    assert keys.kinds("i-0100") == (THIRD.kind, KEY.kind)
    assert [(host.instance_id, host.address) for host in keys.known()] == [("i-0100", ""), ("i-07", "")]


def test_a_revoked_key_is_refused(keys: HostKeys) -> None:
    put(keys, line("i-0100"), f"@revoked {line('i-0100')}")
    with pytest.raises(HostKeyRefusedError, match="line 2"):
        keys.judge(MASTER, KEY)


@pytest.mark.parametrize(
    "broken",
    [
        "i-0100",
        "i-0100 ssh-ed25519",
        "i-0100 ssh-ed25519 not-base64!",
        "i-0100 ssh-ed25519 AAAA",
        line("i-0100").replace("ssh-ed25519 ", "ssh-rsa "),
        "i-0100,other ssh-ed25519 AAAA",
    ],
    ids=["only-a-name", "no-key", "no-base64", "cut", "another-kind", "several-names"],
)
def test_a_broken_line_about_a_machine_refuses_it_and_is_kept(keys: HostKeys, broken: str) -> None:
    put(keys, "# first", broken)
    with pytest.raises(HostKeyRefusedError) as refusal:
        keys.judge(MASTER, KEY)
    assert f"{keys.path}, line 2: " in refusal.value.why
    assert keys.judge(OTHER, KEY) == (Verdict.NEW, None)
    keys.accept(OTHER, ANOTHER, NOW)
    assert keys.path.read_text().splitlines()[:2] == ["# first", broken]
    assert len(keys.broken()) == 1


def test_an_unknown_marker_is_broken_and_touches_nobody(keys: HostKeys) -> None:
    put(keys, f"@special {line('i-0100')}", "@revoked")
    assert keys.judge(MASTER, ANOTHER) == (Verdict.NEW, None)
    assert [sentence.split(", ")[1] for sentence in keys.broken()] == [
        "line 1: @special is no marker.",
        "line 2: the key is missing.",
    ]


def test_forgetting_takes_every_line_of_a_machine_and_no_other(keys: HostKeys) -> None:
    put(keys, "# ours", line("i-0100"), line("i-0100", THIRD), line("i-0101", ANOTHER), "broken")
    assert keys.forget("i-0100")
    assert not keys.forget("i-0100")
    assert keys.path.read_text().splitlines() == ["# ours", line("i-0101", ANOTHER), "broken"]


def test_bytes_that_are_no_text_survive(keys: HostKeys) -> None:
    keys.path.parent.mkdir(parents=True)
    keys.path.write_bytes(b"# caf\xe9\n")
    keys.accept(MASTER, KEY, NOW)
    assert keys.path.read_bytes().startswith(b"# caf\xe9\n")


def test_a_file_that_cannot_be_read_is_not_taken_for_an_empty_one(keys: HostKeys) -> None:
    keys.path.mkdir(parents=True)
    with pytest.raises(KubeplatError, match="cannot be read"):
        keys.judge(MASTER, KEY)
    with pytest.raises(KubeplatError, match="cannot be read"):
        keys.accept(MASTER, KEY, NOW)


def test_a_name_of_several_lines_stays_on_its_line(keys: HostKeys) -> None:
    keys.accept(replace(MASTER, name="demo\nevil ssh-ed25519 AAAA"), KEY, NOW)
    assert len(keys.path.read_text().splitlines()) == 1
    assert keys.known()[0].name == "demo evil ssh-ed25519 AAAA"


def test_threads_and_processes_write_at_once_and_nothing_is_lost(keys: HostKeys) -> None:
    keys.accept(instance(0), KEY, NOW)
    script = (
        "import sys, pathlib, datetime\n"
        "from tests.unit.test_ssh_host_keys import HostKeys, KEY, NOW, instance\n"
        "keys = HostKeys(pathlib.Path(sys.argv[1]))\n"
        "[keys.accept(instance(number), KEY, NOW) for number in range(50, 60)]\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, keys.path.parent],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
    )
    threads = [
        threading.Thread(target=keys.accept, args=(instance(number), KEY, NOW)) for number in range(1, 9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _, errors = other.communicate(timeout=60)
    assert other.returncode == 0, errors
    assert {host.instance_id for host in keys.known()} == {f"i-0{n}" for n in (*range(9), *range(50, 60))}


@given(st.text())
def test_any_text_is_read_and_kept(text: str) -> None:
    lines = known_hosts.parse(text)
    assert "".join(f"{each.text}\n" for each in lines) in {text, f"{text}\n"}
    for each in lines:
        assert not (each.broken and each.key)
        each.names("i-0100")
        each.known_host(NOW)


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1),
    st.text(),
    st.binary(min_size=1, max_size=64),
    st.datetimes(timezones=st.just(UTC)),
)
def test_what_is_written_is_read_again(address: str, name: str, blob: bytes, when: datetime) -> None:
    kind = "ssh-ed25519"
    key = HostKey(kind, len(kind).to_bytes(4, "big") + kind.encode() + blob)
    host = KnownHost("i-0abc", " ".join(name.split()), address, key, when.replace(microsecond=0))
    assume(address != known_hosts.NO_ADDRESS)
    (line,) = known_hosts.parse(known_hosts.written(host))
    assert line.known_host(NOW) == host
