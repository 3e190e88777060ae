"""A bundle is taken when all of it is right, and refused by a word and a message otherwise."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from jwcrypto.common import base64url_encode
from jwcrypto.jwk import JWK

from deemster.bundles.archive import read_archive
from deemster.bundles.building import rolled_back, sign_bundle
from deemster.bundles.jws import ALGORITHMS, SIGNATURE_TYPE, PinnedKey
from deemster.bundles.keys import BundleKeys
from deemster.bundles.verifying import VerifiedBundle, open_bundle, verify_bundle
from deemster.errors import BundleRefusedError
from tests.support.bundles import (
    ENVIRONMENT,
    FILES,
    WEEK,
    a_bundle,
    a_signed_bundle,
    bundle_key,
    pinned,
    raw_signature,
    with_parts,
)
from tests.support.clock import FROZEN_AT
from tests.support.keys import signing_key as token_key


def verified(octets: bytes, **changes: object) -> VerifiedBundle:
    arguments: dict[str, Any] = {
        "keys": pinned(),
        "environment": ENVIRONMENT,
        "now": FROZEN_AT,
        "newest": 4,
        **changes,
    }
    return verify_bundle(octets, **arguments)


def refused(octets: bytes, **changes: object) -> tuple[str, str]:
    with pytest.raises(BundleRefusedError) as caught:
        verified(octets, **changes)
    return caught.value.cause.value, caught.value.message


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signed_bundle_is_taken_by_each_kind_of_key(algorithm: str) -> None:
    key = bundle_key(algorithm)
    found = verified(a_signed_bundle(key=key), keys=pinned(key))
    assert found.files == FILES
    assert found.key_id == key.pinned.key_id
    assert found.manifest.sequence == 5
    assert found.manifest.issued_at == FROZEN_AT
    assert found.manifest.restores is None


def test_each_of_two_pinned_keys_will_do_so_that_keys_can_be_changed() -> None:
    old, new = bundle_key(), bundle_key("ES256", "next")
    for key in (old, new):
        assert verified(a_signed_bundle(key=key), keys=pinned(old, new)).key_id == (
            key.pinned.key_id
        )
    assert refused(a_signed_bundle(key=old), keys=pinned(new))[0] == "wrong-key"


def test_the_first_bundle_may_have_any_sequence() -> None:
    assert verified(a_signed_bundle(sequence=900), newest=None).manifest.sequence == 900


@pytest.mark.catalogue("P1")
def test_without_a_signature_a_bundle_is_refused() -> None:
    assert refused(a_bundle()) == (
        "unsigned",
        "the bundle is not signed: run `deemster bundle sign` with the key of this environment",
    )


@pytest.mark.catalogue("P1")
def test_a_key_that_is_not_pinned_is_named_beside_those_that_are() -> None:
    stranger = bundle_key("EdDSA", "stranger")
    cause, message = refused(a_signed_bundle(key=stranger))
    assert cause == "wrong-key"
    assert stranger.pinned.key_id in message
    assert bundle_key().pinned.key_id in message


def test_a_changed_file_is_named_with_both_digests() -> None:
    changed = {**FILES, "api-services/notes.yaml": b"kind: ApiService # open to all\n"}
    cause, message = refused(with_parts(a_signed_bundle(), files=changed))
    assert cause == "tampered"
    assert "`api-services/notes.yaml`" in message
    assert hashlib.sha256(changed["api-services/notes.yaml"]).hexdigest() in message
    assert hashlib.sha256(FILES["api-services/notes.yaml"]).hexdigest() in message


def test_a_file_that_was_taken_out_is_named() -> None:
    fewer = {"api-services/notes.yaml": FILES["api-services/notes.yaml"]}
    cause, message = refused(with_parts(a_signed_bundle(), files=fewer))
    assert cause == "tampered"
    assert "`tests/notes.yaml` is listed in the manifest, but not there" in message


def test_a_file_that_was_put_in_is_named() -> None:
    more = {**FILES, "z.yaml": b"kind: Policy\n"}
    cause, message = refused(with_parts(a_signed_bundle(), files=more))
    assert cause == "tampered"
    assert "`z.yaml` is there, but not listed in the manifest" in message


def test_a_changed_manifest_does_not_fit_its_signature() -> None:
    manifest = read_archive(a_signed_bundle()).manifest.replace(b'"sequence": 5', b'"sequence": 6')
    cause, message = refused(with_parts(a_signed_bundle(), manifest=manifest))
    assert cause == "tampered"
    assert "does not fit the manifest" in message


def test_the_signature_of_another_bundle_does_not_fit() -> None:
    other = read_archive(a_signed_bundle(sequence=6)).signature
    assert refused(with_parts(a_signed_bundle(), signature=other))[0] == "tampered"


@pytest.mark.catalogue("P4")
def test_a_bundle_for_another_environment_is_refused() -> None:
    cause, message = refused(a_signed_bundle(environment="staging"))
    assert cause == "other-environment"
    assert "`staging`, expected `production`" in message


@pytest.mark.catalogue("P3")
def test_a_bundle_is_good_until_the_second_it_expires() -> None:
    octets = a_signed_bundle()
    assert verified(octets, now=FROZEN_AT + WEEK - 1).files == FILES
    cause, message = refused(octets, now=FROZEN_AT + WEEK)
    assert cause == "expired"
    assert "build it anew" in message


def test_a_bundle_of_the_future_is_refused_but_for_a_minute_of_skew() -> None:
    octets = a_signed_bundle()
    assert verified(octets, now=FROZEN_AT - 60).files == FILES
    cause, message = refused(octets, now=FROZEN_AT - 61)
    assert cause == "not-yet-valid"
    assert "clocks" in message


@pytest.mark.catalogue("P3")
def test_an_older_sequence_is_refused_and_the_message_says_how_to_go_back() -> None:
    cause, message = refused(a_signed_bundle(), newest=6)
    assert cause == "older-sequence"
    assert "has sequence 5, and 6 was taken already" in message
    assert "deemster bundle rollback" in message


@pytest.mark.catalogue("P3")
def test_an_equal_sequence_is_the_same_bundle_or_none() -> None:
    octets = a_signed_bundle()
    digest = verified(octets).digest
    assert verified(octets, newest=5, newest_digest=digest).digest == digest
    other = a_signed_bundle({"a.yaml": b"kind: Policy\n"})
    assert refused(other, newest=5, newest_digest=digest)[0] == "older-sequence"
    assert refused(octets, newest=5)[0] == "older-sequence"


def test_a_bundle_signed_anew_by_another_key_is_still_the_same() -> None:
    old, new = bundle_key(), bundle_key("ES256", "next")
    first = a_signed_bundle(key=old)
    again = sign_bundle(first, new)
    assert again != first
    digest = verified(first, keys=pinned(old, new)).digest
    assert verified(again, keys=pinned(old, new), newest=5, newest_digest=digest).digest == digest


@pytest.mark.catalogue("P3")
def test_a_rollback_goes_on_in_sequence_and_says_what_it_restores() -> None:
    older = open_bundle(a_signed_bundle(sequence=3), keys=pinned())
    made = rolled_back(older, sequence=8, issued_at=FROZEN_AT, expires=FROZEN_AT + WEEK)
    assert refused(made, newest=7)[0] == "unsigned"
    found = verified(sign_bundle(made, bundle_key()), newest=7)
    assert found.files == older.files
    assert found.manifest.revision == older.manifest.revision
    assert found.manifest.restores is not None
    assert found.manifest.restores.sequence == 3
    assert found.manifest.restores.digest == older.digest


def test_a_genuine_bundle_can_be_opened_wherever_and_whenever() -> None:
    octets = a_signed_bundle(environment="staging", sequence=1)
    assert open_bundle(octets, keys=pinned()).manifest.environment == "staging"


# What looks like a signature. The header decides nothing: these are all refused, whoever made them.


def token_key_pinned() -> BundleKeys:
    """The key of `raw_signature`, under the id that bundles give it."""
    return BundleKeys((PinnedKey({**token_key().public_jwk}),))


def refused_header(header: Mapping[str, object]) -> tuple[str, str]:
    keys = token_key_pinned()
    named = {"kid": keys.pinned[0].key_id, **header}
    signature = raw_signature(read_archive(a_bundle()).manifest, named)
    return refused(with_parts(a_bundle(), signature=signature), keys=keys)


def test_the_header_that_our_own_command_writes_is_taken() -> None:
    keys = token_key_pinned()
    signature = raw_signature(read_archive(a_bundle()).manifest, {"kid": keys.pinned[0].key_id})
    assert verified(with_parts(a_bundle(), signature=signature), keys=keys).files == FILES


@pytest.mark.catalogue("P2")
@pytest.mark.parametrize(
    ("header", "cause", "told"),
    [
        ({"typ": "at+jwt"}, "malformed", "has the type `at+jwt`"),
        ({"typ": "JWT"}, "malformed", "has the type `JWT`"),
        ({"typ": ...}, "malformed", "has the type none at all"),
        ({"typ": SIGNATURE_TYPE.upper()}, "malformed", "was made for something else"),
        ({"alg": "none"}, "unsigned", "`none`, so it is no signature"),
        ({"alg": "ES384"}, "wrong-key", "signs by `ES256` only"),
        ({"alg": ...}, "wrong-key", "signs by `ES256` only"),
        ({"kid": "another"}, "wrong-key", "signed by key `another`"),
        ({"kid": ...}, "wrong-key", "signed by key none at all"),
        ({"kid": 7}, "wrong-key", "that is no text"),
        ({"crit": ["b64"], "b64": False}, "malformed", "not as `deemster bundle sign` writes it"),
        ({"jku": "https://evil.example.com"}, "malformed", "not as `deemster bundle sign`"),
    ],
)
def test_a_signature_under_another_header_is_refused(
    header: Mapping[str, object], cause: str, told: str
) -> None:
    found, message = refused_header(header)
    assert (found, told in message) == (cause, True), message


@pytest.mark.catalogue("P2")
def test_a_public_key_is_no_secret_to_sign_with() -> None:
    keys = token_key_pinned()
    manifest = read_archive(a_bundle()).manifest
    secrets = [
        JWK(**token_key().public_jwk).export_to_pem(),
        json.dumps(token_key().public_jwk).encode(),
    ]
    for secret in secrets:
        header = {"alg": "HS256", "kid": keys.pinned[0].key_id, "typ": SIGNATURE_TYPE}
        written = base64url_encode(json.dumps(header, separators=(",", ":")))
        signing_input = f"{written}.{base64url_encode(manifest)}".encode()
        mac = base64url_encode(hmac.digest(secret, signing_input, "sha256"))
        signature = f"{written}..{mac}".encode()
        cause, message = refused(with_parts(a_bundle(), signature=signature), keys=keys)
        assert cause == "wrong-key"
        assert "says `HS256`" in message


@pytest.mark.catalogue("P2")
def test_the_algorithm_none_with_no_signature_is_none() -> None:
    header = {"alg": "none", "kid": bundle_key().pinned.key_id, "typ": SIGNATURE_TYPE}
    signature = f"{base64url_encode(json.dumps(header))}..".encode()
    assert refused(with_parts(a_bundle(), signature=signature))[0] == "unsigned"


def test_a_signature_that_is_left_out_is_none() -> None:
    whole = read_archive(a_signed_bundle()).signature or b""
    header = whole.rpartition(b".")[0]
    assert refused(with_parts(a_signed_bundle(), signature=header + b"."))[0] == "tampered"


@pytest.mark.parametrize("joined", [b"\n", b"", b","])
def test_two_signatures_are_no_signature(joined: bytes) -> None:
    first = read_archive(a_signed_bundle()).signature or b""
    second = read_archive(a_signed_bundle(key=bundle_key("ES256", "next"))).signature or b""
    both = with_parts(a_signed_bundle(), signature=first + joined + second)
    assert refused(both, keys=pinned(bundle_key(), bundle_key("ES256", "next")))[0] == "tampered"


def test_the_json_form_with_several_signatures_is_refused() -> None:
    header, _, signature = (read_archive(a_signed_bundle()).signature or b"").decode().split(".")
    one = {"protected": header, "signature": signature}
    written = json.dumps({"signatures": [one, one]}).encode()
    cause, message = refused(with_parts(a_signed_bundle(), signature=written))
    assert cause == "malformed"
    assert "no detached JWS" in message


@pytest.mark.parametrize("end", [b"\n", b"=", b"A", b" "])
def test_a_signature_has_one_spelling(end: bytes) -> None:
    signature = read_archive(a_signed_bundle()).signature or b""
    assert refused(with_parts(a_signed_bundle(), signature=signature + end))[0] == "tampered"


def test_a_signature_that_carries_its_payload_is_not_detached() -> None:
    archive = read_archive(a_signed_bundle())
    header, _, signature = (archive.signature or b"").decode().split(".")
    attached = f"{header}.{base64url_encode(archive.manifest)}.{signature}".encode()
    assert refused(with_parts(a_signed_bundle(), signature=attached))[0] == "malformed"
