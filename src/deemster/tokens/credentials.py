"""The end user's credential as it stands in the Authorization header (RFC 6750 2.1)."""

from __future__ import annotations

import string

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.http import Headers
from deemster.model.identity import Credential

__all__ = ["credential_of"]

# RFC 6750 2.1: the characters of b64token. Deleting them all is the quickest look there is.
_TOKEN_CHARACTERS = (string.ascii_letters + string.digits + "-._~+/=").encode()


def credential_of(headers: Headers) -> Credential | None:
    """The bearer token; None without one, another authentication scheme included.

    Query and body parameters (RFC 6750 2.2, 2.3) are not looked at. Raises TokenRejectedError:
    `credential-ambiguous` for more than one Authorization header, `token-malformed` for a bearer
    value that is no token.
    """
    values = headers.get_all("authorization")
    if not values:
        return None
    # Which of two would the API behind the gateway believe? Nobody knows.
    if len(values) > 1:
        raise TokenRejectedError(Reason.CREDENTIAL_AMBIGUOUS)
    scheme, _, secret = values[0].partition(" ")
    if scheme.lower() != "bearer":
        return None
    if not secret or secret.encode("ascii", "replace").translate(None, _TOKEN_CHARACTERS):
        raise TokenRejectedError(Reason.TOKEN_MALFORMED, detail="not a bearer token")
    return Credential("bearer", secret)
