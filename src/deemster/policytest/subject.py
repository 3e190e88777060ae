"""What a suite must know of the API service it tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deemster.policy.checking.imports import DocumentGraph
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.expressions.registered import REGISTERED_CLAIMS
from deemster.policy.expressions.types import TIMESTAMP
from deemster.policy.loading import LoadedTree
from deemster.policy.resolved import ResolvedService
from deemster.policy.tree import ApiServiceDocument
from deemster.policytest.attribute_names import AttributeNames, attribute_names, reached_documents
from deemster.policytest.trace import nodes_of_operation, nodes_over_answers

__all__ = ["SuiteSubject", "subjects_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteSubject:
    """`timestamp_claims` are names as tokens spell them; `roles` may be written in `users`.

    `nodes` are the id paths of all that may decide. `claims` and `user_attributes` are the names
    that some policy of the service may read.
    """

    id: str
    internal: bool
    operations: frozenset[str]
    nodes: frozenset[str]
    roles: frozenset[str]
    timestamp_claims: frozenset[str]
    attributes: AttributeNames
    claims: frozenset[str]
    user_attributes: frozenset[str]


def subjects_of(loaded: LoadedTree) -> Mapping[str, SuiteSubject]:
    """Every API service of a tree, by its id."""
    tree, services = loaded.tree, loaded.snapshot.services
    nodes = {
        service.document.metadata.id.value: frozenset(_id_paths(service))
        for service in loaded.resolved.services
    }
    graph = DocumentGraph(tree, DiagnosticSink())
    registered = {name for name, kind in REGISTERED_CLAIMS.items() if kind == TIMESTAMP}
    subjects = {}
    for document in tree.documents:
        if not isinstance(document, ApiServiceDocument):
            continue
        schemas = [graph.schema(reached) for reached in reached_documents(document, graph)]
        declared = [item for schema in schemas for item in schema.claims.values()]
        timestamps = {
            item.claim or item.name.value for item in declared if item.type == "timestamp"
        }
        service_id = document.metadata.id.value
        subjects[service_id] = SuiteSubject(
            id=service_id,
            internal=document.service.provider_type.value == "internal",
            operations=frozenset(operation.id.value for operation in document.operations),
            nodes=nodes[service_id],
            roles=frozenset(services[service_id].role_permissions),
            timestamp_claims=frozenset(registered | timestamps),
            attributes=attribute_names(document, graph),
            claims=frozenset(
                {*REGISTERED_CLAIMS, *(item.claim or item.name.value for item in declared)}
            ),
            user_attributes=frozenset(name for schema in schemas for name in schema.user),
        )
    return subjects


def _id_paths(service: ResolvedService) -> Iterator[str]:
    for operation in service.operations:
        yield operation.ref.id_path
        yield f"{operation.ref.id_path}/allow"
        for _, ref in (*nodes_of_operation(operation), *nodes_over_answers(operation)):
            yield ref.id_path
