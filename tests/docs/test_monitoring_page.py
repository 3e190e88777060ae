"""docs/monitoring.md has every metric that the code can export, as it is exported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.metrics_page import PAGE, Exported, exported, page

SOURCE = Path(__file__).parents[2] / "src" / "deemster"
# As a name of its own: what a text or a settings' default mentions is longer, or is no metric.
_FAMILY = re.compile(r'MetricFamily\(\s*"(deemster_\w+)"|^ +"(deemster_\w+)",$', re.M)
METRICS = exported()


def test_the_table_is_current() -> None:
    stale = "docs/monitoring.md is not current: run `python -m tests.support.metrics_page`"
    assert page() == PAGE.read_text(encoding="utf-8"), stale


def test_every_metric_that_the_code_names_is_told() -> None:
    named = {
        first or second
        for file in SOURCE.rglob("*.py")
        for first, second in _FAMILY.findall(file.read_text(encoding="utf-8"))
    }
    told = {one.name.removesuffix("_total") for one in METRICS}
    assert named
    assert named - told == set(), "give it a figure in tests/support/metrics_page.py"


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.name)
def test_a_metric_says_what_it_is(metric: Exported) -> None:
    assert metric.says.endswith(".")
    assert len(metric.says) > 8
    assert set(metric.values) <= set(metric.labels)
