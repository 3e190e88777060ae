"""`operations:` of an API service."""

from __future__ import annotations

import re

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.parsing.denied_reasons import parse_otherwise
from deemster.policy.parsing.fields import Fields, Shape
from deemster.policy.parsing.grants import parse_allow
from deemster.policy.parsing.ids import SiblingIds, checked_id, checked_name
from deemster.policy.parsing.policies import parse_policies
from deemster.policy.reading.nodes import Node
from deemster.policy.tree import Operation, ParameterConstraint, PolicyNode, RefNode, Text

__all__ = ["parse_operations"]

_MAX_PATHS = 10
# RFC 9110 5.6.2: token.
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_USUAL_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
)
_OPERATION = Shape(
    "an operation",
    frozenset({"id", "match", "params", "allow", "policies", "guards", "otherwise", "alsoCovers"}),
    required={
        "id": "an id of lower-case letters, digits and hyphens, unique in its service",
        "match": "for example `match: {methods: [GET], path: /invoices}`",
    },
    later={
        "response": "policies over the upstream's answer",
        "paths": "openings of the canonical path",
        "attach": "statements attached to a node",
        "statements": "statements for the gateway",
        "attributes": "attributes fetched from a source",
    },
    elsewhere={
        "enabled": "an operation cannot be disabled, or its path would fall to a wider template; "
        "only policies and rules can",
        "deniedReason": "an operation's own words on a deny are `otherwise`",
        "path": "write `match: {path: ...}`",
        "methods": "write `match: {methods: [...]}`",
        "when": "write `allow: {when: ...}`",
        "scopes": "write `allow: {scopes: ...}`",
        "rules": "rules belong to a policy: `policies: [{id: ..., combiningAlgorithm: ..., "
        "rules: [...]}]`",
        "exempt": "a guard says which operations it exempts",
    },
)
_MATCH = Shape(
    "`match`",
    frozenset({"methods", "path", "paths"}),
    later={
        "resourceType": "operations of AuthZEN resource types",
        "actions": "operations of AuthZEN resource types",
    },
    elsewhere={"method": "methods are a list: `methods: [GET]`"},
    example="match: {methods: [GET], path: /invoices}",
)
_PARAMETER = Shape(
    "a parameter's constraint", frozenset({"pattern", "type"}), example="params: {id: {type: int}}"
)
_PARAMETER_TYPES = {"int": "int", "uuid": "uuid"}

_Policies = tuple[PolicyNode | RefNode, ...]


def parse_operations(service: Fields, siblings: SiblingIds) -> tuple[Operation, ...]:
    """Every operation without an error. `siblings` holds the ids of the service's guards."""
    found = []
    for item in service.items("operations"):
        operation = _parse_operation(item, service.sink, siblings)
        if operation is not None:
            found.append(operation)
    return tuple(found)


def _parse_operation(node: Node, sink: DiagnosticSink, siblings: SiblingIds) -> Operation | None:
    before = sink.error_count
    fields = Fields.of(node, _OPERATION, sink)
    if fields is None:
        return None
    # A misspelt `allow` is reported once, not as a missing one too.
    are_keys_known = sink.error_count == before
    id_ = fields.id("id")
    if id_ is not None:
        siblings.take(id_, sink)
    methods, paths = _parse_match(fields)
    params = _parse_params(fields)
    allow = parse_allow(fields)
    policies, guards = _policies_and_guards(fields)
    otherwise = parse_otherwise(fields)
    also_covers = fields.texts("alsoCovers", checked_id)
    if are_keys_known:
        _require_grant(fields, id_)
    if sink.error_count > before or id_ is None:
        return None
    return Operation(
        id=id_,
        methods=methods,
        paths=paths,
        params=params,
        allow=allow,
        policies=policies,
        guards=guards,
        otherwise=otherwise,
        also_covers=also_covers,
        span=node.span,
    )


def _policies_and_guards(fields: Fields) -> tuple[_Policies, _Policies]:
    # One node has one id path, so guards, policies and `allow` of an operation are siblings.
    reserved = {"allow": fields.key_span("allow")} if "allow" in fields else None
    siblings = SiblingIds(reserved)
    guards = parse_policies(fields, "guards", siblings)
    return parse_policies(fields, "policies", siblings), guards


def _require_grant(fields: Fields, id_: Text | None) -> None:
    if "allow" in fields or "policies" in fields:
        return
    fields.sink.error(
        Code.NO_GRANT,
        "this operation has neither `allow` nor `policies`, so nobody could call it",
        fields.head_span if id_ is None else id_.span,
        help="write `allow: authenticated`, or lines such as `allow: {scopes: {any: [...]}}`",
    )


def _parse_match(operation: Fields) -> tuple[tuple[Text, ...] | None, tuple[Text, ...]]:
    node = operation.node_of("match")
    fields = None if node is None else Fields.of(node, _MATCH, operation.sink)
    if fields is None:
        return None, ()
    methods = fields.texts("methods", _checked_method) if "methods" in fields else None
    return methods, _parse_paths(fields)


def _parse_paths(fields: Fields) -> tuple[Text, ...]:
    sink = fields.sink
    if "path" in fields and "paths" in fields:
        sink.error(
            Code.BAD_VALUE,
            "`match` has `path` or `paths`, not both",
            fields.key_span("paths"),
            help="move the path into the list",
            notes=(Note("`path` is written", fields.key_span("path")),),
        )
        return ()
    if "path" in fields:
        path = fields.text("path")
        return () if path is None else (path,)
    if "paths" in fields:
        paths = fields.texts("paths")
        if len(paths) > _MAX_PATHS:
            sink.error(
                Code.BAD_VALUE,
                f"`paths` has {len(paths)} templates, more than {_MAX_PATHS}",
                fields.key_span("paths"),
                help="write several operations",
            )
        return paths
    if not any(key in fields for key in _MATCH.later):
        sink.error(Code.MISSING_KEY, "`match` needs `path` or `paths`", fields.head_span)
    return ()


def _checked_method(method: Text, sink: DiagnosticSink) -> Text | None:
    if _METHOD.fullmatch(method.value) is None:
        sink.error(
            Code.BAD_VALUE,
            f"`{method.value}` is not an HTTP method",
            method.span,
            help="a method is one word without spaces or brackets, for example `GET`",
        )
        return None
    usual = method.value.upper()
    if usual in _USUAL_METHODS and usual != method.value:
        sink.error(
            Code.BAD_VALUE,
            f"`{method.value}` would never match, because methods are case-sensitive",
            method.span,
            help=f"did you mean `{usual}`?",
        )
        return None
    if method.value == "*":
        sink.error(
            Code.BAD_VALUE,
            "`*` is a method of its own, not every method",
            method.span,
            help="leave `methods` out to match every method",
        )
        return None
    return method


def _parse_params(operation: Fields) -> tuple[ParameterConstraint, ...]:
    found = []
    for key, value in operation.entries("params"):
        name = checked_name(key, operation.sink)
        fields = Fields.of(value, _PARAMETER, operation.sink)
        if name is None or fields is None:
            continue
        pattern = fields.text("pattern")
        type_ = fields.choice("type", _PARAMETER_TYPES)
        if ("pattern" in fields) == ("type" in fields):
            operation.sink.error(
                Code.BAD_VALUE,
                f"parameter `{key.text}` needs one of `pattern` and `type`",
                key.span,
                help='for example `{pattern: "[0-9]{1,12}"}`, `{type: int}` or `{type: uuid}`',
            )
        found.append(ParameterConstraint(name, pattern, type_, key.span))
    return tuple(found)
