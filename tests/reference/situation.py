"""What a condition is evaluated in, and the third value that it may have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.reference.shape import Call, Question, Response, Token, Tree, User

__all__ = ["ABSENT", "BODY", "UNAVAILABLE", "WRONG", "Error", "Situation", "is_int"]

ABSENT = "attribute-missing"
UNAVAILABLE = "dependency-unavailable"
BODY = "body-unavailable"
WRONG = "indeterminate"


@dataclass(frozen=True)
class Error:
    """The third truth value; `reason` is what a deny says if this error decides.

    `inherited`: of a value that this one is made of. Then this one is not simply absent.
    """

    reason: str
    inherited: bool = False


@dataclass(frozen=True)
class Situation:
    """One call beside the operation that it matched; `token` is None on a public operation."""

    tree: Tree
    call: Call
    path: str
    relative_path: str
    query: str
    params: Mapping[str, str | int]
    token: Token | None
    user: User | None
    skew: float = 0.0
    bug: str | None = None
    response: Response | None = None
    """The upstream's answer; None in the request phase."""
    is_sealed: bool = True
    """Whether what the request phase knew of the caller is still known."""
    fetched: dict[str, Any] = field(default_factory=dict)
    """What was asked of attribute services and answered, by request: each once."""
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(part of the language, what came of it), so that none is taken for tested that never was."""
    question: Question | None = None
    """What was asked where no call was made: then little is known of one."""
    members: Mapping[str, object] = field(default_factory=dict)
    """What the variable of `exists` or `all` stands for."""


def is_int(found: object) -> bool:
    """Whether a JSON value is what CEL calls an int: no fraction, no truth value, 64 bits."""
    return isinstance(found, int) and not isinstance(found, bool) and -(2**63) <= found < 2**63
