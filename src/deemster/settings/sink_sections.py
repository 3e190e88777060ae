"""Reads one entry of `decisionLog.sinks`."""

from __future__ import annotations

from pathlib import Path

from deemster.policy.codes import Code
from deemster.settings.decision_log_model import (
    FileSinkSettings,
    HttpSinkSettings,
    SinkProtocol,
    SinkSettings,
    StdoutSinkSettings,
)
from deemster.settings.outgoing_sections import check_header_value, read_outgoing
from deemster.settings.scalars import (
    parse_duration,
    parse_integer,
    parse_size,
    shown_duration,
    shown_size,
)
from deemster.settings.section import Section
from deemster.settings.service_sections import KIB, MIB, between

__all__ = ["read_http_sink", "read_sink"]

_KINDS = ("stdout", "file", "http", "otlp")


def read_sink(section: Section) -> SinkSettings | None:
    """One sink; None after an error."""
    section.unsupported("kafka", "syslog")
    if len(section.written()) != 1:
        known = ", ".join(f"`{kind}`" for kind in _KINDS[:-1])
        section.error(Code.SETTING, f"a sink is one of {known} and `{_KINDS[-1]}`", section.span)
    sink: SinkSettings | None = None
    if section.has("stdout"):
        section.section("stdout").finish()
        section.note("stdout", "{}")
        sink = StdoutSinkSettings()
    if section.has("file"):
        sink = _read_file(section.section("file"))
    for protocol in SinkProtocol:
        if section.has(protocol.value):
            sink = read_http_sink(section.section(protocol.value), protocol)
    section.take(*_KINDS)
    section.finish()
    return sink


def _read_file(section: Section) -> FileSinkSettings | None:
    path: Path | None = section.file_path("path")
    rotate_at, keep = None, 0
    if section.has("rotate"):
        rotate = section.section("rotate")
        parse = between(parse_size, 64 * KIB, 1024 * 1024 * MIB, shown_size)
        rotate_at = rotate.optional("size", parse, 100 * MIB, shown=shown_size)
        keep = rotate.optional("keep", between(parse_integer, 0, 10_000, str), 10)
        rotate.finish()
    section.take("rotate")
    section.finish()
    return None if path is None else FileSinkSettings(path, rotate_at, keep)


def read_http_sink(section: Section, protocol: SinkProtocol) -> HttpSinkSettings | None:
    """Where batches are posted; None after an error."""
    outgoing = read_outgoing(section)
    bearer = section.secret("bearer") if section.has("bearer") else None
    section.take("bearer")
    if bearer is not None:
        check_header_value(section, "bearer", bearer)

    def time(key: str, least: float, most: float, default: float) -> float:
        parse = between(parse_duration, least, most, shown_duration)
        return section.optional(key, parse, default, shown=shown_duration)

    def size(key: str, least: int, most: int, default: int) -> int:
        parse = between(parse_size, least, most, shown_size)
        return section.optional(key, parse, default, shown=shown_size)

    timeout = time("timeout", 0.1, 60.0, 5.0)
    retry_for = time("retryFor", 0.0, 86_400.0, 300.0)
    interval = time("interval", 0.05, 60.0, 1.0)
    batch = size("batch", KIB, 16 * MIB, 512 * KIB)
    buffer = size("buffer", 64 * KIB, 1024 * MIB, 16 * MIB)
    section.finish()
    if outgoing is None:
        return None
    if buffer < batch:
        section.error(
            Code.SETTING,
            "`buffer` is smaller than `batch`: no batch would ever be whole",
            section.span_at("buffer"),
        )
    return HttpSinkSettings(
        protocol=protocol,
        outgoing=outgoing,
        bearer=bearer,
        timeout=timeout,
        retry_for=retry_for,
        batch=batch,
        interval=interval,
        buffer=buffer,
    )
