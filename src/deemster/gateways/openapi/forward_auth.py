"""Forward authentication, described: nginx, Traefik, Caddy and HAProxy, a profile each."""

from __future__ import annotations

from collections.abc import Sequence

from deemster.gateways.forward_auth_profiles import PROFILES, ForwardAuthProfile
from deemster.gateways.openapi.description import (
    Answered,
    DeniedBody,
    ErrorBody,
    OneOf,
    Operation,
    Parameter,
    errors,
)

__all__ = ["describe_forward_auth"]


def describe_forward_auth(path: str) -> Sequence[Operation]:
    """The profile that is served at the path."""
    profile = PROFILES[path.rpartition("/")[2]]
    return (
        Operation(
            id=f"forwardAuth{profile.name.capitalize()}",
            method="get",
            path=path,
            summary="May the original request get through; only 200 is a permit",
            protocol=profile.name,
            parameters=_parameters(profile),
            answers=_answers(profile),
        ),
    )


def _parameters(profile: ForwardAuthProfile) -> tuple[Parameter, ...]:
    def told(name: bytes, text: str, *, required: bool = True, **schema: object) -> Parameter:
        return Parameter(
            name="-".join([part.capitalize() for part in name.decode().split("-")]),
            place="header",
            description=f"{text} of the original request, once",
            schema={"type": "string", **schema},
            required=required,
        )

    schemes = [scheme.decode() for scheme in profile.schemes]
    parameters = (
        told(profile.method, "The method", minLength=1),
        told(profile.scheme, "The scheme", enum=schemes),
        told(profile.host, "The authority", minLength=1),
        told(profile.uri, "The path and the query", pattern="^/"),
    )
    if profile.connection is None:
        return parameters
    return (*parameters, told(profile.connection, "The Connection", required=False))


def _answers(profile: ForwardAuthProfile) -> dict[int, Answered]:
    deny = OneOf((DeniedBody, ErrorBody))
    answers = {
        200: Answered(
            description="A permit; header fields tell the upstream who was let through",
            headers={"X-Decision-Id": "The decision's id"},
        ),
        **errors(400, 413),
        400: Answered(description="Malformed, or a call that must not get through", shape=deny),
        401: Answered(
            description="The client has to show another credential",
            shape=DeniedBody,
            headers={"WWW-Authenticate": "RFC 6750 3, RFC 9470 3"},
        ),
        403: Answered(description="Denied, or the gateway is not authenticated", shape=deny),
        404: Answered(description="No such API, as its policies have it", shape=DeniedBody),
        503: Answered(
            description="Nobody can tell at the moment; denied",
            shape=DeniedBody,
            headers={"Retry-After": "Seconds"},
        ),
    }
    if profile.statuses is None:
        return answers
    # The gateway takes any other for a fault of ours.
    told = {status: answers[status] for status in sorted({200, *profile.statuses})}
    return {**told, 403: Answered(description="Denied, for whatever reason", shape=deny)}
