"""Documents with some places replaced or removed; what does not change is shared with the old."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deemster.policy.jsonpath.evaluation import Location

__all__ = ["removed", "replaced"]


def replaced(document: object, values: Mapping[Location, object]) -> object:
    """A copy in which each place, which `locate` found in `document`, holds the value given.

    A place within another replaced one is not looked at: the outer value stands as given.
    """
    if () in values:
        return values[()]
    if not values:
        return document
    copies = _Copies(document)
    for location, value in values.items():
        if not _lies_within(location, values):
            container = copies.of(location[:-1])
            container[location[-1]] = value  # type: ignore[index]  # as located: dict or list
    return copies.root


def removed(document: object, locations: Iterable[Location]) -> object:
    """A copy without these places, which `locate` found in `document`; None without its root."""
    doomed = dict.fromkeys(locations)
    if not doomed:
        return document
    if () in doomed:
        return None
    by_parent: dict[Location, list[str | int]] = {}
    for location in doomed:
        if not _lies_within(location, doomed):
            by_parent.setdefault(location[:-1], []).append(location[-1])
    copies = _Copies(document)
    # Every copy is made before an element goes: locations count elements of the old arrays.
    containers = [(copies.of(parent), steps) for parent, steps in by_parent.items()]
    for container, steps in containers:
        if isinstance(container, list):
            gone = set(steps)
            container[:] = [item for index, item in enumerate(container) if index not in gone]
        else:
            for step in steps:
                del container[step]  # type: ignore[arg-type]  # a member's name
    return copies.root


def _lies_within(location: Location, others: Mapping[Location, object]) -> bool:
    return any(location[:length] in others for length in range(len(location)))


class _Copies:
    """Containers of a document, each copied at most once, when it is first asked for."""

    def __init__(self, document: object) -> None:
        self.root = _copy(document)
        self._made: dict[Location, dict[str, object] | list[object]] = {(): self.root}

    def of(self, location: Location) -> dict[str, object] | list[object]:
        container = self.root
        for length in range(1, len(location) + 1):
            known = self._made.get(location[:length])
            if known is None:
                step = location[length - 1]
                known = _copy(container[step])  # type: ignore[index]  # as located
                container[step] = known  # type: ignore[index]
                self._made[location[:length]] = known
            container = known
        return container


def _copy(value: object) -> dict[str, object] | list[object]:
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, list):
        return list(value)
    raise TypeError("a place lies in an object or an array")
