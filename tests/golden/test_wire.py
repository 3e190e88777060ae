"""What goes over the wire, to the letter: request.http + decision.yaml ► response.http.

A case without decision.yaml is one where nothing may be decided. Lines end in LF in these files.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from deemster.decisions.response_phase import RequestState
from deemster.decisions.sealed_states import SealedStates
from deemster.gateways.forward_auth_profiles import PROFILES
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
from deemster.model.http import ApiCall
from tests.support.clock import FrozenClock
from tests.support.decision_calls import check_decision_rules
from tests.support.doubles import AlwaysPermit, FixedDecision
from tests.support.ext_authz_http import broken_rules
from tests.support.forward_auth_rules import check_forward_auth_rules
from tests.support.gateway_calls import ENVIRONMENT, Desk, Exchange, post
from tests.support.sideband_rules import check_sideband_rules

WIRE = Path(__file__).parent / "wire"
CASES = sorted(path.parent for path in WIRE.glob("*/*/request.http"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
async def test_the_answer_is_as_written(case: Path) -> None:
    await check_case(case)


async def check_case(case: Path) -> None:
    """One folder, on whatever wire calls go over."""
    line, headers, body = parts_of((case / "request.http").read_bytes())
    method, target, _ = line.split()
    path, _, query = target.partition("?")
    decision = decision_of(case / "decision.yaml")
    point = AlwaysPermit() if decision is None else FixedDecision(decision)
    # Small, so that a body over it can be read by people; a certificate is what it is.
    limits = EndpointLimits(body=1000 if b"client_certificate" not in body else 5000)
    desk = Desk(point, limits=limits, looks_at_answers=decision is not None, states=PAPER)
    answer = await post(
        desk,
        body,
        path=path,
        method=method,
        headers=headers,
        secret=None,
        content_type=None,
        query=query.encode(),
    )
    assert text_of(answer) == (case / "response.http").read_text()
    assert bool(point.asked) == (decision is not None)
    rules = RULES.get(case.parent.name)
    assert rules is None or rules(case.name, body, answer) == []


def sideband_rules(name: str, body: bytes, answer: Exchange) -> list[str]:
    told = [(name.decode(), value.decode()) for name, value in answer.headers]
    is_shown = b'"response_code"' in body
    return check_sideband_rules(
        body,
        answer.status,
        told,
        answer.body,
        replaced=is_shown and "den" in name,
        changed="changed" in name,
    )


def forward_auth_rules(profile: str) -> Callable[[str, bytes, Exchange], list[str]]:
    return lambda _name, _body, answer: check_forward_auth_rules(profile, answer)


def ext_authz_rules(answer: Exchange) -> list[str]:
    told = [(name.decode(), value.decode()) for name, value in answer.headers]
    return broken_rules(answer.status, told, answer.body)


RULES: dict[str, Callable[[str, bytes, Exchange], list[str]]] = {
    "decision-endpoint": lambda _name, _body, answer: check_decision_rules(answer),
    "ext-authz-http": lambda _name, _body, answer: ext_authz_rules(answer),
    "sideband": sideband_rules,
    **{profile: forward_auth_rules(profile) for profile in PROFILES},
}


class Paper(SealedStates):
    """A seal that is the same each time, and that anybody can read."""

    def seal(self, kept: object, call: ApiCall, url: str) -> str:
        """What it is for, instead of what is in it."""
        assert isinstance(kept, RequestState)
        return f"state of {kept.decision_id} for {call.method} {url}"


PAPER = Paper((), clock=FrozenClock(), environment=ENVIRONMENT)


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
        kept=RequestState(**said.pop("kept")) if "kept" in said else None,
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
