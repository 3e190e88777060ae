"""What is measured in process, without a server: each function measures, and writes its section."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Sequence

from benchmarks.conditions import NINE_TERMS, ConditionFigures, measure_conditions
from benchmarks.decide import DecideFigures, measure_decide
from benchmarks.loading import ROUNDS as LOADING_ROUNDS
from benchmarks.loading import LoadingFigures, measure_loading
from benchmarks.memory import TOKENS, USERS, MemoryFigures, measure_memory
from benchmarks.pieces import PieceFigure, measure_pieces
from benchmarks.plan import Plan
from benchmarks.policy_tests import OPERATIONS, PolicyTestFigures, measure_policy_tests
from benchmarks.tokens import TokenFigures, measure_tokens

__all__ = ["in_process"]


def in_process(plan: Plan) -> dict[str, Callable[[], str]]:
    """By name: what measures a section and gives its text, in the order of the page."""
    found: dict[str, Callable[[], str]] = {
        "pieces": lambda: _pieces_section(measure_pieces(100)),
        "decide": lambda: _decide_section(measure_decide(plan.sizes)),
        "nine terms": lambda: _nine_terms_section(measure_conditions()),
        "tokens": lambda: _tokens_section(measure_tokens()),
    }
    if plan.slow_parts:
        found |= {
            "memory": lambda: _memory_section(measure_memory()),
            "deemster check": lambda: _loading_section(measure_loading(1_000)),
            "deemster test": lambda: _policy_tests_section(measure_policy_tests(1_000)),
        }
    return found


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

In turn each piece costs more than alone, because none finds the processor's caches full of itself.
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
