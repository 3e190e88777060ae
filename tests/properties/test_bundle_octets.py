"""A signed bundle is what was signed: whatever is done to its octets, it is refused or the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deemster.bundles.paths import clash_of
from deemster.bundles.verifying import open_bundle
from deemster.errors import BundleRefusedError
from tests.support.bundles import FILES, a_signed_bundle, bundle_key, pinned
from tests.support.scale import scaled, seed

ALGORITHMS = ("EdDSA", "ES256")
PATHS = st.from_regex(r"[a-z]{1,8}(/[a-zA-Z0-9 _ü-]{1,30}){0,3}\.yaml", fullmatch=True)


def refused_or_same(octets: bytes, original: bytes, algorithm: str) -> str:
    """The cause, or `same`; nothing else may happen."""
    keys = pinned(bundle_key(algorithm))
    try:
        bundle = open_bundle(octets, keys=keys)
    except BundleRefusedError as refused:
        return refused.cause.value
    expected = open_bundle(original, keys=keys)
    assert (bundle.files, bundle.digest, bundle.manifest) == (
        expected.files,
        expected.digest,
        expected.manifest,
    )
    return "same"


@pytest.mark.catalogue("P1", "P5")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_bundle_with_one_bit_flipped_is_refused(algorithm: str) -> None:
    original = a_signed_bundle(key=bundle_key(algorithm))
    places = range(len(original) * 8)
    chosen = random.Random(seed()).sample(places, min(scaled(len(places)), len(places)))
    causes: dict[str, int] = {}
    for place in chosen:
        octets = bytearray(original)
        octets[place // 8] ^= 1 << place % 8
        cause = refused_or_same(bytes(octets), original, algorithm)
        causes[cause] = causes.get(cause, 0) + 1
    # The archive and the signature have one spelling: not one bit is free.
    assert "same" not in causes
    assert {"malformed", "tampered"} <= causes.keys()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_bundle_with_one_octet_replaced_left_out_or_doubled_is_refused(algorithm: str) -> None:
    original = a_signed_bundle(key=bundle_key(algorithm))
    draw = random.Random(seed())
    for _ in range(scaled(20_000)):
        at, kind = draw.randrange(len(original)), draw.randrange(3)
        put = (bytes([draw.randrange(256)]), b"", original[at : at + 1] * 2)[kind]
        octets = original[:at] + put + original[at + 1 :]
        found = refused_or_same(octets, original, algorithm)
        assert (found == "same") == (octets == original)


def test_a_bundle_with_blocks_exchanged_is_refused() -> None:
    original = a_signed_bundle()
    blocks = [original[at : at + 512] for at in range(0, len(original), 512)]
    for one in range(len(blocks)):
        for other in range(one):
            moved = list(blocks)
            moved[one], moved[other] = moved[other], moved[one]
            octets = b"".join(moved)
            assert (refused_or_same(octets, original, "EdDSA") == "same") == (octets == original)


@settings(max_examples=scaled(500), deadline=None)
@given(st.dictionaries(PATHS, st.binary(max_size=1500), min_size=1, max_size=8))
def test_any_tree_is_read_as_it_was_put_in(files: dict[str, bytes]) -> None:
    assume(clash_of(files) is None)
    assert open_bundle(a_signed_bundle(files), keys=pinned()).files == files


@settings(max_examples=scaled(2_000), deadline=None)
@given(st.binary(max_size=3000))
def test_no_octets_at_all_do_more_than_be_refused(octets: bytes) -> None:
    assert refused_or_same(octets, a_signed_bundle(FILES), "EdDSA") == "malformed"
