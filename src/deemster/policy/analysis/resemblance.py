"""Whether one name looks like a slip of the keyboard for another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

__all__ = ["Resemblances", "looks_like_a_slip"]

_SEPARATORS = re.compile(r"[^0-9a-z]+")
_DIGITS = re.compile(r"[0-9]+")

_SHORTEST = 4
"""Letters of a word in which one may be wrong: `eu` and `us` are two words, not one misspelt."""

_LONGEST = 100


def looks_like_a_slip(name: str, other: str) -> bool:
    """Whether the two differ in case, in a separator, or in one letter of one longer word.

    Digits tell things apart (`group-1`, `group-2`), and so do short words.
    """
    ours, theirs = name.lower(), other.lower()
    if name == other or _DIGITS.findall(ours) != _DIGITS.findall(theirs):
        return False
    words, others = _SEPARATORS.split(ours), _SEPARATORS.split(theirs)
    if "".join(words) == "".join(others):
        return True
    if len(words) != len(others):
        return False
    differing = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
    return len(differing) == 1 and _is_one_slip(*differing[0])


def _is_one_slip(word: str, other: str) -> bool:
    """One letter more, less or other, or two neighbours exchanged."""
    if min(len(word), len(other)) < _SHORTEST or abs(len(word) - len(other)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), None)
    if start is None:
        return True  # one is the other and a letter more
    if len(word) == len(other):
        rest, other_rest = word[start + 1 :], other[start + 1 :]
        turned = word[start : start + 2] == other[start : start + 2][::-1]
        return rest == other_rest or (turned and word[start + 2 :] == other[start + 2 :])
    shorter, longer = sorted((word, other), key=len)
    return shorter[start:] == longer[start + 1 :]


class Resemblances:
    """Finds, of many names, those that one name resembles, without comparing it with each."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_form: defaultdict[str, list[str]] = defaultdict(list)
        for name in names:
            for form in _forms(name):
                self._by_form[form].append(name)

    def of(self, name: str) -> list[str]:
        """The names that `name` may be a slip for, in order."""
        near = {other for form in _forms(name) for other in self._by_form.get(form, ())}
        return sorted(other for other in near if looks_like_a_slip(name, other))


def _forms(name: str) -> Iterator[str]:
    """Two names that differ by one letter have one of these in common."""
    joined = "".join(_SEPARATORS.split(name.lower()))
    yield joined
    if len(joined) <= _LONGEST:
        yield from {joined[:at] + joined[at + 1 :] for at in range(len(joined))}
