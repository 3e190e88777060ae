"""`--user`: what a directory would say of the user that a question is about."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from deemster.policytest.cases import SuiteUser

__all__ = ["described_user"]

_MEMBERS = {"enabled", "groups", "roles", "attributes"}


def described_user(
    subject: object, described: Mapping[str, object] | None
) -> Mapping[str, SuiteUser]:
    """The one user `subject`, in no group unless `described` says so; nobody for a client token."""
    if not isinstance(subject, str):
        return {}
    members = described or {}
    unknown = set(members) - _MEMBERS
    if unknown:
        raise _bad(f"unknown member `{min(unknown)}`: expected {', '.join(sorted(_MEMBERS))}")
    enabled, attributes = members.get("enabled", True), members.get("attributes", {})
    if not isinstance(enabled, bool) or not isinstance(attributes, dict):
        raise _bad("`enabled` is a boolean and `attributes` an object")
    return {
        subject: SuiteUser(
            enabled=enabled,
            groups=_names(members, "groups"),
            roles=_names(members, "roles"),
            attributes=attributes,
        )
    }


def _names(members: Mapping[str, object], member: str) -> tuple[str, ...]:
    found = members.get(member, [])
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise _bad(f"`{member}` is a list of names")
    return tuple(found)


def _bad(message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint="--user")
