"""How many processes, and in which parts."""

import pytest

from deemster.policytest.running import fitting_jobs


@pytest.mark.parametrize(
    ("cases", "processors", "jobs"),
    [(0, 8, 1), (93, 8, 1), (1_999, 8, 1), (2_000, 8, 2), (2_000, 1, 1), (100_000, 8, 8)],
)
def test_another_process_is_started_only_for_enough_cases(
    cases: int, processors: int, jobs: int
) -> None:
    assert fitting_jobs(cases, processors) == jobs
