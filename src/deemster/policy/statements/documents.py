"""Statements that change a JSON body, carried out: a pure function of the document.

Source: policy-language section 8. What is included and excluded is looked up in the document as
it came, so that no statement sees what another one left; then texts are replaced, then members
are set, each in the order of the statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deemster.model.decision import Statement
from deemster.policy.jsonpath import JsonPath, JsonPathLimitError, Location, locate, parse_json_path
from deemster.policy.jsonpath.editing import removed, replaced
from deemster.policy.jsonpath.path import Name
from deemster.policy.statements.codes import BODY_CODES, KnownCode
from deemster.policy.statements.replacements import ReplacedTooLongError, Replacement

__all__ = ["BodyNotChangedError", "changed_body"]


class BodyNotChangedError(Exception):
    """A document that the statements cannot be carried out on; the message names nothing of it."""


def changed_body(document: object, statements: Iterable[Statement]) -> object:
    """The document as the statements leave it; it is not touched itself.

    `document` is JSON as `model/strict_json` reads it. Statements with other codes are passed
    over. Raises BodyNotChangedError: whoever needs the change must refuse the answer then.
    """
    changes = [one for one in statements if one.code in BODY_CODES]
    try:
        document = _selected(document, changes)
        for one in changes:
            if one.code == KnownCode.REGEX_REPLACE_ATTRIBUTES:
                document = _texts_replaced(document, one.payload)
        return _members_set(document, changes)
    except JsonPathLimitError:
        raise BodyNotChangedError("a path would look at too much of the body") from None
    except ReplacedTooLongError:
        raise BodyNotChangedError("a text would become too long") from None


# --- include and exclude ------------------------------------------------------------------------


def _selected(document: object, changes: Sequence[Statement]) -> object:
    doomed: list[Location] = []
    kept: list[frozenset[Location]] = []
    for one in changes:
        if one.code == KnownCode.EXCLUDE_ATTRIBUTES:
            doomed += _located(document, one.payload)
        elif one.code == KnownCode.INCLUDE_ATTRIBUTES:
            kept.append(frozenset(_located(document, one.payload)))
    if kept:
        doomed += _not_kept(document, kept)
    return removed(document, doomed)


def _located(document: object, payload: object) -> list[Location]:
    paths = payload if isinstance(payload, list) else []
    return [place for path in paths for place in locate(parse_json_path(path), document)]


def _not_kept(document: object, included: Sequence[frozenset[Location]]) -> list[Location]:
    """The places that go: those within nothing that every statement keeps, and with nothing kept
    in them. The document itself stays, as an empty one if need be.

    Without recursion: from the leaves up.
    """
    order: list[tuple[Location, object, frozenset[int]]] = []
    waiting: list[tuple[Location, object, frozenset[int]]] = [((), document, frozenset())]
    while waiting:
        place, value, within = waiting.pop()
        within |= {index for index, places in enumerate(included) if place in places}
        order.append((place, value, within))
        waiting.extend(((*place, step), child, within) for step, child in _children(value))
    staying: set[Location] = set()
    for place, _, within in reversed(order):
        if len(within) == len(included) or place in staying:
            staying.add(place)
            staying.add(place[:-1])
    gone = [place for place, _, _ in order if place not in staying]
    if () not in staying:
        # Nothing of it stays but the kind of thing that it is.
        is_container = isinstance(document, dict | list)
        return [place for place in gone if len(place) == 1] if is_container else [()]
    return gone


def _children(value: object) -> Sequence[tuple[str | int, object]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else ()


# --- texts --------------------------------------------------------------------------------------


def _texts_replaced(document: object, payload: object) -> object:
    for entry in payload if isinstance(payload, list) else [payload]:
        if not isinstance(entry, dict):
            raise TypeError("a replacement is a mapping")
        replacement = Replacement(entry["regex"], entry["replace"], entry.get("flags", ""))
        path = parse_json_path(entry.get("path", "$"))
        changed: dict[Location, object] = {}
        for place in locate(path, document):
            for inner, text in _texts_below(place, _at(document, place)):
                new = replacement.applied(text)
                if new != text:
                    changed[inner] = new
        document = replaced(document, changed)
    return document


def _texts_below(place: Location, value: object) -> Iterable[tuple[Location, str]]:
    waiting = [(place, value)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, str):
            yield place, value
        waiting.extend(((*place, step), child) for step, child in _children(value))


def _at(document: object, place: Location) -> object:
    for step in place:
        document = document[step]  # type: ignore[index]  # as located
    return document


# --- members ------------------------------------------------------------------------------------


def _members_set(document: object, changes: Sequence[Statement]) -> object:
    first: dict[Location, object] = {}
    for one in changes:
        if one.code != KnownCode.MODIFY_ATTRIBUTES:
            continue
        if not isinstance(one.payload, dict):
            raise TypeError("attributes to set are a mapping")
        for path, value in one.payload.items():
            document = _set(document, parse_json_path(path), value, first)
    return document


def _set(document: object, path: JsonPath, value: object, first: dict[Location, object]) -> object:
    places = locate(path, document) or _where_to_add(document, path)
    for place in places:
        if first.setdefault(place, value) != value:
            raise BodyNotChangedError("two statements set one attribute to different values")
    if value is None:
        return removed(document, locate(path, document))
    added = [place for place in places if not _is_there(document, place)]
    for place in added:
        parent = _at(document, place[:-1])
        if isinstance(parent, dict):
            document = replaced(document, {place[:-1]: {**parent, str(place[-1]): value}})
    return replaced(document, {place: value for place in places if place not in added})


def _where_to_add(document: object, path: JsonPath) -> list[Location]:
    """The place of a member that is not there, in an object that is."""
    last = path.segments[-1].selectors[0]
    names = [segment.selectors[0] for segment in path.segments]
    if not path.is_singular or not isinstance(last, Name):
        return []
    if not all(isinstance(name, Name) for name in names):
        return []
    parents = locate(JsonPath(path.text, path.segments[:-1]), document)
    return [(*place, last.name) for place in parents if isinstance(_at(document, place), dict)]


def _is_there(document: object, place: Location) -> bool:
    parent = _at(document, place[:-1])
    return not isinstance(parent, dict) or place[-1] in parent
