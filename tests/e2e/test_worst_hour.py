"""Loads of the worst hour at a smaller size: no answer is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import uvloop

from benchmarks.issuing import Issuer
from benchmarks.trees import calls
from benchmarks.worst.kid_flood import denied, with_unknown_ids
from benchmarks.worst.open_loop import Heard, OpenLoop
from benchmarks.worst.service import (
    OPERATIONS,
    accepted,
    figure_of,
    keys_at,
    overloaded,
    requests,
    served,
)
from benchmarks.worst.soak import soak
from tests.support.scale import scaled

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SCOPE = calls(OPERATIONS)[OPERATIONS // 2].scope


@pytest.mark.catalogue("R1")
def test_every_answer_of_a_soak_is_the_reference_evaluators(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    seconds = max(8, scaled(200))
    soaked = soak(tmp_path, seconds, 500 * seconds, seconds)
    figure(
        f"soak of {seconds} s: {soaked.right} right, {soaked.found['wrong']} wrong, "
        f"{soaked.found['broken']} broken, {soaked.reloads} reloads, {soaked.tokens} tokens, "
        f"{soaked.changes} changes of users; {dict(soaked.reasons)}"
    )
    assert soaked.odd == []
    assert soaked.found["wrong"] == soaked.found["broken"] == 0
    assert soaked.right > 0
    assert len(soaked.revisions) > 1
    wanted = {"permitted", "scope-missing", "group-missing", "policy-denied", "token-expired"}
    assert wanted <= soaked.reasons.keys()


def test_unknown_key_ids_are_denied_and_cost_one_fetch_at_most(tmp_path: Path) -> None:
    with ExitStack() as stack:
        issuer = Issuer(tmp_path)
        log, keys = keys_at(stack, tmp_path, issuer.key_set)
        of = served(stack, tmp_path / "kids", issuer, changed=keys)
        token = issuer.token("ES256", SCOPE)
        flood = with_unknown_ids(of, token)

        async def flooded() -> tuple[Heard, Heard]:
            good = _client(of.port, requests(of, [token]), accepted)
            bad = _client(of.port, flood, denied)
            await good.open()
            await bad.open()
            heard = await asyncio.gather(good.run(50, 2.0), bad.run(scaled(5_000), 2.0))
            await good.close()
            await bad.close()
            return heard

        others, heard = uvloop.run(flooded())
        fetches = log.read_text(encoding="ascii").count("fetched")
    assert (heard.wrong, others.wrong) == (0, 0)
    for one in (heard, others):
        assert len(one.accepted) + len(one.refused) == one.offered
    # Once for the keys, and once more where the flood outlasts the cool-down.
    assert fetches <= 2


def test_more_calls_than_can_be_answered_are_refused_and_never_permitted_wrongly(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        issuer = Issuer(tmp_path)
        limits = "limits: {queueTimeout: 5ms}\n"
        of = served(stack, tmp_path / "overload", issuer, limits)
        tokens = [issuer.token("RS256", SCOPE, number) for number in range(500)]
        broken = [issuer.broken_token("RS256", SCOPE)]

        async def crowded() -> tuple[Heard, Heard, Heard]:
            good = _client(of.port, requests(of, tokens), accepted, 300)
            bad = _client(of.port, requests(of, broken), denied, 300)
            await good.open()
            await bad.open()
            offered = await asyncio.gather(good.run(20_000, 1.0), bad.run(20_000, 1.0))
            after = await good.run(100, 0.5)
            await good.close()
            await bad.close()
            return *offered, after

        permits, denials, after = uvloop.run(crowded())
        counted = figure_of(of, "deemster_decisions_total", reason="overloaded")
    assert (permits.wrong, denials.wrong) == (0, 0)
    assert counted == len(permits.refused) + len(denials.refused) + len(after.refused)
    assert len(permits.accepted) > 0
    # Afterwards it is as if nothing had been.
    assert len(after.accepted) + len(after.refused) == after.offered


def _client(
    port: int, calls: Iterator[bytes], right: Callable[[bytes], bool], connections: int = 32
) -> OpenLoop:
    return OpenLoop(
        port,
        calls,
        connections=connections,
        patience=30.0,
        accepted=right,
        refused=overloaded,
    )
