"""What of an answer would break one of the forward-auth gateways, or tell the client too much."""

from __future__ import annotations

import json

from tests.support.gateway_calls import Exchange

__all__ = ["check_forward_auth_rules"]

PERMIT = {"x-auth-user", "x-auth-client", "x-auth-scope"}
MAY_BE_TOLD = {
    "content-type",
    "content-length",
    "cache-control",
    "www-authenticate",
    "retry-after",
    "x-decision-id",
    "connection",
    "allow",
}
"""Traefik and Caddy hand every field of a deny to the client (facts/gateways.md 2.7)."""


def check_forward_auth_rules(profile: str, answer: Exchange) -> list[str]:
    """Every rule that the answer breaks."""
    status, body = answer.status, answer.body
    headers = [(name.decode(), value.decode()) for name, value in answer.headers]
    names = [name for name, _ in headers]
    broken = [f"{name} twice" for name in set(names) if names.count(name) > 1]
    broken += [f"{name} is not lower-case" for name in names if name != name.lower()]
    broken += [
        f"{name} is not visible ASCII"
        for name, value in headers
        if not value.isascii() or (value and not value.isprintable()) or value != value.strip()
    ]
    if status == 200:
        broken += [f"{name} is missing" for name in PERMIT - set(names)]
        broken += ["a permit has a body"] if body else []
        return broken
    if profile == "nginx" and status not in {401, 403}:
        broken.append(f"{status} is nginx's own 500")
    if 200 <= status < 400:
        broken.append(f"{status} is neither permit nor deny")
    broken += [f"{name} is told to the client" for name in set(names) - MAY_BE_TOLD]
    if status == 503 and "retry-after" not in names:
        broken.append("503 without Retry-After")
    if "cache-control" not in names:
        broken.append("a refusal that could be kept")
    said = json.loads(body)
    if not {"code", "message", "id"} <= set(said) <= {"code", "message", "id", "missing"}:
        broken.append(f"the body has {sorted(said)}")
    return broken
