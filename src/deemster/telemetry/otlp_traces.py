"""Spans as OpenTelemetry has them: OTLP over HTTP, in its JSON form.

Source: OTLP specification 1.x ("OTLP/HTTP", "JSON Protobuf Encoding"), trace.proto. The JSON form
needs no library; a collector takes it at `/v1/traces`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

__all__ = ["INTERNAL", "SERVER", "otlp_traces", "span"]

INTERNAL = 1
SERVER = 2
"""Kinds of spans."""

_ERROR = 2


def span(  # noqa: PLR0913  (what a span consists of, each by keyword)
    *,
    trace_id: str,
    span_id: str,
    parent_id: str | None,
    name: str,
    kind: int,
    began: float,
    ended: float,
    attributes: Mapping[str, str | None] | None = None,
    error: str | None = None,
) -> dict[str, object]:
    """One span; ids in hexadecimal, times in seconds since 1970, `error` is what went wrong."""
    told: dict[str, object] = {
        "traceId": trace_id,
        "spanId": span_id,
        "name": name,
        "kind": kind,
        # 64-bit integers are texts in the JSON form of protobuf.
        "startTimeUnixNano": str(int(began * 1e9)),
        "endTimeUnixNano": str(int(ended * 1e9)),
        "attributes": [
            _attribute(key, value) for key, value in (attributes or {}).items() if value is not None
        ],
    }
    if parent_id is not None:
        told["parentSpanId"] = parent_id
    if error is not None:
        told["status"] = {"code": _ERROR, "message": error}
    return told


def otlp_traces(environment: str, version: str) -> Callable[[Sequence[bytes]], bytes]:
    """An encoder of batches: one ExportTraceServiceRequest each, of lines that are lists of spans
    without their brackets."""
    encode = msgspec.json.encode
    resource = encode(
        {
            "attributes": [
                _attribute("service.name", "deemster"),
                _attribute("service.version", version),
                _attribute("deployment.environment.name", environment),
            ]
        }
    )
    scope = encode({"name": "deemster", "version": version})
    before = b'{"resourceSpans":[{"resource":%s,"scopeSpans":[{"scope":%s,"spans":[' % (
        resource,
        scope,
    )

    def encoded(lines: Sequence[bytes]) -> bytes:
        return before + b",".join([line.rstrip(b"\n") for line in lines]) + b"]}]}]}"

    return encoded


def _attribute(key: str, value: str) -> dict[str, object]:
    return {"key": key, "value": {"stringValue": value}}
