"""Every key of the settings, as the readers themselves ask for it.

Settings of `settings_probes.yaml` are read; each key that a reader takes is noted with what it
accepts, told by the reader's own words when it is given what it cannot accept.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

import yaml

from deemster.errors import ConfigurationError
from deemster.settings import load_settings
from deemster.settings.section import Section

__all__ = ["Found", "Key", "found_keys"]

PROBES = Path(__file__).with_name("settings_probes.yaml")
ENVIRON = {"S": "s" * 48, "URL": "sqlite+aiosqlite:///people.db"}
_COUNT = re.compile(r"\[\d+\]")
# Mappings whose keys the operator chose; profiles of forward-auth are among the same words.
_CHOSEN = re.compile(
    r"\b(services|databases|queries|profiles|identityHeaders)\[[^\]]*\]|(?<=headers)\.\S+"
    r"|(?<=static\.users)\.[^.]+"
)
_ONES = {"extAuthz[grpc]": "extAuthz.grpc", "extAuthz[http]": "extAuthz.http"}
_TRIED = ("\0", "0", "999999999", "0ms", "9999999d", "999999999MiB")
_KINDS = {
    "a whole number": "number",
    "a duration such as `300ms`, `30s`, `5m`, `1h`": "duration",
    "a size such as `96KiB`, `1MiB`": "size",
    "printable text": "text",
    "an id of lower-case letters, digits and hyphens": "id",
    "the name of a header field": "header field",
    "an https URL": "URL",
}
_SECONDS = re.compile(r"\b(\d+)s\b")


@dataclass(slots=True)
class Key:
    """One key: its path with `[]` for a list's items and `NAME` for what the operator calls them.

    `takes` says what may be written; `default` is None where nothing stands in for it.
    """

    path: str
    takes: str = ""
    default: str | None = None
    is_required: bool = False
    has_more: bool = False
    """Whether it is a mapping or a list of mappings, whose keys follow."""


@dataclass(slots=True)
class Found:
    """`keys` in the order in which they are read; `refused` have no meaning yet; `readers` are
    the functions of deemster.settings that were called."""

    keys: dict[str, Key] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    readers: set[str] = field(default_factory=set)


@cache
def found_keys() -> Found:
    """All of them."""
    found = Found()
    with tempfile.TemporaryDirectory() as at, _noting(found):
        for document in yaml.safe_load_all(PROBES.read_text(encoding="utf-8")):
            _read(Path(at), document, found)
    return found


def _read(folder: Path, document: object, found: Found) -> None:
    file = folder / "deemster.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def called(frame: FrameType, event: str, _: object) -> None:
        module = str(frame.f_globals.get("__name__", ""))
        if event == "call" and module.startswith("deemster.settings."):
            found.readers.add(f"{module.rpartition('.')[2]}.{frame.f_code.co_name}")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        load_settings(file, ENVIRON)
    except ConfigurationError as error:
        # A probe writes parts of settings; what it writes must be known, and nothing else.
        unknown = [one.message for one in error.diagnostics or () if "unknown" in one.message]
        assert unknown == [], unknown
    finally:
        sys.setprofile(before)


# --- what readers ask ---------------------------------------------------------------------------


@contextmanager
def _noting(found: Found) -> Iterator[None]:
    def key_of(section: Section, key: str) -> Key:
        path = _plain(section._name(key))
        return found.keys.setdefault(path, Key(path))

    def optional(section: Section, key: str, args: Any, kwargs: Any) -> None:
        parse, default = args
        noted = key_of(section, key)
        noted.takes = noted.takes or _takes(parse)
        if default is not None and noted.default is None:
            noted.default = _plain_default(kwargs.get("shown", str)(default), section)

    def required(section: Section, key: str, args: Any, _: Any) -> None:
        noted = key_of(section, key)
        noted.takes = noted.takes or _takes(args[0])

    def texts(section: Section, key: str, args: Any, kwargs: Any) -> None:
        noted = key_of(section, key)
        noted.takes = noted.takes or f"list: {_takes(args[0])}"
        default = kwargs.get("default")
        if default:
            noted.default = ", ".join(default)

    def called(words: str, *, more: bool = False) -> Callable[..., None]:
        def note(section: Section, key: str, _: Any, __: Any) -> None:
            noted = key_of(section, key)
            noted.takes = words if noted.takes in {"", "mapping"} else noted.takes
            noted.has_more = noted.has_more or more

        return note

    def missing(section: Section, key: str, _: Any, __: Any) -> None:
        key_of(section, key).is_required = True

    def refused(section: Section, key: str, args: Any, _: Any) -> None:
        found.refused.update(_plain(section._name(one)) for one in (key, *args))

    noting: Mapping[str, Callable[..., None]] = {
        "optional": optional,
        "required": required,
        "texts": texts,
        "file_path": called("path"),
        "secret": called("secret"),
        "section": called("mapping", more=True),
        "sections": called("list", more=True),
        "mapping": called("mapping"),
        "node": called(""),
        "missing": missing,
        "unsupported": refused,
    }
    with ExitStack() as stack:
        for name, note in noting.items():
            stack.enter_context(patch.object(Section, name, _beside(getattr(Section, name), note)))
        yield


def _beside(method: Callable[..., Any], note: Callable[..., None]) -> Callable[..., Any]:
    def noted(section: Section, *args: Any, **kwargs: Any) -> Any:
        if args:
            note(section, args[0], args[1:], kwargs)
        return method(section, *args, **kwargs)

    return noted


def _plain(path: str) -> str:
    for one, plain in _ONES.items():
        path = path.replace(one, plain)
    path = _COUNT.sub("[]", path)
    return _CHOSEN.sub(lambda match: f"{match[1]}.NAME" if match[1] else ".NAME", path)


def _plain_default(text: str, section: Section) -> str:
    return _shorter(text.removeprefix(f"{section.reading.folder}/"))


def _takes(parse: Callable[[str], object]) -> str:
    """What a parser says that it expects, of what no parser accepts and of extremes."""
    said: list[str] = []
    for text in _TRIED:
        try:
            parse(text)
        except ValueError as error:
            words = str(error).removeprefix("expected ")
            said += [words] if words not in said else []
    kind = _KINDS.get(said[0], said[0]) if said else "text"
    limits = [words for words in said[1:] if words not in _KINDS]
    return _shorter(f"{kind}, {limits[-1]}" if limits else kind)


def _shorter(text: str) -> str:
    """3600s ► 1h, as one would write it."""

    def longer_units(match: re.Match[str]) -> str:
        seconds = int(match[1])
        for unit, factor in (("d", 86_400), ("h", 3600), ("m", 60)):
            if seconds > factor and seconds % factor == 0 or seconds == factor != 60:
                return f"{seconds // factor}{unit}"
        return match[0]

    return _SECONDS.sub(longer_units, text)
