"""A strict SCIM 2.0 server on loopback (RFC 7643, RFC 7644): a directory's counterparty in tests.

It knows no more than it must and forgives nothing: filters by the grammar, one value a segment of
the path, projections, pages. What it was asked for is kept, decoded.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

__all__ = ["CORE_USER", "ENTERPRISE", "ScimServer", "a_scim_server", "a_user"]

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
# RFC 7644 3.4.2.2, as far as it is needed: attrPath SP "eq" SP compValue
_FILTER = re.compile(r"(?P<attribute>[A-Za-z][\w.:$-]*) eq (?P<value>\".*\")", re.DOTALL)
_PARAMETERS = {"filter", "attributes", "startIndex", "count"}

Resource = dict[str, object]
Fault = Callable[[Request], Awaitable[Response | None]]


def a_user(id: str, **members: object) -> Resource:
    """A user resource with what every one has."""
    return {
        "schemas": [CORE_USER],
        "id": id,
        "userName": id,
        "meta": {"resourceType": "User"},
        **members,
    }


@dataclass
class ScimServer:
    """`users` and `groups` are told as they are; `fault` may answer first."""

    users: list[Resource] = field(default_factory=list)
    groups: list[Resource] = field(default_factory=list)
    authorization: str | None = None
    fault: Fault | None = None
    most_per_page: int = 100
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    seen: list[Request] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """The base of its endpoints."""
        return f"http://127.0.0.1:{self.port}/scim/v2"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        self.seen.append(request)
        response = None if self.fault is None else await self.fault(request)
        if response is None:
            try:
                response = self._answer(request)
            except (ValueError, KeyError) as refused:
                response = _error(400, f"{type(refused).__name__}")
        await response(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if self.authorization is not None:
            sent = request.headers.getlist("authorization")
            if sent != [self.authorization]:
                return _error(401, "who are you?")
        segments = request.scope["raw_path"].decode("ascii").split("/")
        if segments[:3] != ["", "scim", "v2"] or request.method != "GET":
            return _error(404, "no such endpoint")
        names = [unquote_to_bytes(segment).decode() for segment in segments[3:]]
        parameters = _parameters(request.scope["query_string"].decode("ascii"))
        self.asked.append(("/".join(names), parameters))
        kind = {"Users": self.users, "Groups": self.groups}.get(names[0])
        if kind is None or len(names) > 2:
            return _error(404, "no such endpoint")
        wanted = parameters["attributes"].split(",")
        if len(names) == 2:
            found = [one for one in kind if one["id"] == names[1]]
            return _scim(_projected(found[0], wanted)) if found else _error(404, "no such resource")
        return self._page(kind, parameters, wanted)

    def _page(
        self, kind: list[Resource], parameters: dict[str, str], wanted: list[str]
    ) -> Response:
        attribute, value = _filter_of(parameters["filter"])
        found = [one for one in kind if _matches(one, attribute, value)]
        start, count = int(parameters["startIndex"]), int(parameters["count"])
        if start < 1 or count < 0:
            raise ValueError("paging")
        page = found[start - 1 :][: min(count, self.most_per_page)]
        document: Resource = {
            "schemas": [_LIST],
            "totalResults": len(found),
            "startIndex": start,
            "itemsPerPage": len(page),
        }
        # RFC 7644 3.4.2: REQUIRED only if there is anything.
        if page:
            document["Resources"] = [_projected(one, wanted) for one in page]
        return _scim(document)


def _parameters(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if not equals or name not in _PARAMETERS or name in found or "+" in value:
            raise ValueError("parameter")
        found[name] = unquote_to_bytes(value).decode()
    return found


def _filter_of(text: str) -> tuple[str, str]:
    found = _FILTER.fullmatch(text)
    if found is None:
        raise ValueError("filter")
    value = json.loads(found["value"])
    if not isinstance(value, str):
        raise ValueError("filter value")  # noqa: TRY004
    return found["attribute"], value


def _matches(resource: Resource, attribute: str, value: str) -> bool:
    if attribute.lower() == "members.value":
        members = resource.get("members", [])
        assert isinstance(members, list)
        return any(member["value"] == value for member in members)
    urn, _, name = attribute.rpartition(":")
    holder = resource if not urn else resource.get(urn, {})
    assert isinstance(holder, dict)
    found = holder.get(name)
    if name.lower() == "username":
        # RFC 7643 4.1.1 and 7: `userName` is not caseExact.
        return isinstance(found, str) and found.lower() == value.lower()
    return found == value


def _projected(resource: Resource, wanted: list[str]) -> Resource:
    """RFC 7644 3.9: the minimum set, and what was asked for."""
    found = {key: value for key, value in resource.items() if key in {"id", "schemas"}}
    for name in wanted:
        urn, _, last = name.rpartition(":")
        if urn:
            extension = resource.get(urn)
            if isinstance(extension, dict) and last in extension:
                told = found.setdefault(urn, {})
                assert isinstance(told, dict)
                told[last] = extension[last]
            continue
        found |= {key: value for key, value in resource.items() if key.lower() == last.lower()}
    return found


def _scim(document: object, status: int = 200) -> Response:
    return JSONResponse(document, status, media_type="application/scim+json")


def _error(status: int, detail: str) -> Response:
    return _scim({"schemas": [_ERROR], "status": str(status), "detail": detail}, status)


@asynccontextmanager
async def a_scim_server(**settings: object) -> AsyncIterator[ScimServer]:
    """It listens on any free port of 127.0.0.1."""
    app = ScimServer(**settings)  # type: ignore[arg-type]
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    config.load()
    # Without its main loop, which looks about ten times a second.
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    app.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield app
    finally:
        server.force_exit = True
        await server.shutdown()
