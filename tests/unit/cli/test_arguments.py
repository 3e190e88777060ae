"""Values given on the command line."""

import pytest
import typer

from deemster.cli.arguments import json_object, minted_claims


def test_claims_are_json_where_they_can_be_and_text_otherwise() -> None:
    written = ["level=3", 'roles=["a"]', "acr=mfa", "sub=other", "flag=true", "empty=", "eq=a=b"]
    assert minted_claims("alice", "a b", written) == {
        "sub": "other",
        "scope": "a b",
        "level": 3,
        "roles": ["a"],
        "acr": "mfa",
        "flag": True,
        "empty": "",
        "eq": "a=b",
    }


@pytest.mark.parametrize("written", ["acr", "=mfa", ""])
def test_claim_without_a_name_or_a_value_is_refused(written: str) -> None:
    with pytest.raises(typer.BadParameter):
        minted_claims(None, None, [written])


@pytest.mark.parametrize("text", ["", "[]", "1", "{", '{"a": 1, "a": 2}', '"x"', "[" * 9999])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        json_object(text, "--claims")
