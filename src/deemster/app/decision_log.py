"""The decision log of the settings: its sinks, and what is in a record."""

from __future__ import annotations

from deemster.decisionlog.counters import DecisionCounters
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
    SinkSettings,
)
from deemster.settings.model import Settings
from deemster.telemetry.reports import ServiceReports

__all__ = ["build_recorder", "stdout_target"]


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
            BufferedSink(_target(sink, stdout), counters, on_failure=reports.decision_log_changed)
            for sink in log.sinks
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


def _target(sink: SinkSettings, stdout: LineTarget) -> LineTarget:
    if not isinstance(sink, FileSinkSettings):
        return stdout
    try:
        return FileTarget(sink.path)
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
