"""Every key of the settings, as the readers themselves ask for it.

Settings of `settings_probes.yaml` are read; each key that a reader takes is noted with what it
accepts, told by the reader's own words when it is given what it cannot accept.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
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
_NO_DEFAULT = {
    # Read as `true` or `*` only where it is written; or told as a whole.
    "gateways[].apiServices",
    "identityHeaders.NAME",
    "insecureAnonymousGateway.apiServices",
    "tokenProviders[].introspection.discovery",
    "tokenProviders[].issuers[].keys.discovery",
    "tokenProviders[].keys.discovery",
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

Arguments = Sequence[Any]
Named = Mapping[str, Any]


class _Notes:
    """What is noted beside each method of Section: its key, its further arguments."""

    def __init__(self, found: Found) -> None:
        self._found = found

    def key(self, section: Section, key: str) -> Key:
        path = _plain(section._name(key))
        return self._found.keys.setdefault(path, Key(path))

    def optional(self, section: Section, key: str, args: Arguments, kwargs: Named) -> None:
        parse, default = args
        noted = self._takes(section, key, _takes(parse))
        if default is not None and noted.default is None and noted.path not in _NO_DEFAULT:
            shown = kwargs.get("shown", str)(default)
            noted.default = _shorter(shown.removeprefix(f"{section.reading.folder}/"))

    def required(self, section: Section, key: str, args: Arguments, _: Named) -> None:
        self._takes(section, key, _takes(args[0]))

    def texts(self, section: Section, key: str, args: Arguments, kwargs: Named) -> None:
        noted = self._takes(section, key, f"list of {_takes(args[0])}")
        if kwargs.get("default"):
            noted.default = ", ".join(kwargs["default"])

    def file_path(self, section: Section, key: str, _: Arguments, __: Named) -> None:
        self._takes(section, key, "path")

    def secret(self, section: Section, key: str, _: Arguments, __: Named) -> None:
        self._takes(section, key, "a secret")

    def section(self, section: Section, key: str, _: Arguments, __: Named) -> None:
        self._takes(section, key, "mapping").has_more = True

    def sections(self, section: Section, key: str, _: Arguments, __: Named) -> None:
        self._takes(section, key, "list").has_more = True

    def mapping(self, section: Section, key: str, _: Arguments, __: Named) -> None:
        self._takes(section, key, "mapping")

    def node(self, section: Section, key: str, _: Arguments, __: Named) -> None:
        self.key(section, key)

    def missing(self, section: Section, key: str, _: Arguments, __: Named) -> None:
        self.key(section, key).is_required = True

    def unsupported(self, section: Section, key: str, args: Arguments, _: Named) -> None:
        self._found.refused.update(_plain(section._name(one)) for one in (key, *args))

    def _takes(self, section: Section, key: str, words: str) -> Key:
        noted = self.key(section, key)
        noted.takes = noted.takes or words
        return noted


@contextmanager
def _noting(found: Found) -> Iterator[None]:
    notes = _Notes(found)
    with ExitStack() as stack:
        for name in (name for name in vars(_Notes) if name != "key" and name[0] != "_"):
            beside = _beside(getattr(Section, name), getattr(notes, name))
            stack.enter_context(patch.object(Section, name, beside))
        yield


def _beside(method: Callable[..., Any], note: Callable[..., None]) -> Callable[..., Any]:
    def noted(section: Section, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  as any method
        if args:
            note(section, args[0], args[1:], kwargs)
        return method(section, *args, **kwargs)

    return noted


def _plain(path: str) -> str:
    for one, plain in _ONES.items():
        path = path.replace(one, plain)
    path = _COUNT.sub("[]", path)
    return _CHOSEN.sub(lambda match: f"{match[1]}.NAME" if match[1] else ".NAME", path)


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
    return _shorter(f"{kind}, {limits[-1]}" if limits else kind).replace("` or `", "`, `")


def _shorter(text: str) -> str:
    """3600s ► 1h, as one would write it."""

    def longer_units(match: re.Match[str]) -> str:
        seconds = int(match[1])
        for unit, factor in (("d", 86_400), ("h", 3600), ("m", 60)):
            if (seconds > factor and seconds % factor == 0) or seconds == factor != 60:
                return f"{seconds // factor}{unit}"
        return match[0]

    return _SECONDS.sub(longer_units, text)
