"""What goes over the wire, to the letter: request.http + decision.yaml ► response.http.

A case without decision.yaml is one where nothing may be decided. Lines end in LF in these files.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from deemster.gateways.http_envelope import EndpointLimits
from deemster.model.decision import (
    Challenge,
    Decision,
    DeniedReason,
    Effect,
    Reason,
    Requirement,
    ServiceFacts,
    Statement,
)
from tests.support.decision_calls import check_decision_rules
from tests.support.doubles import AlwaysPermit, FixedDecision
from tests.support.gateway_calls import Desk, Exchange, post
from tests.support.sideband_rules import check_sideband_rules

WIRE = Path(__file__).parent / "wire"
CASES = sorted(path.parent for path in WIRE.glob("*/*/request.http"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
async def test_the_answer_is_as_written(case: Path) -> None:
    line, headers, body = parts_of((case / "request.http").read_bytes())
    method, path, _ = line.split()
    decision = decision_of(case / "decision.yaml")
    point = AlwaysPermit() if decision is None else FixedDecision(decision)
    # Small, so that a body over it can be read by people.
    desk = Desk(point, limits=EndpointLimits(body=1000))
    answer = await post(
        desk, body, path=path, method=method, headers=headers, secret=None, content_type=None
    )
    assert text_of(answer) == (case / "response.http").read_text()
    assert bool(point.asked) == (decision is not None)
    rules = RULES.get(case.parent.name)
    assert rules is None or rules(body, answer) == []


def sideband_rules(body: bytes, answer: Exchange) -> list[str]:
    told = [(name.decode(), value.decode()) for name, value in answer.headers]
    return check_sideband_rules(body, answer.status, told, answer.body)


RULES: dict[str, Callable[[bytes, Exchange], list[str]]] = {
    "decision-endpoint": lambda _, answer: check_decision_rules(answer),
    "sideband": sideband_rules,
}


def parts_of(message: bytes) -> tuple[str, list[tuple[bytes, bytes]], bytes]:
    head, _, body = message.partition(b"\n\n")
    line, *fields = head.split(b"\n")
    pairs = [field.split(b": ", 1) for field in fields]
    return line.decode(), [(n.lower(), v) for n, v in pairs], body.removesuffix(b"\n")


def text_of(answer: Exchange) -> str:
    fields = [f"{name.decode()}: {value.decode()}\n" for name, value in answer.headers]
    return f"HTTP/1.1 {answer.status}\n{''.join(fields)}\n{answer.body.decode()}\n"


def decision_of(path: Path) -> Decision | None:
    if not path.exists():
        return None
    said = yaml.safe_load(path.read_text())
    return Decision(
        effect=Effect(said.pop("effect")),
        reason=Reason(said.pop("reason")),
        decision_id=said.pop("decision_id"),
        revision=said.pop("revision"),
        service=ServiceFacts(**said.pop("service")) if "service" in said else None,
        challenge=Challenge(**said.pop("challenge")) if "challenge" in said else None,
        denied_reason=DeniedReason(**said.pop("denied_reason"))
        if "denied_reason" in said
        else None,
        reasons=tuple([Reason(word) for word in said.pop("reasons", [])]),
        statements=tuple([Statement(**one) for one in said.pop("statements", [])]),
        missing=tuple(
            Requirement(
                kind=line["kind"],
                any_of=tuple(line.get("any_of", ())),
                all_of=tuple(line.get("all_of", ())),
                seconds=line.get("seconds"),
            )
            for line in said.pop("missing", [])
        ),
        **said,
    )
