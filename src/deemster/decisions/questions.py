"""Questions of AuthZEN: which operation answers, and whether the subject is accepted.

    resource type and action ► path ► subject ► token ► user ► operation ► guards ► grant

The subject is named by the gateway, which must have the right to; a token that comes along is
verified like any other and must be the subject's own. From there on the evaluation is that of
calls. Source: policy-language section 12.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

import msgspec

from deemster.decisions.case import Case
from deemster.decisions.fetching import Fetching
from deemster.decisions.stages import Stage
from deemster.errors import TokenRejectedError
from deemster.model.access import AccessRequest
from deemster.model.decision import Reason
from deemster.model.gateway import ALL_API_SERVICES, Gateway
from deemster.model.http import ApiCall
from deemster.model.identity import Credential, UserContext, VerifiedClaims
from deemster.model.openings import is_unambiguous
from deemster.model.urls import CanonicalUrl, MalformedUrlError, canonical_url
from deemster.policy.guards_alone import GuardsAlone
from deemster.policy.question_values import QuestionValues
from deemster.policy.routing.route_ids import Several
from deemster.policy.snapshot import CompiledOperation, PolicySnapshot, RoutedCall
from deemster.tokens.credentials import credential_of

__all__ = [
    "MOST_SUBJECT",
    "AnsweredBy",
    "Question",
    "answered_by",
    "identify",
    "values_of",
]


MOST_SUBJECT = 1024
"""Characters of a subject's id; no directory has longer ones."""


class Question(msgspec.Struct, frozen=True, gc=False):
    """What is asked, and the bearer token that came with the subject, if one did.

    `call`: the HTTP call that a `uri` is about, where the gateway tells all of it. Its header
    fields and body may be read then, and a token is looked for in it.
    """

    request: AccessRequest
    credential: Credential | None = None
    call: ApiCall | None = None

    @property
    def refusal(self) -> Reason | None:
        """What was seen in the call that must be refused whatever the policy says."""
        return None if self.call is None else self.call.refusal


class AnsweredBy(msgspec.Struct, frozen=True, gc=False):
    """Who answers. `operation` None: none does, and `judge` is guards alone or nobody.

    `url`, `relative_path` and `params` are known for a `uri`. `refusal` comes before the subject.
    """

    routed: RoutedCall
    operation: CompiledOperation | None = None
    judge: CompiledOperation | GuardsAlone | None = None
    url: CanonicalUrl | None = None
    relative_path: str | None = None
    params: Mapping[str, str | int] | None = None
    refusal: Reason | None = None


def answered_by(
    request: AccessRequest, snapshot: PolicySnapshot, gateway: Gateway
) -> AnsweredBy | Reason:
    """The operation, or why it cannot be told. What is not this gateway's business is not there."""
    kind = request.resource.type
    if kind == "route":
        return _of_route(request, snapshot, gateway)
    if kind == "uri":
        return _of_uri(request, snapshot, gateway)
    found = snapshot.access.find(kind, request.action.name)
    if found is not None and gateway.may_ask_for(found[0].service.id):
        routed, operation = found
        return AnsweredBy(routed, operation, operation)
    known = [
        routed
        for routed in snapshot.access.services_of(kind)
        if gateway.may_ask_for(routed.service.id)
    ]
    if not known:
        return Reason.NO_API_SERVICE
    if len(known) == 1:
        return AnsweredBy(known[0])
    # Whose directory would know the subject? As with calls, only an accepted one learns more.
    return Reason.NO_OPERATION if gateway.may_name_subjects else Reason.SUBJECT_NOT_ACCEPTED


def _of_route(
    request: AccessRequest, snapshot: PolicySnapshot, gateway: Gateway
) -> AnsweredBy | Reason:
    """A template names no service: only a gateway that has one can mean it."""
    services = gateway.api_services - {ALL_API_SERVICES}
    routed = snapshot.routed.get(next(iter(services))) if len(services) == 1 else None
    if routed is None or len(gateway.api_services) > 1:
        return Reason.NO_API_SERVICE
    operation = routed.service.route_ids.match(request.action.name, request.resource.id)
    if isinstance(operation, Several):
        return AnsweredBy(routed, refusal=Reason.AMBIGUOUS_PATH)
    if operation is None:
        return AnsweredBy(routed, judge=routed.service.unmatched)
    return AnsweredBy(routed, operation, operation)


def _of_uri(
    request: AccessRequest, snapshot: PolicySnapshot, gateway: Gateway
) -> AnsweredBy | Reason:
    """Routed as the call would be."""
    try:
        url = canonical_url(request.resource.id)
    except MalformedUrlError:
        return Reason.NO_API_SERVICE
    found = snapshot.find(url)
    if found is None or not gateway.may_ask_for(found[0].service.id):
        return Reason.NO_API_SERVICE
    routed, relative_path = found
    service = routed.service
    match = service.operations.match(request.action.name, relative_path)
    operation = match.value if match is not None else None
    if not is_unambiguous(url, (operation or service).opened):
        return AnsweredBy(routed, refusal=Reason.AMBIGUOUS_PATH)
    return AnsweredBy(
        routed,
        operation,
        operation or service.unmatched,
        url,
        relative_path,
        match.params if match is not None else {},
    )


def identify(case: Case, question: Question, fetching: Fetching) -> Awaitable[None] | None:
    """Fill in who asks; what to await before that can be done, else None.

    INVARIANT: nobody is accepted whom the gateway may not name. Raises TokenRejectedError.
    """
    subject = question.request.subject.id
    # Longer than any directory's: what remembers users must not be filled with texts.
    if not 0 < len(subject) <= MOST_SUBJECT or not case.caller.gateway.may_name_subjects:
        raise TokenRejectedError(Reason.SUBJECT_NOT_ACCEPTED)
    credential = question.credential
    if question.call is not None:
        credential = credential_of(question.call.headers)
    claims = case.claims
    case.stage_begins()
    if credential is not None and claims is None:
        found = fetching.verified(case, fetching.provider_of(case), credential)
        if not isinstance(found, VerifiedClaims):
            return found
        case.claims = claims = found
        case.stage_ends(Stage.TOKEN)
    known_as = subject if claims is None else _known_as(subject, claims)
    case.subject = subject
    if case.user is None and known_as is not None and case.service.internal:
        user = fetching.user(case, known_as)
        if not isinstance(user, UserContext):
            return user
        case.user = user
        case.stage_ends(Stage.USER)
    return None


def _known_as(subject: str, claims: VerifiedClaims) -> str | None:
    """How the directory calls the subject of a token; None for a client.

    INVARIANT: a token speaks for its own subject alone. Raises TokenRejectedError for another.
    """
    if subject not in (claims.user_id, claims.claims.get("sub"), claims.client_id):
        raise TokenRejectedError(Reason.SUBJECT_NOT_ACCEPTED)
    return claims.user_id


def values_of(case: Case, question: Question, answering: AnsweredBy, skew: float) -> QuestionValues:
    """What conditions may read."""
    judge = answering.judge
    if judge is None:
        raise RuntimeError("nobody judges this question")
    values = QuestionValues(
        question.request,
        answering.url,
        answering.relative_path,
        answering.params,
        case.claims,
        case.user,
        case.now,
        skew,
        None if case.trace is None else case.fresh_trace(),
        judge.ref.span,
        question.call,
    )
    values.role_permissions = answering.routed.service.role_permissions
    return values
