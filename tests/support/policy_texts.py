"""Small policy documents around a snippet, and what the parser finds in them."""

from deemster.policy.diagnostics import Diagnostic, DiagnosticSink
from deemster.policy.parser import parse_tree
from deemster.policy.reading.files import files_from_memory
from deemster.policy.tree import ApiServiceDocument, LibraryDocument, Operation, Tree

__all__ = [
    "API_SERVICE",
    "LIBRARY",
    "OPERATION",
    "findings",
    "indented",
    "library",
    "operation",
    "parsed",
    "with_operation",
]

HEADER = "apiVersion: deemster/v1\nkind: {kind}\nmetadata: {{id: a}}\n"
LIBRARY = HEADER.format(kind="Library")
API_SERVICE = HEADER.format(kind="ApiService") + (
    "service:\n"
    "  baseUrls: [https://api.example.com]\n"
    "  tokenProvider: {type: internal, id: people}\n"
)
OPERATION = "operations:\n  - id: read\n    match: {methods: [GET], path: /a}\n"


def parsed(text: str) -> tuple[Tree, list[Diagnostic]]:
    """A tree of one document."""
    sink = DiagnosticSink()
    tree = parse_tree(files_from_memory({"a.yaml": text}), sink)
    return tree, list(sink.finish())


def findings(text: str) -> list[str]:
    """`code: message`, one for each."""
    return [f"{item.code}: {item.message}" for item in parsed(text)[1]]


def indented(snippet: str, by: int) -> str:
    """Every line of a snippet pushed to the right."""
    return "".join(f"{' ' * by}{line}\n" for line in snippet.splitlines())


def with_operation(snippet: str) -> str:
    """A service whose one operation has the snippet's keys beside `id` and `match`."""
    return API_SERVICE + OPERATION + indented(snippet, 4)


def operation(snippet: str) -> Operation:
    """That operation, which must have no error."""
    tree, found = parsed(with_operation(snippet))
    assert [item.message for item in found] == []
    (service,) = tree.documents
    assert isinstance(service, ApiServiceDocument)
    return service.operations[0]


def library(snippet: str) -> LibraryDocument:
    """A library with the snippet's keys, which must have no error."""
    tree, found = parsed(LIBRARY + snippet)
    assert [item.message for item in found] == []
    (document,) = tree.documents
    assert isinstance(document, LibraryDocument)
    return document
