"""Random operations as far as matching goes: templates and methods that may stand together."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.reference.conditions import ascii_lower
from tests.reference.routing import cuts, folded, rank
from tests.reference.shape import Operation, Service, Template

__all__ = ["METHODS", "operations_matched"]

METHODS = ("GET", "POST", "PUT", "DELETE")
LITERALS = ("a", "b", "c", "items", "v1.0", "é", "a b", "x{y", "7", "~u")
CONSTRAINTS = (
    ("pattern", "[0-9]{1,3}"),
    ("pattern", "[a-z]+"),
    ("type", "int"),
    ("type", "uuid"),
)
ROOT: Template = (("literal", ""),)


def operations_matched(rng: Random, service: Service) -> tuple[Operation, ...]:
    """Two to six operations without grants that do not overlap where that is a load error."""
    chosen: list[Operation] = []
    for number in range(rng.choice([2, 3, 4, 5, 6])):
        operation = matched(rng, number, chosen)
        others = [*chosen, operation]
        if not any(
            clash(one, two, service) for index, one in enumerate(others) for two in others[index:]
        ):
            chosen.append(operation)
    return tuple(
        replace(
            operation,
            also_covers=tuple(
                other.id
                for other in chosen
                if other is not operation and must_cover(operation, other, service)
            ),
        )
        for operation in chosen
    )


def matched(rng: Random, number: int, earlier: list[Operation]) -> Operation:
    methods = tuple(rng.sample(METHODS, rng.randint(1, 2))) if rng.random() < 0.75 else None
    if methods is not None and rng.random() < 0.08:
        methods = (*methods, "OPTIONS")
    names = ("id", "name", "sub")
    params = {name: rng.choice(CONSTRAINTS) for name in names if rng.random() < 0.5}
    templates = [template(rng, names) for _ in range(1 if rng.random() < 0.85 else 2)]
    if earlier and rng.random() < 0.5:
        templates = [relative(rng, rng.choice(earlier).templates[0], names)]
    used = {part[1] for one in templates for part in one if part[0] == "param"}
    shared = set.intersection(
        *[{part[1] for part in one if part[0] == "param"} for one in templates]
    )
    # A constraint has to be about a parameter of every template of the operation.
    params = {name: value for name, value in params.items() if name in shared and name in used}
    return Operation(f"op-{number}", methods, tuple(dict.fromkeys(templates)), params)


def template(rng: Random, names: tuple[str, ...]) -> Template:
    left = list(names)
    parts: list[tuple[str, ...]] = []
    for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4])):
        kind = rng.random()
        if kind < 0.5:
            # A small part of the alphabet, so that templates meet each other.
            parts.append(("literal", rng.choice(LITERALS if rng.random() < 0.3 else LITERALS[:3])))
        elif kind < 0.9 and left:
            parts.append(("param", left.pop(0)))
        else:
            parts.append(("star",))
    ending = rng.random()
    if ending < 0.15:
        return (*parts, ("rest",))
    if ending < 0.22 or not parts:
        return (*parts, *ROOT)
    return tuple(parts)


def relative(rng: Random, known: Template, names: tuple[str, ...]) -> Template:
    """A template that meets a known one: some of its segments are wider or narrower."""
    parts = list(known)
    for index in range(rng.randint(0, len(parts) - 1), len(parts)):
        free = [name for name in names if ("param", name) not in parts]
        kinds: list[tuple[str, ...]] = [("literal", rng.choice(LITERALS[:3])), ("star",)]
        if parts[index][0] not in ("rest", "param") and parts[index] != ("literal", ""):
            kinds += [("param", name) for name in free[:1]] * 2
            parts[index] = rng.choice(kinds)
        elif parts[index][0] == "param" and index and rng.random() < 0.5:
            parts[index] = rng.choice(kinds)
    return tuple(parts)


def clash(one: Operation, two: Operation, service: Service) -> bool:
    """Equal rank, a path in common and a method in common (a second template counts too)."""
    pairs = [
        (a, b)
        for i, a in enumerate(one.templates)
        for j, b in enumerate(two.templates)
        if one is not two or i < j
    ]
    return any(
        overlap(folded(a, service), folded(b, service), one, two, service)
        and ranks(a, one, service) == ranks(b, two, service)
        and (one.methods is None) == (two.methods is None)
        and bool(set(one.methods or ["every"]) & set(two.methods or ["every"]))
        for a, b in pairs
    )


def must_cover(broad: Operation, narrow: Operation, service: Service) -> bool:
    """Whether `broad` grants a method where a more specific template serves only others."""
    if narrow.methods is None:
        return False
    if broad.methods is not None and set(broad.methods) <= set(narrow.methods):
        return False
    return any(
        overlap(folded(a, service), folded(b, service), broad, narrow, service)
        and ranks(b, narrow, service) < ranks(a, broad, service)
        for a in broad.templates
        for b in narrow.templates
    )


def ranks(template: Template, operation: Operation, service: Service) -> tuple[int, ...]:
    return tuple(rank(part, operation) for part in folded(template, service))


def overlap(a: Template, b: Template, one: Operation, two: Operation, service: Service) -> bool:
    """Whether some path matches both; two constraints in one place count as meeting."""
    if a[:1] == (("rest",),) or b[:1] == (("rest",),):
        return True
    if not a or not b:
        return not a and not b
    return meet(a[0], b[0], one, two, service) and overlap(a[1:], b[1:], one, two, service)


def meet(
    a: tuple[str, ...], b: tuple[str, ...], one: Operation, two: Operation, service: Service
) -> bool:
    if a[0] == "literal" and b[0] == "literal":
        return ascii_lower(a[1]) == ascii_lower(b[1]) if service.any_case else a == b
    if b[0] == "literal":
        a, b, one, two = b, a, two, one
    if a[0] == "literal":
        constraint = two.params.get(b[1]) if b[0] == "param" else None
        spellings = {a[1], a[1].upper(), ascii_lower(a[1])} if service.any_case else {a[1]}
        return a[1] != "" and any(cuts(constraint, spelling) for spelling in spellings)
    return True
