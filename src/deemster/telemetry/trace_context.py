"""Which trace a call belongs to: the header field `traceparent` (W3C Trace Context, level 1)."""

from __future__ import annotations

import re
from typing import NamedTuple

from deemster.model.http import Headers

__all__ = ["TraceParent", "trace_parent"]

# 3.2: lower-case hexadecimal; ids of zeros only and version ff are invalid.
_FORM = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_SAMPLED = 0x01


class TraceParent(NamedTuple):
    """Ids in hexadecimal; `sampled`: whoever sent it records its part of the trace."""

    trace_id: str
    span_id: str
    sampled: bool


def trace_parent(headers: Headers) -> TraceParent | None:
    """None where there is none, or it is none: then a trace of its own begins (4.3)."""
    values = headers.get_all("traceparent")
    if len(values) != 1:
        return None
    found = _FORM.fullmatch(values[0])
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    # 3.2.4: what a later version appends is not for us; version 00 appends nothing.
    if version == "00" and more is not None:
        return None
    return TraceParent(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))
