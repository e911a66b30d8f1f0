"""The encryption configuration: what is made is read back, what is wrong is told, and a rotation loses no key early."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.pki import encryption
from kubeplat_tui.services.pki.encryption import EncryptionStep

SECRET = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(32)).decode()


def configuration(*names: str, providers: list[Any] | None = None) -> bytes:
    keys = [{"name": name, "secret": SECRET} for name in names]
    found = [{"secretbox": {"keys": keys}}, {"identity": {}}] if providers is None else providers
    return yaml.safe_dump(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [{"resources": ["secrets"], "providers": found}],
        }
    ).encode()


def test_a_new_configuration_encrypts_secrets_with_a_key_of_its_own() -> None:
    made = encryption.make()
    document = yaml.safe_load(made)
    assert document["apiVersion"] == "apiserver.config.k8s.io/v1"
    (rule,) = document["resources"]
    assert rule["resources"] == ["secrets"]
    assert [list(provider) for provider in rule["providers"]] == [["secretbox"], ["identity"]]
    (key,) = encryption.parse(made)
    assert key.name == "key1"
    assert len(key.secret) == 32
    assert encryption.parse(encryption.make())[0].secret != key.secret
    assert "secret" not in repr(key)


def test_a_rotation_puts_the_new_key_second_then_first_then_alone() -> None:
    first = encryption.make()
    (old,) = encryption.parse(first)

    added, step = encryption.step(first)
    assert step is EncryptionStep.ADD
    assert [key.name for key in encryption.parse(added)] == ["key1", "key2"]
    assert encryption.parse(added)[0] == old
    new = encryption.parse(added)[1]

    promoted, step = encryption.step(added)
    assert step is EncryptionStep.PROMOTE
    assert encryption.parse(promoted) == (new, old)

    dropped, step = encryption.step(promoted)
    assert step is EncryptionStep.DROP
    assert encryption.parse(dropped) == (new,)

    again, step = encryption.step(dropped)
    assert step is EncryptionStep.ADD
    assert [key.name for key in encryption.parse(again)] == ["key2", "key3"]


def test_the_next_step_follows_from_the_file_alone() -> None:
    assert encryption.next_step(configuration("key7")) is EncryptionStep.ADD
    assert encryption.next_step(configuration("key7", "key8")) is EncryptionStep.PROMOTE
    assert encryption.next_step(configuration("key8", "key7")) is EncryptionStep.DROP
    assert encryption.next_step(configuration("key9", "key10")) is EncryptionStep.PROMOTE
    assert encryption.next_step(configuration("ours", "key1")) is EncryptionStep.PROMOTE


def test_each_step_but_the_first_says_what_has_to_happen_before_it() -> None:
    assert encryption.before(EncryptionStep.ADD) == ()
    assert "Every master" in encryption.before(EncryptionStep.PROMOTE)[0]
    assert any("kubectl replace" in each for each in encryption.before(EncryptionStep.DROP))
    assert set(encryption.DOES) == set(EncryptionStep)


def test_what_a_person_added_stays_through_a_rotation() -> None:
    document = yaml.safe_load(configuration("key1"))
    document["resources"].append({"resources": ["configmaps"], "providers": [{"identity": {}}]})
    data = yaml.safe_dump(document).encode()
    for _ in range(3):
        data, _step = encryption.step(data)
        assert yaml.safe_load(data)["resources"][1] == document["resources"][1]


@pytest.mark.parametrize("names", [("ours", "theirs"), ("key1", "key2", "key3")])
def test_a_file_whose_newest_key_cannot_be_seen_is_not_rotated(names: tuple[str, ...]) -> None:
    with pytest.raises(KubeplatError, match="newest"):
        encryption.step(configuration(*names))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "no EncryptionConfiguration"),
        (b"[", "no YAML"),
        (b"kind: Secret", "no EncryptionConfiguration"),
        (configuration(providers=[]), "not secretbox"),
        (configuration(providers=[{"identity": {}}]), "not secretbox"),
        (
            b"kind: EncryptionConfiguration\nresources: [{resources: 5, providers: [{secretbox: {}}]}]",
            "not secretbox",
        ),
        (configuration(providers=["secretbox"]), "not secretbox"),
        (configuration(providers=[{"secretbox": None}]), "no keys"),
        (configuration(providers=[{"secretbox": {"keys": []}}]), "no keys"),
        (
            configuration(providers=[{"secretbox": {"keys": [{"name": "key1", "secret": "short"}]}}]),
            "32 bytes",
        ),
        (configuration(providers=[{"secretbox": {"keys": ["key1"]}}]), "32 bytes"),
        (configuration("key1", "key1"), "one name"),
        (
            configuration(
                providers=[{"secretbox": {"keys": [{"name": name, "secret": OTHER}]}} for name in "ab"]
            ),
            "more than one",
        ),
    ],
)
def test_what_is_wrong_is_told_and_no_key_is_shown(data: bytes, sentence: str) -> None:
    with pytest.raises(KubeplatError, match=sentence) as caught:
        encryption.check(data)
    assert "secure/encryption-config.yaml" in str(caught.value)
    assert SECRET not in str(caught.value)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resources", "providers", "secretbox", "keys", "name", "secret", "kind"]), inner
        )
    ),
    max_leaves=12,
)


@given(
    st.binary()
    | plain.map(lambda value: yaml.safe_dump(value).encode())
    | plain.map(
        lambda value: yaml.safe_dump({"kind": "EncryptionConfiguration", "resources": value}).encode()
    )
    | plain.map(
        lambda value: yaml.safe_dump(
            {
                "kind": "EncryptionConfiguration",
                "resources": [{"resources": ["secrets"], "providers": [{"secretbox": value}]}],
            }
        ).encode()
    )
)
def test_any_content_is_read_or_refused_with_a_sentence(data: bytes) -> None:
    try:
        found = encryption.parse(data)
    except KubeplatError:
        return
    assert found
