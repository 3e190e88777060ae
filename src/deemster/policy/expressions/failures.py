"""Evaluation errors with the reasons of policy-language section 9; messages name no values."""

from __future__ import annotations

from deemster.errors import EvaluationError
from deemster.model.decision import Reason
from deemster.model.source import SourceSpan

__all__ = [
    "absent",
    "client_token",
    "no_access_request",
    "no_claims",
    "no_parameter",
    "not_kept",
    "not_usable",
    "unavailable",
]


def absent(name: str, span: SourceSpan) -> EvaluationError:
    """A required or optional value is absent or null."""
    return EvaluationError(f"`{name}` is absent", reason=Reason.ATTRIBUTE_MISSING, span=span)


def client_token(name: str, span: SourceSpan) -> EvaluationError:
    """A read of `user` where there is none."""
    return EvaluationError(
        f"`{name}` is absent: the token stands for a client and no user",
        reason=Reason.ATTRIBUTE_MISSING,
        span=span,
    )


def no_claims(name: str, span: SourceSpan) -> EvaluationError:
    """A read of `claims` where no credential was read."""
    return EvaluationError(
        f"`{name}` is absent: no token was read",
        reason=Reason.ATTRIBUTE_MISSING,
        span=span,
        unforeseen=True,
    )


def no_parameter(name: str, span: SourceSpan) -> EvaluationError:
    """A read of what the path of every call would tell."""
    return EvaluationError(
        f"`{name}` is absent", reason=Reason.ATTRIBUTE_MISSING, span=span, unforeseen=True
    )


def no_access_request(name: str, span: SourceSpan) -> EvaluationError:
    """A read of what only a question of AuthZEN has."""
    return EvaluationError(
        f"`{name}` is absent: this is no question of AuthZEN",
        reason=Reason.ATTRIBUTE_MISSING,
        span=span,
    )


def not_kept(name: str, span: SourceSpan) -> EvaluationError:
    """In the response phase, what only the sealed state could tell of the request."""
    return EvaluationError(
        f"`{name}` is not known: no state of the request came with its answer",
        reason=Reason.ATTRIBUTE_MISSING,
        span=span,
        unforeseen=True,
    )


def unavailable(name: str, span: SourceSpan) -> EvaluationError:
    """A fetch failed: not the same as absent."""
    return EvaluationError(
        f"`{name}` could not be fetched", reason=Reason.DEPENDENCY_UNAVAILABLE, span=span
    )


def not_usable(message: str, span: SourceSpan) -> EvaluationError:
    """Everything else: wrong type, outside enum or range, overflow, no address."""
    return EvaluationError(message, reason=Reason.INDETERMINATE, span=span)
