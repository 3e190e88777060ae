"""The decision point: the order of judgement, and that nothing but a permit permits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from deemster.decisions.point import Deadlines
from deemster.errors import (
    DependencyUnavailableError,
    MalformedCallError,
    TokenRejectedError,
)
from deemster.model.decision import Challenge, Effect, Reason
from deemster.model.identity import Credential, VerifiedClaims
from deemster.policy.values import TraceEntry
from deemster.tokens.provider import ProviderKind
from tests.support.points import (
    FakeProvider,
    FakeUsers,
    a_call,
    a_caller,
    a_point,
    some_claims,
)

SHOP = {
    "shop.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: shop}
service:
  baseUrls: [https://api.example.com/shop]
  tokenProvider: {type: internal, id: idp}
  audience: Shop
operations:
  - id: list
    match: {methods: [GET], path: /items}
    allow: {scopes: {any: [read, admin]}}
  - id: buy
    match: {methods: [POST], path: /items}
    allow:
      scopes: {all: [read, buy]}
      authentication: {acr: [mfa, hwk], maxAge: 300s}
    otherwise: {code: buy.no, message: "Not like this."}
  - id: staff
    match: {methods: [GET], path: /staff}
    allow: {groups: {any: [staff]}}
  - id: not-outsiders
    match: {methods: [GET], path: /inside}
    allow: {when: "!('outsiders' in user.groups)"}
  - id: me
    match: {methods: [GET], path: /me}
    allow: authenticated
  - id: health
    match: {methods: [GET, HEAD], path: /health}
    allow: public
"""
}
PARTNERS = {
    "partners.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: partners}
service:
  baseUrls: [https://api.example.com/shop]
  tokenProvider: {type: external, id: idp}
operations:
  - id: list
    match: {methods: [GET], path: /items}
    allow: {when: "claims.sub == 'partner-1'"}
"""
}
ITEMS = "https://api.example.com/shop/items"
REALM = "https://api.example.com/shop/"


async def test_a_token_with_the_scope_is_permitted_and_the_grant_is_named() -> None:
    point = a_point(SHOP, tokens={"t": some_claims(scopes="read")})
    decision = await point.point.decide(a_call(url=ITEMS, token="t"), a_caller())
    assert (decision.effect, decision.reason) == (Effect.PERMIT, Reason.PERMITTED)
    assert (decision.operation, decision.subject) == ("list", "alice")
    assert decision.deciding is not None
    assert decision.deciding.id_path == "shop/list/allow"
    assert decision.deciding.span.place == "shop.yaml:12"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://other.example.com/shop/items", Reason.NO_API_SERVICE),
        ("https://api.example.com/shopping/items", Reason.NO_API_SERVICE),
        ("https://api.example.com/shop/%2e%2e/items", Reason.AMBIGUOUS_PATH),
        ("https://api.example.com/shop/items%2f", Reason.AMBIGUOUS_PATH),
        ("https://api.example.com/shop//items", Reason.AMBIGUOUS_PATH),
        ("https://api.example.com/shop/items;x", Reason.AMBIGUOUS_PATH),
        ("https://api.example.com/shop/nothing", Reason.NO_OPERATION),
        ("https://api.example.com/shop/Items", Reason.NO_OPERATION),
    ],
)
async def test_a_url_that_leads_nowhere_is_denied_with_its_reason(url: str, reason: Reason) -> None:
    point = a_point(SHOP, tokens={"t": some_claims(scopes="read admin")})
    decision = await point.point.decide(a_call(url=url, token="t"), a_caller())
    assert (decision.effect, decision.reason) == (Effect.DENY, reason)


async def test_a_service_that_is_not_the_gateways_looks_as_if_it_were_not_there() -> None:
    point = a_point(SHOP, tokens={"t": some_claims(scopes="read")})
    caller = a_caller(api_services=frozenset({"another"}))
    decision = await point.point.decide(a_call(url=ITEMS, token="t"), caller)
    assert decision.reason is Reason.NO_API_SERVICE
    assert decision.service is None
    assert point.provider.asked == []


async def test_a_caller_without_a_token_learns_nothing_of_operations() -> None:
    point = a_point(SHOP)
    for path in ("items", "nothing"):
        decision = await point.point.decide(
            a_call(url=f"https://api.example.com/shop/{path}"), a_caller()
        )
        assert decision.reason is Reason.TOKEN_MISSING
        assert decision.challenge == Challenge(realm=REALM)


async def test_an_ambiguous_path_is_refused_before_a_token_is_looked_at() -> None:
    point = a_point(SHOP)
    decision = await point.point.decide(
        a_call(url="https://api.example.com/shop/a%2Fb", token="t"), a_caller()
    )
    assert decision.reason is Reason.AMBIGUOUS_PATH
    assert point.provider.asked == []


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PURGE", "get"])
async def test_no_method_is_implied_by_another(method: str) -> None:
    point = a_point(SHOP, tokens={"t": some_claims(scopes="read")})
    decision = await point.point.decide(a_call(method, ITEMS, token="t"), a_caller())
    assert decision.reason is Reason.NO_OPERATION


async def test_a_public_operation_reads_no_credential() -> None:
    point = a_point(SHOP)
    call = a_call(url="https://api.example.com/shop/health", token="garbage")
    decision = await point.point.decide(call, a_caller())
    assert decision.permitted
    assert (point.provider.asked, decision.subject) == ([], None)


@pytest.mark.parametrize(
    ("claims", "reason", "challenge"),
    [
        (
            {"scopes": "read"},
            Reason.SCOPE_MISSING,
            Challenge(realm=REALM, error="insufficient_scope", scope="read buy"),
        ),
        (
            {"scopes": "read buy", "acr": "pwd"},
            Reason.AUTHENTICATION_TOO_WEAK,
            Challenge(
                realm=REALM,
                error="insufficient_user_authentication",
                acr_values="mfa hwk",
                max_age=300,
            ),
        ),
        (
            {"scopes": "read buy", "acr": "mfa", "auth_time": 0},
            Reason.AUTHENTICATION_TOO_OLD,
            Challenge(
                realm=REALM,
                error="insufficient_user_authentication",
                acr_values="mfa hwk",
                max_age=300,
            ),
        ),
    ],
    ids=["scope", "acr", "age"],
)
async def test_a_refused_line_says_what_would_help_and_keeps_the_authors_words(
    claims: Mapping[str, object], reason: Reason, challenge: Challenge
) -> None:
    point = a_point(SHOP, tokens={"t": some_claims(**claims)})  # type: ignore[arg-type]
    decision = await point.point.decide(a_call("POST", ITEMS, token="t"), a_caller())
    assert (decision.effect, decision.reason) == (Effect.DENY, reason)
    assert decision.challenge == challenge
    assert decision.denied_reason is not None
    assert decision.denied_reason.code == "buy.no"


@pytest.mark.parametrize("age", [-30, 0, 300])
async def test_an_authentication_within_its_bounds_is_recent_enough(age: int) -> None:
    point = a_point(SHOP)
    now = point.clock.wall()
    point.provider.tokens = {
        "t": some_claims(scopes="read buy", acr="mfa", auth_time=int(now) - age)
    }
    decision = await point.point.decide(a_call("POST", ITEMS, token="t"), a_caller())
    assert decision.permitted


@pytest.mark.parametrize("age", [-31, 301])
async def test_an_authentication_beyond_its_bounds_is_too_old(age: int) -> None:
    point = a_point(SHOP)
    now = point.clock.wall()
    point.provider.tokens = {
        "t": some_claims(scopes="read buy", acr="mfa", auth_time=int(now) - age)
    }
    decision = await point.point.decide(a_call("POST", ITEMS, token="t"), a_caller())
    assert decision.reason is Reason.AUTHENTICATION_TOO_OLD


async def test_two_authorization_headers_are_refused_where_a_credential_is_read() -> None:
    point = a_point(SHOP, tokens={"t": some_claims(scopes="read")})
    headers = [("authorization", "Bearer t"), ("authorization", "Bearer t")]
    decision = await point.point.decide(a_call(url=ITEMS, headers=headers), a_caller())
    assert decision.reason is Reason.CREDENTIAL_AMBIGUOUS


async def test_what_the_adapter_refuses_is_refused_on_public_operations_too() -> None:
    point = a_point(SHOP)
    call = a_call(url="https://api.example.com/shop/health", refusal=Reason.RESERVED_HEADER)
    assert (await point.point.decide(call, a_caller())).reason is Reason.RESERVED_HEADER


# --- users --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("users", "reason"),
    [({}, Reason.USER_UNKNOWN), ({"alice": {"enabled": False}}, Reason.USER_DISABLED)],
    ids=["unknown", "disabled"],
)
@pytest.mark.parametrize("path", ["items", "me", "nothing"])
async def test_a_user_that_is_not_known_or_disabled_is_denied_before_evaluation(
    users: Mapping[str, Mapping[str, object]], reason: Reason, path: str
) -> None:
    point = a_point(SHOP, tokens={"t": some_claims(scopes="read")}, users=FakeUsers(users))
    decision = await point.point.decide(
        a_call(url=f"https://api.example.com/shop/{path}", token="t"), a_caller()
    )
    assert decision.reason is reason


async def test_groups_are_fetched_only_where_a_rule_reads_them() -> None:
    users = FakeUsers({"alice": {"groups": ["staff"]}})
    point = a_point(SHOP, tokens={"t": some_claims(scopes="read")}, users=users)
    await point.point.decide(a_call(url=ITEMS, token="t"), a_caller())
    assert users.fetched == ["user"]
    call = a_call(url="https://api.example.com/shop/staff", token="t")
    assert (await point.point.decide(call, a_caller())).permitted
    assert users.fetched == ["user", "groups"]


async def test_a_client_token_has_no_user_and_asks_no_directory() -> None:
    users = FakeUsers()
    point = a_point(SHOP, tokens={"t": some_claims(None, scopes="read")}, users=users)
    assert (await point.point.decide(a_call(url=ITEMS, token="t"), a_caller())).permitted
    call = a_call(url="https://api.example.com/shop/staff", token="t")
    assert (await point.point.decide(call, a_caller())).reason is Reason.GROUP_MISSING
    call = a_call(url="https://api.example.com/shop/inside", token="t")
    assert (await point.point.decide(call, a_caller())).reason is Reason.ATTRIBUTE_MISSING
    assert users.fetched == []


async def test_a_directory_that_fails_never_makes_a_negated_condition_true() -> None:
    users = FakeUsers({"alice": {}}, broken=frozenset({"groups"}))
    point = a_point(SHOP, tokens={"t": some_claims()}, users=users)
    call = a_call(url="https://api.example.com/shop/inside", token="t")
    decision = await point.point.decide(call, a_caller())
    assert (decision.effect, decision.reason) == (Effect.DENY, Reason.DEPENDENCY_UNAVAILABLE)


# --- claims asserted by a gateway ---------------------------------------------------------------


def an_external_provider() -> FakeProvider:
    return FakeProvider(kind=ProviderKind.EXTERNAL, verifies_credentials=False)


async def test_claims_are_believed_from_a_gateway_that_may_assert_them() -> None:
    point = a_point(PARTNERS, provider=an_external_provider())
    caller = a_caller(asserts=frozenset({"idp"}))
    call = a_call(url=ITEMS, asserted_claims={"sub": "partner-1"})
    assert (await point.point.decide(call, caller)).permitted
    assert point.users.fetched == []


async def test_asserted_claims_win_over_a_token_and_the_token_is_not_read() -> None:
    point = a_point(SHOP, tokens={"t": some_claims("bob", scopes="read")})
    caller = a_caller(asserts=frozenset({"idp"}))
    call = a_call(url=ITEMS, token="t", asserted_claims={"sub": "alice", "scope": "none"})
    decision = await point.point.decide(call, caller)
    assert (decision.reason, decision.subject) == (Reason.SCOPE_MISSING, "alice")
    assert point.provider.asked == []


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        (None, Reason.CLAIMS_NOT_ACCEPTED),
        ("refuse", Reason.CLAIMS_NOT_ACCEPTED),
        ("ignore", Reason.CLAIMS_MISSING),
    ],
)
async def test_forged_claims_for_an_external_provider_are_never_believed(
    setting: str | None, reason: Reason
) -> None:
    point = a_point(PARTNERS, provider=an_external_provider())
    call = a_call(url=ITEMS, asserted_claims={"sub": "partner-1"})
    decision = await point.point.decide(call, a_caller(claims=setting))
    assert decision.reason is reason
    assert point.provider.accepted == []


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        (None, Reason.PERMITTED),
        ("ignore", Reason.PERMITTED),
        ("refuse", Reason.CLAIMS_NOT_ACCEPTED),
    ],
)
async def test_forged_claims_for_an_internal_provider_leave_the_token_to_decide(
    setting: str | None, reason: Reason
) -> None:
    point = a_point(SHOP, tokens={"t": some_claims("alice", scopes="read")})
    call = a_call(url=ITEMS, token="t", asserted_claims={"sub": "admin", "scope": "admin"})
    decision = await point.point.decide(call, a_caller(claims=setting))
    assert decision.reason is reason
    assert decision.subject in {"alice", None}
    assert point.provider.accepted == []


async def test_an_external_provider_without_claims_has_nothing_to_read() -> None:
    point = a_point(PARTNERS, provider=an_external_provider())
    caller = a_caller(asserts=frozenset({"idp"}))
    decision = await point.point.decide(a_call(url=ITEMS, token="t"), caller)
    assert decision.reason is Reason.CLAIMS_MISSING


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["", "/shop/items", "ftp://api.example.com/shop", "https://u:p@api.example.com/shop"]
)
async def test_a_url_that_is_none_is_the_gateways_mistake(url: str) -> None:
    point = a_point(SHOP)
    with pytest.raises(MalformedCallError, match="url"):
        await point.point.decide(a_call(url=url), a_caller())


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (RuntimeError("bug"), Reason.INTERNAL_ERROR),
        (MemoryError(), Reason.INTERNAL_ERROR),
        (RecursionError(), Reason.INTERNAL_ERROR),
        (DependencyUnavailableError("issuer"), Reason.DEPENDENCY_UNAVAILABLE),
        (TokenRejectedError(Reason.TOKEN_EXPIRED), Reason.TOKEN_EXPIRED),
    ],
    ids=["bug", "memory", "recursion", "dependency", "token"],
)
async def test_whatever_fails_ends_in_a_deny(failure: Exception, reason: Reason) -> None:
    point = a_point(SHOP, tokens={"t": failure})
    decision = await point.point.decide(a_call(url=ITEMS, token="t"), a_caller())
    assert (decision.effect, decision.reason) == (Effect.DENY, reason)
    assert (point.faults == [failure]) == (reason is Reason.INTERNAL_ERROR)


async def test_a_call_before_the_first_policy_load_is_denied() -> None:
    decision = await a_point(None).point.decide(a_call(url=ITEMS), a_caller())
    assert (decision.effect, decision.reason) == (Effect.DENY, Reason.INTERNAL_ERROR)


class _SlowProvider(FakeProvider):
    async def verify(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        await asyncio.sleep(30)
        return some_claims(scopes="read")


async def test_a_provider_that_hangs_is_a_dependency_that_is_unavailable() -> None:
    point = a_point(SHOP, provider=_SlowProvider(), deadlines=Deadlines(token=0.01))
    decision = await point.point.decide(a_call(url=ITEMS, token="t"), a_caller())
    assert decision.reason is Reason.DEPENDENCY_UNAVAILABLE


async def test_a_decision_that_comes_too_late_is_a_deny_whatever_it_was() -> None:
    point = a_point(SHOP)

    class LateProvider(FakeProvider):
        async def verify(
            self, credential: Credential, *, audience: str | None, now: float
        ) -> VerifiedClaims:
            point.clock.advance(1.01)
            return some_claims(scopes="read")

    late = a_point(SHOP, provider=LateProvider())
    late.clock.advance(0)
    point = late
    decision = await late.point.decide(a_call(url=ITEMS, token="t"), a_caller())
    assert (decision.effect, decision.reason) == (Effect.DENY, Reason.DEADLINE_EXCEEDED)


async def test_a_cancelled_decision_is_no_answer_at_all() -> None:
    point = a_point(SHOP, provider=_SlowProvider(), deadlines=Deadlines(token=30, decision=30))
    task = asyncio.create_task(point.point.decide(a_call(url=ITEMS, token="t"), a_caller()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_trace_shows_every_line_that_was_judged() -> None:
    point = a_point(SHOP, tokens={"t": some_claims(scopes="read buy", acr="pwd")})
    trace: list[TraceEntry] = []
    await point.point.decide(a_call("POST", ITEMS, token="t"), a_caller(), trace)
    assert [(entry.id_path, entry.outcome) for entry in trace] == [
        ("shop/buy/allow/scopes", "holds"),
        ("shop/buy/allow/authentication", "authentication-too-weak"),
    ]
