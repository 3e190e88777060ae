"""What a plug-in reads out of a token is judged as any other provider's claims are."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from deemster.decisions.point import Deadlines
from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential, VerifiedClaims
from deemster.tokens.plugin_provider import PluginTokenProvider
from deemster.tokens.provider import ProviderKind
from tests.support.clock import FROZEN_AT as NOW
from tests.support.points import a_call, a_caller, a_point
from tests.support.policy_trees import a_service

ISSUER = "https://tools.example.com"
GOOD: Mapping[str, object] = {"sub": "alice", "aud": "shop", "exp": NOW + 60, "scope": "a b"}


@dataclass
class Reader:
    """Answers as it is told."""

    answer: object
    asked: list[tuple[str, float]] = field(default_factory=list)

    async def read(self, token: str, *, now: float) -> Mapping[str, object]:
        self.asked.append((token, now))
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[return-value]

    async def close(self) -> None:
        if isinstance(self.answer, BaseException):
            raise self.answer


def provider(reader: Reader, kind: ProviderKind = ProviderKind.INTERNAL) -> PluginTokenProvider:
    return PluginTokenProvider(id="tools", kind=kind, issuer=ISSUER, reader=reader)


async def verified(
    answer: object, token: str = "a.b", kind: ProviderKind = ProviderKind.INTERNAL
) -> VerifiedClaims:
    credential = Credential("bearer", token)
    return await provider(Reader(answer), kind).verify(credential, audience="shop", now=NOW)


async def refusal(answer: object, token: str = "a.b") -> Reason:
    with pytest.raises(TokenRejectedError) as refused:
        await verified(answer, token)
    return refused.value.reason


async def test_claims_are_verified_claims_of_this_provider() -> None:
    claims = await verified(GOOD)
    assert (claims.provider, claims.user_id, claims.asserted) == ("tools", "alice", False)
    assert claims.scopes == {"a", "b"}
    assert claims.claims["iss"] == ISSUER
    external = await verified(GOOD, kind=ProviderKind.EXTERNAL)
    assert external.user_id is None


async def test_claims_are_a_copy() -> None:
    given = {**GOOD, "list": [1]}
    claims = await verified(given)
    given["list"].append(2)  # type: ignore[attr-defined]
    assert claims.claims["list"] == [1]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://other.example.com"}, Reason.TOKEN_ISSUER_UNKNOWN),
        ({"iss": 7}, Reason.TOKEN_MALFORMED),
        ({"aud": "other"}, Reason.TOKEN_AUDIENCE_MISMATCH),
        ({"aud": None}, Reason.TOKEN_MALFORMED),
        ({"exp": NOW - 31}, Reason.TOKEN_EXPIRED),
        ({"exp": "soon"}, Reason.TOKEN_MALFORMED),
        ({"exp": True}, Reason.TOKEN_MALFORMED),
        ({"nbf": NOW + 31}, Reason.TOKEN_NOT_YET_VALID),
        ({"iat": NOW + 31}, Reason.TOKEN_NOT_YET_VALID),
        ({"sub": 7}, Reason.TOKEN_MALFORMED),
        ({"sub": ""}, Reason.TOKEN_MALFORMED),
        ({"scope": 7}, Reason.TOKEN_MALFORMED),
        ({"active": False}, Reason.TOKEN_INACTIVE),
        ({"active": "true"}, Reason.TOKEN_INACTIVE),
        ({"cnf": {"kid": "x"}}, Reason.BINDING_FAILED),
    ],
)
async def test_wrong_claims_are_refused(changed: Mapping[str, object], reason: Reason) -> None:
    assert await refusal({**GOOD, **changed}) is reason


@pytest.mark.parametrize(
    ("absent", "reason"),
    [("aud", Reason.TOKEN_AUDIENCE_MISMATCH), ("exp", Reason.TOKEN_MALFORMED)],
)
async def test_audience_and_end_must_be_there(absent: str, reason: Reason) -> None:
    assert await refusal({key: value for key, value in GOOD.items() if key != absent}) is reason


async def test_a_refusal_of_the_plugin_is_the_reason() -> None:
    refused = TokenRejectedError(Reason.TOKEN_SIGNATURE_INVALID)
    assert await refusal(refused) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.parametrize(
    "answer",
    [
        None, True, "claims", ["sub"], [("sub", "alice")], object(), 7,
        {**GOOD, "x": object()}, {**GOOD, "x": math.inf}, {**GOOD, "x": "\ud800"}, {(1, 2): 3},
        ValueError("s3cret"), KeyError("sub"), SystemExit(0), RecursionError(), AssertionError(),
        TokenRejectedError(ProviderKind.INTERNAL),  # type: ignore[arg-type]
        VerifiedClaims(provider="other", claims=GOOD, scopes=frozenset({"admin"}), user_id="eve",
                       client_id=None, asserted=False),
    ],
    ids=lambda answer: type(answer).__name__,
)  # fmt: skip
async def test_any_fault_is_no_answer(answer: object) -> None:
    with pytest.raises(DependencyUnavailableError) as failed:
        await verified(answer)
    assert failed.value.dependency == "plug-in of `tools`"
    assert "s3cret" not in failed.value.detail


@pytest.mark.catalogue("J14")
@pytest.mark.parametrize("token", ["", "a b", "a\nb", "é", "x" * 16_385, "\ud800"])
async def test_what_is_no_token_does_not_reach_the_plugin(token: str) -> None:
    reader = Reader(GOOD)
    with pytest.raises(TokenRejectedError):
        await provider(reader).verify(Credential("bearer", token), audience="shop", now=NOW)
    assert reader.asked == []


async def test_nothing_is_remembered() -> None:
    reader = Reader(GOOD)
    asked = provider(reader)
    credential = Credential("bearer", "a.b")
    for _ in range(2):
        assert asked.recall(credential, audience="shop", now=NOW) is None
        await asked.verify(credential, audience="shop", now=NOW)
    assert reader.asked == [("a.b", NOW)] * 2


async def test_its_end_is_nobodys_fault() -> None:
    await provider(Reader(ValueError())).close()
    await provider(Reader(SystemExit(1))).close()


async def test_a_plugin_that_does_not_answer_denies_in_time() -> None:
    class Hanging(Reader):
        async def read(self, token: str, *, now: float) -> Mapping[str, object]:
            await asyncio.Event().wait()
            return GOOD

    operations = (
        "operations:\n  - {id: read, match: {methods: [GET], path: /}, allow: authenticated}\n"
    )
    asked = PluginTokenProvider(
        id="idp", kind=ProviderKind.INTERNAL, issuer=ISSUER, reader=Hanging(GOOD)
    )
    point = a_point(
        {"shop.yaml": a_service(operations)},
        provider=asked,  # type: ignore[arg-type]
        deadlines=Deadlines(decision=60.0, token=0.05),
    )
    decision = await point.point.decide(a_call(token="a.b"), a_caller())
    assert (decision.permitted, decision.reason) == (False, Reason.DEPENDENCY_UNAVAILABLE)
