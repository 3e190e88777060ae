"""CORS preflights: which operation an OPTIONS call asks about (WHATWG Fetch, "CORS-preflight").

Source: policy-language section 2. A browser sends no credential with a preflight, so a service
that says `preflight: allow` answers it for the operation that the browser wants to call.
"""

from __future__ import annotations

import re

from deemster.model.http import ApiCall
from deemster.policy.routing.route_trie import Match
from deemster.policy.snapshot import CompiledOperation, CompiledService

__all__ = ["asked_by_preflight"]

# RFC 9110 5.6.2: a method is a token. A list of two (`GET, PUT`) is none.
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def asked_by_preflight(
    call: ApiCall,
    service: CompiledService,
    relative_path: str,
    matched: Match[CompiledOperation] | None,
) -> Match[CompiledOperation] | None:
    """The operation that a preflight asks about; None where the call is decided as any other.

    `matched` is the operation of the call itself: one that lists OPTIONS answers on its own.

    INVARIANT: None for every method but OPTIONS.
    """
    if call.method != "OPTIONS":
        return None
    if matched is not None and matched.value.lists_options:
        return None
    origin = call.headers.get_all("origin")
    wanted = call.headers.get_all("access-control-request-method")
    if len(origin) != 1 or len(wanted) != 1 or _METHOD.fullmatch(wanted[0]) is None:
        return None
    return service.operations.match(wanted[0], relative_path)
