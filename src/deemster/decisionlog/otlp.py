"""Records as OpenTelemetry logs: OTLP over HTTP, in its JSON form.

Source: OTLP specification 1.x ("OTLP/HTTP", "JSON Protobuf Encoding"), logs data model. The JSON
form needs no library; a collector takes it at `/v1/logs`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

__all__ = ["otlp_logs"]

_INFO = 9
_WARN = 13
_ERROR = 17
"""Severity numbers of the logs data model."""


class _Told(msgspec.Struct, frozen=True):
    """Members that become attributes of their own, so that a backend can search for them."""

    decision_id: str
    time: str
    outcome: str
    reason: str
    protocol: str
    gateway: str | None
    api_service: str | None
    operation: str | None
    revision: str


_NAMES = (
    "decision_id",
    "outcome",
    "reason",
    "protocol",
    "gateway",
    "api_service",
    "operation",
    "revision",
)
_SEVERITIES = {"permit": (_INFO, "INFO"), "deny": (_WARN, "WARN"), "error": (_ERROR, "ERROR")}


def otlp_logs(environment: str, version: str) -> Callable[[Sequence[bytes]], bytes]:
    """An encoder of batches: one ExportLogsServiceRequest each; a record is a log record's body."""
    resource = {
        "attributes": [
            _attribute("service.name", "deemster"),
            _attribute("service.version", version),
            _attribute("deployment.environment.name", environment),
        ]
    }
    scope = {"name": "deemster.decision_log", "version": version}
    read = msgspec.json.Decoder(_Told).decode

    def encoded(lines: Sequence[bytes]) -> bytes:
        records = [_log_record(read(line), line) for line in lines]
        return msgspec.json.encode(
            {
                "resourceLogs": [
                    {"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": records}]}
                ]
            }
        )

    return encoded


def _log_record(told: _Told, line: bytes) -> dict[str, object]:
    number, text = _SEVERITIES[told.outcome]
    found = [(name, getattr(told, name)) for name in _NAMES]
    return {
        # 64-bit integers are texts in the JSON form of protobuf.
        "timeUnixNano": str(_nanoseconds(told.time)),
        "severityNumber": number,
        "severityText": text,
        "eventName": "deemster.decision",
        "body": {"stringValue": line.rstrip(b"\n").decode("utf-8")},
        "attributes": [
            _attribute(f"deemster.{name}", value) for name, value in found if value is not None
        ],
    }


def _attribute(key: str, value: str) -> dict[str, object]:
    return {"key": key, "value": {"stringValue": value}}


def _nanoseconds(time: str) -> int:
    moment = datetime.fromisoformat(time)
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1_000
