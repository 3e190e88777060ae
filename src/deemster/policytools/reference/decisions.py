"""The chapters about outcomes: how children combine, and the reasons of a decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deemster.model.decision import Reason
from deemster.policy.combining import DENY_OVERRIDES, PERMIT_OVERRIDES, Outcome
from deemster.policytools.reference.markdown import code, table

__all__ = ["REASONS", "combining_lines", "reason_lines"]

_SHORT = dict(zip(Outcome, ("P", "D", "N", "IP", "ID", "IDP"), strict=True))

_COMBINING = """\
A rule is permit (P) or deny (D) where its condition holds, not applicable (N) where it does not,
and indeterminate where it is in error: IP if it might have permitted, ID if it might have denied.
IDP is a policy that might have done either. A policy whose target does not hold is N; with a target
in error a P becomes IP and a D becomes ID.

The two tables fold over any number of children: the row is what came so far, the column is the next
child.
"""

_OTHERS = """\
- `first-applicable`: the first child that is not N, one in error included.
- `only-one-applicable`: N where no child applies, its outcome where one does, IDP where several do.
  A child in error counts as one that applies.
- `deny-unless-permit`: P if any child is P, else D.
- `permit-unless-deny`: D if any child is D, else P. It is refused where a child that may deny may
  also be in error.

Only P permits. D denies with the reason of what decided, an error with its own, and N with
`no-rule`.
"""

REASONS: Mapping[Reason, str] = {
    Reason.PERMITTED: "Guards passed, and every grant permits.",
    Reason.PERMITTED_PREFLIGHT: "A CORS preflight that the service permits.",
    Reason.NO_API_SERVICE: "No API service has a base URL for this call.",
    Reason.TOKEN_MISSING: "The operation needs a token and there is none.",
    Reason.TOKEN_MALFORMED: "This is no token, or lacks what every token has.",
    Reason.TOKEN_EXPIRED: "`exp` has passed.",
    Reason.TOKEN_NOT_YET_VALID: "`nbf` or `iat` is in the future.",
    Reason.TOKEN_SIGNATURE_INVALID: "No key of the provider has signed it, or not as it says.",
    Reason.TOKEN_ISSUER_UNKNOWN: "`iss` is not the provider of this service.",
    Reason.TOKEN_AUDIENCE_MISMATCH: "`aud` does not name the service's audience.",
    Reason.TOKEN_TYPE_REJECTED: "`typ` is that of another kind of token.",
    Reason.TOKEN_INACTIVE: "The provider says that the token is not active.",
    Reason.TOKEN_REVOKED: "The token was taken back.",
    Reason.CLAIMS_MISSING: "The gateway should assert claims and has not.",
    Reason.PROOF_MISSING: "The token is bound to a key, and no proof of it came along.",
    Reason.PROOF_INVALID: "The proof of possession does not hold.",
    Reason.PROOF_NONCE_REQUIRED: "The proof of possession needs a nonce of this service.",
    Reason.BINDING_FAILED: "The token is bound to another key or certificate.",
    Reason.BEARER_NOT_ACCEPTED: "The service asks for more than a bearer token.",
    Reason.CREDENTIAL_AMBIGUOUS: "More than one credential came along.",
    Reason.RESERVED_HEADER: "The caller sent a header that only the gateway may set.",
    Reason.AMBIGUOUS_PATH: "Two parties could read the path in two ways.",
    Reason.USER_UNKNOWN: "The directory does not know the token's user.",
    Reason.USER_DISABLED: "The directory has disabled the token's user.",
    Reason.CLAIMS_NOT_ACCEPTED: "The gateway asserts claims and may not.",
    Reason.CLAIMS_MALFORMED: "What the gateway asserts is no set of claims.",
    Reason.SUBJECT_NOT_ACCEPTED: "The gateway names a subject and may not.",
    Reason.STATE_REJECTED: "What the response phase brought along is not what was sealed.",
    Reason.BODY_UNAVAILABLE: "A condition needs the body, and it could not be read as a whole.",
    Reason.SCOPE_MISSING: "The line `scopes` does not hold.",
    Reason.GROUP_MISSING: "The line `groups` does not hold.",
    Reason.PERMISSION_MISSING: "The line `permissions` does not hold.",
    Reason.POLICY_DENIED: "A guard, a policy or the line `when` denies.",
    Reason.NO_RULE: "No rule applies.",
    Reason.STATEMENT_NOT_POSSIBLE: "An obligatory statement cannot be built or carried out.",
    Reason.ACTOR_NOT_ALLOWED: "The one who acts for the user may not.",
    Reason.DELEGATION_TOO_DEEP: "Too many act for one another.",
    Reason.AUTHENTICATION_TOO_WEAK: "`authentication.acr` does not hold: a step-up is asked for.",
    Reason.AUTHENTICATION_TOO_OLD: "`authentication.maxAge` does not hold: a fresh login is asked"
    " for.",
    Reason.NO_OPERATION: "No operation of the service matches.",
    Reason.INDETERMINATE: "A condition is in error: a wrong type, a broken query, a large number.",
    Reason.ATTRIBUTE_MISSING: "A condition compares a value that is absent.",
    Reason.DEPENDENCY_UNAVAILABLE: "A directory, a service or a database did not answer.",
    Reason.DEADLINE_EXCEEDED: "Time was up.",
    Reason.POLICY_TOO_OLD: "The policies are older than the settings allow.",
    Reason.OVERLOADED: "There are more calls than can be judged.",
    Reason.INTERNAL_ERROR: "A fault of Deemster itself.",
}


def combining_lines() -> Iterator[str]:
    """The chapter about combining algorithms."""
    yield from ("## Combining", "", *_COMBINING.splitlines(), "")
    for name, rows in (
        ("deny-overrides", DENY_OVERRIDES), ("permit-overrides", PERMIT_OVERRIDES),
    ):  # fmt: skip
        yield from table(
            (name, *_SHORT.values()),
            (
                (f"**{_SHORT[outcome]}**", *(_SHORT[found] for found in row))
                for outcome, row in zip(Outcome, rows, strict=True)
            ),
        )
        yield ""
    yield from (*_OTHERS.splitlines(), "")


def reason_lines(statuses: Mapping[Reason, int]) -> Iterator[str]:
    """The chapter about reasons. `statuses` are those that end users are told."""
    yield from (
        "## Reasons",
        "",
        "Every decision has one. The status is what the end user is told, if anything is.",
        "",
    )
    yield from table(
        ("reason", "", "status"),
        (
            (code(reason), meaning, "" if reason in _PERMITS else str(statuses[reason]))
            for reason, meaning in REASONS.items()
        ),
    )
    yield ""


_PERMITS = {Reason.PERMITTED, Reason.PERMITTED_PREFLIGHT}
