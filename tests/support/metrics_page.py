"""The table of metrics in docs/monitoring.md, made of what is exported: names, labels, HELP.

`python -m tests.support.metrics_page` writes it; tests/docs/test_monitoring_page.py holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from deemster.attributesources.counters import FetchOutcome
from deemster.decisionlog.counters import SinkCounters
from deemster.model.durations import Durations
from deemster.serving.crew import Crew
from deemster.serving.supervisor import _ServiceCollector
from deemster.telemetry.decision_traces import NotTraced
from deemster.telemetry.merging import MergedFamilies, told_families
from deemster.telemetry.metrics import ServiceFigures, register_figures
from deemster.telemetry.trace_families import TraceFigures
from deemster.tokens.introspection_counters import IntrospectionOutcome
from deemster.usercontext.counters import DirectoryOutcome

__all__ = ["PAGE", "Exported", "exported", "page"]

PAGE = Path(__file__).parents[2] / "docs" / "monitoring.md"
_TABLE = re.compile(r"(?<=\n)\| metric \|.*?\n(?!\|)", re.S)
_VALUES_TOLD_ELSEWHERE = {
    "reason": "reasons are those of [the words](terminology.md)",
    "protocol": "protocols are those of `gateways[].protocols`",
    "provider": "",
    "source": "",
    "directory": "",
    "name": "",
    "gateway": "",
    "secret_id": "",
    "version": "",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """One metric: `values` by label, empty where they are no closed list."""

    name: str
    kind: str
    labels: tuple[str, ...]
    values: dict[str, list[str]]
    says: str


def exported() -> list[Exported]:
    """Of a service that has all there is: workers, bundles, a shared store, revocations."""
    figures = ServiceFigures()
    for outcome in ("deny", "permit"):
        figures.decisions.decided["protocol", "api_service", outcome, "reason"] = 1
    for sink in ("stdout", "file", "http", "otlp"):
        figures.decisions.of_sink(sink)
    figures.credentials.know([("kong", "k1")])
    figures.refused_calls["protocol", "gateway-unauthenticated"] = 1
    figures.keys["staff"] = (1, 0)
    for fetched in FetchOutcome:
        figures.attributes.count("risk", fetched)
    for asked in IntrospectionOutcome:
        figures.introspections.count("staff", asked)
    dependencies = figures.dependencies
    for cache in ("attributes", "introspections", "refused-users", "tokens", "users"):
        dependencies.caches[cache] = []
    dependencies.key_sets["staff"] = [_Keys()]
    for kind in ("attributes", "directory", "introspection"):
        dependencies.circuits[kind, "people"] = bool
    for ended in DirectoryOutcome:
        dependencies.directories.count("people", ended)
    figures.loop_lag = Durations((0.1,))
    figures.policies.bundle = SimpleNamespace(sequence=7, age=1.0, expires=0.0, is_too_old=False)
    figures.shared = SimpleNamespace(works=True)
    figures.revocations = _Revocations()
    figures.traces = TraceFigures(SinkCounters(), dict.fromkeys(NotTraced, 0))
    own = CollectorRegistry()
    register_figures(own, figures, "1.2.3")
    merged = MergedFamilies()
    merged.tell(1, told_families(own))
    crew = SimpleNamespace(serving=(), wanted=2, restarts=0)
    families = _ServiceCollector(own, merged, cast("Crew", crew)).collect()
    found = [_exported(one) for one in families if one.name.startswith("deemster_")]
    return sorted(found, key=lambda one: one.name)


def page() -> str:
    """The page as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    table = "".join(_rows())
    assert len(_TABLE.findall(text)) == 1
    return _TABLE.sub(lambda _: table, text)


class _Keys:
    age = 1.0
    fetches = 1
    failures = 0


class _Revocations:
    age = 1.0

    def __len__(self) -> int:
        return 0


def _exported(family: Metric) -> Exported:
    counts = family.type == "counter"
    values: dict[str, list[str]] = {}
    for sample in family.samples:
        for label, value in sample.labels.items():
            if label != "le" and value not in values.setdefault(label, []):
                values[label].append(value)
    return Exported(
        name=f"{family.name}_total" if counts else family.name,
        kind=family.type,
        labels=tuple(values),
        values={
            label: sorted(filter(None, known))
            for label, known in values.items()
            if label not in _VALUES_TOLD_ELSEWHERE and not _is_open(family, label)
        },
        says=family.documentation,
    )


def _is_open(family: Metric, label: str) -> bool:
    # Codes of errors, of which the adapters of each protocol have their own.
    return (family.name, label) in {
        ("deemster_refused_calls", "cause"),
        ("deemster_decisions", "api_service"),
    }


def _rows() -> Iterator[str]:
    yield "| metric | labels | kind | |\n|---|---|---|---|\n"
    for one in exported():
        labels = ", ".join(f"`{label}`" for label in one.labels)
        told = [one.says]
        told += [
            f"`{label}`: {', '.join(f'`{value}`' for value in values)}."
            for label, values in one.values.items()
        ]
        told += [
            f"{words[0].upper()}{words[1:]}."
            for label in one.labels
            if (words := _VALUES_TOLD_ELSEWHERE.get(label))
        ]
        yield f"| `{one.name}` | {labels} | {one.kind} | {' '.join(told)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
