"""`attributes:` of a case: what the sources of attributes answer, or how they fail."""

from __future__ import annotations

from deemster.policy.reading.nodes import MappingNode, Node
from deemster.policytest.cases import AttributeAnswer, AttributeFault
from deemster.policytest.fields import FieldReader

__all__ = ["read_attribute_answers"]


def read_attribute_answers(node: Node | None, fields: FieldReader) -> tuple[AttributeAnswer, ...]:
    """`{risk_score: 80}` or `{risk_score: {fault: timeout}}`; `null` is absent.

    A mapping with `fault` is a fault and nothing else; any other mapping is the value.
    """
    mapping = fields.mapping(node, "`attributes`")
    found = []
    for key, value in mapping.entries if mapping is not None else ():
        if isinstance(value, MappingNode) and value.get("fault") is not None:
            fields.only(value, ("fault",), f"attribute `{key.text}` with a fault")
            word = fields.word(
                value.get("fault"), "a fault", [fault.value for fault in AttributeFault]
            )
            if word is not None:
                found.append(AttributeAnswer(key.text, None, AttributeFault(word), key.span))
        else:
            found.append(AttributeAnswer(key.text, fields.json(value), None, key.span))
    return tuple(found)
