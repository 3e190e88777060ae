"""`request:` and `response:` of a case: the HTTP exchange, or the question of AuthZEN."""

from __future__ import annotations

import json

from deemster.model.certificate import ClientCertificate
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.policy_tests import (
    ACCESS_REQUEST,
    ACTION,
    CALL,
    CERTIFICATE,
    ENTITY,
    RESPONSE,
)
from deemster.policy.parsing.scalars import json_value, text_of
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, SequenceNode
from deemster.policytest.cases import AccessRecipe, CallRecipe, EntityRecipe, UpstreamAnswer
from deemster.policytest.fields import json_members

__all__ = ["read_request", "read_response"]

_Headers = tuple[tuple[str, str], ...]


def read_request(case: Fields) -> CallRecipe | AccessRecipe | None:
    """`{method, url, …}`, or `{subject, action, resource, context}` (AuthZEN 1.0 5)."""
    node = case.node_of("request")
    if node is None:
        return None
    if isinstance(node, MappingNode) and any(map(node.get, ACCESS_REQUEST.names)):
        return _access(Fields(node, ACCESS_REQUEST, case.sink))
    fields = Fields.of(node, CALL, case.sink)
    return _call(fields) if fields is not None else None


def read_response(case: Fields) -> UpstreamAnswer | None:
    """`{status, headers, body}`."""
    node = case.node_of("response")
    fields = Fields.of(node, RESPONSE, case.sink) if node is not None else None
    if fields is None:
        return None
    status = fields.integer("status")
    headers, body = _message(fields)
    if status is None:
        return None
    return UpstreamAnswer(status=status, headers=headers, body=body)


def _call(fields: Fields) -> CallRecipe | None:
    method, url = fields.string("method"), fields.string("url")
    headers, body = _message(fields)
    ip = fields.string("ip")
    certificate = _certificate(fields)
    if method is None or url is None:
        return None
    return CallRecipe(
        method=method, url=url, headers=headers, body=body, ip=ip, certificate=certificate
    )


def _certificate(call: Fields) -> ClientCertificate | None:
    node = call.node_of("certificate")
    fields = Fields.of(node, CERTIFICATE, call.sink) if node is not None else None
    if fields is None:
        return None
    return ClientCertificate(
        thumbprint=fields.string("thumbprint"),
        subject=fields.string("subject"),
        issuer=fields.string("issuer"),
        dns_names=tuple(text.value for text in fields.texts("dnsNames")),
        uris=tuple(text.value for text in fields.texts("uris")),
    )


def _access(fields: Fields) -> AccessRecipe | None:
    subject, resource = _entity(fields, "subject"), _entity(fields, "resource")
    written = fields.node_of("action")
    action = Fields.of(written, ACTION, fields.sink) if written is not None else None
    name = action.string("name") if action is not None else None
    surroundings = json_members(fields, "context")
    if subject is None or resource is None or action is None or name is None:
        return None
    return AccessRecipe(
        subject=subject,
        action=name,
        action_properties=json_members(action, "properties"),
        resource=resource,
        surroundings=surroundings,
    )


def _entity(parent: Fields, key: str) -> EntityRecipe | None:
    node = parent.node_of(key)
    fields = Fields.of(node, ENTITY, parent.sink) if node is not None else None
    if fields is None:
        return None
    kind, id_ = fields.string("type"), fields.string("id")
    properties = json_members(fields, "properties")
    return EntityRecipe(kind, id_, properties) if kind is not None and id_ is not None else None


def _message(fields: Fields) -> tuple[_Headers, str | None]:
    """Headers and body; a body that is JSON brings its media type where none is written."""
    headers = _headers(fields)
    body, media_type = _body(fields.node_of("body"), fields.sink)
    if media_type is not None and not any(name == "content-type" for name, _ in headers):
        headers = (*headers, ("content-type", media_type))
    return headers, body


def _headers(fields: Fields) -> _Headers:
    pairs: list[tuple[str, str]] = []
    for key, value in fields.entries("headers"):
        for item in value.items if isinstance(value, SequenceNode) else (value,):
            text = text_of(item, fields.sink, f"header `{key.text}`")
            if text is not None:
                pairs.append((key.text.lower(), text.value))
    return tuple(pairs)


def _body(node: Node | None, sink: DiagnosticSink) -> tuple[str | None, str | None]:
    """Body text and its media type: text as it stands, anything else as JSON."""
    if node is None:
        return None, None
    if isinstance(node, ScalarNode):
        return node.text, None
    return json.dumps(json_value(node, sink), ensure_ascii=False), "application/json"
