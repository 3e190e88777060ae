"""What statements do to a message, for the adapters: policy's functions behind their protocol."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from deemster.errors import CannotCarryOutError
from deemster.gateways.adapter import Fields
from deemster.model.decision import Statement
from deemster.model.strict_json import StrictJsonError, read_strict_json
from deemster.policy.statements.documents import BodyNotChangedError, changed_body
from deemster.policy.statements.message_fields import changed_fields, changed_query

__all__ = ["StatementChanges"]


class StatementChanges:
    """A `MessageChanges`. `max_depth` is `limits.depth`."""

    def __init__(self, *, max_depth: int) -> None:
        self._max_depth = max_depth

    def fields(self, fields: Fields, statements: Iterable[Statement]) -> Fields:
        """As the protocol says."""
        return changed_fields(fields, statements)

    def query(self, query: str, statements: Iterable[Statement]) -> str:
        """As the protocol says."""
        return changed_query(query, statements)

    def body(self, body: str, statements: Iterable[Statement]) -> str:
        """As the protocol says; a text that is not strict JSON cannot be changed."""
        try:
            document = read_strict_json(body.encode(), max_depth=self._max_depth)
            return msgspec.json.encode(changed_body(document, statements)).decode()
        except (StrictJsonError, BodyNotChangedError, UnicodeEncodeError) as problem:
            raise CannotCarryOutError(str(problem)) from None
