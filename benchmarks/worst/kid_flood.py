"""Tokens with key ids that nobody has, thousands a second, beside the calls of others."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import uvloop

from benchmarks.issuing import Issuer
from benchmarks.processes import cpu_seconds
from benchmarks.trees import calls
from benchmarks.worst.open_loop import Heard, OpenLoop, percentile
from benchmarks.worst.plan import Worst
from benchmarks.worst.service import (
    OPERATIONS,
    Served,
    accepted,
    keys_at,
    overloaded,
    requests,
    served,
)

__all__ = ["denied", "measure_kid_flood", "with_unknown_ids"]

GOOD = 1_000
"""Calls a second of others, with tokens that were seen before."""
OTHERS = 200
"""Tokens."""


def measure_kid_flood(plan: Worst, folder: Path) -> str:
    """Its part of the page."""
    return uvloop.run(_measure(plan, folder))


async def _measure(plan: Worst, folder: Path) -> str:
    with ExitStack() as stack:
        issuer = Issuer(folder)
        log, keys = keys_at(stack, folder, issuer.key_set)
        of = served(stack, folder / "kids", issuer, changed=keys)
        scope = calls(OPERATIONS)[OPERATIONS // 2].scope
        tokens = [issuer.token("ES256", scope, number) for number in range(OTHERS)]
        good = OpenLoop(
            of.port,
            requests(of, tokens),
            connections=32,
            patience=5.0,
            accepted=accepted,
            refused=overloaded,
        )
        bad = OpenLoop(
            of.port,
            with_unknown_ids(of, tokens[0]),
            connections=256,
            patience=5.0,
            accepted=denied,
            refused=overloaded,
        )
        await good.open()
        await bad.open()
        await good.run(GOOD, 2.0)
        alone = await good.run(GOOD, plan.kid_seconds / 3)
        before, spent = _fetches(log), cpu_seconds(of.process)
        beside, flood = await asyncio.gather(
            good.run(GOOD, plan.kid_seconds), bad.run(plan.kids, plan.kid_seconds)
        )
        fetches, spent = _fetches(log) - before, cpu_seconds(of.process) - spent
        await good.close()
        await bad.close()
        for heard in (alone, beside, flood):
            if heard.wrong:
                raise RuntimeError(f"{heard.wrong} answers are wrong")
        text = _TEXT.format(
            kids=f"{flood.goodput:,.0f}",
            offered=f"{flood.offered:,}",
            seconds=f"{plan.kid_seconds:g}",
            denied=f"{len(flood.accepted):,}",
            rest=f"{flood.offered - len(flood.accepted):,}",
            fetches=fetches,
            good=f"{GOOD:,}",
            table="\n".join([_line("alone", alone), _line("beside the flood", beside)]),
            ratio=f"{percentile(beside.accepted, 0.99) / percentile(alone.accepted, 0.99):.1f}",
            busy=f"{spent / plan.kid_seconds:.0%}",
        )
        print(f"kid flood: {' '.join(text.split())}", flush=True)
        return text


def _line(name: str, heard: Heard) -> str:
    took = [percentile(heard.accepted, share) * 1000 for share in (0.5, 0.99, 0.999)]
    return (
        f"| {name} | {heard.goodput:,.0f} | {took[0]:.2f} | {took[1]:.2f} | {took[2]:.2f} "
        f"| {len(heard.refused)} | {heard.given_up} | {heard.broken} |"
    )


def denied(answer: bytes) -> bool:
    """Whether it refuses a signature."""
    return answer.startswith(b"HTTP/1.1 200") and b"token-signature-invalid" in answer


def with_unknown_ids(of: Served, token: str) -> Iterator[bytes]:
    """The call of a good token, with another key id and signature each time."""
    _, payload, signature = token.split(".")

    def made(number: int) -> str:
        return f"{_header(number)}.{payload}.{_text(secrets.token_bytes(64))}"

    # All of one length, which the length of the body says.
    before, _, after = next(requests(of, [made(0)])).partition(_header(0).encode())
    end = after[len(payload) + len(signature) + 2 :]
    return (before + made(number).encode() + end for number in count(1))


def _header(number: int) -> str:
    header = {"alg": "ES256", "typ": "at+jwt", "kid": f"nobody-{number:032x}"}
    return _text(json.dumps(header, separators=(",", ":")).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _fetches(log: Path) -> int:
    return log.read_text(encoding="ascii").count("fetched")


_TEXT = """## A flood of unknown key ids

{kids} calls a second for {seconds} s, each with a token of another `kid` that no key has: of
{offered}, {denied} were denied as `token-signature-invalid`, {rest} got no answer or another one.
The key set was fetched {fetches} times (`coolDown` is 30 s). The service was busy for {busy} of the
time. Beside it {good} calls a second of others, with tokens seen before; p99 is {ratio} times what
it was alone:

| calls of others | right/s | p50 ms | p99 ms | p99.9 ms | refused | given up | broken |
|---|---:|---:|---:|---:|---:|---:|---:|
{table}
"""
