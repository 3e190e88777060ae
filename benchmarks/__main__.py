"""`python -m benchmarks`: measure everything that is published, and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import platform
import sysconfig
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.authzen import QUESTIONS, AuthzenFigures, measure_authzen
from benchmarks.conditions import NINE_TERMS, ConditionFigures, measure_conditions
from benchmarks.decide import DecideFigures, measure_decide
from benchmarks.ext_authz import CONNECTIONS as CHANNELS
from benchmarks.ext_authz import STREAMS, CheckFigures, measure_ext_authz
from benchmarks.forward_auth import measure_forward_auth
from benchmarks.loading import ROUNDS as LOADING_ROUNDS
from benchmarks.loading import LoadingFigures, measure_loading
from benchmarks.loads import CONNECTIONS, ROUNDS, SECONDS, ServedFigures
from benchmarks.memory import TOKENS, USERS, MemoryFigures, measure_memory
from benchmarks.pieces import PieceFigure, measure_pieces
from benchmarks.policy_tests import OPERATIONS, PolicyTestFigures, measure_policy_tests
from benchmarks.served import measure_served
from benchmarks.tokens import TokenFigures, measure_tokens
from deemster.model.clock import SystemClock

DOCUMENT = Path("docs/benchmarks.md")
LIBRARIES = ("uvicorn", "httptools", "uvloop", "msgspec", "cryptography", "pyjwt", "pyyaml")


def main() -> None:
    """Print the document, and write it unless `--dry` is given."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--dry", action="store_true", help="print only")
    dry: bool = parser.parse_args().dry
    sections = [
        _conditions(),
        _nine_terms_section(measure_conditions()),
        _decide_section(measure_decide([10, 100, 1_000, 10_000])),
        _served_section({size: measure_served(size) for size in (100, 1_000)}),
        _forward_auth_section({size: measure_forward_auth(size) for size in (100, 1_000)}),
        _authzen_section({size: measure_authzen(size) for size in (100, 1_000)}),
        _ext_authz_section(measure_ext_authz(100)),
        _pieces_section(measure_pieces(100)),
        _tokens_section(measure_tokens()),
        _memory_section(measure_memory()),
        _loading_section(measure_loading(1_000)),
        _policy_tests_section(measure_policy_tests(1_000)),
    ]
    text = "\n".join(sections)
    print(text)
    if not dry:
        DOCUMENT.write_text(text, encoding="utf-8")


def _conditions() -> str:
    when = datetime.fromtimestamp(SystemClock.wall(), UTC).date().isoformat()
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    load = os.getloadavg()[0]
    return f"""# Benchmarks

Written by `make bench`; figures of one run on one machine, ratios within that run. Nothing in the
test suite asserts a time.

## Conditions

{when}; {_processor()}, {os.cpu_count()} cores; Python {platform.python_version()};
{libraries}; load average at the start {load:.1f}.
"""


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _nine_terms_section(found: ConditionFigures) -> str:
    text = "\n".join(NINE_TERMS)
    return f"""## A condition of nine terms

All nine are evaluated and true. Microseconds an evaluation, the least of many rounds of 1,000.
Goal: at most 1.

```text
{text}
```

| evaluation | us |
|---|---:|
| the first of a decision: the client's address is parsed | {found.first_us:.2f} |
| another of the same decision | {found.again_us:.2f} |
| by the closures alone (control) | {found.closures_us:.2f} |
"""


def _decide_section(figures: Sequence[DecideFigures]) -> str:
    rows = "\n".join(
        f"| {found.operations:,} | {found.median_us:.1f} | {found.least_us:.1f} | "
        f"{found.most_us:.1f} |"
        for found in figures
    )
    middle = sorted(found.median_us for found in figures)
    spread = (middle[-1] - middle[0]) / middle[0]
    return f"""## `decide()` in process

One hundred operations' calls in turn, each token and the user seen before; RS256 tokens; scope
any-of and group any-of; no record. Microseconds a decision: the median round of 5,000, the least,
the most. Aim 5, at most 10; flat within 20 % from 10 to 10,000 operations.

| operations | median | least | most |
|---:|---:|---:|---:|
{rows}

From the cheapest to the dearest size: {spread:.0%}.
"""


def _served_section(figures: dict[int, list[ServedFigures]]) -> str:
    rows: list[str] = []
    for size, pair in figures.items():
        null, deemster = pair
        rows.extend(_served_row(found, size) for found in pair)
        rows.append(
            f"| **ratio** | {size:,} | **{deemster.per_second / null.per_second:.0%}** | | | | | |"
        )
    table = "\n".join(rows)
    return f"""## Sideband over HTTP

The null application reads the whole body, decodes it untyped with msgspec and answers a constant
of the same size, on the same server class. Server pinned to one core, `wrk` (one thread,
{CONNECTIONS} keep-alive connections) to the other; {ROUNDS} rounds of {SECONDS} s in turn, medians;
ES256 token seen before, scope + group, every answer a permit, decision record on (standard output
to a file). Goal: at least 60 % of null; resident memory at 1,000 operations at most 120 MB.

| server | operations | requests/s | p50 ms | p99 ms | CPU us a request | spread | resident MB |
|---|---:|---:|---:|---:|---:|---:|---:|
{table}
"""


def _forward_auth_section(figures: dict[int, list[ServedFigures]]) -> str:
    rows: list[str] = []
    for size, (null, ours) in figures.items():
        rows.extend(_served_row(found, size) for found in (null, ours))
        rows.append(
            f"| **deemster / null: {ours.per_second / null.per_second:.0%}** "
            f"| {size:,} | | | | | | |"
        )
    table = "\n".join(rows)
    return f"""## Forward authentication over HTTP

As for the sideband, and the same calls, asked as Traefik asks: by a GET with 12 header fields and
no body. Goal: at least 60 % of null.

| application | operations | requests/s | p50 ms | p99 ms | CPU us a call | spread | resident MB |
|---|---:|---:|---:|---:|---:|---:|---:|
{table}
"""


def _authzen_section(figures: dict[int, AuthzenFigures]) -> str:
    rows: list[str] = []
    for size, found in figures.items():
        rows.extend(_served_row(one, size) for one in (found.null, found.one, found.several))
        rows.append(
            f"| **one / null: {found.of_null:.0%}; decisions of {QUESTIONS} / one: "
            f"{found.gain:.1f}** | {size:,} | | | | | | |"
        )
    table = "\n".join(rows)
    return f"""## AuthZEN over HTTP

As for the sideband. `one`: one question a message; `{QUESTIONS}`: as many in one message, their
subject and action as defaults. Operations by resource type and action, group any-of, no token; the
user seen before. Goals: one question at least 60 % of null; {QUESTIONS} at least four times the
decisions a second of single ones.

| questions | operations | messages/s | p50 ms | p99 ms | CPU us a message | spread | resident MB |
|---|---:|---:|---:|---:|---:|---:|---:|
{table}
"""


def _served_row(found: ServedFigures, size: int) -> str:
    return (
        f"| {found.name} | {size:,} | {found.per_second:,.0f} | {found.p50_ms:.2f} | "
        f"{found.p99_ms:.2f} | {found.cpu_us:.0f} | {found.spread:.0%} | {found.resident_mb:.0f} |"
    )


def _ext_authz_section(figures: Sequence[CheckFigures]) -> str:
    null, deemster = figures
    rows = "\n".join(
        f"| {found.name} | {found.per_second:,.0f} | {found.cpu_us:.0f} | {found.spread:.0%} |"
        for found in figures
    )
    return f"""## ext_authz over gRPC

The null server is grpcio's asyncio server with Envoy's own `Check`: it reads the message and gives
a constant of the same size. Load by `h2load`, {CHANNELS} connections with {STREAMS} calls under way
on each; 100 operations; otherwise as for the sideband. Goal: at least 70 % of null.

| server | calls/s | CPU us a call | spread |
|---|---:|---:|---:|
{rows}
| **ratio** | **{deemster.per_second / null.per_second:.0%}** | | |
"""


def _pieces_section(figures: Sequence[PieceFigure]) -> str:
    rows = "\n".join(
        f"| {found.piece} | {found.alone_us:.1f} | {found.in_turn_us:.1f} |" for found in figures
    )
    alone = sum(found.alone_us for found in figures[:-1])
    in_turn = sum(found.in_turn_us for found in figures[:-1])
    return f"""## Where a call's time goes

The pieces of one sideband call in one process, microseconds: each repeated by itself (best of many
short rounds of 100), and in turn with the others, as a call meets them (median); then the whole
endpoint as the server calls it. 100 operations, no server, no sockets.

| piece | alone | in turn |
|---|---:|---:|
{rows}
| sum of the pieces | {alone:.1f} | {in_turn:.1f} |

Why the goal is missed: a call makes about 80 Python-level calls, where the null application makes
about 10, and no piece dominates. In turn each piece costs half as much again or more than alone,
because none finds the processor's caches full of itself: it is the amount of code that costs.
This interpreter: {_interpreter()}.
"""


def _interpreter() -> str:
    optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    return (
        "built with profile-guided optimisation"
        if optimised
        else (
            "built without profile-guided optimisation, which Python code feels more than the C of "
            "the null application's path"
        )
    )


def _tokens_section(figures: Sequence[TokenFigures]) -> str:
    rows = "\n".join(
        f"| {found.what} | {found.ours_us:.2f} | {found.control} | {found.control_us:.2f} | "
        + ("" if found.control_us < 1 else f"{found.ours_us / found.control_us:.2f}")
        + " |"
        for found in figures
    )
    return f"""## Tokens

Each token once through the provider; 200 tokens a round, ours and the control in turn, the least of
15 rounds. Microseconds a token. `seen first` is everything: structure, key, signature, strict JSON,
claims, and remembering it; `seen before` is what a remembered token adds to a decision. Goals: seen
first at most 1.6 times PyJWT's own decode; seen before at most 2.

| token | us | beside | us | ratio |
|---|---:|---|---:|---:|
{rows}
"""


def _memory_section(found: MemoryFigures) -> str:
    return f"""## Tokens and users in memory

{TOKENS:,} live tokens (ES256, 8 claims) and {USERS:,} users with groups and attributes, in a
process of their own. A full collection walks all of them; after `gc.freeze()` it walks none. The
service freezes after every load of policies; what its caches keep later is walked by each full
collection until the next load freezes it as well.

| | |
|---|---:|
| resident before, MB | {found.before_mb:.0f} |
| {TOKENS:,} tokens, MB | {found.tokens_mb:.0f} ({found.tokens_mb * 1e6 / TOKENS:.0f} bytes each) |
| {USERS:,} users, MB | {found.users_mb:.0f} ({found.users_mb * 1e6 / USERS:.0f} bytes each) |
| a full collection, ms | {found.pause_ms:.0f} |
| a full collection after freezing, ms | {found.frozen_pause_ms:.2f} |
| a collection of the youngest, us | {found.young_pause_us:.1f} |
"""


def _loading_section(found: LoadingFigures) -> str:
    rows = "\n".join(
        f"| {name} | {timed.elapsed:.2f} | {timed.processor:.2f} |"
        for name, timed in (
            ("`deemster check`", found.check),
            ("`deemster check` of one operation (control)", found.one),
            ("`deemster version` (control)", found.version),
        )
    )
    return f"""## `deemster check`

{found.operations:,} operations with {found.conditions:,} conditions in {found.files} files;
the whole command from start to exit, with all analyses. Seconds, medians of {LOADING_ROUNDS}.
Goal: at most 2 s.

| command | elapsed | processor |
|---|---:|---:|
{rows}
"""


def _policy_tests_section(figures: Sequence[PolicyTestFigures]) -> str:
    rows = "\n".join(
        f"| {found.what} | {found.seconds:.2f} | {found.processor_seconds:.2f} |"
        for found in figures
    )
    return f"""## `deemster test`

1,000 cases over {OPERATIONS} operations, each with a token of its own that is signed and verified;
the whole command in one process, interpreter start included. Goal: at most 5 s.

| command | seconds (median of 3) | of processor time |
|---|---:|---:|
{rows}
"""


if __name__ == "__main__":
    main()
