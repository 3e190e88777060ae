"""`operations:` of an API service."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.parsing.access_match import (
    answers_questions,
    parse_access_match,
    refuse_call_keys,
)
from deemster.policy.parsing.denied_reasons import parse_otherwise
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.grants import parse_allow
from deemster.policy.parsing.ids import SiblingIds, checked_id, checked_name
from deemster.policy.parsing.operation_shapes import (
    MATCH,
    MAX_PATHS,
    METHOD,
    OPERATION,
    PARAMETER,
    PARAMETER_TYPE,
)
from deemster.policy.parsing.paths import parse_openings
from deemster.policy.parsing.policies import parse_policies, parse_response
from deemster.policy.parsing.statements import parse_attach
from deemster.policy.reading.nodes import Node
from deemster.policy.tree import (
    AccessMatch,
    Operation,
    ParameterConstraint,
    PolicyNode,
    RefNode,
    Text,
)

__all__ = ["parse_operations"]

_USUAL_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
)
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
    fields = Fields.of(node, OPERATION, sink)
    if fields is None:
        return None
    # A misspelt `allow` is reported once, not as a missing one too.
    are_keys_known = sink.error_count == before
    id_ = fields.id("id")
    if id_ is not None:
        siblings.take(id_, sink)
    access, methods, paths = _parse_match(fields)
    params = _parse_params(fields)
    opened = parse_openings(fields)
    allow = parse_allow(fields)
    policies, guards = _policies_and_guards(fields)
    otherwise = parse_otherwise(fields)
    also_covers = fields.texts("alsoCovers", checked_id)
    attach, response = parse_attach(fields), parse_response(fields)
    if are_keys_known:
        _require_grant(fields, id_)
    if sink.error_count > before or id_ is None:
        return None
    return Operation(
        id=id_,
        access=access,
        methods=methods,
        paths=paths,
        params=params,
        allow=allow,
        policies=policies,
        guards=guards,
        otherwise=otherwise,
        also_covers=also_covers,
        opened=opened,
        span=node.span,
        attach=attach,
        response=response,
    )


def _policies_and_guards(fields: Fields) -> tuple[_Policies, _Policies]:
    # One node has one id path: what stands beside each other in an operation are siblings.
    siblings = SiblingIds(
        {key: fields.key_span(key) for key in ("allow", "response") if key in fields}
    )
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


def _parse_match(
    operation: Fields,
) -> tuple[AccessMatch | None, tuple[Text, ...] | None, tuple[Text, ...]]:
    """What is matched: (questions, None, no paths), or (None, methods, paths)."""
    node = operation.node_of("match")
    before = operation.sink.error_count
    fields = None if node is None else Fields.of(node, MATCH, operation.sink)
    if fields is None:
        return None, None, ()
    if answers_questions(fields):
        refuse_call_keys(operation)
        return parse_access_match(fields), None, ()
    methods = fields.texts("methods", _checked_method) if "methods" in fields else None
    return None, methods, _parse_paths(fields, are_keys_known=operation.sink.error_count == before)


def _parse_paths(fields: Fields, *, are_keys_known: bool) -> tuple[Text, ...]:
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
        if len(paths) > MAX_PATHS:
            sink.error(
                Code.BAD_VALUE,
                f"`paths` has {len(paths)} templates, more than {MAX_PATHS}",
                fields.key_span("paths"),
                help="write several operations",
            )
        return paths
    if are_keys_known:
        sink.error(Code.MISSING_KEY, "`match` needs `path` or `paths`", fields.head_span)
    return ()


def _checked_method(method: Text, sink: DiagnosticSink) -> Text | None:
    if METHOD.fullmatch(method.value) is None:
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
        fields = Fields.of(value, PARAMETER, operation.sink)
        if name is None or fields is None:
            continue
        pattern = fields.text("pattern")
        type_ = fields.choice("type", PARAMETER_TYPE)
        if ("pattern" in fields) == ("type" in fields):
            operation.sink.error(
                Code.BAD_VALUE,
                f"parameter `{key.text}` needs one of `pattern` and `type`",
                key.span,
                help='for example `{pattern: "[0-9]{1,12}"}`, `{type: int}` or `{type: uuid}`',
            )
        found.append(ParameterConstraint(name, pattern, type_, key.span))
    return tuple(found)
