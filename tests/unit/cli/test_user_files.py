"""Files of users: what is wrong is told with its line, and nobody of the file is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from deemster.cli.user_files import read_users
from deemster.errors import ConfigurationError
from deemster.usercontext.sql_people import Person


def test_a_csv_file_is_read_by_its_head_line(tmp_path: Path) -> None:
    file = tmp_path / "staff.csv"
    file.write_text(
        "\ufeffsubject,groups,enabled,roles,department\r\n"
        'alice,"sales; crew",true,,"billing, north"\r\nbob,,FALSE,clerk,\r\n',
        encoding="utf-8",
    )
    assert read_users(file) == [
        Person("alice", True, ("sales", "crew"), (), {"department": "billing, north"}),
        Person("bob", False, (), ("clerk",), {}),
    ]


def test_a_json_file_is_read_by_its_members(tmp_path: Path) -> None:
    file = tmp_path / "staff.json"
    file.write_text(
        '[{"subject": "alice", "groups": ["sales"], "attributes": {"level": 3}}]', encoding="utf-8"
    )
    assert read_users(file) == [Person("alice", True, ("sales",), (), {"level": 3})]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "", "a.csv:1: expected a head line"),
        ("a.csv", "name\nalice\n", "expected a head line with `subject`"),
        ("a.csv", "subject,subject\na,b\n", "each column once"),
        ("a.csv", "subject,groups\nalice\n", "a.csv:2: 1 cells, expected 2"),
        ("a.csv", "subject,enabled\nalice,yes\n", "a.csv:2: `enabled` is `true` or `false`"),
        ("a.csv", 'subject\n"alice\n', "unexpected end of data"),
        ("a.csv", "subject\nalice\nbob\nalice\n", "a.csv:4: `alice` is there twice"),
        ("a.csv", "subject,groups\n,x\n", "a.csv:2: `subject` has 1 to 1024 characters"),
        ("a.json", "{}", "Expected `array`"),
        ("a.json", '[{"subject": 1}]', "Expected `str`, got `int` - at `$[0].subject`"),
        ("a.json", '[{"subject": "a", "group": []}]', "unknown field `group`"),
        ("a.json", "[{]", "malformed"),
        ("a.json", '[{"subject": ""}]', "entry 1: `subject` has 1 to 1024 characters"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_users(file)
    assert told in caught.value.message


def test_a_file_that_is_no_text_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"subject\n\xff\n")
    with pytest.raises(ConfigurationError, match="not UTF-8, at byte 8"):
        read_users(file)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_users(tmp_path / "missing.csv")
