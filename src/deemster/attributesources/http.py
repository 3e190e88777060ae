"""An HTTP service as a source of attributes: one GET or POST, one strict JSON answer."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.model.attributes import HttpCall, SourceCall
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import HttpQuestion, HttpService
from deemster.outgoing.json_answers import json_document

__all__ = ["HttpSource"]


class HttpSource:
    """`services:` of the settings, one entry."""

    def __init__(self, name: str, service: HttpService) -> None:
        self.name = name
        self._service = service

    def replace_headers(self, headers: Mapping[str, str]) -> None:
        """Credentials as they are now."""
        self._service.replace_headers(headers)

    async def ask(self, call: SourceCall) -> object:
        """See AttributeSource."""
        if not isinstance(call, HttpCall):
            raise CallFailedError("is no query", is_outage=False)
        # JSON is what we read: no call may ask for another thing.
        headers = {**dict(call.headers), "accept": "application/json"}
        question = HttpQuestion(call.method, call.target, headers)
        return json_document(await self._service.ask(question))

    async def close(self) -> None:
        """Release connections."""
        await self._service.close()
