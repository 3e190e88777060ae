"""What finding the operation costs: canonical URL, base URL, trie; flat in operations or not.

Run as `python -m benchmarks.routing`. A call of an empty function is the control: what the
loop itself costs on this machine at this moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

from deemster.model.source import SourceSpan
from deemster.model.urls import canonical_url, parse_base_url
from deemster.policy.checking.overlaps import RoutedOperation, RoutedService, check_overlaps
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.routing.tables import BaseUrlTable, OperationTable, Route
from deemster.policy.routing.templates import Template, parse_templates
from deemster.policy.tree import ParameterConstraint, Text

__all__ = ["main"]

ROUNDS = 9
CALLS_A_ROUND = 50_000
SPAN = SourceSpan("benchmark.yaml", 1, 1, 1, 2)
HOST = "https://api.example.com"


def main() -> None:
    """Print one line for each measurement, microseconds a call (median of rounds, least)."""
    _show("control: an empty call", _nothing)
    for name, raw in (
        ("canonical URL, plain", f"{HOST}/billing/invoices/12/payments"),
        ("canonical URL, default port and query", f"{HOST}:443/billing/invoices/12?x=1&y=2"),
        ("canonical URL, with an escape", f"{HOST}/billing/invoices/caf%C3%A9/payments"),
    ):
        _show(name, partial(canonical_url, raw))
    services = BaseUrlTable([(parse_base_url(f"{HOST}/s{n}"), n) for n in range(50)])
    url = canonical_url(f"{HOST}/s7/invoices/12/payments")
    _show("base URL among 50", partial(services.find, url))
    for count in (10, 100, 1_000, 10_000):
        table = OperationTable(
            Route(template, operation.methods, operation.id)
            for operation in _operations(count)
            for template in operation.templates
        )
        last = count // 5 - 1
        for name, method, path in (
            ("no parameter", "GET", f"/r{last}"),
            ("parameter", "POST", f"/r{last}/12/payments"),
            ("pattern", "GET", f"/r{last}/12"),
            ("no match", "GET", f"/r{last}/12/nothing"),
        ):
            _show(f"{name}, {count} operations", partial(table.match, method, path))
    _check("check, 1,000 operations in 50 services", [_service(n, 20) for n in range(50)])
    _check("check, 10,000 operations in one service", [_service(0, 10_000)])


def _nothing() -> None:
    pass


def _operations(count: int) -> Iterator[RoutedOperation]:
    patterns = {"id": "[0-9]{1,12}"}
    for number in range(count // 5):
        for name, method, path, params in (
            ("list", "GET", f"/r{number}", {}),
            ("read", "GET", f"/r{number}/{{id}}", patterns),
            ("pay", "POST", f"/r{number}/{{id}}/payments", {}),
            ("note", "PUT", f"/r{number}/{{id}}/notes/{{note}}", {}),
            ("end", "DELETE", f"/r{number}/{{id}}/notes", {}),
        ):
            templates = _templates(path, params)
            yield RoutedOperation(f"{name}{number}", (method,), templates, (), SPAN)


def _templates(path: str, params: dict[str, str]) -> tuple[Template, ...]:
    constraints = [
        ParameterConstraint(Text(name, SPAN), Text(pattern, SPAN), None, SPAN)
        for name, pattern in params.items()
    ]
    templates = parse_templates([Text(path, SPAN)], constraints, DiagnosticSink())
    if templates is None:
        raise SystemExit(f"benchmark template {path} is not right")
    return templates


def _service(number: int, operations: int) -> RoutedService:
    base_url = f"{HOST}/s{number}"
    return RoutedService(
        f"s{number}",
        ((parse_base_url(base_url), Text(base_url, SPAN)),),
        tuple(_operations(operations)),
    )


def _show(name: str, call: Callable[[], object]) -> None:
    rounds = [_one_round(call) for _ in range(ROUNDS)]
    print(f"{name:45} {median(rounds):8.2f} µs   least {min(rounds):.2f}")


def _one_round(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    for _ in range(CALLS_A_ROUND):
        call()
    return (time.perf_counter() - started) / CALLS_A_ROUND * 1e6


def _check(name: str, services: list[RoutedService]) -> None:
    sink = DiagnosticSink()
    started = time.perf_counter()
    check_overlaps(services, sink)
    print(f"{name:45} {time.perf_counter() - started:8.2f} s    findings {len(sink.finish())}")


if __name__ == "__main__":
    main()
