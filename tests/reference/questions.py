"""Section 12 by brute force: which operation answers a question of AuthZEN, and how."""

from __future__ import annotations

from dataclasses import replace

from tests.reference.conditions import ascii_lower
from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.routing import Route, folded, route
from tests.reference.shape import (
    Answer,
    Bug,
    Call,
    Operation,
    Question,
    Service,
    Template,
)
from tests.reference.situation import Situation

__all__ = ["QuestionEvaluator"]


class QuestionEvaluator(ReferenceEvaluator):
    """Answers questions on one tree; policies are judged as those of calls are."""

    question: Question

    def answer_question(self, question: Question) -> Answer:
        """As section 12 orders the steps: operation, subject, token, user, guards, grant."""
        self.judged, self.requests = {}, set()
        self.question = question
        found = self.answering(question)
        if isinstance(found, str):
            return Answer(False, found)
        service, operation = found.service, found.operation
        if found.ambiguous:
            return Answer(False, "ambiguous-path", service.id)
        name = operation.id if operation is not None else None
        if operation is None or operation.allow != "public":
            refusal = self.subject_refusal(service)
            if refusal is not None:
                return Answer(False, refusal, service.id, name)
        # The method and the moment are known of a call that nobody made.
        call = Call(
            question.action, "", question.now, world=question.world, possible=question.possible
        )
        if question.kind == "uri":
            call = replace(call, url=question.resource)
        if operation is not None:
            return self.judgement(found, operation, call)
        if service.unmatched and question.kind in ("route", "uri"):
            return self.by_guards_alone(found, call, on_preflight=False)
        return Answer(False, "no-operation", service.id)

    def situation(self, found: Route, operation: Operation | None, call: Call) -> Situation:
        question = self.question
        at = super().situation(found, operation, replace(call, token=question.token))
        is_public = operation is not None and operation.allow == "public"
        if question.token is None and found.service.internal and not is_public:
            at = replace(at, user=question.user)
        return replace(at, question=question)

    # --- who asks -------------------------------------------------------------------------------

    def subject_refusal(self, service: Service) -> str | None:
        question, token = self.question, self.question.token
        if not question.subject or not (question.may or self.bug == Bug.ANYBODY_NAMES):
            return "subject-not-accepted"
        user = question.user
        if token is not None:
            if not service.internal:
                return "claims-missing"
            if token.refused is not None:
                return token.refused
            named = [token.claims.get("sub"), token.user.id if token.user is not None else None]
            if question.subject not in named and self.bug != Bug.TOKEN_OF_ANOTHER:
                return "subject-not-accepted"
            if token.user is None:
                return None
            user = token.user
        if not service.internal:
            return None
        return {
            "enabled": None,
            "unknown": "user-unknown",
            "disabled": "user-disabled",
            "failing": "dependency-unavailable",
        }[user.state]

    # --- who answers ----------------------------------------------------------------------------

    def mine(self) -> list[Service]:
        """Services that are this gateway's business."""
        wanted = self.question.services
        return [
            service
            for service in self.tree.services.values()
            if "*" in wanted or service.id in wanted
        ]

    def answering(self, question: Question) -> Route | str:
        """The route, or the reason of a deny that names no service."""
        if question.kind == "route":
            return self.of_route(question)
        if question.kind == "uri":
            found = route(self.tree, question.action, question.resource, self.bug)
            if found is None or found.service not in self.mine():
                return "no-api-service"
            return found
        known = [
            (service, operation, operation.access[1])
            for service in self.mine()
            for operation in service.operations
            if operation.access is not None and operation.access[0] == question.kind
        ]
        for service, operation, actions in known:
            if question.action in actions:
                return bare(service, operation)
        owners = {service.id: service for service, _, _ in known}
        if len(owners) == 1:
            return bare(next(iter(owners.values())), None)
        if not owners:
            return "no-api-service"
        return "no-operation" if question.may else "subject-not-accepted"

    def of_route(self, question: Question) -> Route | str:
        services = self.mine()
        if "*" in question.services or len(question.services) != 1 or len(services) != 1:
            return "no-api-service"
        [service] = services
        wanted = shape_of_id(question.resource, service)
        candidates = [
            operation
            for operation in service.operations
            if operation.access is None
            and (operation.methods is None or question.action in operation.methods)
            and wanted in [shape_of(template, service) for template in operation.templates]
        ]
        listed = [operation for operation in candidates if operation.methods is not None]
        chosen = listed or candidates
        if len(chosen) > 1 and self.bug != Bug.FIRST_ROUTE:
            return replace(bare(service, None), ambiguous=True)
        return bare(service, chosen[0] if chosen else None)


def bare(service: Service, operation: Operation | None) -> Route:
    """A route of which nothing but its end is known."""
    return Route(service, "", "", "", False, operation, {})


def shape_of(template: Template, service: Service) -> list[str]:
    """Segments with every parameter alike."""
    return [
        literal(part[1], service) if part[0] == "literal" else f"<{part[0] == 'rest'}>"
        for part in folded(template, service)
    ]


def shape_of_id(text: str, service: Service) -> list[str] | None:
    if not text.startswith("/"):
        return None
    pieces = text[1:].split("/")
    found = [piece_shape(piece, index == len(pieces) - 1, service)
             for index, piece in enumerate(pieces)]  # fmt: skip
    if service.same_slash and found[-1] == literal("", service) and "" not in pieces[-2:-1]:
        found.pop()
    return found


def piece_shape(piece: str, is_last: bool, service: Service) -> str:
    if piece == "**" and is_last:
        return "<True>"
    if piece == "*" or (piece[:1] == "{" and piece[-1:] == "}" and is_name(piece[1:-1])):
        return "<False>"
    return literal(piece, service)


def is_name(text: str) -> bool:
    return text != "" and not set(text) & set("{}")


def literal(text: str, service: Service) -> str:
    return f"'{ascii_lower(text) if service.any_case else text}"
