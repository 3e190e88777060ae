"""Codes of what services, grants, guards and policies mean."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Severity
from deemster.policy.explanations.explanation import Explanation

__all__ = ["POLICIES", "SERVICES"]

_WARNING = (Severity.WARNING,)

SERVICES: Mapping[Code, Explanation] = {
    Code.UNKNOWN_SCOPE_LINE: Explanation(
        "a line that `allow` does not have",
        "The lines are `scopes`, `groups`, `permissions`, `when` and `authentication`; each must "
        "hold. A misspelt line would be a requirement that is silently not there.",
    ),
    Code.BASIC_RULE_EXTERNAL: Explanation(
        "a basic rule on a service with an external token provider",
        "The gateway has verified the token of an external provider, and its users are not known "
        "here, so `scopes`, `groups`, `permissions` and `authentication` have nothing to stand "
        "on. Write a condition over the claims that the provider sets.",
    ),
    Code.USER_EXTERNAL: Explanation(
        "`user` on a service with an external token provider",
        "Only users of an internal provider are looked up in a directory. Read a claim instead.",
    ),
    Code.AUDIENCE_EXTERNAL: Explanation(
        "an `audience` where claims are asserted by a gateway",
        "The gateway has verified the token, and nothing is compared with an audience here. To "
        "write one would promise a check that nobody makes.",
    ),
    Code.AUDIENCE_MISSING: Explanation(
        "a service without an `audience`",
        "Tokens for other services would be accepted. Write the value of the `aud` claim that "
        "tokens for this service carry.",
    ),
    Code.IDENTITY_ON_PUBLIC: Explanation(
        "`claims` or `user` in a policy of a public operation",
        "No credential is read on a public operation, so there is nobody to ask about.",
    ),
    Code.GUARD_EXEMPT: Explanation(
        "a guard and `exempt` that do not fit each other",
        "A guard that names `claims` or `user` cannot judge public operations, where no "
        "credential is read. It must say so by `exempt: [...]`, so that the gap is seen in the "
        "file and in the diff that makes it.",
    ),
    Code.UNKNOWN_PERMISSION: Explanation(
        "a permission that no application of the service has",
        "A permission's key is `resource:action` as an Application declares it; a service names "
        "the applications it belongs to under `service.applications`.",
    ),
    Code.UNKNOWN_APPLICATION: Explanation(
        "an application that is not in the tree",
        "It is declared by a document with `kind: Application`.",
    ),
    Code.UNKNOWN_PROVIDER: Explanation(
        "a token provider that the settings do not have, or have with another type",
        "A service's tokens could not be verified. Without `--config` this is not compared.",
    ),
    Code.NAME_ELSEWHERE: Explanation(
        "a name that this kind of question does not have",
        "HTTP calls have `request`, `params` and `claims`; AuthZEN questions have `subject`, "
        "`action`, `resource` and `context`. A policy that both kinds of operations use may name "
        "only what both have.",
    ),
    Code.NOT_FOR_AUTHZEN: Explanation(
        "something that has no meaning for AuthZEN questions",
        "Their subject is named by the gateway, without a token and without a path: there are no "
        "scopes and no authentication to ask about, and nothing is public.",
    ),
    Code.ACCESS_TWICE: Explanation(
        "a pair of resource type and action that two operations answer",
        "The pair belongs to one operation in the whole tree.",
    ),
    Code.UNKNOWN_OPERATION: Explanation(
        "an id that is none of the service's operations",
        "`exempt` and `alsoCovers` list operations of the same service by their ids.",
    ),
    Code.NO_GRANT: Explanation(
        "an operation with neither `allow` nor `policies`",
        "Nobody could call it. Say who may: `allow: authenticated`, lines such as `scopes`, or "
        "policies.",
    ),
    Code.UNMATCHED_GUARDS: Explanation(
        "a service whose guards permit calls that no operation matches",
        "`unmatched: guards` is for migrating a tree whose policies stood on the service. As long "
        "as it stands, a call that nobody thought of is permitted where the guards permit.",
        _WARNING,
    ),
    Code.AMBIGUOUS_ROLE: Explanation(
        "a role that several applications have",
        "Its bare name grants nothing, because it could mean either. Directories and tests write "
        "`application/role`.",
        (Severity.HINT,),
    ),
    Code.UNTESTED_SERVICE: Explanation(
        "an API service without tests",
        "No PolicyTest names it, so nothing shows that it permits and denies what it should, and "
        "nothing breaks when a change alters that.",
        _WARNING,
    ),
    Code.UNTESTED_OPERATION: Explanation(
        "operations that no test case asks for",
        "A change to them would alter decisions unseen. `deemster test` measures what of the "
        "others the cases reach.",
        (Severity.HINT,),
    ),
    Code.SETTING: Explanation(
        "a setting that cannot be used",
        "Settings are checked as strictly as policies; the finding says what may stand there.",
        (Severity.ERROR, Severity.WARNING),
    ),
    Code.TEST_SUITE: Explanation(
        "a test suite that cannot be used, or looks mistaken",
        "Suites are checked with the tree that they test.",
        (Severity.ERROR, Severity.WARNING),
    ),
}

POLICIES: Mapping[Code, Explanation] = {
    Code.FAIL_OPEN_COMBINING: Explanation(
        "`permit-unless-deny` over a deny that may be in error",
        "`permit-unless-deny` permits whatever is not denied, an error included: an absent claim "
        "or an attribute that could not be fetched opens the door. Use `deny-overrides` with a "
        "permit rule, or make the condition safe by `has()`. Where it is meant, suppress it for "
        "this one policy, with the reason.",
    ),
    Code.DISABLED_GUARD: Explanation(
        "a guard that is disabled",
        "It refuses nothing while it looks as if it did.",
        _WARNING,
    ),
    Code.GUARD_REFUSES_NOTHING: Explanation(
        "a guard that can never deny",
        "A guard passes whatever it does not deny: permit rules alone, however narrow, let every "
        "call pass. Write what it refuses as deny rules, or use `deny-unless-permit`.",
        _WARNING,
    ),
    Code.NEVER_PERMITS: Explanation(
        "an operation whose policies can never permit",
        "An operation is permitted only if its `policies` come to a permit, and these cannot: "
        "there is no permit among them, or something denies whenever one of them permits. Deny "
        "rules alone do not let the others through; add what permits.",
        _WARNING,
    ),
    Code.UNREACHABLE_RULE: Explanation(
        "a rule or policy that is never reached",
        "Under `first-applicable` the first child that applies decides. One above this one "
        "applies to every call that this one could apply to.",
        _WARNING,
    ),
    Code.NO_CONSEQUENCE: Explanation(
        "a rule whose effect changes nothing",
        "Whatever the other rules come to, the outcome is the same with the rule's effect and "
        "without it: for example a permit under a guard, which passes what is not denied, or a "
        "deny under `deny-unless-permit`, which denies anyway. Its author most likely expected "
        "another combining algorithm.",
        _WARNING,
    ),
    Code.DUPLICATE_RULE: Explanation(
        "a rule that says what another one says",
        "Siblings with the same effect and the same condition. One of them was most likely meant "
        "to be something else.",
        _WARNING,
    ),
    Code.UNUSED_IMPORT: Explanation(
        "an import that nothing in the file uses",
        "Remove it, so that readers do not look for what it brings.",
        _WARNING,
    ),
    Code.UNUSED_POLICY: Explanation(
        "a policy that no API service uses",
        "It decides nothing, while whoever wrote it may believe it in force. Use it by `$ref`, or "
        "remove it.",
        _WARNING,
    ),
    Code.UNUSED_NAME: Explanation(
        "a constant, condition or other name that nothing uses",
        "A condition that nobody uses may be a check that somebody forgot to make. In a Library, "
        "which may hold a stock for later, this is a hint.",
        (Severity.WARNING, Severity.HINT),
    ),
    Code.LIKELY_TYPO: Explanation(
        "a name that is written once, and resembles one that is written elsewhere",
        "Scopes, groups, authentication classes and permissions are free text that nothing "
        "declares, so a typing error is no error: nobody ever has the misspelt scope, and a deny "
        "for a misspelt group refuses nobody. If the name is right, suppress the finding.",
        _WARNING,
    ),
}
