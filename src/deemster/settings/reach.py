"""Whether a URL of the settings may be called, as far as it says so by itself."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from deemster.outgoing.addresses import is_acceptable
from deemster.policy.codes import Code
from deemster.settings.section import Section

__all__ = ["PROTECTED_HELP", "check_reach"]

PROTECTED_HELP = (
    "use https, or say who protects the connection by `plaintextBehind: mesh`, "
    "`sidecar` or `private-network`"
)


def check_reach(
    section: Section,
    key: str,
    url: str,
    *,
    allow_private: bool,
    behind: str | None = None,
    help: str = "use https",
) -> None:
    """Report an address that may not be called, and a connection that nobody protects.

    `key` is what the URL comes of; `help` says what to do about a missing TLS. Where a name leads
    is looked at on every call.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError:
        address = "127.0.0.1" if host == "localhost" else ""
    if address and not is_acceptable(address, allow_private=allow_private):
        could_be = is_acceptable(address, allow_private=True)
        section.error(
            Code.SETTING,
            f"`{host}` is a private address" if could_be else f"`{host}` may never be called",
            section.span_at(key),
            help="write `allowPrivate: true` if that is meant" if could_be else None,
        )
    is_loopback = bool(address) and ipaddress.ip_address(address).is_loopback
    if parts.scheme == "http" and not is_loopback and behind is None:
        section.error(
            Code.SETTING,
            f"without TLS everybody on the way to `{host}` can read and change what is asked",
            section.span_at(key),
            help=help,
        )
