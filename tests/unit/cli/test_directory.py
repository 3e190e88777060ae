"""`--user`: what a directory would say."""

import pytest
import typer

from deemster.cli.directory import described_user
from deemster.policytest.cases import SuiteUser


def test_a_user_is_known_and_in_no_group_unless_described() -> None:
    assert described_user("alice", None) == {"alice": SuiteUser()}
    described = {"groups": ["a"], "roles": ["b"], "attributes": {"level": 3}, "enabled": False}
    assert described_user("alice", described) == {
        "alice": SuiteUser(enabled=False, groups=("a",), roles=("b",), attributes={"level": 3})
    }


@pytest.mark.parametrize("subject", [None, 7, ["alice"]])
def test_without_a_subject_nobody_is_known(subject: object) -> None:
    assert described_user(subject, {"groups": ["a"]}) == {}


@pytest.mark.parametrize(
    "described",
    [{"group": ["a"]}, {"groups": "a"}, {"roles": [1]}, {"enabled": 1}, {"attributes": []}],
)
def test_description_that_is_none_is_refused(described: dict[str, object]) -> None:
    with pytest.raises(typer.BadParameter):
        described_user("alice", described)
