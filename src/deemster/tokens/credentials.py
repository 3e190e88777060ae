"""The end user's credential in the Authorization header (RFC 6750 2.1, RFC 9449 7.1)."""

from __future__ import annotations

import string

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.http import Headers
from deemster.model.identity import Credential

__all__ = ["credential_of", "is_token"]

_SCHEMES = ("bearer", "dpop")
# RFC 6750 2.1: the characters of b64token. Deleting them all is the quickest look there is.
_TOKEN_CHARACTERS = (string.ascii_letters + string.digits + "-._~+/=").encode()


def credential_of(headers: Headers) -> Credential | None:
    """The access token with its scheme; None without one, schemes for other things included.

    Query and body parameters (RFC 6750 2.2, 2.3) are not looked at. Raises TokenRejectedError:
    `credential-ambiguous` for more than one Authorization header, `token-malformed` for a value
    that is no token.
    """
    values = headers.get_all("authorization")
    if not values:
        return None
    # Which of two would the API behind the gateway believe? Nobody knows.
    if len(values) > 1:
        raise TokenRejectedError(Reason.CREDENTIAL_AMBIGUOUS)
    scheme, _, secret = values[0].partition(" ")
    scheme = scheme.lower()
    if scheme not in _SCHEMES:
        return None
    if not is_token(secret):
        raise TokenRejectedError(Reason.TOKEN_MALFORMED, detail="not a token68")
    return Credential(scheme, secret)


def is_token(text: str) -> bool:
    """Whether a text has the characters of a token, and any."""
    return bool(text) and not text.encode("ascii", "replace").translate(None, _TOKEN_CHARACTERS)
