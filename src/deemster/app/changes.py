"""What statements do to a message, for the adapters: policy's functions behind their protocol.

Source: policy-language section 8. A permit stands only with its obligatory statements; one that
is not obligatory and cannot be carried out on this very message is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from deemster.errors import CannotCarryOutError
from deemster.gateways.adapter import Fields
from deemster.model.decision import Statement
from deemster.model.http import ApiCall
from deemster.policy.expressions.bodies import NO_BODY, BodyFailedError, body_document
from deemster.policy.statements.codes import BODY_CODES
from deemster.policy.statements.documents import BodyNotChangedError, changed_body
from deemster.policy.statements.message_fields import changed_fields, changed_query

__all__ = ["StatementChanges"]


class StatementChanges:
    """A `MessageChanges`."""

    __slots__ = ()

    def fields(self, fields: Fields, statements: Iterable[Statement]) -> Fields:
        """Header fields as `modify-headers` leaves them; the very same where none does."""
        return changed_fields(fields, statements)

    def query(self, query: str, statements: Iterable[Statement]) -> str:
        """A query, without its `?`, as `modify-query` leaves it."""
        return changed_query(query, statements)

    def answer_body(self, call: ApiCall, statements: Iterable[Statement]) -> str | None:
        """The body of the upstream's answer to `call`, None where it stays as it is.

        Raises CannotCarryOutError where an obligatory statement is about a body that was not
        delivered whole, is no JSON, or cannot be changed as it says.
        """
        due = [one for one in statements if one.code in BODY_CODES]
        if not due:
            return None
        obligatory = [one for one in due if one.obligatory]
        try:
            return _changed(call, due)
        except CannotCarryOutError:
            if obligatory and obligatory != due:
                return _changed(call, obligatory)
            if obligatory:
                raise
            return None


def _changed(call: ApiCall, statements: Sequence[Statement]) -> str | None:
    try:
        document = body_document(call)
        if document is NO_BODY:
            return None  # nothing to take away, and nothing to add to
        changed = changed_body(document, statements)
    except (BodyFailedError, BodyNotChangedError) as failed:
        raise CannotCarryOutError(str(failed)) from None
    if changed is document:
        return None
    return json.dumps(changed, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
