"""A failed case shows what each condition saw: part by part, values under their names."""

from textwrap import dedent

import pytest

from deemster.policytest.explanation import SeenValue
from deemster.policytest.reports import text_report
from deemster.policytest.trace_text import values_under
from tests.unit.policytest.test_runner import run
from tests.unit.policytest.trees import texts_with


def part_of(told: str, rule: str) -> str:
    """What stands below the row of a node."""
    lines = told.splitlines()
    start = next(number for number, line in enumerate(lines) if rule in line and ".yaml:" in line)
    found = [lines[start].strip()]
    for line in lines[start + 1 :]:
        if not line.startswith(" " * 8):
            break
        found.append(line.removeprefix(" " * 8))
    return "\n".join(found) + "\n"


async def told_of(when: str, case: str) -> str:
    texts = {
        **texts_with(""),
        "lib/standard.yaml": dedent(
            """\
            apiVersion: deemster/v1
            kind: Library
            metadata: {id: standard}
            schema:
              claims:
                level: {type: int, optional: true}
                tenant: {type: string, optional: true}
            conditions:
              working_day: "time.local('UTC').weekday <= 5"
              at_work: {all: [working_day, "time.local('UTC').hour >= 8"]}
            """
        ),
        "notes.yaml": dedent(
            """\
            apiVersion: deemster/v1
            kind: ApiService
            metadata: {id: notes}
            service:
              baseUrls: [https://api.example.com/notes]
              tokenProvider: {type: internal, id: staff}
              audience: Notes API
            imports: {std: lib/standard.yaml}
            operations:
              - id: list
                match: {methods: [GET], path: /}
                policies:
                  - id: who
                    combiningAlgorithm: permit-overrides
                    rules:
                      - id: rule
                        effect: permit
                        when:
            """
        )
        + when
        + "\n",
        "tests/suite.yaml": dedent(
            """\
            apiVersion: deemster/v1
            kind: PolicyTest
            metadata: {id: notes}
            service: notes
            now: 2026-11-23T09:00:00Z
            users: {alice: {groups: [staff, finance]}}
            tokens: {alice: {sub: alice, scope: notes.read}}
            cases:
              - name: a
                request: {method: GET, url: "https://api.example.com/notes", headers: {x-a: b}}
            """
        )
        + f"    {case}\n",
    }
    del texts["partners.yaml"]
    ran = await run(texts)
    return part_of(text_report(ran, seconds=0, colour=False), "who/rule")


async def test_yaml_lists_are_told_part_by_part_down_to_the_named_condition() -> None:
    told = await told_of(
        dedent(
            """
            all:
              - "claims.sub == 'alice'"
              - any: ["has(claims.tenant)", {not: std.at_work}, "'sales' in user.groups"]
              - "claims.level > 3"
            """
        ).replace("\n", "\n" + " " * 14),
        "token: alice\n    expect: {decision: permit}",
    )
    assert told == dedent(
        """\
        notes.yaml:16  notes/list/who/rule  not-applicable
        false  all of
          true   claims.sub == 'alice'
                 'alice'
          false  any of
            false  has(claims.tenant)
                       absent
            false  not std.at_work
              true   std.at_work
                true   working_day
                  true   time.local('UTC').weekday <= 5
                         1
                true   time.local('UTC').hour >= 8
                       9
            false  'sales' in user.groups
                              ['finance', 'staff']
          -      claims.level > 3
        """
    )


async def test_an_error_is_told_where_it_arose() -> None:
    told = await told_of(
        " " * 14 + "\"claims.sub == 'alice' && claims.level > 3 && 'x' in user.groups\"",
        "token: {like: alice, level: high}\n    expect: {decision: permit}",
    )
    assert told == dedent(
        """\
        notes.yaml:16  notes/list/who/rule  not-applicable
        false  claims.sub == 'alice' && claims.level > 3 && 'x' in user.groups
          true   claims.sub == 'alice'
                 'alice'
          error  claims.level > 3
                 `claims.level` is not int
          false  'x' in user.groups
                        ['finance', 'staff']
        """
    )


async def test_headers_that_carry_credentials_are_only_counted() -> None:
    told = await told_of(
        " " * 14 + "\"'c' in request.headers['x-a'] || 'c' in request.headers.authorization\"",
        "token: alice\n    expect: {decision: permit}",
    )
    assert "['b']" in told
    assert "<1 value>" in told
    assert "Bearer" not in told


async def test_what_sources_and_upstream_were_given_is_told() -> None:
    texts = {
        "reports.yaml": dedent(
            """\
            apiVersion: deemster/v1
            kind: ApiService
            metadata: {id: reports}
            service:
              baseUrls: [https://api.example.com/reports]
              tokenProvider: {type: internal, id: staff}
              audience: Reports
            attributes:
              risk: {type: int, source: {http: {service: risk, path: /risk, select: $}}}
            operations:
              - id: read
                match: {methods: [GET], path: /}
                allow: {when: "attr.risk < 50"}
            """
        ),
        "suite.yaml": dedent(
            """\
            apiVersion: deemster/v1
            kind: PolicyTest
            metadata: {id: reports}
            service: reports
            users: {alice: {}}
            tokens: {alice: {sub: alice}}
            cases:
              - name: a
                request: {method: GET, url: https://api.example.com/reports}
                token: alice
                attributes: {risk: {fault: timeout}}
                response: {status: 200, body: {owner: bob}}
                expect: {decision: permit}
            """
        ),
    }
    told = text_report(await run(texts), seconds=0, colour=False)
    assert "    given       risk = fault timeout\n" in told
    assert '    response    200 {"owner": "bob"}\n' in told
    assert "error  attr.risk < 50\n" in told


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ([], []),
        ([(0, "'acme'"), (21, "'globex'")], ["'acme'               'globex'"]),
        ([(3, "7")], ["   7"]),
        (
            [(0, "'a-long-value'"), (8, "'b'"), (16, "3")],
            ["|       'b'     3", "'a-long-value'"],
        ),
        (
            [(0, "'one-long-value'"), (4, "'another-long-value'"), (9, "1")],
            ["|   |    1", "|   'another-long-value'", "'one-long-value'"],
        ),
    ],
)
def test_each_value_begins_under_its_name(values: list[tuple[int, str]], lines: list[str]) -> None:
    seen = [SeenValue("x", offset, told) for offset, told in values]
    assert list(values_under(seen)) == lines
