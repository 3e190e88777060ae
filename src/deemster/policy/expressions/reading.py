"""Names ► functions that read them from the values at hand.

Each reader returns a value of the name's type or raises: EvaluationError where there is none, and
NeedsValues where it was not fetched yet. Presence readers answer `has()`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deemster.model.identity import NOT_FETCHED, NotFetched, UserContext, UserPart
from deemster.model.source import SourceSpan
from deemster.policy.expressions import failures, terms
from deemster.policy.expressions.access_reading import access_presence, access_reader
from deemster.policy.expressions.access_terms import AccessRead
from deemster.policy.expressions.attribute_reading import attribute_presence, attribute_reader
from deemster.policy.expressions.certificates import (
    CertificateRead,
    certificate_presence,
    certificate_reader,
)
from deemster.policy.expressions.coercion import (
    MISFIT,
    Coercion,
    coercion_of,
    directory_coercion_of,
)
from deemster.policy.expressions.environment import (
    request_presence,
    request_reader,
)
from deemster.policy.expressions.response_reading import response_reader
from deemster.policy.expressions.response_terms import ResponseHeaderRead, ResponseStatusRead
from deemster.policy.expressions.terms import ClaimRead, ParameterRead, Read, UserField, UserRead
from deemster.policy.expressions.types import STRING
from deemster.policy.values import NeedsValues, Values

__all__ = [
    "Reader",
    "presence_of",
    "read_user_groups",
    "read_user_permissions",
    "read_user_roles",
    "reader_of",
    "user_presence",
]

Reader = Callable[[Values], object]


def reader_of(read: Read) -> Reader:
    """The function that reads a name."""
    if isinstance(read, ClaimRead):
        return _claim_reader(read)
    if isinstance(read, UserRead):
        return _user_reader(read)
    if isinstance(read, AccessRead):
        return access_reader(read)
    if isinstance(read, CertificateRead):
        return certificate_reader(read)
    if isinstance(read, ParameterRead):
        return _parameter_reader(read)
    if isinstance(read, terms.AttributeRead):
        return attribute_reader(read, _reader_of_term)
    if isinstance(read, ResponseStatusRead | ResponseHeaderRead):
        return response_reader(read)
    return request_reader(read)


def _reader_of_term(term: terms.Term) -> Reader:
    if not isinstance(term, terms.Read):
        raise TypeError("a value is read by its name")
    return reader_of(term)


def presence_of(read: Read) -> Callable[[Values], bool]:
    """The function that answers `has()` of a name."""
    if isinstance(read, ClaimRead):
        return _claim_presence(read)
    if isinstance(read, UserRead):
        return _user_presence(read)
    if isinstance(read, AccessRead):
        return access_presence(read)
    if isinstance(read, CertificateRead):
        return certificate_presence(read)
    if isinstance(read, terms.AttributeRead):
        return attribute_presence(read, _reader_of_term)
    if isinstance(read, terms.RequestRead):
        return request_presence(read)
    reader = reader_of(read)

    def readable(values: Values) -> bool:
        reader(values)
        return True

    return readable


def user_presence(term: terms.UserPresence) -> Callable[[Values], bool]:
    """`has(user)`: false for a client token."""
    span = term.span

    def present(values: Values) -> bool:
        if values.user is not None:
            return True
        if values.claims is None:
            # Nobody looked who calls: that is not the same as a client.
            raise failures.no_claims("user", span)
        return False

    return present


# --- claims -------------------------------------------------------------------------------------


def _claim_reader(read: ClaimRead) -> Reader:
    if _is_scope(read):
        return _scope_reader(read)
    key, name, span = read.claim, read.name, read.span
    coerce = _claim_coercion(read)
    default = read.default if read.has_default else None

    def claim(values: Values) -> object:
        claims = values.claims
        if claims is None:
            raise failures.no_claims(name, span)
        value = claims.claims.get(key)
        if value is None:
            if default is None:
                raise failures.absent(name, span)
            return default
        value = coerce(value)
        if value is MISFIT:
            raise _misfit(read)
        return value

    if read.narrowing.type is STRING and read.narrowing.enum is None:
        return _plain_string_claim(key, claim)
    return claim


def _plain_string_claim(key: str, otherwise: Reader) -> Reader:
    def claim(values: Values) -> object:
        claims = values.claims
        if claims is not None:
            value = claims.claims.get(key)
            if type(value) is str:
                return value
        return otherwise(values)

    return claim


def _claim_presence(read: ClaimRead) -> Callable[[Values], bool]:
    key, name, span, has_default = read.claim, read.name, read.span, read.has_default
    coerce = (lambda value: value) if _is_scope(read) else _claim_coercion(read)

    def present(values: Values) -> bool:
        claims = values.claims
        if claims is None:
            raise failures.no_claims(name, span)
        value = claims.claims.get(key)
        if value is None:
            return has_default
        if coerce(value) is MISFIT:
            raise _misfit(read)
        return True

    return present


def _is_scope(read: ClaimRead) -> bool:
    # `claims.scope` is the provider's scope set, whatever the claim is called in the token.
    return read.declared_at is None and read.claim == "scope"


def _scope_reader(read: ClaimRead) -> Reader:
    name, span = read.name, read.span

    def scopes(values: Values) -> object:
        claims = values.claims
        if claims is None:
            raise failures.no_claims(name, span)
        return claims.scopes

    return scopes


def _claim_coercion(read: ClaimRead) -> Coercion:
    coerce = coercion_of(read.narrowing)
    if read.declared_at is None and read.claim == "aud":
        # RFC 7519 4.1.3: a single audience may be a string.
        return lambda value: (value,) if type(value) is str else coerce(value)
    return coerce


# --- user ---------------------------------------------------------------------------------------


def read_user_groups(values: Values, span: SourceSpan) -> frozenset[str]:
    """The user's groups. Raises EvaluationError or NeedsValues."""
    user = values.user
    if user is None:
        raise failures.client_token("user.groups", span)
    groups = user.groups
    return groups if type(groups) is frozenset else _missing(groups, UserPart.GROUPS, span)


def read_user_roles(values: Values, span: SourceSpan) -> frozenset[str]:
    """The user's roles as the directory writes them. Raises EvaluationError or NeedsValues."""
    user = values.user
    if user is None:
        raise failures.client_token("user.roles", span)
    roles = user.roles
    return roles if type(roles) is frozenset else _missing(roles, UserPart.ROLES, span)


def read_user_permissions(values: Values, span: SourceSpan) -> frozenset[str]:
    """The permissions of the token where its provider takes them from a claim, else those of the
    user's roles. Raises EvaluationError or NeedsValues.
    """
    if values.user is None:
        raise failures.client_token("user.permissions", span)
    claims = values.claims
    if claims is not None and claims.permissions is not None:
        return claims.permissions
    of_role = values.role_permissions
    permissions: frozenset[str] = frozenset()
    for role in read_user_roles(values, span):
        granted = of_role.get(role)
        if granted is not None:
            permissions = permissions | granted if permissions else granted
    return permissions


def _missing(
    part: frozenset[str] | NotFetched | Exception, wanted: UserPart, span: SourceSpan
) -> frozenset[str]:
    """Say why a part is not there. Anything but a frozenset is not there, whatever it is."""
    if part is NOT_FETCHED:
        raise NeedsValues(frozenset({wanted}))
    raise failures.unavailable(f"user.{wanted.value}", span)


def _attributes_of(user: UserContext, name: str, span: SourceSpan) -> Mapping[str, object]:
    attributes = user.attributes
    if isinstance(attributes, NotFetched):
        raise NeedsValues(frozenset({UserPart.ATTRIBUTES}))
    if isinstance(attributes, Exception):
        raise failures.unavailable(name, span)
    return attributes


def _user_reader(read: UserRead) -> Reader:
    span = read.span
    if read.field is UserField.GROUPS:
        return lambda values: read_user_groups(values, span)
    if read.field is UserField.ROLES:
        return lambda values: read_user_roles(values, span)
    if read.field is UserField.PERMISSIONS:
        return lambda values: read_user_permissions(values, span)
    if read.field is UserField.ID:
        return _user_id_reader(read)
    return _attribute_reader(read)


def _user_id_reader(read: UserRead) -> Reader:
    name, span = read.name, read.span

    def user_id(values: Values) -> object:
        user = values.user
        if user is None:
            raise failures.client_token(name, span)
        return user.id

    return user_id


def _attribute_reader(read: UserRead) -> Reader:
    key, name, span = read.attribute, read.name, read.span
    coerce = directory_coercion_of(read.narrowing)
    default = read.default if read.has_default else None

    def attribute(values: Values) -> object:
        user = values.user
        if user is None:
            raise failures.client_token(name, span)
        value = _attributes_of(user, name, span).get(key)
        if value is None:
            if default is None:
                raise failures.absent(name, span)
            return default
        value = coerce(value)
        if value is MISFIT:
            raise _misfit(read)
        return value

    return attribute


def _user_presence(read: UserRead) -> Callable[[Values], bool]:
    if read.field is not UserField.ATTRIBUTE:
        reader = _user_reader(read)
        return lambda values: reader(values) is not None
    key, name, span, has_default = read.attribute, read.name, read.span, read.has_default
    coerce = directory_coercion_of(read.narrowing)

    def present(values: Values) -> bool:
        user = values.user
        if user is None:
            raise failures.client_token(name, span)
        value = _attributes_of(user, name, span).get(key)
        if value is None:
            return has_default
        if coerce(value) is MISFIT:
            raise _misfit(read)
        return True

    return present


def _misfit(read: ClaimRead | UserRead) -> Exception:
    return failures.not_usable(f"`{read.name}` is not {read.narrowing}", read.span)


# --- params -------------------------------------------------------------------------------------


def _parameter_reader(read: ParameterRead) -> Reader:
    key, name, span = read.parameter, read.name, read.span

    def parameter(values: Values) -> object:
        value = values.params.get(key)
        if value is None:
            raise failures.no_parameter(name, span)
        return value

    return parameter
