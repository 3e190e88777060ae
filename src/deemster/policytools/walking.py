"""Walks over the model of the language: which shapes there are below a form."""

from __future__ import annotations

from collections.abc import Iterator

from deemster.policy.parsing import forms
from deemster.policy.parsing.conditions import CONDITION
from deemster.policy.parsing.shapes import Keys, Shape

__all__ = ["forms_in", "resolved", "shapes_below"]


def resolved(form: forms.Form) -> forms.Form:
    """The form itself where it was deferred."""
    return resolved(form.of()) if isinstance(form, forms.Deferred) else form


def forms_in(form: forms.Form) -> tuple[forms.Form, ...]:
    """The forms directly below: of items, of values, of keys, alternatives."""
    match form:
        case Shape(keys=Keys() as keys, variants=variants):
            of_keys = tuple(key.form for key in keys.values() if key is not None)
            return (*of_keys, *(variant.form for variant in variants))
        case forms.ListOf(item=inner) | forms.MapOf(value=inner):
            return (inner,)
        case forms.OneOf(forms=alternatives):
            return alternatives
        case forms.Deferred(of=of):
            return (of(),)
        case forms.Condition():
            return (CONDITION,)
        case _:
            return ()


def shapes_below(form: forms.Form) -> Iterator[Shape]:
    """Every shape that a form contains, itself first, each once, outer ones before inner ones."""
    seen: set[int] = set()
    waiting = [form]
    while waiting:
        current = waiting.pop(0)
        if isinstance(current, Shape):
            if id(current) in seen:
                continue
            seen.add(id(current))
            yield current
        waiting.extend(forms_in(current))
