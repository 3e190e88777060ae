"""Which named conditions and attributes read `params`, directly or through what they name.

Parameters are known in an operation alone, so such a name means something only where it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from deemster.policy.checking.attribute_names import named_by
from deemster.policy.checking.circles import Use
from deemster.policy.checking.condition_cycles import used_names
from deemster.policy.expressions.scope import (
    AttributeDefinition,
    ConditionDefinition,
    LexicalScope,
)

__all__ = ["ParameterReads"]

_Definition = ConditionDefinition | AttributeDefinition
_Step = _Definition | Literal[True]


class ParameterReads:
    """Remembers each answer: a definition is looked at once, however many others name it."""

    def __init__(self) -> None:
        self._known: dict[_Definition, bool] = {}

    def are_read(self, names: Iterable[Use], lexical: LexicalScope) -> bool:
        """Whether a text that writes these names in this file reads a parameter."""
        return any(step is True or self._reads(step) for step in _steps(names, lexical))

    def _reads(self, start: _Definition) -> bool:
        """Depth first without recursion: a chain of names may be as long as its file allows."""
        if start in self._known:
            return self._known[start]
        way = [(start, _steps_of(start))]
        # What is looked at already, or in a circle with what is, adds nothing.
        seen = {start}
        while way:
            definition, steps = way[-1]
            step = next(steps, None)
            if step is None:
                way.pop()
                self._known[definition] = False
            elif step is True or self._known.get(step, False):
                self._known.update((each, True) for each, _ in way)
                return True
            elif step not in seen and step not in self._known:
                seen.add(step)
                way.append((step, _steps_of(step)))
        return False


def _steps_of(definition: _Definition) -> Iterator[_Step]:
    if isinstance(definition, AttributeDefinition):
        return _steps(named_by(definition.declaration), definition.lexical)
    # One whose text did not parse, or in a circle, was reported and names nothing.
    names = () if definition.expr is None else used_names(definition.expr)
    return _steps(names, definition.lexical)


def _steps(names: Iterable[Use], lexical: LexicalScope) -> Iterator[_Step]:
    """What each name stands for; True for a parameter."""
    for name, _ in names:
        root, _, rest = name.partition(".")
        if root == "params":
            yield True
            continue
        condition = lexical.conditions.get(name)
        if condition is not None:
            yield condition
        attribute = lexical.attributes.get(rest if root == "attr" else name)
        if attribute is not None and "." in name:
            yield attribute
