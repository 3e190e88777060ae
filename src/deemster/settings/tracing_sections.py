"""Reads `tracing`: which decisions are traced, and where their traces go."""

from __future__ import annotations

import re

from deemster.settings.decision_log_model import SinkProtocol, TracingSettings
from deemster.settings.scalars import parse_integer
from deemster.settings.section import Section
from deemster.settings.service_sections import between
from deemster.settings.sink_sections import read_http_sink

__all__ = ["read_tracing"]

_SHARE = re.compile(r"0(?:\.\d{1,6})?|1(?:\.0{1,6})?")


def read_tracing(root: Section) -> TracingSettings | None:
    """`tracing:`, None where there is none or after an error."""
    if not root.has("tracing"):
        root.take("tracing")
        return None
    section = root.section("tracing")
    collector = None
    if section.has("otlp"):
        collector = read_http_sink(section.section("otlp"), SinkProtocol.OTLP)
    else:
        section.missing("otlp", help="`otlp: {url: …}`, exactly where traces are posted")
    section.take("otlp")
    share = section.optional("share", _share, 0.01, shown=lambda found: f"{found:g}")
    per_second = section.optional("perSecond", between(parse_integer, 1, 100_000, str), 100)
    section.finish()
    return None if collector is None else TracingSettings(collector, share, per_second)


def _share(text: str) -> float:
    if not _SHARE.fullmatch(text):
        raise ValueError("expected a share from 0 to 1, such as 0.01")
    return float(text)
