"""docs/gateways/decision-endpoints.md: what it shows is taken, and answered as it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from deemster.gateways.decision_names import KINDS
from deemster.settings import load_settings
from tests.support.decision_calls import BULK, decision_path, judgements
from tests.support.gateway_calls import Desk, Exchange, a_gateway, post
from tests.support.markdown import code_blocks
from tests.support.points import FakeUsers, a_point

PAGE = Path(__file__).parents[2] / "docs" / "gateways" / "decision-endpoints.md"
TEXT = PAGE.read_text(encoding="utf-8")
SINGLE, SEVERAL, ANSWER = map(json.loads, code_blocks(TEXT, "json"))
(SETTINGS,) = code_blocks(TEXT, "yaml")
TREE = {
    "orders.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: orders}
service:
  tokenProvider: {type: internal, id: idp}
  audience: orders
schema:
  resource: {total: {type: int, default: 0}}
operations:
  - id: cancel
    match: {resourceType: order, actions: [cancel]}
    allow: {when: "user.id == 'alice' && resource.properties.total < LIMIT"}
"""
}


async def ask(body: object, *, bulk: bool = False, limit: int = 1000) -> Exchange:
    tree = {name: text.replace("LIMIT", str(limit)) for name, text in TREE.items()}
    point = a_point(tree, users=FakeUsers({"alice": {}, "bob": {}}))
    desk = Desk(point.point, gateway=a_gateway(may_name_subjects=True))
    content = json.dumps(body).encode()
    headers = [BULK] if bulk else []
    return await post(desk, content, path=decision_path("orders"), headers=headers)


def shape(value: Any) -> Any:  # noqa: ANN401  (JSON)
    return {name: shape(inner) for name, inner in value.items()} if isinstance(value, dict) else 0


async def test_the_question_is_answered_in_the_form_that_is_shown() -> None:
    assert judgements(await ask(SINGLE)) == ["PERMIT"]
    answer = await ask(SINGLE, limit=250)
    assert judgements(answer) == [ANSWER["decision"]]
    assert answer.json["status"] == ANSWER["status"]
    assert shape(answer.json) == shape(ANSWER)


async def test_the_several_questions_are_answered_each_by_itself() -> None:
    answer = await ask(SEVERAL, bulk=True)
    assert judgements(answer) == ["PERMIT", "DENY"]
    assert set(answer.json) == {"summary", "correlationId", "responses"}


def test_every_parameter_that_there_is_stands_on_the_page() -> None:
    for names in KINDS.values():
        assert [name for name in names if f"`{name}`" not in TEXT] == []


def test_the_settings_are_settings(tmp_path: Path) -> None:
    rest = {
        "policies": {"path": "policies"},
        "decisionLog": {"sinks": [{"stdout": {}}], "whenFull": "drop"},
    }
    file = tmp_path / "deemster.yaml"
    file.write_text(json.dumps(yaml.safe_load(SETTINGS) | rest))
    settings = load_settings(file, {"CHECKOUT_SECRET": "0123456789" * 4})
    assert settings.gateways[0].protocols == frozenset({"decision-endpoint"})
    assert settings.decision_endpoints.bulk == 20
