"""Reads `policies`: a tree or a signed bundle, and when what is new there is taken."""

from __future__ import annotations

import re

from deemster.policy.codes import Code
from deemster.settings.policy_model import (
    BundleSettings,
    PolicySettings,
    ShadowSettings,
    WhenTooOld,
)
from deemster.settings.reading import one_of
from deemster.settings.scalars import parse_duration, parse_name, shown_duration
from deemster.settings.section import Section
from deemster.settings.service_sections import between
from deemster.settings.source_sections import read_service

__all__ = ["read_policies"]

_SHARE = re.compile(r"0?\.[0-9]{1,6}|1(?:\.0+)?")
_DAY = 86_400.0
_MOST_KEYS = 2
_OF_HTTP = (
    "allowPrivate",
    "bearer",
    "breaker",
    "concurrency",
    "headers",
    "plaintextBehind",
    "timeout",
    "tls",
)


def read_policies(section: Section) -> PolicySettings | None:
    """`policies:`; None after an error."""
    has_bundle = section.has("bundle")
    path = None
    if not has_bundle:
        section.take("bundle")
        path = section.file_path("path")
        reload = section.optional("reload", one_of(("signal", "watch")), "signal")
    else:
        section.misplaced(("path",), "the policies come in a bundle")
        section.misplaced(("reload",), "a bundle is asked for every `bundle.poll`")
        reload = "signal"
    suites = section.optional("selfTest", one_of(("builtin", "suites")), "builtin")
    bundle = _read_bundle(section.section("bundle")) if has_bundle else None
    shadow = _read_shadow(section.section("shadow")) if section.has("shadow") else None
    section.take("shadow")
    section.finish()
    if path is None and bundle is None:
        return None
    return PolicySettings(path, bundle, reload == "watch", suites == "suites", shadow)


def _read_shadow(section: Section) -> ShadowSettings | None:
    path = section.file_path("path")
    share = section.optional("share", _parse_share, 0.1)
    section.finish()
    return None if path is None else ShadowSettings(path, share)


def _parse_share(text: str) -> float:
    if _SHARE.fullmatch(text) is not None and 0 < float(text) <= 1:
        return float(text)
    raise ValueError("expected a share of the calls, such as 0.1, at most 1")


def _read_bundle(section: Section) -> BundleSettings | None:
    def duration(key: str, least: float, most: float, default: float) -> float:
        parse = between(parse_duration, least, most, shown_duration)
        return section.optional(key, parse, default, shown=shown_duration)

    places = section.written(("url", "file"))
    section.take("url", "file")
    if len(places) != 1:
        section.error(
            Code.SETTING,
            f"`{section.path}` is exactly one of `url` and `file`",
            section.span,
        )
    keys = section.texts("keys", parse_name)
    if len(keys) > _MOST_KEYS:
        section.error(
            Code.SETTING,
            f"there are {len(keys)} keys",
            section.span_at("keys"),
            help="at most two are pinned: the one in use and the next",
        )
    poll = duration("poll", 1.0, 3600.0, 10.0)
    maximum_age = duration("maximumAge", 1.0, 365 * _DAY, _DAY)
    if maximum_age <= poll:
        section.error(
            Code.SETTING,
            "a bundle is too old before the source is asked again",
            section.span_at("maximumAge"),
            help="`maximumAge` is longer than `poll`",
        )
    cache = section.file_path("cache")
    when_too_old = _read_when_too_old(section)
    source, file, timeout = None, None, 30.0
    if places == ["file"]:
        section.misplaced(_OF_HTTP, "nothing is called")
        file = section.file_path("file")
        section.finish()
    else:
        section.take("bearer", "headers")
        timeout = duration("timeout", 0.1, 600.0, timeout)
        # Reads what is left, and reports what nobody knows.
        source = read_service("policies.bundle", section) if places else None
    folder = section.reading.folder
    if cache is None or when_too_old is None or (source is None and file is None):
        return None
    return BundleSettings(
        source=source,
        file=file,
        keys=tuple([folder / key for key in keys]),
        poll=poll,
        timeout=timeout,
        maximum_age=maximum_age,
        when_too_old=when_too_old,
        cache=cache,
    )


def _read_when_too_old(section: Section) -> WhenTooOld | None:
    words = [action.value for action in WhenTooOld]
    if section.has("whenTooOld"):
        found = section.required_choice("whenTooOld", words)
        return None if found is None else WhenTooOld(found)
    section.take("whenTooOld")
    section.missing(
        "whenTooOld",
        help="what happens when the source did not confirm the bundle for `maximumAge`, or it "
        "expired: `serve`, `degrade` (`/ready` says so) or `deny`; nobody can choose this for you",
    )
    return None
