"""Reads `keys` of a token provider: where they are, and how they are fetched."""

from __future__ import annotations

import json

from deemster.policy.codes import Code
from deemster.policy.reading.nodes import SequenceNode
from deemster.settings.provider_model import (
    DevelopmentKeySource,
    DiscoveredKeySource,
    FileKeySource,
    InlineKeySource,
    KeyFetchingSettings,
    KeySource,
    PublishedKeySource,
)
from deemster.settings.scalars import parse_duration, parse_url, shown_duration
from deemster.settings.section import Section
from deemster.settings.service_sections import between
from deemster.settings.static_directory_sections import json_value

__all__ = ["read_keys"]

KEY_SOURCES = ("discovery", "jwksUrl", "file", "inline", "insecureDevelopmentKey")
_FETCHED = ("discovery", "jwksUrl")
_FETCHING = ("refresh", "coolDown", "maxStale", "allowPrivate")


def read_keys(provider: Section) -> tuple[KeySource | None, KeyFetchingSettings]:
    """The source (None after an error), and how it is asked."""
    if not provider.has("keys"):
        provider.take("keys")
        provider.missing("keys", help="for example `keys: {discovery: true}`, or `introspection`")
        return None, KeyFetchingSettings()
    keys = provider.section("keys")
    written = keys.written(KEY_SOURCES)
    source: KeySource | None = None
    if len(written) != 1:
        expected = ", ".join(f"`{word}`" for word in KEY_SOURCES)
        keys.error(Code.SETTING, f"`{keys.path}` is exactly one of {expected}", keys.span)
    else:
        source = _READ[written[0]](keys)
    keys.take(*KEY_SOURCES)
    fetching = KeyFetchingSettings()
    if written and set(written) <= set(_FETCHED):
        fetching = _read_fetching(keys)
    else:
        keys.misplaced(_FETCHING, "only published keys are fetched")
    keys.finish()
    return source, fetching


def _read_fetching(keys: Section) -> KeyFetchingSettings:
    def duration(key: str, least: float, most: float, default: float) -> float:
        parse = between(parse_duration, least, most, shown_duration)
        return keys.optional(key, parse, default, shown=shown_duration)

    return KeyFetchingSettings(
        refresh=duration("refresh", 60.0, 3600.0, 600.0),
        cool_down=duration("coolDown", 5.0, 300.0, 30.0),
        max_stale=duration("maxStale", 600.0, 7 * 86_400.0, 86_400.0),
        allow_private=keys.flag("allowPrivate", default=False),
    )


def _discovered(keys: Section) -> KeySource:
    if not keys.flag("discovery", default=True):
        message = "`discovery: false` says nothing about where the keys are"
        keys.error(Code.SETTING, message, keys.span_at("discovery"))
    return DiscoveredKeySource()


def _published(keys: Section) -> KeySource | None:
    url = keys.required("jwksUrl", parse_url)
    return None if url is None else PublishedKeySource(url)


def _of_file(keys: Section) -> KeySource | None:
    path = keys.file_path("file")
    return None if path is None else FileKeySource(path)


def _of_development(keys: Section) -> KeySource | None:
    path = keys.file_path("insecureDevelopmentKey")
    return None if path is None else DevelopmentKeySource(path)


def _inline(keys: Section) -> KeySource | None:
    node = keys.node("inline")
    if not isinstance(node, SequenceNode) or not node.items:
        keys.error(
            Code.WRONG_TYPE,
            f"`{keys.path}.inline` is not a list of keys",
            keys.span_at("inline"),
            help="write JWKs: `[{kty: EC, crv: P-256, kid: k1, x: …, y: …}]`",
        )
        return None
    document = json.dumps({"keys": json_value(node)}).encode()
    keys.note("inline", f"{len(node.items)} keys")
    return InlineKeySource(document)


_READ = {
    "discovery": _discovered,
    "jwksUrl": _published,
    "file": _of_file,
    "inline": _inline,
    "insecureDevelopmentKey": _of_development,
}
