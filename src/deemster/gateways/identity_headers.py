"""Header fields by which the upstream learns who was let through, and what no client may send.

They are ours alone: set on every permit (empty where nothing is known), made of the decision and
never of what the client sent. A client that sends one itself, under its name or under one that some
upstream folds to the same variable, is refused (facts/gateways.md 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from deemster.errors import CannotCarryOutError, ConfigurationError
from deemster.gateways.header_fields import COMMON_NAMES, hides_fields, is_token
from deemster.model.decision import Decision, Reason

__all__ = [
    "LONGEST_VALUE",
    "IdentityHeaders",
    "IdentityValue",
    "ReservedFields",
    "can_be_sent",
    "why_not_ours",
]

LONGEST_VALUE = 8192
"""Octets of one value: what gateways and servers take for a whole field by default."""


class IdentityValue(StrEnum):
    """What an identity header may say, as the settings name it."""

    SUBJECT = "subject"
    CLIENT_ID = "clientId"
    SCOPE = "scope"
    PROVIDER = "provider"
    API_SERVICE = "apiService"
    OPERATION = "operation"
    DECISION_ID = "decisionId"


class IdentityHeaders:
    """Which header field says what. Built once, from `identityHeaders:` of the settings."""

    def __init__(self, says: Mapping[str, IdentityValue]) -> None:
        """`says`: by field name. Raises ConfigurationError for what cannot be a name of ours."""
        wrong = next((why for why in why_not_ours(says) if why is not None), None)
        if wrong is not None:
            raise ConfigurationError(f"identity headers: {wrong}")
        self.names = tuple([name.lower() for name in says])
        """Lower-case, in the order written."""
        self._told = tuple(
            [(name.lower().encode("ascii"), _READERS[value]) for name, value in says.items()]
        )

    def fields(self, decision: Decision) -> tuple[tuple[str, str], ...]:
        """As `octets`, in text."""
        octets = self.octets(decision)
        return tuple([(name.decode("ascii"), value.decode("ascii")) for name, value in octets])

    def octets(self, decision: Decision) -> list[tuple[bytes, bytes]]:
        """Every field as it goes over the wire, with what this permit says; b"" for nothing.

        Raises CannotCarryOutError where a value cannot stand in a header field unchanged: an
        upstream must never be told another name than the one that was judged.
        """
        fields = []
        for name, read in self._told:
            value = read(decision) or ""
            if not can_be_sent(value):
                raise CannotCarryOutError(
                    f"the value of `{name.decode()}` cannot stand in a header field"
                )
            fields.append((name, value.encode("ascii")))
        return fields


class ReservedFields:
    """What a client must not send, because only the decision point does.

    Names are compared as the most forgiving upstream reads them: `X-Auth-User`, `x_auth_user` and
    `X.Auth.User` are one variable to CGI, WSGI and PHP.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """`names` of header fields that are ours, in any case."""
        self._folded = frozenset([_folded(name) for name in names])

    def refusal(self, fields: Iterable[tuple[str, str]]) -> Reason | None:
        """Why a call with these fields is refused whatever the policy says; None: it is not.

        `fields`: (lower-case name, value) as the client sent them. More than one Authorization is
        `credential-ambiguous`; one of our names, an alias of one, or a Connection that asks for
        fields to be removed is `reserved-header`.
        """
        credentials = 0
        for name, value in fields:
            if name in COMMON_NAMES:
                if name == "authorization":
                    credentials += 1
                elif name == "connection" and hides_fields(value):
                    return Reason.RESERVED_HEADER
            elif _folded(name) in self._folded:
                return Reason.RESERVED_HEADER
        return Reason.CREDENTIAL_AMBIGUOUS if credentials > 1 else None


def why_not_ours(names: Iterable[str]) -> list[str | None]:
    """For each name, in order, why only the decision point could not be its sender; None: it can.

    Raises nothing: settings show every finding with its place.
    """
    found: list[str | None] = []
    seen: dict[bytes, str] = {}
    for name in names:
        why = None
        if not is_token(name):
            why = f"`{name}` is no name of a header field"
        elif _folded(name) in _OTHERS:
            why = f"`{name}` is a header field that clients or gateways send themselves"
        elif _folded(name) in seen:
            why = f"`{name}` is `{seen[_folded(name)]}` to some upstreams"
        seen.setdefault(_folded(name), name)
        found.append(why)
    return found


def can_be_sent(value: str) -> bool:
    """Whether a value arrives as it is: visible ASCII, blanks only within, not beyond measure.

    RFC 9110 5.5 lets other octets pass, and gateways differ in what they make of them; blanks at
    the ends are dropped on the way, and `" alice"` would arrive as `alice`.
    """
    if not value:
        return True
    return (
        value.isascii()
        and value.isprintable()
        and value[0] != " "
        and value[-1] != " "
        and len(value) <= LONGEST_VALUE
    )


def _subject(decision: Decision) -> str | None:
    # A client's own token names the client (RFC 9068 2.2): it is no user, who may be called alike.
    return None if decision.subject == decision.client_id else decision.subject


def _scope(decision: Decision) -> str:
    token = decision.token
    if token is None:
        return ""
    told = " ".join(sorted(token.scopes))
    # RFC 6749 3.3: no scope has a blank. One of a claim that is a list would arrive as two.
    if told.count(" ") >= max(1, len(token.scopes)):
        raise CannotCarryOutError("a scope with a blank cannot stand in a header field")
    return told


_READERS: Mapping[IdentityValue, Callable[[Decision], str | None]] = {
    IdentityValue.SUBJECT: _subject,
    IdentityValue.CLIENT_ID: lambda decision: decision.client_id,
    IdentityValue.SCOPE: _scope,
    IdentityValue.PROVIDER: lambda decision: decision.provider,
    IdentityValue.API_SERVICE: lambda decision: decision.service.id if decision.service else None,
    IdentityValue.OPERATION: lambda decision: decision.operation,
    IdentityValue.DECISION_ID: lambda decision: decision.decision_id,
}

_FOLD = bytes(
    [
        octet | 0x20 if 0x41 <= octet <= 0x5A else octet if chr(octet).isalnum() else 0x2D
        for octet in range(128)
    ]
) + bytes([0x2D] * 128)


def _folded(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass").translate(_FOLD)


# Of the connection, or what gateways say of the call: theirs to send, so never ours.
_OTHERS = frozenset(
    [_folded(name) for name in (*COMMON_NAMES, "proxy-connection", "http2-settings")]
)
