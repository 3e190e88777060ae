"""The service log: JSON lines on standard error, for operators. Never the decision log.

Event names are constant past-tense phrases, facts are keys. Secrets do not belong into it; what
slips into a text all the same is taken out here as a last resort.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import msgspec
import structlog

from deemster.errors import DeemsterError
from deemster.model.clock import Clock

__all__ = ["ServiceLog", "adopt_standard_logging", "build_service_log"]

ServiceLog = structlog.typing.FilteringBoundLogger

EventDict = MutableMapping[str, Any]

# A compact JWS or JWE, or whatever follows an authentication scheme.
_TOKEN = re.compile(
    r"\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4}"
    r"|\b(?i:bearer|basic|dpop) +[A-Za-z0-9._~+/=-]{8,}"
)
_MAX_TEXT = 2000


def build_service_log(stream: TextIO, clock: Clock, *, level: int = logging.INFO) -> ServiceLog:
    """A logger that writes to `stream`: for people on a terminal, JSON everywhere else."""
    renderer: Callable[..., str | bytes]
    if stream.isatty():
        renderer = structlog.dev.ConsoleRenderer(
            colors=True, exception_formatter=structlog.dev.plain_traceback
        )
    else:
        renderer = structlog.processors.JSONRenderer(serializer=_to_json)
    log: ServiceLog = structlog.wrap_logger(
        # A line and its end in one write: workers share the stream.
        structlog.WriteLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            _Timestamps(clock),
            _faults_without_messages,
            _safe_values,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    return log


def adopt_standard_logging(log: ServiceLog) -> None:
    """Send what libraries say through `logging` (from WARNING on) into the service log."""
    handler = _Forwarding(log)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # A stranger's malformed bytes are counted, not logged line by line: a log is easily flooded.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


class _Timestamps:
    """Adds `time`, RFC 3339 in UTC."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        now = datetime.fromtimestamp(self._clock.wall(), UTC)
        event["time"] = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return event


def _faults_without_messages(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replaces `exc_info` by kind and places.

    The message of a foreign exception may quote what it choked on, and that may be a token
    (facts/security.md 1.9, L2). Only our own messages and the system's are kept.
    """
    raised = event.pop("exc_info", None)
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event["fault"] = _described(raised)
        event["fault_at"] = _places(raised.__traceback__)
        if raised.__cause__ is not None:
            event["fault_cause"] = _described(raised.__cause__)
    return event


def _described(raised: BaseException) -> str:
    kind = type(raised).__qualname__
    if isinstance(raised, DeemsterError):
        return f"{kind}: {raised.message}" + (f" ({raised.detail})" if raised.detail else "")
    if isinstance(raised, OSError) and raised.strerror:
        return f"{kind}: {raised.strerror}"
    return kind


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-12:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _safe_values(_logger: object, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        event[key] = _safe(value)
    return event


def _safe(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe(item) for item in value]
    text = value if isinstance(value, str) else str(value)
    if len(text) > _MAX_TEXT:
        text = text[:_MAX_TEXT] + "…"
    text = _TOKEN.sub("[token]", text)
    return text if text.isprintable() else "".join([_escaped(character) for character in text])


def _escaped(character: str) -> str:
    # Also for a terminal: line feeds forge lines, escapes and bidirectional marks forge looks.
    return character if character.isprintable() else ascii(character)[1:-1]


def _to_json(event: EventDict, **_options: object) -> str:
    return msgspec.json.encode(event).decode("utf-8")


class _Forwarding(logging.Handler):
    """Turns a record of `logging` into an event of ours."""

    def __init__(self, log: ServiceLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """As logging.Handler says."""
        try:
            self._log.log(
                max(record.levelno, logging.INFO),
                "library_reported",
                library=record.name,
                text=record.getMessage().strip(),
                exc_info=record.exc_info,
            )
        except Exception:  # noqa: BLE001  a failing log must not fail what it tells about
            self.handleError(record)
