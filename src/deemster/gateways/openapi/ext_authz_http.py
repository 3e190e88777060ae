"""Envoy's ext_authz over HTTP, described."""

from __future__ import annotations

from collections.abc import Sequence

from deemster.gateways.ext_authz_http import PROTOCOL
from deemster.gateways.openapi.description import (
    ANY_METHOD,
    Answered,
    DeniedBody,
    ErrorBody,
    OneOf,
    Operation,
    Parameter,
)

__all__ = ["describe_ext_authz_http"]


def describe_ext_authz_http(path: str) -> Sequence[Operation]:
    """`path` is what Envoy puts before the client's target, which has more segments than OpenAPI
    can say."""
    deny = OneOf((DeniedBody, ErrorBody))
    answers = {
        200: Answered(
            description="A permit; Envoy copies the header fields that its configuration names",
            headers={"X-Decision-Id": "The decision's id"},
        ),
        400: Answered(description="Malformed, or a call that must not get through", shape=deny),
        401: Answered(
            description="The client has to show another credential",
            shape=DeniedBody,
            headers={"WWW-Authenticate": "RFC 6750 3, RFC 9470 3"},
        ),
        403: Answered(
            description="Denied; or Envoy is not authenticated, or nobody could tell", shape=deny
        ),
        404: Answered(description="No such API, as its policies have it", shape=DeniedBody),
        413: Answered(description="The body exceeds `limits.body`", shape=ErrorBody),
    }
    return tuple(
        [
            Operation(
                id=f"check{method.capitalize()}",
                method=method,
                path=f"{path}{{target}}",
                summary="The client's own method and target; only 200 is a permit",
                protocol=PROTOCOL,
                parameters=(_TARGET, _HOST, _SCHEME),
                answers=answers,
            )
            for method in ANY_METHOD
        ]
    )


_TARGET = Parameter(
    name="target",
    place="path",
    description="The client's path, slashes and all, and its query",
    required=True,
)
_HOST = Parameter(name="Host", place="header", description="The client's authority", required=True)
_SCHEME = Parameter(
    name="X-Forwarded-Proto",
    place="header",
    description="The client's scheme, once",
    schema={"type": "string", "enum": ["http", "https"]},
    required=True,
)
