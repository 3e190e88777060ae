"""No state but the very one that was given for a call lets its answer pass."""

from __future__ import annotations

import string
from dataclasses import fields
from functools import partial

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.decisions.response_phase import RequestState
from deemster.decisions.sealed_states import LIFETIME
from deemster.model.decision import Statement
from deemster.model.identity import NOT_FETCHED, UserContext, VerifiedClaims
from tests.support.both_legs import URL, Replica, is_passed, reason_of
from tests.support.clock import FROZEN_AT, FrozenClock
from tests.support.gateway_calls import some_states
from tests.support.points import a_call, a_caller
from tests.support.policy_trees import a_service, an_operation
from tests.support.scale import scaled

RESPONSE = """response:
  policies:
    - id: seen
      combiningAlgorithm: deny-overrides
      rules: [{id: r, effect: deny, when: "response.status >= 500"}]
"""
MASK = (
    "statements:\n  mask: {code: exclude-attributes, appliesTo: permit, obligatory: true, "
    'payload: ["$.iban"]}\n'
)
TREE = {
    "shop.yaml": a_service(
        MASK + an_operation(f"allow: authenticated\nattach: [mask]\n{RESPONSE}", path="/{id}")
    )
}
URLS = [f"{URL}", f"{URL}?a=1&b=2", URL.replace("items", "other")]
REPLICA = Replica(TREE)
PERMITTED = {url: anyio.run(partial(REPLICA.asked, url=url)) for url in URLS}
STATES = {url: str(permitted["state"]) for url, permitted in PERMITTED.items()}
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = st.frozensets(TEXTS, max_size=3)
ALPHABET = string.ascii_letters + string.digits + "-_.=+/ "


def shown(state: object, url: str, method: str = "GET") -> dict[str, object]:
    return anyio.run(lambda: REPLICA.shown(PERMITTED[url], state=state, method=method))


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """A state that was given, with something of it changed, left out, repeated or exchanged."""
    state = STATES[draw(st.sampled_from(URLS))]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(state)))
        end = draw(st.integers(start, min(len(state), start + 4)))
        state = state[:start] + draw(st.text(ALPHABET, max_size=4)) + state[end:]
    return state


@settings(max_examples=scaled(3_000))
@given(state=spoilt(), url=st.sampled_from(URLS))
def test_a_state_that_was_changed_anywhere_refuses_the_answer(state: str, url: str) -> None:
    answer = shown(state, url)
    assert is_passed(answer) is (state == STATES[url])
    if not is_passed(answer):
        assert reason_of(answer) == "state-rejected"


@settings(max_examples=scaled(1_000))
@given(data=st.data(), url=st.sampled_from(URLS))
def test_parts_of_several_states_make_none(data: st.DataObject, url: str) -> None:
    fresh = [
        some_states("another-state-key-" * 2).seal(KEPT, a_call("GET", url), url),
        some_states().seal(KEPT, a_call("GET", url), url),
    ]
    parts = [state.split(".") for state in [*STATES.values(), *fresh]]
    state = ".".join(data.draw(st.sampled_from(parts))[index] for index in range(5))
    assert is_passed(shown(state, url)) is (state in {STATES[url], fresh[1]})


@settings(max_examples=scaled(500))
@given(state=JSON.filter(lambda value: value is not None), url=st.sampled_from(URLS))
def test_no_other_json_is_a_state(state: object, url: str) -> None:
    assert reason_of(shown(state, url)) == "state-rejected"


@pytest.mark.parametrize("sealed_for", URLS)
@pytest.mark.parametrize("shown_with", URLS)
def test_a_state_is_for_its_own_call(sealed_for: str, shown_with: str) -> None:
    answer = shown(STATES[sealed_for], shown_with)
    assert is_passed(answer) is (sealed_for == shown_with)


@settings(max_examples=scaled(300))
@given(late=st.integers(-LIFETIME, LIFETIME))
def test_a_state_is_good_until_it_expires(late: int) -> None:
    states = some_states(clock=FrozenClock(FROZEN_AT + LIFETIME + late))
    replica = Replica(TREE, states)
    answer = anyio.run(lambda: replica.shown(PERMITTED[URL]))
    assert is_passed(answer) is (late < 0)


KEPT = RequestState(routed=("shop", "read"), gateway="gw", params={"id": "items"})

CLAIMS = st.builds(
    VerifiedClaims,
    provider=TEXTS,
    claims=st.dictionaries(TEXTS, JSON, max_size=4),
    scopes=NAMES,
    user_id=st.none() | TEXTS,
    client_id=st.none() | TEXTS,
    asserted=st.booleans(),
    permissions=st.none() | NAMES,
    expires_at=st.none() | st.integers(0, 2**40) | st.floats(0, 2**40),
    key_id=st.none() | TEXTS,
)
PART = st.just(NOT_FETCHED)
USERS = st.builds(
    UserContext,
    id=TEXTS,
    groups=PART | NAMES,
    roles=PART | NAMES,
    attributes=PART | st.dictionaries(TEXTS, JSON, max_size=3),
)
STATEMENTS = st.builds(Statement, id=TEXTS, code=TEXTS, payload=JSON, obligatory=st.booleans())
KEPT_STATES = st.builds(
    RequestState,
    claims=st.none() | CLAIMS,
    user=st.none() | USERS,
    params=st.dictionaries(TEXTS, TEXTS | st.integers(-(2**63), 2**63 - 1), max_size=3),
    statements=st.lists(STATEMENTS, max_size=3).map(tuple),
    routed=st.tuples(TEXTS, st.none() | TEXTS),
    gateway=st.just("gw"),
    decision_id=TEXTS,
)


@settings(max_examples=scaled(2_000))
@given(kept=KEPT_STATES, url=st.sampled_from(URLS))
def test_whatever_was_kept_comes_back_as_it_was(kept: RequestState, url: str) -> None:
    sealed = some_states().seal(kept, a_call("GET", url), url)
    call = a_call("GET", url, kept=sealed)
    found = some_states().opened(call, a_caller()).kept
    assert isinstance(found, RequestState)
    for part in fields(RequestState):
        if part.name != "claims":
            assert getattr(found, part.name) == getattr(kept, part.name), part.name
    assert members_of(found.claims) == members_of(kept.claims)


def members_of(claims: VerifiedClaims | None) -> object:
    if claims is None:
        return None
    return {name: getattr(claims, name) for name in VerifiedClaims.__struct_fields__}
