"""A call of `tests.reference.shape` as a Cedar request and the entity that is its principal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.cedar.drawing import CommonTree
from tests.reference.expressions import HEADERS, QUERIES
from tests.reference.shape import Call

__all__ = ["entities_of", "request_of"]

BASE_PATH = "/svc"


def request_of(call: Call, number: int) -> dict[str, Any]:
    """Headers, query and claims are the context; `number` keeps the calls' entities apart."""
    assert call.token is not None
    query = parse_qsl(urlsplit(call.url).query)
    claims: dict[str, Any] = {
        name: value for name, value in call.token.claims.items() if value is not None
    }
    if "since" in claims:
        claims["since"] = instant(claims["since"])
    context = {
        "ip": call.ip,
        "now": instant(call.now),
        "headers": {name: [v for key, v in call.headers if key == name] for name in HEADERS},
        "query": {name: [v for key, v in query if key == name] for name in QUERIES},
        "claims": {**claims, "scope": sorted(call.token.scopes)},
    }
    return {
        "principal": {"type": "User", "id": str(number)},
        "action": {"type": "Action", "id": call.method},
        "resource": {"type": "Resource", "id": str(number)},
        "context": json.dumps(context),
    }


def entities_of(tree: CommonTree, calls: list[Call]) -> list[dict[str, Any]]:
    """The principals and resources of `calls`; `tree` declares which attributes there are."""
    known = {entry.name for entry in tree.declared if entry.scope == "user"}
    found = []
    for number, call in enumerate(calls):
        assert call.token is not None
        user = call.token.user
        assert user is not None
        assert isinstance(user.attributes, Mapping)
        attributes = {
            name: value
            for name, value in user.attributes.items()
            if value is not None and name in known
        }
        groups = [{"type": "Group", "id": group} for group in sorted(user.groups)]
        found.append(entity("User", number, {**attributes, "id": user.id}, groups))
        path = urlsplit(call.url).path
        resource = {"id": path.rpartition("/")[2], "path": path, "host": "api.example.com"}
        found.append(entity("Resource", number, resource, []))
    return found


def entity(
    kind: str, number: int, attributes: dict[str, Any], parents: list[dict[str, str]]
) -> dict[str, Any]:
    return {"uid": {"type": kind, "id": str(number)}, "attrs": attributes, "parents": parents}


def instant(seconds: float) -> dict[str, Any]:
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    return {"__extn": {"fn": "datetime", "arg": text}}
