"""`attributes:` of a case: what the sources of attributes answer, or how they fail."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Note, did_you_mean
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.policy_tests import ATTRIBUTE_FAULT, ATTRIBUTE_FAULTS
from deemster.policy.parsing.scalars import json_value, listed
from deemster.policy.reading.nodes import MappingNode, ScalarNode
from deemster.policytest.attribute_names import AttributeNames
from deemster.policytest.cases import AttributeFault, GivenAttribute

__all__ = ["read_attribute_answers"]


def read_attribute_answers(case: Fields, names: AttributeNames) -> tuple[GivenAttribute, ...]:
    """`{risk_score: 80}` or `{risk_score: {fault: timeout}}`; `null` is absent.

    A mapping with `fault` is a fault and nothing else; any other mapping is the value. `names` are
    those that the API service can be asked with.
    """
    found = []
    named: dict[frozenset[str], ScalarNode] = {}
    for key, value in case.entries("attributes"):
        meant = _meant(key, case, names)
        first = named.setdefault(meant, key)
        if meant and first is not key:
            case.sink.error(
                Code.DUPLICATE_ITEM,
                f"`{key.text}` and `{first.text}` are one attribute",
                key.span,
                help="remove one of them",
                notes=(Note("first written", first.span),),
            )
        if isinstance(value, MappingNode) and value.get("fault") is not None:
            written = Fields(value, ATTRIBUTE_FAULT, case.sink)
            word = written.choice("fault", ATTRIBUTE_FAULTS)
            if word is not None:
                found.append(GivenAttribute(meant, None, AttributeFault(word)))
        else:
            found.append(GivenAttribute(meant, json_value(value, case.sink), None))
    return tuple(found)


def _meant(key: ScalarNode, case: Fields, names: AttributeNames) -> frozenset[str]:
    meant = names.fetched.get(key.text, frozenset())
    if len(meant) == 1:
        return meant
    message = f"no attribute of this API service that has a source is called `{key.text}`"
    help_ = did_you_mean(key.text, names.fetched)
    if meant:
        files = sorted(id_.partition("#")[0] for id_ in meant)
        message = f"`{key.text}` is an attribute of {listed(files, 'and')}"
        longer = [name for name, ids in names.fetched.items() if ids < meant]
        help_ = f"write {listed(sorted(longer))}"
    elif key.text in names.at_hand:
        message = f"nobody is asked for `{key.text}`: it is read from the request or constant"
        help_ = "write what it is read from into `request`"
    case.sink.error(Code.TEST_SUITE, message, key.span, help=help_)
    return meant
