"""The `allow` of an operation: names that exist, and no basic rule where nothing backs it.

Source: policy-language sections 3 to 5. With an external provider a user is never known and a
token's grants are the gateway's word, so the basic rules are refused there (seed 0).
"""

from __future__ import annotations

from deemster.policy.applications import ApplicationCatalogue
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.distinguished_names import MalformedNameError, parse_distinguished_name
from deemster.policy.tree import (
    AllowLines,
    ApiServiceDocument,
    GroupMatch,
    Groups,
    Text,
)

__all__ = ["check_allow_lines"]

_BASIC_RULES = ("scopes", "groups", "permissions", "authentication")


def check_allow_lines(
    allow: AllowLines,
    document: ApiServiceDocument,
    catalogue: ApplicationCatalogue,
    sink: DiagnosticSink,
) -> None:
    """Everything about the lines but `when`, which is a condition like any other."""
    if document.service.provider_type.value == "external":
        # Whatever else is wrong with such a line, it is to be removed.
        _refuse_basic_rules(allow, document, sink)
        return
    if allow.groups is not None and allow.groups.match is GroupMatch.DN:
        _check_names(allow.groups, sink)
    if allow.permissions is not None:
        for key in (*allow.permissions.any_of, *allow.permissions.all_of):
            _check_permission(key, document, catalogue, sink)


def _refuse_basic_rules(
    allow: AllowLines, document: ApiServiceDocument, sink: DiagnosticSink
) -> None:
    provider = document.service.provider_id.value
    for line, span in allow.line_spans:
        if line in _BASIC_RULES:
            sink.error(
                Code.BASIC_RULE_EXTERNAL,
                f"the basic rule `{line}` cannot be used with the external provider `{provider}`",
                span,
                help=_INSTEAD[line],
            )


_UNKNOWN_USERS = (
    "its users are not known here: write a condition over a claim that it sets, such as "
    "`when: \"claims.partner_tier == 'gold'\"`"
)
_INSTEAD = {
    "scopes": "write a condition over claims: `when: \"'orders.read' in claims.scope\"`",
    "groups": _UNKNOWN_USERS,
    "permissions": _UNKNOWN_USERS,
    "authentication": "write a condition over claims: `when: \"claims.acr in ['mfa', 'hwk']\"`",
}


def _check_names(groups: Groups, sink: DiagnosticSink) -> None:
    for text in (*groups.names.any_of, *groups.names.all_of):
        try:
            parse_distinguished_name(text.value)
        except MalformedNameError as malformed:
            sink.error(
                Code.BAD_VALUE,
                f"`{text.value}` is no distinguished name: {malformed}",
                text.span,
                help="`match: dn` compares names such as `cn=finance,ou=groups,o=example` "
                "(RFC 4514)",
            )


def _check_permission(
    key: Text,
    document: ApiServiceDocument,
    catalogue: ApplicationCatalogue,
    sink: DiagnosticSink,
) -> None:
    listed = [text.value for text in document.service.applications]
    own = [catalogue.permissions.get(application, frozenset()) for application in listed]
    if any(key.value in permissions for permissions in own):
        return
    owners = [
        application
        for application, permissions in catalogue.permissions.items()
        if key.value in permissions
    ]
    if owners:
        sink.error(
            Code.UNKNOWN_PERMISSION,
            f"permission `{key.value}` belongs to application `{owners[0]}`, which "
            f"service `{document.metadata.id.value}` does not list",
            key.span,
            help=f"add `{owners[0]}` to `service.applications`",
        )
        return
    sink.error(
        Code.UNKNOWN_PERMISSION,
        f"no application of service `{document.metadata.id.value}` has a permission `{key.value}`",
        key.span,
        help=did_you_mean(key.value, sorted(frozenset().union(*own)))
        or "a permission is written `resource:action`, as an Application declares it",
    )
