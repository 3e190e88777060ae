"""What a record needs so that it can be decided again: by allow-list, and what is not there named.

Whoever decides again must know of each value whether it was not there or is not told: what was
there and is not recorded stands in `masked`, by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from deemster.decisionlog.digests import Digests, source_call_text
from deemster.decisionlog.redaction import query_parts
from deemster.decisionlog.redaction_rules import Redactions
from deemster.model.attributes import AttributeAnswer, AttributeFetch, FetchFailed, HttpCall, Origin
from deemster.model.evidence import Evidence
from deemster.model.http import ApiCall, Headers, Phase
from deemster.model.identity import NotFetched, UserContext, VerifiedClaims

__all__ = [
    "MOST_OCTETS",
    "AnswerV1",
    "ReplayRules",
    "ReplayV1",
    "TokenFactsV1",
    "UserFactsV1",
    "replayable",
]

MOST_OCTETS = 16 * 1024
"""Of the whole member; a larger one is left out, and says so."""

_MOST_NAMES = 128
_LONGEST_NAME = 256
_EVERYTHING = "*"
_ALWAYS = frozenset(
    {
        "access-control-request-method",
        "content-length",
        "content-type",
        "origin",
        "transfer-encoding",
    }
)
"""Header fields that route a call or frame its body, and say nothing of anybody."""


class TokenFactsV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of an accepted token: `claims` that the settings allow, and what is derived from others."""

    scopes: tuple[str, ...] = ()
    permissions: tuple[str, ...] | None = None
    user_id: str | None = None
    asserted: bool = False
    claims: dict[str, object] = {}


class UserFactsV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """The directory's user. A part is its value, null where it was not fetched, or in `failed`."""

    id: str
    groups: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    attributes: dict[str, object] | None = None
    failed: dict[str, str] = {}


class AnswerV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a source said. `call` is a digest of what it was asked, `source` what asked it.

    `failed` says why there is no `document`.
    """

    attribute: str
    source: str
    call: str
    document: object = None
    failed: str | None = None


class ReplayV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """The member `replay` of a record. `now`: the decision's instant, epoch seconds.

    `left_out` says why there is nothing else. `has`: what was there and is never recorded.
    """

    now: float = 0.0
    phase: str = "request"
    provider: str | None = None
    audience: str | None = None
    refusal: str | None = None
    token: TokenFactsV1 | None = None
    user: UserFactsV1 | None = None
    answers: tuple[AnswerV1, ...] = ()
    headers: dict[str, tuple[str, ...]] = {}
    query: dict[str, tuple[str, ...]] = {}
    subject_type: str | None = None
    subject_id: str | None = None
    possible: tuple[str, ...] = ()
    salted: bool = False
    has: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    left_out: str | None = None


@dataclass(frozen=True, slots=True)
class ReplayRules:
    """Names that may be recorded with their values. `user`: `groups`, `roles`, `attributes.x`.

    `attributes` are names of policy attributes, all of them where it holds `*`.
    """

    claims: frozenset[str]
    headers: frozenset[str]
    query: frozenset[str]
    user: frozenset[str]
    attributes: frozenset[str]


def replayable(
    evidence: Evidence,
    token: VerifiedClaims | None,
    asked: ApiCall,
    rules: ReplayRules,
    digests: Digests,
    redactions: Redactions | None = None,
) -> ReplayV1:
    """The member. `asked` is what the gateway asked; nothing is told that `redactions` take out."""
    masked: list[str] = []
    call = evidence.call
    refusal = call.refusal
    question = asked.question
    made = ReplayV1(
        now=evidence.now,
        phase="question" if question is not None else call.phase.value,
        provider=evidence.provider,
        audience=evidence.audience,
        refusal=None if refusal is None else refusal.value,
        token=None if token is None else _token(token, rules, masked, redactions),
        user=None if evidence.user is None else _user(evidence.user, rules, masked, redactions),
        answers=tuple(_answers(evidence.answers, rules, masked, digests)),
        headers=_headers(call.headers, rules, masked),
        query=_query(call.url or asked.url, rules, masked),
        subject_type=None if question is None else question.subject.type,
        subject_id=None if question is None else _subject(question.subject.id, redactions),
        possible=tuple(sorted(call.possible)) if isinstance(call.possible, frozenset) else (),
        salted=digests.salted,
        has=tuple(_there(call, asked)),
        masked=tuple(_bounded(masked)),
    )
    try:
        size = len(msgspec.json.encode(made))
    except (UnicodeEncodeError, OverflowError, TypeError, ValueError, RecursionError):
        return ReplayV1(left_out="a value that is no JSON")
    if size > MOST_OCTETS:
        return ReplayV1(left_out=f"larger than {MOST_OCTETS // 1024} KiB")
    return made


def _token(
    token: VerifiedClaims, rules: ReplayRules, masked: list[str], redactions: Redactions | None
) -> TokenFactsV1:
    allowed, user_id = rules.claims, token.user_id
    if redactions is not None:
        allowed -= redactions.withheld_claims
        user_id = None if user_id is None else redactions.user_id(user_id)
    return TokenFactsV1(
        scopes=tuple(sorted(token.scopes)),
        permissions=None if token.permissions is None else tuple(sorted(token.permissions)),
        user_id=user_id,
        asserted=token.asserted,
        claims=_allowed(token.claims, allowed, "claims.", masked),
    )


def _user(
    user: UserContext, rules: ReplayRules, masked: list[str], redactions: Redactions | None
) -> UserFactsV1:
    failed: dict[str, str] = {}
    attributes: dict[str, object] | None = None
    if isinstance(user.attributes, Exception):
        failed["attributes"] = _why(user.attributes)
    elif not isinstance(user.attributes, NotFetched):
        allowed = frozenset(
            [name.removeprefix(_OF_USER) for name in rules.user if name.startswith(_OF_USER)]
        )
        attributes = _allowed(user.attributes, allowed, "user.attributes.", masked)
    return UserFactsV1(
        id=_subject(user.id, redactions),
        groups=_names(user.groups, "groups", rules, failed, masked),
        roles=_names(user.roles, "roles", rules, failed, masked),
        attributes=attributes,
        failed=failed,
    )


def _subject(id: str, redactions: Redactions | None) -> str:
    return id if redactions is None else redactions.user_id(id)


_OF_USER = "attributes."


def _names(
    part: frozenset[str] | NotFetched | Exception,
    name: str,
    rules: ReplayRules,
    failed: dict[str, str],
    masked: list[str],
) -> tuple[str, ...] | None:
    if isinstance(part, Exception):
        failed[name] = _why(part)
        return None
    if isinstance(part, NotFetched):
        return None
    if name not in rules.user:
        masked.append(f"user.{name}")
        return None
    return tuple(sorted(part))


def _answers(
    answers: Mapping[AttributeFetch, AttributeAnswer],
    rules: ReplayRules,
    masked: list[str],
    digests: Digests,
) -> Iterator[AnswerV1]:
    for fetch, answer in answers.items():
        name = fetch.attribute.rpartition("#")[2]
        if name not in rules.attributes and _EVERYTHING not in rules.attributes:
            masked.append(f"attributes.{fetch.attribute}")
            continue
        source = fetch.call.service if isinstance(fetch.call, HttpCall) else fetch.call.query
        asked = digests.of(source_call_text(fetch.call))
        if isinstance(answer, FetchFailed):
            yield AnswerV1(fetch.attribute, source, asked, failed=answer.detail)
        elif answer.is_value or answer.origin is Origin.GIVEN:
            masked.append(f"attributes.{fetch.attribute}")
        else:
            yield AnswerV1(fetch.attribute, source, asked, answer.document)


def _headers(headers: Headers, rules: ReplayRules, masked: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, values in headers.by_name().items() if headers.pairs else ():
        if name in rules.headers or name in _ALWAYS:
            found[name] = values
        else:
            masked.append(f"headers.{name}")
    return found


def _query(url: str, rules: ReplayRules, masked: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, written in query_parts(url):
        if written is None:
            masked.append("query.*")
        elif name in rules.query:
            found[name] = (*found.get(name, ()), written)
        else:
            masked.append(f"query.{name}")
    return found


def _there(call: ApiCall, asked: ApiCall) -> Iterator[str]:
    if call.body is not None:
        yield "body"
    if call.certificate is not None:
        yield "certificate"
    if call.phase is Phase.RESPONSE:
        yield "response"
    question = asked.question
    if question is not None:
        if call.url:
            yield "call"
        parts = {
            "subject.properties": question.subject.properties,
            "action.properties": question.action.properties,
            "resource.properties": question.resource.properties,
            "context": question.context,
        }
        yield from [name for name, held in parts.items() if held]


def _allowed(
    values: Mapping[str, object], allowed: frozenset[str], prefix: str, masked: list[str]
) -> dict[str, object]:
    masked += [prefix + name for name in values if name not in allowed]
    return {name: value for name, value in values.items() if name in allowed}


def _bounded(names: Iterable[str]) -> Iterator[str]:
    """What cannot be named in so many words is named by its kind: nothing of it is known then."""
    seen: set[str] = set()
    kinds: set[str] = set()
    for name in names:
        kind = name.partition(".")[0] + ".*"
        if kind in kinds or name in seen:
            continue
        if len(seen) >= _MOST_NAMES or len(name) > _LONGEST_NAME:
            kinds.add(kind)
            continue
        seen.add(name)
        yield name
    yield from sorted(kinds - seen)


def _why(failure: Exception) -> str:
    # Its type alone: what an exception says may hold what a directory said.
    return type(failure).__name__
