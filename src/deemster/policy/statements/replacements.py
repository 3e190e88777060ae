"""`regex-replace-attributes`: a regular expression (RE2) and what stands for each of its matches.

In `replace`, `$0` is the match and `$1` to `$9` are its groups; `$$` is `$`, and so is a `$` that
stands before anything else. Flags: `i` ignores case, `l` takes the expression literally.
"""

from __future__ import annotations

import re

import re2

__all__ = [
    "FLAGS",
    "LONGEST_PATTERN",
    "LONGEST_RESULT",
    "BadReplacementError",
    "ReplacedTooLongError",
    "Replacement",
    "literal_for_replace",
    "quoted_for_replace",
]

FLAGS = frozenset("il")
LONGEST_PATTERN = 1000
"""Characters of a regular expression."""
LONGEST_RESULT = 4 * 1024 * 1024
"""Octets of one text after its matches were replaced: a `replace` may be longer than a match."""
_LARGEST_PROGRAM = 10_000


class BadReplacementError(ValueError):
    """The expression, its flags or its replacement cannot be used; the message says why."""


class ReplacedTooLongError(Exception):
    """What would come of a text is longer than anybody wants to carry."""


class Replacement:
    """Compiled once for each application of a statement."""

    __slots__ = ("_parts", "_pattern")

    def __init__(self, regex: str, replace: str, flags: str = "") -> None:
        """Raises BadReplacementError."""
        if not set(flags) <= FLAGS:
            raise BadReplacementError(f"`{flags}` are no flags: there are `i` and `l`")
        self._pattern = _compiled(regex, flags)
        self._parts = _parts(replace, self._pattern.groups)

    def applied(self, text: str) -> str:
        """The text with every match replaced, from left to right. Raises ReplacedTooLongError."""
        # In octets throughout: for a str, re2 counts characters anew at each match.
        octets = text.encode("utf-8", "surrogatepass")
        found: list[bytes] = []
        size = end = 0
        for match in self._pattern.finditer(octets):
            start = match.start()
            if _is_inside(octets, start) or _is_inside(octets, match.end()):
                continue  # nothing, or `\C`, found within a character
            pieces = [octets[end:start], *[_piece(part, match) for part in self._parts]]
            size += sum(map(len, pieces))
            if size > LONGEST_RESULT:
                raise ReplacedTooLongError
            found += pieces
            end = match.end()
        if not found:
            return text
        found.append(octets[end:])
        return b"".join(found).decode("utf-8", "surrogatepass")


def quoted_for_replace(value: str) -> str:
    """A value that is to stand in `replace` as it is."""
    return value.replace("$", "$$")


def literal_for_replace(text: str) -> str:
    """A part of `replace` as written, such that what is put behind it changes nothing of it."""
    return "".join("$$" if token[0] == "$" else token[0] for token in _TOKEN.finditer(text))


def _compiled(regex: str, flags: str) -> re2._Regexp:
    if len(regex) > LONGEST_PATTERN:
        raise BadReplacementError(f"it is over {LONGEST_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    options.literal = "l" in flags
    options.case_sensitive = "i" not in flags
    try:
        pattern = re2.compile(regex.encode(), options)
    except re2.error as error:
        detail = error.args[0] if error.args else b""
        text = detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
        raise BadReplacementError(text) from None
    except UnicodeEncodeError:
        raise BadReplacementError("it is not text that UTF-8 can carry") from None
    if pattern.programsize > _LARGEST_PROGRAM:
        raise BadReplacementError("it is too large when compiled")
    return pattern


_TOKEN = re.compile(r"\$(?:(\$)|([0-9]))|([^$]+|\$)")


def _parts(replace: str, groups: int) -> tuple[bytes | int, ...]:
    """Octets, and numbers of groups."""
    found: list[bytes | int] = []
    for token in _TOKEN.finditer(replace):
        if token[2] is not None:
            number = int(token[2])
            if number > groups:
                raise BadReplacementError(
                    f"`${number}` names a group that the expression does not have"
                )
            found.append(number)
        else:
            found.append((token[1] or token[3]).encode("utf-8", "surrogatepass"))
    return tuple(found)


def _is_inside(octets: bytes, at: int) -> bool:
    """Whether a character goes on there (RFC 3629 3: its further octets begin with 10)."""
    return at < len(octets) and octets[at] & 0xC0 == 0x80


def _piece(part: bytes | int, match: re2._Match) -> bytes:
    if isinstance(part, bytes):
        return part
    group: bytes | None = match.group(part)
    return group or b""
