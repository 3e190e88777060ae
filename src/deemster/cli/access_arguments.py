"""`--subject`, `--action`, `--resource`, `--property`: a question of AuthZEN from the shell."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from deemster.cli.arguments import json_or_text
from deemster.model.access import AccessRequest, Action, Resource, Subject

__all__ = ["access_request"]

_PARTS = ("subject", "action", "resource", "context")


def access_request(
    subject: str | None, action: str | None, resource: str | None, properties: Iterable[str]
) -> AccessRequest | None:
    """The question, or None where none of it was given. Raises BadParameter for a part of one.

    `subject` and `resource` are `type:id`; a property is `subject.role=admin`, its value JSON or
    else text.
    """
    written = tuple(properties)
    if subject is None and action is None and resource is None and not written:
        return None
    if action is None:
        raise typer.BadParameter("a question needs one: --action can_read", param_hint="--action")
    said = _said(written)
    subject_type, subject_id = _typed(subject, "--subject", "user:alice")
    resource_type, resource_id = _typed(resource, "--resource", "todo:1")
    return AccessRequest(
        subject=Subject(subject_type, subject_id, said["subject"]),
        action=Action(action, said["action"]),
        resource=Resource(resource_type, resource_id, said["resource"]),
        context=said["context"],
    )


def _typed(text: str | None, option: str, example: str) -> tuple[str, str]:
    # A URL has colons of its own: the first ends the type.
    kind, colon, id_ = (text or "").partition(":")
    if not colon or not kind or not id_:
        raise typer.BadParameter(f"write `type:id`, for example `{example}`", param_hint=option)
    return kind, id_


def _said(properties: Iterable[str]) -> dict[str, dict[str, object]]:
    said: dict[str, dict[str, object]] = {part: {} for part in _PARTS}
    for written in properties:
        name, equals, value = written.partition("=")
        part, dot, member = name.partition(".")
        if not equals or not dot or not member or part not in said:
            raise typer.BadParameter(
                f"`{written}` is not `subject.name=value`, nor of {', '.join(_PARTS[1:])}",
                param_hint="--property",
            )
        said[part][member] = json_or_text(value)
    return said
