"""Guards: which operations each judges, who is exempt, and guards that refuse nothing."""

import pytest

from tests.support.policy_texts import indented
from tests.support.policy_trees import (
    a_library,
    a_policy,
    a_service,
    an_operation,
    findings_of,
    loaded,
    marked,
    resolved_operation,
    told,
)

PUBLIC = an_operation("allow: public", id="health", path="/health")
BOTH = PUBLIC + (
    "  - id: read\n    match: {methods: [GET], path: /items}\n    allow: authenticated\n"
)
FROM_OFFICE = "{id: office, effect: permit, when: \"request.ip.inCidr('10.0.0.0/8')\"}"
NO_INTERNS = "{id: interns, effect: deny, when: \"'interns' in user.groups\"}"


def a_guard(rule: str, *keys: str, combining: str = "deny-unless-permit", id: str = "g") -> str:
    """One item of `guards:`; `keys` are further lines of it."""
    more = "".join(f"    {key}\n" for key in keys)
    return f"  - id: {id}\n{more}    combiningAlgorithm: {combining}\n    rules: [{rule}]\n"


def guarded(*guards: str, operations: str = BOTH) -> str:
    return "guards:\n" + "".join(guards) + operations


def guards_of(operation: str, text: str) -> list[str]:
    return [
        guard.name for guard in resolved_operation(loaded({"a.yaml": text}), operation).guards
    ]  # fmt: skip


def test_a_guard_that_reads_the_request_alone_judges_every_operation() -> None:
    text = a_service(guarded(a_guard(FROM_OFFICE)))
    assert guards_of("health", text) == ["g"]
    assert guards_of("read", text) == ["g"]


def test_a_guard_judges_all_but_the_public_operations_it_exempts() -> None:
    text = a_service(
        guarded(
            a_guard(NO_INTERNS, "exempt: [health]", combining="deny-overrides"),
            a_guard(FROM_OFFICE, id="office"),
        )
    )
    assert guards_of("health", text) == ["office"]
    assert guards_of("read", text) == ["g", "office"]


def test_exempting_one_public_operation_exempts_no_other() -> None:
    ping = "  - id: ping\n    match: {methods: [GET], path: /ping}\n    allow: public\n"
    text = a_service(guarded(a_guard(FROM_OFFICE, "exempt: [health]"), operations=BOTH + ping))
    assert guards_of("health", text) == []
    assert guards_of("ping", text) == ["g"]


def test_guards_of_the_service_come_before_those_of_the_operation() -> None:
    own = "allow: authenticated\nguards:\n" + a_guard(FROM_OFFICE, id="own")
    text = a_service(guarded(a_guard(FROM_OFFICE), operations=an_operation(own)))
    assert guards_of("read", text) == ["g", "own"]


READS = {
    "a claim": ("", "{id: a, effect: deny, when: \"claims.sub == 'x'\"}"),
    "whether a claim is there": ("", '{id: a, effect: deny, when: "has(claims.sub)"}'),
    "the user": ("", '{id: a, effect: deny, when: "has(user)"}'),
    "groups": ("", NO_INTERNS),
    "a named condition": (
        "conditions: {own: \"claims.sub == 'x'\", twice: own}\n",
        "{id: a, effect: deny, when: twice}",
    ),
    "a library's condition": (
        "imports: {std: lib.yaml}\n",
        "{id: a, effect: deny, when: {any: [std.own, \"request.method == 'GET'\"]}}",
    ),
}
LIBRARY = a_library("conditions: {own: \"claims.sub == 'x'\"}\n")


@pytest.mark.parametrize("reads", READS)
def test_a_guard_that_names_an_identity_must_exempt_public_operations(reads: str) -> None:
    declarations, rule = READS[reads]
    guard = a_guard(rule, combining="deny-overrides")
    files = {"a.yaml": a_service(declarations + guarded(guard)), "lib.yaml": LIBRARY}
    (finding,) = [item for item in findings_of(files) if item.code == "guard-exempt"]
    assert finding.message.endswith("so it cannot judge the public operation `health`")
    assert finding.help == "say so by `exempt: [health]`"
    assert marked(files, finding.span) == "g"
    mended = guarded(a_guard(rule, "exempt: [health]", combining="deny-overrides"))
    assert guards_of_files("health", {**files, "a.yaml": a_service(declarations + mended)}) == []


def test_a_target_counts_as_much_as_a_rule() -> None:
    guard = a_guard(FROM_OFFICE, 'target: "has(claims.sub)"')
    assert [item.partition(":")[0] for item in told({"a.yaml": a_service(guarded(guard))})] == [
        "guard-exempt"
    ]


def test_what_is_missing_is_asked_for_beside_what_is_there() -> None:
    third = "  - id: ping\n    match: {methods: [GET], path: /ping}\n    allow: public\n"
    guard = a_guard(NO_INTERNS, "exempt: [ping]", combining="deny-overrides")
    (finding,) = findings_of({"a.yaml": a_service(guarded(guard, operations=BOTH + third))})
    assert finding.help == "say so by `exempt: [ping, health]`"


def test_exempt_on_a_reference_is_told_at_the_reference() -> None:
    policy = a_policy(f"combiningAlgorithm: deny-overrides\nrules: [{NO_INTERNS}]\n")
    files = {"a.yaml": a_service(guarded("  - $ref: p.yaml\n")), "p.yaml": policy}
    (finding,) = findings_of(files)
    assert (finding.span.file, marked(files, finding.span)) == ("a.yaml", "p.yaml")
    assert [note.span.file for note in finding.notes if note.span] == ["p.yaml", "a.yaml"]
    files["a.yaml"] = a_service(guarded("  - $ref: p.yaml\n    exempt: [health]\n"))
    assert told(files) == []
    assert guards_of_files("health", files) == []
    assert guards_of_files("read", files) == ["shared"]


def guards_of_files(operation: str, files: dict[str, str]) -> list[str]:
    return [guard.name for guard in resolved_operation(loaded(files), operation).guards]


def test_one_reference_may_exempt_where_another_does_not() -> None:
    policy = a_policy(f"combiningAlgorithm: deny-overrides\nrules: [{NO_INTERNS}]\n")
    mall = a_service(
        "guards: [{$ref: p.yaml}]\n" + an_operation(id="browse"),
        id="mall",
        url="https://mall.example.com",
    )
    files = {
        "a.yaml": a_service(guarded("  - $ref: p.yaml\n    exempt: [health]\n")),
        "mall.yaml": mall,
        "p.yaml": policy,
    }
    assert guards_of_files("health", files) == []
    assert guards_of_files("browse", files) == ["shared"]


def test_only_public_operations_can_be_exempt() -> None:
    guard = a_guard(NO_INTERNS, "exempt: [health, read]", combining="deny-overrides")
    assert told({"a.yaml": a_service(guarded(guard))}) == [
        "guard-exempt: operation `read` is not public, so no guard can exempt it"
    ]


def test_a_misspelt_operation_is_told_and_nothing_that_follows_from_it() -> None:
    guard = a_guard(NO_INTERNS, "exempt: [helth]", combining="deny-overrides")
    (finding,) = findings_of({"a.yaml": a_service(guarded(guard))})
    assert finding.message == "service `shop` has no operation `helth`"
    assert finding.help == "did you mean `health`?"


def test_nothing_is_exempt_from_a_guard_of_one_operation() -> None:
    own = "allow: authenticated\nguards:\n" + a_guard(FROM_OFFICE, "exempt: [read]", id="own")
    assert told({"a.yaml": a_service(an_operation(own))}) == [
        "guard-exempt: guard `own` judges one operation only, so nothing can be exempt from it"
    ]


@pytest.mark.parametrize("where", ["guards", "policies"])
@pytest.mark.parametrize("reads", READS)
def test_a_public_operation_has_no_policy_that_names_an_identity(where: str, reads: str) -> None:
    declarations, rule = READS[reads]
    snippet = f"allow: public\n{where}:\n" + a_guard(rule, combining="deny-overrides")
    files = {
        "a.yaml": a_service(declarations + an_operation(snippet, id="health")),
        "lib.yaml": LIBRARY,
    }
    found = [item for item in findings_of(files) if item.code == "identity-on-public"]
    assert len(found) == 1
    assert "operation `health` is public: no credential is read there" in found[0].message
    assert found[0].span.file == "a.yaml"


# --- guards that refuse nothing -------------------------------------------------------------------

PERMITS = "{id: office, effect: permit, when: \"request.ip.inCidr('10.0.0.0/8')\"}"
DENIES = "{id: away, effect: deny, when: \"!request.ip.inCidr('10.0.0.0/8')\"}"


@pytest.mark.parametrize(
    ("guard", "warned"),
    [
        (a_guard(PERMITS, combining="deny-overrides"), "guard-refuses-nothing"),
        (a_guard(PERMITS, combining="permit-overrides"), "guard-refuses-nothing"),
        (a_guard(PERMITS, combining="first-applicable"), "guard-refuses-nothing"),
        (a_guard(PERMITS, combining="deny-unless-permit"), None),
        (a_guard(DENIES, combining="deny-overrides"), None),
        (
            a_guard(DENIES.replace("}", ", enabled: false}"), combining="deny-overrides"),
            "guard-refuses-nothing",
        ),
        (a_guard(DENIES, "enabled: false", combining="deny-overrides"), "disabled-guard"),
        (a_guard(PERMITS, "enabled: false"), "disabled-guard"),
    ],
    ids=[
        "permits under deny-overrides",
        "permits under permit-overrides",
        "permits under first-applicable",
        "permits under deny-unless-permit",
        "a deny",
        "a disabled deny",
        "disabled",
        "disabled deny-unless-permit",
    ],
)
@pytest.mark.parametrize("level", ["service", "operation"])
def test_a_guard_that_refuses_nothing_is_warned_of(
    guard: str, warned: str | None, level: str
) -> None:
    if level == "service":
        text = a_service(guarded(guard, operations=an_operation()))
    else:
        text = a_service(an_operation("allow: authenticated\nguards:\n" + indented(guard, 0)))
    assert [item.partition(":")[0] for item in told({"a.yaml": text})] == (
        [] if warned is None else [warned]
    )


def test_a_guard_whose_rules_were_refused_is_not_called_idle() -> None:
    guard = a_guard('{id: a, effect: deny, when: "claims.nobody == 1"}', combining="deny-overrides")
    text = a_service(guarded(guard, operations=an_operation()))
    assert told({"a.yaml": text}) == ["unknown-name: unknown claim `nobody`"]


def test_a_disabled_guard_judges_nothing_and_needs_no_exempt() -> None:
    guard = a_guard(NO_INTERNS, "enabled: false", combining="deny-overrides")
    text = a_service(guarded(guard))
    assert [item.partition(":")[0] for item in told({"a.yaml": text})] == ["disabled-guard"]
    assert loaded({"a.yaml": text}).snapshot.services["shop"].by_id["health"].reads == ()
