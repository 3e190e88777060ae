"""The header field `traceparent` (W3C Trace Context 3.2), from whoever may write one."""

from __future__ import annotations

import pytest

from deemster.model.http import Headers
from deemster.telemetry.trace_context import TraceParent, trace_parent

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


def of(*values: str) -> TraceParent | None:
    return trace_parent(Headers(tuple(("traceparent", value) for value in values)))


@pytest.mark.parametrize(
    ("value", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-02", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", True),
    ],
)
def test_a_trace_is_known_with_its_flag(value: str, *, sampled: bool) -> None:
    assert of(value) == TraceParent(TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "value",
    [
        "",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0x",
        f"00-{TRACE}-{SPAN}-01\n",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE[:-1]}٣-{SPAN}-01",
    ],
)
def test_what_is_no_traceparent_is_none(value: str) -> None:
    assert of(value) is None


def test_none_and_several_are_none() -> None:
    assert of() is None
    assert of(f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01") is None
