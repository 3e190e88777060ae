"""The quickstart's table: what it says of right, wrong and unrecorded answers."""

from collections.abc import Mapping

import pytest

from deemster.quickstart.rehearsal import PERMITTED, Part
from deemster.quickstart.table import Row, as_expected, render_table

LIST = Part("alice lists", "GET", "https://api.example.com/invoices", PERMITTED)
RECORD: Mapping[str, object] = {
    "reason": "permitted",
    "deciding": {"id_path": "invoices/list/allow", "place": "/srv/policies/invoices.yaml:7"},
}


@pytest.mark.parametrize(
    ("row", "expected", "shown"),
    [
        pytest.param(
            Row(LIST, PERMITTED, False, RECORD),
            True,
            "kong  alice lists  permit  permitted  invoices.yaml:7  invoices/list/allow",
            id="right",
        ),
        pytest.param(
            Row(LIST, 401, True, {"reason": "authentication-too-old", "deciding": None}),
            False,
            "kong  alice lists  401 step-up (expected 200)  authentication-too-old  -",
            id="wrong",
        ),
        pytest.param(
            Row(LIST, PERMITTED, False, {}),
            False,
            "kong  alice lists  permit  not recorded  -",
            id="not recorded",
        ),
    ],
)
def test_a_row_says_what_came_of_its_call(row: Row, expected: bool, shown: str) -> None:
    assert as_expected([row]) is expected
    assert " ".join(render_table([row]).splitlines()[2].split()) == " ".join(shown.split())


def test_columns_are_as_wide_as_their_widest_cell_and_no_line_ends_in_spaces() -> None:
    lines = render_table([Row(LIST, PERMITTED, False, RECORD)] * 2).splitlines()
    assert {line.index("permitted") for line in lines[2:]} == {lines[0].index("reason")}
    assert [line for line in lines if line != line.rstrip()] == []
