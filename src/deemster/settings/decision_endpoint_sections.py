"""Reads `decisionEndpoints`: what is common to all decision endpoints."""

from __future__ import annotations

from deemster.settings.model import DecisionEndpointSettings
from deemster.settings.scalars import parse_integer
from deemster.settings.section import Section
from deemster.settings.service_sections import between

__all__ = ["read_decision_endpoints"]

MOST_IN_BULK = 1000


def read_decision_endpoints(section: Section) -> DecisionEndpointSettings:
    """`decisionEndpoints:`"""
    settings = DecisionEndpointSettings(
        bulk=section.optional("bulk", between(parse_integer, 1, MOST_IN_BULK, str), 20),
        record_recent_requests=section.flag("recordRecentRequests", default=False),
    )
    section.finish()
    return settings
