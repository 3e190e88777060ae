"""Reads where an HTTP service is and how it may be asked, for every setting that names one."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from deemster.policy.codes import Code
from deemster.settings.outgoing_model import OutgoingSettings, ServiceTls
from deemster.settings.reach import PROTECTED_HELP, check_reach
from deemster.settings.reading import PROTECTORS
from deemster.settings.scalars import parse_duration, parse_integer, parse_url, shown_duration
from deemster.settings.secret import Secret
from deemster.settings.section import Section
from deemster.settings.service_sections import between

__all__ = ["check_header_value", "is_field_value", "read_outgoing"]

_DOTS = re.compile(r"(?:\.|%2[eE]){1,2}")
# RFC 9110 5.5: visible ASCII with blanks within.
_FIELD_VALUE = re.compile(r"[!-~](?:[ !-~]*[!-~])?")


def read_outgoing(section: Section, key: str = "url") -> OutgoingSettings | None:
    """`url` (or what `key` says), `allowPrivate`, `plaintextBehind`, `tls`, `concurrency` and
    `breaker` of a section that may have more; None after an error."""
    url = section.required(key, _parse_service_url)
    allow_private = section.flag("allowPrivate", default=False)
    behind = section.choice("plaintextBehind", PROTECTORS, None)
    section.take("tls")
    tls = _read_tls(section.section("tls"))
    concurrency = section.optional("concurrency", between(parse_integer, 1, 10_000, str), 16)
    breaker = section.section("breaker")
    failures = breaker.optional("failures", between(parse_integer, 1, 1_000, str), 5)
    open_for = breaker.optional(
        "openFor", between(parse_duration, 0.1, 3600.0, shown_duration), 10.0, shown=shown_duration
    )
    breaker.finish()
    if url is None:
        return None
    check_reach(section, key, url, allow_private=allow_private, behind=behind, help=PROTECTED_HELP)
    return OutgoingSettings(
        url=url,
        allow_private=allow_private,
        tls=tls,
        concurrency=concurrency,
        failures=failures,
        open_for=open_for,
    )


def is_field_value(text: str) -> bool:
    """Whether a text can stand in a header field of a request."""
    return _FIELD_VALUE.fullmatch(text) is not None


def check_header_value(section: Section, key: str, value: Secret) -> None:
    """Report a secret that cannot."""
    if not is_field_value(value.reveal()):
        section.error(
            Code.SETTING,
            f"the secret of `{key}` cannot stand in a header",
            section.span_at(key),
            help="visible ASCII, with blanks within",
        )


def _read_tls(section: Section) -> ServiceTls:
    ca = section.file_path("ca") if section.has("ca") else None
    certificate = section.file_path("certificate") if section.has("certificate") else None
    key = section.file_path("key") if section.has("key") else None
    if (certificate is None) != (key is None):
        section.error(Code.SETTING, "`certificate` and `key` go together", section.span)
    section.finish()
    return ServiceTls(ca, certificate, key)


def _parse_service_url(text: str) -> str:
    url = parse_url(text)
    segments = urlsplit(url).path.split("/")[1:]
    if any(_DOTS.fullmatch(segment) for segment in segments) or "" in segments[:-1]:
        raise ValueError("expected a path without dot segments and empty segments")
    return url
