"""RFC 3339 timestamps of suites."""

import pytest

from deemster.policytest.fields import numeric_date


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-23T09:00:00Z", 1_795_424_400),
        ("2026-11-23 09:00:00Z", 1_795_424_400),
        ("2026-11-23t09:00:00z", 1_795_424_400),
        ("2026-11-23T10:00:00+01:00", 1_795_424_400),
        ("2026-11-23T09:00:00.25Z", 1_795_424_400.25),
    ],
)
def test_timestamp_becomes_epoch_seconds(text: str, seconds: float) -> None:
    assert numeric_date(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T09:00:00",
        "2026-13-23T09:00:00Z",
        "2026-11-23T25:00:00Z",
        "2026-W48-1T09:00:00Z",
        "٢٠٢٦-11-23T09:00:00Z",
        "2026-11-23T09:00:00Z\n",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert numeric_date(text) is None
