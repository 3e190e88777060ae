"""Text ► JSONPath (RFC 9535), less filters: one pass from left to right, without recursion."""

from __future__ import annotations

import re
from typing import NoReturn

from deemster.policy.jsonpath.path import Index, JsonPath, Name, Segment, Selector, Slice, Wildcard
from deemster.policy.jsonpath.strings import JsonPathSyntaxError, read_quoted

__all__ = ["MOST_CHARACTERS", "MOST_SELECTORS", "JsonPathSyntaxError", "parse_json_path"]

MOST_CHARACTERS = 1024
MOST_SELECTORS = 64
"""In one path: what a person writes has five."""

_BLANK = re.compile(r"[ \t\n\r]*")
# RFC 9535 2.5.1.1: ALPHA, `_` and everything beyond ASCII but surrogates; digits not at first.
_BEYOND_ASCII = "\u0080-\ud7ff\ue000-\U0010ffff"
_SHORTHAND = re.compile(f"[A-Za-z_{_BEYOND_ASCII}][A-Za-z0-9_{_BEYOND_ASCII}]*")
_INTEGER = re.compile(r"-?[0-9]+")
_CANONICAL = re.compile(r"0|-?[1-9][0-9]*")
_LARGEST = 2**53 - 1
_SHOWN = 20


def parse_json_path(text: str) -> JsonPath:
    """The path. Raises JsonPathSyntaxError, which says where and how to mend it."""
    return JsonPath(text, _Parsing(text).segments())


class _Parsing:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._selectors = 0

    def segments(self) -> tuple[Segment, ...]:
        text = self._text
        if len(text) > MOST_CHARACTERS:
            self._refuse(f"a JSONPath has at most {MOST_CHARACTERS} characters", MOST_CHARACTERS)
        if not text.startswith("$"):
            self._refuse("a JSONPath begins with `$`", 0, help="for example `$.order.total`")
        self._at = 1
        found: list[Segment] = []
        while self._at < len(text):
            self._skip_blank()
            if self._at == len(text):
                self._refuse("a JSONPath does not end with a blank", self._at - 1)
            found.append(self._segment())
        return tuple(found)

    def _segment(self) -> Segment:
        if self._taken(".."):
            if self._peek() == "[":
                return Segment(self._bracketed(), descends=True)
            return Segment((self._shorthand(".."),), descends=True)
        if self._taken("."):
            return Segment((self._shorthand("."),))
        if self._peek() == "[":
            return Segment(self._bracketed())
        return self._refuse(
            f"`{self._shown()}` cannot stand here",
            self._at,
            help="a step is `.name`, `['name']`, `[0]`, `.*` or `..name`",
        )

    def _shorthand(self, dots: str) -> Selector:
        self._count()
        if self._taken("*"):
            return Wildcard()
        found = _SHORTHAND.match(self._text, self._at)
        if found is None:
            self._refuse(
                f"expected a name or `*` after `{dots}`, found {self._found()}",
                self._at,
                help="names with other characters than letters, digits and `_` are quoted: "
                "`$['x-y']`",
            )
        self._at = found.end()
        return Name(found.group())

    def _bracketed(self) -> tuple[Selector, ...]:
        opened = self._at
        self._at += 1
        found: list[Selector] = []
        while True:
            self._skip_blank()
            self._count()
            found.append(self._selector(opened))
            self._skip_blank()
            if self._taken("]"):
                return tuple(found)
            if not self._taken(","):
                self._refuse_unclosed(opened)

    def _selector(self, opened: int) -> Selector:
        first = self._peek()
        if first in {"'", '"'}:
            name, self._at = read_quoted(self._text, self._at)
            return Name(name)
        if self._taken("*"):
            return Wildcard()
        if first == "?":
            self._refuse(
                "filters are not supported",
                self._at,
                help="select by name and index, and compare in the condition: "
                "`'admin' in attr.roles`",
            )
        if first == "-" or first == ":" or first.isdigit():
            return self._index_or_slice()
        if first == "":
            self._refuse_unclosed(opened)
        return self._refuse(
            f"expected a quoted name, an index or `*`, found {self._found()}",
            self._at,
            help=self._quoting_help(),
        )

    def _quoting_help(self) -> str:
        found = _SHORTHAND.match(self._text, self._at)
        name = found.group() if found is not None else "name"
        return f"write `['{name}']`"

    def _index_or_slice(self) -> Selector:
        start = self._integer()
        self._skip_blank()
        if not self._taken(":"):
            if start is None:
                self._refuse(f"expected an index, found {self._found()}", self._at)
            return Index(start)
        self._skip_blank()
        end = self._integer()
        self._skip_blank()
        step = None
        if self._taken(":"):
            self._skip_blank()
            step = self._integer()
        return Slice(start, end, 1 if step is None else step)

    def _integer(self) -> int | None:
        found = _INTEGER.match(self._text, self._at)
        if found is None:
            if self._peek() == "-":
                self._refuse("expected digits after `-`", self._at)
            return None
        written = found.group()
        if _CANONICAL.fullmatch(written) is None:
            self._refuse(
                f"`{written[:_SHOWN]}` is no index",
                self._at,
                found.end(),
                help="an integer without leading zeros and without `-0`",
            )
        # RFC 9535 2.1: within the integers that every JSON reader represents exactly.
        if len(written) > _SHOWN or abs(int(written)) > _LARGEST:
            self._refuse(
                f"`{written[:_SHOWN]}` is out of range", self._at, found.end(),
                help="indices lie within 2^53",
            )  # fmt: skip
        self._at = found.end()
        return int(written)

    # --- the text -------------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _taken(self, expected: str) -> bool:
        if not self._text.startswith(expected, self._at):
            return False
        self._at += len(expected)
        return True

    def _skip_blank(self) -> None:
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank is not None else self._at

    def _count(self) -> None:
        self._selectors += 1
        if self._selectors > MOST_SELECTORS:
            self._refuse(f"a JSONPath has at most {MOST_SELECTORS} selectors", self._at)

    def _shown(self) -> str:
        return self._text[self._at : self._at + _SHOWN].split("\n")[0]

    def _found(self) -> str:
        return f"`{self._peek()}`" if self._peek() else "the end"

    def _refuse_unclosed(self, opened: int) -> NoReturn:
        if self._peek():
            self._refuse(f"expected `,` or `]`, found {self._found()}", self._at)
        self._refuse("this `[` is never closed", opened, opened + 1, help="close it with `]`")

    def _refuse(
        self, message: str, start: int, end: int | None = None, *, help: str | None = None
    ) -> NoReturn:
        raise JsonPathSyntaxError(message, start, start + 1 if end is None else end, help)
