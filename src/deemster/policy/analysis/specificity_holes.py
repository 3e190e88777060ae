"""Wider templates that answer other spellings of a narrower path, and ask for less.

Source: policy-language section 11. Paths are compared exactly; an upstream that folds case or
ignores a trailing slash serves `/Admin` and `/admin/` as `/admin`. The table of decisions itself
says who would decide such a call.
"""

from __future__ import annotations

from collections.abc import Iterator

from deemster.policy.analysis.grants import what_is_missing
from deemster.policy.analysis.routed_view import RoutedView
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.routing.routed import RoutedTemplate
from deemster.policy.routing.templates import Literal, Template
from deemster.policy.routing.witnesses import path_of

__all__ = ["report_specificity_holes"]

_MOST_NOTES = 3
_USUAL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def report_specificity_holes(view: RoutedView, sink: DiagnosticSink) -> None:
    """One finding for each wide template, with a spelling and what it does not ask for."""
    holes: dict[int, tuple[RoutedTemplate, list[_Hole]]] = {}
    search = _Search(view)
    for narrow in view.templates:
        for wide, hole in search.holes(narrow):
            holes.setdefault(id(wide), (wide, []))[1].append(hole)
    for wide, found in holes.values():
        _report(wide, found, sink)


class _Hole:
    """One narrower template whose other spelling goes to a wider one."""

    def __init__(self, narrow: RoutedTemplate, call: str, missing: str) -> None:
        self.narrow = narrow
        self.call = call
        self.missing = missing


class _Search:
    """Asks the table who decides other spellings."""

    def __init__(self, view: RoutedView) -> None:
        self._routed = view.routed
        self._resolved = view.resolved
        self._table = view.table
        self._witnesses = view.witnesses

    def holes(self, narrow: RoutedTemplate) -> Iterator[tuple[RoutedTemplate, _Hole]]:
        """(who decides another spelling of what `narrow` matches, what that spelling shows)."""
        plain = self._segments(narrow.template)
        if plain is None:
            return
        seen: set[int] = set()
        for path in self._spellings(narrow.template, plain):
            for method in narrow.operation.methods or _USUAL_METHODS:
                found = self._table.match(method, path)
                if found is None or id(found.value) in seen:
                    continue
                wide = found.value
                seen.add(id(wide))
                missing = self._missing(narrow, wide)
                if missing is not None and self._decides(narrow, method, path_of(plain)):
                    yield wide, _Hole(narrow, f"{method} {path}", missing)

    def _missing(self, narrow: RoutedTemplate, wide: RoutedTemplate) -> str | None:
        ours, theirs = narrow.operation.id, wide.operation.id
        if ours == theirs or not _is_wider(wide.template, narrow.template):
            return None
        return what_is_missing(self._resolved[ours], self._resolved[theirs])

    def _decides(self, template: RoutedTemplate, method: str, path: str) -> bool:
        found = self._table.match(method, path)
        return found is not None and found.value is template

    def _segments(self, template: Template) -> list[str] | None:
        """A path that the template matches, if it has a literal that could be spelt otherwise."""
        if not any(isinstance(segment, Literal) and segment.text for segment in template.segments):
            return None
        texts = [
            self._witnesses.alternatives(segment, segment)[:1] for segment in template.segments
        ]
        return [text for (text,) in texts] if all(texts) else None

    def _spellings(self, template: Template, plain: list[str]) -> Iterator[str]:
        """Paths that some servers take for the plain one."""
        if not self._routed.fold_case:
            for number, segment in enumerate(template.segments):
                turned = _other_case(segment.text) if isinstance(segment, Literal) else None
                if turned is not None:
                    yield path_of([*plain[:number], turned, *plain[number + 1 :]])
        if not self._routed.fold_trailing_slash and not template.rest:
            yield path_of([*plain, ""] if plain[-1] else plain[:-1])


def _is_wider(wide: Template, narrow: Template) -> bool:
    """Whether a literal of the one is no literal of the other: two spellings were both meant."""
    if wide.rest and not narrow.rest:
        return True
    return any(
        isinstance(ours, Literal) and not isinstance(theirs, Literal)
        for ours, theirs in zip(narrow.segments, wide.segments, strict=False)
    )


def _other_case(text: str) -> str | None:
    """`Admin` for `admin`; None for what has no letters of ASCII."""
    for number, character in enumerate(text):
        if character.isascii() and character.isalpha():
            return f"{text[:number]}{character.swapcase()}{text[number + 1 :]}"
    return None


def _report(wide: RoutedTemplate, holes: list[_Hole], sink: DiagnosticSink) -> None:
    first = holes[0]
    more = len({hole.narrow.operation.id for hole in holes}) - 1
    others = f", and other spellings of {more} more" if more else ""
    notes = [
        Note(f"`{hole.narrow.template.text}` of `{hole.narrow.operation.id}` stands",
             hole.narrow.template.span)
        for hole in holes[:_MOST_NOTES]
    ]  # fmt: skip
    sink.warning(
        Code.SPECIFICITY_HOLE,
        f"`{wide.operation.id}` decides `{first.call}`, which some servers take for "
        f"`{first.narrow.template.text}`, without {first.missing} that "
        f"`{first.narrow.operation.id}` asks for{others}",
        wide.template.span,
        help=_help(wide.template),
        notes=tuple(notes),
    )


def _help(template: Template) -> str:
    folds = "`service: {paths: {case: insensitive, trailingSlash: same}}`"
    if template.rest:
        return f"ask for as much, or write {folds} if the upstream folds its paths"
    return f"constrain the parameter by `params`, or write {folds} if the upstream folds its paths"
