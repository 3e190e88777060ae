"""Where bundles are fetched from: an HTTP service, or a file that somebody puts into place."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deemster.bundles.limits import MAX_BUNDLE_BYTES
from deemster.outgoing.bounds import CallBounds
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import HttpAnswer, HttpQuestion, HttpService

__all__ = ["BundleSource", "Fetched", "FileBundles", "HttpBundles"]

# RFC 9110 8.8.3: an optional W/ and a quoted text of visible characters.
_ETAG = re.compile(r'(?:W/)?"[!#-~]{0,512}"')
_OK, _NOT_MODIFIED = 200, 304


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the source has, and its name for exactly these octets, if it has one."""

    octets: bytes
    etag: str | None


class BundleSource(Protocol):
    """Has one bundle at any time, and changes it."""

    async def fetch(self, known: str | None) -> Fetched | None:
        """What is there now; None where that is what it calls `known`. Raises CallFailedError."""
        ...

    def replace_headers(self, headers: Mapping[str, str]) -> None:
        """Credentials as they are now."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class HttpBundles:
    """GET of one URL, conditional where the last answer had an entity tag (RFC 9110 13.1.2)."""

    def __init__(self, service: HttpService, bounds: CallBounds, timeout: float) -> None:
        """`timeout` in seconds for a whole answer."""
        self._service = service
        self._bounds = bounds
        self._timeout = timeout

    async def fetch(self, known: str | None) -> Fetched | None:
        """See BundleSource."""
        headers = {"accept": "application/x-tar, application/octet-stream"}
        if known is not None:
            headers["if-none-match"] = known
        question = HttpQuestion(headers=headers)

        async def ask() -> HttpAnswer:
            return await self._service.ask(question, most_bytes=MAX_BUNDLE_BYTES)

        answer = await self._bounds.call(ask, self._timeout)
        if answer.status == _NOT_MODIFIED and known is not None:
            return None
        if answer.status != _OK:
            raise CallFailedError(f"answered with status {answer.status}", is_outage=False)
        etag = answer.headers.get("etag", "")
        return Fetched(answer.body, etag if _ETAG.fullmatch(etag) else None)

    def replace_headers(self, headers: Mapping[str, str]) -> None:
        """See BundleSource."""
        self._service.replace_headers(headers)

    async def close(self) -> None:
        """See BundleSource."""
        await self._service.close()


class FileBundles:
    """A file, looked at by its content."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def fetch(self, known: str | None) -> Fetched | None:
        """See BundleSource."""
        fetched = await asyncio.to_thread(self._read)
        return None if fetched.etag == known else fetched

    def replace_headers(self, headers: Mapping[str, str]) -> None:
        """There are none."""

    async def close(self) -> None:
        """Nothing is held."""

    def _read(self) -> Fetched:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:  # noqa: PTH123
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise CallFailedError("is not a regular file", is_outage=False)
                octets = file.read(MAX_BUNDLE_BYTES + 1)
        except OSError as error:
            raise CallFailedError(
                f"cannot be read: {error.strerror or type(error).__name__}", is_outage=True
            ) from None
        return Fetched(octets, hashlib.sha256(octets).hexdigest())
