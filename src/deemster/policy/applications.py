"""Applications of a tree: permissions, roles, and what a role grants.

Source: seed 4 and policy-language section 5. A permission's key is `resource:action`, split at
the first colon; a role's key is `application/role`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note, did_you_mean
from deemster.policy.tree import ApplicationDocument, Text

__all__ = ["ApplicationCatalogue", "check_applications"]


@dataclass(frozen=True, slots=True)
class ApplicationCatalogue:
    """All applications by id, and each one's permission keys."""

    documents: Mapping[str, ApplicationDocument]
    permissions: Mapping[str, frozenset[str]]

    def role_permissions(self) -> Mapping[str, frozenset[str]]:
        """Permission keys by role key, and by bare role name where one application has it.

        A bare name that several applications have is left out: it grants nothing.
        """
        by_key: dict[str, frozenset[str]] = {}
        owners: dict[str, list[str]] = {}
        for application_id, document in self.documents.items():
            for role, keys in document.roles:
                key = f"{application_id}/{role.value}"
                by_key[key] = frozenset(text.value for text in keys)
                owners.setdefault(role.value, []).append(key)
        for bare, keys_of_role in owners.items():
            if len(keys_of_role) == 1:
                by_key.setdefault(bare, by_key[keys_of_role[0]])
        return by_key


def check_applications(
    documents: tuple[ApplicationDocument, ...], sink: DiagnosticSink
) -> ApplicationCatalogue:
    """Keys unique across the tree; roles name permissions of their own application."""
    owners: dict[str, tuple[str, SourceSpan]] = {}
    permissions: dict[str, frozenset[str]] = {}
    for document in documents:
        keys = _permission_keys(document, owners, sink)
        permissions[document.metadata.id.value] = keys
        for _, granted in document.roles:
            for key in granted:
                _check_known(key, keys, document, sink)
    _hint_ambiguous_roles(documents, sink)
    by_id = {document.metadata.id.value: document for document in documents}
    return ApplicationCatalogue(by_id, permissions)


def _permission_keys(
    document: ApplicationDocument,
    owners: dict[str, tuple[str, SourceSpan]],
    sink: DiagnosticSink,
) -> frozenset[str]:
    keys = set()
    for resource, actions in document.permissions:
        for action in actions:
            key = f"{resource.value}:{action.value}"
            other = owners.get(key)
            if other is not None:
                sink.error(
                    Code.DUPLICATE_ID,
                    f"permission `{key}` is declared twice",
                    action.span,
                    help="a permission's key is unique across the tree; rename one of them",
                    notes=(Note(f"application `{other[0]}` declares it", other[1]),),
                )
            owners.setdefault(key, (document.metadata.id.value, action.span))
            keys.add(key)
    return frozenset(keys)


def _hint_ambiguous_roles(documents: tuple[ApplicationDocument, ...], sink: DiagnosticSink) -> None:
    first: dict[str, tuple[str, SourceSpan]] = {}
    for document in documents:
        application = document.metadata.id.value
        for role, _ in document.roles:
            other, span = first.setdefault(role.value, (application, role.span))
            if other != application:
                sink.hint(
                    Code.AMBIGUOUS_ROLE,
                    f"applications `{other}` and `{application}` both have a role `{role.value}`, "
                    "so that the bare name grants nothing",
                    role.span,
                    help=f"directories and tests must write `{application}/{role.value}` or "
                    f"`{other}/{role.value}`",
                    notes=(Note(f"the role of `{other}` stands", span),),
                )


def _check_known(
    key: Text, known: frozenset[str], document: ApplicationDocument, sink: DiagnosticSink
) -> None:
    if key.value in known:
        return
    sink.error(
        Code.UNKNOWN_PERMISSION,
        f"application `{document.metadata.id.value}` has no permission `{key.value}`",
        key.span,
        help=did_you_mean(key.value, sorted(known))
        or "a permission is written `resource:action`, as `resources` declares it",
    )
