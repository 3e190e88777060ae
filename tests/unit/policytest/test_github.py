"""Workflow commands: one line each, whatever stands in a name or a message."""

from deemster.policytest.github import workflow_commands
from tests.unit.policytest.test_reports import ran


async def test_each_case_that_is_not_good_is_an_error_at_its_line() -> None:
    told = workflow_commands(await ran(), None, enough=True, folder="/work").splitlines()
    assert [line.split("::")[1] for line in told] == [
        "error file=tests/suite.yaml,line=17,endLine=20,title=deemster%3A fails <&> \\x1b[31m",
        "error file=tests/suite.yaml,line=21,endLine=24,title=deemster%3A another challenge",
        "error file=tests/suite.yaml,line=29,endLine=31,title=deemster%3A errors",
    ]
    assert told[0].split("::")[2].split("%0A")[:4] == [
        "request     GET https://api.example.com/notes",
        "token       like alice, but for scope",
        "expected    permit",
        "got         deny, reason scope-missing, operation list, status 403",
    ]
    assert told[2].endswith("::`url` this is not an absolute URL")
