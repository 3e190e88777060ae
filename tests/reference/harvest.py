"""Constants of a tree by kind: where the boundaries are that biased calls should stand on."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.reference.conditions import seconds
from tests.reference.declared import UNSET, Attribute
from tests.reference.expressions import CIDRS
from tests.reference.names import REGISTERED
from tests.reference.shape import (
    Allow,
    Declared,
    Expression,
    PolicySet,
    Ref,
    Rule,
    Service,
    Tree,
)

__all__ = ["Harvest", "harvest"]


@dataclass
class Harvest:
    """`locals`: (zone, part, bound) of comparisons of local time."""

    texts: set[str] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)
    networks: set[str] = field(default_factory=set)
    instants: set[float] = field(default_factory=set)
    ages: set[float] = field(default_factory=set)
    locals: set[tuple[str, str, Any]] = field(default_factory=set)
    declared: list[Declared] = field(default_factory=list)

    def addresses(self) -> list[str]:
        """Ends of every range, and the neighbours just outside."""
        found = []
        for cidr in sorted(self.networks):
            network = ipaddress.ip_network(cidr)
            first, last = int(network.network_address), int(network.broadcast_address)
            kind = type(network.network_address)
            found += [str(kind(number)) for number in (first, last, first - 1, last + 1)]
            if network.version == 4:
                found.append(f"::ffff:{network.broadcast_address}")
        return found


def harvest(tree: Tree) -> Harvest:
    """Everything in `tree` that a call could be near to."""
    found = Harvest()
    for path in (*tree.services, *tree.libraries, *tree.policies):
        scope = tree.scope_of(path)
        found.declared += scope.schema
        for value in scope.constants.values():
            take_constant(value, found)
        for attribute in scope.attributes.values():
            take_attribute(attribute, found)
        for condition in scope.conditions.values():
            take_expression(condition, found)
    for document in tree.policies.values():
        take_node(document.policy, found)
    for service in tree.services.values():
        take_service(service, found)
    found.declared += REGISTERED.values()
    return found


def take_attribute(attribute: Attribute, found: Harvest) -> None:
    """Bounds of what it may be, and what stands in for it."""
    entry = attribute.entry
    take_constant(attribute.on_error, found)
    take_constant(attribute.source.value, found)
    for value in (*(entry.enum or ()), entry.minimum, entry.maximum):
        take_constant(value, found)


def take_service(service: Service, found: Harvest) -> None:
    for operation in service.operations:
        for node in (*service.guards, *operation.policies, *operation.guards):
            take_node(node, found)
        if isinstance(operation.allow, Allow):
            take_expression(operation.allow.when, found)
            found.ages.add(float(operation.allow.max_age or 0))


def take_node(node: Rule | PolicySet | Ref, found: Harvest) -> None:
    if isinstance(node, Rule):
        take_expression(node.when, found)
    elif isinstance(node, PolicySet):
        take_expression(node.target, found)
        for child in node.children:
            take_node(child, found)


def take_constant(value: object, found: Harvest) -> None:
    for item in value if isinstance(value, tuple) else (value,):
        if item == UNSET or isinstance(item, bool):
            continue
        if item in CIDRS:
            found.networks.add(item)
        elif isinstance(item, str):
            found.texts.add(item)
        elif isinstance(item, int):
            found.numbers.add(item)


def take_expression(expression: Expression | None, found: Harvest) -> None:
    if expression is None:
        return
    form = expression[0]
    if form in TAKERS:
        TAKERS[form](expression, found)
    for item in expression[1:]:
        if isinstance(item, tuple):
            take_expression(item, found)


def take_comparison(expression: Expression, found: Harvest) -> None:
    if expression[2][0] == "local":
        found.locals.add((*expression[2][1:], expression[3][1]))


TAKERS: dict[str, Callable[[Expression, Harvest], None]] = {
    "literal": lambda form, found: take_constant(form[1], found),
    "inCidr": lambda form, found: found.networks.add(form[2]),
    "timestamp": lambda form, found: found.instants.add(
        datetime.fromisoformat(form[1]).timestamp()
    ),
    "duration": lambda form, found: found.ages.add(float(seconds(form[1]))),
    "cmp": take_comparison,
}
