"""Readers of an AuthZEN question: what its declared members are, or why they are nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deemster.model.access import AccessRequest
from deemster.policy.expressions import failures
from deemster.policy.expressions.access_terms import AccessField, AccessRead
from deemster.policy.expressions.coercion import MISFIT, directory_coercion_of
from deemster.policy.values import Values

__all__ = ["access_presence", "access_reader"]


def access_reader(read: AccessRead) -> Callable[[Values], object]:
    """The function that reads a member. Raises EvaluationError when called on an HTTP call."""
    if not read.field.is_property:
        return _member_reader(read)
    key, name, span = read.member, read.name, read.span
    properties = _PROPERTIES[read.field]
    coerce = directory_coercion_of(read.narrowing)
    default = read.default if read.has_default else None

    def declared(values: Values) -> object:
        access = values.access
        if access is None:
            raise failures.no_access_request(name, span)
        value = properties(access).get(key)
        if value is None:
            if default is None:
                raise failures.absent(name, span)
            return default
        value = coerce(value)
        if value is MISFIT:
            raise failures.not_usable(f"`{name}` is not {read.narrowing}", span)
        return value

    return declared


def access_presence(read: AccessRead) -> Callable[[Values], bool]:
    """The function that answers `has()` of a member."""
    if not read.field.is_property:
        reader = _member_reader(read)
        return lambda values: reader(values) is not None
    key, name, span, has_default = read.member, read.name, read.span, read.has_default
    properties = _PROPERTIES[read.field]
    coerce = directory_coercion_of(read.narrowing)

    def present(values: Values) -> bool:
        access = values.access
        if access is None:
            raise failures.no_access_request(name, span)
        value = properties(access).get(key)
        if value is None:
            return has_default
        if coerce(value) is MISFIT:
            raise failures.not_usable(f"`{name}` is not {read.narrowing}", span)
        return True

    return present


def _member_reader(read: AccessRead) -> Callable[[Values], object]:
    name, span, member = read.name, read.span, _MEMBERS[read.field]

    def built_in(values: Values) -> object:
        access = values.access
        if access is None:
            raise failures.no_access_request(name, span)
        return member(access)

    return built_in


_MEMBERS: dict[AccessField, Callable[[AccessRequest], str]] = {
    AccessField.SUBJECT_TYPE: lambda access: access.subject.type,
    AccessField.SUBJECT_ID: lambda access: access.subject.id,
    AccessField.ACTION_NAME: lambda access: access.action.name,
    AccessField.RESOURCE_TYPE: lambda access: access.resource.type,
    AccessField.RESOURCE_ID: lambda access: access.resource.id,
}
_PROPERTIES: dict[AccessField, Callable[[AccessRequest], Mapping[str, object]]] = {
    AccessField.SUBJECT_PROPERTY: lambda access: access.subject.properties,
    AccessField.ACTION_PROPERTY: lambda access: access.action.properties,
    AccessField.RESOURCE_PROPERTY: lambda access: access.resource.properties,
    AccessField.CONTEXT_PROPERTY: lambda access: access.context,
}
