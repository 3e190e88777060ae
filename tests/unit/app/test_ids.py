"""Ids of decisions: 128 bits, each once, however they are drawn."""

from __future__ import annotations

import itertools
import re

from deemster.app import new_id


def test_ids_are_hexadecimal_and_never_the_same() -> None:
    found = [new_id() for _ in range(10_000)]
    assert len(set(found)) == 10_000
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in found)


def test_nothing_of_an_id_is_in_the_next_one() -> None:
    found = [new_id() for _ in range(300)]
    for one, following in itertools.pairwise(found):
        assert one[-8:] != following[:8]
