"""Parameters of a decision request ► what is asked: an HTTP call, or a question of AuthZEN.

A parameter is called by the name under which policies read what it holds: the list is in
docs/gateways/decision-endpoints.md. What nobody would read is refused, since the caller believes
that it was judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import msgspec

from deemster.errors import MalformedCallError, MalformedMemberError
from deemster.gateways.decision_names import (
    ACCESS_TOKEN,
    BODY,
    CALL_TEXTS,
    CLAIMS,
    HEADERS,
    KINDS,
    QUESTION_GROUPS,
    QUESTION_TEXTS,
)
from deemster.gateways.header_fields import (
    has_control_characters,
    hides_fields,
    is_token,
    lower_name,
)
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.decision import Reason
from deemster.model.http import EVERY_STATEMENT, ApiCall, Headers
from deemster.model.identity import Credential
from deemster.model.strict_json import StrictJsonError, read_strict_json

__all__ = ["AskedDecision", "read_parameters", "shown_name"]

ANY_USER = "user"
"""The type of a subject that nothing more is said about."""


@dataclass(frozen=True, slots=True)
class AskedDecision:
    """What is to be decided.

    `access` None: the call, by whoever its token says. With `access`, a question whose subject the
    gateway names, about an HTTP call if `of_call`; else `call` is what a record can hold of it,
    and `credential` the token that came with it.
    """

    call: ApiCall
    access: AccessRequest | None = None
    of_call: bool = True
    credential: Credential | None = None


def read_parameters(
    parameters: Mapping[str, object],
    user: str | None,
    *,
    place: str,
    max_depth: int,
    call_id: str | None,
) -> AskedDecision:
    """`user` is whom the gateway names; `place` where the parameters stand in the body.

    `call_id` is how the gateway calls what it asks. Raises MalformedMemberError naming the
    parameter.
    """
    reader = _Reader(place, max_depth)
    for name, value in parameters.items():
        reader.take(name, value)
    if reader.call and reader.question:
        first, second = next(iter(reader.call)), next(iter(reader.question))
        reader.refuse("", f"cannot hold `{first}` and `{second}`: ask about a call or a question")
    if reader.question:
        return _question(reader, user, call_id)
    return _call(reader, user, call_id)


_TWICE = "is told twice: by itself and as part of another parameter"
_SHOWN = 64  # characters of a name


class _Reader:
    """Sorts parameters by kind. Each of its dictionaries is by the parameter's whole name."""

    def __init__(self, place: str, max_depth: int) -> None:
        self.call: dict[str, object] = {}
        self.question: dict[str, object] = {}
        self.token: str | None = None
        self.groups: dict[str, dict[str, object]] = {name: {} for name in QUESTION_GROUPS}
        self.fields: list[tuple[str, str]] = []
        self._field_names: set[str] = set()
        # By identity, what dotted names have built: only that may grow. A value as it was sent is
        # whole, and a bulk request shares it with others.
        self._grown = {id(members) for members in self.groups.values()}
        self._place = place
        self._max_depth = max_depth

    def take(self, name: str, value: object) -> None:
        """One parameter. Raises MalformedMemberError."""
        if name == ACCESS_TOKEN:
            self.token = self._text(name, value)
            if not self.token:
                self.refuse(name, "must not be empty")
        elif name in QUESTION_TEXTS:
            self.question[name] = self._text(name, value)
        elif not self._take_of_call(name, value):
            self._take_property(name, value)

    def _take_of_call(self, name: str, value: object) -> bool:
        if name in CALL_TEXTS:
            value = self._text(name, value)
        elif name == CLAIMS:
            value = self._object(name, value)
        elif name == HEADERS:
            for field, content in self._object(name, value).items():
                self._take_header(name, field, content)
        elif name.startswith(f"{HEADERS}."):
            self._take_header(name, name.removeprefix(f"{HEADERS}."), value)
        elif name != BODY:
            return False
        self.call[name] = value
        return True

    def required(self, said: Mapping[str, object], name: str) -> str:
        value = said.get(name)
        if not isinstance(value, str):
            self.refuse(name, "is missing: it must be a string")
        if not value:
            self.refuse(name, "must not be empty")
        return value

    def refuse(self, name: str, message: str) -> NoReturn:
        place = f"{self._place}.{shown_name(name)}" if name else self._place
        raise MalformedMemberError(place, message)

    def _text(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            self.refuse(name, "must be a string")
        return value

    def _object(self, name: str, value: object) -> dict[str, object]:
        """Structured values come as they are, or as JSON text."""
        if isinstance(value, str):
            try:
                value = read_strict_json(value.encode(), max_depth=self._max_depth)
            except StrictJsonError as error:
                self.refuse(name, f"must be an object, or the JSON text of one: {error}")
        if not isinstance(value, dict):
            self.refuse(name, "must be an object, or the JSON text of one")
        return value

    def _take_header(self, name: str, field: str, content: object) -> None:
        try:
            lowered = lower_name(field)
        except MalformedCallError:
            self.refuse(name, "has a name that is no header field name")
        if lowered in self._field_names:
            # Two parameters for one field: which of them would the API see first?
            self.refuse(name, f"tells `{lowered}` again; write all values as one array")
        self._field_names.add(lowered)
        values = content if isinstance(content, list) else [content]
        for value in values:
            if not isinstance(value, str) or has_control_characters(value):
                self.refuse(name, "must be a header field value, or an array of them")
            self.fields.append((lowered, value))

    def _take_property(self, name: str, value: object) -> None:
        for group, members in self.groups.items():
            if name == group:
                self.question[name] = value
                for member, content in self._object(name, value).items():
                    self._put(name, members, [member], content)
                return
            if name.startswith(f"{group}."):
                self.question[name] = value
                path = name.removeprefix(f"{group}.").split(".")
                if not all(path):
                    self.refuse(name, "has an empty part in its name")
                self._put(name, members, path, value)
                return
        self._refuse_unknown(name)

    def _put(self, name: str, members: dict[str, object], path: list[str], value: object) -> None:
        """Flat dotted names build up objects; nothing is ever said twice."""
        *outer, last = path
        if len(path) > self._max_depth:
            self.refuse(name, f"nests deeper than {self._max_depth}")
        for part in outer:
            inner = members.get(part)
            if inner is None and part not in members:
                inner = members[part] = {}
                self._grown.add(id(inner))
            if not isinstance(inner, dict) or id(inner) not in self._grown:
                self.refuse(name, _TWICE)
            members = inner
        if last in members:
            self.refuse(name, _TWICE)
        members[last] = value

    def _refuse_unknown(self, name: str) -> NoReturn:
        if name == "subject.id":
            self.refuse(name, "is told by `userContext.user.id`")
        kind = next((kind for kind in KINDS if name.startswith(f"{kind}.")), None)
        names = ", ".join(KINDS[kind] if kind else KINDS)
        self.refuse(name, f"is no parameter: {'of these ' if kind else ''}there are {names}")


def shown_name(name: str) -> str:
    """What a stranger chose, as it may stand in a message: short and printable."""
    cut = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    return "".join([character if character.isprintable() else "?" for character in cut])


def _call(reader: _Reader, user: str | None, call_id: str | None) -> AskedDecision:
    said = reader.call
    method, url = reader.required(said, "request.method"), reader.required(said, "request.url")
    if not is_token(method):
        reader.refuse("request.method", "must be an HTTP method")
    claims, ip = said.get(CLAIMS), said.get("request.ip")
    if claims is not None and user is not None:
        reader.refuse(CLAIMS, "cannot go with `userContext`: one of them says who asks")
    body, fields = _body_of(reader), _fields_of(reader)
    call = ApiCall(
        method=method,
        url=url,
        headers=Headers(fields),
        body=body,
        client_ip=ip if isinstance(ip, str) else None,
        asserted_claims=claims if isinstance(claims, dict) else None,
        gateway_request_id=call_id,
        refusal=_refusal_of(fields),
        possible=EVERY_STATEMENT,
    )
    if user is None:
        return AskedDecision(call)
    question = AccessRequest(
        subject=Subject(ANY_USER, user), action=Action(method), resource=Resource("uri", url)
    )
    return AskedDecision(call, question)


def _fields_of(reader: _Reader) -> tuple[tuple[str, str], ...]:
    if not any(name.startswith(HEADERS) for name in reader.call):
        # Unknown is not empty: a rule that denies what has a certain header must not be passed by.
        reader.refuse(HEADERS, "is missing: tell the call's header fields, `{}` if it has none")
    fields = list(reader.fields)
    if isinstance(reader.call.get(BODY), dict | list) and "content-type" not in dict(fields):
        fields.append(("content-type", "application/json"))  # its text was made here
    if reader.token is not None:
        # As if the client had sent it; one that it sent besides makes two.
        fields.append(("authorization", f"Bearer {reader.token}"))
    return tuple(fields)


def _body_of(reader: _Reader) -> str | None:
    body = reader.call.get(BODY)
    if isinstance(body, dict | list):
        return msgspec.json.encode(body).decode()
    if body is not None and not isinstance(body, str):
        reader.refuse(BODY, "must be a string, an object or an array")
    if body is None and BODY in reader.call:
        reader.refuse(BODY, "must be a string, an object or an array: leave it out if unknown")
    return body


def _question(reader: _Reader, user: str | None, call_id: str | None) -> AskedDecision:
    said, groups = reader.question, reader.groups
    if "token" in groups["subject.properties"]:
        reader.refuse("subject.properties.token", f"is told by `{ACCESS_TOKEN}`, which is verified")
    action = reader.required(said, "action.name")
    kind = reader.required(said, "subject.type") if "subject.type" in said else ANY_USER
    resource = Resource(
        reader.required(said, "resource.type"),
        reader.required(said, "resource.id"),
        groups["resource.properties"],
    )
    question = AccessRequest(
        subject=Subject(kind, user or "", groups["subject.properties"]),
        action=Action(action, groups["action.properties"]),
        resource=resource,
        context=groups["context"],
    )
    told = ApiCall(
        method=action,
        url="",
        headers=Headers(()),
        gateway_request_id=call_id,
        possible=EVERY_STATEMENT,
        question=question,
    )
    credential = None if reader.token is None else Credential("bearer", reader.token)
    return AskedDecision(told, question, of_call=False, credential=credential)


def _refusal_of(fields: tuple[tuple[str, str], ...]) -> Reason | None:
    if any(name == "connection" and hides_fields(value) for name, value in fields):
        return Reason.RESERVED_HEADER
    return None
