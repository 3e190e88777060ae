"""Asking an introspection endpoint about one token (RFC 7662 2): within bounds, nothing followed.

The token stands in the body of the request and nowhere else; no message here holds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode

import httpx

from deemster.model.strict_json import StrictJsonError, read_strict_json
from deemster.outgoing.bounds import CallBounds
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import HttpAnswer, HttpQuestion, HttpService
from deemster.tokens.client_authentication import ClientAuthentication

__all__ = ["Answered", "EndpointPlace", "FixedEndpoint", "IntrospectionEndpoint"]

MOST_BYTES = 64 * 1024

_MAX_DEPTH = 32
_FORM = "application/x-www-form-urlencoded"
_SIGNED = "application/token-introspection+jwt"


@dataclass(frozen=True, slots=True)
class Answered:
    """The members of an answer, and its size in bytes."""

    members: dict[str, object] = field(repr=False)
    size: int


class EndpointPlace(Protocol):
    """Where the endpoint is: a URL of the settings, or of the issuer's metadata."""

    async def find(self) -> tuple[HttpService, str]:
        """The service, and the path below it. Raises CallFailedError."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class FixedEndpoint:
    """An endpoint whose URL the settings have."""

    def __init__(self, service: HttpService, target: str) -> None:
        self._found = (service, target)

    async def find(self) -> tuple[HttpService, str]:
        """See EndpointPlace."""
        return self._found

    async def close(self) -> None:
        """See EndpointPlace."""
        await self._found[0].close()


class IntrospectionEndpoint:
    """One provider's endpoint. `authentication` may be replaced while questions are asked."""

    def __init__(
        self,
        place: EndpointPlace,
        authentication: ClientAuthentication,
        *,
        bounds: CallBounds,
        timeout: float,
        most_waiting: int,
    ) -> None:
        """`timeout` in seconds holds for everything: waiting for a slot, discovery, the answer.

        `most_waiting`: how many questions there may be at a time, those that wait included.
        """
        self.authentication = authentication
        self._place = place
        self._bounds = bounds
        self._timeout = timeout
        self._most_waiting = most_waiting
        self._waiting = 0

    @property
    def is_held_back(self) -> bool:
        """Whether it did not answer lately and is therefore left alone."""
        return self._bounds.is_open

    async def ask(self, token: str) -> Answered:
        """What the endpoint says. Raises CallFailedError and nothing else."""
        if self._waiting >= self._most_waiting:
            raise CallFailedError("is asked too much", is_outage=False)
        self._waiting += 1
        try:
            return await self._bounds.call(lambda: self._asked(token), self._timeout)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Release connections."""
        await self._place.close()

    async def _asked(self, token: str) -> Answered:
        service, target = await self._place.find()
        proof = self.authentication.proof()
        # RFC 7662 2.1: POST, the token as a parameter of the form.
        form = {"token": token, "token_type_hint": "access_token", **proof.form}
        question = HttpQuestion(
            "POST",
            target,
            {"content-type": _FORM, **proof.headers},
            urlencode(form).encode("ascii"),
        )
        return _read(await service.ask(question, most_bytes=MOST_BYTES))


def _read(answer: HttpAnswer) -> Answered:
    status = answer.status
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        # RFC 7662 2.3: it is our own credentials that are not taken, not the token.
        raise CallFailedError(f"refuses our credentials: status {status}", is_outage=False)
    if status != httpx.codes.OK:
        raise CallFailedError(f"answered with status {status}", is_outage=False)
    if answer.media_type == _SIGNED:
        raise CallFailedError(
            "answered by a signed JWT (RFC 9701), which is not supported", is_outage=False
        )
    if answer.media_type != "application/json":
        raise CallFailedError("answered with no JSON by its media type", is_outage=False)
    try:
        members = read_strict_json(answer.body, max_depth=_MAX_DEPTH)
    except StrictJsonError as error:
        raise CallFailedError(f"answered no strict JSON: {error.reason}", is_outage=False) from None
    if not isinstance(members, dict):
        raise CallFailedError("answered with JSON that is no object", is_outage=False)
    return Answered(members, len(answer.body))
