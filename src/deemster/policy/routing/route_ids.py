"""From a route's id and a method to the operation: `resource.id` of AuthZEN's `route`.

A gateway that has matched a call names the template it matched (policy-language section 12). The
id must equal a template of the service; how its parameters are called, and what they may hold,
does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Generic, TypeVar

from deemster.policy.routing.ascii_case import ascii_lower
from deemster.policy.routing.route_trie import Route
from deemster.policy.routing.templates import Literal, Template

__all__ = ["RouteIds", "Several"]

T = TypeVar("T")


class Several(Enum):
    """The type of the one marker `SEVERAL`: templates that only a call could tell apart."""

    MARKER = "several"


class _Part(Enum):
    PARAMETER = "parameter"
    REST = "rest"


_Key = tuple[str | _Part, ...]
_PARAMETER = re.compile(r"\{[^{}]+\}|\*")


class RouteIds(Generic[T]):
    """The templates of one API service without the names of their parameters."""

    __slots__ = ("_fold_case", "_fold_trailing_slash", "_routes")

    def __init__(
        self,
        routes: Iterable[Route[T]],
        *,
        fold_trailing_slash: bool = False,
        fold_case: bool = False,
    ) -> None:
        self._fold_trailing_slash = fold_trailing_slash
        self._fold_case = fold_case
        # Method, or None for every method, ► operations; more than one where constraints differ.
        self._routes: dict[_Key, dict[str | None, list[T]]] = {}
        for route in routes:
            by_method = self._routes.setdefault(self._key_of(route.template), {})
            for method in route.methods if route.methods is not None else (None,):
                by_method.setdefault(method, []).append(route.value)

    def match(self, method: str, route_id: str) -> T | Several | None:
        """The operation; a listed method comes before every method.

        Several where more than one operation has such a template, told apart only by what a
        parameter holds.
        """
        if not route_id.startswith("/"):
            return None
        by_method = self._routes.get(self._key_of_id(route_id))
        if by_method is None:
            return None
        found = by_method.get(method) or by_method.get(None)
        if found is None:
            return None
        first = found[0]
        return first if all(other is first for other in found) else Several.MARKER

    def _key_of(self, template: Template) -> _Key:
        segments = (
            template.without_trailing_slash if self._fold_trailing_slash else template.segments
        )
        parts = [
            self._folded(segment.text) if isinstance(segment, Literal) else _Part.PARAMETER
            for segment in segments
        ]
        return (*parts, _Part.REST) if template.rest else tuple(parts)

    def _key_of_id(self, route_id: str) -> _Key:
        pieces = route_id[1:].split("/")
        rest = pieces[-1] == "**"
        if rest or (self._fold_trailing_slash and pieces[1:] and not pieces[-1] and pieces[-2]):
            del pieces[-1]
        parts = [
            _Part.PARAMETER if _PARAMETER.fullmatch(piece) else self._folded(piece)
            for piece in pieces
        ]
        return (*parts, _Part.REST) if rest else tuple(parts)

    def _folded(self, text: str) -> str:
        return ascii_lower(text) if self._fold_case else text
