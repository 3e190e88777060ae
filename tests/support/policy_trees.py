"""Whole policy trees under test: documents around a snippet, and what loading has to say."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.errors import PolicyError
from deemster.model.source import SourceSpan
from deemster.policy.diagnostics import Diagnostic
from deemster.policy.loading import LoadedTree, load_texts
from deemster.policy.resolved import ProviderFacts, ResolvedOperation
from tests.support.policy_texts import indented

__all__ = [
    "a_library",
    "a_policy",
    "a_service",
    "an_application",
    "an_operation",
    "findings_of",
    "loaded",
    "marked",
    "resolved_operation",
    "told",
]

ALWAYS = "combiningAlgorithm: deny-overrides\nrules:\n  - {id: always, effect: permit}\n"


def a_service(
    body: str,
    *,
    id: str = "shop",
    url: str = "https://api.example.com/shop",
    external: bool = False,
    block: str = "",
) -> str:
    """An API service; `block` are further lines of `service:`."""
    audience = "" if external else "  audience: Shop\n"
    return (
        f"apiVersion: deemster/v1\nkind: ApiService\nmetadata: {{id: {id}}}\n"
        f"service:\n  baseUrls: [{url}]\n"
        f"  tokenProvider: {{type: {'external' if external else 'internal'}, id: idp}}\n"
        f"{audience}{indented(block, 2)}{body}"
    )


def an_operation(snippet: str = "allow: authenticated", *, id: str = "read", path: str = "") -> str:
    """`operations:` with one operation that has the snippet's keys beside `id` and `match`."""
    return (
        f'operations:\n  - id: {id}\n    match: {{methods: [GET], path: "{path or "/items"}"}}\n'
        f"{indented(snippet, 4)}"
    )


def a_library(body: str, *, id: str = "standard") -> str:
    """A Library."""
    return f"apiVersion: deemster/v1\nkind: Library\nmetadata: {{id: {id}}}\n{body}"


def a_policy(body: str = ALWAYS, *, id: str = "shared") -> str:
    """A Policy document; without a body one that always permits."""
    return f"apiVersion: deemster/v1\nkind: Policy\nmetadata: {{id: {id}}}\n{body}"


def an_application(body: str, *, id: str = "crm") -> str:
    """An Application."""
    return f"apiVersion: deemster/v1\nkind: Application\nmetadata: {{id: {id}}}\n{body}"


def loaded(
    files: Mapping[str, str], providers: Mapping[str, ProviderFacts] | None = None
) -> LoadedTree:
    """A tree that must load."""
    try:
        return load_texts(files, providers)
    except PolicyError as refused:
        told = [f"{item.span} {item.code}: {item.message}" for item in refused.diagnostics]
        raise AssertionError("\n".join(told)) from None


def findings_of(
    files: Mapping[str, str], providers: Mapping[str, ProviderFacts] | None = None
) -> list[Diagnostic]:
    """All findings, whether the tree loads or not."""
    try:
        diagnostics = load_texts(files, providers).diagnostics
    except PolicyError as refused:
        diagnostics = refused.diagnostics
        if not diagnostics.errors:
            raise
    return list(diagnostics)


def told(
    files: Mapping[str, str], providers: Mapping[str, ProviderFacts] | None = None
) -> list[str]:
    """`code: message`, one for each finding."""
    return [f"{item.code}: {item.message}" for item in findings_of(files, providers)]


def marked(files: Mapping[str, str], span: SourceSpan) -> str:
    """The text that carets stand under, on one line."""
    line = files[span.file].split("\n")[span.line - 1]
    return line[span.column - 1 : span.end_column - 1]


def resolved_operation(tree: LoadedTree, id: str = "read") -> ResolvedOperation:
    """An operation after checking, of whatever service has it."""
    return next(
        operation
        for service in tree.resolved.services
        for operation in service.operations
        if operation.operation.id.value == id
    )
