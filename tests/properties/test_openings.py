"""What no opening lets in, and what no guard grants: over all kinds of paths and headers."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from deemster.model.decision import Effect, Reason
from deemster.model.openings import is_unambiguous
from deemster.model.urls import PathFeature, canonical_url
from tests.support.points import Point, a_call, a_caller, a_point, some_claims
from tests.support.policy_trees import a_service

# Text by spaces.
VISIBLE = r"""/ / a . .. ; : %2f %2F %2e %5c \ %00 %252e %252f %255c %2500 %25 25 2e 2f %ff %c3%a9
    %25FF %0a %250A %25252e ;v=1 %3b %253b x~"""
PIECES = VISIBLE.split()
PATHS = st.lists(st.sampled_from(PIECES), max_size=10).map(lambda parts: "/" + "".join(parts))
OPENED = st.frozensets(st.sampled_from(list(PathFeature)))


def readings(path: str) -> list[bytes]:
    """The path as those read it who decode it once, twice, and so on until nothing changes."""
    found = [path.encode()]
    while (decoded := unquote_to_bytes(found[-1])) != found[-1]:
        found.append(decoded)
    return found


@given(PATHS, OPENED)
def test_no_opening_lets_in_what_any_reader_takes_for_a_dot_segment_or_worse(
    path: str, opened: frozenset[PathFeature]
) -> None:
    url = canonical_url(f"https://h{path}")
    if not is_unambiguous(url, opened):
        return
    for reading in readings(url.path):
        segments = [segment.split(b";")[0] for segment in reading.split(b"/")]
        assert b"." not in segments
        assert b".." not in segments
        assert not re.search(rb"[\\\x00-\x1f\x7f]", reading)
        reading.decode("utf-8", "strict")


@given(PATHS, OPENED, OPENED)
def test_opening_more_never_refuses_what_was_judged(
    path: str, opened: frozenset[PathFeature], more: frozenset[PathFeature]
) -> None:
    url = canonical_url(f"https://h{path}")
    if is_unambiguous(url, opened):
        assert is_unambiguous(url, opened | more)


# --- guards alone ---------------------------------------------------------------------------------

TREE = """\
guards:
  - id: g
    combiningAlgorithm: deny-overrides
    rules:
      - {id: all, effect: permit}
      - {id: bad, effect: deny, when: "'bad' in request.headers['x-test']"}
operations:
  - {id: list, match: {methods: [GET, PUT], path: /items}, allow: {scopes: {any: [read]}}}
  - {id: item, match: {path: "/items/{id}"}, allow: {scopes: {any: [read]}}}
"""
METHODS = st.sampled_from(["OPTIONS", "GET", "PUT", "POST", "options", "Options", "OPTIONS ", ""])
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["origin", "access-control-request-method", "x-test"]),
        st.sampled_from(["https://app", "GET", "PUT", "GET, PUT", "", "OPTIONS", "bad", "null"]),
    ),
    max_size=5,
)
TARGETS = st.sampled_from(["/items", "/items/7", "/items/", "/nothing", "/", "/items/a%2Fb"])
TOKENS = st.sampled_from([None, "t", "forged", "stranger"])


@cache
def point(block: str) -> Point:
    tokens = {"t": some_claims(), "stranger": some_claims("stranger")}
    return a_point({"a.yaml": a_service(TREE, block=block)}, tokens=tokens)


@given(METHODS, TARGETS, HEADERS, TOKENS)
async def test_a_preflight_permits_nothing_but_options_and_nobody_but_nobody(
    method: str, path: str, headers: list[tuple[str, str]], token: str | None
) -> None:
    call = a_call(method, f"https://api.example.com/shop{path}", headers=headers, token=token)
    decision = await point("preflight: allow\n").point.decide(call, a_caller())
    if decision.effect is not Effect.PERMIT:
        return
    assert decision.reason is Reason.PERMITTED_PREFLIGHT  # nobody here has the scope
    assert call.method == "OPTIONS"
    assert (decision.subject, decision.token, decision.client_id) == (None, None, None)
    names = [name for name, _ in headers]
    assert names.count("origin") == names.count("access-control-request-method") == 1
    assert ("x-test", "bad") not in headers
    assert path in ("/items", "/items/7")


@given(METHODS, TARGETS, HEADERS, TOKENS)
async def test_guards_grant_nothing_to_anybody_without_an_accepted_credential(
    method: str, path: str, headers: list[tuple[str, str]], token: str | None
) -> None:
    call = a_call(method, f"https://api.example.com/shop{path}", headers=headers, token=token)
    decision = await point("unmatched: guards\n").point.decide(call, a_caller())
    if decision.effect is not Effect.PERMIT:
        return
    assert (token, decision.subject) == ("t", "alice")
    assert decision.operation is None
    assert ("x-test", "bad") not in headers
