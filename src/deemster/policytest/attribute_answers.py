"""`attributes:` of a case: what the sources of attributes answer, or how they fail."""

from __future__ import annotations

from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.policy_tests import ATTRIBUTE_FAULT, ATTRIBUTE_FAULTS
from deemster.policy.parsing.scalars import json_value
from deemster.policy.reading.nodes import MappingNode
from deemster.policytest.cases import AttributeAnswer, AttributeFault

__all__ = ["read_attribute_answers"]


def read_attribute_answers(case: Fields) -> tuple[AttributeAnswer, ...]:
    """`{risk_score: 80}` or `{risk_score: {fault: timeout}}`; `null` is absent.

    A mapping with `fault` is a fault and nothing else; any other mapping is the value.
    """
    found = []
    for key, value in case.entries("attributes"):
        if isinstance(value, MappingNode) and value.get("fault") is not None:
            written = Fields(value, ATTRIBUTE_FAULT, case.sink)
            word = written.choice("fault", ATTRIBUTE_FAULTS)
            if word is not None:
                found.append(AttributeAnswer(key.text, None, AttributeFault(word), key.span))
        else:
            found.append(AttributeAnswer(key.text, json_value(value, case.sink), None, key.span))
    return tuple(found)
