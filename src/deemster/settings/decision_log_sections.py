"""Reads `decisionLog`: where records go, what is taken out of them, and what may be in them."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.settings.decision_log_model import (
    DecisionLogSettings,
    Redact,
    ReplaySettings,
    WhenLogIsFull,
)
from deemster.settings.scalars import parse_header_name, parse_name
from deemster.settings.secret import Secret
from deemster.settings.section import Section
from deemster.settings.sink_sections import read_sink

__all__ = ["read_decision_log"]

REDACTABLE = ("subject", "client_id", "client_ip", "gateway_request_id", "resource.id", "url.path")
"""As the members are called in a record (`decisionlog/redaction_rules.py`, a test compares)."""

FEWEST_SALT_OCTETS = 16

_CLAIMS = ("sub", "client_id", "azp", "acr", "amr", "auth_time")
_USER = ("groups", "roles")
_NO_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "client-token", "dpop"}
)
"""Fields that are credentials: no setting brings them into a log."""


def read_decision_log(section: Section) -> DecisionLogSettings | None:
    """`decisionLog:`"""
    written = section.sections("sinks", example="[{stdout: {}}]")
    sinks = [sink for item in written if (sink := read_sink(item)) is not None]
    when_full = None
    if section.has("whenFull"):
        when_full = section.required_choice("whenFull", [mode.value for mode in WhenLogIsFull])
    else:
        section.take("whenFull")
        section.missing(
            "whenFull",
            help="write `drop` (lost records are counted) or `block` (a decision that cannot be "
            "recorded is denied); nobody can choose this for you",
        )
    redact = _read_redact(section.section("redact"))
    salt = _read_salt(section, redact)
    replay = _read_replay(section.section("replay")) if section.has("replay") else None
    section.take("replay")
    section.finish()
    if when_full is None:
        return None
    return DecisionLogSettings(tuple(sinks), WhenLogIsFull(when_full), redact, salt, replay)


def _read_redact(section: Section) -> Mapping[str, Redact]:
    found: dict[str, Redact] = {}
    for name in REDACTABLE:
        how = section.choice(name, [one.value for one in Redact], None)
        if how is not None:
            found[name] = Redact(how)
    section.finish()
    return found


def _read_salt(section: Section, redact: Mapping[str, Redact]) -> Secret | None:
    if not section.has("salt"):
        section.take("salt")
        if Redact.DIGEST in redact.values():
            section.missing(
                "salt",
                help="a digest of a short name is found by trying: write "
                '`salt: "${file:PATH}"`, the same for all processes that write this log',
            )
        return None
    salt = section.secret("salt")
    if salt is not None and len(salt.reveal().encode()) < FEWEST_SALT_OCTETS:
        section.error(
            Code.SETTING,
            f"the salt of {salt.source} has fewer than {FEWEST_SALT_OCTETS} bytes",
            section.span_at("salt"),
        )
    return salt


def _read_replay(section: Section) -> ReplaySettings:
    replay = ReplaySettings(
        claims=section.texts("claims", parse_name, default=_CLAIMS),
        headers=section.texts("headers", _header, default=()),
        query=section.texts("query", parse_name, default=()),
        user=section.texts("user", _part_of_user, default=_USER),
        attributes=section.texts("attributes", parse_name, default=()),
    )
    section.finish()
    return replay


def _header(text: str) -> str:
    name = parse_header_name(text)
    if name in _NO_HEADERS:
        raise ValueError("a credential, which no log may hold")
    return name


def _part_of_user(text: str) -> str:
    if text in _USER or (text.startswith("attributes.") and len(text) > len("attributes.")):
        return text
    raise ValueError("expected `groups`, `roles` or `attributes.NAME`")
