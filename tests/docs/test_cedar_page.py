"""docs/policy/cedar.md: both policies that it shows are asked, and differ where it says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import cedarpy
import pytest

from tests.reference.real import RealDecisionPoint
from tests.reference.shape import Call, Token, User
from tests.support.markdown import code_blocks

PAGE = (Path(__file__).parents[2] / "docs" / "policy" / "cedar.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("attributes", "reason", "cedar"),
    [
        ({"tenant": "acme", "blocked": False}, "permitted", "Allow"),
        ({"tenant": "other", "blocked": False}, "no-rule", "Deny"),
        ({"tenant": "other", "blocked": False, "level": 3}, "permitted", "Allow"),
        ({"tenant": "acme", "blocked": True}, "policy-denied", "Deny"),
        # Where the two differ: Cedar leaves out the forbid that fails.
        ({"tenant": "acme"}, "attribute-missing", "Allow"),
    ],
)
def test_the_same_policy_twice(attributes: dict[str, object], reason: str, cedar: str) -> None:
    [yaml], [policies] = code_blocks(PAGE, "yaml"), code_blocks(PAGE, "cedar")
    call = Call(
        "GET",
        "https://api.example.com/records/acme",
        0.0,
        token=Token(user=User("alice", attributes=attributes)),
    )
    real = RealDecisionPoint.of_texts({"services/records.yaml": yaml})
    assert asyncio.run(real.answer(call)).reason == reason

    request = {"principal": 'User::"alice"', "action": 'Action::"GET"', "resource": 'Tenant::"t"'}
    entities: list[dict[str, object]] = [
        {"uid": {"type": "User", "id": "alice"}, "attrs": attributes, "parents": []},
        {"uid": {"type": "Tenant", "id": "t"}, "attrs": {"tenant": "acme"}, "parents": []},
    ]
    answer = cedarpy.is_authorized(request, policies, entities)
    assert answer.decision == cedarpy.Decision[cedar]
