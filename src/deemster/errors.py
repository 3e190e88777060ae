"""Every exception class of Deemster.

An *error* is about the asking; a *deny* is an answer. Public text and private detail never mix.

    DeemsterError                     code, public message, private detail
    ├── ConfigurationError            operator, at start-up only; exit status 2
    ├── PolicyError                   author; carries the diagnostics
    ├── BundleRefusedError            a policy bundle is not taken; carries a BundleCause
    ├── SelfTestFailedError           a compiled tree that does not decide as it must
    ├── ProtocolError                 the calling gateway; becomes that protocol's own 4xx
    │   ├── MalformedCallError
    │   │   └── MalformedMemberError
    │   ├── CallTooLargeError
    │   └── GatewayUnauthenticatedError
    ├── CannotCarryOutError           a permit that its protocol cannot put into effect; a deny
    ├── TokenRejectedError            end user; carries a Reason; becomes a deny
    ├── DependencyUnavailableError    identity provider, directory, attribute service, log sink
    └── EvaluationError               policy at run time; never leaves policy/

Each is caught in exactly one place:

    ConfigurationError, PolicyError   cli/ (and policy/store.py on a reload)
    BundleRefusedError                cli/ (and app/application.py on a reload)
    SelfTestFailedError               app/application.py on a reload, cli/ at the start
    ProtocolError                     gateways/http_endpoint.py
    CannotCarryOutError               gateways/deciding.py
    TokenRejectedError,
    DependencyUnavailableError        decisions/point.py
    EvaluationError                   policy/ (it becomes an indeterminate outcome)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deemster.model.bundle_cause import BundleCause
    from deemster.model.decision import Reason
    from deemster.model.source import SourceSpan
    from deemster.policy.diagnostics import DiagnosticSet

__all__ = [
    "BundleRefusedError",
    "CallTooLargeError",
    "CannotCarryOutError",
    "ConfigurationError",
    "DeemsterError",
    "DependencyUnavailableError",
    "EvaluationError",
    "GatewayUnauthenticatedError",
    "MalformedCallError",
    "MalformedMemberError",
    "PolicyError",
    "ProtocolError",
    "SelfTestFailedError",
    "TokenRejectedError",
]


class DeemsterError(Exception):
    """Root of the tree: a public message, and a detail that stays in the service log."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class ConfigurationError(DeemsterError):
    """The operator's settings cannot be used; `diagnostics` names each place and the mend."""

    code = "configuration"

    def __init__(
        self,
        message: str,
        *,
        detail: str = "",
        diagnostics: DiagnosticSet | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        """`sources`: as for PolicyError."""
        super().__init__(message, detail=detail)
        self.diagnostics = diagnostics
        self.sources = sources if sources is not None else {}


class PolicyError(DeemsterError):
    """A policy tree cannot be used; `diagnostics` has at least one error."""

    code = "policy"

    def __init__(
        self,
        message: str,
        *,
        diagnostics: DiagnosticSet,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        """`sources`: text by shown path, so that findings can be shown with their lines."""
        super().__init__(message)
        self.diagnostics = diagnostics
        self.sources = sources if sources is not None else {}


class BundleRefusedError(DeemsterError):
    """A policy bundle is not taken; `message` has what was found, what is expected and the mend."""

    code = "bundle-refused"

    def __init__(self, cause: BundleCause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class SelfTestFailedError(DeemsterError):
    """Policies that compiled do not decide as they must: a fault of ours, or a suite that fails."""

    code = "self-test-failed"


class ProtocolError(DeemsterError):
    """The gateway asked wrongly; nothing was decided."""

    code = "protocol"


class MalformedCallError(ProtocolError):
    """The body or the envelope is not what the protocol says."""

    code = "malformed"


class MalformedMemberError(MalformedCallError):
    """One member of the body is not what the protocol says; `target` is its path in the body.

    `limit` is the most that the member may hold, where too much of it was sent.
    """

    def __init__(self, target: str, message: str, *, limit: int | None = None) -> None:
        super().__init__(f"`{target}` {message}" if target else f"the body {message}")
        self.target = target
        self.limit = limit


class CallTooLargeError(ProtocolError):
    """The body exceeds `limits.body`."""

    code = "too-large"


class GatewayUnauthenticatedError(ProtocolError):
    """The caller did not prove to be one of our gateways.

    `challenge` is the `WWW-Authenticate` of a protocol that takes access tokens (RFC 6750 3).
    """

    code = "gateway-unauthenticated"

    def __init__(self, message: str, *, detail: str = "", challenge: str | None = None) -> None:
        super().__init__(message, detail=detail)
        self.challenge = challenge


class CannotCarryOutError(DeemsterError):
    """A permit's statements cannot be carried out on this very message: the permit is none."""

    code = "cannot-carry-out"


class TokenRejectedError(DeemsterError):
    """The end user's credential is not accepted; becomes a deny with `reason`."""

    code = "token-rejected"

    def __init__(self, reason: Reason, *, detail: str = "") -> None:
        super().__init__(reason.value, detail=detail)
        self.reason = reason


class DependencyUnavailableError(DeemsterError):
    """Something we ask did not answer in time or at all; `dependency` names it."""

    code = "dependency-unavailable"

    def __init__(self, dependency: str, *, detail: str = "") -> None:
        super().__init__(f"{dependency} is unavailable", detail=detail)
        self.dependency = dependency


class EvaluationError(DeemsterError):
    """A condition could not be given a value; `span` is the place in the policy text.

    `reason` is the deny reason this error stands for if it decides: `attribute-missing`,
    `dependency-unavailable`, `body-unavailable`, `deadline-exceeded` or `indeterminate`.
    `unforeseen` says that no look at the policy text could tell that this may fail: a fact is not
    known that every HTTP call has. `permit-unless-deny` overlooks no such error.
    """

    code = "evaluation"

    def __init__(
        self, message: str, *, reason: Reason, span: SourceSpan, unforeseen: bool = False
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.span = span
        self.unforeseen = unforeseen
