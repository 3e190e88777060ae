"""What a request leaves behind for its answer ► JSON ► the same again.

It holds all that the response phase wants to know, so that whoever gets it can judge the answer:
no store, no memory, no second look at the token. Names are short because it travels twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from deemster.decisions.response_phase import RequestState
from deemster.model.decision import Statement
from deemster.model.identity import NOT_FETCHED, NotFetched, UserContext
from deemster.model.strict_json import StrictJsonError, read_strict_json
from deemster.tokens.kept_claims import kept, restored

__all__ = ["NotKeptError", "state_members", "state_of_members", "without_user_parts"]

_DEPTH = 128
"""Deeper than claims and payloads may nest, both of which are bounded where they come from."""


class NotKeptError(ValueError):
    """The content is no state as it is kept."""


def state_members(state: RequestState, **more: object) -> bytes:
    """JSON text of the state and of `more`, whose names have more than one letter.

    Raises TypeError and ValueError where something of it is no JSON.
    """
    members: dict[str, object] = {
        "g": state.gateway,
        "d": state.decision_id,
        "o": None if state.routed is None else list(state.routed),
        "c": None if state.claims is None else kept(state.claims),
        "u": None if state.user is None else _user(state.user),
        "p": dict(state.params),
        "s": [[one.id, one.code, one.payload, one.obligatory] for one in state.statements],
        **more,
    }
    shown = {name: value for name, value in members.items() if value not in (None, {}, [])}
    return json.dumps(
        shown, ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False
    ).encode()


def without_user_parts(state: RequestState) -> RequestState:
    """The state without what a directory can be asked for again."""
    user = state.user
    return state if user is None else replace(state, user=UserContext(id=user.id))


def state_of_members(content: bytes) -> tuple[RequestState, Mapping[str, object]]:
    """The state and what more there is. Raises NotKeptError."""
    try:
        members = read_strict_json(content, max_depth=_DEPTH)
        if not isinstance(members, dict):
            raise NotKeptError("no object")
        claims = members.get("c")
        state = RequestState(
            gateway=_text(members["g"]),
            decision_id=_text(members["d"]),
            routed=_place(members["o"]),
            claims=None if claims is None else restored(_object(claims)),
            user=_user_of(members["u"]) if "u" in members else None,
            params=_params(members.get("p", {})),
            statements=tuple(map(_statement, _list(members.get("s", [])))),
        )
    except (KeyError, ValueError, StrictJsonError) as error:
        raise NotKeptError(type(error).__name__) from None
    return state, members


# --- the user -----------------------------------------------------------------------------------


def _user(user: UserContext) -> dict[str, object]:
    """A part that failed is left out as one that was not fetched: it can be asked for again."""
    found: dict[str, object] = {"id": user.id}
    if isinstance(user.groups, frozenset):
        found["groups"] = sorted(user.groups)
    if isinstance(user.roles, frozenset):
        found["roles"] = sorted(user.roles)
    if isinstance(user.attributes, Mapping):
        found["attributes"] = dict(user.attributes)
    return found


def _user_of(value: object) -> UserContext:
    members = _object(value)
    attributes = members.get("attributes")
    return UserContext(
        id=_text(members["id"]),
        groups=_names(members.get("groups")),
        roles=_names(members.get("roles")),
        attributes=NOT_FETCHED if attributes is None else _object(attributes),
    )


def _names(value: object) -> frozenset[str] | NotFetched:
    return NOT_FETCHED if value is None else frozenset(map(_text, _list(value)))


# --- the rest -----------------------------------------------------------------------------------


def _statement(value: object) -> Statement:
    id_, code, payload, obligatory = _list(value)
    return Statement(
        id=_text(id_), code=_text(code), payload=payload, obligatory=obligatory is not False
    )


def _place(value: object) -> tuple[str, str | None]:
    service, operation = _list(value)
    return _text(service), None if operation is None else _text(operation)


def _params(value: object) -> Mapping[str, str | int]:
    found = _object(value)
    if not all(isinstance(item, str | int) for item in found.values()):
        raise NotKeptError("a parameter is no text and no number")
    return {name: item for name, item in found.items() if isinstance(item, str | int)}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise NotKeptError("no text")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise NotKeptError("no list")
    return value


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise NotKeptError("no object")
    return value
