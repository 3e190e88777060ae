"""Replaying a record says what deciding the call under the other tree says, or says that it cannot.

Random calls are decided by one tree and recorded; the record is decided again under another tree,
and so is the call itself. INVARIANT: the two agree wherever replaying answers at all.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

import msgspec
import pytest

from deemster.decisionlog.record import RecordBuilder, outcome_of
from deemster.decisionlog.redaction_rules import Redaction, RedactionRules
from deemster.decisionlog.replayable import ReplayRules
from deemster.decisions.questions import Question
from deemster.errors import TokenRejectedError
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.attributes import (
    AttributeAnswer,
    AttributeFetch,
    Fetched,
    FetchFailed,
    HttpCall,
)
from deemster.model.decision import Decision, Reason
from deemster.model.http import EVERY_STATEMENT, ApiCall
from deemster.model.identity import Credential, VerifiedClaims
from deemster.policy.loading import load_texts
from deemster.policy.snapshot import PolicySnapshot
from deemster.policy.store import PolicyStore
from deemster.policytest.providers import ProviderProfile
from deemster.policytest.replay.desk import NotReplayableError, ReplayDesk
from deemster.policytest.replay.recorded import Record
from deemster.tokens.provider import ProviderKind
from tests.support.points import FakeUsers, Point, a_call, a_caller, a_point, some_claims
from tests.support.policy_trees import a_service
from tests.support.scale import scaled, seed

DECLARED = """\
schema:
  claims:
    tenant: {type: string}
    level: {type: int, optional: true}
  user:
    ward: {type: string, optional: true}
attributes:
  amount: {type: int, source: {body: "$.amount"}}
  score: {type: int, source: {http: {service: s, path: "/score/{claims.sub}", select: "$.v"}}}
  limit: {type: int, source: {http: {service: s, path: "/limit/{claims.tenant}", select: "$.v"}}}
"""
LINES = (
    "public",
    "authenticated",
    "{scopes: {any: [read]}}",
    "{groups: {any: [staff]}}",
    "{scopes: {any: [read, write]}, groups: {any: [staff, boss]}}",
    """{when: "claims.tenant == 'acme'"}""",
    """{when: "has(claims.level) && claims.level > 2"}""",
    """{when: "'x' in request.query['mode']"}""",
    """{when: "'yes' in request.headers['x-trial'] || claims.tenant == 'umbrella'"}""",
    """{when: "has(user.ward) && user.ward == 'north'"}""",
    """{when: "attr.score > 5"}""",
    """{when: "attr.limit > 5 || attr.score > 5"}""",
    """{when: "attr.amount < 100"}""",
    """{when: "request.ip in ['192.0.2.0/24']"}""",
    """{when: "claims.sub == 'alice'"}""",
    """{authentication: {maxAge: 300s}}""",
)
USERS: Mapping[str, Mapping[str, object]] = {
    "alice": {"groups": ["staff"], "attributes": {"ward": "north"}},
    "bob": {"groups": ["boss"], "attributes": {"ward": "south"}},
    "carol": {"groups": [], "attributes": {}},
    "mallory": {"enabled": False},
}
NOW = 1_700_000_000
EVERYTHING = ReplayRules(
    claims=frozenset({"sub", "tenant", "level", "auth_time"}),
    headers=frozenset({"x-trial"}),
    query=frozenset({"mode"}),
    user=frozenset({"groups", "roles", "attributes.ward"}),
    attributes=frozenset({"*"}),
)
KIND = ProviderProfile(
    id="idp", kind=ProviderKind.INTERNAL, verifies=True, issuer="https://idp.example.com"
)


class Sources:
    """Answers by the target that is asked for: the same for whoever asks the same."""

    ANSWERS: ClassVar = {"/score/alice": 9, "/score/bob": 1, "/limit/acme": 7, "/limit/umbrella": 2}

    def recall(self, fetch: AttributeFetch) -> Fetched | None:
        return None

    async def fetch(self, fetch: AttributeFetch, within: float) -> AttributeAnswer:
        assert isinstance(fetch.call, HttpCall)
        found = self.ANSWERS.get(fetch.call.target)
        return FetchFailed("down") if found is None else Fetched({"v": found, "more": [1, 2]})


def a_tree(draw: random.Random) -> PolicySnapshot:
    operations = "operations:\n"
    for number in range(3):
        line = draw.choice(LINES)
        operations += (
            f"  - id: op{number}\n    match: {{methods: [GET, POST], path: /p{number}}}\n"
            f"    allow: {line}\n"
        )
    if draw.random() < 0.3:
        operations += (
            "  - id: more\n    match: {methods: [GET], path: '/p2/{id}'}\n    allow: public\n"
        )
    return load_texts({"shop.yaml": a_service(DECLARED + operations)}).snapshot


def tokens_of(draw: random.Random) -> Mapping[str, VerifiedClaims | Exception]:
    claims: dict[str, object] = {"iss": "https://idp.example.com", "exp": NOW + 60}
    if draw.random() < 0.8:
        claims["tenant"] = draw.choice(["acme", "umbrella", 5])
    if draw.random() < 0.5:
        claims["level"] = draw.choice([1, 3, "high"])
    if draw.random() < 0.7:
        claims["auth_time"] = NOW - draw.choice([10, 10_000])
    who = draw.choice(["alice", "bob", "carol", "mallory", "nobody"])
    scopes = draw.choice(["", "read", "write", "read write"])
    return {
        "good": some_claims(who, scopes=scopes, **claims),
        "late": TokenRejectedError(Reason.TOKEN_EXPIRED),
    }


def a_drawn_call(draw: random.Random) -> ApiCall:
    path = draw.choice(["p0", "p1", "p2", "p2/7", "p9", "p0/..%2fp1", "p1%2f"])
    query = draw.choice(["", "?mode=x", "?mode=y&n=1", "?m%6fde=x&&k", "?n=2", "?flag"])
    headers = draw.sample(
        [("x-trial", "yes"), ("x-other", "1"), ("cookie", "s=1")], k=draw.randrange(3)
    )
    method = draw.choice(["GET", "GET", "POST", "PUT"])
    body = None
    if method == "POST" and draw.random() < 0.7:
        body = draw.choice(['{"amount": 5}', '{"amount": 500}', "no json"])
        headers.append(("content-type", "application/json"))
        headers.append(("content-length", str(len(body))))
    return a_call(
        method,
        f"https://api.example.com/shop/{path}{query}",
        token=draw.choice(["good", "good", "good", "late", None]),
        headers=headers,
        body=body,
        client_ip=draw.choice(["192.0.2.7", "198.51.100.1", None]),
        refusal=Reason.RESERVED_HEADER if draw.random() < 0.03 else None,
        possible=frozenset({"add-header"}),
    )


def a_drawn_question(draw: random.Random) -> Question:
    kind, id_ = draw.choice(
        [
            ("uri", "https://api.example.com/shop/p0"),
            ("uri", "https://api.example.com/shop/p1?mode=x"),
            ("uri", "https://api.example.com/shop/p2/7"),
            ("doc", "7"),
        ]
    )
    properties = {"x": 1} if draw.random() < 0.3 else {}
    subject = Subject("user", draw.choice(["alice", "bob", "nobody"]), properties)
    request = AccessRequest(subject, Action("GET"), Resource(kind, id_))
    return Question(request, Credential("bearer", "good") if draw.random() < 0.5 else None)


def a_point_of(tree: PolicySnapshot, tokens: Mapping[str, VerifiedClaims | Exception]) -> Point:
    return a_point(tree, tokens=tokens, users=FakeUsers(USERS), attributes=Sources(), observes=True)


async def asked(point: Point, what: ApiCall | Question) -> Decision:
    point.clock.set_wall(NOW)
    caller = a_caller(may_name_subjects=True)
    if isinstance(what, Question):
        return await point.point.decide_access(what, caller, possible=EVERY_STATEMENT)
    return await point.point.decide(what, caller)


def recorded(
    what: ApiCall | Question, decision: Decision, rules: ReplayRules, redact: RedactionRules | None
) -> bytes:
    builder = RecordBuilder("test", lambda: NOW, redact=redact, replay=rules)
    call = what if isinstance(what, ApiCall) else a_call("GET", "", question=what.request)
    record = builder.build("sideband", a_caller(), call, decision, outcome_of(decision), 1)
    return msgspec.json.encode(record)


def a_desk(tree: PolicySnapshot, salt: bytes | None = None) -> ReplayDesk:
    store = PolicyStore(lambda: tree)
    store.load()
    return ReplayDesk(store, [KIND], salt=salt)


def less(draw: random.Random) -> ReplayRules:
    """Some of what may be recorded."""

    def some(names: frozenset[str]) -> frozenset[str]:
        return frozenset([name for name in sorted(names) if draw.random() < 0.5])

    return ReplayRules(
        some(EVERYTHING.claims),
        some(EVERYTHING.headers),
        some(EVERYTHING.query),
        some(EVERYTHING.user),
        draw.choice([frozenset(), frozenset({"score"}), frozenset({"*"})]),
    )


SALT = b"salt-of-the-log-0123456789"
REDACTIONS = [
    None,
    None,
    RedactionRules({"subject": Redaction.DIGEST, "client_ip": Redaction.REMOVE}, SALT),
    RedactionRules({"subject": Redaction.REMOVE}, SALT),
    RedactionRules({"url.path": Redaction.DIGEST}, SALT),
]


def the_same(left: Decision, right: Decision) -> bool:
    def told(decision: Decision) -> tuple[object, ...]:
        service = None if decision.service is None else decision.service.id
        deciding = None if decision.deciding is None else decision.deciding.id_path
        return (decision.effect, decision.reason, service, decision.operation, deciding)

    return told(left) == told(right)


@pytest.mark.parametrize("recorded_names", ["everything", "some"])
async def test_a_replayed_record_is_decided_as_the_call_would_be(
    recorded_names: str, figure: object
) -> None:
    draw = random.Random(f"{seed()} {recorded_names}")
    count: Counter[str] = Counter()
    why: Counter[str] = Counter()
    for _ in range(scaled(2_000)):
        old, new = a_tree(draw), a_tree(draw)
        tokens = tokens_of(draw)
        before, after = a_point_of(old, tokens), a_point_of(new, tokens)
        plain, salted = a_desk(new), a_desk(new, SALT)
        for _ in range(5):
            what = a_drawn_call(draw) if draw.random() < 0.8 else a_drawn_question(draw)
            rules, redact = EVERYTHING, None
            if recorded_names == "some":
                rules, redact = less(draw), draw.choice(REDACTIONS)
            was = await asked(before, what)
            line = recorded(what, was, rules, redact)
            record = msgspec.json.decode(line, type=Record)
            truth = await asked(after, what)
            try:
                found = await (plain if redact is None else salted).decide(record)
            except NotReplayableError as left:
                count["left"] += 1
                why[str(left)] += 1
                continue
            count["decided"] += 1
            count["changed"] += (was.effect, was.reason) != (truth.effect, truth.reason)
            assert the_same(found, truth), (what, line, was, found, truth)
    assert count["decided"] > count["left"] // 3, why
    assert count["changed"] > 0
    figure(f"replayed ({recorded_names}): {dict(count)}")  # type: ignore[operator]
