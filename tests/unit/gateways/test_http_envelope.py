"""Framing that two parties could read differently is refused (security H1, H4)."""

import pytest

from deemster.errors import CallTooLargeError, MalformedCallError
from deemster.gateways.http_envelope import EndpointLimits, check_envelope

LIMITS = EndpointLimits(body=100, headers=1000, header_count=10)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param([(b"content-length", b"100")], id="at the limit"),
        pytest.param([(b"content-length", b"0")], id="empty"),
        pytest.param([(b"transfer-encoding", b"Chunked")], id="chunked"),
        pytest.param([(b"x", b"")] * 10, id="as many as allowed"),
        pytest.param([(b"x", b"a" * 999)], id="as large as allowed"),
    ],
)
def test_an_ordinary_envelope_passes(headers: list[tuple[bytes, bytes]]) -> None:
    check_envelope(headers, LIMITS)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(
            [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")], id="CL and TE"
        ),
        pytest.param([(b"content-length", b"5"), (b"content-length", b"5")], id="two CL"),
        pytest.param([(b"transfer-encoding", b"chunked")] * 2, id="two TE"),
        pytest.param([(b"transfer-encoding", b"gzip, chunked")], id="gzip"),
        pytest.param([(b"transfer-encoding", b"xchunked")], id="TE variant"),
        pytest.param([(b"content-length", b"5, 5")], id="list"),
        pytest.param([(b"content-length", b"+5")], id="sign"),
        pytest.param([(b"content-length", b"")], id="empty length"),
        pytest.param([(b"content-length", "\u0665".encode())], id="digit of another script"),
        pytest.param([(b"x", b"")] * 11, id="too many"),
        pytest.param([(b"x", b"a" * 1000)], id="too large"),
    ],
)
def test_an_ambiguous_or_oversized_envelope_is_malformed(
    headers: list[tuple[bytes, bytes]],
) -> None:
    with pytest.raises(MalformedCallError):
        check_envelope(headers, LIMITS)


@pytest.mark.parametrize("length", [b"101", b"9" * 500, b"0" * 19])
def test_a_body_announced_too_large_is_refused_before_it_comes(length: bytes) -> None:
    with pytest.raises(CallTooLargeError):
        check_envelope([(b"content-length", length)], LIMITS)
