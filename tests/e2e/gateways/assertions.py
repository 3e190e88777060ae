"""What must hold of every exchange through every gateway, and what one says in a table."""

from __future__ import annotations

from tests.e2e.gateways.cases import Case, Due
from tests.e2e.gateways.readings import folded_name, path_readings
from tests.e2e.gateways.stand import SECRET, Seen
from tests.e2e.gateways.upstream import Arrival
from tests.e2e.gateways.wire import Answer

__all__ = [
    "IDENTITY",
    "assert_due",
    "assert_no_bypass",
    "assert_no_spoof",
    "assert_secret_is_kept",
    "cell",
    "identities",
]

REROUTING = {b"x-original-url", b"x-rewrite-url"}
"""Header fields that some upstreams take for the target: IIS, and PHP frameworks behind it."""

IDENTITY = {b"x-auth-user", b"x-auth-client", b"x-auth-scope"}
"""Identity headers of the examples, as folded by `folded_name`."""


def assert_due(case: Case, seen: Seen) -> None:
    """What this case must come to."""
    if case.due is Due.ALLOWED:
        assert seen.answer.status == 200
        (arrival,) = seen.arrivals
        assert arrival.method == case.call.method
        assert arrival.body == (case.call.body or b"")
    elif case.due is Due.REFUSED:
        assert seen.arrivals == []
        assert not 200 <= seen.answer.status < 300 or case.call.method == "OPTIONS"
    if case.status is not None:
        assert seen.answer.status == case.status
    assert len(seen.arrivals) <= 1
    for arrival in seen.arrivals:
        # What was judged is what the upstream takes for its own host.
        (host,) = arrival.values("host")
        assert host.lower().partition(b":")[0].rstrip(b".") == b"api.example.com"


def assert_no_bypass(case: Case, seen: Seen) -> None:
    """Nothing that only carol may reach came in for anybody else, however it is read."""
    for arrival in seen.arrivals:
        targets = [arrival.target]
        targets += [value for name, value in arrival.fields if folded_name(name) in REROUTING]
        readings = set().union(*(path_readings(target) for target in targets))
        protected = [path for path in readings if is_protected(path)]
        assert case.subject == "carol" or not protected, (arrival.target, protected)
        # A connection that speaks another protocol is asked about once, and never again.
        assert set(arrival.values("upgrade")) <= {b"websocket"}
        assert arrival.method == case.call.method


def is_protected(path: bytes) -> bool:
    """Whether a reading of a path is one of the administration's."""
    return path.lower().startswith(b"/admin")


def assert_no_spoof(case: Case, seen: Seen) -> None:
    """The upstream is told who the token says, by one header field, and by nothing else."""
    expected = case.subject or ""
    for arrival in seen.arrivals:
        told = identities(arrival)
        if case.call.target == b"/health" or case.call.method == "OPTIONS":
            expected = ""
        assert told == ([expected.encode()] if expected else told[:1])
        assert set(told) <= {expected.encode()}
        for name, value in (*arrival.fields, *arrival.trailer):
            # Where some upstream would see the end of the field.
            assert not set(name + value) & set(b"\r\n\0")


def identities(arrival: Arrival) -> list[bytes]:
    """Every value by which some upstream would know the user."""
    return [value for name, value in arrival.fields if folded_name(name) == b"x-auth-user"]


def assert_secret_is_kept(seen: Seen, secret_header: str) -> None:
    """Neither side sees the secret or a header of its name; the client no identity header."""
    for arrival in seen.arrivals:
        assert SECRET.encode() not in arrival.everything()
    assert SECRET not in str(seen.answer.fields)
    assert SECRET.encode() not in seen.answer.body
    assert seen.answer.values(secret_header) == []
    for name, _ in seen.answer.fields:
        assert folded_name(name.encode()) not in IDENTITY


def cell(seen: Seen, sent: bytes) -> str:
    """What client and upstream saw, in a few words; `sent` is the target."""
    shown = _answer(seen.answer)
    for arrival in seen.arrivals:
        target = "as sent" if arrival.target == sent else _shown(arrival.target)
        users = " and ".join(value.decode("latin-1") for value in identities(arrival) if value)
        shown += f" ► {target}, {users or 'nobody'}{', with a trailer' if arrival.trailer else ''}"
    return shown


def _answer(answer: Answer) -> str:
    if answer.status == 0:
        return "closed"
    if answer.status < 0:
        return "no answer yet"
    challenged = " ".join(answer.values("WWW-Authenticate"))
    if "insufficient_user_authentication" in challenged:
        return f"{answer.status} step-up"
    return f"{answer.status}{' challenge' if challenged else ''}"


def _shown(target: bytes) -> str:
    text = "".join(chr(octet) if 0x21 <= octet < 0x7F else f"<{octet:02X}>" for octet in target)
    return f"`{text}`"
