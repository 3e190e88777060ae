"""`tracing:` ► what traces decisions and sends their traces; nothing of it where it is off."""

from __future__ import annotations

from dataclasses import dataclass

from deemster import __version__
from deemster.app.decision_log import http_carrier
from deemster.decisionlog.counters import SinkCounters
from deemster.decisionlog.recorder import DecisionRecorder
from deemster.decisionlog.sinks import BufferedSink
from deemster.model.clock import Clock
from deemster.settings.model import Settings
from deemster.telemetry.decision_traces import TracedRecording, Tracer
from deemster.telemetry.metrics import ServiceFigures
from deemster.telemetry.otlp_traces import otlp_traces
from deemster.telemetry.reports import ServiceReports
from deemster.telemetry.trace_families import TraceFigures

__all__ = ["DecisionTracing", "build_tracing"]


@dataclass(frozen=True, slots=True)
class DecisionTracing:
    """Who chooses the decisions, and where their traces collect."""

    tracer: Tracer
    sink: BufferedSink
    clock: Clock

    def recording(self, recorder: DecisionRecorder) -> TracedRecording:
        """`recorder`, and traces beside it."""
        return TracedRecording(recorder, self.tracer, self.sink.offer, self.clock)


def build_tracing(
    settings: Settings, figures: ServiceFigures, reports: ServiceReports, clock: Clock
) -> DecisionTracing | None:
    """None where nothing is traced. Nothing is connected yet. Raises ConfigurationError."""
    tracing = settings.tracing
    if tracing is None:
        return None
    counters = SinkCounters()
    tracer = Tracer(clock, share=tracing.share, per_second=tracing.per_second)
    figures.traces = TraceFigures(counters, tracer.not_traced)
    collector = tracing.collector
    sink = BufferedSink(
        http_carrier(
            collector,
            clock,
            called="the collector of traces",
            content_type="application/json",
            encode=otlp_traces(settings.environment, __version__),
        ),
        counters,
        on_failure=reports.traces_changed,
        batch_bytes=collector.batch,
        buffer_bytes=collector.buffer,
        interval=collector.interval,
    )
    return DecisionTracing(tracer, sink, clock)
