"""Policies, rules, guards and references, wherever they stand."""

import pytest

from tests.support.policy_texts import HEADER, findings, with_operation

ALGORITHM = "combiningAlgorithm: deny-overrides"
RULE = "rules: [{id: r, effect: deny}]"
DOCUMENT = HEADER.format(kind="Policy")
LATER = "unsupported-yet: `{}` is not supported yet: {}"


def policy(inside: str) -> str:
    return with_operation(f"policies: [{{id: p, {inside}}}]")


def rule(inside: str) -> str:
    return policy(f"{ALGORITHM}, rules: [{{{inside}}}]")


def guard(inside: str) -> str:
    return with_operation(f"allow: public\nguards: [{inside}]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (policy(RULE), "missing-key: a policy needs `combiningAlgorithm`"),
        (policy(f"combiningAlgorithm: deny-override, {RULE}"),
         "bad-value: `deny-override` is not a value of `combiningAlgorithm`"),
        (policy(ALGORITHM), "missing-key: a policy needs `rules` or `children`"),
        (policy(f"{ALGORITHM}, rules: []"), "empty-list: `rules` is empty"),
        (policy(f"{ALGORITHM}, children: []"), "empty-list: `children` is empty"),
        (policy(f"{ALGORITHM}, {RULE}, children: [{{$ref: a}}]"),
         "bad-value: a policy has `rules` or `children`, not both"),
        (policy(f"{ALGORITHM}, {RULE}, when: x"), "unknown-key: `when` is not a key of a policy"),
        (policy(f"{ALGORITHM}, {RULE}, exempt: [a]"),
         "unknown-key: `exempt` is not a key of a policy"),
        (policy(f"{ALGORITHM}, {RULE}, enabled: no"),
         "wrong-type: `enabled` must be `true` or `false`, found `no`"),
        (policy(f"{ALGORITHM}, {RULE}, target: a b"),
         "unquoted-expression: the expression `a b` is not quoted"),
        (policy(f"{ALGORITHM}, {RULE}, indeterminate: extended"),
         "bad-value: `extended` is not a value of `indeterminate`"),
        (policy(f"combiningAlgorithm: first-applicable, {RULE}, indeterminate: simple"),
         "bad-value: `indeterminate: simple` says nothing under `first-applicable`"),
        (policy(f"{ALGORITHM}, {RULE}, attach: []"), "empty-list: `attach` is empty"),
        (policy(f"{ALGORITHM}, {RULE}, attach: [a, a]"),
         "duplicate-item: `a` is in `attach` twice"),
        (policy(f"{ALGORITHM}, {RULE}, attach: [a.b.c]"),
         "bad-id: `a.b.c` cannot name a statement"),
        (with_operation(f"policies: [{{{ALGORITHM}, {RULE}}}]"),
         "missing-key: a policy needs `id`"),
        (with_operation("policies: [a.yaml]"),
         "wrong-type: a policy must be a mapping, found `a.yaml`"),
        (with_operation("policies: [{$ref: a.yaml, exempt: [b]}]"),
         "unknown-key: `exempt` is not a key of a reference"),
        (with_operation("policies: [{$ref: a.yaml, id: b}]"),
         "unknown-key: `id` is not a key of a reference"),
        (with_operation("policies: [{$ref: }]"),
         "wrong-type: `$ref` must be text, found nothing"),
        (rule("effect: deny"), "missing-key: a rule needs `id`"),
        (rule("id: r"), "missing-key: a rule needs `effect`"),
        (rule("id: r, effect: allow"), "bad-value: `allow` is not a value of `effect`"),
        (rule("id: r, effect: Permit"), "bad-value: `Permit` is not a value of `effect`"),
        (rule("id: r, effect: deny, target: x"), "unknown-key: `target` is not a key of a rule"),
        (rule("id: r, effect: deny, wehn: x"), "unknown-key: `wehn` is not a key of a rule"),
        (rule("id: r, effect: deny, appliesTo: deny"),
         "unknown-key: `appliesTo` is not a key of a rule"),
        (rule("id: r, effect: deny, deniedReason: x"),
         "wrong-type: `deniedReason` must be a mapping, found `x`"),
        (rule("id: r, effect: deny, deniedReason: {code: a}"),
         "missing-key: `deniedReason` needs `message`"),
        (rule("id: r, effect: deny, deniedReason: {code: a, message: b, status: 500}"),
         "bad-value: a deny cannot have status `500`"),
        (rule("id: r, effect: deny}, {id: r, effect: deny"),
         "duplicate-id: the id `r` is used twice among siblings"),
        (policy(f"{ALGORITHM}, children: [{{rule: {{id: r, effect: deny}}, $ref: a}}]"),
         "bad-value: an item of `children` is one of `policy`, `rule` and `$ref`"),
        (policy(f"{ALGORITHM}, children: [{{}}]"),
         "bad-value: an item of `children` is one of `policy`, `rule` and `$ref`"),
        (policy(f"{ALGORITHM}, children: [{{id: r, effect: deny}}]"),
         "unknown-key: `effect` is not a key of an item of `children`"),
        (policy(f"{ALGORITHM}, children: [{{policy: {{id: q, {RULE}}}}}]"),
         "missing-key: a policy needs `combiningAlgorithm`"),
        (guard(f"{{id: g, {ALGORITHM}, {RULE}, exempt: []}}"), "empty-list: `exempt` is empty"),
        (guard("{$ref: a.yaml, exempt: [B]}"), "bad-id: `B` cannot be an id"),
        (guard(f"{{id: g, {ALGORITHM}, {RULE}}}, {{id: g, {ALGORITHM}, {RULE}}}"),
         "duplicate-id: the id `g` is used twice among siblings"),
        (f"{DOCUMENT}{ALGORITHM}\n{RULE}\nid: p\n", "unknown-key: `id` is not a key of a Policy"),
        (f"{DOCUMENT}{ALGORITHM}\n{RULE}\nenabled: false\n",
         "unknown-key: `enabled` is not a key of a Policy"),
        (f"{DOCUMENT}{RULE}\n", "missing-key: a Policy needs `combiningAlgorithm`"),
    ],
)  # fmt: skip
def test_what_is_no_policy_is_refused(text: str, expected: str) -> None:
    found = findings(text)
    assert expected in found
    assert len(found) <= 2


def test_children_of_all_kinds_are_siblings() -> None:
    text = policy(
        f"{ALGORITHM}, children: [{{rule: {{id: a, effect: deny}}}}, "
        f"{{policy: {{id: a, {ALGORITHM}, {RULE}}}}}]"
    )
    assert findings(text) == ["duplicate-id: the id `a` is used twice among siblings"]


def test_ids_of_different_parents_do_not_collide() -> None:
    text = policy(
        f"{ALGORITHM}, children: [{{rule: {{id: p, effect: deny}}}}, "
        f"{{policy: {{id: q, {ALGORITHM}, rules: [{{id: p, effect: deny}}]}}}}]"
    )
    assert findings(text) == []
