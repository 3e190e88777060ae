"""A call, its decision and its caller, for the tests of the decision log."""

from __future__ import annotations

from typing import Any

from deemster.model.decision import (
    Decision,
    Effect,
    LeftOut,
    NodeRef,
    Reason,
    Requirement,
    ServiceFacts,
    Statement,
)
from deemster.model.gateway import Gateway, GatewayCaller
from deemster.model.http import ApiCall, Headers
from deemster.model.identity import VerifiedClaims
from deemster.model.source import SourceSpan

CALLER = GatewayCaller(
    Gateway(id="kong", protocols=frozenset({"sideband"}), api_services=frozenset({"*"})), "k1"
)
SERVICE = ServiceFacts("invoices", "https://api.example.com/billing", 403, "challenge")
CLAIMS = VerifiedClaims(
    provider="bizpro",
    claims={"jti": "token-7", "email": "alice@example.com"},
    scopes=frozenset({"invoices.read"}),
    user_id="alice",
    client_id="app",
    asserted=False,
    key_id="k-2026",
)


def a_call(**changes: Any) -> ApiCall:  # noqa: ANN401  any field of a call
    defaults: dict[str, Any] = {
        "method": "GET",
        "url": "https://api.example.com/billing/invoices/12?token=CANARY-QUERY",
        "headers": Headers(
            (("authorization", "Bearer CANARY-TOKEN"), ("cookie", "session=CANARY-COOKIE"))
        ),
        "body": "CANARY-BODY",
        "client_ip": "192.0.2.7",
        "gateway_request_id": "req-1",
        "asserted_claims": {"email": "CANARY-CLAIM"},
    }
    return ApiCall(**(defaults | changes))


def a_decision(**changes: Any) -> Decision:  # noqa: ANN401  any field of a decision
    defaults: dict[str, Any] = {
        "effect": Effect.DENY,
        "reason": Reason.SCOPE_MISSING,
        "reasons": (Reason.SCOPE_MISSING, Reason.GROUP_MISSING),
        "decision_id": "d-1",
        "revision": "r-1",
        "service": SERVICE,
        "operation": "read-invoice",
        "deciding": NodeRef(
            "invoices/read-invoice/allow", SourceSpan("policies/invoices.yaml", 21, 5, 21, 10)
        ),
        "missing": (
            Requirement("scopes", any_of=("invoices.read",)),
            Requirement("maxAge", seconds=300),
        ),
        "statements": (Statement(id="s", code="mask", payload={"x": "CANARY-PAYLOAD"}),),
        "left_out": (LeftOut(id="t", code="tag", obligatory=True, why="CANARY-WHY"),),
        "subject": "alice",
        "client_id": "app",
        "provider": "bizpro",
        "token": CLAIMS,
        "reads": ("claims.level", "user.groups"),
    }
    return Decision(**(defaults | changes))
