"""An HTTP answer ► the strict JSON document that it must be."""

from __future__ import annotations

import re

import httpx

from deemster.model.strict_json import StrictJsonError, read_strict_json
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import HttpAnswer

__all__ = ["json_document"]

_MAX_DEPTH = 64
_MEDIA_TYPE = re.compile(r"application/(?:[a-z0-9!#$&^_.+-]+\+)?json")


def json_document(answer: HttpAnswer) -> object:
    """The document of a 200 whose media type is JSON. Raises CallFailedError for anything else."""
    if answer.status != httpx.codes.OK:
        raise CallFailedError(f"answered with status {answer.status}", is_outage=False)
    if _MEDIA_TYPE.fullmatch(answer.media_type) is None:
        raise CallFailedError("answered with no JSON by its media type", is_outage=False)
    try:
        return read_strict_json(answer.body, max_depth=_MAX_DEPTH)
    except StrictJsonError as error:
        raise CallFailedError(f"answered no strict JSON: {error.reason}", is_outage=False) from None
