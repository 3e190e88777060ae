"""SCIM answers ► resources and their values (RFC 7643 2, RFC 7644 3.4.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import HttpAnswer
from deemster.outgoing.json_answers import json_document
from deemster.usercontext.mapping import MisfitError

__all__ = ["Resource", "ResourcePage", "ScimPath", "page_of", "resource_of", "texts_of", "value_at"]

Resource = Mapping[str, object]

_NOT_FOUND = 404
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_CORE = "urn:ietf:params:scim:schemas:core:2.0:user"
# RFC 7643 2.1: ATTRNAME = ALPHA *(nameChar), nameChar = "$" / "-" / "_" / DIGIT / ALPHA
_NAME = r"[A-Za-z$][A-Za-z0-9$_-]*"
_PATH = re.compile(rf"(?:(?P<urn>[uU][rR][nN]:[^\s\"]+):)?(?P<name>{_NAME})(?:\.(?P<sub>{_NAME}))?")


@dataclass(frozen=True, slots=True)
class ScimPath:
    """An attribute (RFC 7644 3.10): of an extension where there is a `urn`; no value filters.

    `text` is how the settings write it.
    """

    text: str
    urn: str | None
    name: str
    sub: str | None

    @property
    def asked(self) -> str:
        """How it is asked for: whole, since some servers give no part of a value."""
        return self.name if self.urn is None else f"{self.urn}:{self.name}"

    @classmethod
    def of(cls, text: str) -> ScimPath:
        """Raises ValueError."""
        found = _PATH.fullmatch(text)
        if found is None:
            raise ValueError("expected `name`, `name.subAttribute` or `urn:…:name`")
        urn = found["urn"]
        if urn is not None and urn.lower() == _CORE:
            urn = None
        return cls(text, urn, found["name"], found["sub"])


@dataclass(frozen=True, slots=True)
class ResourcePage:
    """A part of a list; `total` is how many there are in all."""

    resources: tuple[Resource, ...]
    total: int


def resource_of(answer: HttpAnswer) -> Resource | None:
    """The resource of a 200, None for a 404. Raises CallFailedError, MisfitError."""
    if answer.status == _NOT_FOUND and (not answer.body or "json" in answer.media_type):
        return None
    document = json_document(answer)
    if not isinstance(document, dict):
        raise MisfitError("the resource is not an object")
    return document


def page_of(answer: HttpAnswer) -> ResourcePage:
    """A ListResponse. Raises CallFailedError, MisfitError."""
    if answer.status == _NOT_FOUND:
        # RFC 7644 3.4.2: nothing found is a list of nothing; here there is no such endpoint.
        raise CallFailedError("has no such endpoint: status 404", is_outage=False)
    document = json_document(answer)
    schemas = value_at(document, ScimPath.of("schemas")) if isinstance(document, dict) else None
    if not isinstance(schemas, list) or _LIST not in schemas:
        raise MisfitError("the answer is no ListResponse")
    total = value_at(document, ScimPath.of("totalResults"))
    # INVARIANT: bool is an int to Python, and no count.
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise MisfitError("`totalResults` is no count")
    found = value_at(document, ScimPath.of("Resources"))
    resources = [] if found is None else found
    if not isinstance(resources, list) or not all(isinstance(one, dict) for one in resources):
        raise MisfitError("`Resources` is not a list of objects")
    if len(resources) > total:
        raise MisfitError("`Resources` has more than `totalResults`")
    return ResourcePage(tuple(resources), total)


def value_at(resource: object, path: ScimPath) -> object:
    """The value, None where it is unassigned: absent and null are the same (RFC 7643 2.5).

    Of a multi-valued attribute a sub-attribute is the list of those that are there. Raises
    MisfitError.
    """
    holder = resource if path.urn is None else _member(resource, path.urn)
    value = None if holder is None else _member(holder, path.name)
    if path.sub is None or value is None:
        return value
    if isinstance(value, list):
        found = [_member(item, path.sub) for item in value]
        return [item for item in found if item is not None]
    return _member(value, path.sub)


def texts_of(resource: Resource, path: ScimPath) -> frozenset[str]:
    """`path.sub` of every value of a multi-valued attribute; unassigned is none (RFC 7643 2.5).

    Raises MisfitError: each value must have it, as text.
    """
    values = value_at(resource, ScimPath(path.text, path.urn, path.name, None))
    if values is None:
        return frozenset()
    if not isinstance(values, list):
        raise MisfitError(f"`{path.name}` is not a list")
    names = [_member(value, path.sub or "value") for value in values]
    if not all(isinstance(name, str) and name for name in names):
        raise MisfitError(f"`{path.text}` is not text in every value")
    return frozenset(str(name) for name in names)


def _member(holder: object, name: str) -> object:
    """RFC 7643 2.1: names of attributes, and URNs of schemas, have no case."""
    if not isinstance(holder, Mapping):
        raise MisfitError(f"what holds `{name}` is not an object")
    found = [value for key, value in holder.items() if key.lower() == name.lower()]
    if len(found) > 1:
        raise MisfitError(f"`{name}` is there more than once, by case")
    return found[0] if found else None
