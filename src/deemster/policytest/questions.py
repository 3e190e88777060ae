"""A case's question of AuthZEN as the decision point takes it."""

from __future__ import annotations

from deemster.decisions.questions import Question
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.identity import Credential
from deemster.policytest.cases import AccessRecipe

__all__ = ["question_of"]


def question_of(recipe: AccessRecipe, token: str | None) -> Question:
    """`token`: a bearer token that comes along with the subject."""
    request = AccessRequest(
        subject=Subject(recipe.subject.type, recipe.subject.id, recipe.subject.properties),
        action=Action(recipe.action, recipe.action_properties),
        resource=Resource(recipe.resource.type, recipe.resource.id, recipe.resource.properties),
        context=recipe.surroundings,
    )
    return Question(request, Credential("bearer", token) if token is not None else None)
