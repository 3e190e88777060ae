"""What the HTTP message around a gateway's call must be, before anything of it is believed.

A second look at framing, because not every server refuses what it should: a message that two
parties end at different places lets one caller's answer become another's (facts/security.md 1.7,
H1 and H4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deemster.errors import CallTooLargeError, MalformedCallError

__all__ = ["EndpointLimits", "check_envelope"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointLimits:
    """`limits:` of the settings, as far as an endpoint keeps them.

    `body` and `headers` in bytes (None where the server counts header bytes itself),
    `body_timeout` in seconds (None where the server has a timer of
    its own), `concurrency` in decisions under way.
    """

    body: int = 1024 * 1024
    headers: int | None = 96 * 1024
    header_count: int = 256
    concurrency: int = 512
    body_timeout: float | None = 5.0


def check_envelope(headers: Sequence[tuple[bytes, bytes]], limits: EndpointLimits) -> None:
    """Look at header fields with lower-case names.

    Raises MalformedCallError where framing is ambiguous or the fields exceed their limits, and
    CallTooLargeError where Content-Length announces more than `limits.body`.
    """
    if len(headers) > limits.header_count:
        raise MalformedCallError(f"more than {limits.header_count} header fields")
    framing = [field for field in headers if field[0] in _FRAMING]
    if limits.headers is not None:
        size = sum([len(name) + len(value) for name, value in headers])
        if size > limits.headers:
            raise MalformedCallError(f"header fields of more than {limits.headers} bytes")
    # Two equal lengths too: RFC 9112 6.3 lets a recipient refuse them, and nobody needs them.
    # Both kinds at once "might indicate an attempt to perform request smuggling" (RFC 9112 6.1).
    if len(framing) > 1:
        raise MalformedCallError("more than one Content-Length or Transfer-Encoding")
    if framing:
        _check_framing(*framing[0], limits.body)


def _check_framing(name: bytes, value: bytes, most: int) -> None:
    if name == b"transfer-encoding":
        if value.lower() != b"chunked":
            raise MalformedCallError("a Transfer-Encoding other than chunked")
        return
    # bytes.isdigit knows ASCII digits only; no sign, no list.
    if not value.isdigit():
        raise MalformedCallError("a Content-Length that is no number")
    if len(value) > _LENGTH_DIGITS or int(value) > most:
        raise CallTooLargeError(f"the body exceeds {most} bytes")


_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_LENGTH_DIGITS = 18  # beyond any limit; int() is never given a long text
