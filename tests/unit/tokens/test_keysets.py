"""JWK sets: one bad key never loses the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from deemster.errors import ConfigurationError
from deemster.tokens.keysets import key_set_from_file, parse_key_set
from tests.support.keys import key_document, signing_key

RSA, EC = signing_key("RS256"), signing_key("ES256")
BAD_KEYS = [
    pytest.param({"kty": "oct", "k": "c2VjcmV0", "kid": "s"}, id="symmetric"),
    pytest.param({"kty": "XYZ", "kid": "x"}, id="unknown type"),
    pytest.param({**EC.public_jwk, "kid": "e", "use": "enc"}, id="for encryption"),
    pytest.param({**RSA.private_jwk, "kid": "p"}, id="private"),
    pytest.param({"kty": "RSA", "n": "!", "e": "AQAB"}, id="broken"),
    pytest.param({"kty": {"RSA": 1}}, id="type is an object"),
    pytest.param({**EC.public_jwk, "kid": ["l"]}, id="kid is a list"),
    pytest.param({}, id="empty"),
]


@pytest.mark.catalogue("K6", "J15")
@pytest.mark.parametrize("bad", BAD_KEYS)
def test_a_bad_key_is_dropped_with_its_reason_and_the_others_stay(bad: dict[str, object]) -> None:
    table = parse_key_set(key_document(RSA, bad, EC))
    assert [key.key_id for key in table.keys] == ["RS256-one", "ES256-one"]
    assert len(table.dropped) == 1
    assert table.dropped[0].startswith("key 1: ")


def test_a_member_that_is_no_object_is_dropped_as_well() -> None:
    table = parse_key_set(b'{"keys":[1,null,"x",[]]}')
    assert table.keys == ()
    assert len(table.dropped) == 4


@pytest.mark.catalogue("K6")
def test_of_two_keys_with_one_id_neither_is_used() -> None:
    twin = {**signing_key("ES256", "two").public_jwk, "kid": EC.key_id}
    table = parse_key_set(key_document(EC, RSA, twin))
    assert [key.key_id for key in table.keys] == ["RS256-one"]
    assert table.dropped == ("duplicate key id `ES256-one`",)


def test_an_unusable_key_does_not_take_its_namesake_along() -> None:
    table = parse_key_set(key_document(EC, {**EC.public_jwk, "use": "enc"}))
    assert [key.key_id for key in table.keys] == ["ES256-one"]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="no keys"),
        pytest.param(b'{"keys":{}}', id="keys is an object"),
        pytest.param(b'{"keys":[],"keys":[]}', id="duplicate member"),
        pytest.param(b'{"keys":' + b"[" * 100_000, id="deep"),
    ],
)
def test_a_document_that_is_no_key_set_is_an_error(document: bytes) -> None:
    with pytest.raises(ValueError, match="key set"):
        parse_key_set(document)


@pytest.mark.parametrize(
    ("key_id", "algorithm", "chosen"),
    [
        pytest.param("ES256-one", "ES256", "ES256-one", id="by id"),
        pytest.param("ES256-one", "RS256", None, id="id of a key that cannot"),
        pytest.param("ES256-on", "ES256", None, id="part of an id"),
        pytest.param("es256-ONE", "ES256", None, id="id in another case"),
        pytest.param("", "ES256", None, id="empty id"),
        pytest.param(None, "RS256", "RS256-one", id="no id, a single key that could"),
        pytest.param(None, "ES256", None, id="no id, two keys that could"),
    ],
)
def test_a_key_is_chosen_by_its_exact_id_or_as_the_only_one(
    key_id: str | None, algorithm: str, chosen: str | None
) -> None:
    table = parse_key_set(key_document(RSA, EC, signing_key("ES256", "two")))
    key = table.choose(key_id, algorithm)
    assert (key and key.key_id) == chosen


async def test_a_file_gives_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(key_document(RSA))
    keys = key_set_from_file(path)
    assert await keys.key_for("RS256-one", "RS256") is not None
    assert (keys.generation, keys.refresh_due) == (1, False)
    await keys.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be read", id="absent"),
        pytest.param(b"{", "not JSON", id="not json"),
        pytest.param(b'{"keys":[]}', "no usable key: the list is empty", id="no keys"),
        pytest.param(b'{"keys":[{"kty":"oct"}]}', "key type not supported", id="no usable key"),
    ],
)
def test_a_file_without_keys_stops_the_start(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "keys.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        key_set_from_file(path)
