"""Slips that would make a case pass or fail for another reason than its author thinks: warnings.

A token may hold any claim and a directory any attribute, so nothing is refused here. But a name
that nobody reads and that looks like one that is read is most likely that one, misspelt.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping

from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.parsing.fields import Fields
from deemster.policy.reading.nodes import MappingNode, ScalarNode
from deemster.policytest.cases import SuiteUser
from deemster.policytest.subject import SuiteSubject

__all__ = ["warn_of_near_misses"]

_LIKENESS = 0.8
"""How much of two names is the same, by difflib, before one is taken for the other."""


def warn_of_near_misses(
    suite: Fields, users: Mapping[str, SuiteUser], subject: SuiteSubject
) -> None:
    """Of `tokens` and `users`: users who are not there, claims and attributes that nobody reads."""
    for claims in _mappings(suite, "tokens"):
        for name, value in claims.entries:
            if name.text == "sub" and subject.internal and isinstance(value, ScalarNode):
                _warn_of_user(suite, value, users)
            _warn_of_name(suite, name, subject.claims, "no policy reads a claim")
    for user in _mappings(suite, "users"):
        attributes = user.get("attributes")
        for name, _ in attributes.entries if isinstance(attributes, MappingNode) else ():
            _warn_of_name(suite, name, subject.user_attributes, "no policy reads an attribute")


def _mappings(suite: Fields, key: str) -> Iterator[MappingNode]:
    written = suite.node_of(key)
    for _, value in written.entries if isinstance(written, MappingNode) else ():
        if isinstance(value, MappingNode):
            yield value


def _warn_of_user(suite: Fields, sub: ScalarNode, users: Mapping[str, SuiteUser]) -> None:
    near = did_you_mean(sub.text, users) if sub.text not in users else None
    if near is not None:
        suite.sink.warning(
            Code.TEST_SUITE, f"there is no user `{sub.text}` in `users`", sub.span, help=near
        )


def _warn_of_name(suite: Fields, name: ScalarNode, known: Collection[str], told: str) -> None:
    if name.text in known:
        return
    near = difflib.get_close_matches(name.text, known, n=1, cutoff=_LIKENESS)
    if near:
        suite.sink.warning(
            Code.TEST_SUITE,
            f"{told} `{name.text}`",
            name.span,
            help=f"did you mean `{near[0]}`?",
        )
