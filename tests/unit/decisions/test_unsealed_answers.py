"""Of an answer whose request nobody kept, what the request said is an error and never absent."""

import pytest
from msgspec.structs import replace

from deemster.model.decision import Reason
from deemster.model.http import HEADERS_NOT_KNOWN, ApiResponse, Headers, Phase
from tests.support.points import a_call, a_caller, a_point
from tests.support.policy_texts import indented
from tests.support.policy_trees import a_service, an_operation


@pytest.mark.parametrize(
    "condition",
    [
        "has(user)",
        "!has(user)",
        "has(user) && request.method == 'GET'",
        "'x' in request.headers['x-mode']",
        "size(request.headers['x-mode']) > 0",
        "'x' in request.headers['x-mode'] && request.method == 'GET'",
        "claims.sub == 'alice'",
        "has(claims.sub)",
        "'admin' in claims.scope",
        "user.id == 'alice'",
        "'a' in user.groups",
        "params.id == '7'",
        "request.ip.inCidr('10.0.0.0/8')",
    ],
)
@pytest.mark.parametrize("wrapped", ["{}", "({}) && request.scheme == 'https'"])
async def test_a_deny_rule_over_what_nobody_kept_lets_nothing_pass(
    condition: str, wrapped: str
) -> None:
    rules = (
        "policies:\n  - id: p\n    combiningAlgorithm: deny-overrides\n    rules:\n"
        f'      - {{id: d, effect: deny, when: "{wrapped.format(condition)}"}}\n'
    )
    operation = "allow: authenticated\nresponse:\n" + indented(rules, 2)
    made = a_point({"shop.yaml": a_service(an_operation(operation, path="/items/{id}"))})
    call = replace(
        a_call(url="https://api.example.com/shop/items/7"),
        phase=Phase.RESPONSE,
        headers=HEADERS_NOT_KNOWN,
        response=ApiResponse(200, Headers(())),
    )
    decision = await made.point.decide_response(call, a_caller())
    assert (decision.permitted, decision.reason) == (False, Reason.ATTRIBUTE_MISSING)
