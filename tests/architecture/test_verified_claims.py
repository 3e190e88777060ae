"""Only tokens/ can say that claims are verified."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "deemster"
TOKENS = SOURCE / "tokens"
MODULES = sorted(SOURCE.rglob("*.py"))


def makers(file: Path) -> list[int]:
    """Lines that call VerifiedClaims, under whatever name."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {"VerifiedClaims"} | {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == "VerifiedClaims" and alias.asname
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id in names)
            or (isinstance(node.func, ast.Attribute) and node.func.attr == "VerifiedClaims")
        )
    ]


@pytest.mark.parametrize(
    "file",
    [file for file in MODULES if TOKENS not in file.parents],
    ids=lambda file: str(file.relative_to(SOURCE)),
)
def test_nobody_else_makes_verified_claims(file: Path) -> None:
    assert makers(file) == []


def test_the_search_finds_those_that_do() -> None:
    found = {file.name for file in TOKENS.glob("*.py") if makers(file)}
    assert found == {
        "introspection_answers.py",
        "jwt_provider.py",
        "kept_claims.py",
        "recorded_claims.py",
        "trusted_claims.py",
    }


def test_only_replaying_believes_a_record() -> None:
    users = {
        file.relative_to(SOURCE).parts[0]
        for file in MODULES
        if "tokens.recorded_claims" in file.read_text(encoding="utf-8")
    }
    assert users == {"policytest"}
