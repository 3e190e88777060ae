"""The one strict reader for JSON that arrives from outside (tokens, key sets, gateway bodies).

Stricter than `json.loads` wherever two readers could disagree about the same bytes (RFC 8259 4,
8.1, 9; RFC 7515 10.12): a gateway and we must never see different members in one document.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate

__all__ = ["StrictJsonError", "read_strict_json"]


class StrictJsonError(ValueError):
    """The bytes are not JSON as we take it.

    `reason` never quotes the document. `offset` counts characters from 0; for bytes that are not
    UTF-8 it counts bytes.
    """

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(f"{reason} at offset {offset}")
        self.reason = reason
        self.offset = offset


def read_strict_json(data: bytes, *, max_depth: int) -> object:
    """One JSON value: dict, list, str, int, float, bool or None.

    Refused, whatever the standard library would make of it: anything but UTF-8, a byte order
    mark, a member name twice in one object (compared after unescaping), `NaN` and `Infinity`,
    numbers beyond the range of a double, lone surrogates, raw control characters in strings, text
    after the value, more than `max_depth` nested arrays and objects. Takes time linear in `data`.

    Raises StrictJsonError and nothing else.
    """
    text = _decode(data)
    # INVARIANT: depth is known before the parser runs, because the parser is recursive.
    _check_depth(text, max_depth)
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        reason = (error.msg[:1].lower() + error.msg[1:]).removesuffix(" at")
        raise StrictJsonError(reason, error.pos) from None
    except _DuplicateMemberError:
        raise StrictJsonError("duplicate member name", _duplicate_offset(text)) from None
    except _NumberError as error:
        raise StrictJsonError(error.reason, _scalar_offset(text, error.found)) from None
    if _SURROGATE_ESCAPE.search(text) is not None:
        _check_surrogates(text)
    return value


_MAX_DIGITS = 308  # the largest power of ten a double holds is 1e308
_BOM = b"\xef\xbb\xbf"

# Possessive, and the closing quote optional: linear even where a string never ends.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_STRING_OR_MARK = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[{}\[\],:]', re.DOTALL)
_STRING_OR_SCALAR = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[^"{}\[\],:\s]+', re.DOTALL)
_NOT_BRACKETS = re.compile(r"[^\[\]{}]+")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


class _DuplicateMemberError(Exception):
    """Some object has one member name twice; the place is looked for afterwards."""


class _NumberError(Exception):
    def __init__(self, reason: str, found: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.found = found


def _decode(data: bytes) -> str:
    if data.startswith(_BOM):
        # RFC 8259 8.1: implementations MUST NOT add a byte order mark.
        raise StrictJsonError("byte order mark", 0)
    try:
        return data.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise StrictJsonError("not UTF-8", error.start) from None


def _check_depth(text: str, max_depth: int) -> None:
    if text.count("[") + text.count("{") <= max_depth:
        return
    brackets = _NOT_BRACKETS.sub("", _STRING.sub("", text))
    depths = accumulate(map(_STEP.__getitem__, brackets))
    if max(depths, default=0) > max_depth:
        raise StrictJsonError(f"nested deeper than {max_depth}", _depth_offset(text, max_depth))


def _depth_offset(text: str, max_depth: int) -> int:
    depth = 0
    for token in _STRING_OR_MARK.finditer(text):
        depth += _STEP.get(token.group(), 0)
        if depth > max_depth:
            return token.start()
    return len(text)


def _object(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) != len(members):
        raise _DuplicateMemberError
    return found


def _int(text: str) -> int:
    # Also keeps us clear of the interpreter's limit on digits, which raises a plain ValueError.
    if len(text) > _MAX_DIGITS:
        raise _NumberError("number out of range", text)
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise _NumberError("number out of range", text)
    return number


def _constant(text: str) -> object:
    raise _NumberError("not a JSON number", text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_int,
    parse_float=_float,
    parse_constant=_constant,
)


def _duplicate_offset(text: str) -> int:
    """Where the second of two equal names stands; `text` is known to parse up to that object."""
    names: list[set[str] | None] = []
    last: tuple[str, int] | None = None
    for token in _STRING_OR_MARK.finditer(text):
        mark = token.group()
        if mark in ("{", "["):
            names.append(set() if mark == "{" else None)
        elif mark in ("}", "]"):
            names.pop()
        elif mark[0] == '"':
            last = (mark, token.start())
        elif mark == ":" and last is not None and names and (seen := names[-1]) is not None:
            name = json.loads(last[0])
            if name in seen:
                return last[1]
            seen.add(name)
    return len(text)


def _scalar_offset(text: str, found: str) -> int:
    places = (token.start() for token in _STRING_OR_SCALAR.finditer(text) if token[0] == found)
    return next(places, len(text))


def _check_surrogates(text: str) -> None:
    """`text` parses, so every backslash is inside a string: a high half needs its low half."""
    high: re.Match[str] | None = None
    for escape in _ESCAPE.finditer(text):
        code = int(escape.group(1) or "0", 16)
        paired = high is not None and high.end() == escape.start()
        if 0xDC00 <= code <= 0xDFFF and paired:
            high = None
            continue
        if high is not None or 0xDC00 <= code <= 0xDFFF:
            raise StrictJsonError("lone surrogate", (high or escape).start())
        high = escape if 0xD800 <= code <= 0xDBFF else None
    if high is not None:
        raise StrictJsonError("lone surrogate", high.start())
