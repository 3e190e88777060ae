"""Tells in about a microsecond that a JSON body decoded by msgspec hides no second member.

msgspec is fast and strict, but keeps the last of two members of one name in silence, and two
readers that differ there see two different calls (facts/security.md 1.7, H5). The strict reader
of `model` refuses such a body, at several times the cost. So every body is decoded by msgspec, and
what `hides_nothing` does not vouch for is read again, strictly.
"""

from __future__ import annotations

import msgspec

__all__ = ["Census", "count_untyped", "hides_nothing"]

# Why counting colons is enough. Let the body be JSON that msgspec accepted, and let
#
#   C   colons among the body's bytes (a colon is never part of a longer UTF-8 sequence)
#   M   members written in the body, at every depth: each has exactly one colon outside strings,
#       and JSON has no other colon outside strings                        (RFC 8259 2 and 4)
#   R   colons standing as such inside strings, names included; so C = M + R
#   N   members in the decoded value; N <= M, and N < M exactly if one was dropped: the second
#       of two equal names, or a member that the target type does not know
#   D   colons in the strings of the decoded value, names included
#
# A colon in a decoded string was written as such or as an escape, \u003a or \u003A. Without such
# an escape D counts colons of R, each at most once: D <= R. Then C - (N + D) = (M - N) + (R - D)
# is a sum of two terms that are not negative, so it is zero only if both are: M = N. Nothing was
# dropped. Whitespace, backslashes and quotation marks have no part in the argument.
#
# The other way round an innocent body may fail the test (a `u003` in the text, an unknown
# member); it is read strictly then, and only its time differs.
_COLON_ESCAPE = b"u003"  # found faster than two longer needles


class Census(msgspec.Struct, frozen=True, gc=False):
    """Of a decoded value: its `members` (N above) and the `colons` in its strings (D above)."""

    members: int
    colons: int


def hides_nothing(body: bytes, census: Census) -> bool:
    """Whether no member of `body` was dropped when msgspec decoded it to what was counted.

    Counting too little only makes the answer false.
    """
    return body.count(b":") == census.members + census.colons and (
        # The one octet is found three times as fast, and most bodies do not have it.
        b"\\" not in body or _COLON_ESCAPE not in body
    )


_WIDEST = 1 << 64


def count_untyped(value: object, *, max_depth: int) -> Census | None:
    """The census of a value of any shape; None where only the strict reader may judge it.

    That is where it nests deeper than `max_depth`, or has an integer beyond 64 bits (the readers'
    bounds on digits differ).
    """
    members = 0
    texts: list[str] = []
    level: list[object] = [value]
    depth = deepest = 0
    while level and deepest <= max_depth:
        depth += 1
        inner: list[object] = []
        for found in level:
            if isinstance(found, str):
                texts.append(found)
            elif isinstance(found, dict):
                deepest = depth
                members += len(found)
                texts.extend(found)  # the names, for their colons
                inner.extend(found.values())
            elif isinstance(found, list):
                deepest = depth
                inner.extend(found)
            elif isinstance(found, int) and not -_WIDEST < found < _WIDEST:
                return None
        level = inner
    return None if deepest > max_depth else Census(members, "".join(texts).count(":"))
