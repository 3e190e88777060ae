"""A disagreement as text that can be pasted: the tree's files, and the call as a policy test.

What a policy test cannot say (a directory that fails, a token that somebody refused) is said in a
comment above it. `expect` is what the reference answers. The token of a test has a few claims more
(`iat`, `client_id`), which are minted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from random import Random

from tests.reference.declared import Value
from tests.reference.emission import files_of
from tests.reference.emission_yaml import Plain, block
from tests.reference.shape import FAILED, Answer, Call, Token, Tree, User

__all__ = ["pasted", "suite_of", "unsaid"]

IN_ORDER = Random(0)


def pasted(tree: Tree, seed: int, call: Call, expected: Answer) -> str:
    """Files one after the other, each under its path."""
    files = {**files_of(tree, seed), "tests/disagreement.yaml": suite_of(tree, call, expected)}
    return "\n".join(f"--- {path}\n{text}" for path, text in files.items())


def suite_of(tree: Tree, call: Call, expected: Answer) -> str:
    """A `PolicyTest` document with one case."""
    services = {service.id: service for service in tree.services.values()}
    service = services.get(expected.service or "") or next(iter(services.values()))
    case: dict[str, Value] = {"name": "disagreement", "request": request_of(call)}
    document: dict[str, Value] = {
        "apiVersion": Plain("deemster/v1"),
        "kind": "PolicyTest",
        "metadata": {"id": "disagreement"},
        "service": service.id,
        "now": datetime.fromtimestamp(call.now, tz=UTC).isoformat().replace("+00:00", "Z"),
    }
    if call.token is not None:
        if call.token.user is not None and service.internal:
            document["users"] = {call.token.user.id or "nobody": user_of(call.token.user)}
        claims = claims_of(call.token)
        if service.internal:
            if call.token.user is not None:
                claims.setdefault("sub", call.token.user.id)
            document["tokens"] = {"caller": claims}
            case["token"] = "caller"
        else:
            # An empty set of asserted claims is none at all.
            case["claims"] = claims or {"nothing": True}
    case["expect"] = {
        "decision": "permit" if expected.permit else "deny",
        "reason": expected.reason,
    }
    document["cases"] = [case]
    comments = [f"# This file cannot say: {what}\n" for what in unsaid(call)]
    return "".join(comments) + "\n".join(block(document, "", IN_ORDER)) + "\n"


def request_of(call: Call) -> dict[str, Value]:
    headers: dict[str, list[str]] = {}
    for name, value in call.headers:
        headers.setdefault(name, []).append(value)
    request: dict[str, Value] = {"method": call.method, "url": call.url}
    request |= {"headers": headers} if headers else {}
    request |= {"ip": call.ip} if call.ip is not None else {}
    return request | ({"body": call.body} if call.body is not None else {})


def user_of(user: User) -> dict[str, Value]:
    written: dict[str, Value] = {"enabled": user.state == "enabled"}
    written |= {
        name: sorted(part)
        for name, part in (("groups", user.groups), ("roles", user.roles))
        if not isinstance(part, str)
    }
    if isinstance(user.attributes, Mapping):
        written["attributes"] = dict(user.attributes)
    return written


def claims_of(token: Token) -> dict[str, Value]:
    claims = dict(token.claims)
    if token.scopes:
        claims["scope"] = sorted(token.scopes)
    return claims


def unsaid(call: Call) -> Iterator[str]:
    """What of a call this file does not say, or no policy test can bring about."""
    if call.response is not None:
        kept = "with" if call.is_sealed else "without"
        yield f"it is the answer of the upstream that is judged, {kept} what the request said"
    if call.world.documents or call.world.faults:
        yield "what attribute sources answer: see `world`"
    if call.possible is not None:
        yield f"the gateway carries out {sorted(call.possible)} alone"
    if call.token is not None:
        yield from unsaid_of_token(call.token)


def unsaid_of_token(token: Token) -> Iterator[str]:
    if token.refused is not None:
        yield f"the token is refused, {token.refused}"
    if token.permissions is not None:
        yield f"the provider takes permissions from a claim: {sorted(token.permissions)}"
    if token.user is not None:
        yield from unsaid_of_user(token, token.user)
    elif "sub" in token.claims:
        yield "there is a `sub`, and no user"


def unsaid_of_user(token: Token, user: User) -> Iterator[str]:
    if token.claims.get("sub") != user.id:
        yield f"claims.sub is {token.claims.get('sub')!r}"
    if user.state in ("failing", "unknown"):
        yield f"the directory has the user as {user.state}"
    for part in ("groups", "roles", "attributes"):
        if getattr(user, part) == FAILED:
            yield f"the directory fails where `user.{part}` is read"
    if re.fullmatch("[0-9A-Za-z._-]*", user.id) is None:
        yield "the user's id is an odd one"
