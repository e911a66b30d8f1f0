"""What is shown of a secret's file: decoded, masked, bounded, and never a secret unless it was asked for."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeplat_tui.services import tokens
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.secrets.preview import LIMIT, Kind, Preview, preview
from kubeplat_tui.services.secrets.preview_model import MASK
from kubeplat_tui.services.secrets.yaml_scan import DEEPEST, scan
from tests.unit.secret_files import NOW, certificate, kubeconfig, private_key

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2-correct-horse"


def look(key: str, data: bytes | str, *, revealed: bool = False) -> Preview:
    return preview(key, data.encode() if isinstance(data, str) else data, revealed=revealed, now=NOW)


def text_of(seen: Preview) -> str:
    return "\n".join(line.text for line in seen.lines)


def copied(seen: Preview) -> dict[str, str]:
    return {value.name: value.text for value in seen.values}


# --- certificates and keys ------------------------------------------------------------------------


def test_a_certificate_is_decoded(tmp_path: Path) -> None:
    pem = certificate("apiserver", dns=["kubernetes", "kube.play.test"], addresses=["10.200.0.1"])
    seen = look("secure/apiserver.crt", pem)
    text = text_of(seen)
    assert seen.kind is Kind.CERTIFICATE
    assert "subject    O = system:masters, CN = apiserver" in text
    assert "✔ valid for 300 days" in text
    for name in ("kubernetes", "kube.play.test", "10.200.0.1", "TLS server", "ECDSA P-256"):
        assert name in text
    (tmp_path / "a.crt").write_bytes(pem)
    told = subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "a.crt", "-noout", "-fingerprint", "-sha256", "-serial"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.splitlines()[0].partition("=")[2] in text
    assert told.splitlines()[1].partition("=")[2].lower().lstrip("0") in text
    assert not seen.hides


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (300, "✔ valid for 300 days"),
        (59, "▲ expires in 59 days"),
        (1, "▲ expires in 1 day"),
        (-3, "✖ expired 3 days ago"),
    ],
)
def test_a_certificate_says_how_long_it_is_valid(days: int, words: str) -> None:
    assert words in text_of(look("secure/a.crt", certificate("a", days=days)))


def test_a_chain_is_shown_one_by_one_and_a_broken_part_is_said() -> None:
    first, second = certificate("first"), certificate("second")
    broken = b"-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n"
    seen = look("common/client-ca.crt", first + broken + second)
    text = text_of(seen)
    assert seen.title == "3 certificates"
    assert "CN = first" in text
    assert "CN = second" in text
    assert text.count("✖ This block is no certificate") == 1
    assert copied(seen)["certificate 3 (PEM)"].strip() == second.decode().strip()


@pytest.mark.parametrize("passphrase", [None, b"open sesame"])
def test_a_private_key_shows_no_body(passphrase: bytes | None) -> None:
    pem = private_key(passphrase)
    seen = look("secure/apiserver.key", pem)
    assert seen.kind is Kind.PRIVATE_KEY
    assert ("by a passphrase" in text_of(seen)) is (passphrase is not None)
    body = pem.decode().splitlines()[1]
    assert body not in text_of(seen)
    assert body in text_of(look("secure/apiserver.key", pem, revealed=True))
    assert copied(seen)["private key (PEM)"].strip() == pem.decode().strip()


def test_an_old_encrypted_key_with_headers_is_a_private_key() -> None:
    pem = """\
-----BEGIN RSA PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,00

c2VjcmV0
-----END RSA PRIVATE KEY-----
"""
    seen = look("common/old.key", pem)
    assert seen.kind is Kind.PRIVATE_KEY
    assert "c2VjcmV0" not in text_of(seen)


def test_a_private_key_that_is_cut_off_is_hidden_all_the_same() -> None:
    pem = private_key().decode()[:100]
    seen = look("common/half.key", pem)
    assert seen.kind is Kind.PRIVATE_KEY
    assert pem.splitlines()[1] not in text_of(seen)


@pytest.mark.parametrize("protected", [False, True])
def test_an_ssh_key_has_the_fingerprint_that_ssh_keygen_says(tmp_path: Path, protected: bool) -> None:
    path = tmp_path / "id"
    make = [
        "ssh-keygen",
        "-q",
        "-t",
        "ed25519",
        "-N",
        SECRET if protected else "",
        "-C",
        "jest",
        "-f",
        str(path),
    ]
    subprocess.run(make, check=True)
    told = subprocess.run(
        ["ssh-keygen", "-l", "-f", path], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    private = look("locked/id_ed25519", path.read_bytes())
    public = look("locked/id_ed25519.pub", path.with_suffix(".pub").read_bytes())
    assert told in text_of(private)
    assert told in text_of(public)
    assert public.kind is Kind.SSH_PUBLIC
    assert ("by a passphrase" in text_of(private)) is protected
    assert copied(private)["public key"] in path.with_suffix(".pub").read_text()


def test_a_public_key_has_the_fingerprint_of_its_private_half() -> None:
    private = keys.generate_rsa()
    public = look("secure/service-account.pub", keys.public_pem(private.public_key()))
    assert public.kind is Kind.PUBLIC_KEY
    both = copied(look("secure/service-account.key", keys.private_pem(private)))
    assert copied(public)["fingerprint (SHA-256)"] == both["fingerprint of the public half"]


# --- documents ------------------------------------------------------------------------------------


def test_a_kubeconfig_says_where_it_leads_and_as_whom() -> None:
    data = kubeconfig(token=SECRET)
    seen = look("locked/admin.kubeconfig", data)
    text = text_of(seen)
    assert seen.kind is Kind.KUBECONFIG
    assert "● play-jest  admin at play-jest" in text
    assert "https://kube.play.test:443" in text
    assert "O = system:masters, CN = admin" in text
    assert "✔ valid for 300 days" in text
    document = yaml.safe_load(data)
    user = document["users"][0]["user"]
    for secret in (SECRET, user["client-key-data"], user["client-key-data"][:40]):
        assert secret not in text
    values = copied(seen)
    assert values["token of admin"] == SECRET
    assert values["client key of admin"].startswith("-----BEGIN PRIVATE KEY-----")
    assert values["the whole file"] == data.decode()
    assert SECRET in text_of(look("locked/admin.kubeconfig", data, revealed=True))


def test_a_kubeconfig_that_verifies_nothing_is_warned_of() -> None:
    data = kubeconfig().replace(b"    server:", b"    insecure-skip-tls-verify: true\n    server:")
    assert "▲ it does not verify the server's certificate" in text_of(look("locked/x.kubeconfig", data))


def test_the_encryption_configuration_names_its_keys_and_masks_them() -> None:
    seen = look(
        "secure/encryption-config.yaml",
        f"""\
kind: EncryptionConfiguration
apiVersion: apiserver.config.k8s.io/v1
resources:
  - resources: [secrets]
    providers:
      - secretbox:
          keys:
            - name: k2026
              secret: {SECRET}
      - identity: {{}}
""",
    )
    assert seen.kind is Kind.ENCRYPTION
    assert "secretbox   k2026  writes and reads" in text_of(seen)
    assert "identity    as it is  reads" in text_of(seen)
    assert SECRET not in text_of(seen)


def test_comments_beside_tokens_are_shown_but_not_a_token_kept_there() -> None:
    data, token = tokens.add(b"# ask ann first\n", "jest", now=NOW)
    text = text_of(look(tokens.KEY, data + f"# token: {token}\n".encode()))
    assert "# ask ann first" in text
    assert token not in text


def test_tokens_are_listed_with_short_hashes() -> None:
    data, token = tokens.add(
        tokens.EMPTY, "jest", ["admins", "builders"], now=NOW, lifetime=timedelta(days=3)
    )
    data, _ = tokens.add(data, "ci", now=NOW)
    seen = look(tokens.KEY, data)
    text = text_of(seen)
    assert seen.title == "2 tokens"
    assert "jest  admins, builders  ▲ 2026-11-05 in 3 d" in text
    assert "never" in text
    assert tokens.digest(token) not in text
    assert tokens.digest(token)[:12] in text
    assert tokens.digest(token) in text_of(look(tokens.KEY, data, revealed=True))


def test_tokens_that_cannot_be_read_are_masked_whole() -> None:
    seen = look(tokens.KEY, f"{SECRET},jest\n")
    assert "tokens.csv:1" in text_of(seen)
    assert SECRET not in text_of(seen)


BASE64 = base64.b64encode(SECRET.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"kind: Secret\ndata:\n  a: {BASE64}\n",
        f"data:\n  a: {BASE64}\nkind: Secret\n",
        f"kind: Secret\nstringData:\n  a: |\n    one\n    {SECRET}\n  b: x\n",
        f"kind: Secret\nstringData:\n  a: >-\n    one\n\n    {SECRET}\n",
        f"kind: Secret\nstringData: {{a: '{SECRET}'}}\n",
        f'{{"kind": "Secret",\n\t"data": {{"a": "{BASE64}"}}}}',
        f'{{"apiVersion": "v1", "kind": "List", "items": [{{"kind": "Secret", "data": {{"a": "{BASE64}"}}}}]}}',
        f"kind: ConfigMap\n---\nkind: Secret\ndata: {{a: {BASE64}}}\n",
        f"kind: Secret\nx: &y {SECRET}\nstringData: {{a: *y}}\n",
        f"kind: Secret\nx: &y {{a: {SECRET}}}\nstringData: *y\n",
        f"kind: Secret\nx: &y {{a: {SECRET}}}\nstringData:\n  <<: *y\n",
        f"kind: Secret\nstringData:\n  ? [x]\n  : {SECRET}\n",
        f"a:\n  password: {SECRET}\n",
        f"client-secret: {SECRET}\n",
        f"env:\n- name: DB_PASSWORD\n  value: {SECRET}\n",
        f"env:\n- value: {SECRET}\n  name: API_TOKEN\n",
        f"args: ['--token={SECRET}']\n",
        f"url: https://jest:{SECRET}@host/\n",
        f"a: b # password: {SECRET}\n",
        f'metadata: {{annotations: {{last: \'{{"kind":"Secret","data":"{SECRET}"}}\'}}}}\n',
        f"a: b\n  c: [{SECRET}\n",
        f"a: *unknown {SECRET}\n  :\n",
        "x: " + "[" * 200 + SECRET,
        "kind: Secret\n" + "- " * 200 + SECRET,
    ],
)
@pytest.mark.parametrize("key", ["manifests/secure/a.yaml", "addons/a.json"])
def test_secrets_in_manifests_are_masked(key: str, text: str) -> None:
    seen = look(key, text)
    assert seen.hides
    assert SECRET not in text_of(seen)
    assert BASE64 not in text_of(seen)
    assert MASK in text_of(seen)
    revealed = text_of(look(key, text, revealed=True))
    assert SECRET in revealed or BASE64 in revealed


def test_what_is_no_secret_in_a_manifest_is_shown() -> None:
    text = "kind: Pod\n# why\nspec:\n  automountServiceAccountToken: false\n  token: ''\n  n: 3\n  a: [x, 'y z']\n"
    seen = look("manifests/common/pod.yaml", text)
    assert text_of(seen) == text.rstrip("\n")
    assert seen.title == "Pod manifest"
    assert not seen.hides


def test_a_secrets_values_are_copied_decoded() -> None:
    text = f"kind: Secret\ndata:\n  password: {BASE64}\n"
    assert copied(look("addons/a.yaml", text))["data.password"] == SECRET
    token = "kind: Secret\nstringData: {token-id: abcdef, token-secret: 0123456789abcdef}\n"
    assert copied(look("addons/bootstrap-token.yaml", token))["bootstrap token"] == "abcdef.0123456789abcdef"


# --- other files ----------------------------------------------------------------------------------


def test_an_unknown_text_is_shown_only_where_every_machine_may_read_it() -> None:
    assert SECRET not in text_of(look("locked/notes.txt", SECRET))
    assert SECRET not in text_of(look("compute/notes", SECRET))
    assert SECRET in text_of(look("common/notes.txt", SECRET))
    mixed = text_of(look("common/notes.txt", f"fine\npassword = {SECRET}\n"))
    assert "fine" in mixed
    assert SECRET not in mixed


def test_the_first_bytes_of_a_binary_are_shown_only_where_it_is_no_secret() -> None:
    data = b"\x00\xff\xfe\x01"
    assert "00 ff fe 01" in text_of(look("common/x.bin", data))
    assert "00 ff" not in text_of(look("secure/x.bin", data))
    assert copied(look("secure/x.bin", data)) == {"SHA-256 of the file": hashlib.sha256(data).hexdigest()}


def test_control_characters_never_reach_the_terminal() -> None:
    hostile = "\x1b]52;c;aGFja2Vk\x07\x1b[2J\x9b31m\u202eevil\ttab"
    for key in ("common/a.txt", "manifests/a.yaml", "secure/tokens.csv"):
        for revealed in (False, True):
            text = text_of(look(key, hostile, revealed=revealed))
            assert text.replace("\n", "").isprintable()


def test_an_empty_file_says_so() -> None:
    assert "nothing in it" in text_of(look("secure/a.txt", b""))


# --- bounds ---------------------------------------------------------------------------------------

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "data",
    [
        b"a" * 10_000_000,
        b"a: " + b"b" * 10_000_000,
        b"- [a, b]\n" * 1_200_000,
        b"- [a, b]\n" * 100_000,
        b"[" * 500_000,
        b"{a: " * 200_000,
        b"- " * 500_000,
        b"? " * 500_000,
        b"\n" * 1_000_000,
        b"-----BEGIN PRIVATE KEY-----\n" * 30_000,
        b"-----BEGIN CERTIFICATE-----\n" + b"A" * 1_000_000,
        b"-----BEGIN " + b"A " * 500_000,
        b"eyJ" * 300_000,
        b"token " * 150_000,
        b"://a" * 250_000,
        b"\xff" * 2_000_000,
        b"kind: " * 100_000,
        BOMB.encode(),
        ("é" * 600_000).encode(),
    ],
    ids=lambda data: repr(data[:12]),
)
@pytest.mark.parametrize("key", ["manifests/common/a.yaml", "common/a", "secure/tokens.csv"])
def test_hostile_files_take_little_time_and_room(key: str, data: bytes) -> None:
    begun = process_time()
    seen = look(key, data)
    assert process_time() - begun < 5  # seconds of this process; about one on a quick computer
    assert len(seen.lines) < 5100
    assert sum(len(line.text) for line in seen.lines) < 4 * LIMIT


CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
FRAGMENTS = st.sampled_from(
    [
        *(
            "kind: Secret\n",
            "data:\n  a: ",
            "- ",
            "? ",
            ": ",
            "&a ",
            "*a",
            "|\n  ",
            "{",
            "}",
            "[",
            "]",
            "'",
            '"',
            "#",
        ),
        *(
            "\n",
            "  ",
            "\t",
            "---\n",
            "-----BEGIN PRIVATE KEY-----\n",
            "-----END PRIVATE KEY-----\n",
            "!!binary ",
        ),
        *(
            "-----BEGIN CERTIFICATE-----\n",
            "-----END CERTIFICATE-----\n",
            "ssh-ed25519 AAAA",
            "\x1b[31m",
            "\r\n",
        ),
        *("users:\n- name: x\n  user: ", "kind: Config\n", "é", "\u2028", "\ufeff", "a,b,c,d,e\n", "MIIB"),
    ]
)
FILES = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(lambda text: text.encode(errors="surrogatepass")),
    st.lists(st.one_of(FRAGMENTS, st.text(max_size=8)), max_size=30).map(
        lambda parts: "".join(parts).encode(errors="replace")
    ),
)
KEYS = st.sampled_from(
    [
        "secure/a.crt",
        "secure/tokens.csv",
        "common/a",
        "locked/x.kubeconfig",
        "manifests/a.yaml",
        "addons/b.json",
        "",
    ]
)


@settings(max_examples=400, deadline=None)
@given(KEYS, FILES)
def test_whatever_is_in_a_file_it_can_be_shown(key: str, data: bytes) -> None:
    for revealed in (False, True):
        seen = preview(key, data, revealed=revealed, now=NOW)
        assert seen.lines
        assert not any(CONTROLS.search(line.text) for line in seen.lines)


SCALARS = st.text("abz019 :#-_'\"|>&*!%@,[]{}\\\n\té", max_size=20)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.text("abc-", min_size=1, max_size=6), SCALARS, max_size=4),
    st.sampled_from([None, True, False]),
    st.sampled_from([0, 2, 80]),
    st.booleans(),
)
def test_no_form_of_yaml_shows_a_secrets_data(
    data: dict[str, str], flow: bool | None, indent: int, as_json: bool
) -> None:
    """A value is written in every way that PyYAML and json know; its mark is never seen."""
    marked = {key: f"{value}q7Xq{value}" for key, value in data.items()} | {"last": "q7Xq"}
    document = {"apiVersion": "v1", "kind": "Secret", "stringData": marked, "metadata": {"name": "fine"}}
    text = (
        json.dumps(document, indent=indent or None, ensure_ascii=bool(indent))
        if as_json
        else yaml.safe_dump(document, default_flow_style=flow, width=indent or 10, allow_unicode=True)
    )
    seen = text_of(preview("addons/a.yaml", text.encode(), now=NOW))
    assert "q7Xq" not in seen
    assert "fine" in seen


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp"]), max_size=8)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), WORDS),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
        max_leaves=12,
    )
)
def test_values_are_found_where_they_stand(document: object) -> None:
    text = yaml.safe_dump(document, allow_unicode=True)

    def at(path: tuple[str | int, ...]) -> object:
        found: object = document
        for part in path:
            assert isinstance(found, dict | list)
            if isinstance(found, dict):
                found = next(value for key, value in found.items() if str(key) == part)
            else:
                assert isinstance(part, int)
                found = found[part]
        return found

    for one in scan(text).scalars:
        expected = at(one.path)
        if not one.is_key and isinstance(expected, str):
            assert one.value == expected
        if not one.quoted and one.start < one.end:
            assert " ".join(text[one.start : one.end].split()) == " ".join(one.value.split())


def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(InputError, match="nested deeper"):
        scan("- " * (DEEPEST + 2) + "x")


def test_days_are_counted_from_now() -> None:
    later = datetime(2027, 8, 1, tzinfo=UTC)
    assert "expires in" in text_of(preview("secure/a.crt", certificate("a"), now=later))
