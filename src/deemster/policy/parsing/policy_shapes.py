"""Shapes of policies, guards, rules and references, wherever they stand."""

from __future__ import annotations

from deemster.policy.parsing import forms
from deemster.policy.parsing.denied_reasons import DENIED_REASON
from deemster.policy.parsing.scalars import listed
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.parsing.statements import ATTACH
from deemster.policy.tree import CombiningAlgorithm, RuleEffect

__all__ = [
    "CHILD",
    "COMBINING",
    "EFFECT",
    "GUARD",
    "GUARDS",
    "GUARD_REF",
    "INDETERMINATE",
    "POLICIES",
    "POLICY",
    "POLICY_CHILDREN",
    "POLICY_KEYS",
    "POLICY_REQUIRED",
    "REF",
    "RESPONSE",
    "RULE",
]

COMBINING = forms.Choice(
    {algorithm.value: algorithm for algorithm in CombiningAlgorithm},
    docs={
        "deny-overrides": "one deny is enough; else one permit",
        "permit-overrides": "one permit is enough; else one deny",
        "first-applicable": "the first child that applies decides",
        "only-one-applicable": "the one child that applies decides; more than one is an error",
        "deny-unless-permit": "permit if any child permits, else deny",
        "permit-unless-deny": "deny if any child denies, else permit",
    },
    synonyms={
        "first-match": "first-applicable",
        "default-deny": "deny-unless-permit",
        "default-permit": "permit-unless-deny",
        "allow-overrides": "permit-overrides",
        "unanimous": "deny-overrides",
    },
)
EFFECT = forms.Choice(
    {effect.value: effect for effect in RuleEffect},
    synonyms={
        "allow": "permit",
        "grant": "permit",
        "accept": "permit",
        "block": "deny",
        "reject": "deny",
        "refuse": "deny",
        "forbid": "deny",
    },
)
INDETERMINATE = forms.Choice(
    {"simple": True}, docs={"simple": "any indeterminate child that nothing overrides is an error"}
)
_ID_HELP = "an id of lower-case letters, digits and hyphens, unique among its siblings"
_ID = Key(
    forms.Id(),
    "Names the node, uniquely among its siblings. Decisions, logs and tests name it by the path of"
    " ids.",
    "known-client",
)
_ENABLED = Key(
    forms.Flag(), "`false` makes the node not applicable; it is still checked.", "false", "true"
)
_EXEMPT = Key(
    forms.ListOf(forms.Id()),
    "Operations to which this guard does not apply. A guard that reads `claims` or `user` exempts"
    " every public one by name.",
    "[health]",
)
_DENIED_REASON = Key(
    DENIED_REASON,
    "The author's own words where this node decides a deny.",
    '{code: export.tier, message: "Export needs the gold tier."}',
)
POLICY_KEYS = Keys(
    {
        "target": Key(
            forms.Condition(),
            "Where it does not hold, the policy does not apply.",
            "\"request.method == 'POST'\"",
            "the policy always applies",
        ),
        "combiningAlgorithm": Key(
            COMBINING, "How the outcomes of the children become one.", "deny-overrides"
        ),
        "indeterminate": Key(
            INDETERMINATE,
            "Under `deny-overrides` and `permit-overrides`: `simple` makes any indeterminate child"
            " that nothing overrides an error of the whole, as PingOne has it.",
            "simple",
            "what the child might have been counts",
        ),
        "deniedReason": _DENIED_REASON,
        "attach": ATTACH,
        "rules": Key(
            forms.ListOf(forms.Deferred(lambda: RULE)),
            "The rules. Their order matters under `first-applicable` alone.",
            "[{id: always, effect: permit}]",
        ),
        "children": Key(
            forms.ListOf(forms.Deferred(lambda: CHILD)),
            "Rules and policies together, each as `- rule:`, `- policy:` or `- $ref:`.",
        ),
    }
)
POLICY_REQUIRED = {"combiningAlgorithm": f"one of {listed(COMBINING.options)}"}
POLICY_CHILDREN = (("rules", "children"),)
_ELSEWHERE = {
    "otherwise": "`otherwise` belongs to an operation; a policy or rule has `deniedReason`",
    "policies": "policies within a policy are items of `children`, as `- policy: {...}`",
    "exempt": "only guards are exempted, where `guards` lists them",
    "statements": "statements are declared at the top of the file; a node names them by `attach`",
    "appliesTo": "`appliesTo` belongs to a statement, which is declared at the top of the file",
    "appliesIf": "`appliesIf` belongs to a statement, which is declared at the top of the file",
    "response": "`response` belongs to an operation or to the service",
    "attributes": "attributes belong to the top of the file",
}
POLICY = Shape(
    "a policy",
    Keys({"id": _ID, "enabled": _ENABLED}) | POLICY_KEYS,
    required={"id": _ID_HELP} | POLICY_REQUIRED,
    elsewhere=_ELSEWHERE
    | {
        "when": "a policy applies when its `target` holds; rules have `when`",
        "effect": "rules have an effect, a policy combines those of its rules",
        "imports": "imports belong to the top of the file",
        "schema": "the schema belongs to the top of the file",
        "constants": "constants belong to the top of the file",
        "conditions": "named conditions belong to the top of the file",
    },
    exactly_one=POLICY_CHILDREN,
    doc="Rules, and policies within it, whose outcomes become one.",
)
GUARD = Shape(
    "a guard",
    Keys({"id": _ID, "enabled": _ENABLED, "exempt": _EXEMPT}) | POLICY_KEYS,
    required=POLICY.required,
    elsewhere=POLICY.elsewhere,
    exactly_one=POLICY_CHILDREN,
    doc="A policy that can only refuse.",
)
RULE: Shape = Shape(
    "a rule",
    Keys(
        {
            "id": _ID,
            "enabled": _ENABLED,
            "effect": Key(EFFECT, "What the rule says where its condition holds.", "permit"),
            "when": Key(
                forms.Condition(),
                "The condition. In error it makes the rule indeterminate, never absent.",
                "\"'finance' in user.groups\"",
                "always",
            ),
            "deniedReason": _DENIED_REASON,
            "attach": ATTACH,
        }
    ),
    required={"id": _ID_HELP, "effect": "`permit` or `deny`"},
    elsewhere=_ELSEWHERE
    | {
        "target": "a rule applies when `when` holds; policies have `target`",
        "condition": "a rule's condition is `when`",
        "combiningAlgorithm": "a rule has nothing to combine; put rules into a policy",
        "rules": "rules have no children; put them into a policy",
    },
    doc="A leaf of the policy tree: an effect and when it holds.",
)
_PATH = Key(
    forms.Text("path of a file"),
    "A document of kind Policy, relative to this file.",
    "../policies/high-value-payment.yaml",
)
REF = Shape(
    "a reference",
    Keys({"$ref": _PATH}),
    required={"$ref": None},
    elsewhere=_ELSEWHERE,
    doc="A policy that stands in a file of its own.",
)
GUARD_REF = Shape(
    "a guard's reference",
    Keys({"$ref": _PATH, "exempt": _EXEMPT}),
    required={"$ref": None},
    doc="A guard that stands in a file of its own.",
)
CHILD: Shape = Shape(
    "an item of `children`",
    Keys(
        {
            "policy": Key(POLICY, "A policy."),
            "rule": Key(RULE, "A rule.", "{id: always, effect: permit}"),
            "$ref": _PATH,
        }
    ),
    exactly_one=(("policy", "rule", "$ref"),),
    doc="One child of a policy.",
)
POLICIES = forms.ListOf(forms.OneOf((REF, POLICY)))
GUARDS = forms.ListOf(forms.OneOf((GUARD_REF, GUARD)))
RESPONSE = Shape(
    "`response`",
    Keys(
        {
            "policies": Key(
                GUARDS,
                "Policies that see `response.status`, `response.headers` and the body. Each passes"
                " unless it denies or fails; then the caller gets the deny instead.",
            )
        }
    ),
    required={"policies": "a list of policies, as `guards` has"},
    elsewhere={"guards": "`response` has `policies`: each of them can only refuse"},
    example="response: {policies: [{id: small, combiningAlgorithm: deny-overrides, rules: [...]}]}",
    doc="Policies over what the upstream answered.",
)
