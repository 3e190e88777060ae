"""`allow`: what it may say, and what is refused."""

import pytest

from deemster.policy.tree import AllowAuthenticated, AllowLines, AllowPublic, GroupMatch
from tests.support.policy_texts import findings, operation, with_operation


@pytest.mark.parametrize(
    ("snippet", "kind"),
    [("allow: public", AllowPublic), ('allow: "authenticated"', AllowAuthenticated),
     ("allow: {when: x}", AllowLines)],
)  # fmt: skip
def test_allow_is_public_authenticated_or_lines(snippet: str, kind: type) -> None:
    assert isinstance(operation(snippet).allow, kind)


@pytest.mark.parametrize("match", list(GroupMatch))
def test_groups_say_how_they_are_compared(match: GroupMatch) -> None:
    allow = operation(f"allow: {{groups: {{any: [a], match: {match.value}}}}}").allow
    assert isinstance(allow, AllowLines)
    assert allow.groups is not None
    assert allow.groups.match is match


def test_any_and_all_may_stand_together() -> None:
    allow = operation("allow: {scopes: {any: [a, b], all: [c]}}").allow
    assert isinstance(allow, AllowLines)
    assert allow.scopes is not None
    assert [name.value for name in allow.scopes.any_of] == ["a", "b"]
    assert [name.value for name in allow.scopes.all_of] == ["c"]


@pytest.mark.parametrize(
    ("snippet", "expected"),
    [
        ("allow: {}", "empty-list: `allow` has no lines"),
        ("allow:", "bad-value: `allow` cannot be nothing"),
        ("allow: everyone", "bad-value: `allow` cannot be `everyone`"),
        ("allow: true", "bad-value: `allow` cannot be `true`"),
        ("allow: [public]", "bad-value: `allow` cannot be a list"),
        ("allow: {public: true}", "unknown-allow-line: `public` is not a line of `allow`"),
        ("allow: {scope: {any: [a]}}", "unknown-allow-line: `scope` is not a line of `allow`"),
        ("allow: {acr: [mfa]}", "unknown-allow-line: `acr` is not a line of `allow`"),
        ("allow: {scopes: [a]}", "wrong-type: `scopes` must be a mapping, found a list"),
        ("allow: {scopes: {}}", "empty-list: `scopes` names nothing"),
        ("allow: {scopes: {any: []}}", "empty-list: `any` is empty"),
        ("allow: {scopes: {any: [a], all: []}}", "empty-list: `all` is empty"),
        ("allow: {scopes: {any: [a, a]}}", "duplicate-item: `a` is in `any` twice"),
        ("allow: {scopes: {any: [a], match: exact}}",
         "unknown-key: `match` is not a key of `scopes`"),
        ("allow: {groups: {match: exact}}", "empty-list: `groups` names nothing"),
        ("allow: {groups: {any: [a], match: regex}}",
         "bad-value: `regex` is not a value of `match`"),
        ("allow: {permissions: {any: [[a]]}}",
         "wrong-type: an item of `any` must be text, found a list"),
        ("allow: {authentication: {}}", "empty-list: `authentication` asks for nothing"),
        ("allow: {authentication: {acr: []}}", "empty-list: `acr` is empty"),
        ("allow: {authentication: {maxAge: 5}}",
         "wrong-type: `maxAge` must be a duration, found `5`"),
        ("allow: {authentication: {maxAge: 1500ms}}", "bad-value: `maxAge` must be whole seconds"),
        ("allow: {when: a == b}", "unquoted-expression: the expression `a == b` is not quoted"),
    ],
)  # fmt: skip
def test_what_grants_nothing_clear_is_refused(snippet: str, expected: str) -> None:
    assert findings(with_operation(snippet)) == [expected]


def test_max_age_is_whole_seconds() -> None:
    allow = operation("allow: {authentication: {maxAge: 1000ms}}").allow
    assert isinstance(allow, AllowLines)
    assert (allow.acr, allow.max_age) == (None, 1)
