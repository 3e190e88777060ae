"""A manifest is read in its one form, also where it is signed: a key may sign by mistake."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deemster.bundles.archive import read_archive
from deemster.bundles.manifest import (
    BundleManifest,
    Restored,
    read_manifest,
    shown_instant,
    write_manifest,
)
from deemster.bundles.verifying import open_bundle
from deemster.errors import BundleRefusedError
from tests.support.bundles import a_bundle, bundle_key, pinned, with_parts

USUAL: dict[str, Any] = json.loads(read_archive(a_bundle()).manifest)
DIGEST = "0" * 64


def refused(octets: bytes) -> str:
    with pytest.raises(BundleRefusedError) as caught:
        read_manifest(octets)
    assert caught.value.cause.value == "malformed"
    return caught.value.message


def changed(**members: object) -> bytes:
    document = {**USUAL, **members}
    return json.dumps(
        {name: value for name, value in document.items() if value is not ...}
    ).encode()


@pytest.mark.parametrize("restores", [None, Restored(3, DIGEST)])
def test_what_was_written_is_read_again(restores: Restored | None) -> None:
    manifest = BundleManifest(
        environment="production",
        sequence=2**53 - 1,
        issued_at=1_800_000_000.0,
        expires=1_800_000_001.0,
        files={"a/b.yaml": DIGEST},
        restores=restores,
    )
    assert read_manifest(write_manifest(manifest)) == manifest


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"format": "deemster-bundle/2"}, "is of format `deemster-bundle/2`, and this release"),
        ({"format": ...}, "is of format `None`"),
        ({"environment": ...}, "has no `environment`"),
        ({"environment": ""}, "an `environment` that is no name"),
        ({"environment": "pro duction"}, "an `environment` that is no name"),
        ({"environment": 7}, "an `environment` that is no name"),
        ({"sequence": ...}, "has no `sequence`"),
        ({"sequence": 0}, "no whole number from 1"),
        ({"sequence": -1}, "no whole number from 1"),
        ({"sequence": 2**53}, "no whole number from 1"),
        ({"sequence": True}, "no whole number from 1"),
        ({"sequence": 1.0}, "no whole number from 1"),
        ({"sequence": "1"}, "no whole number from 1"),
        ({"issuedAt": 1_800_000_000}, "`issuedAt` not as"),
        ({"issuedAt": "2026-11-22T12:00:00+00:00"}, "`issuedAt` not as"),
        ({"issuedAt": "2026-11-22T12:00:00.5Z"}, "`issuedAt` not as"),
        ({"issuedAt": "2026-02-30T12:00:00Z"}, "`issuedAt` not as"),
        ({"expires": "never"}, "`expires` not as"),
        ({"expires": USUAL["issuedAt"]}, "`expires` that is not after `issuedAt`"),
        ({"revision": "0" * 16}, "`revision` that is not that of its files"),
        ({"files": {}}, "lists no `files`"),
        ({"files": []}, "lists no `files`"),
        ({"files": {"a.yaml": "0"}}, "no SHA-256 in hex"),
        ({"files": {"a.yaml": DIGEST.replace("0", "A")}}, "no SHA-256 in hex"),
        ({"files": {"../a.yaml": DIGEST}}, "leads out of the tree"),
        ({"files": {"a.txt": DIGEST}}, "does not end in"),
        ({"restores": None}, "`restores` that is no object"),
        ({"restores": {"sequence": 5, "digest": DIGEST}}, "not below its own"),
        ({"restores": {"sequence": 9, "digest": DIGEST}}, "not below its own"),
        ({"restores": {"sequence": 3}}, "has no `digest`"),
        ({"restores": {"sequence": 3, "digest": "x"}}, "no SHA-256"),
        ({"restores": {"sequence": 3, "digest": DIGEST, "force": True}}, "a member `force`"),
        ({"rollbackAllowed": True}, "a member `rollbackAllowed`"),
    ],
)
def test_a_manifest_of_another_form_is_refused_in_words(
    members: dict[str, object], told: str
) -> None:
    message = refused(changed(**members))
    assert told in message, message
    assert message.startswith("the manifest ")


@pytest.mark.parametrize(
    "octets",
    [b"", b"[]", b"{", b'{"a": 1, "a": 2}', b"\xff", b"[" * 100_000, b'{"a": NaN}'],
    ids=["empty", "array", "half", "twice", "not-utf-8", "deep", "nan"],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(octets: bytes) -> None:
    assert refused(octets)


def test_a_manifest_that_is_signed_all_the_same_is_refused() -> None:
    manifest = changed(expires="never")
    signature = bundle_key().sign(manifest).encode()
    octets = with_parts(a_bundle(), manifest=manifest, signature=signature)
    with pytest.raises(BundleRefusedError, match="`expires` not as"):
        open_bundle(octets, keys=pinned())


def test_too_many_files_are_too_large() -> None:
    files = {f"{number}.yaml": DIGEST for number in range(20_001)}
    with pytest.raises(BundleRefusedError) as caught:
        read_manifest(changed(files=files))
    assert caught.value.cause.value == "too-large"


def test_dates_are_shown_in_utc() -> None:
    assert shown_instant(0.9) == "1970-01-01T00:00:00Z"
