"""The decision log of the settings: its sinks, and what is in a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from deemster import __version__
from deemster.app.http_services import build_http_service
from deemster.decisionlog.carriers import ThreadCarrier
from deemster.decisionlog.counters import DecisionCounters
from deemster.decisionlog.http_carrier import HttpCarrier, as_lines
from deemster.decisionlog.otlp import otlp_logs
from deemster.decisionlog.recorder import DecisionRecorder, WhenFull
from deemster.decisionlog.redaction_rules import Redaction, RedactionRules
from deemster.decisionlog.replayable import ReplayRules
from deemster.decisionlog.sinks import BufferedSink
from deemster.decisionlog.targets import (
    FileTarget,
    LineTarget,
    SharedStreamTarget,
    StreamTarget,
)
from deemster.errors import ConfigurationError
from deemster.model.clock import Clock
from deemster.settings.decision_log_model import (
    DecisionLogSettings,
    FileSinkSettings,
    HttpSinkSettings,
    SinkProtocol,
    SinkSettings,
    StdoutSinkSettings,
)
from deemster.settings.model import Settings
from deemster.telemetry.reports import ServiceReports

__all__ = ["build_recorder", "http_carrier", "stdout_target"]


def build_recorder(
    settings: Settings,
    counters: DecisionCounters,
    reports: ServiceReports,
    clock: Clock,
    stdout: LineTarget,
) -> DecisionRecorder:
    """Raises ConfigurationError where a sink cannot be opened."""
    log = settings.decision_log
    return DecisionRecorder(
        environment=settings.environment,
        clock=clock,
        sinks=[
            _sink(sink, label, settings, counters, reports, clock, stdout)
            for label, sink in _labelled(log.sinks)
        ],
        when_full=WhenFull(log.when_full.value),
        counters=counters,
        wait=settings.deadlines.decision,
        redact=_redaction(log),
        replay=_replay(log),
    )


def stdout_target(descriptor: int, lock: int | None) -> LineTarget:
    """Standard output; `lock` where other processes write to it as well."""
    if lock is None:
        return StreamTarget(descriptor, "stdout")
    return SharedStreamTarget(descriptor, "stdout", lock)


def _labelled(sinks: Sequence[SinkSettings]) -> Iterator[tuple[str, SinkSettings]]:
    """`file`, `http`, and so on: the label in metrics; a second one of a kind has its number."""
    seen: Counter[str] = Counter()
    for sink in sinks:
        kind = _KINDS[type(sink)] if not isinstance(sink, HttpSinkSettings) else sink.protocol.value
        seen[kind] += 1
        yield kind if seen[kind] == 1 else f"{kind}-{seen[kind]}", sink


_KINDS: Mapping[type, str] = {StdoutSinkSettings: "stdout", FileSinkSettings: "file"}


def _sink(
    sink: SinkSettings,
    label: str,
    settings: Settings,
    counters: DecisionCounters,
    reports: ServiceReports,
    clock: Clock,
    stdout: LineTarget,
) -> BufferedSink:
    counted = counters.of_sink(label)
    if isinstance(sink, HttpSinkSettings):
        return BufferedSink(
            _http_carrier(sink, settings, clock),
            counted,
            on_failure=reports.decision_log_changed,
            batch_bytes=sink.batch,
            buffer_bytes=sink.buffer,
            interval=sink.interval,
        )
    carrier = ThreadCarrier(_target(sink, stdout))
    return BufferedSink(carrier, counted, on_failure=reports.decision_log_changed)


def http_carrier(
    sink: HttpSinkSettings,
    clock: Clock,
    *,
    called: str,
    content_type: str,
    encode: Callable[[Sequence[bytes]], bytes],
) -> HttpCarrier:
    """Who posts batches; `called` is how messages name the receiver. Raises ConfigurationError."""
    headers = {}
    if sink.bearer is not None:
        headers["authorization"] = f"Bearer {sink.bearer.reveal()}"
    service = build_http_service(
        sink.outgoing, called=called, clock=clock, headers=headers, is_endpoint=True
    )
    return HttpCarrier(
        service,
        name=sink.outgoing.url,
        clock=clock,
        content_type=content_type,
        encode=encode,
        timeout=sink.timeout,
        retry_for=sink.retry_for,
    )


def _http_carrier(sink: HttpSinkSettings, settings: Settings, clock: Clock) -> HttpCarrier:
    is_otlp = sink.protocol is SinkProtocol.OTLP
    return http_carrier(
        sink,
        clock,
        called="a sink of the decision log",
        content_type="application/json" if is_otlp else "application/x-ndjson",
        encode=otlp_logs(settings.environment, __version__) if is_otlp else as_lines,
    )


def _target(sink: StdoutSinkSettings | FileSinkSettings, stdout: LineTarget) -> LineTarget:
    if not isinstance(sink, FileSinkSettings):
        return stdout
    try:
        return FileTarget(sink.path, rotate_at=sink.rotate_at, keep=sink.keep)
    except OSError as error:
        raise ConfigurationError(
            f"the decision log `{sink.path}` cannot be opened: {error.strerror}"
        ) from None


def _redaction(log: DecisionLogSettings) -> RedactionRules:
    return RedactionRules(
        {member: Redaction(how.value) for member, how in log.redact.items()},
        None if log.salt is None else log.salt.reveal().encode(),
    )


def _replay(log: DecisionLogSettings) -> ReplayRules | None:
    replay = log.replay
    if replay is None:
        return None
    return ReplayRules(
        claims=frozenset(replay.claims),
        headers=frozenset(replay.headers),
        query=frozenset(replay.query),
        user=frozenset(replay.user),
        attributes=frozenset(replay.attributes),
    )
