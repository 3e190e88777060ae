"""What a suite must know of the API service it tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deemster.policy.checking.imports import DocumentGraph
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions.registered import REGISTERED_CLAIMS
from deemster.policy.expressions.types import TIMESTAMP
from deemster.policy.tree import ApiServiceDocument, Tree
from deemster.policytest.attribute_names import AttributeNames, attribute_names

__all__ = ["SuiteSubject", "subjects_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteSubject:
    """`timestamp_claims` are names as tokens spell them; `roles` may be written in `users`."""

    id: str
    internal: bool
    operations: frozenset[str]
    roles: frozenset[str]
    timestamp_claims: frozenset[str]
    attributes: AttributeNames


def subjects_of(
    tree: Tree, role_permissions: Mapping[str, Mapping[str, frozenset[str]]]
) -> Mapping[str, SuiteSubject]:
    """Every API service of a tree that was loaded without errors.

    `role_permissions` are those of the compiled services, by service id.
    """
    graph = DocumentGraph(tree, DiagnosticSink())
    registered = {name for name, kind in REGISTERED_CLAIMS.items() if kind == TIMESTAMP}
    subjects = {}
    for document in tree.documents:
        if not isinstance(document, ApiServiceDocument):
            continue
        declared = graph.schema(document).claims.values()
        timestamps = {
            item.claim or item.name.value for item in declared if item.type == "timestamp"
        }
        service_id = document.metadata.id.value
        subjects[service_id] = SuiteSubject(
            id=service_id,
            internal=document.service.provider_type.value == "internal",
            operations=frozenset(operation.id.value for operation in document.operations),
            roles=frozenset(role_permissions.get(service_id, {})),
            timestamp_claims=frozenset(registered | timestamps),
            attributes=attribute_names(document, graph),
        )
    return subjects
