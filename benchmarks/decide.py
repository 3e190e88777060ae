"""`decide()` in process: token and user seen before, scope + group, 10 to 10,000 operations."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.trees import AUDIENCE, ISSUER, PROVIDER, OperationCall, calls, tree_texts
from deemster.decisions.point import DecisionPoint
from deemster.model.clock import SystemClock
from deemster.model.gateway import Gateway, GatewayCaller
from deemster.model.http import ApiCall, Headers
from deemster.policy.loading import load_texts
from deemster.policy.store import PolicyStore
from deemster.tokens.development_key import DevelopmentKey
from deemster.tokens.jwt_provider import JwtProvider
from deemster.tokens.provider import ProviderKind
from deemster.usercontext.resolver import UserResolver
from deemster.usercontext.static import StaticUserSource

__all__ = ["DecideFigures", "measure_decide"]

ROUNDS = 7
CALLS_A_ROUND = 5_000


@dataclass(frozen=True, slots=True)
class DecideFigures:
    """Microseconds a decision: the median round and the spread, for one size of tree."""

    operations: int
    median_us: float
    least_us: float
    most_us: float


def measure_decide(sizes: Sequence[int]) -> list[DecideFigures]:
    """One figure for each size; every call is one that the tree permits (and that is checked)."""
    return [asyncio.run(_measure(size)) for size in sizes]


async def _measure(operations: int) -> DecideFigures:
    clock = SystemClock()
    key = DevelopmentKey.generate("RS256")
    provider = JwtProvider(
        id=PROVIDER,
        kind=ProviderKind.INTERNAL,
        issuer=ISSUER,
        key_set=key.key_set(),
        algorithms=["RS256"],
    )
    users = StaticUserSource("people", {"alice": {"groups": [f"g{n}" for n in range(7)]}})
    snapshot = load_texts(tree_texts(operations)).snapshot
    store = PolicyStore(lambda: snapshot)
    store.load()
    point = DecisionPoint(
        store=store,
        providers={PROVIDER: provider},
        users=UserResolver({PROVIDER: users}, clock=clock, ttl=3600.0),
        clock=clock,
        new_id=lambda: "d",
        report_fault=lambda fault, _: print(fault),
    )
    caller = GatewayCaller(
        Gateway(id="kong", protocols=frozenset({"sideband"}), api_services=frozenset({"*"})), "k1"
    )
    wanted = calls(operations)
    step = max(1, len(wanted) // 100)
    asked = [_api_call(call, key) for call in wanted[::step]]
    for call in asked:
        decision = await point.decide(call, caller)
        if not decision.permitted:
            raise RuntimeError(f"the benchmark measures permits, not {decision.reason}")
    gc.collect()
    gc.freeze()
    rounds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for index in range(CALLS_A_ROUND):
            await point.decide(asked[index % len(asked)], caller)
        rounds.append((time.perf_counter() - started) / CALLS_A_ROUND * 1e6)
    return DecideFigures(operations, median(rounds), min(rounds), max(rounds))


def _api_call(call: OperationCall, key: DevelopmentKey) -> ApiCall:
    now = int(time.time())  # noqa: TID251  (a token of the present)
    token = key.mint(
        {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "alice",
            "client_id": "bench",
            "scope": call.scope,
            "iat": now,
            "exp": now + 3600,
        }
    )
    headers = (
        ("host", "api.example.com"),
        ("authorization", f"Bearer {token}"),
        ("accept", "*/*"),
        ("user-agent", "bench/1.0"),
    )
    return ApiCall(method=call.method, url=call.url, headers=Headers(headers))
