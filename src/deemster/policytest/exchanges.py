"""`request:` and `response:` of a case: the HTTP exchange, or the question of AuthZEN."""

from __future__ import annotations

import json
from collections.abc import Mapping

from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, SequenceNode
from deemster.policytest.cases import AccessRecipe, CallRecipe, EntityRecipe, UpstreamAnswer
from deemster.policytest.fields import FieldReader

__all__ = ["ExchangeReader"]

_CALL_KEYS = ("method", "url", "headers", "body", "ip")
_ACCESS_KEYS = ("subject", "action", "resource", "context")
_ENTITY_KEYS = ("type", "id", "properties")
_ACTION_KEYS = ("name", "properties")
_RESPONSE_KEYS = ("status", "headers", "body")

# What the language does not do yet; without a word here, what is read below counts.
_LATER = ("certificate", *_ACCESS_KEYS)


class ExchangeReader:
    """Reads what a case asks about."""

    def __init__(self, fields: FieldReader) -> None:
        self._fields = fields

    def request(self, node: Node) -> CallRecipe | AccessRecipe | None:
        """`{method, url, …}`, or `{subject, action, resource, context}` (AuthZEN 1.0 5)."""
        fields = self._fields
        written = fields.mapping(node, "`request`")
        if written is None:
            return None
        if any(written.get(key) is not None for key in _ACCESS_KEYS if key not in _LATER):
            return self._access(written)
        errors_before = fields.sink.error_count
        fields.only(written, _CALL_KEYS, "`request`", later=_LATER)
        if fields.sink.error_count > errors_before and any(map(written.get, _LATER)):
            return None
        return self._call(written)

    def response(self, node: Node | None) -> UpstreamAnswer | None:
        """`{status, headers, body}`."""
        fields = self._fields
        written = fields.mapping(node, "`response`")
        if written is None:
            return None
        fields.only(written, _RESPONSE_KEYS, "`response`")
        status = fields.http_status(fields.require(written, "status", "`response`"))
        headers, body = self._message(written)
        if status is None:
            return None
        return UpstreamAnswer(status=status, headers=headers, body=body)

    def _call(self, written: MappingNode) -> CallRecipe | None:
        fields = self._fields
        method = fields.text(fields.require(written, "method", "`request`"), "`method`")
        url = fields.text(fields.require(written, "url", "`request`"), "`url`")
        headers, body = self._message(written)
        ip = fields.text(written.get("ip"), "`ip`")
        if method is None or url is None:
            return None
        return CallRecipe(method=method, url=url, headers=headers, body=body, ip=ip)

    def _access(self, written: MappingNode) -> AccessRecipe | None:
        fields = self._fields
        fields.only(written, _ACCESS_KEYS, "`request` with a `subject`")
        subject = self._entity(written, "subject")
        resource = self._entity(written, "resource")
        action = fields.mapping(fields.require(written, "action", "`request`"), "`action`")
        name = None
        if action is not None:
            fields.only(action, _ACTION_KEYS, "`action`")
            name = fields.text(fields.require(action, "name", "`action`"), "`name`")
        surroundings = self._properties(written, "context")
        if subject is None or resource is None or action is None or name is None:
            return None
        return AccessRecipe(
            subject=subject,
            action=name,
            action_properties=self._properties(action, "properties"),
            resource=resource,
            surroundings=surroundings,
        )

    def _entity(self, parent: MappingNode, key: str) -> EntityRecipe | None:
        fields, what = self._fields, f"`{key}`"
        written = fields.mapping(fields.require(parent, key, "`request`"), what)
        if written is None:
            return None
        fields.only(written, _ENTITY_KEYS, what)
        kind = fields.text(fields.require(written, "type", what), "`type`")
        id_ = fields.text(fields.require(written, "id", what), "`id`")
        properties = self._properties(written, "properties")
        return EntityRecipe(kind, id_, properties) if kind is not None and id_ is not None else None

    def _properties(self, parent: MappingNode, key: str) -> Mapping[str, object]:
        written = self._fields.mapping(parent.get(key), f"`{key}`")
        entries = written.entries if written is not None else ()
        return {name.text: self._fields.json(value) for name, value in entries}

    def _message(self, written: MappingNode) -> tuple[tuple[tuple[str, str], ...], str | None]:
        """Headers and body; a body that is JSON brings its media type where none is written."""
        headers = self._headers(written.get("headers"))
        body, media_type = self._body(written.get("body"))
        if media_type is not None and not any(name == "content-type" for name, _ in headers):
            headers = (*headers, ("content-type", media_type))
        return headers, body

    def _headers(self, node: Node | None) -> tuple[tuple[str, str], ...]:
        mapping = self._fields.mapping(node, "`headers`")
        pairs: list[tuple[str, str]] = []
        for key, value in mapping.entries if mapping is not None else ():
            if isinstance(value, SequenceNode):
                texts = self._fields.texts(value, f"header `{key.text}`")
            else:
                text = self._fields.text(value, f"header `{key.text}`")
                texts = (text,) if text is not None else ()
            pairs.extend((key.text.lower(), text) for text in texts)
        return tuple(pairs)

    def _body(self, node: Node | None) -> tuple[str | None, str | None]:
        """Body text and its media type: text as it stands, anything else as JSON."""
        if node is None:
            return None, None
        if isinstance(node, ScalarNode):
            return node.text, None
        return json.dumps(self._fields.json(node), ensure_ascii=False), "application/json"
