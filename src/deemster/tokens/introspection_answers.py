"""What an introspection endpoint answered ► a token that is accepted, or why it is not.

RFC 7662 2.2, 4: the server says whether a token is active; whether it is meant for this API
service, comes from the right issuer and is presented by the right holder is looked at here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import VerifiedClaims
from deemster.tokens.claim_rules import ClaimNames, ClaimReader
from deemster.tokens.token_cache import AcceptedToken

__all__ = ["AnswerRules", "check_use", "judged"]

# RFC 6749 7.1, RFC 9449 5: types are compared without regard to case.
_TOKEN_TYPES = frozenset({"bearer", "dpop"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRules:
    """What a provider asks of answers.

    `audience_by_endpoint`: the endpoint says `active` only of tokens for the API services behind
    this client, so an answer may be without `aud`; one that has it must still be right.
    """

    provider: str
    internal: bool
    issuer: str
    skew: float
    names: ClaimNames
    audience_by_endpoint: bool = False


def judged(answer: Mapping[str, object], rules: AnswerRules) -> AcceptedToken:
    """An active token, its use not yet checked.

    Raises TokenRejectedError: `token-inactive` unless `active` is JSON true, `token-malformed`
    for members of the wrong type, `token-issuer-unknown`, `token-type-rejected`, and
    `binding-failed` for a token bound by means that nobody here can check.
    """
    # RFC 7662 2.2: a boolean. "true" or 1 is not one, and Python would take 1 for True.
    if answer.get("active") is not True:
        raise TokenRejectedError(Reason.TOKEN_INACTIVE)
    reader = ClaimReader(answer, malformed=Reason.TOKEN_MALFORMED)
    if reader.issuer not in {None, rules.issuer}:
        raise TokenRejectedError(Reason.TOKEN_ISSUER_UNKNOWN)
    confirmation = reader.confirmation()
    if _token_type(answer) == "dpop" and (
        confirmation is None or confirmation.key_thumbprint is None
    ):
        raise TokenRejectedError(Reason.BINDING_FAILED, detail="a DPoP token bound to no key")
    times, names = reader.times, rules.names
    user_id = reader.user_id(names.user, absent=Reason.TOKEN_MALFORMED)
    claims = VerifiedClaims(
        provider=rules.provider,
        # The endpoint speaks for one issuer, whether it says so or not.
        claims={**answer, "iss": rules.issuer},
        scopes=reader.scopes(names.scope),
        user_id=user_id if rules.internal else None,
        client_id=reader.client_id,
        asserted=False,
        permissions=reader.permissions(names.permissions),
        expires_at=times.expires_at,
        confirmation=confirmation,
    )
    ends = math.inf if times.expires_at is None else times.expires_at + rules.skew
    return AcceptedToken(claims, reader.audiences(), times.valid_from - rules.skew, ends)


def check_use(
    found: AcceptedToken, rules: AnswerRules, *, audience: str | None, now: float
) -> None:
    """Whether an active token may be used for `audience` at `now`; looked at on every use.

    Raises TokenRejectedError: `token-audience-mismatch`, `token-expired`, `token-not-yet-valid`.
    """
    unsaid = rules.audience_by_endpoint and not found.audiences
    if audience not in found.audiences and not unsaid:
        raise TokenRejectedError(Reason.TOKEN_AUDIENCE_MISMATCH)
    # An authorization server may go on saying `active` (CVE-2026-8922): the token's time counts.
    if now >= found.valid_until:
        raise TokenRejectedError(Reason.TOKEN_EXPIRED)
    if now < found.valid_from:
        raise TokenRejectedError(Reason.TOKEN_NOT_YET_VALID)


def _token_type(answer: Mapping[str, object]) -> str | None:
    if "token_type" not in answer:
        return None
    found = answer["token_type"]
    if not isinstance(found, str):
        raise TokenRejectedError(Reason.TOKEN_MALFORMED, detail="`token_type` is not a string")
    if found.lower() not in _TOKEN_TYPES:
        raise TokenRejectedError(Reason.TOKEN_TYPE_REJECTED)
    return found.lower()
