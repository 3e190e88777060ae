"""Questions of AuthZEN: who answers, who is accepted, and what is not known of a call."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest
from msgspec.structs import replace

from deemster.decisions.fetching import Deadlines
from deemster.decisions.questions import MOST_SUBJECT, Question
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.decision import Decision, Effect, Reason
from deemster.model.identity import Credential
from deemster.policy.values import TraceEntry
from deemster.tokens.provider import ProviderKind
from tests.support.points import FakeProvider, FakeUsers, Point, a_caller, a_point, some_claims

USERS: Mapping[str, Mapping[str, object]] = {
    "alice": {"groups": ["editors"], "attributes": {"level": 3}},
    "bob": {"groups": ["viewers"]},
    "gone": {"enabled": False},
}
TODOS = """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: todos}
service:
  tokenProvider: {type: internal, id: idp}
schema:
  user: {level: {type: int, optional: true}}
  subject: {role: {type: string, optional: true}}
  resource: {ownerID: {type: string, optional: true}}
  action: {soft: {type: bool, default: false}}
  context: {channel: {type: string, optional: true}}
operations:
  - id: read
    match: {resourceType: todo, actions: [can_read, can_list]}
    allow: authenticated
  - id: update
    match: {resourceType: todo, actions: [can_update]}
    allow:
      groups: {any: [editors]}
      when: "resource.properties.ownerID == user.id"
  - id: delete
    match: {resourceType: todo, actions: [can_delete]}
    allow: {when: "action.properties.soft || user.level >= 5"}
  - id: claimed
    match: {resourceType: todo, actions: [can_claim]}
    allow: {when: "subject.properties.role == 'admin' && context.channel == 'web'"}
"""
SHOP = """
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
    allow: authenticated
  - id: own
    match: {methods: [GET], path: "/items/{id}"}
    allow: {when: "params.id == user.id"}
  - id: pay
    match: {methods: [POST], path: "/items/{id}"}
    allow: {scopes: {any: [pay]}}
  - id: step
    match: {methods: [PUT], path: "/items/{id}"}
    allow: {authentication: {acr: [mfa]}}
  - id: health
    match: {methods: [GET], path: /health}
    allow: public
  - id: internal-only
    match: {methods: [GET], path: /internal}
    policies:
      - id: p
        combiningAlgorithm: permit-unless-deny
        rules:
          - {id: outside, effect: deny, when: "'1' in request.headers['x-outside']"}
  - id: both
    match: {methods: [PATCH], path: "/items/{id}"}
    policies:
      - id: p
        combiningAlgorithm: permit-unless-deny
        rules:
          - {id: other, effect: deny, when: "params.id == 'x'"}
  - {id: number, match: {methods: [GET], path: "/n/{id}"}, params: {id: {type: int}},
     allow: authenticated}
  - {id: name, match: {methods: [GET], path: "/n/{name}"}, allow: authenticated}
  - id: file
    match: {methods: [GET], path: "/files/{id}"}
    paths: {encodedSlash: data}
    allow: {when: "params.id == 'a/b' && request.path == '/shop/files/a%2Fb'"}
"""
TREE = {"todos.yaml": TODOS, "shop.yaml": SHOP}


def point_of(tree: Mapping[str, str] = TREE, **more: object) -> Point:
    tokens = {
        "alice": some_claims(scopes="pay", acr="mfa"),
        "bob": some_claims("bob"),
        "client": replace(some_claims(None), client_id="app"),
    }
    users = FakeUsers(USERS)
    return a_point(tree, tokens=tokens, users=users, **more)  # type: ignore[arg-type]


async def asked(
    point: Point,
    action: str,
    resource: str = "todo:1",
    *,
    subject: str = "alice",
    token: str | None = None,
    may: bool = True,
    services: frozenset[str] = frozenset({"*"}),
    trace: list[TraceEntry] | None = None,
    said: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> Decision:
    """`said`: the properties of `subject`, `action` and `resource`, and `context`."""
    kind, _, id_ = resource.partition(":")
    request = AccessRequest(
        subject=Subject("user", subject, said.get("subject", {})),
        action=Action(action, said.get("action", {})),
        resource=Resource(kind, id_, said.get("resource", {})),
        context=said.get("context", {}),
    )
    caller = a_caller(may_name_subjects=may, api_services=services)
    credential = Credential("bearer", token) if token is not None else None
    return await point.point.decide_access(Question(request, credential), caller, trace)


# --- operations of their own ----------------------------------------------------------------------


async def test_a_pair_of_type_and_action_is_answered_by_its_operation() -> None:
    point = point_of()
    decision = await asked(point, "can_list")
    assert (decision.effect, decision.reason) == (Effect.PERMIT, Reason.PERMITTED)
    assert (decision.operation, decision.subject) == ("read", "alice")
    assert decision.service is not None
    assert (decision.service.id, decision.service.base_url) == ("todos", "")
    assert decision.token is None
    assert point.provider.asked == []


async def test_an_unknown_pair_is_no_operation_and_an_unknown_type_no_service() -> None:
    assert (await asked(point_of(), "can_fly")).reason is Reason.NO_OPERATION
    assert (await asked(point_of(), "can_read", "task:1")).reason is Reason.NO_API_SERVICE
    assert (await asked(point_of(), "can_fly", may=False)).reason is Reason.SUBJECT_NOT_ACCEPTED
    assert (await asked(point_of(), "can_fly", subject="eve")).reason is Reason.USER_UNKNOWN


async def test_a_type_of_several_services_tells_no_more_than_that() -> None:
    other = TODOS.replace("{id: todos}", "{id: others}").replace("can_", "may_")
    point = point_of({**TREE, "others.yaml": other})
    decision = await asked(point, "can_fly")
    assert (decision.reason, decision.service) == (Reason.NO_OPERATION, None)
    assert (await asked(point, "can_fly", may=False)).reason is Reason.SUBJECT_NOT_ACCEPTED
    mine = frozenset({"others"})
    alone = await asked(point, "can_read", services=mine)
    assert alone.reason is Reason.NO_OPERATION
    assert alone.service is not None
    assert alone.service.id == "others"


async def test_what_is_not_this_gateways_business_is_not_there() -> None:
    decision = await asked(point_of(), "can_read", services=frozenset({"shop"}))
    assert (decision.reason, decision.service) == (Reason.NO_API_SERVICE, None)


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        ("alice", Reason.PERMITTED),
        ("eve", Reason.USER_UNKNOWN),
        ("gone", Reason.USER_DISABLED),
        ("", Reason.SUBJECT_NOT_ACCEPTED),
    ],
)
async def test_the_subject_is_looked_up_in_the_directory(subject: str, reason: Reason) -> None:
    assert (await asked(point_of(), "can_read", subject=subject)).reason is reason


async def test_what_is_too_long_for_an_id_is_not_looked_up_and_not_remembered() -> None:
    point = point_of()
    longest = await asked(point, "can_read", subject="x" * MOST_SUBJECT)
    assert (longest.reason, point.users.fetched) == (Reason.USER_UNKNOWN, ["user"])
    longer = await asked(point, "can_read", subject="x" * (MOST_SUBJECT + 1))
    assert (longer.reason, longer.subject) == (Reason.SUBJECT_NOT_ACCEPTED, None)
    assert point.users.fetched == ["user"]


async def test_a_gateway_without_the_right_names_nobody() -> None:
    point = point_of()
    decision = await asked(point, "can_read", may=False)
    assert (decision.reason, decision.subject) == (Reason.SUBJECT_NOT_ACCEPTED, None)
    assert (point.users.fetched, point.provider.asked) == ([], [])
    with_token = await asked(point, "can_read", may=False, token="alice")
    assert with_token.reason is Reason.SUBJECT_NOT_ACCEPTED
    assert point.provider.asked == []


OWN = {"ownerID": "alice"}


@pytest.mark.parametrize(
    ("action", "subject", "said", "reason"),
    [
        ("can_update", "alice", {"resource": OWN}, Reason.PERMITTED),
        ("can_update", "bob", {"resource": OWN}, Reason.GROUP_MISSING),
        ("can_update", "alice", {"resource": {"ownerID": "bob"}}, Reason.POLICY_DENIED),
        ("can_update", "alice", {}, Reason.ATTRIBUTE_MISSING),
        ("can_update", "alice", {"resource": {"ownerID": 1}}, Reason.INDETERMINATE),
        ("can_delete", "alice", {"action": {"soft": True}}, Reason.PERMITTED),
        ("can_delete", "alice", {}, Reason.POLICY_DENIED),
        ("can_delete", "bob", {}, Reason.ATTRIBUTE_MISSING),
        ("can_claim", "bob", {"subject": {"role": "admin"},
                              "context": {"channel": "web"}}, Reason.PERMITTED),
        ("can_claim", "alice", {"resource": {"role": "admin"},
                                "context": {"channel": "web"}}, Reason.ATTRIBUTE_MISSING),
    ],
)  # fmt: skip
async def test_conditions_read_what_is_said_and_what_is_stored_apart(
    action: str, subject: str, said: Mapping[str, Mapping[str, object]], reason: Reason
) -> None:
    decision = await asked(point_of(), action, subject=subject, said=said)
    assert decision.reason is reason


async def test_properties_of_the_request_are_never_those_of_the_directory() -> None:
    said: dict[str, Mapping[str, object]] = {"subject": {"level": 9, "groups": ["editors"]}}
    assert (await asked(point_of(), "can_delete", said=said)).reason is Reason.POLICY_DENIED
    own: dict[str, Mapping[str, object]] = {**said, "resource": {"ownerID": "bob"}}
    assert (await asked(point_of(), "can_update", subject="bob", said=own)).reason is (
        Reason.GROUP_MISSING
    )


async def test_too_late_is_deny() -> None:
    point = point_of(deadlines=Deadlines(decision=-1.0))
    assert (await asked(point, "can_read")).reason in (
        Reason.DEADLINE_EXCEEDED,
        Reason.DEPENDENCY_UNAVAILABLE,
    )


async def test_a_directory_that_fails_is_a_deny() -> None:
    users = FakeUsers(USERS, broken=frozenset({"groups"}))
    point = a_point(TREE, users=users)
    decision = await asked(point, "can_update", said={"resource": OWN})
    assert decision.reason is Reason.DEPENDENCY_UNAVAILABLE


async def test_before_the_first_load_everything_is_denied() -> None:
    decision = await asked(a_point(None), "can_read")
    assert decision.reason is Reason.INTERNAL_ERROR


# --- tokens that come along -----------------------------------------------------------------------

GUARDED = {
    "shop.yaml": SHOP.replace(
        "operations:",
        "  # a guard that asks the token\n"
        "guards: [{id: g, combiningAlgorithm: deny-overrides, rules: [{id: strong, effect: deny, "
        "when: \"claims.acr != 'mfa'\"}], exempt: [health]}]\noperations:",
        1,
    )
}


@pytest.mark.parametrize(
    ("subject", "token", "reason"),
    [
        ("alice", "alice", Reason.PERMITTED),
        ("bob", "alice", Reason.SUBJECT_NOT_ACCEPTED),
        ("alice", "forged", Reason.TOKEN_SIGNATURE_INVALID),
        ("alice", None, Reason.SCOPE_MISSING),
        ("bob", "bob", Reason.SCOPE_MISSING),
        ("app", "client", Reason.SCOPE_MISSING),
    ],
)
async def test_a_token_is_verified_like_any_other_and_must_be_the_subjects(
    subject: str, token: str | None, reason: Reason
) -> None:
    url = "uri:https://api.example.com/shop/items/7"
    decision = await asked(point_of(), "POST", url, subject=subject, token=token)
    assert decision.reason is reason


async def test_a_client_has_no_user() -> None:
    url = "uri:https://api.example.com/shop/items/app"
    decision = await asked(point_of(), "GET", url, subject="app", token="client")
    assert decision.reason is Reason.ATTRIBUTE_MISSING


async def test_without_a_token_a_guard_that_reads_claims_is_in_error() -> None:
    url = "uri:https://api.example.com/shop/items"
    decision = await asked(point_of(GUARDED), "GET", url)
    assert decision.reason is Reason.ATTRIBUTE_MISSING
    decision = await asked(point_of(GUARDED), "GET", url, token="alice")
    assert decision.reason is Reason.PERMITTED


async def test_a_step_up_would_help_a_subject_without_a_token() -> None:
    url = "uri:https://api.example.com/shop/items/7"
    decision = await asked(point_of(), "PUT", url)
    assert decision.reason is Reason.AUTHENTICATION_TOO_WEAK
    assert decision.challenge is not None
    assert decision.challenge.acr_values == "mfa"


async def test_a_provider_that_verifies_nothing_takes_no_token() -> None:
    provider = FakeProvider({}, kind=ProviderKind.EXTERNAL, verifies_credentials=False)
    external = TODOS.replace("internal", "external").replace("allow: authenticated", "allow: "
        "{when: \"subject.id != ''\"}")  # fmt: skip
    external = external[: external.index("  - id: update")]
    point = a_point({"todos.yaml": external}, provider=provider)
    assert (await asked(point, "can_read", token="t")).reason is Reason.CLAIMS_MISSING
    decision = await asked(point, "can_read", subject="nobody-we-know")
    assert (decision.reason, decision.subject) == (Reason.PERMITTED, "nobody-we-know")


# --- routes and URLs ------------------------------------------------------------------------------

SHOP_ALONE = frozenset({"shop"})


@pytest.mark.parametrize(
    ("action", "route", "operation", "reason"),
    [
        ("GET", "/items", "list", Reason.PERMITTED),
        ("GET", "/items/{itemId}", "own", Reason.ATTRIBUTE_MISSING),
        ("POST", "/items/{itemId}", "pay", Reason.SCOPE_MISSING),
        ("DELETE", "/items", None, Reason.NO_OPERATION),
        ("get", "/items", None, Reason.NO_OPERATION),
        ("GET", "/items/7", None, Reason.NO_OPERATION),
        ("GET", "https://api.example.com/shop/items", None, Reason.NO_OPERATION),
        ("GET", "/internal", "internal-only", Reason.ATTRIBUTE_MISSING),
        ("PATCH", "/items/{x}", "both", Reason.ATTRIBUTE_MISSING),
        ("GET", "/n/{id}", None, Reason.AMBIGUOUS_PATH),
    ],
)
async def test_a_route_is_a_template_of_the_gateways_only_service(
    action: str, route: str, operation: str | None, reason: Reason
) -> None:
    decision = await asked(point_of(), action, f"route:{route}", services=SHOP_ALONE)
    assert (decision.operation, decision.reason) == (operation, reason)


@pytest.mark.parametrize("services", ["*", "shop todos", "unknown", "* shop"])
async def test_a_route_of_a_gateway_with_several_services_means_none(services: str) -> None:
    mine = frozenset(services.split())
    decision = await asked(point_of(), "GET", "route:/items", services=mine)
    assert (decision.reason, decision.service) == (Reason.NO_API_SERVICE, None)


@pytest.mark.parametrize(
    ("action", "path", "operation", "reason"),
    [
        ("GET", "/shop/items", "list", Reason.PERMITTED),
        ("GET", "/shop/items/alice", "own", Reason.PERMITTED),
        ("GET", "/shop/items/bob", "own", Reason.POLICY_DENIED),
        ("GET", "/shop/nothing", None, Reason.NO_OPERATION),
        ("GET", "/elsewhere", None, Reason.NO_API_SERVICE),
        ("GET", "/shop/../shop/items", None, Reason.AMBIGUOUS_PATH),
        ("GET", "/shop/items/a%2Fb", None, Reason.AMBIGUOUS_PATH),
        ("GET", "/shop/files/a%2Fb", "file", Reason.PERMITTED),
        ("GET", "/shop/items#x", None, Reason.AMBIGUOUS_PATH),
        ("GET", "/shop/internal", "internal-only", Reason.ATTRIBUTE_MISSING),
        ("PATCH", "/shop/items/y", "both", Reason.PERMITTED),
        ("PATCH", "/shop/items/x", "both", Reason.POLICY_DENIED),
    ],
)
async def test_a_uri_is_routed_as_the_call_would_be(
    action: str, path: str, operation: str | None, reason: Reason
) -> None:
    decision = await asked(point_of(), action, f"uri:https://api.example.com{path}")
    assert (decision.operation, decision.reason) == (operation, reason)


@pytest.mark.parametrize("text", ["", "/shop/items", "ftp://api.example.com/", "http://", "a b"])
async def test_what_is_no_url_belongs_to_no_service(text: str) -> None:
    assert (await asked(point_of(), "GET", f"uri:{text}")).reason is Reason.NO_API_SERVICE


async def test_a_public_operation_asks_for_no_subject() -> None:
    url = "uri:https://api.example.com/shop/health"
    decision = await asked(point_of(), "GET", url, subject="eve", may=False)
    assert (decision.reason, decision.subject) == (Reason.PERMITTED, None)


async def test_unmatched_calls_are_for_guards_and_unmatched_pairs_are_not() -> None:
    rules = "[{id: r, effect: permit, when: \"'editors' in user.groups\"}]"
    guard = f"guards: [{{id: g, combiningAlgorithm: deny-overrides, rules: {rules}}}]\n"
    todos = "  - {id: t, match: {resourceType: t, actions: [a]}, allow: authenticated}\n"
    text = SHOP[: SHOP.index("  - id: own")].replace("operations:", f"{guard}operations:") + todos
    tree = {"shop.yaml": text.replace("  audience", "  unmatched: guards\n  audience")}
    url = "uri:https://api.example.com/shop/nothing"
    assert (await asked(point_of(tree), "GET", url)).reason is Reason.PERMITTED
    assert (await asked(point_of(tree), "GET", url, subject="bob")).reason is Reason.NO_OPERATION
    assert (await asked(point_of(tree), "GET", url, may=False)).reason is (
        Reason.SUBJECT_NOT_ACCEPTED
    )
    route = await asked(point_of(tree), "GET", "route:/x", services=SHOP_ALONE)
    assert route.reason is Reason.PERMITTED
    assert (await asked(point_of(tree), "b", "t:1")).reason is Reason.NO_OPERATION


async def test_no_preflight_is_seen_in_a_question() -> None:
    tree = {"shop.yaml": SHOP.replace("  audience", "  preflight: allow\n  audience")}
    decision = await asked(point_of(tree), "OPTIONS", "uri:https://api.example.com/shop/items")
    assert decision.reason is Reason.NO_OPERATION


@pytest.mark.parametrize(
    "when",
    [
        "size(request.headers['x']) == 0",
        "request.path == '/shop/q'",
        "request.relativePath == '/q'",
        "request.host == 'api.example.com'",
        "request.scheme == 'https'",
        "'a' in request.query['q']",
        "request.ip == '10.0.0.1'",
        "request.certificate.subject == 'a'",
        "has(request.path)",
    ],
)
async def test_what_a_route_does_not_tell_is_an_error_and_not_empty(when: str) -> None:
    when = when.replace('"', '\\"')
    text = SHOP[: SHOP.index("  - id: own")].replace(
        "allow: authenticated", f'allow: {{when: "{when}"}}'
    )
    decision = await asked(
        point_of({"shop.yaml": text}), "GET", "route:/items", services=SHOP_ALONE
    )
    assert decision.reason is Reason.ATTRIBUTE_MISSING


async def test_the_method_and_the_moment_are_known() -> None:
    when = "request.method == 'GET' && request.time > timestamp('2000-01-01T00:00:00Z')"
    text = SHOP[: SHOP.index("  - id: own")].replace(
        "allow: authenticated", f'allow: {{when: "{when}"}}'
    )
    decision = await asked(
        point_of({"shop.yaml": text}), "GET", "route:/items", services=SHOP_ALONE
    )
    assert decision.reason is Reason.PERMITTED


async def test_the_trace_shows_what_conditions_saw() -> None:
    trace: list[TraceEntry] = []
    await asked(point_of(), "can_update", trace=trace, said={"resource": OWN})
    assert [entry.id_path for entry in trace] == [
        "todos/update/allow/groups",
        "todos/update/allow/when",
    ]
