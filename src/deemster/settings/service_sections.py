"""Reads `limits` and `deadlines`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from deemster.settings.model import DeadlineSettings, LimitSettings
from deemster.settings.scalars import (
    parse_duration,
    parse_integer,
    parse_size,
    shown_duration,
    shown_size,
)
from deemster.settings.section import Section

__all__ = [
    "KIB",
    "MIB",
    "between",
    "read_deadlines",
    "read_limits",
]

T = TypeVar("T", int, float)

KIB = 1024
MIB = 1024 * 1024


def read_limits(section: Section) -> LimitSettings:
    """`limits:`"""

    def size(key: str, default: int, least: int, most: int) -> int:
        parse = between(parse_size, least, most, shown_size)
        return section.optional(key, parse, default, shown=shown_size)

    def number(key: str, default: int, least: int, most: int) -> int:
        return section.optional(key, between(parse_integer, least, most, str), default)

    def time(key: str, default: float) -> float:
        parse = between(parse_duration, 0.1, 3600.0, shown_duration)
        return section.optional(key, parse, default, shown=shown_duration)

    limits = LimitSettings(
        body=size("body", MIB, KIB, 64 * MIB),
        headers=size("headers", 96 * KIB, KIB, MIB),
        header_count=number("headerCount", 256, 8, 10_000),
        depth=number("depth", 64, 4, 256),
        concurrency=number("concurrency", 512, 1, 100_000),
        connections=number("connections", 1024, 1, 1_000_000),
        header_timeout=time("headerTimeout", 5.0),
        body_timeout=time("bodyTimeout", 5.0),
        idle_timeout=time("idleTimeout", 75.0),
        queue_timeout=section.optional(
            "queueTimeout",
            between(parse_duration, 0.005, 60.0, shown_duration),
            0.15,
            shown=shown_duration,
        ),
    )
    section.finish()
    return limits


def read_deadlines(section: Section) -> DeadlineSettings:
    """`deadlines:`"""

    def time(key: str, default: float) -> float:
        parse = between(parse_duration, 0.001, 60.0, shown_duration)
        return section.optional(key, parse, default, shown=shown_duration)

    deadlines = DeadlineSettings(
        time("decision", 1.0), time("token", 0.5), time("user", 0.3), time("attribute", 0.3)
    )
    section.finish()
    return deadlines


def between(
    parse: Callable[[str], T], least: T, most: T, shown: Callable[[T], str]
) -> Callable[[str], T]:
    """A parser that takes a number from `least` to `most`."""

    def parse_between(text: str) -> T:
        value = parse(text)
        if not least <= value <= most:
            raise ValueError(f"expected {shown(least)} to {shown(most)}")
        return value

    return parse_between
