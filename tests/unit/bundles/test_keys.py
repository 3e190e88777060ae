"""Key files: public ones are pinned, private ones sign, and neither is taken for the other."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jwcrypto.jwk import JWK

from deemster.bundles.jws import ALGORITHMS, SigningKey
from deemster.bundles.keys import BundleKeys, read_signing_key
from deemster.errors import ConfigurationError
from tests.support.bundles import a_signed_bundle, bundle_key
from tests.support.keys import signing_key as token_key


def write(path: Path, content: object, mode: int = 0o600) -> Path:
    octets = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(octets)
    path.chmod(mode)
    return path


def pem(key: SigningKey, *, private: bool = False) -> bytes:
    octets: bytes = JWK(**key.private_jwk).export_to_pem(private_key=private, password=None)
    return octets


def refused(*paths: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        BundleKeys.read(paths)
    return caught.value.message


def not_for_signing(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_signing_key(path)
    return caught.value.message


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_public_key_may_be_a_jwk_a_jwk_set_or_pem_and_has_one_id(
    tmp_path: Path, algorithm: str
) -> None:
    key = bundle_key(algorithm)
    files = [
        write(tmp_path / "key.json", key.pinned.public_jwk),
        write(tmp_path / "set.json", {"keys": [{**key.pinned.public_jwk, "kid": "any name"}]}),
    ]
    # PEM has no place for RSA's choice of algorithm.
    if algorithm != "PS256":
        files.append(write(tmp_path / "key.pem", pem(key)))
    for file in files:
        (found,) = BundleKeys.read([file]).pinned
        assert (found.key_id, found.algorithm) == (key.pinned.key_id, algorithm)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256"])
def test_a_private_key_may_be_a_jwk_or_pem(tmp_path: Path, algorithm: str) -> None:
    key = bundle_key(algorithm)
    for content in (key.private_jwk, pem(key, private=True)):
        found = read_signing_key(write(tmp_path / "key", content))
        assert found.pinned.key_id == key.pinned.key_id
        assert found.pinned.algorithm == algorithm
        assert a_signed_bundle(key=found)


def test_rsa_signs_by_what_its_jwk_says_and_otherwise_by_rs256(tmp_path: Path) -> None:
    members = bundle_key("PS256").pinned.public_jwk
    (said,) = BundleKeys.read([write(tmp_path / "key.json", members)]).pinned
    members.pop("alg")
    (unsaid,) = BundleKeys.read([write(tmp_path / "key.json", members)]).pinned
    assert (said.algorithm, unsaid.algorithm) == ("PS256", "RS256")


@pytest.mark.catalogue("P6")
def test_a_private_key_is_not_pinned_in_any_form(tmp_path: Path) -> None:
    key = bundle_key()
    for content in (
        key.private_jwk,
        {"keys": [bundle_key("ES256").pinned.public_jwk, key.private_jwk]},
        pem(key, private=True),
        {"kty": "oct", "k": "c2VjcmV0"},
        {**bundle_key("RS256").pinned.public_jwk, "p": "AQ"},
    ):
        message = refused(write(tmp_path / "key", content))
        assert "holds a private key where a public one is expected" in message
        assert str(key.private_jwk["d"]) not in message


def test_a_set_of_private_keys_does_not_sign(tmp_path: Path) -> None:
    both = {"keys": [bundle_key().private_jwk, bundle_key("ES256").private_jwk]}
    assert "holds 2 keys; expected one" in not_for_signing(write(tmp_path / "set.json", both))


def test_a_public_key_does_not_sign(tmp_path: Path) -> None:
    for content in (bundle_key().pinned.public_jwk, pem(bundle_key())):
        assert "holds no private key" in not_for_signing(write(tmp_path / "key", content, 0o644))


@pytest.mark.catalogue("P6")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o660])
def test_a_private_key_that_others_may_read_does_not_sign(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "key.json", bundle_key().private_jwk, mode)
    assert f"its mode must be 0600: run `chmod 600 {path}`" in not_for_signing(path)


def test_at_most_two_keys_are_pinned_and_at_least_one(tmp_path: Path) -> None:
    files = [
        write(tmp_path / f"{name}.json", bundle_key("ES256", name).pinned.public_jwk)
        for name in ("one", "two", "three")
    ]
    assert len(BundleKeys.read(files[:2]).pinned) == 2
    assert "3 keys are pinned, and there may be 2" in refused(*files)
    assert "no key is pinned" in refused()
    assert "is pinned twice" in refused(files[0], files[0])
    assert "no key is pinned" in refused(write(tmp_path / "empty.json", {"keys": []}))


EC: dict[str, Any] = token_key("ES256").public_jwk
RSA: dict[str, Any] = token_key("RS256").public_jwk


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "neither JSON nor PEM"),
        (b"nonsense", "neither JSON nor PEM"),
        (b"[]", "holds no JWK"),
        (b'{"keys": 7}', "holds no JWK"),
        (b'{"keys": [7]}', "holds no JWK"),
        (b"{}", "none of Ed25519, P-256 and RSA"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no key in PEM"),
        (pem(bundle_key()) * 2, "several PEM blocks"),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA\n", "an encrypted key"),
        ({**EC, "alg": "ES384"}, "whose `alg` is not ES256"),
        ({**RSA, "alg": "HS256"}, "whose `alg` is not RS256 or PS256"),
        ({**RSA, "alg": "none"}, "whose `alg` is not RS256 or PS256"),
        ({**EC, "use": "enc"}, "whose `use` is not `sig`"),
        ({**EC, "crv": "P-384"}, "none of Ed25519, P-256 and RSA"),
        ({**EC, "y": EC["x"]}, "material is not valid"),
        ({**EC, "x": 7}, "material is not valid"),
        ({**RSA, "alg": "RS256", "n": RSA["n"][:100]}, "2048 to 8192 bits"),
        ({**RSA, "alg": "RS256", "e": "AQ"}, "material is not valid"),
        ({**RSA, "alg": "RS256", "e": "Ag"}, "material is not valid"),
        (b" " * 70_000, "more than 64 KiB"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_in_words(
    tmp_path: Path, content: object, told: str
) -> None:
    message = refused(write(tmp_path / "key", content))
    assert told in message
    assert f"{tmp_path / 'key'}" in message


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "missing.json")
    assert "not a regular file" in refused(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    assert "not a regular file" in refused(tmp_path / "fifo")
    assert "not a regular file" in not_for_signing(tmp_path / "fifo")


def test_a_key_shows_no_material_in_logs() -> None:
    key = bundle_key()
    assert repr(key) == f"SigningKey(EdDSA, {key.pinned.key_id})"
    assert str(key.private_jwk["d"]) not in repr(key)
