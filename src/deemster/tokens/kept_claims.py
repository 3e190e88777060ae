"""Verified claims ► JSON values ► verified claims again, for what only we can open.

This is no verification: what comes back was verified before it was kept. Whoever calls `restored`
vouches that the value is one that `kept` made, e.g. because our own seal was unbroken.
"""

from __future__ import annotations

from collections.abc import Mapping

from deemster.model.identity import VerifiedClaims

__all__ = ["kept", "restored"]


def kept(claims: VerifiedClaims) -> dict[str, object]:
    """All of it, in JSON values; what is None or false is left out."""
    found: dict[str, object] = {
        "provider": claims.provider,
        "claims": claims.claims,
        "scopes": sorted(claims.scopes),
        "user": claims.user_id,
        "client": claims.client_id,
        "asserted": claims.asserted or None,
        "permissions": None if claims.permissions is None else sorted(claims.permissions),
        "expires": claims.expires_at,
        "key": claims.key_id,
    }
    return {name: value for name, value in found.items() if value is not None}


def restored(members: Mapping[str, object]) -> VerifiedClaims:
    """What `kept` was given. Raises ValueError where the members are none of its."""
    claims, expires = members.get("claims"), members.get("expires")
    if not isinstance(claims, dict) or not isinstance(expires, int | float | None):
        raise ValueError("no claims as they are kept")  # noqa: TRY004  (a value, not a caller's)
    permissions = members.get("permissions")
    return VerifiedClaims(
        provider=_text(members, "provider") or "",
        claims=claims,
        scopes=_texts(members.get("scopes")),
        user_id=_text(members, "user"),
        client_id=_text(members, "client"),
        asserted=members.get("asserted") is True,
        permissions=None if permissions is None else _texts(permissions),
        expires_at=expires,
        key_id=_text(members, "key"),
    )


def _text(members: Mapping[str, object], name: str) -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError("no claims as they are kept")
    return value


def _texts(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("no claims as they are kept")
    return frozenset(value)
