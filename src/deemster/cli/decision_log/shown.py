"""A record as people read it: one line, or all that is known of one decision."""

from __future__ import annotations

from collections.abc import Iterator

from deemster.decisionlog.reading import member
from deemster.policytest.printable import printable

__all__ = ["difference", "one_line", "whole"]

_COLOURS = {"permit": "\x1b[32m", "deny": "\x1b[31m", "error": "\x1b[33m"}
_PLAIN = "\x1b[0m"
_WIDTH = 11


def one_line(record: dict[str, object], *, colour: bool) -> str:
    """When, what and why, about what, who, by which gateway, how long, and its id."""
    outcome = _text(record, "outcome")
    told = f"{outcome:6} {_text(record, 'reason')}"
    if colour and outcome in _COLOURS:
        told = f"{_COLOURS[outcome]}{told}{_PLAIN}"
    parts = [
        _text(record, "time"),
        told,
        _operation(record),
        _asked(record),
        _who(record) or "nobody",
        f"via {_text(record, 'gateway') or 'nobody known'}",
        _took(record),
        _text(record, "decision_id"),
    ]
    return "  ".join([part for part in parts if part])


def whole(record: dict[str, object]) -> str:
    """Everything that the record has, in words, one thing a line."""
    return "\n".join([f"{name:{_WIDTH}} {value}" for name, value in _told(record) if value])


def difference(line: dict[str, object]) -> str:
    """When, how it differs, what was answered, what would be, and the decision's id."""
    live, beside = member(line, "live", dict) or {}, member(line, "beside", dict) or {}
    now = _text(beside, "reason")
    deciding = member(beside, "deciding", dict)
    if deciding is not None:
        now += f" by {_text(deciding, 'id_path')} ({_text(deciding, 'place')})"
    needs = [_needed(one) for one in member(beside, "missing", list) or [] if isinstance(one, dict)]
    if needs:
        now += f", needs {'; '.join(needs)}"
    where = _operation(live)
    if _operation(beside) != where:
        now = f"{_operation(beside)}: {now}"
    parts = [
        _text(line, "time"),
        f"{_text(line, 'result'):9}",
        where,
        f"{_text(live, 'reason')} > {now}",
        _text(line, "decision_id"),
    ]
    return "  ".join(parts)


def _told(record: dict[str, object]) -> Iterator[tuple[str, str]]:
    yield "decision", _text(record, "decision_id")
    yield "", f"{_text(record, 'time')}, took {_took(record)}"
    yield "said", f"{_text(record, 'outcome')}: {_text(record, 'reason')}"
    others = [one for one in _texts(record, "reasons") if one != record.get("reason")]
    yield "also", ", ".join(others)
    deciding = member(record, "deciding", dict)
    if deciding is not None:
        yield "decided by", f"{_text(deciding, 'id_path')}, {_text(deciding, 'place')}"
    for missing in member(record, "missing", list) or []:
        if isinstance(missing, dict):
            yield "needed", _needed(missing)
    yield "about", "  ".join([part for part in (_operation(record), _asked(record)) if part])
    yield "from", _text(record, "client_ip")
    yield "who", _who(record)
    yield "token", _token(record)
    gateway = _text(record, "gateway")
    if gateway:
        secret = _text(record, "secret_id")
        yield "asked by", f"{gateway}{f', secret {secret}' if secret else ''}"
    yield "", f"over {_text(record, 'protocol')}"
    yield "its id", _text(record, "gateway_request_id")
    for statement in member(record, "statements", list) or []:
        if isinstance(statement, dict):
            done = "" if statement.get("fulfilled") is True else ", not carried out"
            must = ", obligatory" if statement.get("obligatory") is True else ""
            yield "statement", f"{_text(statement, 'id')} ({_text(statement, 'code')}){must}{done}"
    yield "may read", ", ".join(_texts(record, "reads"))
    yield "masked", ", ".join(_texts(record, "masked"))
    yield "policies", f"{_text(record, 'revision')}, environment {_text(record, 'environment')}"


def _needed(missing: dict[str, object]) -> str:
    parts = [_text(missing, "kind")]
    parts += [f"any of {', '.join(names)}" for names in [_texts(missing, "any")] if names]
    parts += [f"all of {', '.join(names)}" for names in [_texts(missing, "all")] if names]
    if isinstance(seconds := missing.get("seconds"), int):
        parts.append(f"{seconds} s")
    return ": ".join([parts[0], " and ".join(parts[1:])]) if len(parts) > 1 else parts[0]


def _operation(record: dict[str, object]) -> str:
    service, operation = _text(record, "api_service"), _text(record, "operation")
    return f"{service}/{operation}" if operation else service or "no API service"


def _asked(record: dict[str, object]) -> str:
    resource = member(record, "resource", dict)
    if resource is not None:
        asked = f"{_text(resource, 'type')} {_text(resource, 'id')}"
        return f"{_text(record, 'method')} {asked}"
    return f"{_text(record, 'method')} {_text(record, 'url')}".strip()


def _who(record: dict[str, object]) -> str:
    subject, client = _text(record, "subject"), _text(record, "client_id")
    parts = [subject, f"client {client}" if client else "", _text(record, "provider")]
    return ", ".join([part for part in parts if part])


def _token(record: dict[str, object]) -> str:
    token = member(record, "token", dict)
    if token is None or token.get("claims") == "none":
        return ""
    parts = [f"claims {_text(token, 'claims')}"]
    parts += [f"key {kid}" for kid in [_text(token, "kid")] if kid]
    parts += [f"jti digest {digest}" for digest in [_text(token, "jti_digest")] if digest]
    return ", ".join(parts)


def _took(record: dict[str, object]) -> str:
    elapsed = record.get("elapsed_us")
    return f"{elapsed / 1000:.1f} ms" if isinstance(elapsed, int) else ""


def _text(record: dict[str, object], name: str) -> str:
    # Names that strangers chose stand in a record; a terminal is not to do what they say.
    return printable(member(record, name, str) or "")


def _texts(record: dict[str, object], name: str) -> list[str]:
    found = member(record, name, list) or []
    return [printable(one) for one in found if isinstance(one, str)]
