"""`state`: whoever has the key can judge the answer, and nothing else is taken for it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from deemster.decisions.response_phase import RequestState, StateRejection
from deemster.decisions.sealed_states import LIFETIME, PURPOSE, SealedStates
from deemster.errors import CannotCarryOutError
from deemster.model.decision import Statement
from deemster.model.http import HEADERS_NOT_KNOWN, ApiCall, ApiResponse, Headers, Phase
from deemster.model.identity import NOT_FETCHED, UserContext
from deemster.tokens.jose import SealingKey
from tests.support.clock import FROZEN_AT, FrozenClock
from tests.support.points import a_call, a_caller, some_claims

URL = "https://api.example.com/shop/items?b=2&a=1"
KEPT = RequestState(
    claims=some_claims(scopes="read write", acr="hwk", amr=["pwd", "hwk"], level=3),
    user=UserContext(id="alice", groups=frozenset({"x", "y"}), attributes={"level": 3}),
    params={"id": "7", "n": 12},
    statements=(
        Statement(id="mask", code="exclude-attributes", payload=["$.iban"], obligatory=True),
        Statement(id="hint", code="modify-attributes", payload={"$.a": None, "$.b": [1.5]}),
    ),
    routed=("shop", "read"),
    gateway="gw",
    decision_id="d-1",
)


def states(
    *secrets: str, clock: FrozenClock | None = None, environment: str = "local"
) -> SealedStates:
    keys = [SealingKey(f"s{n}", secret, purpose=PURPOSE) for n, secret in enumerate(secrets)]
    return SealedStates(keys, clock=clock or FrozenClock(), environment=environment)


ONE = "first-state-key-of-thirty-two-bytes"
TWO = "another-state-key-of-thirty-two-bytes"


def sealed(url: str = URL, forwarded: str | None = None, kept: RequestState = KEPT) -> str:
    return states(ONE).seal(kept, a_call("GET", url), forwarded or url)


def shown(state: object, method: str = "GET", url: str = URL) -> ApiCall:
    return ApiCall(
        method,
        url,
        HEADERS_NOT_KNOWN,
        phase=Phase.RESPONSE,
        response=ApiResponse(200, Headers(())),
        kept=state,
    )


def opened(state: object, url: str = URL, **more: str) -> object:
    return states(ONE).opened(shown(state, url=url, **more), a_caller()).kept


def test_another_process_with_the_key_knows_all_that_was_kept() -> None:
    assert repr(opened(sealed())) == repr(KEPT)
    found = opened(sealed())
    assert isinstance(found, RequestState)
    assert (found.params, found.statements, found.routed) == (
        KEPT.params, KEPT.statements, KEPT.routed,
    )  # fmt: skip
    assert (found.user, found.claims is not None) == (KEPT.user, True)
    assert found.claims is not None
    assert KEPT.claims is not None
    for name in ("provider", "claims", "scopes", "user_id", "client_id", "asserted", "permissions"):
        assert getattr(found.claims, name) == getattr(KEPT.claims, name)


def test_the_record_of_the_answer_names_the_decision_about_the_request() -> None:
    assert states(ONE).opened(shown(sealed()), a_caller()).gateway_request_id == "d-1"


def test_it_is_small_and_nobody_can_read_it() -> None:
    state = sealed()
    assert len(state) < 1000
    assert "alice" not in state
    assert state != sealed()


def test_no_state_is_left_as_it_is() -> None:
    call = shown(None)
    assert states(ONE).opened(call, a_caller()) is call


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com:443/shop/items?b=2&a=1",
        "https://api.example.com:443/shop/items?a=1&b=2",
        "HTTPS://API.example.com/shop/items?a=%31&b=2",
    ],
)
def test_other_spellings_of_the_same_call_are_the_same_call(url: str) -> None:
    assert isinstance(opened(sealed(), url), RequestState)


def test_octets_that_are_no_text_are_told_apart() -> None:
    url = "https://api.example.com/shop/items?a=%ff"
    state = sealed(url)
    assert isinstance(opened(state, url.replace("ff", "FF")), RequestState)
    assert opened(state, url.replace("ff", "fe")) == StateRejection(ours=True)


def test_the_answer_may_come_with_the_url_that_was_asked_or_that_was_forwarded() -> None:
    forwarded = "https://api.example.com/shop/items?tenant=a"
    state = sealed(forwarded=forwarded)
    assert isinstance(opened(state, URL), RequestState)
    assert isinstance(opened(state, forwarded), RequestState)
    assert opened(state, "https://api.example.com/shop/items") == StateRejection(ours=True)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", URL),
        ("get", URL),
        ("GET", "http://api.example.com/shop/items?b=2&a=1"),
        ("GET", "https://api.example.com:8443/shop/items?b=2&a=1"),
        ("GET", "https://api.example.com/shop/items/?b=2&a=1"),
        ("GET", "https://api.example.com/shop/items?b=2&a=1&a=1"),
        ("GET", "https://api.example.com/shop/items?b=2&a=2"),
        ("GET", "https://api.example.com/shop/items?b=2"),
        ("GET", "no URL"),
    ],
)
def test_the_state_of_another_call_is_rejected(method: str, url: str) -> None:
    assert opened(sealed(), url, method=method) == StateRejection(ours=True)


@pytest.mark.parametrize(
    ("moment", "ours"), [(LIFETIME - 1, RequestState), (LIFETIME, StateRejection)]
)
def test_a_state_expires(moment: int, ours: type) -> None:
    later = states(ONE, clock=FrozenClock(FROZEN_AT + moment))
    assert isinstance(later.opened(shown(sealed()), a_caller()).kept, ours)


def test_neither_another_gateway_nor_another_environment_can_use_it() -> None:
    call = shown(sealed())
    assert states(ONE).opened(call, a_caller(id="other")).kept == StateRejection(ours=True)
    elsewhere = states(ONE, environment="prod").opened(call, a_caller())
    assert elsewhere.kept == StateRejection(ours=True)


def test_the_first_key_seals_and_all_open() -> None:
    old = sealed()
    rotated = states(ONE)
    rotated.replace_keys(
        [SealingKey("s9", TWO, purpose=PURPOSE), SealingKey("s0", ONE, purpose=PURPOSE)]
    )
    new = rotated.seal(KEPT, a_call("GET", URL), URL)
    for state in (old, new):
        assert isinstance(rotated.opened(shown(state), a_caller()).kept, RequestState)
    assert opened(new) == StateRejection(ours=False)
    rotated.replace_keys([SealingKey("s9", TWO, purpose=PURPOSE)])
    assert rotated.opened(shown(old), a_caller()).kept == StateRejection(ours=False)


def test_a_key_of_the_same_id_is_not_the_same_key_and_one_of_another_is() -> None:
    assert states(TWO).opened(shown(sealed()), a_caller()).kept == StateRejection(ours=False)
    assert isinstance(states(TWO, ONE).opened(shown(sealed()), a_caller()).kept, RequestState)


def test_what_says_that_a_key_sealed_it_is_not_opened_by_that_alone() -> None:
    stranger = states(TWO).seal(KEPT, a_call("GET", URL), URL)
    start = sealed().partition("..")[0]
    assert opened(f"{start}..{stranger.partition('..')[2]}") == StateRejection(ours=True)


def by_hand(members: object, purpose: str = PURPOSE, **header: str) -> str:
    """Sealed with the key that `states(ONE)` has, but with another protected header."""
    key = SealingKey("s0", ONE, purpose=PURPOSE)
    said = {**json.loads(key._header), "typ": purpose, **header}
    content = members if isinstance(members, bytes) else json.dumps(members).encode()
    jwe = JWE(content, protected=json.dumps(said, separators=(",", ":")))
    jwe.add_recipient(key._key)
    return str(jwe.serialize(compact=True))


def bound() -> object:
    """The members of a state that is accepted."""
    key = SealingKey("s0", ONE, purpose=PURPOSE)
    return json.loads(key.open(sealed()))


def test_a_state_made_by_hand_is_accepted_if_it_is_right() -> None:
    assert isinstance(opened(by_hand(bound())), RequestState)


def without(*names: str) -> Callable[[dict[str, object]], object]:
    return lambda members: {name: value for name, value in members.items() if name not in names}


def changed(**more: object) -> Callable[[dict[str, object]], object]:
    return lambda members: {**members, **more}


@pytest.mark.parametrize(
    "spoil",
    [
        without("g"), without("d"), without("o"), without("exp"), without("env"), without("for"),
        changed(g=1), changed(o=["shop"]), changed(o="shop"), changed(o=["shop", 1]),
        changed(c=[]), changed(c={}), changed(c={"claims": {}, "scopes": [1]}),
        changed(c={"claims": {}, "scopes": [], "expires": "1"}),
        changed(u={}), changed(u={"id": "a", "groups": "x"}), changed(u={"id": "a", "groups": [1]}),
        changed(u={"id": "a", "attributes": []}), changed(p=[]), changed(p={"id": [1]}),
        changed(s=[["a"]]), changed(s=[[1, "a", [], True]]), changed(s={}),
        changed(exp="9999999999"), changed(exp=None), changed(**{"for": "x"}),
        lambda _: [], lambda _: b"no JSON", lambda _: b'{"g":"a","g":"b"}',
    ],
)  # fmt: skip
def test_content_that_we_do_not_write_is_rejected(
    spoil: Callable[[dict[str, object]], object],
) -> None:
    members = bound()
    assert isinstance(members, dict)
    assert opened(by_hand(spoil(members))) == StateRejection(ours=True)


@pytest.mark.parametrize(
    "header",
    [{"zip": "DEF"}, {"typ": "deemster-state-2"}, {"typ": "JWT"}, {"kid": "s1"}, {"cty": "JSON"}],
)
def test_a_header_that_we_do_not_write_is_not_even_opened(header: dict[str, str]) -> None:
    assert opened(by_hand(bound(), **header)) == StateRejection(ours=False)


def test_what_is_sealed_for_another_purpose_is_not_opened() -> None:
    other = SealingKey("s0", ONE, purpose="something-else").seal(json.dumps(bound()).encode())
    assert opened(other) == StateRejection(ours=False)
    start = sealed().partition("..")[0]
    assert opened(f"{start}..{other.partition('..')[2]}") == StateRejection(ours=True)


@pytest.mark.parametrize("key", [JWK(kty="oct", k="A" * 43), JWK.generate(kty="RSA", size=2048)])
def test_a_jwe_of_a_stranger_is_not_opened(key: JWK) -> None:
    algorithm = "dir" if key.is_symmetric else "RSA-OAEP-256"
    jwe = JWE(b"{}", protected=json.dumps({"alg": algorithm, "enc": "A256GCM"}))
    jwe.add_recipient(key)
    assert opened(jwe.serialize(compact=True)) == StateRejection(ours=False)


@pytest.mark.parametrize("state", ["", "H4sIAAAA", 7, True, {"a": 1}, ["x"], "....", "a" * 200_000])
def test_anything_else_is_not_ours(state: object) -> None:
    assert opened(state) == StateRejection(ours=False)


def test_a_state_of_endless_length_is_not_opened() -> None:
    start = sealed().partition("..")[0]
    assert opened(f"{start}..{'A' * 200_000}") == StateRejection(ours=True)


# --- size and values ------------------------------------------------------------------------------


def test_a_large_directory_entry_is_asked_for_again_instead_of_carried() -> None:
    user = UserContext(id="alice", attributes={"photo": "x" * 40_000}, groups=frozenset({"a"}))
    found = opened(sealed(kept=RequestState(user=user, gateway="gw", routed=("shop", None))))
    assert isinstance(found, RequestState)
    assert found.user == UserContext(id="alice")


def test_a_directory_value_that_is_no_json_is_asked_for_again() -> None:
    user = UserContext(id="alice", attributes={"born": object()})
    found = opened(sealed(kept=RequestState(user=user, gateway="gw", routed=("shop", None))))
    assert isinstance(found, RequestState)
    assert found.user == UserContext(id="alice")


def test_a_part_that_failed_is_one_that_was_not_fetched() -> None:
    user = UserContext(id="alice", groups=RuntimeError("down"), roles=frozenset())
    found = opened(sealed(kept=RequestState(user=user, gateway="gw", routed=("shop", None))))
    assert isinstance(found, RequestState)
    assert found.user == UserContext(id="alice", groups=NOT_FETCHED, roles=frozenset())


def test_claims_beyond_all_measure_cannot_be_carried_so_that_the_call_is_refused() -> None:
    kept = RequestState(claims=some_claims(photo="x" * 60_000), gateway="gw")
    with pytest.raises(CannotCarryOutError):
        sealed(kept=kept)


def test_nothing_but_a_state_is_sealed() -> None:
    with pytest.raises(TypeError):
        states(ONE).seal("kept", a_call("GET", URL), URL)
