"""Whole documents, by kind."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.parsing import forms
from deemster.policy.parsing.access_match import answers_questions_only
from deemster.policy.parsing.applications import parse_application
from deemster.policy.parsing.declarations import parse_declarations
from deemster.policy.parsing.document_shapes import API_SERVICE, APPLICATION, LIBRARY, POLICY
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.header import API_VERSION, HEADER, HEADER_REQUIRED, KINDS, METADATA
from deemster.policy.parsing.ids import SiblingIds
from deemster.policy.parsing.operations import parse_operations
from deemster.policy.parsing.policies import parse_policies, parse_policy, parse_response
from deemster.policy.parsing.scalars import describe
from deemster.policy.parsing.services import parse_service
from deemster.policy.parsing.shapes import Shape
from deemster.policy.parsing.suppressions import parse_suppressions
from deemster.policy.reading.nodes import MappingNode, Node
from deemster.policy.tree import (
    ApiServiceDocument,
    ApplicationDocument,
    Document,
    LibraryDocument,
    Metadata,
    PolicyDocument,
    PolicyTestDocument,
    Text,
)

__all__ = ["parse_document"]

_KIND_SYNONYMS = {
    "Service": "ApiService",
    "API": "ApiService",
    "Api": "ApiService",
    "PolicySet": "Policy",
    "Test": "PolicyTest",
    "Tests": "PolicyTest",
    "App": "Application",
}
_KIND = forms.Choice({kind: kind for kind in KINDS}, synonyms=_KIND_SYNONYMS)


def parse_document(node: Node, file: str, sink: DiagnosticSink) -> Document | None:
    """The document of one file; `file` is its path from the tree's root.

    None where it cannot be told what it is. Otherwise the document holds whatever had no error:
    a part with an error is left out, and whoever parses must look at the sink.
    """
    if not isinstance(node, MappingNode):
        sink.error(
            Code.WRONG_TYPE,
            f"a policy document must be a mapping, found {describe(node)}",
            node.span,
            help=f"it begins with `apiVersion: {API_VERSION}`",
        )
        return None
    kind = _kind(node, sink)
    _check_version(node, sink)
    if kind is None:
        return None
    if kind == "PolicyTest":
        metadata = _parse_metadata(node, sink)
        return None if metadata is None else PolicyTestDocument(file, metadata, node)
    return _PARSERS[kind](node, file, sink)


def _kind(node: MappingNode, sink: DiagnosticSink) -> str | None:
    """The kind, after the keys that every document needs were looked for."""
    # Which other keys there may be depends on the kind.
    present = frozenset(key.text for key, _ in node.entries)
    if not present & HEADER:
        sink.error(
            Code.MISSING_KEY,
            "this is no policy document: `apiVersion`, `kind` and `metadata` are missing",
            node.entries[0][0].span if node.entries else node.span,
            help="begin it with these three keys, or move the file out of the tree",
        )
        return None
    header = Fields(node, Shape("a policy document", present, required=HEADER_REQUIRED), sink)
    return header.choice("kind", _KIND)


def _check_version(node: MappingNode, sink: DiagnosticSink) -> None:
    written = node.get("apiVersion")
    if written is None or describe(written) == f"`{API_VERSION}`":
        return
    guess = did_you_mean(describe(written).strip("`"), [API_VERSION])
    sink.error(
        Code.BAD_VALUE,
        f"`apiVersion` cannot be {describe(written)}",
        written.span,
        help=guess or f"this version reads `{API_VERSION}`",
    )


def _parse_metadata(root: MappingNode, sink: DiagnosticSink) -> Metadata | None:
    written = root.get("metadata")
    if written is None:
        return None
    fields = Fields.of(written, METADATA, sink)
    if fields is None:
        return None
    id_, title, owner = fields.id("id"), fields.string("title"), fields.string("owner")
    suppress = parse_suppressions(fields)
    return None if id_ is None else Metadata(id_, title, owner, suppress)


def _parse_api_service(
    node: MappingNode, file: str, sink: DiagnosticSink
) -> ApiServiceDocument | None:
    fields = Fields(node, API_SERVICE, sink)
    metadata = _parse_metadata(node, sink)
    declarations = parse_declarations(fields)
    # A service's guards and operations share the id path `service/…`.
    siblings = SiblingIds({key: fields.key_span(key) for key in ("response",) if key in fields})
    guards = parse_policies(fields, "guards", siblings)
    operations = parse_operations(fields, siblings)
    service = parse_service(fields, answers_calls=not answers_questions_only(fields))
    response = parse_response(fields)
    if metadata is None or service is None:
        return None
    return ApiServiceDocument(file, metadata, declarations, service, guards, operations, response)


def _parse_library(node: MappingNode, file: str, sink: DiagnosticSink) -> LibraryDocument | None:
    fields = Fields(node, LIBRARY, sink)
    metadata = _parse_metadata(node, sink)
    declarations = parse_declarations(fields)
    return None if metadata is None else LibraryDocument(file, metadata, declarations)


def _parse_policy(node: MappingNode, file: str, sink: DiagnosticSink) -> PolicyDocument | None:
    fields = Fields(node, POLICY, sink)
    metadata = _parse_metadata(node, sink)
    declarations = parse_declarations(fields)
    policy = parse_policy(fields, _id_of(metadata))
    if metadata is None or policy is None:
        return None
    return PolicyDocument(file, metadata, declarations, policy)


def _id_of(metadata: Metadata | None) -> Text | None:
    return None if metadata is None else metadata.id


def _parse_application(
    node: MappingNode, file: str, sink: DiagnosticSink
) -> ApplicationDocument | None:
    fields = Fields(node, APPLICATION, sink)
    metadata = _parse_metadata(node, sink)
    permissions, roles = parse_application(fields)
    return None if metadata is None else ApplicationDocument(file, metadata, permissions, roles)


_PARSERS = {
    "ApiService": _parse_api_service,
    "Library": _parse_library,
    "Policy": _parse_policy,
    "Application": _parse_application,
}
