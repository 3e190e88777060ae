"""What one decision was made of, for a record that can be decided again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from deemster.model.attributes import AttributeAnswer, AttributeFetch
from deemster.model.http import ApiCall
from deemster.model.identity import UserContext

__all__ = ["Evidence"]


class Evidence(NamedTuple):
    """`now`: the decision's one instant, epoch seconds; `answers`: what sources said, by fetch.

    `call` is the one that was judged: of a question of AuthZEN that tells a whole call, that one.
    `provider` and `audience` are those of the API
    service, None where the call was not routed. `user` is None where nobody was looked up.
    """

    now: float
    call: ApiCall
    provider: str | None
    audience: str | None
    user: UserContext | None
    answers: Mapping[AttributeFetch, AttributeAnswer]

    def __repr__(self) -> str:
        # Users and answers hold what no log may.
        return f"Evidence({self.now!r})"
