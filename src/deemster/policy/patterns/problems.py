"""Why RE2 refuses a pattern, in people's words: what is wrong, where it is, how to mend it.

RE2 says a fixed phrase and the piece it stumbled over, such as `missing ): (a`; where that piece
stands is found by reading the pattern (`pieces`) or by asking RE2 about its beginnings.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from deemster.policy.diagnostics import did_you_mean
from deemster.policy.patterns.pieces import PieceKind, pieces_of

__all__ = ["MalformedPatternError", "Refusal", "malformed", "shortened"]


class MalformedPatternError(ValueError):
    """`pattern[start:end]` is wrong; `help` says how to mend it."""

    def __init__(self, message: str, start: int, end: int, help: str | None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.help = help


Refusal = Callable[[str], str | None]
"""What RE2 says of a pattern, or None if it takes it."""


def malformed(pattern: str, refusal: Refusal) -> MalformedPatternError | None:
    """What is wrong with a pattern, or None if RE2 takes it."""
    said = refusal(pattern)
    if said is None:
        return None
    phrase, _, piece = said.partition(": ")
    found = _Found(pattern, piece, *_place(pattern, piece, said, refusal))
    explain = _PROBLEMS.get(phrase)
    if explain is not None:
        return explain(found)
    return found.error(f"RE2 says: {said}", None)


def shortened(pattern: str) -> str:
    """For messages that do not point into the pattern."""
    return pattern if len(pattern) <= 80 else f"{pattern[:80]}…"


@dataclass(frozen=True, slots=True)
class _Found:
    """The piece that RE2 names, and where it stands."""

    pattern: str
    piece: str
    start: int
    end: int

    def error(self, message: str, help: str | None) -> MalformedPatternError:
        return MalformedPatternError(message, self.start, self.end, help)


def _place(pattern: str, piece: str, said: str, refusal: Refusal) -> tuple[int, int]:
    """Where the piece stands that is wrong: the same text may stand elsewhere and be right."""
    starts = [found.start() for found in re.finditer(re.escape(piece), pattern)] if piece else []
    for start in starts:
        # RE2 reads from the left and stops at the first mistake: the beginning that ends with the
        # right piece is refused for the same. Two characters more tell `(?P=x` from `(?P<x`.
        if refusal(pattern[: start + len(piece) + 2]) == said:
            return start, start + len(piece)
    return (starts[0], starts[0] + len(piece)) if starts else (0, len(pattern))


def _not_closed(found: _Found) -> MalformedPatternError:
    opened = []
    for piece in pieces_of(found.pattern):
        if piece.kind is PieceKind.OPEN:
            opened.append(piece)
        elif piece.kind is PieceKind.CLOSE and opened:
            opened.pop()
    start, end = (opened[-1].start, opened[-1].end) if opened else (found.start, found.end)
    return MalformedPatternError(
        f"`{found.pattern[start:end]}` is not closed",
        start,
        end,
        "close it with `)`; the character itself is `\\(`",
    )


def _not_opened(found: _Found) -> MalformedPatternError:
    depth = 0
    for piece in pieces_of(found.pattern):
        if piece.kind is PieceKind.CLOSE and depth == 0:
            return MalformedPatternError(
                "no group is open that `)` could close",
                piece.start,
                piece.end,
                "open it with `(`; the character itself is `\\)`",
            )
        depth += (piece.kind is PieceKind.OPEN) - (piece.kind is PieceKind.CLOSE)
    return found.error("no group is open that `)` could close", None)


def _class_not_closed(found: _Found) -> MalformedPatternError:
    # The piece is the rest of the pattern, the bracket first.
    start = len(found.pattern) - len(found.piece)
    return MalformedPatternError(
        "`[` is not closed",
        start,
        start + 1,
        "close it with `]`; the character itself is `\\[`",
    )


def _trailing_backslash(found: _Found) -> MalformedPatternError:
    end = len(found.pattern)
    return MalformedPatternError(
        "a backslash has nothing after it", end - 1, end, "the character itself is `\\\\`"
    )


def _repeated_twice(found: _Found) -> MalformedPatternError:
    if found.piece.endswith("+") and len(found.piece) > 1:
        help_text = "RE2 never tries a repetition again: write it without the last `+`"
    else:
        help_text = "put the inner repetition into a group: `(?:…)`"
    return found.error(f"`{found.piece}` repeats a repetition", help_text)


def _nothing_to_repeat(found: _Found) -> MalformedPatternError:
    return found.error(
        f"there is nothing before `{found.piece}` to repeat",
        f"the character itself is `\\{found.piece}`",
    )


_BOUNDS = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_MOST_TIMES = 1000


def _bad_bounds(found: _Found) -> MalformedPatternError:
    bounds = _BOUNDS.fullmatch(found.piece)
    low, high = bounds.groups() if bounds is not None else ("", None)
    if high and int(low[:9]) > int(high[:9]):
        return found.error(
            f"`{found.piece}` ends below where it begins",
            f"write `{{{high},{low}}}`",
        )
    return found.error(
        f"`{found.piece}` repeats too often: at most {_MOST_TIMES} times, nested ones multiplied",
        TOO_LARGE_HELP,
    )


_OPERATORS = {
    "(?=": "a look-ahead",
    "(?!": "a look-ahead",
    "(?<=": "a look-behind",
    "(?<!": "a look-behind",
}


def _bad_operator(found: _Found) -> MalformedPatternError:
    look = next((_OPERATORS[sign] for sign in _OPERATORS if found.piece == sign), None)
    if look is not None:
        return found.error(
            f"`{found.piece}` is {look}, which RE2 does not have",
            "test twice: `x.matches('…') && !x.matches('…')`",
        )
    if found.piece == "(?>":
        return found.error(
            "`(?>` is an atomic group, which RE2 does not have",
            "RE2 never tries a way twice: write `(?:`",
        )
    if found.piece == "(?#":
        return found.error("a pattern has no comments", "write them in the YAML around it")
    if found.piece.startswith("(?P") and found.pattern[found.end : found.end + 1] in "=>":
        return found.error("RE2 has no back-references", _NO_MEMORY)
    return found.error(
        f"`{found.piece}` begins no group that RE2 knows",
        "groups begin with `(`, `(?:`, `(?P<name>` or flags such as `(?i)`",
    )


_NO_MEMORY = "a pattern cannot ask for the same text again: compare the parts by `==`"
_ESCAPES = {
    "\\Z": "the end of the text is `\\z`, or `$`",
    "\\G": "the start of the text is `\\A`, or `^`",
    "\\u": "write a character by its number as `\\x{20AC}`",
    "\\h": "blanks and tabs are `[ \\t]`",
    "\\R": "a line break is `\\r?\\n`",
    "\\K": "`matches` only says yes or no: leave it out",
    "\\X": "a character is `.`",
    "\\k": _NO_MEMORY,
    "\\g": _NO_MEMORY,
}


def _bad_escape(found: _Found) -> MalformedPatternError:
    if re.fullmatch(r"\\[1-9][0-9]*", found.piece):
        return found.error(
            f"`{found.piece}` is a back-reference, which RE2 does not have", _NO_MEMORY
        )
    if found.piece.startswith("\\x"):
        return found.error(
            f"`{found.piece}` is no character",
            "write two hexadecimal digits, or up to `\\x{10FFFF}`",
        )
    known = _ESCAPES.get(found.piece[:2])
    return found.error(
        f"unknown escape `{found.piece}`",
        known or "only signs need a backslash; a backslash itself is `\\\\`",
    )


_POSIX = (
    *("alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct"),
    *("space", "upper", "word", "xdigit"),
)


def _bad_range(found: _Found) -> MalformedPatternError:
    if found.piece.startswith(("\\p", "\\P")):
        return found.error(
            f"`{found.piece}` is no class of Unicode that RE2 knows",
            "categories and scripts are written `\\pL`, `\\p{Lu}`, `\\p{Greek}`",
        )
    if found.piece.startswith("[:"):
        name = found.piece.strip("[:^]")
        near = did_you_mean(name, _POSIX)
        return found.error(
            f"`{found.piece}` is no class of characters",
            near or f"there are {', '.join(f'`{known}`' for known in _POSIX)}",
        )
    first, dash, last = found.piece.rpartition("-")
    return found.error(
        f"the range `{found.piece}` runs backwards",
        f"write `{last}-{first}`; the character `-` itself is `\\-`" if dash else None,
    )


def _bad_name(found: _Found) -> MalformedPatternError:
    return found.error(
        f"`{found.piece}` cannot name a group here",
        "names are letters, digits and `_`, each once; a pattern needs none: write `(`",
    )


def _too_large(found: _Found) -> MalformedPatternError:
    return MalformedPatternError(TOO_LARGE, 0, len(found.pattern), TOO_LARGE_HELP)


TOO_LARGE = "the pattern is too large when it is compiled"
TOO_LARGE_HELP = (
    "`{n}` writes its part n times over: write `+`, and compare the length by `size(x)`"
)

_PROBLEMS: dict[str, Callable[[_Found], MalformedPatternError]] = {
    "missing )": _not_closed,
    "unexpected )": _not_opened,
    "missing ]": _class_not_closed,
    "trailing \\": _trailing_backslash,
    "bad repetition operator": _repeated_twice,
    "no argument for repetition operator": _nothing_to_repeat,
    "invalid repetition size": _bad_bounds,
    "invalid perl operator": _bad_operator,
    "invalid escape sequence": _bad_escape,
    "invalid character class range": _bad_range,
    "invalid character class": _bad_range,
    "invalid named capture group": _bad_name,
    "pattern too large - compile failed": _too_large,
}
