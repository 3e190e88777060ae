"""Makes a disagreement small enough to read: whatever can be left out is left out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace

from tests.reference.conditions import FORMS
from tests.reference.declared import UNSET
from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.harness import Disagreement, Figures, Sample, disagreement
from tests.reference.real import RealDecisionPoint, RefusedTreeError
from tests.reference.reporting import pasted
from tests.reference.shape import Call, Tree, Value, World

__all__ = ["described", "shrunk"]

MOST_ATTEMPTS = 3000
SIMPLE_EXPRESSIONS = (("literal", True), ("literal", False))


def shrunk(found: Disagreement, bug: str | None = None) -> Disagreement:
    """A smaller tree and call that still disagree; the same ones if there are none."""
    attempts = 0
    progress = True
    while progress and attempts < MOST_ATTEMPTS:
        progress = False
        for tree, call in smaller(found.sample.tree, found.call):
            attempts += 1
            still = asked_again(Sample(found.sample.number, tree), call, bug)
            if still is not None:
                found, progress = still, True
                break
            if attempts >= MOST_ATTEMPTS:
                break
    return found


def asked_again(sample: Sample, call: Call, bug: str | None) -> Disagreement | None:
    try:
        real = RealDecisionPoint(sample.tree, seed=sample.number, skew=sample.skew)
        reference = ReferenceEvaluator(sample.tree, skew=sample.skew, bug=bug)
        return asyncio.run(disagreement(sample, call, reference, real, Figures(), traced=True))
    except (RefusedTreeError, LookupError, AssertionError, ValueError, TypeError):
        return None  # cut too deep: the tree does not load any more, or misses a name


def smaller(tree: Tree, call: Call) -> Iterator[tuple[Tree, Call]]:
    """Every tree and call with one thing less, big things first."""
    for cut in cuts(tree):
        yield cut, call
    for cut in cuts(call):
        yield tree, cut


def cuts(value: Value) -> Iterator[Value]:
    """One thing less: a member of a mapping or tuple, an optional field, or a cut inside."""
    if is_dataclass(value) and not isinstance(value, type):
        yield from cuts_of_fields(value)
    elif isinstance(value, dict):
        yield from cuts_of_mapping(value)
    elif isinstance(value, frozenset):
        yield from (value - {item} for item in sorted(value, key=str))
    elif isinstance(value, tuple) and value:
        is_form = isinstance(value[0], str) and value[0] in FORMS and len(value) > 1
        yield from cuts_of_expression(value) if is_form else cuts_of_list(value)


def cuts_of_mapping(value: dict[str, Value]) -> Iterator[Value]:
    for key in value:
        yield {name: item for name, item in value.items() if name != key}
    for key, item in value.items():
        yield from ({**value, key: cut} for cut in cuts(item))


def cuts_of_list(value: tuple[Value, ...]) -> Iterator[Value]:
    if len(value) > 1:
        yield from ((*value[:index], *value[index + 1 :]) for index in range(len(value)))
    for index, item in enumerate(value):
        yield from ((*value[:index], cut, *value[index + 1 :]) for cut in cuts(item))


def cuts_of_fields(value: Value) -> Iterator[Value]:
    empty: dict[str, Callable[[Value], Value]] = {
        "when": lambda _: None,
        "target": lambda _: None,
        "denied": lambda _: None,
        "otherwise": lambda _: None,
        "allow": lambda _: None,
        "guards": lambda _: (),
        "policies": lambda old: old if isinstance(old, dict) else (),
        "scopes": lambda old: old if isinstance(old, frozenset) else None,
        "groups": lambda old: old if isinstance(old, frozenset | str) else None,
        "acr": lambda _: (),
        "max_age": lambda _: None,
        "headers": lambda _: (),
        "ip": lambda _: None,
        "body": lambda _: None,
        "user": lambda _: None,
        "permissions": lambda _: None,
        "url": lambda old: old.partition("?")[0],
        "attach": lambda _: (),
        "response": lambda old: () if isinstance(old, tuple) else None,
        "possible": lambda _: None,
        "world": lambda _: World(),
        "simple": lambda _: False,
        "obligatory": lambda _: False,
        "on_error": lambda _: UNSET,
        "also_covers": lambda _: (),
        "exempt": lambda _: (),
        "applications": lambda old: old if isinstance(old, dict) else (),
    }
    for part in fields(value):
        old = getattr(value, part.name)
        if part.name in empty and empty[part.name](old) != old:
            yield replace(value, **{part.name: empty[part.name](old)})
    for part in fields(value):
        for cut in cuts(getattr(value, part.name)):
            yield replace(value, **{part.name: cut})


def cuts_of_expression(expression: tuple[Value, ...]) -> Iterator[Value]:
    truths = {"not", "and", "or", "if", "all-list", "any-list", "not-list"}
    if expression[0] in truths:
        yield from SIMPLE_EXPRESSIONS
        yield from (item for item in expression[1:] if isinstance(item, tuple))
    if expression[0] in {"and", "or", "all-list", "any-list"} and len(expression) > 3:
        for index in range(1, len(expression)):
            yield (*expression[:index], *expression[index + 1 :])
    for index, item in enumerate(expression):
        if isinstance(item, tuple):
            for cut in cuts(item):
                yield (*expression[:index], cut, *expression[index + 1 :])


def described(found: Disagreement) -> str:
    """The small tree and the call as YAML that can be pasted, and both answers."""
    sample = found.sample
    return (
        f"{found.what}\n{pasted(sample.tree, sample.number, found.call, found.reference)}\n"
        f"call: {found.call}\nskew: {sample.skew}\n"
        f"reference: {found.reference}\nreal:      {found.real}"
    )
