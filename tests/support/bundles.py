"""Policy bundles made for tests, and signatures of them that no command would make."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jwcrypto.common import base64url_encode

from deemster.bundles.archive import Archive, read_archive, write_archive
from deemster.bundles.building import build_bundle, sign_bundle
from deemster.bundles.jws import SIGNATURE_TYPE, SigningKey
from deemster.bundles.keys import BundleKeys
from tests.support.clock import FROZEN_AT
from tests.support.keys import signature_of
from tests.support.keys import signing_key as token_key

__all__ = [
    "ENVIRONMENT",
    "FILES",
    "a_bundle",
    "a_signed_bundle",
    "bundle_key",
    "pinned",
    "raw_signature",
    "with_parts",
]

ENVIRONMENT = "production"
FILES: Mapping[str, bytes] = {
    "api-services/notes.yaml": b"kind: ApiService\n",
    "tests/notes.yaml": b"kind: PolicyTest\n",
}
WEEK = 7 * 86400


def bundle_key(algorithm: str = "EdDSA", name: str = "one") -> SigningKey:
    """The same key for the same arguments, throughout the session."""
    return _made(algorithm, name)


@cache
def _made(algorithm: str, name: str) -> SigningKey:
    del name
    return SigningKey.generate(algorithm)


def pinned(*keys: SigningKey) -> BundleKeys:
    """The public halves; by default of the default key."""
    return BundleKeys(tuple(key.pinned for key in keys or (bundle_key(),)))


def a_bundle(files: Mapping[str, bytes] = FILES, **changes: object) -> bytes:
    """Unsigned, of sequence 5, issued at FROZEN_AT for a week."""
    arguments: dict[str, Any] = {
        "environment": ENVIRONMENT,
        "sequence": 5,
        "issued_at": FROZEN_AT,
        "expires": FROZEN_AT + WEEK,
        **changes,
    }
    return build_bundle(files, **arguments)


def a_signed_bundle(
    files: Mapping[str, bytes] = FILES, *, key: SigningKey | None = None, **changes: object
) -> bytes:
    """The same, signed; by default with the default key."""
    return sign_bundle(a_bundle(files, **changes), key or bundle_key())


def with_parts(
    octets: bytes,
    *,
    manifest: bytes | None = None,
    signature: bytes | None = None,
    files: Mapping[str, bytes] | None = None,
) -> bytes:
    """The archive with other parts in it, as it would be written."""
    there = read_archive(octets)
    return write_archive(
        Archive(
            there.manifest if manifest is None else manifest,
            there.signature if signature is None else signature,
            there.files if files is None else files,
        )
    )


def raw_signature(payload: bytes, header: Mapping[str, object]) -> bytes:
    """A true signature of the ES256 token key under any header at all, detached."""
    usual = {"alg": "ES256", "kid": token_key().key_id, "typ": SIGNATURE_TYPE}
    members = {name: value for name, value in {**usual, **header}.items() if value is not ...}
    written = base64url_encode(json.dumps(members, separators=(",", ":")))
    signing_input = f"{written}.{base64url_encode(payload)}".encode()
    return f"{written}..{base64url_encode(signature_of(signing_input, token_key()))}".encode()
