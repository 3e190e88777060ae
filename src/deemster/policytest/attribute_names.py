"""How the cases of a suite call attributes: by the names that the API service's tree gives them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deemster.policy.attribute_tree import AttributeDeclaration, HttpSource, SqlSource
from deemster.policy.checking.imports import DeclaringDocument, DocumentGraph
from deemster.policy.tree import ApiServiceDocument, Child, PolicyDocument, PolicyNode, RefNode

__all__ = ["AttributeNames", "attribute_names", "reached_documents"]


@dataclass(frozen=True, slots=True)
class AttributeNames:
    """`fetched`: `file#name` of every attribute that a name may mean and that has a source to
    answer. `at_hand` are names of attributes that are read from the call or are constant.
    """

    fetched: Mapping[str, frozenset[str]]
    at_hand: frozenset[str]


def attribute_names(service: ApiServiceDocument, graph: DocumentGraph) -> AttributeNames:
    """Attributes of the service, of what it imports, and of the policies that it refers to.

    Each has its own name, and `id.name` with the id of its document; one of a Library that the
    service imports has `alias.name` too.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    at_hand: set[str] = set()
    aliases = {library.file: alias for alias, library in graph.libraries(service).items()}
    for document in reached_documents(service, graph):
        owners = [document.metadata.id.value]
        if document.file in aliases:
            owners.append(aliases[document.file])
        for declaration in document.declarations.attributes:
            name = declaration.name.value
            spellings = [name, *(f"{owner}.{name}" for owner in owners)]
            if not _has_source(declaration):
                at_hand.update(spellings)
                continue
            for spelling in spellings:
                found[spelling].add(f"{document.file}#{name}")
    return AttributeNames(
        {name: frozenset(ids) for name, ids in found.items()}, frozenset(at_hand - found.keys())
    )


def _has_source(declaration: AttributeDeclaration) -> bool:
    return isinstance(declaration.source, HttpSource | SqlSource)


def reached_documents(
    service: ApiServiceDocument, graph: DocumentGraph
) -> Iterator[DeclaringDocument]:
    """The service's document, and all that it imports or refers to, however far away."""
    waiting: list[DeclaringDocument] = [service]
    seen: set[str] = set()
    while waiting:
        document = waiting.pop()
        if document.file in seen:
            continue
        seen.add(document.file)
        yield document
        waiting.extend(graph.libraries(document).values())
        for reference in _references(document):
            policy = graph.referenced_policy(document.file, reference.path)
            if policy is not None:
                waiting.append(policy)


def _references(document: DeclaringDocument) -> Iterator[RefNode]:
    """Every `$ref` of a document, in order."""
    ahead: list[Child] = list(reversed([*_policies_of(document)]))
    while ahead:
        node = ahead.pop()
        if isinstance(node, RefNode):
            yield node
        elif isinstance(node, PolicyNode):
            ahead.extend(reversed(node.children))


def _policies_of(document: DeclaringDocument) -> Iterator[Child]:
    if isinstance(document, PolicyDocument):
        yield document.policy
    elif isinstance(document, ApiServiceDocument):
        yield from (*document.guards, *document.response)
        for operation in document.operations:
            yield from (*operation.guards, *operation.policies, *operation.response)
