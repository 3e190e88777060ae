"""The eleven rules of a compatible sideband server, as a program (facts/ping.md 1.6).

Each rule is a trap that breaks a real client. Broken rules come back as sentences that begin with
their number; none means that the answer is one the kits can live with.
"""

import json
from collections.abc import Iterator, Sequence

__all__ = ["check_sideband_rules"]

Object = dict[str, object]
Fields = list[tuple[str, object]]


def check_sideband_rules(
    request_body: bytes,
    reply_status: int,
    reply_headers: Sequence[tuple[str, str]],
    reply_body: bytes,
    *,
    replaced: bool = False,
    changed: bool = False,
) -> list[str]:
    """The rules that an answer breaks; the leg is known by the request's `response_code`.

    `replaced`: the upstream's answer is expected to be replaced by a deny. `changed`: what is
    echoed is expected to be changed by statements, and is there all the same.
    """
    try:
        reply = json.loads(reply_body, object_pairs_hook=_object_of)
    except _TwiceError as twice:
        return [f"11: member {twice} stands twice in one object"]
    except ValueError:
        return ["9: the answer is not JSON"]
    if not isinstance(reply, dict):
        return ["9: the answer is no JSON object"]
    if not 200 <= reply_status < 300:
        return list(_broken_by_error(reply, reply_status, reply_headers))
    request = json.loads(request_body)
    broken = [*_broken_by_nulls(reply, "the answer")]
    if replaced:
        broken += _broken_by_replacement(reply)
    elif "response_code" in request:
        broken += _broken_by_response_leg(request, reply, changed=changed)
    elif "response" in reply:
        broken += _broken_by_deny(request, reply)
    else:
        broken += _broken_by_permit(request, reply, changed=changed)
    return broken


class _TwiceError(Exception):
    """A member name stands twice in one object."""


def _object_of(members: list[tuple[str, object]]) -> Object:
    found: Object = {}
    for name, value in members:
        if name in found:
            raise _TwiceError(name)
        found[name] = value
    return found


def _broken_by_error(
    reply: Object, status: int, headers: Sequence[tuple[str, str]]
) -> Iterator[str]:
    for name in ("message", "id"):
        if not isinstance(reply.get(name), str):
            yield f"9: an error without a `{name}` in text"
    if "response" in reply or "headers" in reply:
        yield "9: an error that looks like a decision"
    if status == 429:
        waits = [value for name, value in headers if name.lower() == "retry-after"]
        if len(waits) != 1 or not (waits[0].isascii() and waits[0].isdigit()):
            yield "10: a 429 without a Retry-After in whole seconds"


def _broken_by_nulls(value: object, place: str) -> Iterator[str]:
    if value is None:
        yield f"4: {place} is null"
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _broken_by_nulls(member, f"`{name}`")
    elif isinstance(value, list):
        for member in value:
            yield from _broken_by_nulls(member, f"a member of {place}")


def _broken_by_permit(request: Object, reply: Object, *, changed: bool) -> Iterator[str]:
    yield from _broken_by_echo(request, reply)
    kept, broken = _fields_of(reply)
    yield from broken
    asked, _ = _fields_of(request)
    if kept != asked and not changed:
        yield "1: not every header field is echoed, or not as it was"
    for name in ("method", "http_version", "url"):
        if reply.get(name) != request.get(name) and not (changed and name == "url"):
            yield f"2: `{name}` is not echoed"
    asked_url, told_url = (str(url).partition("?")[0] for url in (request["url"], reply.get("url")))
    if asked_url != told_url:
        yield "7: more of `url` than its query is changed"
    if not isinstance(reply.get("state", ""), str):
        yield "4: `state` is no text"
    if "body" in request and reply.get("body") != request["body"]:
        yield "3: `body` is not echoed, which clears it"


def _broken_by_deny(request: Object, reply: Object) -> Iterator[str]:
    yield from _broken_by_echo(request, reply)
    response = reply["response"]
    if not isinstance(response, dict):
        yield "5: `response` is no object"
        return
    if "headers" not in response:
        yield "5: `response.headers` is missing"
    yield from _fields_of(response)[1]
    yield from _broken_by_code(response)
    if not isinstance(response.get("body", ""), str):
        yield "5: `response.body` is no text"


def _broken_by_response_leg(request: Object, reply: Object, *, changed: bool) -> Iterator[str]:
    if "response" in reply:
        yield "8: the response leg's answer has its members at top level"
    kept, broken = _fields_of(reply)
    yield from broken
    asked, _ = _fields_of(request)
    if kept != asked and not changed:
        yield "8: not every header field of the upstream is listed"
    yield from _broken_by_code(reply)
    if "body" in request and reply.get("body") != request["body"] and not changed:
        yield "8: the upstream's body is not passed on"
    lengths = [value for name, value in kept if name.lower() == "content-length"]
    body = reply.get("body")
    if changed and isinstance(body, str) and any(str(len(body.encode())) != n for n in lengths):
        yield "8: the length is not that of the body"
    if str(request["response_code"]) != reply.get("response_code"):
        yield "8: the upstream's status is not passed on"


def _broken_by_replacement(reply: Object) -> Iterator[str]:
    if "response" in reply:
        yield "8: the response leg's answer has its members at top level"
    if "headers" not in reply:
        yield "8: `headers` is missing"
    yield from _fields_of(reply)[1]
    yield from _broken_by_code(reply)
    if not isinstance(reply.get("body"), str):
        yield "8: a deny without a body would leave the upstream's"


def _broken_by_code(response: Object) -> Iterator[str]:
    code = response.get("response_code")
    if not isinstance(code, str) or not code.isdigit() or not 100 <= int(code) < 600:
        yield "8: `response_code` is no status in text"
    if not isinstance(response.get("response_status"), str):
        yield "8: `response_status` is no text"


def _broken_by_echo(request: Object, reply: Object) -> Iterator[str]:
    for name in ("source_ip", "source_port"):
        asked, told = request.get(name), reply.get(name)
        if told != asked or type(told) is not type(asked):
            yield f"7: `{name}` is changed"
    certificate = request.get("client_certificate")
    if reply.get("client_certificate", certificate) != certificate:
        yield "7: `client_certificate` is changed"
    if str(reply.get("url")).split(":")[0] != str(request.get("url")).split(":")[0]:
        yield "7: the scheme of `url` is changed"


def _fields_of(message: Object) -> tuple[Fields, list[str]]:
    headers = message.get("headers")
    if not isinstance(headers, list):
        return [], ["1: `headers` is no array"]
    fields: Fields = []
    broken = []
    for entry in headers:
        if not isinstance(entry, dict) or len(entry) != 1:
            broken.append("6: a header that is no object of exactly one member")
            continue
        (field,) = entry.items()
        fields.append(field)
        if not isinstance(field[1], str):
            broken.append("11: a header value that is no text")
    return fields, broken
